"""Entries into scopes as sets of bits, and the groups that number them.

Bit e of a set is entry e, or group e.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from tellverify.search.computed_table import ComputedTable
from tellverify.search.timed_rows import NO_ENTRY, Counts, EntryRow, Group, Interned


class EntryGroup(NamedTuple):
    """Entries of one group that are mentioned, as a set and by number.

    `bit` is the group in sets of groups, `around` the set of the entry around the group. `entries`
    has all entries by number up to the last that is mentioned, `up_to_last` is the set of them.
    """

    group: Group
    bit: int
    around: int
    these: int
    numbers: dict[int, int]
    entries: list[int]
    up_to_last: int


class CountedEntries(dict[Counts, tuple[int, int]]):
    """The entries that counts end at: those in another entry, and those in none."""

    def __init__(self, entries: Interned[EntryRow]) -> None:
        self._entries = entries

    def __missing__(self, counts: Counts) -> tuple[int, int]:
        inner = outer = 0
        for group, number in counts:
            entry = 1 << self._entries.number(EntryRow(*group, number))
            if group[1] == NO_ENTRY:
                outer |= entry
            else:
                inner |= entry
        self[counts] = inner, outer
        return inner, outer


class EntryGroups:
    """The groups of entries, with the numbers of their members.

    `path` has the set of an entry and those around it, `neighbours` the entries before and after it
    in its group, `counted` what counts end at: entries with another around them, and others.
    """

    def __init__(self, entries: Interned[EntryRow]) -> None:
        self.entries = entries
        self.rows = entries.rows
        self.path = ComputedTable(self._path)
        self.neighbours = ComputedTable(self._neighbours)
        self.counted = CountedEntries(entries)
        self._groups: Interned[Group] = Interned()
        self.all = self._groups.rows  # by number
        self._noted = 0
        self._of: dict[int, list[EntryGroup]] = {}

    def number(self, group: Group) -> int:
        """The bit of a group in sets."""
        return self._groups.number(group)

    def note(self, mentioned: int) -> None:
        """Give the groups of these entries numbers."""
        new = mentioned & ~self._noted
        if new:
            self._noted |= new
            for entry in members(new):
                self.number(self.rows[entry][:2])

    def _path(self, entry: int) -> int:
        around = self.rows[entry].around
        return 1 << entry | (0 if around == NO_ENTRY else self.path[around])

    def _neighbours(self, entry: int) -> tuple[int, int]:
        scope, around, number = self.rows[entry]
        after = self.entries.number(EntryRow(scope, around, number + 1))
        if number == 1:
            return NO_ENTRY, after
        return self.entries.number(EntryRow(scope, around, number - 1)), after

    def of(self, mentioned: int) -> list[EntryGroup]:
        """Groups of some entries, outer ones first."""
        found = self._of.get(mentioned)
        if found is None:
            groups: dict[Group, dict[int, int]] = {}
            for entry in members(mentioned):
                scope, around, number = self.rows[entry]
                groups.setdefault((scope, around), {})[number] = entry
            ordered = sorted(groups, key=lambda group: (self._depth(group[1]), group))
            found = self._of[mentioned] = [self._group(group, groups[group]) for group in ordered]
        return found

    def _group(self, group: Group, numbers: dict[int, int]) -> EntryGroup:
        last = max(numbers)
        entries = [self.entries.number(EntryRow(*group, number)) for number in range(1, last + 1)]
        around = 0 if group[1] == NO_ENTRY else 1 << group[1]
        these = bits(numbers.values())
        bit = 1 << self.number(group)
        return EntryGroup(group, bit, around, these, numbers, [NO_ENTRY, *entries], bits(entries))

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
