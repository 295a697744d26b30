"""Which states are joined, and which events lie outside of the spanning tree."""

from __future__ import annotations

import pytest

from tellverify.model.graph import graph_from_edges
from tellverify.projection.positions import positions

Edges = list[tuple[int, str, str, str, int]]


@pytest.mark.parametrize(
    ("edges", "final", "chords"),
    [
        # One way, and two ways to an end: ends are copied.
        ([(0, "A", "B", "x", 1), (1, "B", "A", "y", 2)], {2}, []),
        ([(0, "A", "B", "x", 1), (0, "A", "B", "y", 1)], {1}, []),
        # Two ways to a state that goes on: the second one is a chord; so is the way back of a loop.
        ([(0, "A", "B", "x", 1), (0, "A", "B", "y", 1), (1, "B", "A", "z", 2)], {2}, [1]),
        ([(0, "A", "B", "x", 1), (1, "B", "A", "z", 0)], set(), [1]),
    ],
)
def test_states_that_are_entered_twice_and_go_on_are_joined(
    edges: Edges, final: set[int], chords: list[int]
) -> None:
    graph = graph_from_edges(edges, final=final)
    found = positions(graph)
    assert found.chords == chords
    assert bool(found.depth) == bool(chords) == bool(found.parent_edge)
    # Two new pieces for each event of the tree, and one for each role where it starts.
    assert found.count == len(graph.roles) + 2 * (len(edges) - len(chords))
    inside = [found.sender_to[e] for e in range(len(edges)) if e not in chords]
    assert len(set(inside)) == len(inside)
