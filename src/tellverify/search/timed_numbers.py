"""Canonical numbers of entries, so that protocols that retry have finitely many configurations.

An entry is *named* if a count, a record or a queued message has it, or an entry inside it is.
Entries below everything that is named are dropped and the rest is shifted down. Of two neighbours
that are not named, with nothing inside them, and that all roles and messages know alike, one is
removed: every path passes both in the same manner, in silence or by being told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

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
    PlaceRow,
)

Renaming: TypeAlias = Mapping[int, int]  # entries that stay; the others are dropped


class _Missing:
    """No renaming was looked for yet."""


_MISSING: Final = _Missing()


class _Context(NamedTuple):
    """Counts and bodies of a place, or of what was when an entry of it began."""

    role: int
    counts: Counts
    inside: frozenset[int]


class _NumberPart(NamedTuple):
    """What a local state or a message says of entries.

    `bound` are entries of records and tags; `counted` are those that counts end at; `mentioned`
    are all, with the entries around them.
    """

    contexts: frozenset[_Context]
    bound: frozenset[int]
    counted: frozenset[int]
    failed: frozenset[Failure]
    complete: frozenset[int]
    mentioned: frozenset[int]


class CanonicalNumbers:
    """Renames the entries of configurations.

    Many local states and messages name and know the same entries: renamings are kept by that.
    """

    def __init__(self, roles: TimedRoles) -> None:
        self.roles = roles
        self.places: TimedPlaces = roles.places
        self.entries = roles.places.entries
        self.size = len(roles.places.protocol.roles)
        self._parts: Interned[_NumberPart] = Interned()
        self._shared: Interned[frozenset[int]] = Interned()
        self._of_local: list[dict[int, int]] = [{} for _ in range(self.size)]
        self._of_queue: dict[int, int] = {}
        self._renamings: dict[tuple[int, ...], _Rename | None] = {}
        self._of_parts: dict[frozenset[int], _Rename | None] = {}
        self.largest = 0  # number of an entry that could not be made smaller

    def canonical(self, configuration: Sequence[int]) -> tuple[int, ...]:
        """The same configuration with canonical numbers.

        It holds the local state of every role, then the queue of every channel.
        """
        size = self.size
        key = []
        for role in range(size):
            local = configuration[role]
            part = self._of_local[role].get(local)
            key.append(self._local_part(role, local) if part is None else part)
        for queue in configuration[size:]:
            part = self._of_queue.get(queue)
            key.append(self._queue_parts(queue) if part is None else part)
        parts = tuple(key)
        rename = self._renamings.get(parts, _MISSING)
        if isinstance(rename, _Missing):
            rename = self._renamings[parts] = self._renaming(parts)
        if rename is None:
            return tuple(configuration)
        return (
            *map(rename.local, configuration[:size]),
            *map(rename.queue, configuration[size:]),
        )

    def _renaming(self, key: tuple[int, ...]) -> _Rename | None:
        distinct = frozenset(key[: self.size]).union(
            *(self._shared.rows[number] for number in key[self.size :])
        )
        if distinct not in self._of_parts:
            parts = [self._parts.rows[number] for number in sorted(distinct)]
            numbering = _Numbering(self.places, parts)
            renaming = numbering.renaming()
            self.largest = max(self.largest, numbering.largest)
            rename = None if renaming is None else _Rename(self.roles, renaming)
            self._of_parts[distinct] = rename
        return self._of_parts[distinct]

    def _local_part(self, role: int, local: int) -> int:
        row = self.roles.locals.rows[local]
        contexts: list[_Context] = []
        bound: set[int] = set()
        met: set[int] = set()
        for place in row.view:
            _, counts, records = self.places.places.rows[place]
            self._walk(role, counts, records, contexts, bound, met)
        counted = {
            self.entries.number(EntryRow(*group, number))
            for context in contexts
            for group, number in context.counts
        }
        found = self._of_local[role][local] = self._part(
            frozenset(contexts), frozenset(bound), frozenset(counted), row
        )
        return found

    def _part(
        self,
        contexts: frozenset[_Context],
        bound: frozenset[int],
        counted: frozenset[int],
        row: LocalRow | MessageRow,
    ) -> int:
        failed = frozenset(entry for entry, _ in row.failed)
        mentioned = _with_outer(self.entries.rows, bound | counted | failed | row.complete)
        return self._parts.number(
            _NumberPart(contexts, bound, counted, row.failed, row.complete, frozenset(mentioned))
        )

    def _walk(
        self,
        role: int,
        counts: Counts,
        records: Iterable[int],
        contexts: list[_Context],
        bound: set[int],
        met: set[int],
    ) -> None:
        contexts.append(_Context(role, counts, self.places.inside(records)))
        for record in records:
            if record not in met:
                met.add(record)
                row = self.places.records.rows[record]
                bound.add(row.entry)
                self._walk(role, row.counts, row.records, contexts, bound, met)

    def _queue_parts(self, queue: int) -> int:
        rows = [self.roles.messages.rows[message] for message in self.roles.queues.rows[queue]]
        parts = [
            self._part(frozenset(), row.inside | row.unknown, frozenset(), row) for row in rows
        ]
        found = self._of_queue[queue] = self._shared.number(frozenset(parts))
        return found


def _with_outer(rows: Sequence[EntryRow], entries: Iterable[int]) -> set[int]:
    """Entries and those around them."""
    found: set[int] = set()
    for entry in entries:
        while entry != NO_ENTRY and entry not in found:
            found.add(entry)
            entry = rows[entry].around
    return found


class _Numbering:
    """New numbers for the entries of one configuration."""

    def __init__(self, places: TimedPlaces, parts: Sequence[_NumberPart]) -> None:
        self.places = places
        self.rows = places.entries.rows
        self.parts = parts
        self.contexts = [
            (context, dict(context.counts)) for part in parts for context in part.contexts
        ]
        self.failed = [dict(part.failed) for part in parts]
        self.bound: set[int] = set().union(*(part.bound for part in parts))
        every: set[int] = set().union(*(part.mentioned for part in parts))
        self.mentioned: dict[Group, set[int]] = {}
        for entry in every:
            self.mentioned.setdefault(self._group(entry), set()).add(entry)
        self.is_live = {group: self._lives(group) for group in self.mentioned}
        counted: set[int] = set().union(*(part.counted for part in parts))
        live = {entry for entry in counted if self.is_live[self._group(entry)]}
        self.named = _with_outer(self.rows, self.bound | live)
        self.largest = 0
        self.all_inside = {self.rows[e].around for e in every if self.is_live[self._group(e)]}

    def _group(self, entry: int) -> Group:
        row = self.rows[entry]
        return row.scope, row.around

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

    def _lives(self, group: Group) -> bool:
        """Whether an entry of the group is open, or may be begun."""
        scope, around = group
        if around == NO_ENTRY or any(self._group(entry) == group for entry in self.bound):
            return True
        participants = self.places.scopes[scope].participants
        return any(
            self._is_ahead(context, counts, around) is not False
            for context, counts in self.contexts
            if context.role in participants
        )

    def _lowest(self, group: Group) -> int:
        """The smallest number that is named, or 0 where a path may begin the first entry."""
        scope, around = group
        participants = self.places.scopes[scope].participants
        lowest = [self.rows[e].number for e in self.mentioned[group] if e in self.named]
        for context, counts in self.contexts:
            if context.role not in participants or group in counts:
                continue
            if around == NO_ENTRY or self._is_ahead(context, counts, around) is not False:
                return 0
        return min(lowest, default=0)

    def renaming(self) -> Renaming | None:
        """New entries, none for those that are dropped; None when all stay as they are."""
        found: dict[int, int] = {}
        is_identity = True
        for group in sorted(self.mentioned, key=lambda g: (self._depth(g[1]), g)):
            scope, around = group
            entries = {self.rows[entry].number: entry for entry in self.mentioned[group]}
            if not self.is_live[group] or (around != NO_ENTRY and around not in found):
                is_identity = False
                continue
            new_around = NO_ENTRY if around == NO_ENTRY else found[around]
            new_numbers = self._numbers(entries, self._lowest(group))
            for number, entry in entries.items():
                if number not in new_numbers:
                    is_identity = False
                    continue
                row = EntryRow(scope, new_around, new_numbers[number])
                found[entry] = self.places.entries.number(row)
                is_identity = is_identity and found[entry] == entry
        return None if is_identity else found

    def _depth(self, entry: int) -> int:
        depth = 0
        while entry != NO_ENTRY:
            depth += 1
            entry = self.rows[entry].around
        return depth

    def _numbers(self, entries: dict[int, int], lowest: int) -> dict[int, int]:
        """From old numbers to new ones, for the numbers that stay."""
        found: dict[int, int] = {}
        before: object = None  # how the neighbour below is known, None when it cannot be merged
        for number in range(max(lowest, 1), max(entries) + 1):
            entry = entries.get(number, NO_ENTRY)
            known: object = None
            if entry not in self.named and entry not in self.all_inside:
                known = self._known(entry)
                if known == before:
                    continue
            before = known
            found[number] = len(found) + 1
        self.largest = max(self.largest, len(found))
        return found

    def _known(self, entry: int) -> object:
        return [
            (failed.get(entry), entry in part.complete)
            for part, failed in zip(self.parts, self.failed, strict=True)
        ]


class _Rename:
    """Applies one renaming."""

    def __init__(self, roles: TimedRoles, renaming: Renaming) -> None:
        self.roles = roles
        self.places = roles.places
        self.renaming = renaming
        self._renamed: dict[int, int] = {}
        self._locals: dict[int, int] = {}
        self._queues: dict[int, int] = {}

    def local(self, local: int) -> int:
        found = self._locals.get(local)
        if found is None:
            found = self._locals[local] = self._local(local)
        return found

    def queue(self, queue: int) -> int:
        found = self._queues.get(queue)
        if found is None:
            row = tuple(map(self._message, self.roles.queues.rows[queue]))
            found = self._queues[queue] = self.roles.queues.number(row)
        return found

    def _local(self, local: int) -> int:
        row = self.roles.locals.rows[local]
        view = tuple(sorted({self._place(place) for place in row.view}))
        failed = frozenset((self.renaming[e], a) for e, a in row.failed if e in self.renaming)
        return self.roles.locals.number(LocalRow(view, failed, self._set(row.complete), row.fired))

    def _message(self, message: int) -> int:
        row = self.roles.messages.rows[message]
        failed = frozenset((self.renaming[e], a) for e, a in row.failed if e in self.renaming)
        return self.roles.messages.number(
            MessageRow(
                row.label,
                self._set(row.inside),
                self._set(row.unknown),
                failed,
                self._set(row.complete),
                row.fired,
                row.within,
            )
        )

    def _set(self, entries: Iterable[int]) -> frozenset[int]:
        return frozenset(self.renaming[e] for e in entries if e in self.renaming)

    def _place(self, place: int) -> int:
        node, counts, records = self.places.places.rows[place]
        row = PlaceRow(node, self._counts(counts), self._records(records))
        return self.places.places.number(row)

    def _counts(self, counts: Counts) -> Counts:
        entries = self.places.entries
        found = []
        for group, number in counts:
            new = self.renaming.get(entries.number(EntryRow(*group, number)))
            if new is not None:
                scope, around, new_number = entries.rows[new]
                found.append(((scope, around), new_number))
        return tuple(sorted(found))

    def _records(self, records: Iterable[int]) -> tuple[int, ...]:
        return tuple(sorted(map(self._record, records)))

    def _record(self, record: int) -> int:
        found = self._renamed.get(record)
        if found is None:
            row = self.places.records.rows[record]
            new = row._replace(
                entry=self.renaming[row.entry],
                counts=self._counts(row.counts),
                records=self._records(row.records),
            )
            found = self._renamed[record] = self.places.records.number(new)
        return found
