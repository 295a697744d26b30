"""Short walks between states of a graph, along tree edges and earlier chords."""

from __future__ import annotations

from tellverify.model.graph import ProtocolGraph
from tellverify.projection.positions import RolePositions


class ChordWalker:
    """Short walks between states along tree edges and chords that were added before."""

    def __init__(self, graph: ProtocolGraph, found: RolePositions, source: list[int]) -> None:
        self.graph = graph
        self.found = found
        self.source = source
        self.states = graph.state_count
        self.shortcut: dict[int, list[int]] = {}
        self.linked: dict[int, int] = {}

    def add(self, e: int) -> None:
        """Let later walks use chord `e`."""
        upper, lower = self.source[e], self.graph.target[e]
        depth = self.found.depth
        if depth[upper] > depth[lower]:
            upper, lower = lower, upper
        self.shortcut.setdefault(lower, []).append(e)
        self.linked[upper * self.states + lower] = e
        self.linked[lower * self.states + upper] = e

    def walk(
        self, start: int, end: int
    ) -> tuple[dict[int, int], dict[int, int], dict[int, int], dict[int, int]]:
        """Walk from both ends until they meet.

        For each side: role -> its piece at that end, and role -> its piece where the sides meet,
        for the roles that act on that side.
        """
        depth, found, graph = self.found.depth, self.found, self.graph
        near: tuple[dict[int, int], dict[int, int]] = ({}, {})
        far: tuple[dict[int, int], dict[int, int]] = ({}, {})
        at = [start, end]
        while at[0] != at[1]:
            link = self.linked.get(at[0] * self.states + at[1])
            side = 0 if depth[at[0]] >= depth[at[1]] else 1
            state = at[side]
            e = self._best(state, depth[at[1 - side]]) if link is None else link
            p, q = graph.sender[e], graph.receiver[e]
            if graph.target[e] == state:
                inner_p, outer_p = found.sender_to[e], found.sender_at[e]
                inner_q, outer_q = found.receiver_to[e], found.receiver_at[e]
                at[side] = self.source[e]
            else:
                inner_p, outer_p = found.sender_at[e], found.sender_to[e]
                inner_q, outer_q = found.receiver_at[e], found.receiver_to[e]
                at[side] = graph.target[e]
            near[side].setdefault(p, inner_p)
            near[side].setdefault(q, inner_q)
            far[side][p] = outer_p
            far[side][q] = outer_q
        return near[0], far[0], near[1], far[1]

    def _best(self, state: int, limit: int) -> int:
        """The edge from `state` that leads highest without passing `limit`, else the tree edge."""
        best, height = self.found.parent_edge[state], self.found.depth[state] - 1
        for e in reversed(self.shortcut.get(state, ())):
            other = self.source[e] if self.graph.target[e] == state else self.graph.target[e]
            reached = self.found.depth[other]
            if reached >= limit:
                if reached < height:
                    best = e
                break
        return best
