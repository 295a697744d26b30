"""Canonical machines of many roles of a graph without joins and loops, from one pass.

In such a graph the positions of a role (see `positions`) are exactly what it can know, except
that equal events may leave one position; so the subset construction runs on a few positions
instead of thousands of states. It costs time in the events of the role, not of the protocol.
"""

from __future__ import annotations

from tellverify.model.graph import ProtocolGraph
from tellverify.model.machine import Action, Machine
from tellverify.projection.positions import positions


class TreeMachines:
    """The canonical machines of `graph`, whose `fits` must hold."""

    def __init__(self, graph: ProtocolGraph) -> None:
        found = positions(graph)
        self.graph = graph
        self.fits = not found.chords and all(
            graph.final[s] or graph.first[s] < graph.first[s + 1] for s in range(graph.state_count)
        )
        self._found = found
        self._leaving: dict[int, list[int]] = {}
        if self.fits:
            for e in range(graph.event_count):
                self._leaving.setdefault(found.sender_at[e], []).append(e)
                self._leaving.setdefault(found.receiver_at[e], []).append(e)

    def machine(self, role: int) -> Machine:
        """The canonical machine of a role, by index (subset construction on positions)."""
        graph, found = self.graph, self._found
        index: dict[tuple[int, ...], int] = {(role,): 0}
        moves: list[tuple[tuple[Action, int], ...]] = []
        sites: list[tuple[int, ...]] = []
        final: list[bool] = []
        order: list[tuple[int, ...]] = [(role,)]
        for pieces in order:
            grouped: dict[Action, list[int]] = {}
            for piece in pieces:
                for e in self._leaving.get(piece, ()):
                    grouped.setdefault(self._action(e, role), []).append(e)
            row: list[tuple[Action, int]] = []
            for action, edges in grouped.items():
                reached = found.sender_to if action.send else found.receiver_to
                below = tuple(sorted({reached[e] for e in edges}))
                if below not in index:
                    index[below] = len(index)
                    order.append(below)
                row.append((action, index[below]))
            moves.append(tuple(row))
            sites.append(tuple(graph.site[edges[0]] for edges in grouped.values()))
            final.append(any(found.idle[piece] for piece in pieces))
        return Machine(graph.roles[role], tuple(moves), tuple(final), tuple(sites))

    def _action(self, e: int, role: int) -> Action:
        graph = self.graph
        label = graph.labels[graph.label[e]]
        if graph.sender[e] == role:
            return Action(True, graph.roles[graph.receiver[e]], label)
        return Action(False, graph.roles[graph.sender[e]], label)
