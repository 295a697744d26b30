"""Stuck roles and reachable ends against direct definitions on the subset construction."""

from __future__ import annotations

from local_machines import canonical_machine

from tellverify.model.graph import ProtocolGraph
from tellverify.projection.implementability import check_graph
from tellverify.projection.liveness import ending
from tests.property.graphs import random_graph


def _successors(graph: ProtocolGraph, state: int) -> list[tuple[int, int]]:
    return [(e, graph.target[e]) for e in range(graph.first[state], graph.first[state + 1])]


def _places(graph: ProtocolGraph, role: str) -> dict[tuple[int, int], int]:
    """Every reachable pair of a state and the role's own state, with its distance."""
    machine = canonical_machine(graph, role)
    distance = {(0, 0): 0}
    order = [(0, 0)]
    for state, own in order:
        for e, target in _successors(graph, state):
            event = graph.event(e)
            after = own
            if role in (event.sender, event.receiver):
                after = next(
                    to
                    for action, to in machine.moves[own]
                    if action.label == event.label
                    and action.send == (event.sender == role)
                    and action.peer in (event.sender, event.receiver)
                )
            if (target, after) not in distance:
                distance[target, after] = distance[state, own] + 1
                order.append((target, after))
    return distance


def _never_acts_again(graph: ProtocolGraph, role: str, state: int) -> bool:
    seen, work = {state}, [state]
    while work:
        for e, target in _successors(graph, work.pop()):
            event = graph.event(e)
            if role in (event.sender, event.receiver):
                return False
            if target not in seen:
                seen.add(target)
                work.append(target)
    return True


def test_stuck_roles_are_those_that_wait_where_they_never_act_again() -> None:
    stuck_somewhere = 0
    for seed in range(3_000):
        graph = random_graph(seed)
        answer = check_graph(graph)
        assert answer.undecided == ()
        if not answer.implementable:
            continue
        reported = {graph.roles[role] for run in answer.stuck for role in run.roles}
        for role in graph.roles:
            machine = canonical_machine(graph, role)
            waits = [
                (distance, state)
                for (state, own), distance in _places(graph, role).items()
                if machine.moves[own] and _never_acts_again(graph, role, state)
            ]
            assert (role in reported) == bool(waits), (seed, role)
        stuck_somewhere += bool(reported)
    assert stuck_somewhere > 200


def test_runs_of_stuck_roles_are_shortest_and_end_where_they_wait() -> None:
    for seed in range(600):
        graph = random_graph(seed)
        for run in check_graph(graph).stuck:
            role = graph.roles[run.roles[0]]
            machine = canonical_machine(graph, role)
            ends = [
                distance
                for (state, own), distance in _places(graph, role).items()
                if machine.moves[own]
                and not any(action.send for action, _ in machine.moves[own])
                and not _successors(graph, state)
            ]
            if run.loop < 0:
                assert len(run.transitions) == min(ends), seed
            else:
                assert not ends, seed


def test_the_end_is_out_of_reach_exactly_where_no_final_state_can_be_reached() -> None:
    trapped = 0
    for seed in range(1_500):
        graph = random_graph(seed)
        reaches = [bool(final) for final in graph.final]
        for _ in range(graph.state_count):
            for state in range(graph.state_count):
                reaches[state] |= any(reaches[target] for _, target in _successors(graph, state))
        answer = ending(graph)
        assert answer.has_end == any(graph.final)
        if answer.has_end:
            assert (answer.run is None) == all(reaches), seed
        if answer.run is not None:
            trapped += 1
            state = graph.target[answer.run[-1]] if answer.run else 0
            assert not reaches[state]
    assert trapped > 10
