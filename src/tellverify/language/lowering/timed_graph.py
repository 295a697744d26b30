"""From the instructions of a protocol with timeouts to its timed graph."""

from __future__ import annotations

from tellverify.language.lowering.determinize import Rows, determinize
from tellverify.language.lowering.numbering import StateNumbering
from tellverify.language.lowering.program import (
    ENTER,
    EXIT,
    FORK,
    LEAVE,
    OverBudget,
    Program,
    ScopeDraft,
)
from tellverify.model.timed_text import (
    ON_CANCEL,
    ON_TIMEOUT,
    BranchNode,
    EndNode,
    EnterNode,
    ExitNode,
    MessageNode,
    TimedNode,
    TimedProtocol,
    TimerScope,
)


def timed_protocol_of(program: Program, tables: StateNumbering, name: str) -> TimedProtocol:
    """The graph of a program with timeouts; nodes are numbered depth first in source order.

    Only reachable instructions have nodes; a fork with one target has none.
    """
    return _Nodes(program, tables).run(name)


def straight_rows(program: Program, budget: int) -> list[Rows]:
    """The graphs of runs in which no timer fires, from the beginning and from each alternative.

    They show which branches begin alike and which cycles communicate nothing. Raises OverBudget.
    """
    plain = _without_timers(program)
    starts = [0, *(part.start for draft in program.scopes for part in draft.parts[1:])]
    if program.here * len(starts) > 4 * budget:
        raise OverBudget
    return [determinize(plain, budget, start) for start in starts]


def _without_timers(program: Program) -> Program:
    plain = Program()
    plain.receiver, plain.label = program.receiver, program.label
    plain.site, plain.target, plain.marks = program.site, program.target, program.marks
    plain.forks = dict(program.forks)
    plain.sender = list(program.sender)
    for place, kind in enumerate(program.sender):
        if kind in (ENTER, LEAVE):
            plain.sender[place] = FORK
            plain.forks[place] = [place + 1]
    return plain


class _Nodes:
    """One pass over a program."""

    def __init__(self, program: Program, tables: StateNumbering) -> None:
        self.program = program
        self.names = tables.roles.names
        self.labels = tuple(tables.labels)
        self.sites = tables.sites
        self.number: dict[int, int] = {}
        self.order: list[int] = []

    def run(self, name: str) -> TimedProtocol:
        start = self._visit(0)
        nodes = tuple(self._node(place) for place in self.order)
        # Scopes are numbered as their drafts, so an outer one comes before those in its body.
        scopes = tuple(map(self._scope, self.program.scopes))
        return TimedProtocol(tuple(self.names), nodes, scopes, start, tuple(self.sites), name)

    def _settle(self, place: int) -> int:
        """Behind forks with one target."""
        forks, sender = self.program.forks, self.program.sender
        seen = set()
        while sender[place] == FORK and len(forks[place]) == 1 and place not in seen:
            seen.add(place)
            place = forks[place][0]
        return place

    def _visit(self, start: int) -> int:
        """Number all that is reachable from `start`; its number."""
        start = self._settle(start)
        work = [start]
        while work:
            place = work.pop()
            if place in self.number:
                continue
            self.number[place] = len(self.order)
            self.order.append(place)
            work += [self._settle(one) for one in reversed(self._following(place))]
        return self.number[start]

    def _following(self, place: int) -> list[int]:
        program = self.program
        kind = program.sender[place]
        if kind == FORK:
            return program.forks[place]
        if kind == EXIT:
            return []
        if kind == LEAVE:
            return [place + 1]
        if kind == ENTER:
            return [part.start for part in program.scopes[program.receiver[place]].parts]
        return [program.target[place]]

    def _at(self, place: int) -> int:
        return self.number[self._settle(place)]

    def _node(self, place: int) -> TimedNode:
        program = self.program
        kind = program.sender[place]
        if kind == FORK:
            return BranchNode(tuple(map(self._at, program.forks[place])))
        if kind == EXIT:
            return EndNode()
        if kind == LEAVE:
            return ExitNode(program.receiver[place], self._at(place + 1))
        if kind == ENTER:
            return EnterNode(program.receiver[place])
        return MessageNode(
            self.names[kind],
            self.names[program.receiver[place]],
            self.labels[program.label[place]],
            self._at(program.target[place]),
            program.site[place],
        )

    def _scope(self, draft: ScopeDraft) -> TimerScope:
        body, *others = draft.parts
        firsts = [self._visit(part.start) for part in draft.parts]
        acting = self._actors(body)
        owner = self.names[draft.owner]
        participants = acting.union({owner}, *map(self._actors, others))
        names = (ON_TIMEOUT, ON_CANCEL)
        return TimerScope(
            owner=owner,
            around=draft.around,
            body=firsts[0],
            alternatives=tuple(zip(names, firsts[1:], strict=False)),
            actors=acting,
            participants=participants,
            duration=draft.duration,
            line=self.sites[draft.site].line,
            site=draft.site,
        )

    def _actors(self, part: range) -> frozenset[str]:
        """Who acts in a part of the text, or owns a timer in it."""
        program = self.program
        found: set[int] = set()
        for place in part:
            kind = program.sender[place]
            if kind >= 0:
                found |= {kind, program.receiver[place]}
            elif kind == ENTER:
                found.add(program.scopes[program.receiver[place]].owner)
        return frozenset(self.names[role] for role in found)
