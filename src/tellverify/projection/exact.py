"""The coherence conditions of one role, decided exactly on its subset construction.

Two states are simultaneously reachable for a role exactly when one state of its subset
construction holds both. Conditions: Li, Stutz, Wies, Zufferey, OOPSLA 2025 (arXiv 2411.05722),
Definitions 4.1 to 4.3. Used only for roles that the congruence leaves in doubt.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from enum import StrEnum
from functools import cached_property

import msgspec

from tellverify.model.graph import ProtocolGraph
from tellverify.projection.availability import Availability, AvailabilityBudget


class ImplementabilityCondition(StrEnum):
    """The three conditions of coherence."""

    SEND_COHERENCE = "send-coherence"
    RECEIVE_COHERENCE = "receive-coherence"
    NO_MIXED_CHOICE = "no-mixed-choice"


class Violation(msgspec.Struct, frozen=True):
    """A role cannot know which of two states the protocol is in, and must.

    After `run` the role may act as in `transition`, which leaves a state that it cannot tell from
    the one reached. For a receive that may come too early, `onward` are the events from there on
    which the message becomes available, from the one that the role should have received first.
    """

    role: int
    condition: ImplementabilityCondition
    transition: int
    run: tuple[int, ...]
    onward: tuple[int, ...] = ()

    @property
    def length(self) -> int:
        """About how many events show it: an order of preference."""
        return 2 * len(self.run) + len(self.onward) + 1


class SubsetConstruction:
    """The subset construction of one role on the states of the graph.

    `subsets[i]` is closed under foreign events; `moves[i]` maps `(is a send, peer, label)` to a
    subset and to the transitions that make the move. Raises OutOfBudget.
    """

    def __init__(self, graph: ProtocolGraph, role: int, budget: AvailabilityBudget) -> None:
        self.graph = graph
        self.role = role
        self.budget = budget
        self.subsets: list[frozenset[int]] = []
        self.moves: list[dict[tuple[bool, int, int], tuple[int, list[int]]]] = []
        self.silent: list[list[int]] = []  # by state, where foreign events lead
        self._own: dict[int, list[int]] = {}  # by state, the role's transitions
        self._index: dict[frozenset[int], int] = {}
        self._behind: dict[int, int] = {}  # by state, the number of its closure
        self._split()
        self._construct()

    def _split(self) -> None:
        """Tell the role's transitions from foreign ones."""
        graph, role = self.graph, self.role
        target, sender, receiver = graph.target, graph.sender, graph.receiver
        low = 0
        for state, high in enumerate(graph.first[1:]):
            foreign = []
            for e in range(low, high):
                if sender[e] == role or receiver[e] == role:
                    self._own.setdefault(state, []).append(e)
                else:
                    foreign.append(target[e])
            self.silent.append(foreign)
            low = high

    @cached_property
    def silent_before(self) -> list[list[int]]:
        """By state, the states from which a foreign event leads to it."""
        before: list[list[int]] = [[] for _ in self.silent]
        for state, targets in enumerate(self.silent):
            for target in targets:
                before[target].append(state)
        return before

    def _number(self, members: list[int]) -> int:
        """The number of the closure of states."""
        state = members[0] if len(members) == 1 else -1
        if state in self._behind:
            return self._behind[state]
        closed = self._closure(members)
        known = self._index.get(closed)
        if known is None:
            known = self._index[closed] = len(self.subsets)
            self.subsets.append(closed)
        if state >= 0:
            self._behind[state] = known
        return known

    def _closure(self, members: list[int]) -> frozenset[int]:
        silent = self.silent
        seen = set(members)
        work = members
        while work:
            following = []
            for at in work:
                for state in silent[at]:
                    if state not in seen:
                        seen.add(state)
                        following.append(state)
            work = following
        self.budget.spend(len(seen))
        return frozenset(seen)

    def _construct(self) -> None:
        graph, role, own = self.graph, self.role, self._own
        sender, receiver, label, target = graph.sender, graph.receiver, graph.label, graph.target
        self._number([0])
        for subset in self.subsets:  # grows
            grouped: dict[tuple[bool, int, int], list[int]] = {}
            for state in sorted(own.keys() & subset):
                for e in own[state]:
                    is_send = sender[e] == role
                    action = (is_send, receiver[e] if is_send else sender[e], label[e])
                    if action in grouped:
                        grouped[action].append(e)
                    else:
                        grouped[action] = [e]
            self.moves.append(
                {
                    action: (self._number([target[e] for e in edges]), edges)
                    for action, edges in grouped.items()
                }
            )

    def action(self, e: int) -> tuple[bool, int, int]:
        """What the role does in transition `e`."""
        graph = self.graph
        if graph.sender[e] == self.role:
            return (True, graph.receiver[e], graph.label[e])
        return (False, graph.sender[e], graph.label[e])

    def own(self, number: int) -> list[int]:
        """The role's own transitions from a subset, in order."""
        own = self._own
        return [e for state in sorted(own.keys() & self.subsets[number]) for e in own[state]]


def violations(
    graph: ProtocolGraph, role: int, budget: AvailabilityBudget, available: Availability
) -> Violation | None:
    """The violation of `role` with the shortest history, or None when the role is coherent.

    Raises OutOfBudget.
    """
    views = SubsetConstruction(graph, role, budget)
    found = _FoundViolation(graph, views)
    for number in range(len(views.subsets)):
        _judge(views, number, available, found)
    return found.shortest()


