"""Does a repair keep the runs? New messages are hidden, new names are read as the old ones."""

from __future__ import annotations

from collections.abc import Iterable

from tellverify.language.syntax import ast
from tellverify.model.graph import Event, ProtocolGraph
from tellverify.repair.edits import (
    DecideLoop,
    Delete,
    Edited,
    Insert,
    OtherSender,
    Relabel,
    Reverse,
    Swap,
)
from tellverify.repair.outline import Outline

_MOST_PAIRS = 200_000


def keeps_runs(
    before: ProtocolGraph, after: ProtocolGraph, changed: Edited, found: Outline, first_place: int
) -> bool:
    """True when `after` without the messages of `changed` has exactly the runs of `before`.

    Decided by a walk through `before` and the sets of states of `after` that hidden messages
    connect; more than 200,000 of those are taken for a difference.
    """
    hiding = _Hiding(after, changed, found, first_place)
    start = (0, hiding.closure([0]))
    seen = {start}
    work = [start]
    while work:
        state, states = work.pop()
        if bool(before.final[state]) != any(after.final[s] for s in states):
            return False
        ours = {
            before.event(e): before.target[e]
            for e in range(before.first[state], before.first[state + 1])
        }
        theirs = hiding.moves(states)
        if ours.keys() != theirs.keys():
            return False
        for event, target in ours.items():
            pair = target, hiding.closure(theirs[event])
            if pair not in seen:
                seen.add(pair)
                work.append(pair)
        if len(seen) > _MOST_PAIRS:
            return False
    return True


class _Hiding:
    def __init__(
        self, graph: ProtocolGraph, changed: Edited, found: Outline, first_place: int
    ) -> None:
        self.graph = graph
        self.old: list[tuple[str, str] | None] = []
        for edit, label in zip(changed.edits, changed.labels, strict=True):
            match edit:
                case Relabel(block=block, index=index):
                    statement = found.blocks[block][index]
                    old = (
                        statement.message.label.text
                        if isinstance(statement, ast.Send | ast.Broadcast)
                        else label
                    )
                    self.old.append((label, old))
                case Insert() | DecideLoop() | Delete() | Reverse() | Swap() | OtherSender():
                    self.old.append(None)
        self.number = [
            site.span.start - first_place if site.span.start >= first_place else -1
            for site in graph.sites
        ]
        self.hidden = [isinstance(edit, Insert) for edit in changed.edits]

    def is_hidden(self, e: int) -> bool:
        """True for a new message."""
        number = self.number[self.graph.site[e]]
        return number >= 0 and self.hidden[number]

    def event(self, e: int) -> Event:
        """The event as it was before."""
        event = self.graph.event(e)
        number = self.number[self.graph.site[e]]
        renamed = self.old[number] if number >= 0 else None
        if renamed is None:
            return event
        new, old = renamed
        if event.label == new:  # without the name of a branch, or that is the new name
            return event._replace(label=old)
        tag = event.label.removesuffix(f".{new}")
        return event._replace(label=old if tag == old else f"{tag}.{old}")

    def closure(self, states: Iterable[int]) -> frozenset[int]:
        """All states that hidden messages lead to."""
        graph = self.graph
        seen = set(states)
        work = list(seen)
        while work:
            state = work.pop()
            for e in range(graph.first[state], graph.first[state + 1]):
                if self.is_hidden(e) and graph.target[e] not in seen:
                    seen.add(graph.target[e])
                    work.append(graph.target[e])
        return frozenset(seen)

    def moves(self, states: Iterable[int]) -> dict[Event, list[int]]:
        """The events that leave a set of states, with where they lead."""
        graph = self.graph
        found: dict[Event, list[int]] = {}
        for state in states:
            for e in range(graph.first[state], graph.first[state + 1]):
                if not self.is_hidden(e):
                    found.setdefault(self.event(e), []).append(graph.target[e])
        return found
