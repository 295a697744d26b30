"""Strict projection of all roles at once against the definition on explicit terms."""

from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_projection import (
    NoMerge,
    as_term,
    global_type,
    merge,
    project,
    renamed,
    roles_of,
    subterm,
)

from tellverify.model.graph import ProtocolGraph, graph_from_edges
from tellverify.model.local_type import LocalType
from tellverify.projection import merge as merge_module
from tellverify.projection.loops import find_loops
from tellverify.projection.merge import strict_projections
from tellverify.projection.merge_results import MergeFailure, Unsupported

seeds = st.integers(min_value=0, max_value=2**32)


def structured_graph(seed: int) -> ProtocolGraph:
    """A graph of nested choices, loops and joins in which merges often succeed."""
    choose = random.Random(seed)
    roles = "ABCDE"[: choose.randint(3, 5)]
    labels = "abc"[: choose.randint(1, 3)]
    edges: list[tuple[int, str, str, str, int]] = []
    final: set[int] = set()
    states = 1

    def fresh() -> int:
        nonlocal states
        states += 1
        return states - 1

    def inform(state: int, source: str, others: list[str], last: int) -> None:
        """Tell most of the others what happened, on the way to `last`."""
        told = [other for other in others if choose.random() < 0.9]
        tag = choose.choice(labels)
        for place, other in enumerate(told):
            following = last if place == len(told) - 1 else fresh()
            edges.append((state, source, other, tag, following))
            state = following
        if not told:
            edges.append((state, source, choose.choice(others), tag, last))

    def block(state: int, end: int, depth: int, loops: list[int]) -> None:
        kind = choose.random() if depth else 0
        p, q = choose.sample(roles, 2)
        if kind < 0.3:
            edges.append((state, p, q, choose.choice(labels), end))
        elif kind < 0.5:
            middle = fresh()
            block(state, middle, depth - 1, loops)
            block(middle, end, depth - 1, loops)
        else:
            loops = [*loops, state] if choose.random() < 0.5 else loops
            others = [role for role in roles if role not in (p, q)]
            for label in labels:
                inner, after = fresh(), fresh()
                edges.append((state, p, q, label, inner))
                goal = choose.choice([end, end, *loops])
                if choose.random() < 0.6:
                    inform(inner, choose.choice((p, q)), others, goal)
                else:
                    inform(inner, choose.choice((p, q)), others, after)
                    block(after, goal, depth - 1, loops)

    last = fresh()
    block(0, last, choose.randint(1, 3), [])
    final.add(last)
    sources = {edge[0] for edge in edges}
    targets = {edge[4] for edge in edges}
    return graph_from_edges(edges, final=final | (targets - sources))


def any_reducible_graph(seed: int) -> ProtocolGraph:
    """Random events over few states; every state has one sender and one receiver."""
    choose = random.Random(seed)
    states = choose.randint(2, 7)
    edges = []
    for state in range(states - 1):
        p, q = choose.sample("ABCD", 2)
        for label in choose.sample("abc", choose.choice((1, 1, 2, 3))):
            back = choose.random() < 0.2
            goal = choose.randrange(states) if back else choose.randint(state + 1, states - 1)
            edges.append((state, p, q, label, goal))
    return graph_from_edges(edges, final={states - 1})


def agree(graph: ProtocolGraph) -> None:
    projections = strict_projections(graph)
    if projections.unsupported is not None:
        assert projections.unsupported.reason in ("several-entries", "several-receivers")
        return
    term = global_type(graph)
    for role in graph.roles:
        ours = projections.of(role)
        if role not in roles_of(term):
            assert isinstance(ours, LocalType)
            assert as_term(ours) == ("end",)
            continue
        try:
            theirs = project(term, role)
        except NoMerge:
            assert isinstance(ours, MergeFailure), (role, ours)
            assert ours.role == role
            low, high = graph.first[ours.state], graph.first[ours.state + 1]
            assert low <= ours.left < ours.right < high
            _, _, _, branches, _ = subterm(term, ours.state)
            left = project(branches[ours.left - low][1], role)
            right = project(branches[ours.right - low][1], role)
            with pytest.raises(NoMerge) as caught:
                merge(left, right)
            assert ours.reason == caught.value.reason
            continue
        assert isinstance(ours, LocalType), (role, ours)
        assert as_term(ours) == renamed(theirs)


