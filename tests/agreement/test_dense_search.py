"""The search by numpy against the one by ints: layers, counts and faults."""

from __future__ import annotations

import pytest
from exploration import explore
from systems import random_family, random_system

from tellverify.model.fault import Fault
from tellverify.model.machine import Action, Machine
from tellverify.search import breadth_first as search_module
from tellverify.search.breadth_first import LayeredSearch
from tellverify.search.counterexample import find_faults
from tellverify.search.encoding import CompiledSystem
from tellverify.search.layering import is_graded

pytest.importorskip("numpy")
from tellverify.search.numpy_search import DenseSearch, NumpyLayout

FAULTS = frozenset(Fault) - {Fault.INFIDELITY}


def both(machines: tuple[Machine, ...], bound: int) -> tuple[LayeredSearch, DenseSearch] | None:
    system, other = CompiledSystem(machines, bound), CompiledSystem(machines, bound)
    if not NumpyLayout(system).fits:
        return None
    found = LayeredSearch(system, 400), DenseSearch(other, 400)
    for search in found:
        while not search.exhausted and not search.overflow:
            search.advance()
    return found


def test_layers_counts_and_faults_are_the_same() -> None:
    compared = overflown = blocked = unspecified = 0
    for seed in range(1_200):
        machines = random_system(seed) if seed % 3 else random_family(seed)
        found = both(machines, 1 + seed % 4)
        if found is None:
            continue
        ints, dense = found
        assert dense.levels == ints.levels, f"seed {seed}"
        assert dense.count == ints.count, f"seed {seed}"
        assert dense.overflow == ints.overflow, f"seed {seed}"
        assert dense.system.blocked == ints.system.blocked, f"seed {seed}"
        assert sorted(dense.endings) == sorted(ints.endings), f"seed {seed}"
        assert dense.longest() == ints.longest(), f"seed {seed}"
        depths = [{r: s.depth for r, s in each.unspecified.items()} for each in found]
        assert depths[0] == depths[1], f"seed {seed}"
        for each in ints.endings[:2]:
            runs = [search.run_to(each.configuration, each.depth) for search in found]
            assert len(runs[0]) == len(runs[1]) == each.depth, f"seed {seed}"
            here = dense.system.initial
            for move in runs[1]:
                assert move in dense.system.enabled(here)
                here += move.delta
            assert here == each.configuration, f"seed {seed}"
        for configuration in ints.levels[-1]:
            decoded = ints.system.decode(configuration)
            assert dense.layout.decode(dense.layout.encode(decoded)) == decoded
        compared += 1
        overflown += ints.overflow
        blocked += ints.system.blocked
        unspecified += bool(ints.unspecified)
    assert compared > 900 and overflown > 20 and blocked > 200 and unspecified > 100


def test_a_large_search_goes_on_by_numpy_with_the_same_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    switched = 0
    for seed in range(150):
        machines = random_system(seed)
        answers = []
        for start in (10**9, 20):
            monkeypatch.setattr(search_module, "DENSE_FROM", start)
            found = find_faults(None, machines, wanted=FAULTS, depth_limit=12, budget=300)
            exploration = explore(machines, queue_bound=2, budget=300)
            switched += exploration.configurations > 20 and start == 20
            answers.append(
                (
                    [(t.fault, t.culprits, len(t.steps), t.minimal) for t in found.traces],
                    found.coverage,
                    found.configurations,
                    exploration.configurations,
                    exploration.levels,
                    exploration.longest_queue,
                    exploration.complete,
                )
            )
        assert answers[0] == answers[1], f"seed {seed}"
    assert switched > 20


def test_machines_of_equally_long_ways_are_told() -> None:
    a, b = Action(True, "B", "a"), Action(True, "B", "b")
    assert is_graded(Machine("A", (((a, 1), (b, 2)), ((a, 3),), ((b, 3),), ()), (False,) * 4))
    assert not is_graded(Machine("A", (((a, 1), (b, 2)), ((a, 2),), ()), (False,) * 3))
    assert not is_graded(Machine("A", (((a, 0),),), (False,)))


def test_what_does_not_fit_is_refused() -> None:
    row = tuple((Action(True, "B", f"l{i}"), 0) for i in range(40))
    machines = (Machine("A", (row,), (False,)), Machine("B", ((),), (True,)))
    assert not NumpyLayout(CompiledSystem(machines, 16)).fits
    with pytest.raises(ValueError, match="bits"):
        DenseSearch(CompiledSystem(machines, 16), 100)
