"""What local states and messages say of entries, as sets of bits.

Bit e of a set is entry e, or group e. Many local states and messages say the same: what they say is
a part, and there are few. A part is one integer, in which sets stand one behind another; parts are
united by `|`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Final, NamedTuple

from tellverify.search.computed_table import ComputedTable
from tellverify.search.timed_layout import LOCAL, QUEUE, TimedLayout
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

_FIRST_WIDTH: Final = 64
_UNKNOWN: Final = (0, False)


class SaidSets(NamedTuple):
    """The sets of a part.

    `named` are entries of records and tags and the entries around them, `counted` those that counts
    end at; `mentioned` are all, with the entries around them; `differs` are those that are not
    known as the entry before them is. `lives` and `begins` are groups: a path from here may come to
    the body around their entries, and may begin the first of them.
    """

    named: int
    counted: int
    mentioned: int
    differs: int
    lives: int
    begins: int


class _Context(NamedTuple):
    """Counts and bodies of a place, or of what was when an entry of it began."""

    role: int
    counts: Counts
    inside: frozenset[int]


class EntryGroup(NamedTuple):
    """Entries of one group that are mentioned, as a set and by number.

    `bit` is the group in sets of groups.
    """

    group: Group
    bit: int
    these: int
    numbers: dict[int, int]


class _PartKey(NamedTuple):
    contexts: frozenset[_Context]
    bound: frozenset[int]
    failed: frozenset[Failure]
    complete: frozenset[int]


class NumberPart:
    """What a local state or a message says of entries."""

    def __init__(self, places: TimedPlaces, groups: EntryGroups, key: _PartKey) -> None:
        self.places = places
        self.entries = places.entries
        self.rows = places.entries.rows
        self.groups = groups
        self._known = _known(key)
        self.contexts = [(context, dict(context.counts)) for context in key.contexts]
        counted = {
            self.entries.number(EntryRow(*group, number))
            for context in key.contexts
            for group, number in context.counts
        }
        mentioned = with_outer(self.rows, {*key.bound, *counted, *self._known})
        for entry in sorted(mentioned):
            groups.number(self.rows[entry][:2])
        # An entry that no other is around lives, and so does the group of one that is bound.
        outermost = {entry for entry in counted if self.rows[entry].around == NO_ENTRY}
        self._entries = (
            bits(with_outer(self.rows, key.bound) | outermost),
            bits(counted - outermost),
            bits(mentioned),
            bits(self._differing()),
        )
        self._lives = bits(groups.number(self.rows[entry][:2]) for entry in key.bound)
        self._begins = 0
        self._judged = 0

    def sets(self) -> tuple[int, ...]:
        """Its sets, in the order of `SaidSets`, now that all groups are known that there are."""
        if self._judged < len(self.groups.all):
            self._judge(self.groups.all)
        return (*self._entries, self._lives, self._begins)

    def _judge(self, groups: Sequence[Group]) -> None:
        for number in range(self._judged, len(groups)):
            scope, around = groups[number]
            participants = self.places.scopes[scope].participants
            for context, counts in self.contexts:
                if context.role not in participants:
                    continue
                if around != NO_ENTRY and self._is_ahead(context, counts, around) is False:
                    continue
                self._lives |= 1 << number
                if groups[number] not in counts:
                    self._begins |= 1 << number
        self._judged = len(groups)

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

    def _differing(self) -> set[int]:
        """Entries that are not known as the one before them in their group is."""
        found = set()
        for entry in self._known:
            scope, around, number = self.rows[entry]
            after = self.entries.number(EntryRow(scope, around, number + 1))
            if self.known(entry) != self.known(after):
                found.add(after)
            if number > 1:
                before = self.entries.number(EntryRow(scope, around, number - 1))
                if self.known(entry) != self.known(before):
                    found.add(entry)
        return found

    def known(self, entry: int) -> tuple[int, bool]:
        """How it says that an entry has failed, and whether it says that it is complete.

        The alternatives are bits of a number.
        """
        return self._known.get(entry, _UNKNOWN)


def _known(key: _PartKey) -> dict[int, tuple[int, bool]]:
    """The facts known about entries, for those with any."""
    failed: dict[int, int] = {}
    for entry, alternative in key.failed:
        failed[entry] = failed.get(entry, 0) | 1 << alternative
    return {
        entry: (failed.get(entry, 0), entry in key.complete)
        for entry in sorted(failed.keys() | key.complete)
    }


class NumberParts:
    """What configurations say of entries."""

    def __init__(self, roles: TimedRoles, layout: TimedLayout) -> None:
        self.roles = roles
        self.places = roles.places
        self.groups = EntryGroups(roles.places.entries)
        self.width = _FIRST_WIDTH  # bits of a set
        self._parts: dict[_PartKey, NumberPart] = {}
        self._of_local: list[dict[int, NumberPart]] = [{} for _ in layout.local]
        self._of_message: dict[int, NumberPart] = {}
        queues = ComputedTable(self._queue)
        locals_ = [ComputedTable(partial(self._local, role)) for role in range(len(layout.local))]
        self._fields = [
            *((shift, LOCAL, said) for shift, said in zip(layout.local, locals_, strict=True)),
            *((shift, QUEUE, queues) for shift in layout.queue),
        ]

    def of(self, configuration: int) -> int:
        """The union of the parts of all local states and queued messages."""
        while True:
            met, width = len(self.groups.all), self.width
            found = 0
            for shift, mask, said in self._fields:
                found |= said[(configuration >> shift) & mask]
            if met == len(self.groups.all) and width == self.width:
                return found
            for _, _, said in self._fields:
                said.clear()

    def sets(self, said: int) -> SaidSets:
        """The sets of a part."""
        width = self.width
        mask = (1 << width) - 1
        return SaidSets(
            said & mask,
            said >> width & mask,
            said >> 2 * width & mask,
            said >> 3 * width & mask,
            said >> 4 * width & mask,
            said >> 5 * width,
        )

    def _joined(self, part: NumberPart) -> int:
        sets = part.sets()
        while max(len(self.places.entries.rows), len(self.groups.all)) > self.width:
            self.width *= 2
        found = 0
        for one in reversed(sets):
            found = found << self.width | one
        return found

    def _part(self, key: _PartKey) -> NumberPart:
        found = self._parts.get(key)
        if found is None:
            found = self._parts[key] = NumberPart(self.places, self.groups, key)
        return found

    def _local(self, role: int, local: int) -> int:
        part = self._of_local[role].get(local)
        if part is None:
            part = self._of_local[role][local] = self._part_of_local(role, local)
        return self._joined(part)

    def _part_of_local(self, role: int, local: int) -> NumberPart:
        row: LocalRow = self.roles.locals.rows[local]
        contexts: set[_Context] = set()
        bound: set[int] = set()
        met: set[int] = set()
        for place in row.view:
            _, counts, records = self.places.places.rows[place]
            self._walk(role, counts, records, contexts, bound, met)
        key = _PartKey(frozenset(contexts), frozenset(bound), row.failed, row.complete)
        return self._part(key)

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

    def _queue(self, queue: int) -> int:
        found = 0
        for message in self.roles.queues.rows[queue]:
            part = self._of_message.get(message)
            if part is None:
                row: MessageRow = self.roles.messages.rows[message]
                key = _PartKey(frozenset(), row.inside | row.unknown, row.failed, row.complete)
                part = self._of_message[message] = self._part(key)
            found |= self._joined(part)
        return found


class EntryGroups:
    """The groups of entries, with the numbers of their members."""

    def __init__(self, entries: Interned[EntryRow]) -> None:
        self.rows = entries.rows
        self._groups: Interned[Group] = Interned()
        self._of: dict[int, list[EntryGroup]] = {}

    @property
    def all(self) -> list[Group]:
        """All groups, by number."""
        return self._groups.rows

    def number(self, group: Group) -> int:
        """The bit of a group in sets."""
        return self._groups.number(group)

    def of(self, mentioned: int) -> list[EntryGroup]:
        """Groups of some entries, outer ones first."""
        found = self._of.get(mentioned)
        if found is None:
            groups: dict[Group, dict[int, int]] = {}
            for entry in members(mentioned):
                scope, around, number = self.rows[entry]
                groups.setdefault((scope, around), {})[number] = entry
            ordered = sorted(groups, key=lambda group: (self._depth(group[1]), group))
            found = self._of[mentioned] = [
                EntryGroup(
                    group, 1 << self.number(group), bits(groups[group].values()), groups[group]
                )
                for group in ordered
            ]
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
