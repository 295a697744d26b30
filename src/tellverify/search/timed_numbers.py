"""Canonical numbers of entries, so that protocols that retry have finitely many configurations.

An entry is *named* if a count, a record or a queued message has it, or an entry inside it is.
Entries below everything that is named are dropped and the rest is shifted down. Of two neighbours
that are not named, with nothing inside them, and that all roles and messages know alike, one is
removed: every path passes both in the same manner, in silence or by being told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tellverify.model.components import strongly_connected
from tellverify.model.timed_text import EnterNode, TimedProtocol, following_nodes
from tellverify.search.timed_number_parts import (
    EntryGroup,
    EntryGroups,
    NumberPart,
    NumberParts,
)
from tellverify.search.timed_renaming import EntryRenaming, Renaming
from tellverify.search.timed_roles import TimedRoles
from tellverify.search.timed_rows import NO_ENTRY, EntryRow, Interned


class CanonicalNumbers:
    """Renames the entries of configurations; renamings that are alike are one object."""

    def __init__(self, roles: TimedRoles) -> None:
        self.roles = roles
        self.entries = roles.places.entries
        self.size = len(roles.places.protocol.roles)
        self.largest = 0  # number of an entry that could not be made smaller
        self._parts = NumberParts(roles)
        self._groups = EntryGroups(self.entries)
        self._renamings: dict[frozenset[tuple[int, int]], EntryRenaming] = {}

    def canonical(self, configuration: Sequence[int]) -> Sequence[int]:
        """The same configuration with canonical numbers.

        It holds the local state of every role, then the queue of every channel.
        """
        parts = self._parts.of(configuration)
        numbering = EntryNumbering(self.entries, self._groups, parts)
        renaming = numbering.renaming()
        self.largest = max(self.largest, numbering.largest)
        if renaming is None:
            return configuration
        key = frozenset(renaming.items())
        rename = self._renamings.get(key)
        if rename is None:
            rename = self._renamings[key] = EntryRenaming(self.roles, renaming)
        return (
            *map(rename.local, configuration[: self.size]),
            *map(rename.queue, configuration[self.size :]),
        )


class EntryNumbering:
    """New numbers for the entries of one configuration; sets are those of `NumberPart`."""

    def __init__(
        self, entries: Interned[EntryRow], groups: EntryGroups, parts: Iterable[NumberPart]
    ) -> None:
        self.entries = entries
        self.parts = parts
        self.largest = 0
        bound = named = counted = mentioned = 0
        for part in parts:
            bound |= part.bound
            named |= part.named
            counted |= part.counted
            mentioned |= part.mentioned
        self.groups, all_groups = groups.of(mentioned)
        lives = begins = 0
        for part in parts:
            part.judge(self.groups, all_groups)
            lives |= part.lives
            begins |= part.begins
        self.begins = begins
        self.live = 0  # groups of which an entry is open, or may be begun
        self.inside_of = 0  # entries with something inside them
        open_entries = 0
        for one in self.groups:
            around = one.group[1]
            if around == NO_ENTRY or bound & one.these or lives & one.bit:
                self.live |= one.bit
                open_entries |= one.these
                if around != NO_ENTRY:
                    self.inside_of |= 1 << around
        counted &= open_entries
        self.named = named if not counted & ~named else named | groups.outer(counted)

    def _lowest(self, one: EntryGroup) -> int:
        """The smallest number that is named, or 0 where a path may begin the first entry."""
        if self.begins & one.bit:
            return 0
        named = [number for number, entry in one.numbers.items() if self.named >> entry & 1]
        return min(named, default=0)

    def _stays(self) -> bool:
        """Whether it is plain that all numbers stay: none is missing, and none can be merged."""
        kept = self.named | self.inside_of
        for one in self.groups:
            unnamed = one.these & ~kept
            if not (one.is_whole and self.live & one.bit) or unnamed & (unnamed - 1):
                return False
            is_low = self.begins & one.bit or self.named & one.lowest
            if not is_low and self.named & one.these:
                return False
        return True

    def renaming(self) -> Renaming | None:
        """New entries, none for those that are dropped; None when all stay as they are."""
        if self._stays():
            self.largest = max((len(one.numbers) for one in self.groups), default=0)
            return None
        found: dict[int, int] = {}
        is_identity = True
        for one in self.groups:
            scope, around = one.group
            entries = one.numbers
            if not self.live & one.bit or (around != NO_ENTRY and around not in found):
                is_identity = False
                continue
            new_around = NO_ENTRY if around == NO_ENTRY else found[around]
            new_numbers = self._numbers(entries, self._lowest(one))
            for number, entry in entries.items():
                new = new_numbers.get(number)
                if new is None:
                    is_identity = False
                elif new == number and new_around == around:
                    found[entry] = entry
                else:
                    is_identity = False
                    found[entry] = self.entries.number(EntryRow(scope, new_around, new))
        return None if is_identity else found

    def _numbers(self, entries: dict[int, int], lowest: int) -> dict[int, int]:
        """From old numbers to new ones, for the numbers that stay."""
        found: dict[int, int] = {}
        before: object = None  # how the neighbour below is known, None when it cannot be merged
        kept = self.named | self.inside_of
        for number in range(max(lowest, 1), max(entries) + 1):
            entry = entries.get(number, NO_ENTRY)
            known: object = None
            if entry == NO_ENTRY or not kept >> entry & 1:
                known = self._known(entry)
                if known == before:
                    continue
            before = known
            found[number] = len(found) + 1
        self.largest = max(self.largest, len(found))
        return found

    def _known(self, entry: int) -> object:
        return [part.known(entry) for part in self.parts]


def may_enter_again(protocol: TimedProtocol) -> bool:
    """Whether a scope stands in a loop."""
    first, target = following_nodes(protocol)
    return any(
        isinstance(protocol.nodes[node], EnterNode)
        for component in strongly_connected(first, target, [protocol.start])
        for node in component
        if len(component) > 1 or node in target[first[node] : first[node + 1]]
    )
