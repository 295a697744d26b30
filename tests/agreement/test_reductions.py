"""Reduced search against the whole: the answers that each reduction promises to keep."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from plain_search import unspecified
from systems import Whole, random_family, random_system

from tellverify.model.configuration import Configuration
from tellverify.model.machine import Machine
from tellverify.model.semantics import System
from tellverify.search.encoding import CompiledSystem
from tellverify.search.reduction import (
    ReducedSearch,
    Reduction,
    first_mutual_wait,
    idle_configurations,
)
from tellverify.search.symmetry import symmetry_of

BUDGET = 10**6
SYSTEMS = 2_400
FAMILIES = 1_000


def finite(machines: Sequence[Machine]) -> tuple[Whole, CompiledSystem] | None:
    whole = Whole(machines, 150)
    if not whole.finite:
        return None
    return whole, CompiledSystem(machines, whole.longest() + 1)


def length(search: ReducedSearch, configuration: int) -> int:
    """How long the run to a configuration is; it must be a run, and lead there."""
    moves = search.run_to(configuration)
    here = search.system.initial
    for move in moves:
        assert move in search.system.enabled(here)
        here += move.delta
    if search.symmetry is None:
        assert here == configuration
    else:
        assert search.symmetry.representative(here) == configuration
    return len(moves)


def test_endings_are_kept_with_their_shortest_runs() -> None:
    fewer = checked = 0
    for seed in range(SYSTEMS):
        found = finite(random_system(seed))
        if found is None:
            continue
        whole, system = found
        search = ReducedSearch(system, Reduction.ENDINGS, BUDGET)
        idle = list(idle_configurations(search))
        met = {system.decode(each.configuration): each for each in idle}
        expected = whole.endings()
        assert met.keys() == expected.keys(), f"seed {seed}"
        for configuration, each in met.items():
            assert length(search, each.configuration) == expected[configuration], f"seed {seed}"
            assert each.is_finished == whole.system.is_final(configuration), f"seed {seed}"
            assert each.has_messages == bool(configuration.queues), f"seed {seed}"
        checked += 1
        fewer += len(search.parents) < len(whole.depth)
    assert checked > 900 and fewer > 240


def test_endings_are_kept_when_there_are_infinitely_many_configurations() -> None:
    """What a search without a blocked send says holds of queues of any length."""
    claimed = 0
    for seed in range(SYSTEMS // 2):
        machines = random_system(seed)
        if Whole(machines, 150).finite:
            continue
        system = CompiledSystem(machines, 3)
        search = ReducedSearch(system, Reduction.ENDINGS, 300)
        idle = {system.decode(each.configuration) for each in idle_configurations(search)}
        if search.blocked or search.overflow:
            continue
        claimed += 1
        part = Whole(machines, 400)  # as far as it goes
        assert {c for c, m in part.after.items() if not m} <= idle, f"seed {seed}"
    assert claimed > 30


def stable_facts(
    system: System, configurations: set[Configuration], whole: Whole
) -> tuple[set[str], set[str], bool]:
    """Spoilt roles, stuck roles, and whether no end can be reached any more."""
    bad = {role for c in configurations for role in unspecified(system, c)}
    can_end = whole.closed(whole.ends())
    return bad, whole.stuck(), bool(whole.after.keys() - can_end)


def test_what_stays_so_is_kept_by_the_condition_on_cycles() -> None:
    fewer = checked = lost = 0
    for seed in range(SYSTEMS):
        found = finite(random_system(seed))
        if found is None:
            continue
        whole, compiled = found
        expected = stable_facts(whole.system, set(whole.after), whole)
        search = ReducedSearch(compiled, Reduction.STABLE, BUDGET)
        part = Whole.__new__(Whole)
        part.system, part.after = whole.system, {}
        for configuration, _ in search.configurations():
            part.after[compiled.decode(configuration)] = []
        for configuration in part.after:
            part.after[configuration] = whole.after[configuration]
        # Facts of configurations that were met, with what really can follow them.
        roles = {role for c in part.after for role in unspecified(whole.system, c)}
        assert roles == expected[0], f"seed {seed}"
        can_end = whole.closed(whole.ends())
        assert bool(part.after.keys() - can_end) == expected[2], f"seed {seed}"
        for number, machine in enumerate(whole.system.machines):
            movers = {c for c, m in whole.after.items() if machine.role in dict(m)}
            waits = part.after.keys() - whole.closed(movers)
            is_stuck = any(machine.moves[c.states[number]] for c in waits)
            assert is_stuck == (machine.role in expected[1]), f"seed {seed}"
        checked += 1
        fewer += len(part.after) < len(whole.after)
        lost += bool(expected[0] or expected[1])
    assert checked > 900 and fewer > 120 and lost > 120


def mutual_wait(whole: Whole, role: str) -> int | None:
    """The length of a shortest run to where `role` waits among roles that wait for each other."""
    index = whole.system.index
    best: int | None = None
    for configuration, depth in whole.depth.items():
        if not whole.system.machines[index[role]].moves[configuration.states[index[role]]]:
            continue
        queues = dict(configuration.queues)
        group = {role}
        while True:
            more = {
                action.peer
                for name in group
                for action, _ in whole.system.machines[index[name]].moves[
                    configuration.states[index[name]]
                ]
                if not action.send and (action.peer, name) not in queues
            } - group
            if not more:
                break
            group |= more
        movers = {name for name, _ in whole.after[configuration]}
        if not group & movers:
            best = depth if best is None else min(best, depth)
    return best


def test_needs_keep_the_shortest_run_to_mutual_waiting() -> None:
    checked = waiting = 0
    for seed in range(SYSTEMS // 2):
        found = finite(random_system(seed))
        if found is None:
            continue
        whole, system = found
        for number, role in enumerate(system.roles):
            search = ReducedSearch(system, Reduction.NONE, BUDGET)
            end = first_mutual_wait(search, number)
            expected = mutual_wait(whole, role)
            assert (end is None) == (expected is None), f"seed {seed}"
            if end is not None:
                assert length(search, end) == expected, f"seed {seed}"
                waiting += 1
            checked += 1
    assert checked > 1_200 and waiting > 300


@pytest.mark.parametrize("reduction", [Reduction.NONE, Reduction.ENDINGS])
def test_symmetry_keeps_endings_up_to_names(reduction: Reduction) -> None:
    symmetric = fewer = 0
    for seed in range(FAMILIES):
        found = finite(random_family(seed))
        if found is None:
            continue
        whole, system = found
        symmetry = symmetry_of(system)
        if symmetry is None:
            continue
        symmetric += 1
        search = ReducedSearch(system, reduction, BUDGET, symmetry)
        met: dict[int, int] = {}
        for each in idle_configurations(search):
            met[each.configuration] = length(search, each.configuration)
        expected: dict[int, int] = {}
        for configuration, depth in whole.endings().items():
            orbit = symmetry.representative(system.encode(configuration))
            expected[orbit] = min(depth, expected.get(orbit, depth))
        assert met == expected, f"seed {seed}"
        fewer += len(search.parents) < len(whole.depth)
    assert symmetric > 300 and fewer > 120


def test_symmetry_without_other_reduction_meets_every_orbit() -> None:
    for seed in range(FAMILIES):
        found = finite(random_family(seed))
        if found is None or (symmetry := symmetry_of(found[1])) is None:
            continue
        whole, system = found
        search = ReducedSearch(system, Reduction.NONE, BUDGET, symmetry)
        met = {configuration for configuration, _ in search.configurations()}
        assert met == {symmetry.representative(system.encode(c)) for c in whole.depth}, seed
