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
implementable when these conditions hold for all roles. A role *never waits for ever* when also from
every state behind a local state with moves a silent event goes down, or the state has one of them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence, Set

from tellverify.evidence.certificate import (
    Certificate,
    Closed,
    NeutralGraph,
    Range,
    RolePart,
)
from tellverify.recheck.graph import check_class, check_graph, check_instance, require


def check_certificate(certificate: Certificate) -> None:
    """Raise Rejected at the first entry that does not show what it must."""
    require(certificate.claim == "implementable", "claim", f"`{certificate.claim}` is no claim")
    require(bool(certificate.instances), "instances", "there is none")
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


class _Lines:
    """A graph, with the events that do not just lead to the next state."""

    def __init__(self, graph: NeutralGraph, first: list[int]) -> None:
        self.graph, self.first = graph, first
        self.own: list[list[int]] = [[] for _ in graph.roles]
        self.jumps: list[int] = []
        stepping = bytearray(graph.states)
        for number, (source, sender, receiver, _, target) in enumerate(graph.events):
            self.own[sender].append(number)
            self.own[receiver].append(number)
            if target == source + 1:
                stepping[source] = 1
            else:
                self.jumps.append(number)
        self.jump_sources = [graph.events[e][0] for e in self.jumps]
        self.breaks = [state for state in range(graph.states) if not stepping[state]]


def _between(ascending: Sequence[int], low: int, high: int) -> slice:
    return slice(bisect_left(ascending, low), bisect_right(ascending, high))


class _Ranges:
    """Disjoint ranges of numbers, and the place of each in the order given."""

    def __init__(self, ranges: Sequence[Range], limit: int, entry: str) -> None:
        self.ranges = ranges
        ordered = sorted((low, high, place) for place, (low, high) in enumerate(ranges))
        self.lows = [low for low, _, _ in ordered]
        self.highs = [high for _, high, _ in ordered]
        self.places = [place for _, _, place in ordered]
        require(bool(ranges), entry, "there is no range")
        require(all(low <= high < limit for low, high in ranges), entry, "no range of states")
        apart = all(a < b for a, b in zip(self.highs, self.lows[1:], strict=False))
        require(apart, entry, "two ranges overlap")

    def place(self, number: int) -> int:
        """The place of the range that holds `number`, or -1."""
        index = bisect_right(self.lows, number) - 1
        return self.places[index] if index >= 0 and number <= self.highs[index] else -1


