"""Canonical numbers of entries, so that protocols that retry have finitely many configurations.

An entry is *named* if a count, a record or a queued message has it, or an entry inside it is.
Entries below everything that is named are dropped and the rest is shifted down. Of two neighbours
that are not named, with nothing inside them, and that all roles and messages know alike, one is
removed: every path passes both in the same manner, in silence or by being told.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tellverify.model.components import strongly_connected
from tellverify.model.timed_text import EnterNode, TimedProtocol, following_nodes
from tellverify.search.timed_entry_groups import EntryGroup, members
from tellverify.search.timed_layout import TimedLayout
from tellverify.search.timed_number_parts import NumberParts, SaidSets
from tellverify.search.timed_renaming import EntryRenaming
from tellverify.search.timed_roles import TimedRoles
from tellverify.search.timed_rows import NO_ENTRY, EntryRow


class GroupNumbers(NamedTuple):
    """New numbers for entries of a group that stay, and the largest one."""

    new: tuple[tuple[int, int], ...]
    largest: int
    all_stay: bool  # with their numbers


class CanonicalNumbers:
    """New numbers for the entries of configurations; renamings that are alike are one object."""

    def __init__(self, roles: TimedRoles, layout: TimedLayout) -> None:
        self.roles = roles
        self.entries = roles.places.entries
        self.largest = 0  # number of an entry that could not be made smaller
        self.parts = NumberParts(roles, layout)
        self.groups = self.parts.groups
        self._width = self.parts.width
        self._found: dict[int, EntryRenaming | None] = {}  # by parts
        self._decided: dict[int, EntryRenaming | None] = {}  # by what of a part is decisive
        self._renamings: dict[frozenset[tuple[int, int]], EntryRenaming] = {}
        self._by_numbers: dict[tuple[tuple[tuple[int, int], ...], ...], EntryRenaming] = {}
        self._numbers: dict[tuple[int, int, int, int, int], GroupNumbers] = {}

    def renaming(self, configuration: int) -> EntryRenaming | None:
        """What gives the entries of a configuration canonical numbers, None when they have them."""
        said = self.parts.of(configuration)
        if self._width != self.parts.width:
            self._width = self.parts.width
            self._found.clear()
            self._decided.clear()
        try:
            return self._found[said]
        except KeyError:
            found = self._found[said] = self._decide(self.parts.decisive(said))
            return found

    def _decide(self, decisive: int) -> EntryRenaming | None:
        try:
            return self._decided[decisive]
        except KeyError:
            found = self._decided[decisive] = self._find(self.parts.sets(decisive))
            return found

    def _find(self, sets: SaidSets) -> EntryRenaming | None:
        groups = self.groups.of(sets.mentioned)
        live = []  # groups of which an entry is open, or may be begun
        named, inside_of = sets.named, 0  # and the entries with something inside them
        for one in groups:
            if one.around:
                if not sets.lives & one.bit:
                    continue
                inside_of |= one.around
                counted = sets.counted & one.these
                if counted:
                    for entry in members(counted):
                        named |= self.groups.path[entry]
            live.append(one)
        numbers = [self._numbers_of(one, sets, named, inside_of) for one in live]
        if len(live) == len(groups) and all([found.all_stay for found in numbers]):
            self.largest = max([self.largest, *[found.largest for found in numbers]])
            return None
        key = tuple([found.new for found in numbers])
        made = self._by_numbers.get(key)
        if made is None:
            made = self._by_numbers[key] = self._renaming(live, numbers)
        return made

    def _renaming(
        self, groups: Sequence[EntryGroup], numbers: Sequence[GroupNumbers]
    ) -> EntryRenaming:
        """The renaming of entries in these groups, outer ones first; all others are dropped."""
        renaming = {NO_ENTRY: NO_ENTRY}
        for one, found in zip(groups, numbers, strict=True):
            scope, around = one.group
            if around in renaming:
                self.largest = max(self.largest, found.largest)
                for entry, number in found.new:
                    row = EntryRow(scope, renaming[around], number)
                    renaming[entry] = self.entries.number(row)
        del renaming[NO_ENTRY]
        key = frozenset(renaming.items())
        made = self._renamings.get(key)
        if made is None:
            made = self._renamings[key] = EntryRenaming(self.roles, renaming)
        return made

    def _numbers_of(
        self, one: EntryGroup, sets: SaidSets, named: int, inside_of: int
    ) -> GroupNumbers:
        these = one.these
        begins, differs = sets.begins & one.bit, sets.differs & one.up_to_last
        key = these, named & these, inside_of & these, differs, begins
        found = self._numbers.get(key)
        if found is None:
            lowest = self.lowest(one, named, bool(begins))
            kept = named | inside_of
            found = self._numbers[key] = self._merged(one, lowest, kept, differs)
        return found

    def lowest(self, one: EntryGroup, named: int, begins: bool) -> int:
        """The smallest number that is named, or 1 where a path may begin the first entry."""
        if begins:
            return 1
        return min((n for n, entry in one.numbers.items() if named >> entry & 1), default=1)

    def _merged(self, one: EntryGroup, lowest: int, kept: int, differs: int) -> GroupNumbers:
        """New numbers from `lowest` on; neighbours that are not `kept` are one if known alike."""
        new = []
        largest = 0
        may_merge = False  # whether the entry before is one that an entry like it merges with
        for number in range(lowest, len(one.entries)):
            entry = one.entries[number]
            is_kept = kept >> entry & 1
            if may_merge and not is_kept and not differs >> entry & 1:
                continue
            may_merge = not is_kept
            largest += 1
            if number in one.numbers:
                new.append((entry, largest))
        all_stay = len(new) == len(one.numbers) and all(
            self.entries.rows[entry].number == number for entry, number in new
        )
        return GroupNumbers(tuple(new), largest, all_stay)


def may_enter_again(protocol: TimedProtocol) -> bool:
    """Whether a scope stands in a loop."""
    first, target = following_nodes(protocol)
    return any(
        isinstance(protocol.nodes[node], EnterNode)
        for component in strongly_connected(first, target, [protocol.start])
        for node in component
        if len(component) > 1 or node in target[first[node] : first[node + 1]]
    )