@settings(max_examples=1000)
@given(seeds)
def test_structured_protocols(seed: int) -> None:
    agree(structured_graph(seed))


@settings(max_examples=2000)
@given(seeds)
def test_arbitrary_graphs(seed: int) -> None:
    agree(any_reducible_graph(seed))


@settings(max_examples=500)
@given(seeds)
def test_a_second_entry_is_found_exactly_when_a_back_edge_is_not_dominated(seed: int) -> None:
    choose = random.Random(seed)
    count = choose.randint(1, 8)
    rows = [[choose.randrange(count) for _ in range(choose.randint(0, 3))] for _ in range(count)]
    first = [0]
    for row in rows:
        first.append(first[-1] + len(row))
    loops = find_loops(first, [each for row in rows for each in row])

    def reached_without(avoided: int) -> set[int]:
        seen = {0} - {avoided}
        stack = list(seen)
        while stack:
            for each in rows[stack.pop()]:
                if each not in seen and each != avoided:
                    seen.add(each)
                    stack.append(each)
        return seen

    undominated = any(
        loops.back[first[s] + i] and s in reached_without(rows[s][i])
        for s in range(count)
        for i in range(len(rows[s]))
    )
    assert (loops.second_entry is not None) == undominated
    assert sorted(loops.order) == sorted(reached_without(-1))


def test_what_is_no_global_type_is_not_projected() -> None:
    mixed = graph_from_edges([(0, "A", "B", "x", 1), (0, "B", "A", "y", 1)], final={1})
    assert strict_projections(mixed).of("A") == Unsupported("mixed-senders", 0)
    wide = graph_from_edges([(0, "A", "B", "x", 1), (0, "A", "C", "y", 1)], final={1})
    assert strict_projections(wide).of("A") == Unsupported("several-receivers", 0)
    ends = graph_from_edges([(0, "A", "B", "x", 1)], final={0, 1})
    assert strict_projections(ends).of("A") == Unsupported("final-with-successors", 0)
    dead = graph_from_edges([(0, "A", "B", "x", 1)], final=set())
    assert strict_projections(dead).of("A") == Unsupported("no-end", 1)
    crossed = graph_from_edges(
        [
            (0, "A", "B", "x", 1),
            (0, "A", "B", "y", 2),
            (1, "A", "B", "z", 2),
            (2, "A", "B", "w", 1),
        ],
        final=set(),
    )
    found = strict_projections(crossed).unsupported
    assert found is not None
    assert found.reason == "several-entries"


@settings(max_examples=100)
@given(seeds)
def test_many_idle_roles_and_persistent_maps_change_nothing(seed: int) -> None:
    """The same protocol among 40,000 roles, every choice merged through persistent maps."""
    small = structured_graph(seed)
    spread = [place * 9_973 for place in range(len(small.roles))]
    roles = [f"idle{number}" for number in range(40_000)]
    for place, role in zip(spread, small.roles, strict=True):
        roles[place] = role
    large = msgspec.structs.replace(
        small,
        roles=tuple(roles),
        sender=[spread[role] for role in small.sender],
        receiver=[spread[role] for role in small.receiver],
    )
    before = strict_projections(small)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(merge_module, "_SMALL", -1)
        after = strict_projections(large)
    for role in small.roles:
        one, other = before.of(role), after.of(role)
        if isinstance(one, MergeFailure):
            assert isinstance(other, MergeFailure)
        else:
            assert one == other