class _Role:
    """One role of one instance."""

    def __init__(self, lines: _Lines, role: int, part: RolePart, free: bool, entry: str) -> None:
        self.lines, self.role, self.part, self.free = lines, role, part, free
        self.events, self.first = lines.graph.events, lines.first
        self.entry = f"{entry}, role `{part.role}`"
        self.own = lines.own[role]
        self.own_sources = [self.events[e][0] for e in self.own]

    def check(self) -> None:
        """Check all that is said of the role."""
        states, limit = self.part.states, self.lines.graph.states
        require(bool(states), self.entry, "it has no state")
        self.behind = [
            _Ranges(state.behind, limit, f"{self.entry}, state {number}")
            for number, state in enumerate(states)
        ]
        start = self.behind[0].place(0) >= 0
        require(start, f"{self.entry}, state 0", "the initial state is not behind it")
        self.used: set[int] = set()
        self.closed = [
            _ClosedSet(self.lines.graph, self.first, self.role, each, f"{self.entry}, closed {i}")
            for i, each in enumerate(self.part.closed)
        ]
        reached = {0}
        for number in range(len(states)):
            entry = f"{self.entry}, state {number}"
            taken = self._moves(number, entry)
            reached.update(move[3] for move in states[number].moves)
            self._silent(self.behind[number], entry)
            self._coherent(number, taken, entry)
        idle = [number for number in range(len(states)) if number not in reached]
        require(not idle, f"{self.entry}, state {idle[:1]}", "no move leads there")
        spare = [number for number in range(len(self.closed)) if number not in self.used]
        require(not spare, f"{self.entry}, closed {spare[:1]}", "nothing rests on it")

    def _moves(self, number: int, entry: str) -> list[list[int]]:
        """For each move its events. Every event of the role is a move, and nothing else is."""
        moves = self.part.states[number].moves
        index = {move[:3]: i for i, move in enumerate(moves)}
        require(len(index) == len(moves), entry, "two equal moves")
        known = all(move[3] < len(self.behind) for move in moves)
        require(known, entry, "a move leads to no state")
        taken: list[list[int]] = [[] for _ in moves]
        for low, high in self.behind[number].ranges:
            for e in self.own[_between(self.own_sources, low, high)]:
                _, sender, receiver, label, target = self.events[e]
                sends = sender == self.role
                i = index.get((int(sends), receiver if sends else sender, label), -1)
                require(i >= 0, entry, f"event {e} is no move")
                to = moves[i][3]
                inside = self.behind[to].place(target) >= 0
                require(inside, entry, f"event {e} leads out of what is behind state {to}")
                taken[i].append(e)
        for i, events in enumerate(taken):
            require(bool(events), f"{entry}, move {i}", "no event is behind it")
        return taken

    def _is_silent(self, e: int) -> bool:
        return self.role not in self.events[e][1:3]

    def _silent(self, behind: _Ranges, entry: str) -> None:
        """Silent events stay inside. Inside a range those to the next state do so anyway."""
        for low, high in behind.ranges:
            jumps = self.lines.jumps[_between(self.lines.jump_sources, low, high)]
            for e in [*jumps, *range(self.first[high], self.first[high + 1])]:
                if self._is_silent(e) and not low <= self.events[e][4] <= high:
                    inside = behind.place(self.events[e][4]) >= 0
                    require(inside, entry, f"the silent event {e} leads out of it")

    def _coherent(self, number: int, taken: list[list[int]], entry: str) -> None:
        """The three conditions at one local state, and whether the role may wait for ever."""
        state = self.part.states[number]
        sends = sum(move[0] for move in state.moves)
        require(sends in (0, len(state.moves)), entry, "it both sends and receives")
        sources = [{self.events[e][0] for e in events} for events in taken]
        for i in range(1, sends):
            same = sources[i] == sources[0]
            require(same, f"{entry}, move {i}", "not possible wherever another send is")
        if sends or (self.free and taken):
            self._goes_down(self.behind[number], set().union(*sources), entry)
        if not sends:
            self._no_race(number, taken, entry)

    def _goes_down(self, behind: _Ranges, sources: Set[int], entry: str) -> None:
        """Every state is a source, or has a silent event down."""
        for place, (low, high) in enumerate(behind.ranges):
            breaks = self.lines.breaks[_between(self.lines.breaks, low, high)]
            own = self.own_sources[_between(self.own_sources, low, high)]
            for s in sorted({*breaks, *own, high}):
                down = s in sources or any(
                    self._is_silent(e)
                    and (
                        (self.events[e][4] == s + 1 and s < high)
                        or 0 <= behind.place(self.events[e][4]) < place
                    )
                    for e in range(self.first[s], self.first[s + 1])
                )
                require(down, entry, f"nothing goes down from state {s}")

    def _no_race(self, number: int, taken: list[list[int]], entry: str) -> None:
        """Behind a receive from one sender no message that is awaited from another comes early."""
        moves = self.part.states[number].moves
        awaited = {(peer, label) for _, peer, label, _ in moves}
        if len({peer for peer, _ in awaited}) < 2:
            return
        for (_, peer, _, _), events in zip(moves, taken, strict=True):
            for start in {self.events[e][4] for e in events}:
                left = awaited
                for i, each in enumerate(self.closed):
                    if left & each.never and each.covers(start, 1 << self.role):
                        self.used.add(i)
                        left = left - each.never
                    if not left:
                        break
                early = sorted(message for message in left if message[0] != peer)
                shown = f"after a receive to state {start}, message {early[:1]} may come early"
                require(not early, entry, shown)


class _ClosedSet:
    """Points, checked to be closed and to deliver nothing of `never`."""

    def __init__(
        self, graph: NeutralGraph, first: Sequence[int], role: int, part: Closed, entry: str
    ) -> None:
        self.never = set(part.never)
        self.blocked: dict[int, list[int]] = {}
        for low, high, roles in part.points:
            require(low <= high < graph.states, entry, "no range of states")
            span = _Ranges(roles, len(graph.roles), entry).ranges if roles else []
            mask = sum((1 << last + 1) - (1 << low_role) for low_role, last in span)
            for state in range(low, high + 1):
                self.blocked.setdefault(state, []).append(mask)
        require(bool(self.never), entry, "it names no message")
        senders = {sender for sender, _ in self.never}
        only = next(iter(senders)) if len(senders) == 1 else -1
        for state, masks in self.blocked.items():
            for _, sender, receiver, label, target in graph.events[first[state] : first[state + 1]]:
                for mask in masks:
                    is_blocked = mask >> sender & 1
                    if receiver == role:
                        early = not is_blocked and (sender, label) in self.never
                        where = f"{entry}, state {state}"
                        require(not early, where, f"label {label} of role {sender} is available")
                    if receiver == role and sender == only:
                        continue
                    after = mask | 1 << receiver if is_blocked else mask
                    inside = self.covers(target, after)
                    require(inside, f"{entry}, state {state}", f"state {target} is not in it")

    def covers(self, state: int, blocked: int) -> bool:
        """True when the point, or one with fewer blocked roles, is in the set."""
        return any(mask & ~blocked == 0 for mask in self.blocked.get(state, ()))
