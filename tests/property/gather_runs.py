"""Runs of protocols whose gathers come in any order or need few answers, by brute force.

Every role is followed by the sets of places it may be in; a place of the receiver of a gather says
which answers it has taken and how many late ones it is owed on each channel, to be discarded. One
queue for each channel: senders cannot tell late answers. Shares no code with the conditions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tellverify.model.graph import ProtocolGraph


class Ambiguous(Exception):
    """A role cannot tell how many late answers it is owed: such runs are not compared."""


class Answers(NamedTuple):
    """A gather as names: sender to label and the needed number; `end` is the state behind it."""

    receiver: str
    labels: tuple[tuple[str, str], ...]
    needed: int
    end: int


class Place(NamedTuple):
    """A state, the answers taken in the gather that begins there, and the answers owed by each."""

    state: int
    taken: frozenset[str] = frozenset()
    owed: tuple[tuple[str, int], ...] = ()


Action = tuple[str, str, str]  # "!" or "?", peer, label
Places = frozenset[Place]


def answers_at(graph: ProtocolGraph, needed: int | None) -> dict[int, Answers]:
    """The gathers of several senders, by the state they begin at; all need `needed` answers."""
    found: dict[int, Answers] = {}
    for start in range(graph.state_count):
        state, rows, sites = start, [], set()
        while graph.first[state + 1] - graph.first[state] == 1 and not graph.final[state]:
            e = graph.first[state]
            event = graph.event(e)
            sites.add(graph.site[e])
            receivers = {event.receiver, *(row.receiver for row in rows)}
            if len(sites) > 1 or len(receivers) > 1 or event.sender in {r.sender for r in rows}:
                break
            if rows and graph.target.count(state) > 1:
                break
            rows.append(event)
            state = graph.target[e]
        inner = any(start in each for each in _inside(graph, found))
        if len(rows) > 1 and not inner:
            labels = tuple((row.sender, row.label) for row in rows)
            found[start] = Answers(rows[0].receiver, labels, needed or len(rows), state)
    return found


def _inside(graph: ProtocolGraph, found: dict[int, Answers]) -> Iterator[set[int]]:
    for start, answers in found.items():
        state, states = start, set()
        while state != answers.end:
            state = graph.target[graph.first[state]]
            states.add(state)
        yield states - {answers.end}


class Followed:
    """What roles may do."""

    def __init__(self, graph: ProtocolGraph, needed: int | None) -> None:
        self.graph = graph
        self.gathers = answers_at(graph, needed)

    def closure(self, role: str, places: set[Place]) -> Places:
        seen, work = set(places), list(places)
        while work:
            place = work.pop()
            for action, target in self.steps(role, place):
                if action is None and target not in seen:
                    seen.add(target)
                    work.append(target)
        return frozenset(seen)

    def steps(self, role: str, place: Place) -> Iterator[tuple[Action | None, Place]]:
        gather = self.gathers.get(place.state)
        if gather is not None and gather.receiver == role:
            for sender, label in gather.labels:
                if sender not in place.taken:
                    yield ("?", sender, label), _taken(place, sender, gather)
            return
        graph = self.graph
        for e in range(graph.first[place.state], graph.first[place.state + 1]):
            event = graph.event(e)
            target = place._replace(state=graph.target[e])
            if event.sender == role:
                yield ("!", event.receiver, event.label), target
            elif event.receiver == role:
                yield ("?", event.sender, event.label), target
            else:
                yield None, target

    def moves(self, role: str, places: Places) -> dict[Action, Places]:
        found: dict[Action, set[Place]] = {}
        for place in places:
            for action, target in self.steps(role, place):
                if action is not None:
                    found.setdefault(action, set()).add(target)
        return {action: self.closure(role, targets) for action, targets in found.items()}


Queues = tuple[tuple[tuple[str, str], tuple[str, ...]], ...]


def shortest_fault(
    graph: ProtocolGraph, needed: int | None, depth: int, limit: int, *, whole: bool = False
) -> tuple[str, int] | None:
    """A fault of the roles together, and the length of a shortest run to it; None for none.

    Sends, receives and discards are one event each. Raises Ambiguous, if all runs are asked for
    (`whole`) also where these are too many.
    """
    followed = Followed(graph, needed)
    roles = graph.roles
    start = tuple(followed.closure(role, {Place(0)}) for role in roles)
    seen: set[tuple[tuple[Places, ...], Queues]] = {(start, ())}
    layer = list(seen)
    for length in range(depth + 1):
        following = []
        for states, queues in layer:
            successors, fault = _successors(followed, roles, states, dict(queues))
            if fault:
                return fault, length
            for successor in successors:
                if successor not in seen:
                    seen.add(successor)
                    following.append(successor)
        if len(seen) > limit:
            break
        layer = following
    if whole and following:
        raise Ambiguous
    return None


def _successors(
    followed: Followed,
    roles: tuple[str, ...],
    states: tuple[Places, ...],
    queues: dict[tuple[str, str], tuple[str, ...]],
) -> tuple[list[tuple[tuple[Places, ...], Queues]], str]:
    found: list[tuple[tuple[Places, ...], Queues]] = []
    waiting = False
    unfinished = False
    for number, (role, places) in enumerate(zip(roles, states, strict=True)):

        def after(now: Places, channel: tuple[str, str], queue: tuple[str, ...]) -> None:
            changed = {**queues, channel: queue}
            rest = tuple(sorted((c, q) for c, q in changed.items() if q))
            found.append(((*states[:number], now, *states[number + 1 :]), rest))

        owed = {place.owed for place in places}
        heads = {c[0]: q for c, q in queues.items() if c[1] == role}
        if len(owed) > 1 and any(
            len({dict(each).get(sender, 0) for each in owed}) > 1 for sender in heads
        ):
            raise Ambiguous
        debts = dict(next(iter(owed)))
        moves = followed.moves(role, places)
        finals = any(followed.graph.final[p.state] for p in places)
        waiting |= bool(moves)
        unfinished |= not finals
        spoilt = bool(moves) and not finals
        for action, now in moves.items():
            kind, peer, label = action
            if kind == "!":
                spoilt = False
                after(now, (role, peer), (*queues.get((role, peer), ()), label))
            elif debts.get(peer, 0):
                spoilt = False
            elif heads.get(peer, (label,))[0] == label:
                spoilt = False
                if peer in heads:
                    after(now, (peer, role), heads[peer][1:])
            elif any(a[:2] == ("?", peer) and a[2] == heads[peer][0] for a in moves):
                spoilt = False
        if spoilt:
            return [], "unspecified reception"
        for sender, queue in heads.items():
            if debts.get(sender, 0):
                less = frozenset(_paid(place, sender) for place in places)
                after(less, (sender, role), queue[1:])
    if found:
        return found, ""
    if unfinished:
        return [], "deadlock"
    return [], "orphan message" if queues else "stuck role" if waiting else ""


def _taken(place: Place, sender: str, gather: Answers) -> Place:
    """The place after an answer, behind the gather when that was the last one needed."""
    taken = place.taken | {sender}
    if len(taken) < gather.needed:
        return place._replace(taken=taken)
    owed = dict(place.owed)
    for other, _ in gather.labels:
        if other not in taken:
            owed[other] = owed.get(other, 0) + 1
    return Place(gather.end, frozenset(), tuple(sorted(owed.items())))


def _paid(place: Place, sender: str) -> Place:
    owed = dict(place.owed)
    owed[sender] -= 1
    return place._replace(owed=tuple(sorted((s, n) for s, n in owed.items() if n)))
