"""What local states and messages say of entries, as sets of bits.

Bit e of a set is entry e, or group e. Many local states and messages say the same: what they say is
a part, and there are few. A part is one integer, in which sets stand one behind another; parts are
united by `|`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Final, NamedTuple, TypeAlias

from tellverify.search.computed_table import ComputedTable
from tellverify.search.timed_entry_groups import EntryGroups, bits, members
from tellverify.search.timed_layout import LOCAL, QUEUE, TimedLayout
from tellverify.search.timed_places import TimedPlaces
from tellverify.search.timed_roles import TimedRoles
from tellverify.search.timed_rows import (
    NO_ENTRY,
    Counts,
    Failure,
    Group,
    LocalRow,
    MessageRow,
)

_FIRST_WIDTH: Final = 64
# The alternatives in which an entry has failed, and whether it is complete.
Known: TypeAlias = tuple[frozenset[int], bool]
_UNKNOWN: Final[Known] = (frozenset(), False)


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
        counted = outermost = named = 0
        for context in key.contexts:
            inner, outer = groups.counted[context.counts]
            counted |= inner
            outermost |= outer
        for entry in key.bound:
            named |= groups.path[entry]
        mentioned = named | outermost
        for entry in (*members(counted), *self._known):
            mentioned |= groups.path[entry]
        groups.note(mentioned)
        # An entry that no other is around lives, and so does the group of one that is bound.
        self._entries = named | outermost, counted, mentioned, bits(self._differing())
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
            before, after = self.groups.neighbours[entry]
            if self.known(entry) != self.known(after):
                found.add(after)
            if before != NO_ENTRY and self.known(entry) != self.known(before):
                found.add(entry)
        return found

    def known(self, entry: int) -> Known:
        """The facts that it states about an entry."""
        return self._known.get(entry, _UNKNOWN)


def _known(key: _PartKey) -> dict[int, Known]:
    """The facts known about entries, for those with any."""
    failed: dict[int, set[int]] = {}
    for entry, alternative in key.failed:
        failed.setdefault(entry, set()).add(alternative)
    return {
        entry: (frozenset(failed.get(entry, ())), entry in key.complete)
        for entry in sorted(failed.keys() | key.complete)
    }


class NumberParts:
    """What configurations say of entries."""

    def __init__(self, roles: TimedRoles, layout: TimedLayout) -> None:
        self.roles = roles
        self.places = roles.places
        self.groups = EntryGroups(roles.places.entries)
        self.width = _FIRST_WIDTH  # bits of a set
        self._decisive: dict[int, int] = {}  # masks of parts, by what is mentioned
        self._parts: dict[_PartKey, NumberPart] = {}
        self._of_local: list[dict[int, NumberPart]] = [{} for _ in layout.local]
        self._of_message: dict[int, NumberPart] = {}
        self._layout = layout
        self._locals = [
            (shift, ComputedTable(partial(self._local, role)))
            for role, shift in enumerate(layout.local)
        ]
        self._queue = ComputedTable(self._find_queue)
        self._mail = ComputedTable(self._find_mail)  # by all queues of a configuration

    def of(self, configuration: int) -> int:
        """The union of the parts of all local states and queued messages."""
        groups, all_queues = self.groups.all, self._layout.all_queues
        while True:
            met, width = len(groups), self.width
            found = self._mail[configuration & all_queues]
            for shift, said in self._locals:
                found |= said[(configuration >> shift) & LOCAL]
            if met == len(groups) and width == self.width:
                return found
            for table in (self._queue, self._mail, *(said for _, said in self._locals)):
                table.clear()

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

    def decisive(self, said: int) -> int:
        """What canonical numbers depend on: what a part says of the entries that are mentioned.

        Of `lives` and `begins` that is what it says of their groups, of `differs` also what it says
        of the entries before the last of a group.
        """
        width = self.width
        mentioned = said >> 2 * width & ((1 << width) - 1)
        mask = self._decisive.get(mentioned)
        if mask is None:
            groups = known = 0
            for one in self.groups.of(mentioned):
                groups |= one.bit
                known |= one.up_to_last
            known &= (1 << width) - 1
            mask = 0
            for one_set in (groups, groups, known, mentioned, mentioned, mentioned):
                mask = mask << width | one_set
            self._decisive[mentioned] = mask
        return said & mask

    def _joined(self, part: NumberPart) -> int:
        sets = part.sets()
        while max(len(self.places.entries.rows), len(self.groups.all)) > self.width:
            self.width *= 2
            self._decisive.clear()
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

    def _find_mail(self, queues: int) -> int:
        found = 0
        for shift in self._layout.queue:
            found |= self._queue[(queues >> shift) & QUEUE]
        return found

    def _find_queue(self, queue: int) -> int:
        found = 0
        for message in self.roles.queues.rows[queue]:
            part = self._of_message.get(message)
            if part is None:
                row: MessageRow = self.roles.messages.rows[message]
                key = _PartKey(frozenset(), row.inside | row.unknown, row.failed, row.complete)
                part = self._of_message[message] = self._part(key)
            found |= self._joined(part)
        return found
