"""The phases of a workflow as one protocol graph: the exact decision where they share channels.

Ends of a phase after which the workflow continues are joined to the start of the next. The roles of
the joined graph are the agents.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from tellverify.model.graph import ProtocolGraph
from tellverify.model.site import Site
from tellverify.model.step import Step
from tellverify.workflows.outcomes import PhaseGraph
from tellverify.workflows.sessions import PhaseSession

_SESSION: Final = "tell:session"  # no key of an annotation has a colon


class JoinClash(Exception):
    """Two equal messages leave one joined state, so that the graph would not be deterministic."""


def joined_graph(
    name: str, sessions: Sequence[PhaseSession], graphs: Sequence[PhaseGraph]
) -> ProtocolGraph:
    """One graph of all `sessions`, run in their order; its states are all reachable.

    Raises JoinClash where a phase may end or go on with a message that the next one begins with.
    """
    return _Joining(sessions, graphs).graph(name)


class _Joining:
    def __init__(self, sessions: Sequence[PhaseSession], graphs: Sequence[PhaseGraph]) -> None:
        self._sessions = sessions
        self._graphs = graphs
        self._roles: dict[str, int] = {}
        self._labels: dict[str, int] = {}
        self._sites: list[Site] = []
        self._site_at: dict[tuple[int, int], int] = {}

    def graph(self, name: str) -> ProtocolGraph:
        """Breadth first from the start of the first phase."""
        start = (0, 0)
        number = {start: 0}
        order = [start]
        first, sender, receiver, label, target, site = [0], [], [], [], [], []
        final = bytearray()
        for place in order:
            rows, ends = self._rows(place)
            events: set[tuple[int, int, int]] = set()
            for p, q, m, below, at in rows:
                if (p, q, m) in events:
                    raise JoinClash(list(self._labels)[m])
                events.add((p, q, m))
                if below not in number:
                    number[below] = len(order)
                    order.append(below)
                sender.append(p)
                receiver.append(q)
                label.append(m)
                target.append(number[below])
                site.append(at)
            final.append(ends)
            first.append(len(target))
        return ProtocolGraph(
            name,
            tuple(self._roles),
            tuple(self._labels),
            first,
            sender,
            receiver,
            label,
            target,
            site,
            final,
            tuple(self._sites),
        )

    def _rows(
        self, place: tuple[int, int]
    ) -> tuple[list[tuple[int, int, int, tuple[int, int], int]], bool]:
        """What may happen at a state of a phase, and whether the workflow may end there."""
        phase, state = place
        graph, goes_on = self._graphs[phase].graph, self._graphs[phase].goes_on
        agent_of = self._sessions[phase].agent_of
        rows = [
            (
                self._role(agent_of[graph.roles[graph.sender[e]]]),
                self._role(agent_of[graph.roles[graph.receiver[e]]]),
                self._labels.setdefault(graph.labels[graph.label[e]], len(self._labels)),
                (phase, graph.target[e]),
                self._site(phase, graph.site[e]),
            )
            for e in range(graph.first[state], graph.first[state + 1])
        ]
        ends = bool(graph.final[state])
        if goes_on[state] and phase + 1 < len(self._graphs):
            more, also = self._rows((phase + 1, 0))
            return [*rows, *more], also
        return rows, ends

    def _role(self, agent: str) -> int:
        return self._roles.setdefault(agent, len(self._roles))

    def _site(self, phase: int, number: int) -> int:
        at = self._site_at.get((phase, number))
        if at is None:
            at = self._site_at[phase, number] = len(self._sites)
            site = self._graphs[phase].graph.sites[number]
            marks = (*site.annotations, (_SESSION, self._sessions[phase].title))
            self._sites.append(msgspec.structs.replace(site, annotations=marks))
        return at


def in_sessions(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Steps of a joined graph, each with the session it belongs to."""
    return tuple(_in_session(step) for step in steps)


def _in_session(step: Step) -> Step:
    session = next((text for key, text in step.site.annotations if key == _SESSION), "")
    kept = tuple(row for row in step.site.annotations if row[0] != _SESSION)
    site = msgspec.structs.replace(step.site, annotations=kept)
    return msgspec.structs.replace(step, site=site, session=session)
