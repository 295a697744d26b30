"""The machine of a role that continues after some of the answers of a gather.

With `min_responses : k` a receiver takes answers in any order and continues after k of them. The
senders of the others cannot tell; their answers are *owed* to the receiver, which discards them
when they are first in their queue, before any message that they send later. A place of the receiver
is a state of the graph, the senders whose answers it has in the gather that begins there, and the
labels it is owed by sender; the states of its machine are the sets of places that it cannot tell
apart. All other roles have the machines of the graph.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple, TypeAlias

from tellverify.model.graph import (
    ProtocolGraph,
    needed_responses,
    partial_sites,
    stops_only_at_ends,
)
from tellverify.model.limits import MachineTooLarge
from tellverify.model.machine import Action, Machine
from tellverify.projection.loosened import Gather, gathers_of

_MOST_OWED: Final = 8  # late answers of one sender that are followed

_NO_GATHER: Final = (
    "stands on no gather: several senders, one receiver, and not where a choice begins"
)

Owed: TypeAlias = tuple[tuple[str, ...], ...]


class UncoveredGather(MachineTooLarge):
    """There is no machine, since a statement with `min_responses` is no gather."""

    def __init__(self, line: int, reason: str) -> None:
        Exception.__init__(self, f"`min_responses` on line {line} {reason}")


class UnfollowedDebt(MachineTooLarge):
    """The late answers that a role is owed cannot be followed."""

    def __init__(self, role: str, reason: str) -> None:
        Exception.__init__(self, f"the late answers to `{role}` {reason}")


class _AnswersTaken(NamedTuple):
    """A place: a state, the senders of the answers taken there, and the answers owed by sender."""

    state: int
    taken: frozenset[int] = frozenset()
    owed: Owed = ()


def partial_gathers(graph: ProtocolGraph) -> tuple[Gather, ...]:
    """The gathers after which a receiver continues without all answers, or that lack some.

    Raises UncoveredGather where a statement with `min_responses` is none.
    """
    sites = partial_sites(graph)
    if not sites:
        return ()
    found = [g for g in gathers_of(graph) if graph.site[g.transitions[0]] in sites]
    inside = {e for gather in found if _is_whole(graph, gather) for e in gather.transitions}
    for e, site in enumerate(graph.site):
        if site in sites and needed_responses(graph.sites[site]) == 0:
            raise UncoveredGather(graph.sites[site].line, "must be at least 1")
        if site in sites and e not in inside:
            raise UncoveredGather(graph.sites[site].line, _NO_GATHER)
    return tuple(found)


class GatherMachine(NamedTuple):
    """The machine of a receiver, and the states in which it only discards late answers."""

    machine: Machine
    done: frozenset[int]


def _is_whole(graph: ProtocolGraph, gather: Gather) -> bool:
    """True when a gather is its whole statement: members of a family, and one receiver."""
    site = graph.site[gather.transitions[0]]
    same = [e for e, other in enumerate(graph.site) if other == site]
    senders = {graph.sender[e] for e in same}
    is_one = {graph.receiver[e] for e in same} == {gather.receiver}
    named = "[" in graph.event(gather.transitions[0]).sender
    return named and is_one and senders == set(gather.senders)


def gather_machine(graph: ProtocolGraph, role: str, limit: int) -> GatherMachine | None:
    """The machine of `role` where it receives a partial gather, None where it receives none.

    Raises MachineTooLarge beyond `limit` states, UnfollowedDebt where more than 8 late answers of
    one sender may be owed or the role cannot tell how many, and UncoveredGather.
    """
    number = graph.roles.index(role)
    own = {g.start: g for g in partial_gathers(graph) if g.receiver == number}
    return _Construction(graph, number, own, limit).run() if own else None


class _Construction:
    """The subset construction on places."""

    def __init__(
        self, graph: ProtocolGraph, role: int, gathers: dict[int, Gather], limit: int
    ) -> None:
        self.graph, self.role, self.gathers, self.limit = graph, role, gathers, limit
        self.name = graph.roles[role]

    def run(self) -> GatherMachine:
        nothing: Owed = ((),) * len(self.graph.roles)
        start = self._closure({_AnswersTaken(0, frozenset(), nothing)})
        numbers = {start: 0}
        order = [start]
        moves, sites, final = [], [], []
        is_done = stops_only_at_ends(self.graph)
        for places in order:
            if len({place.owed for place in places}) > 1:
                raise UnfollowedDebt(self.name, "cannot be told from later messages")
            targets: dict[Action, set[_AnswersTaken]] = {}
            site_of: dict[Action, int] = {}
            for place in sorted(places, key=_rank):
                for action, site, target in self._moves(place):
                    targets.setdefault(action, set()).add(target)
                    site_of.setdefault(action, site)
            row = []
            for action, found in targets.items():
                closed = self._closure(found)
                if closed not in numbers:
                    if len(order) >= self.limit:
                        raise MachineTooLarge(self.name, self.limit)
                    numbers[closed] = len(order)
                    order.append(closed)
                row.append((action, numbers[closed]))
            moves.append(tuple(row))
            sites.append(tuple(site_of[action] for action, _ in row))
            may_stop = any(self.graph.final[p.state] and not p.taken for p in places)
            awaits = any(place.state in self.gathers for place in places)
            final.append(may_stop or (is_done and not row and not awaits))
        machine = Machine(self.name, tuple(moves), tuple(final), tuple(sites))
        ended = [all(self.graph.final[p.state] for p in places) for places in order]
        return GatherMachine(machine, frozenset(n for n, is_end in enumerate(ended) if is_end))

    def _closure(self, places: set[_AnswersTaken]) -> frozenset[_AnswersTaken]:
        """Everything that events without the role lead to."""
        graph, seen, work = self.graph, set(places), list(places)
        while work:
            place = work.pop()
            if place.state in self.gathers:
                continue
            for e in range(graph.first[place.state], graph.first[place.state + 1]):
                if self.role not in (graph.sender[e], graph.receiver[e]):
                    target = place._replace(state=graph.target[e])
                    if target not in seen:
                        seen.add(target)
                        work.append(target)
        return frozenset(seen)

    def _moves(self, place: _AnswersTaken) -> Iterator[tuple[Action, int, _AnswersTaken]]:
        """What the role may do at a place: discard late answers, and go on."""
        graph = self.graph
        for sender, labels in enumerate(place.owed):
            if labels:
                left = (*place.owed[:sender], labels[1:], *place.owed[sender + 1 :])
                action = Action(False, graph.roles[sender], labels[0])
                yield action, self._site_of_late(sender, labels[0]), place._replace(owed=left)
        gather = self.gathers.get(place.state)
        if gather is not None:
            yield from self._answers(place, gather)
            return
        for e in range(graph.first[place.state], graph.first[place.state + 1]):
            event = graph.event(e)
            target = place._replace(state=graph.target[e])
            if graph.sender[e] == self.role:
                yield Action(True, event.receiver, event.label), graph.site[e], target
            elif graph.receiver[e] == self.role and not place.owed[graph.sender[e]]:
                yield Action(False, event.sender, event.label), graph.site[e], target

    def _answers(
        self, place: _AnswersTaken, gather: Gather
    ) -> Iterator[tuple[Action, int, _AnswersTaken]]:
        graph = self.graph
        for e in gather.transitions:
            sender = graph.sender[e]
            if sender in place.taken or place.owed[sender]:
                continue
            event = graph.event(e)
            taken = place.taken | {sender}
            action = Action(False, event.sender, event.label)
            if len(taken) < gather.needed:
                yield action, graph.site[e], place._replace(taken=taken)
                continue
            owed = list(place.owed)
            for late in gather.transitions:
                if graph.sender[late] not in taken:
                    owed[graph.sender[late]] += (graph.event(late).label,)
            if max(map(len, owed)) > _MOST_OWED:
                raise UnfollowedDebt(self.name, f"may be more than {_MOST_OWED} of one sender")
            end = graph.target[gather.transitions[-1]]
            yield action, graph.site[e], _AnswersTaken(end, frozenset(), tuple(owed))

    def _site_of_late(self, sender: int, label: str) -> int:
        graph = self.graph
        return next(
            graph.site[e]
            for gather in self.gathers.values()
            for e in gather.transitions
            if graph.sender[e] == sender and graph.event(e).label == label
        )


def _rank(place: _AnswersTaken) -> tuple[int, tuple[int, ...]]:
    return place.state, tuple(sorted(place.taken))