class _FoundViolation:
    """Violations by the place `(state, subset)` of the protocol where they show."""

    def __init__(self, graph: ProtocolGraph, views: SubsetConstruction) -> None:
        self.graph = graph
        self.views = views
        self.at: dict[tuple[int, int], list[tuple[ImplementabilityCondition, int, list[int]]]] = {}

    def add(
        self, place: tuple[int, int], row: tuple[ImplementabilityCondition, int, list[int]]
    ) -> None:
        """Remember that at `place` the role may act as in a transition elsewhere."""
        self.at.setdefault(place, []).append(row)

    def shortest(self) -> Violation | None:
        """The violation that the fewest events show."""
        best: Violation | None = None
        if not self.at:
            return None
        walked = BranchPlaces(self.views)
        for place in walked.nearest():
            if place not in self.at:
                continue
            run = tuple(walked.run_to(place))
            if best is not None and 2 * len(run) + 1 >= best.length:
                break
            for condition, e, onward in self.at[place]:
                found = Violation(self.views.role, condition, e, run, tuple(onward))
                if best is None or found.length < best.length:
                    best = found
        return best


class BranchPlaces:
    """The reachable pairs of a state and the role's subset there."""

    def __init__(self, views: SubsetConstruction) -> None:
        self.views = views
        self.before: dict[tuple[int, int], tuple[tuple[int, int], int] | None] = {(0, 0): None}

    def nearest(self) -> Iterator[tuple[int, int]]:
        """Every pair, nearest first; `run_to` knows those that were given. Raises OutOfBudget."""
        order = [(0, 0)]
        before = self.before
        for place in order:  # grows
            yield place
            self.views.budget.spend(1)
            for e, below in self.after(place):
                if below not in before:
                    before[below] = (place, e)
                    order.append(below)

    def after(self, place: tuple[int, int]) -> Iterator[tuple[int, tuple[int, int]]]:
        """The transitions that leave a pair, each with the pair that it leads to."""
        views, graph = self.views, self.views.graph
        state, number = place
        for e in range(graph.first[state], graph.first[state + 1]):
            own = views.role in (graph.sender[e], graph.receiver[e])
            yield e, (graph.target[e], views.moves[number][views.action(e)][0] if own else number)

    def run_to(self, place: tuple[int, int]) -> list[int]:
        """The transitions of a shortest run to `place`."""
        run = []
        step = self.before[place]
        while step is not None:
            run.append(step[1])
            step = self.before[step[0]]
        return run[::-1]


def _judge(
    views: SubsetConstruction, number: int, available: Availability, found: _FoundViolation
) -> None:
    """Add every violation in one subset to `found`."""
    moves = views.moves[number]
    sends = [edges for (is_send, _, _), (_, edges) in moves.items() if is_send]
    receives = [
        (action, edges) for action, (_, edges) in moves.items() if not action[0]
    ]  # fmt: skip
    if sends and receives:
        _mixed_choices(views, number, sends, receives, found)
    for edges in sends:
        _send_incoherence(views, number, edges, found)
    if len({action[1] for action, _ in receives}) > 1:
        _races(views, number, receives, available, found)


def _mixed_choices(
    views: SubsetConstruction,
    number: int,
    sends: list[list[int]],
    receives: list[tuple[tuple[bool, int, int], list[int]]],
    found: _FoundViolation,
) -> None:
    """Where the protocol has the role receive, it may send."""
    for _, edges in receives:
        for other in edges:
            place = (_source(views.graph, other), number)
            found.add(place, (ImplementabilityCondition.NO_MIXED_CHOICE, sends[0][0], []))


def _send_incoherence(
    views: SubsetConstruction, number: int, edges: list[int], found: _FoundViolation
) -> None:
    """Where no silent run leads to the send, the role may send all the same."""
    members = views.subsets[number]
    sources = {_source(views.graph, e) for e in edges}
    if len(members) == len(sources):
        return
    before = views.silent_before
    views.budget.spend(len(members))
    reached = set(sources)
    work = list(sources)
    while work:
        for state in before[work.pop()]:
            if state in members and state not in reached:
                reached.add(state)
                work.append(state)
    for state in sorted(members - reached):
        found.add((state, number), (ImplementabilityCondition.SEND_COHERENCE, edges[0], []))


def _races(
    views: SubsetConstruction,
    number: int,
    receives: list[tuple[tuple[bool, int, int], list[int]]],
    available: Availability,
    found: _FoundViolation,
) -> None:
    """Where one sender is next, another one's message may already be there."""
    target = views.graph.target
    for (_, peer, label), edges in receives:
        for (_, other_peer, _), others in receives:
            if peer == other_peer:
                continue
            for other in others:
                behind = target[other]
                if (peer, label) not in available.possible(behind, views.role):
                    continue
                path = available.path(behind, views.role, peer, label)
                if path is not None:
                    place = (_source(views.graph, other), number)
                    row = (ImplementabilityCondition.RECEIVE_COHERENCE, edges[0], [other, *path])
                    found.add(place, row)


def _source(graph: ProtocolGraph, e: int) -> int:
    """The state that transition `e` leaves."""
    return bisect_right(graph.first, e) - 1
