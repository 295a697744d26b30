"""Canonical machines against the textbook construction, minimal ones against naive refinement."""

from __future__ import annotations

import random

from graphs import random_graph
from hypothesis import given
from hypothesis import strategies as st
from local_machines import canonical_machine

from tellverify.model.graph import ProtocolGraph, graph_from_edges
from tellverify.model.local_type import LocalType
from tellverify.model.machine import Action, Machine
from tellverify.projection.merge import strict_projections
from tellverify.projection.minimise import equal_states, minimise
from tellverify.projection.subset import role_view
from tellverify.projection.types import local_type
from tellverify.projection.unfold import machine_of_type

seeds = st.integers(min_value=0, max_value=2**32)


def any_graph(seed: int) -> ProtocolGraph:
    """A small graph without any discipline: mixed senders, silent cycles, dead ends."""
    choose = random.Random(seed)
    states = choose.randint(1, 9)
    roles = "ABCD"[: choose.randint(2, 4)]
    rows: dict[tuple[int, str, str, str], int] = {}
    for _ in range(choose.randint(1, 2 * states)):
        p, q = choose.sample(roles, 2)
        source = choose.randrange(states)
        rows.setdefault((source, p, q, choose.choice("xy")), choose.randrange(states))
    final = {state for state in range(states) if choose.random() < 0.3}
    edges = [(s, p, q, m, t) for (s, p, q, m), t in rows.items()]
    return graph_from_edges(edges, final=final)


def closure(graph: ProtocolGraph, role: str, states: set[int]) -> frozenset[int]:
    known = set(states)
    while True:
        more = {
            graph.target[t]
            for s in known
            for t in range(graph.first[s], graph.first[s + 1])
            if role not in graph.event(t)[:2]
        }
        if more <= known:
            return frozenset(known)
        known |= more


def ends_where_it_stops(graph: ProtocolGraph) -> bool:
    """Whether all states without events are ends; a role with nothing left to do is done then."""
    states = range(graph.state_count)
    return all(graph.final[s] or graph.first[s] < graph.first[s + 1] for s in states)


def textbook(graph: ProtocolGraph, role: str) -> Machine:
    sets = [closure(graph, role, {0})]
    moves = []
    for current in sets:
        targets: dict[Action, set[int]] = {}
        for s in sorted(current):
            for t in range(graph.first[s], graph.first[s + 1]):
                p, q, label = graph.event(t)
                if role == p:
                    targets.setdefault(Action(True, q, label), set()).add(graph.target[t])
                elif role == q:
                    targets.setdefault(Action(False, p, label), set()).add(graph.target[t])
        row = []
        for action, found in targets.items():
            successor = closure(graph, role, found)
            if successor not in sets:
                sets.append(successor)
            row.append((action, sets.index(successor)))
        moves.append(tuple(row))
    done = ends_where_it_stops(graph)
    final = tuple(
        (done and not row) or any(graph.final[s] for s in each)
        for row, each in zip(moves, sets, strict=True)
    )
    return Machine(role=role, moves=tuple(moves), final=final)


def naive_classes(machine: Machine) -> list[int]:
    classes = [int(final) for final in machine.final]
    while True:
        keys = [
            (classes[s], frozenset((action, classes[t]) for action, t in machine.moves[s]))
            for s in range(machine.state_count)
        ]
        number: dict[object, int] = {}
        refined = [number.setdefault(key, len(number)) for key in keys]
        if len(set(refined)) == len(set(classes)):
            return refined
        classes = refined


def shape(classes: list[int]) -> list[int]:
    number: dict[int, int] = {}
    return [number.setdefault(each, len(number)) for each in classes]


@given(seeds)
def test_canonical_machine_has_the_language_of_the_textbook_machine(seed: int) -> None:
    graph = any_graph(seed)
    for role in graph.roles:
        ours, theirs = canonical_machine(graph, role), textbook(graph, role)
        assert ours.state_count <= theirs.state_count
        left, right = minimise(ours), minimise(theirs)
        assert left.final == right.final
        assert [set(row) for row in left.moves] == [set(row) for row in right.moves]


@given(seeds)
def test_states_of_one_node_reach_the_same_actions(seed: int) -> None:
    graph = any_graph(seed)
    for role in graph.roles:
        view = role_view(graph, role)
        index = graph.roles.index(role)
        seen: dict[int, tuple[frozenset[int], bool]] = {}
        for state in range(graph.state_count):
            reach = closure(graph, role, {state})
            own = frozenset(
                t
                for s in reach
                for t in range(graph.first[s], graph.first[s + 1])
                if index in (graph.sender[t], graph.receiver[t])
            )
            summary = (own, any(graph.final[s] for s in reach))
            assert seen.setdefault(view.node[state], summary) == summary


@given(seeds)
def test_equal_states_are_those_of_the_naive_refinement(seed: int) -> None:
    choose = random.Random(seed)
    states = choose.randint(1, 12)
    actions = [Action(True, "P", "a"), Action(True, "P", "b"), Action(False, "P", "a")]
    moves = tuple(
        tuple((action, choose.randrange(states)) for action in actions if choose.random() < 0.6)
        for _ in range(states)
    )
    final = tuple(choose.random() < 0.3 for _ in range(states))
    machine = Machine(role="R", moves=moves, final=final)
    assert shape(equal_states(machine)) == shape(naive_classes(machine))
    small = minimise(machine)
    assert minimise(small) == small


@given(seeds)
def test_a_machine_and_its_local_type_are_the_same(seed: int) -> None:
    """There and back gives the minimal machine again, cycles with several entries included."""
    choose = random.Random(seed)
    states = choose.randint(1, 7)
    rows: list[tuple[tuple[Action, int], ...]] = []
    for _ in range(states):
        send, peer = choose.random() < 0.5, choose.choice("PQ")
        labels = choose.sample("abc", choose.randint(0, 3))
        rows.append(tuple((Action(send, peer, x), choose.randrange(states)) for x in labels))
    machine = Machine(role="R", moves=tuple(rows), final=tuple(not row for row in rows))
    term = local_type(machine)
    assert isinstance(term, LocalType)
    again = machine_of_type(term, "R")
    assert isinstance(again, Machine)
    assert minimise(again) == minimise(machine)
    assert local_type(minimise(again)) == local_type(minimise(machine))


@given(st.integers(min_value=0, max_value=2**32))
def test_strict_projection_does_what_the_canonical_machine_does(seed: int) -> None:
    """Where the strict merge succeeds, its result is the canonical machine."""
    graph = random_graph(seed)
    projections = strict_projections(graph)
    for role in graph.roles:
        projected = projections.of(role)
        if isinstance(projected, LocalType):
            machine = machine_of_type(projected, role)
            assert isinstance(machine, Machine)
            ours, theirs = minimise(machine), minimise(canonical_machine(graph, role))
            assert relabelled(ours) == relabelled(theirs)


def relabelled(machine: Machine) -> list[object]:
    """A machine up to the order of moves: numbered breadth-first in the order of actions.

    A state without moves counts as final: a role may be done where others go on forever.
    """
    number, order, rows = {0: 0}, [0], []
    for state in order:
        row = []
        for action, to in sorted(machine.moves[state]):
            if to not in number:
                number[to] = len(order)
                order.append(to)
            row.append((action, number[to]))
        rows.append((row, machine.final[state] or not row))
    return list(rows)
