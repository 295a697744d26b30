"""Machines from one pass are those of the subset construction on the whole graph."""

from __future__ import annotations

from local_machines import canonical_machine

from benchmarks.families import ota_uninformed, race
from tellverify.model.machine import Action, Machine
from tellverify.projection.acyclic_machines import TreeMachines
from tellverify.projection.minimise import minimise
from tests.property.graphs import random_graph


def _behaviour(machine: Machine) -> list[tuple[bool, frozenset[tuple[Action, int]]]]:
    small = minimise(machine)
    order, number = [0], {0: 0}
    rows = []
    for state in order:
        for _, target in sorted(small.moves[state]):
            if target not in number:
                number[target] = len(number)
                order.append(target)
        moves = frozenset((action, number[target]) for action, target in small.moves[state])
        rows.append((small.final[state], moves))
    return rows


def test_machines_of_random_trees_do_the_same_as_canonical_ones() -> None:
    fitting = 0
    for seed in range(3_000):
        graph = random_graph(seed)
        trees = TreeMachines(graph)
        if not trees.fits:
            continue
        fitting += 1
        for index, role in enumerate(graph.roles):
            expected = _behaviour(canonical_machine(graph, role))
            assert _behaviour(trees.machine(index)) == expected, (seed, role)
    assert fitting > 300


def test_machines_of_families_do_the_same_as_canonical_ones() -> None:
    for graph in (ota_uninformed(9), race(6)):
        trees = TreeMachines(graph)
        assert trees.fits
        for index, role in enumerate(graph.roles):
            assert _behaviour(trees.machine(index)) == _behaviour(canonical_machine(graph, role))


def test_a_graph_with_a_loop_does_not_fit() -> None:
    looping = [random_graph(seed) for seed in range(200)]
    assert any(not TreeMachines(graph).fits for graph in looping)
