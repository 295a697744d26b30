"""Is a history a start of a linearisation of one of the partial orders of a protocol with `par`?

A *tracker* is a beginning of a run of the protocol that explains the history. It is kept as far as
the future depends on it:

- of a level, the state that the run has come to, and in the order of the run its events that have
  not been sent and received, and its parallel compositions that are not over;
- of a parallel composition one tracker for each branch, and the roles that are past it;
- of an event that was sent, its place among the messages of its channel that are queued.

A role performs what comes first for it. It may do so in any branch of a composition, which gives
several trackers, and it is past a composition when no branch has anything left for it. A reception
belongs to the event whose send queued the message that is taken. A send beyond the end of the run
extends the run, by all events of other roles on the way to it; so a run is committed to early, and
trackers that took another way than the roles do are lost. Without a tracker the history is not
faithful. There may be infinitely many ways to a send: then `work` exceeds every limit.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Final, TypeAlias

from tellverify.model.parallel_order import ParallelLevel, ParallelOrder
from tellverify.search.fidelity import DEAD, FOREIGN, EventMonitor

BEYOND: Final = 1 << 62
_MOST_TRACKERS: Final = 2_000

# An event of the run: 0, its number, and its place in the queue, 0 before it is sent.
# A composition of the run: 1, its number, trackers of its branches, a bit for each role past it.
Item: TypeAlias = "tuple[int, int, int] | tuple[int, int, tuple[Tracker, ...], int]"
# A level, its state, and what of the run is not over.
Tracker: TypeAlias = "tuple[int, int, tuple[Item, ...]]"


class _TooMany(Exception):
    """More trackers than are kept."""


class ParallelMonitor(EventMonitor):
    """Like `FidelityMonitor`, for protocols with parallel branches; see there for the methods.

    `work` counts the trackers that were looked at; it is BEYOND once there were too many.
    """

    def __init__(self, order: ParallelOrder) -> None:
        super().__init__(order.roles, order.labels)
        self.roles = len(order.roles)
        self.work = 0
        self._spent = 0
        self._levels: list[ParallelLevel] = [order.whole]
        self._branches: list[tuple[int, ...]] = []
        for branches in order.branches:
            self._branches.append(
                tuple(range(len(self._levels), len(self._levels) + len(branches)))
            )
            self._levels += branches
        self._ends: list[tuple[int, int]] = []
        self._event = [self._numbered(level) for level in self._levels]
        self._acting = self._all_acting()
        self._states: list[tuple[Tracker, ...]] = []
        self._index: dict[tuple[Tracker, ...], int] = {}
        self.initial = self._intern({(0, 0, ())})

    def trackers(self, state: int) -> tuple[Tracker, ...]:
        """The trackers behind a monitor state, none for DEAD."""
        return () if state == DEAD else self._states[state]

    def is_complete(self, state: int) -> bool:
        """True when the history is a linearisation of one of the orders."""
        return any(self._is_over(tracker) for tracker in self.trackers(state))

    def _step(self, state: int, role: int, action: int) -> int:
        channel = self._ends[action >> 1]
        self._spent = 0
        found: set[Tracker] = set()
        try:
            for tracker in self._states[state]:
                queued = self._queued(tracker, channel)
                for after in self._steps(tracker, role, action, queued + 1, 0):
                    renumbered = self._advanced(after, channel) if action & 1 else after
                    found.add(self._tidied(renumbered))
                    self.work += 1 + len(renumbered[2])
                    if len(found) > _MOST_TRACKERS:
                        raise _TooMany
        except _TooMany:
            self.work = BEYOND
            return state
        self.work += self._spent
        return self._intern(found) if found else DEAD

    def _intern(self, trackers: set[Tracker]) -> int:
        ordered = tuple(sorted(trackers, key=repr))
        number = self._index.setdefault(ordered, len(self._states))
        if number == len(self._states):
            self._states.append(ordered)
        return number

    # What roles do

    def _steps(
        self, tracker: Tracker, role: int, action: int, place: int, shut: int
    ) -> Iterator[Tracker]:
        """What `tracker` becomes when `role` performs `action`; a send queues as number `place`.

        Roles in `shut` are past the composition that the tracker is of: nothing may be left for
        them. `role` is not one of them.
        """
        level, state, items = tracker
        pending: list[tuple[tuple[Item, ...], int]] = [((), 0)]
        while pending:
            done, index = pending.pop()
            blocked = False
            while index < len(items) and not blocked:
                item, rest = items[index], items[index + 1 :]
                if len(item) == 3:
                    performed = self._performed(item, role, action, place)
                    if performed is not None:
                        yield level, state, (*done, *performed, *rest)
                    blocked = self._is_due(item, role)
                elif not item[3] >> role & 1 and self._acting_in(item[1]) >> role & 1:
                    for inside in self._inside(item, role, action, place, shut):
                        yield level, state, (*done, inside, *rest)
                    pending += [((*done, past), index + 1) for past in self._past(item, role, shut)]
                    blocked = True
                done = (*done, item)
                index += 1
            if not blocked and not action & 1:
                yield from self._extended((level, state, done), role, action, place, shut)

    def _is_due(self, item: Item, role: int) -> bool:
        """`role` has to send or receive the event before it can go on."""
        assert len(item) == 3
        sender, receiver = self._ends[item[1]]
        return receiver == role or (sender == role and not item[2])

    def _performed(self, item: Item, role: int, action: int, place: int) -> tuple[Item, ...] | None:
        """The rest of an event when `role` performs `action` as its part; None: it cannot."""
        assert len(item) == 3
        _, event, queued = item
        if action >> 1 != event:
            return None
        if action & 1:
            return () if queued == 1 else None
        return ((0, event, place),) if not queued else None

    def _inside(self, item: Item, role: int, action: int, place: int, shut: int) -> Iterator[Item]:
        """A composition after an action of `role` in one of its branches."""
        assert len(item) == 4
        kind, number, branches, past = item
        for index, branch in enumerate(branches):
            for after in self._steps(branch, role, action, place, shut | past):
                yield kind, number, (*branches[:index], after, *branches[index + 1 :]), past

    def _past(self, item: Item, role: int, shut: int) -> Iterator[Item]:
        """A composition in which nothing is left for `role`."""
        assert len(item) == 4
        kind, number, branches, past = item
        ways = [list(self._without(branch, role, shut | past)) for branch in branches]
        for combined in product(*ways):
            self._spend()
            yield kind, number, combined, past | 1 << role

    def _without(self, branch: Tracker, role: int, shut: int) -> Iterator[Tracker]:
        """Extensions of a branch with nothing left for `role`."""
        level, state, items = branch
        parts: list[list[Item]] = []
        for item in items:
            if len(item) == 3:
                if self._is_due(item, role):
                    return
                parts.append([item])
            elif item[3] >> role & 1 or not self._acting_in(item[1]) >> role & 1:
                parts.append([item])
            else:
                parts.append(list(self._past(item, role, shut)))
        for combined in product(*parts):
            if not self._acting[level][state] >> role & 1:
                self._spend()
                yield level, state, combined
                continue
            for end, more in self._paths(level, state, combined, shut | 1 << role):
                if self._levels[level].final[end]:
                    yield level, end, more

    def _paths(
        self, number: int, state: int, items: tuple[Item, ...], shut: int
    ) -> Iterator[tuple[int, tuple[Item, ...]]]:
        """The states that a level leads to by events without the roles in `shut`."""
        level = self._levels[number]
        pending = [(state, items)]
        while pending:
            here, done = pending.pop()
            self._spend(len(done))
            yield here, done
            for t in range(level.first[here], level.first[here + 1]):
                pending += [(level.target[t], (*done, i)) for i in self._entered(number, t, shut)]

    def _entered(self, number: int, t: int, shut: int) -> Iterator[Item]:
        """Transition `t` as an item, with nothing in it for the roles in `shut`."""
        level = self._levels[number]
        if level.sender[t] < self.roles:
            if not (shut >> level.sender[t] | shut >> level.receiver[t]) & 1:
                yield 0, self._event[number][t], 0
            return
        found: list[Item] = [self._fresh(level.sender[t] - self.roles)]
        for role in range(self.roles):
            if shut >> role & 1 and self._acting_in(found[0][1]) >> role & 1:
                found = [past for item in found for past in self._past(item, role, 0)]
                if not found:
                    return
        yield from found

    def _fresh(self, composition: int) -> Item:
        return 1, composition, tuple((b, 0, ()) for b in self._branches[composition]), 0

    def _extended(
        self, tracker: Tracker, role: int, action: int, place: int, shut: int
    ) -> Iterator[Tracker]:
        """Runs that go on to a send of `role` by events that others perform."""
        number, start, items = tracker
        level, mine = self._levels[number], 1 << role
        if not self._acting[number][start] & mine:
            return
        for here, done in self._paths_to(number, start, items, role, shut):
            for t in range(level.first[here], level.first[here + 1]):
                sender, target = level.sender[t], level.target[t]
                if sender >= self.roles:
                    for fresh in self._entered(number, t, shut):
                        for inside in self._inside(fresh, role, action, place, shut):
                            yield number, target, (*done, inside)
                elif 2 * self._event[number][t] == action and not shut >> level.receiver[t] & 1:
                    yield number, target, (*done, (0, action >> 1, place))

    def _paths_to(
        self, number: int, start: int, items: tuple[Item, ...], role: int, shut: int
    ) -> Iterator[tuple[int, tuple[Item, ...]]]:
        """States from which `role` still acts, by ways on which nothing is left for it."""
        level, mine = self._levels[number], 1 << role
        pending = [(start, items)]
        while pending:
            here, done = pending.pop()
            self._spend(len(done))
            yield here, done
            for t in range(level.first[here], level.first[here + 1]):
                if self._acting[number][level.target[t]] & mine:
                    entered = self._entered(number, t, shut | mine)
                    pending += [(level.target[t], (*done, item)) for item in entered]

    def _spend(self, items: int = 0) -> None:
        """Count a way that was looked at, by the `items` on it that were copied."""
        self._spent += 1 + items
        if self._spent > _MOST_TRACKERS * 10:
            raise _TooMany

    # Remainders

    def _is_over(self, tracker: Tracker) -> bool:
        level, state, items = tracker
        return bool(self._levels[level].final[state]) and all(
            len(item) == 4 and all(map(self._is_over, item[2])) for item in items
        )

    def _queued(self, tracker: Tracker, channel: tuple[int, int]) -> int:
        """How many messages of a channel are queued."""
        count = 0
        for item in tracker[2]:
            if len(item) == 4:
                count += sum(self._queued(branch, channel) for branch in item[2])
            elif item[2] and self._ends[item[1]] == channel:
                count += 1
        return count

    def _advanced(self, tracker: Tracker, channel: tuple[int, int]) -> Tracker:
        """`tracker` after a message of a channel was taken: the others move up."""
        level, state, items = tracker
        moved: list[Item] = []
        for item in items:
            if len(item) == 4:
                branches = tuple(self._advanced(branch, channel) for branch in item[2])
                moved.append((1, item[1], branches, item[3]))
            elif item[2] and self._ends[item[1]] == channel:
                moved.append((0, item[1], item[2] - 1))
            else:
                moved.append(item)
        return level, state, tuple(moved)

    def _tidied(self, tracker: Tracker) -> Tracker:
        """`tracker` without compositions in which nothing can happen any more."""
        level, state, items = tracker
        kept: list[Item] = []
        for item in items:
            if len(item) == 4:
                branches = tuple(map(self._tidied, item[2]))
                everyone = self._acting_in(item[1])
                is_closed = item[3] & everyone == everyone
                if all(map(self._is_over if is_closed else self._is_spent, branches)):
                    continue
                kept.append((1, item[1], branches, item[3]))
            else:
                kept.append(item)
        return level, state, tuple(kept)

    def _is_spent(self, tracker: Tracker) -> bool:
        level, state, items = tracker
        first = self._levels[level].first
        is_final = bool(self._levels[level].final[state])
        return is_final and not items and first[state] == first[state + 1]

    # The protocol

    def _numbered(self, level: ParallelLevel) -> list[int]:
        events = []
        for t, sender in enumerate(level.sender):
            key = (sender, level.receiver[t], level.label[t])
            if sender < self.roles and key not in self._number:
                self._number[key] = len(self._number)
                self._ends.append((sender, level.receiver[t]))
            events.append(self._number.get(key, FOREIGN))
        return events

    def _acting_in(self, composition: int) -> int:
        """A bit for each role that acts in a composition."""
        roles = 0
        for branch in self._branches[composition]:
            roles |= self._acting[branch][0]
        return roles

    def _all_acting(self) -> list[list[int]]:
        """For every state of every level a bit for each role that acts from there on.

        The branches of a composition are numbered before the level that has it, except that the
        whole is number 0; so levels are done from the first branch on, and the whole last.
        """
        self._acting = [[0] * (len(level.first) - 1) for level in self._levels]
        for number in [*range(1, len(self._levels)), 0]:
            level, acting = self._levels[number], self._acting[number]
            own = [0] * len(acting)
            for state in range(len(acting)):
                for t in range(level.first[state], level.first[state + 1]):
                    sender = level.sender[t]
                    if sender < self.roles:
                        own[state] |= 1 << sender | 1 << level.receiver[t]
                    else:
                        own[state] |= self._acting_in(sender - self.roles)
            changed = True
            while changed:
                changed = False
                for state in reversed(range(len(acting))):
                    below = own[state]
                    for t in range(level.first[state], level.first[state + 1]):
                        below |= acting[level.target[t]]
                    if below != acting[state]:
                        acting[state] = below
                        changed = True
        return self._acting
