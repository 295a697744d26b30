"""What local states and messages say of entries, as sets of bits.

Bit e of a set is the entry of that number. Many local states and messages say the same: what they
say is a part, and there are few.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from tellverify.search.timed_places import TimedPlaces
from tellverify.search.timed_roles import TimedRoles
from tellverify.search.timed_rows import (
    NO_ENTRY,
    Counts,
    EntryRow,
    Failure,
    Group,
    Interned,
    LocalRow,
    MessageRow,
)


class _Context(NamedTuple):
    """Counts and bodies of a place, or of what was when an entry of it began."""

    role: int
    counts: Counts
    inside: frozenset[int]


class EntryGroup(NamedTuple):
    """Entries of one group that are mentioned, as a set and by number.

    `bit` is the group in sets of groups, `lowest` the entry with number 1, 0 for none. `is_whole`:
    no number is missing from 1 on.
    """

    group: Group
    bit: int
    these: int
    numbers: dict[int, int]
    lowest: int
    is_whole: bool


class _PartKey(NamedTuple):
    contexts: frozenset[_Context]
    bound: frozenset[int]
    failed: frozenset[Failure]
    complete: frozenset[int]


class NumberPart:
    """What a local state or a message says of entries.

    `bound` are entries of records and tags, `named` they and the entries around them; `counted` are
    those that counts end at; `mentioned` are all, with the entries around them. `failed` has a set
    for each number of an alternative. `lives` and `begins` are sets of groups, see `judge`.
    """

    def __init__(self, places: TimedPlaces, key: _PartKey) -> None:
        self.places = places
        self.rows = places.entries.rows
        self.contexts = [(context, dict(context.counts)) for context in key.contexts]
        counted = [
            places.entries.number(EntryRow(*group, number))
            for context in key.contexts
            for group, number in context.counts
        ]
        alternatives = max((len(scope.alternatives) for scope in places.scopes), default=0)
        self.bound = bits(key.bound)
        self.named = bits(with_outer(self.rows, key.bound))
        self.counted = bits(counted)
        self.failed = tuple(
            bits(entry for entry, a in key.failed if a == number) for number in range(alternatives)
        )
        self.complete = bits(key.complete)
        failed = [entry for entry, _ in key.failed]
        every = {*key.bound, *counted, *failed, *key.complete}
        self.mentioned = bits(with_outer(self.rows, every))
        self.lives = 0
        self.begins = 0
        self._judged = 0

    def judge(self, groups: Sequence[EntryGroup], all_groups: int) -> None:
        """Bring `lives` and `begins` up to these groups, whose bits are `all_groups`.

        A bit of `lives`: a path from here may come to the body around the entries of the group; of
        `begins`: it may begin the first entry.
        """
        if not all_groups & ~self._judged:
            return
        for one in groups:
            if not self._judged & one.bit:
                scope, around = one.group
                participants = self.places.scopes[scope].participants
                for context, counts in self.contexts:
                    if context.role not in participants:
                        continue
                    if around != NO_ENTRY and self._is_ahead(context, counts, around) is False:
                        continue
                    self.lives |= one.bit
                    if one.group not in counts:
                        self.begins |= one.bit
        self._judged |= all_groups

    def _is_ahead(self, context: _Context, counts: Mapping[Group, int], entry: int) -> bool | None:
        """Whether a path from `context` may begin `entry`; None when it is in its body."""
        if entry in context.inside:
            return None
        scope, around, number = self.rows[entry]
        if around != NO_ENTRY:
            outer = self._is_ahead(context, counts, around)
            if outer is not None:
                return outer
        return counts.get((scope, around), 0) < number

    def known(self, entry: int) -> tuple[tuple[int, ...], int]:
        """Whether it says that an entry has failed, and how, or that it is complete."""
        if entry == NO_ENTRY:
            return (0,) * len(self.failed), 0
        return tuple(one >> entry & 1 for one in self.failed), self.complete >> entry & 1


class NumberParts:
    """The parts of local states and queues, found once."""

    def __init__(self, roles: TimedRoles) -> None:
        self.roles = roles
        self.places = roles.places
        self._parts: dict[_PartKey, NumberPart] = {}
        self._of_local: list[dict[int, NumberPart]] = [{} for _ in roles.places.protocol.roles]
        self._of_queue: dict[int, tuple[NumberPart, ...]] = {}

    def of(self, configuration: Sequence[int]) -> dict[NumberPart, None]:
        """The parts of the local state of every role, then those of the queue of every channel."""
        found: dict[NumberPart, None] = {}
        size = len(self._of_local)
        for role in range(size):
            local = configuration[role]
            part = self._of_local[role].get(local)
            found[self._local(role, local) if part is None else part] = None
        for queue in configuration[size:]:
            if queue:
                parts = self._of_queue.get(queue)
                for one in self._queue(queue) if parts is None else parts:
                    found[one] = None
        return found

    def _part(self, key: _PartKey) -> NumberPart:
        found = self._parts.get(key)
        if found is None:
            found = self._parts[key] = NumberPart(self.places, key)
        return found

    def _local(self, role: int, local: int) -> NumberPart:
        row: LocalRow = self.roles.locals.rows[local]
        contexts: set[_Context] = set()
        bound: set[int] = set()
        met: set[int] = set()
        for place in row.view:
            _, counts, records = self.places.places.rows[place]
            self._walk(role, counts, records, contexts, bound, met)
        key = _PartKey(frozenset(contexts), frozenset(bound), row.failed, row.complete)
        found = self._of_local[role][local] = self._part(key)
        return found

    def _walk(
        self,
        role: int,
        counts: Counts,
        records: Iterable[int],
        contexts: set[_Context],
        bound: set[int],
        met: set[int],
    ) -> None:
        contexts.add(_Context(role, counts, self.places.inside(records)))
        for record in records:
            if record not in met:
                met.add(record)
                row = self.places.records.rows[record]
                bound.add(row.entry)
                self._walk(role, row.counts, row.records, contexts, bound, met)

    def _queue(self, queue: int) -> tuple[NumberPart, ...]:
        rows: list[MessageRow] = [
            self.roles.messages.rows[message] for message in self.roles.queues.rows[queue]
        ]
        keys = [
            _PartKey(frozenset(), row.inside | row.unknown, row.failed, row.complete)
            for row in rows
        ]
        found = self._of_queue[queue] = tuple(map(self._part, keys))
        return found


class EntryGroups:
    """The groups of entries, with the numbers of their members."""

    def __init__(self, entries: Interned[EntryRow]) -> None:
        self.rows = entries.rows
        self._outer: dict[int, int] = {}
        self._of: dict[int, tuple[list[EntryGroup], int]] = {}
        self._bits: dict[Group, int] = {}

    def of(self, mentioned: int) -> tuple[list[EntryGroup], int]:
        """Groups of some entries, outer ones first, and the set of these groups."""
        found = self._of.get(mentioned)
        if found is None:
            groups: dict[Group, dict[int, int]] = {}
            for entry in members(mentioned):
                scope, around, number = self.rows[entry]
                groups.setdefault((scope, around), {})[number] = entry
            ordered = sorted(groups, key=lambda group: (self._depth(group[1]), group))
            rows = [self._row(group, groups[group]) for group in ordered]
            found = self._of[mentioned] = rows, sum(row.bit for row in rows)
        return found

    def _row(self, group: Group, numbers: dict[int, int]) -> EntryGroup:
        bit = self._bits.setdefault(group, 1 << len(self._bits))
        lowest = 1 << numbers[1] if 1 in numbers else 0
        is_whole = max(numbers) == len(numbers)
        return EntryGroup(group, bit, bits(numbers.values()), numbers, lowest, is_whole)

    def outer(self, entries: int) -> int:
        """Entries and those around them."""
        found = self._outer.get(entries)
        if found is None:
            found = self._outer[entries] = bits(with_outer(self.rows, members(entries)))
        return found

    def _depth(self, entry: int) -> int:
        depth = 0
        while entry != NO_ENTRY:
            depth += 1
            entry = self.rows[entry].around
        return depth


def bits(entries: Iterable[int]) -> int:
    """The set of some entries."""
    found = 0
    for entry in entries:
        found |= 1 << entry
    return found


def members(entries: int) -> Iterable[int]:
    """The entries of a set, smallest numbers first."""
    while entries:
        low = entries & -entries
        yield low.bit_length() - 1
        entries ^= low


def with_outer(rows: Sequence[EntryRow], entries: Iterable[int]) -> set[int]:
    """Entries and those around them."""
    found: set[int] = set()
    for entry in entries:
        while entry != NO_ENTRY and entry not in found:
            found.add(entry)
            entry = rows[entry].around
    return found
