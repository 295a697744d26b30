"""Gathers whose order is left open, or that need only some of the answers, as a graph.

A *gather* is what a statement such as `Devices[*] -> Boss : Vote` becomes: consecutive messages of
different senders to one receiver. In the loosened graph its messages come in every order. With
`min_responses : k` the receiver continues after any k of them; the others are *late*: their senders
cannot tell, the receiver discards them.

The loosened graph is outside of the class of the complete theory, since different senders leave one
state. The coherence conditions (Li, Stutz, Wies, Zufferey, OOPSLA 2025, arXiv 2411.05722,
Definitions 4.1 to 4.3) are asked of it with these changes: a late message is silent for its
receiver; a receive may come early where the state itself offers it too; a blocked sender of a
gather blocks the receiver only when fewer than k senders are left that are not blocked. That they
suffice here is tested and not proved: no fault was found where they hold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

import msgspec

from tellverify.model.graph import ProtocolGraph, needed_responses
from tellverify.projection.availability import AvailabilityBudget

_MOST_MEMBERS: Final = 10  # of a gather: 2^n states


class Gather(msgspec.Struct, frozen=True):
    """Consecutive messages of one statement to one receiver.

    `transitions` are those of the graph, in index order, from state `start` on; `senders` their
    senders. The receiver continues after `needed` of them.
    """

    start: int
    receiver: int
    senders: tuple[int, ...]
    transitions: tuple[int, ...]
    needed: int


class LooseEvent(NamedTuple):
    """A transition of the loosened graph; `gather` is -1 outside of gathers."""

    sender: int
    receiver: int
    label: int
    target: int
    gather: int = -1
    late: bool = False

    def action(self, role: int) -> tuple[bool, int, int] | None:
        """What `role` does in it: is it a send, the peer, the label; None for nothing."""
        if self.sender == role:
            return True, self.receiver, self.label
        if self.receiver == role and not self.late:
            return False, self.sender, self.label
        return None


class Loosened(msgspec.Struct, frozen=True):
    """The loosened graph: for each state its events; states of the graph keep their numbers."""

    rows: tuple[tuple[LooseEvent, ...], ...]
    final: frozenset[int]
    gathers: tuple[Gather, ...]
    roles: int


def gathers_of(graph: ProtocolGraph) -> tuple[Gather, ...]:
    """All gathers of at least two messages, or with `min_responses`, by their first state.

    A statement that begins where a choice is made, or whose receivers are several, is none.
    """
    entered = Counter(graph.target)
    entered[0] += 1
    first, target = graph.first, graph.target
    found = []
    covered: set[int] = set()
    for start in range(graph.state_count):
        e = first[start]
        if first[start + 1] - e != 1 or e in covered or _continues(graph, start, entered):
            continue
        chain = [e]
        while _extends(graph, chain, entered):
            chain.append(first[target[chain[-1]]])
        covered.update(chain)
        needed = needed_responses(graph.site_of(e))
        if len(chain) > 1 or needed is not None:
            senders = tuple(graph.sender[each] for each in chain)
            count = len(chain) if needed is None else needed
            found.append(Gather(start, graph.receiver[e], senders, tuple(chain), count))
    return tuple(found)


def _continues(graph: ProtocolGraph, state: int, entered: Counter[int]) -> bool:
    """True when the only event of `state` belongs to the gather of the event that leads to it."""
    if entered[state] != 1 or state == 0:
        return False
    before = graph.target.index(state)
    return _extends(graph, [before], entered)


def _extends(graph: ProtocolGraph, chain: list[int], entered: Counter[int]) -> bool:
    """True when the event after a chain belongs to the same gather."""
    state = graph.target[chain[-1]]
    e = graph.first[state]
    if graph.final[state] or entered[state] != 1 or graph.first[state + 1] - e != 1:
        return False
    same = graph.site[e] == graph.site[chain[0]] and graph.receiver[e] == graph.receiver[chain[0]]
    return same and graph.sender[e] not in {graph.sender[each] for each in chain}


def loosen(graph: ProtocolGraph, needed: Callable[[Gather], int] | None = None) -> Loosened | None:
    """The loosened graph, None when a gather is too large or needs more answers than it has.

    `needed` gives the answers that a gather needs instead of what its statement says.
    """
    gathers = gathers_of(graph)
    if needed is not None:
        gathers = tuple(msgspec.structs.replace(one, needed=needed(one)) for one in gathers)
    if any(
        len(each.senders) > _MOST_MEMBERS or each.needed > len(each.senders) for each in gathers
    ):
        return None
    rows: list[list[LooseEvent]] = [[] for _ in range(graph.state_count)]
    inside = {e for each in gathers for e in each.transitions}
    for state in range(graph.state_count):
        for e in range(graph.first[state], graph.first[state + 1]):
            if e not in inside:
                channel = graph.sender[e], graph.receiver[e], graph.label[e]
                rows[state].append(LooseEvent(*channel, graph.target[e]))
    for number, gather in enumerate(gathers):
        _add_orders(graph, gather, number, rows)
    final = frozenset(state for state in range(graph.state_count) if graph.final[state])
    return Loosened(tuple(map(tuple, rows)), final, gathers, len(graph.roles))


def _add_orders(
    graph: ProtocolGraph, gather: Gather, number: int, rows: list[list[LooseEvent]]
) -> None:
    """Every order of the answers that are needed, and behind it the late ones."""
    members = range(len(gather.senders))
    end = graph.target[gather.transitions[-1]]
    places: dict[frozenset[int], int] = {frozenset(): gather.start}

    def place(done: frozenset[int]) -> int:
        if len(done) == len(gather.senders):
            return end
        if done not in places:
            places[done] = len(rows)
            rows.append([])
            work.append(done)
        return places[done]

    work: list[frozenset[int]] = [frozenset()]
    for done in work:
        late = len(done) >= gather.needed
        rest = [member for member in members if member not in done]
        for member in rest[:1] if late else rest:
            e = gather.transitions[member]
            rows[places[done]].append(
                LooseEvent(
                    gather.senders[member],
                    gather.receiver,
                    graph.label[e],
                    place(done | {member}),
                    number,
                    late,
                )
            )


class LooseViews:
    """The subset construction of one role on a loosened graph. Raises OutOfBudget."""

    def __init__(self, loosened: Loosened, role: int, budget: AvailabilityBudget) -> None:
        self.loosened, self.role, self.budget = loosened, role, budget
        self.subsets: list[frozenset[int]] = [self.closure([0])]
        self.moves: list[dict[tuple[bool, int, int], int]] = []
        index = {self.subsets[0]: 0}
        for subset in self.subsets:
            targets: dict[tuple[bool, int, int], set[int]] = {}
            for state in subset:
                for event in loosened.rows[state]:
                    action = event.action(role)
                    if action is not None:
                        targets.setdefault(action, set()).add(event.target)
            moves = {}
            for action in sorted(targets):
                closed = self.closure(targets[action])
                if closed not in index:
                    index[closed] = len(self.subsets)
                    self.subsets.append(closed)
                moves[action] = index[closed]
            self.moves.append(moves)

    def closure(self, states: Iterable[int]) -> frozenset[int]:
        """Everything that events without the role lead to."""
        seen = set(states)
        work = list(seen)
        while work:
            for event in self.loosened.rows[work.pop()]:
                if event.action(self.role) is None and event.target not in seen:
                    seen.add(event.target)
                    work.append(event.target)
        self.budget.spend(len(seen))
        return frozenset(seen)


def is_available(
    loosened: Loosened, start: int, role: int, message: tuple[int, int], budget: AvailabilityBudget
) -> bool:
    """May `message`, a sender and a label, be first on its channel while `role` waits at `start`?

    Raises OutOfBudget.
    """
    seen = {(start, 1 << role)}
    work = list(seen)
    while work:
        state, blocked = work.pop()
        budget.spend(1 + len(loosened.rows[state]))
        for event in loosened.rows[state]:
            is_blocked = blocked >> event.sender & 1
            if event.receiver == role and event.sender == message[0] and not event.late:
                if not is_blocked and event.label == message[1]:
                    return True
                continue
            after = blocked
            if is_blocked and not event.late and _blocks(loosened, event, blocked):
                after |= 1 << event.receiver
            if (event.target, after) not in seen:
                seen.add((event.target, after))
                work.append((event.target, after))
    return False


def may_owe_ever_more(
    loosened: Loosened, number: int, member: int, budget: AvailabilityBudget
) -> bool:
    """May the receiver of a gather go round a loop while `member` of it never acts again?

    Then late answers of that member grow without limit. Raises OutOfBudget.
    """
    gather = loosened.gathers[number]
    starts = _rounds(loosened, gather, 1 << member, budget)
    return any(blocked in _rounds(loosened, gather, blocked, budget) for blocked in starts)


def _rounds(
    loosened: Loosened, gather: Gather, blocked: int, budget: AvailabilityBudget
) -> set[int]:
    """The roles that are blocked when the gather begins again, its receiver not among them."""
    found: set[int] = set()
    seen = {(gather.start, blocked)}
    work = list(seen)
    while work:
        state, here = work.pop()
        budget.spend(1 + len(loosened.rows[state]))
        for event in loosened.rows[state]:
            after = here
            if here >> event.sender & 1 and not event.late and _blocks(loosened, event, here):
                after |= 1 << event.receiver
            if after >> gather.receiver & 1:
                continue
            if event.target == gather.start:
                found.add(after)
            if (event.target, after) not in seen:
                seen.add((event.target, after))
                work.append((event.target, after))
    return found


def _blocks(loosened: Loosened, event: LooseEvent, blocked: int) -> bool:
    """True when the receiver cannot do without the blocked sender of an event."""
    if event.gather < 0:
        return True
    gather = loosened.gathers[event.gather]
    left = sum(not blocked >> sender & 1 for sender in gather.senders)
    return left < gather.needed
