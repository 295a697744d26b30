"""New numbers of entries put into local states and queues."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from tellverify.search.timed_roles import TimedRoles
from tellverify.search.timed_rows import Counts, EntryRow, MessageRow, PlaceRow

Renaming: TypeAlias = Mapping[int, int]  # entries that stay; the others are dropped


class EntryRenaming:
    """Applies one renaming."""

    def __init__(self, roles: TimedRoles, renaming: Renaming) -> None:
        self.roles = roles
        self.places = roles.places
        self.renaming = renaming
        self._renamed: dict[int, int] = {}

    def local(self, local: int) -> int:
        """The number of a local state with its entries renamed."""
        row = self.roles.locals.rows[local]
        view = tuple(sorted({self._place(place) for place in row.view}))
        failed = frozenset((self.renaming[e], a) for e, a in row.failed if e in self.renaming)
        new = row._replace(view=view, failed=failed, complete=self._set(row.complete))
        return self.roles.locals.number(new)

    def queue(self, queue: int) -> int:
        """The number of the content of a queue with its entries renamed."""
        return self.roles.queues.number(tuple(map(self._message, self.roles.queues.rows[queue])))

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
