"""New numbers of entries put into local states and queues."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from tellverify.search.computed_table import ComputedTable
from tellverify.search.timed_roles import TimedRoles
from tellverify.search.timed_rows import (
    Counts,
    EntryRow,
    Failure,
    LocalRow,
    MessageRow,
    PlaceRow,
)

Renaming: TypeAlias = Mapping[int, int]  # entries that stay; the others are dropped


class EntryRenaming:
    """Applies one renaming; what becomes of places, records, messages and sets is kept."""

    def __init__(self, roles: TimedRoles, renaming: Renaming) -> None:
        self.roles = roles
        self.places = roles.places
        self.renaming = renaming
        self._place = ComputedTable(self._find_place)
        self._record = ComputedTable(self._find_record)
        self._message = ComputedTable(self._find_message)
        self._sets: dict[frozenset[int], frozenset[int]] = {}
        self._failures: dict[frozenset[Failure], frozenset[Failure]] = {}

    def local(self, local: int) -> int:
        """The number of a local state with its entries renamed."""
        row = self.roles.locals.rows[local]
        places = self._place
        view = tuple(sorted({places[place] for place in row.view}))
        return self.roles.locals.number(
            LocalRow(view, self._failed(row.failed), self._set(row.complete), *row[3:])
        )

    def queue(self, queue: int) -> int:
        """The number of the content of a queue with its entries renamed."""
        messages = self._message
        row = self.roles.queues.rows[queue]
        return self.roles.queues.number(tuple([messages[message] for message in row]))

    def _find_message(self, message: int) -> int:
        row = self.roles.messages.rows[message]
        return self.roles.messages.number(
            MessageRow(
                row.label,
                self._set(row.inside),
                self._set(row.unknown),
                self._failed(row.failed),
                self._set(row.complete),
                row.fired,
                row.within,
            )
        )

    def _set(self, entries: frozenset[int]) -> frozenset[int]:
        if not entries:
            return entries
        found = self._sets.get(entries)
        if found is None:
            renaming = self.renaming
            found = frozenset([renaming[e] for e in entries if e in renaming])
            self._sets[entries] = found
        return found

    def _failed(self, failed: frozenset[Failure]) -> frozenset[Failure]:
        if not failed:
            return failed
        found = self._failures.get(failed)
        if found is None:
            renaming = self.renaming
            found = frozenset([(renaming[e], a) for e, a in failed if e in renaming])
            self._failures[failed] = found
        return found

    def _find_place(self, place: int) -> int:
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
        return tuple(sorted([self._record[record] for record in records]))

    def _find_record(self, record: int) -> int:
        row = self.places.records.rows[record]
        new = row._replace(
            entry=self.renaming[row.entry],
            counts=self._counts(row.counts),
            records=self._records(row.records),
        )
        return self.places.records.number(new)
