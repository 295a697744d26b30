"""Progress against its definition: fair components of all configurations, by brute force."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import networkx as nx
from local_machines import canonical_machine

from tellverify.evidence.divergence import replay
from tellverify.evidence.trace_replay import fault_shown
from tellverify.model.configuration import Configuration
from tellverify.model.fault import Fault
from tellverify.model.graph import ProtocolGraph
from tellverify.model.machine import Machine
from tellverify.model.semantics import System
from tellverify.model.trace import Trace
from tellverify.obligations.options import Options
from tellverify.obligations.table import decide_graph
from tellverify.search.check_system import check_system
from tellverify.search.group_answer import SearchScope
from tellverify.verdict.outcome import Bounded, Outcome, Proved, Refuted, Skipped, Unknown
from tellverify.verdict.properties import Property
from tests.agreement.test_machine_verdicts import random_family, random_system
from tests.property.graphs import random_graph
from tests.property.looping_graphs import looping_graph

Moves = Mapping[Configuration, list[tuple[str, Configuration | None]]]
BOUND = 3


def moves_within(machines: Sequence[Machine], bound: int, most: int) -> Moves | None:
    """Who moves where from each configuration; to None when a queue exceeds the bound."""
    system = System(machines)
    after: dict[Configuration, list[tuple[str, Configuration | None]]] = {}
    work = [system.initial]
    while work:
        here = work.pop()
        if here in after:
            continue
        after[here] = []
        for step, target in system.enabled(here):
            inside = all(len(queue) <= bound for _, queue in target.queues)
            after[here].append((step.actor, target if inside else None))
            work += [target] if inside else []
        if len(after) > most:
            return None
    return after


def is_starved(machines: Sequence[Machine], after: Moves, role: str) -> bool:
    """Some fair run in `after` has `role` waiting from some point on."""
    names = [machine.role for machine in machines]
    at = names.index(role)
    machine = machines[at]

    def waits(here: Configuration) -> bool:
        state = here.states[at]
        left = bool(machine.moves[state]) or not machine.final[state]
        return left and all(actor != role for actor, _ in after[here])

    waiting = {here for here in after if waits(here)}
    if any(not after[here] for here in waiting):
        return True
    graph = nx.DiGraph(
        (here, target) for here in waiting for _, target in after[here] if target in waiting
    )
    for component in nx.strongly_connected_components(graph):
        if len(component) == 1:
            continue
        acting = {a for here in component for a, target in after[here] if target in component}
        if all(
            name in acting or any(all(a != name for a, _ in after[here]) for here in component)
            for name in names
        ):
            return True
    return False


def check_lasso(machines: Sequence[Machine], trace: Trace) -> None:
    made = replay(trace.steps, machines)
    assert made.divergence is None
    lap = trace.steps[trace.loop :] if trace.loop >= 0 else ()
    end, fault = made.configuration, Fault.STARVATION
    assert trace.fault is fault
    assert fault_shown(end, machines, fault, trace.culprits, lap=lap) == ""


def check_outcomes(graph: ProtocolGraph) -> Counter[str]:
    machines = [canonical_machine(graph, role) for role in graph.roles]
    options = Options(properties=("progress",), search_limit=8_000)
    found = [f for f in decide_graph(graph, options) if f.property is Property.PROGRESS]
    said: dict[str, Outcome] = {role: f.outcome for f in found for role in f.roles}
    assert set(said) == set(graph.roles)
    after = moves_within(machines, BOUND, 3_000)
    count: Counter[str] = Counter()
    for role, outcome in said.items():
        if isinstance(outcome, Refuted):
            assert isinstance(outcome.evidence, Trace)
            check_lasso(machines, outcome.evidence)
        if isinstance(outcome, Skipped | Unknown) or after is None:
            continue
        is_whole = all(target is not None for row in after.values() for _, target in row)
        starved = is_starved(machines, after, role)
        if isinstance(outcome, Proved | Bounded):
            assert not starved, role
        if isinstance(outcome, Refuted) and is_whole:
            assert starved, role
        method = outcome.method.value if isinstance(outcome, Proved | Refuted) else "bounded"
        count[f"{type(outcome).__name__} {method}"] += 1
    return count


def count_all(graphs: Callable[[int], ProtocolGraph], seeds: int) -> Counter[str]:
    count: Counter[str] = Counter()
    for seed in range(seeds):
        count += check_outcomes(graphs(seed))
    return count


def test_progress_of_random_graphs_is_what_brute_force_finds() -> None:
    count = count_all(random_graph, 800)
    assert count["Proved reachability"] > 900 and count["Refuted reachability"] > 120


def test_progress_beside_loops_is_what_brute_force_finds() -> None:
    count = count_all(looping_graph, 800)
    assert count["Proved reachability"] > 800 and count["Refuted reachability"] > 150
    assert count["Proved search"] > 10 and count["Refuted search"] > 60
    assert count["Bounded bounded"] > 30


def test_progress_outside_the_class_is_what_brute_force_finds() -> None:
    count: Counter[str] = Counter()
    for seed in range(200):
        count += check_outcomes(random_graph(seed, in_class=False, max_states=5, max_roles=3))
    assert count["Proved search"] > 0 and count["Refuted reachability"] > 5
    assert count["Proved reachability"] > 40  # the machines below are searched in all cases


def test_progress_of_machines_is_what_brute_force_finds() -> None:
    count: Counter[str] = Counter()
    for seed in range(300):
        machines = random_system(seed) if seed % 2 else random_family(seed)
        checked = check_system(
            machines, graph=None, largest_bound=2, budget=800, ends=False, progress=True
        )
        refuted = {t.culprits[0]: t for t in checked.traces if t.fault is Fault.STARVATION}
        for trace in refuted.values():
            check_lasso(machines, trace)
        known: dict[int, Moves | None] = {}
        for role, reached in checked.roles[Fault.STARVATION].items():
            bound = reached.bound if reached.scope is SearchScope.QUEUES else 6
            if bound not in known:
                known[bound] = moves_within(machines, bound, 500)
            after = known[bound]
            if after is None or reached.scope is SearchScope.RUNS:
                continue
            is_whole = all(target is not None for row in after.values() for _, target in row)
            starved = is_starved(machines, after, role)
            if role not in refuted:
                assert not starved, f"seed {seed}: {role} {reached}"
            elif is_whole:
                assert starved, f"seed {seed}: {role}"
            count[f"{role in refuted} {reached.scope}"] += 1
    assert count["True all"] > 40 and count["False all"] > 60 and count["False queues"] > 5
