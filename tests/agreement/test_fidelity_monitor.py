"""The fidelity monitor against the definition: all runs of the graph, compared trace by trace."""

from __future__ import annotations

import random

from graphs import protocol_graphs, random_graph
from hypothesis import given, settings
from plain_search import Vector, histories, is_prefix, is_start_of_run, run_vectors
from subset import subset_machines

from tellverify.model.graph import ProtocolGraph
from tellverify.model.machine import Action
from tellverify.model.semantics import System
from tellverify.search.fidelity import DEAD, FidelityMonitor, is_faithful, is_faithful_run


def check(graph: ProtocolGraph, depth: int, limit: int) -> tuple[int, int]:
    """Compare monitor and definition on short histories; how many there were, how many bad."""
    monitor = FidelityMonitor(graph)
    states: dict[Vector, int] = {}
    for _, vector, _ in histories(graph, subset_machines(graph), depth, limit):
        reached = {monitor.initial} if not states else set()
        for role, local in enumerate(vector):
            before = (*vector[:role], local[:-1], *vector[role + 1 :])
            if local and before in states:
                reached.add(monitor.after(states[before], role, number(monitor, role, local[-1])))
        assert len(reached) == 1, "the monitor depends on the order of swaps"
        states[vector] = reached.pop()
        assert (states[vector] != DEAD) == is_start_of_run(graph, vector)
        assert monitor.is_complete(states[vector]) == is_start_of_run(graph, vector, complete=True)
    return len(states), sum(state == DEAD for state in states.values())


def number(monitor: FidelityMonitor, role: int, action: str) -> int:
    send = "!" in action
    peer, _, label = action.partition("!" if send else "?")
    return monitor.action(monitor.graph.roles[role], Action(send, peer, label))


@settings(max_examples=100)
@given(protocol_graphs())
def test_monitor_agrees_with_the_definition_in_the_class(graph: ProtocolGraph) -> None:
    check(graph, 8, 150)


@settings(max_examples=100)
@given(protocol_graphs(in_class=False))
def test_monitor_agrees_with_the_definition_outside_the_class(graph: ProtocolGraph) -> None:
    check(graph, 8, 150)


@settings(max_examples=60)
@given(protocol_graphs(max_roles=3, max_states=6))
def test_definition_agrees_with_the_list_of_all_runs(graph: ProtocolGraph) -> None:
    runs = run_vectors(graph, 4, 500)
    if runs is None:
        return
    for _, vector, _ in histories(graph, subset_machines(graph), 4, 60):
        assert is_start_of_run(graph, vector) == any(is_prefix(vector, run) for run in runs)


def test_one_long_history_is_judged_as_the_monitor_judges_it() -> None:
    faithful = unfaithful = 0
    for seed in range(400):
        graph = random_graph(seed)
        rng = random.Random(seed)
        system = System(subset_machines(graph))
        for _ in range(6):
            configuration, steps = system.initial, []
            for _ in range(rng.randint(1, 14)):
                enabled = list(system.enabled(configuration))
                if not enabled:
                    break
                step, configuration = rng.choice(enabled)
                steps.append(step)
            expected = is_faithful(graph, steps)
            assert is_faithful_run(graph, steps) == expected, seed
            faithful += expected
            unfaithful += not expected
    assert faithful > 300
    assert unfaithful > 100
