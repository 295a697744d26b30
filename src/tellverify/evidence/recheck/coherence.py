"""Are the claims of a certificate shown by what it lists? Local inspection only, no search.

For every role the certificate lists local states with the global states behind them. Together
they say what the role may know:

- the initial state 0 lies behind local state 0; what lies behind a local state is closed under
  silent events, those without the role; an event of the role is a move, and leads from what lies
  behind a local state into what lies behind the next. So two global states that can be reached
  with the same actions of the role lie behind a common local state (more may lie there).
- *No mixed choice*: the moves of a local state are all sends or all receives.
- *Send coherence*: every state behind a local state with sends has a silent event that goes down
  (to the next state of the same range or into an earlier range), or one of the sends. A state with
  a send has no silent events, since all events of a state have one sender; so it has all of them.
- *Receive coherence*: behind a receive from one sender, each message that is awaited from another
  one is in `never` of a closed set that covers the point. A point is a state with blocked roles;
  an event of a blocked sender blocks its receiver. No event of a closed set may deliver a message
  of `never` from a sender who is not blocked. If all these messages have one sender, the first
  event on its channel ends a run.

Li, Stutz, Wies, Zufferey, OOPSLA 2025 (arXiv 2411.05722), Theorem 4.4: a graph in the class is
implementable when these conditions hold for all roles. A role *never waits forever* when also from
every state behind a local state with moves a silent event goes down, or the state has one of them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence, Set
from typing import Final

from tellverify.evidence.certificate import Certificate, Closed, Range, RolePart
from tellverify.evidence.graph_file import NeutralGraph
from tellverify.evidence.recheck.every_size import check_every
from tellverify.evidence.recheck.graph import (
    Rejected,
    check_graph,
    check_instance,
    require,
)

_MOST_POINTS: Final = 5_000_000


def check_certificate(certificate: Certificate) -> None:
    """Raise Rejected at the first entry that does not show what it must."""
    require(certificate.claim == "implementable", "claim", f"`{certificate.claim}` is not a claim")
    eventful = any(part.graph.events for part in certificate.instances)
    require(eventful, "instances", "there is none, or none with an event")
    names = [part.instance for part in certificate.instances]
    require(len(set(names)) == len(names), "instances", "one is listed twice")
    families = {tuple(size.split(" = ")[0] for size in name.split(", ")) for name in names}
    require(len(families) == 1, "instances", "they are not of the same families")
    for part in certificate.instances:
        entry = f"instance `{part.instance}`" if part.instance else "the instance"
        first = check_graph(part.graph, f"{entry}, graph")
        check_class(part.graph, first, f"{entry}, graph")
        check_instance(part.instance, part.graph.roles, entry)
        listed = tuple(role.role for role in part.roles)
        require(listed == part.graph.roles, entry, "the roles are not those of the graph")
        free = set(part.never_stuck)
        in_order = tuple(role for role in listed if role in free) == part.never_stuck
        require(in_order, f"{entry}, never_stuck", "not roles of the graph in their order")
        lines = _Lines(part.graph, first)
        for number, role in enumerate(part.roles):
            _Role(lines, number, role, role.role in free, entry).check()
    if certificate.every:
        check_every(certificate.every, certificate.instances)


def check_class(graph: NeutralGraph, first: Sequence[int], entry: str) -> None:
    """The class of the theory: one sender for each state, and an end is where nothing follows."""
    final = set(graph.final)
    for state in range(graph.states):
        senders = {event[1] for event in graph.events[first[state] : first[state + 1]]}
        if len(senders) > 1 or (state in final) == bool(senders):
            reason = "several roles may send" if senders else "nothing follows and it is not an end"
            raise Rejected(f"{entry}, state {state}", reason)


class _Lines:
    """A graph, with the events that do not just lead to the next state."""

    def __init__(self, graph: NeutralGraph, first: list[int]) -> None:
        self.graph, self.first = graph, first
        self.own: list[list[int]] = [[] for _ in graph.roles]
        self.jumps: list[tuple[int, int, int, int, int]] = []
        stepping = bytearray(graph.states)
        for number, (source, sender, receiver, _, target) in enumerate(graph.events):
            self.own[sender].append(number)
            self.own[receiver].append(number)
            if target == source + 1:
                stepping[source] = 1
            else:
                self.jumps.append(graph.events[number])
        self.jump_sources = [event[0] for event in self.jumps]
        self.breaks = [state for state in range(graph.states) if not stepping[state]]


def _between(ascending: Sequence[int], low: int, high: int) -> slice:
    return slice(bisect_left(ascending, low), bisect_right(ascending, high))


class _Ranges:
    """Disjoint ranges of numbers, and the place of each in the order given."""

    def __init__(self, ranges: Sequence[Range], limit: int, entry: str) -> None:
        self.ranges = ranges
        self.places = sorted(range(len(ranges)), key=ranges.__getitem__)
        self.lows = [ranges[place][0] for place in self.places]
        self.highs = [ranges[place][1] for place in self.places]
        last = -1
        for low, high in zip(self.lows, self.highs, strict=True):
            if not last < low <= high < limit:
                raise Rejected(entry, "overlapping ranges, or ranges of absent states")
            last = high
        require(bool(ranges), entry, "there is no range")

    def place(self, number: int) -> int:
        """The place of the range that holds `number`, or -1."""
        index = bisect_right(self.lows, number) - 1
        return self.places[index] if index >= 0 and number <= self.highs[index] else -1


class _Role:
    """One role of one instance."""

    def __init__(self, lines: _Lines, role: int, part: RolePart, free: bool, entry: str) -> None:
        self.lines, self.role, self.part, self.free = lines, role, part, free
        self.events, self.first = lines.graph.events, lines.first
        self.entry, self.own = f"{entry}, role `{part.role}`", lines.own[role]
        self.own_sources = [self.events[e][0] for e in self.own]

    def check(self) -> None:
        """Check all that is said of the role."""
        states, limit = self.part.states, self.lines.graph.states
        self.behind = [
            _Ranges(state.behind, limit, f"{self.entry}, state {number}")
            for number, state in enumerate(states)
        ]
        if not states or self.behind[0].place(0) < 0:
            raise Rejected(f"{self.entry}, state 0", "the initial state is not behind it")
        self.closed = [
            _ClosedSet(self.lines.graph, self.first, self.role, each, f"{self.entry}, closed {i}")
            for i, each in enumerate(self.part.closed)
        ]
        for number in range(len(states)):
            entry = f"{self.entry}, state {number}"
            self._silent(self.behind[number], entry)
            self._coherent(number, self._moves(number, entry), entry)

    def _moves(self, number: int, entry: str) -> list[list[int]]:
        """For each move its events. Every event of the role is a move, and nothing else is."""
        moves = self.part.states[number].moves
        index = {move[:3]: i for i, move in enumerate(moves)}
        known = len(index) == len(moves) and all(move[3] < len(self.behind) for move in moves)
        require(known, entry, "two equal moves, or one that leads to no state")
        taken: list[list[int]] = [[] for _ in moves]
        for low, high in self.behind[number].ranges:
            for e in self.own[_between(self.own_sources, low, high)]:
                _, sender, receiver, label, target = self.events[e]
                action = (1, receiver, label) if sender == self.role else (0, sender, label)
                i = index.get(action, -1)
                if i < 0 or self.behind[moves[i][3]].place(target) < 0:
                    raise Rejected(entry, f"event {e} is no move, or leads out of its target")
                taken[i].append(e)
        if not all(taken):
            raise Rejected(f"{entry}, move {taken.index([])}", "no event is behind it")
        return taken

    def _silent(self, behind: _Ranges, entry: str) -> None:
        """Silent events stay inside. Inside a range those to the next state do so anyway."""
        for low, high in behind.ranges:
            jumps = self.lines.jumps[_between(self.lines.jump_sources, low, high)]
            last = self.events[self.first[high] : self.first[high + 1]]
            for source, sender, receiver, _, target in [*jumps, *last]:
                if low <= target <= high or self.role in (sender, receiver):
                    continue
                if behind.place(target) < 0:
                    raise Rejected(entry, f"a silent event leads from {source} out of it")

    def _coherent(self, number: int, taken: list[list[int]], entry: str) -> None:
        """The three conditions at one local state, and whether the role may wait forever."""
        sends = sum(move[0] for move in self.part.states[number].moves)
        require(sends in (0, len(taken)), entry, "it both sends and receives")
        sources = [{self.events[e][0] for e in events} for events in taken]
        if sends and any(each != sources[0] for each in sources):
            raise Rejected(entry, "where one send is possible another is not")
        if sends or (self.free and taken):
            self._goes_down(self.behind[number], set().union(*sources), entry)
        if not sends:
            self._no_race(number, taken, entry)

    def _goes_down(self, behind: _Ranges, sources: Set[int], entry: str) -> None:
        """Every state is a source, or has a silent event down."""
        for place, (low, high) in enumerate(behind.ranges):
            breaks = self.lines.breaks[_between(self.lines.breaks, low, high)]
            own = self.own_sources[_between(self.own_sources, low, high)]
            for s in dict.fromkeys([*breaks, *own, high]):
                if s in sources:
                    continue
                for _, sender, receiver, _, t in self.events[self.first[s] : self.first[s + 1]]:
                    down = (t == s + 1 and s < high) or 0 <= behind.place(t) < place
                    if down and self.role not in (sender, receiver):
                        break
                else:
                    raise Rejected(entry, f"no silent event goes down from state {s}")

    def _no_race(self, number: int, taken: list[list[int]], entry: str) -> None:
        """Behind a receive from one sender no message that is awaited from another comes early."""
        moves = self.part.states[number].moves
        awaited = {(peer, label) for _, peer, label, _ in moves}
        if len({peer for peer, _ in awaited}) < 2:
            return
        for (_, peer, _, _), events in zip(moves, taken, strict=True):
            for start in {self.events[e][4] for e in events}:
                left = awaited
                for each in self.closed:
                    if left & each.never and each.covers(start, 1 << self.role):
                        left = left - each.never
                early = sorted(message for message in left if message[0] != peer)
                if early:
                    shown = f"behind a receive from role {peer}, {early[0]} may come from {start}"
                    raise Rejected(entry, shown)


class _ClosedSet:
    """Points, checked to be closed and to deliver nothing of `never`."""

    def __init__(
        self, graph: NeutralGraph, first: Sequence[int], role: int, part: Closed, entry: str
    ) -> None:
        self.never = set(part.never)
        self.blocked: dict[int, list[int]] = {}
        size = sum(abs(high - low) + 1 for low, high, _ in part.points)
        require(size <= _MOST_POINTS and bool(part.never), entry, f"{size} points, or no message")
        for low, high, roles in part.points:
            require(low <= high < graph.states, entry, "no range of states")
            span = _Ranges(roles, len(graph.roles), entry).ranges if roles else []
            mask = sum((1 << last + 1) - (1 << low_role) for low_role, last in span)
            for state in range(low, high + 1):
                self.blocked.setdefault(state, []).append(mask)
        senders = {sender for sender, _ in self.never}
        only = next(iter(senders)) if len(senders) == 1 else -1
        for state, masks in self.blocked.items():
            for _, sender, receiver, label, target in graph.events[first[state] : first[state + 1]]:
                for mask in masks:
                    is_blocked = mask >> sender & 1
                    if receiver == role and not is_blocked and (sender, label) in self.never:
                        raise Rejected(entry, f"message {(sender, label)} comes from state {state}")
                    if receiver == role and sender == only:
                        continue
                    if not self.covers(target, mask | 1 << receiver if is_blocked else mask):
                        raise Rejected(entry, f"an event leads from state {state} out of it")

    def covers(self, state: int, blocked: int) -> bool:
        """True when the point, or one with fewer blocked roles, is in the set."""
        return any(mask & ~blocked == 0 for mask in self.blocked.get(state, ()))
