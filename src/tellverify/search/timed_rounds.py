"""How many rounds of a loop are looked at for a role that goes round it in silence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from tellverify.search.computed_table import ComputedTable
from tellverify.search.timed_places import TimedPlaces
from tellverify.search.timed_role_places import Limit
from tellverify.search.timed_rows import (
    NO_ENTRY,
    Counts,
    Group,
    Interned,
    LocalRow,
    MessageRow,
)

_NONE: Final[frozenset[int]] = frozenset()
_AHEAD: Final = 2  # a role may be that many rounds beyond all that it and its message refer to
_Tops: TypeAlias = Mapping[Group, int]  # the largest number of an entry that is referred to


class RoundLimits:
    """Limits of the numbers of entries that a role may begin in silence.

    `rounds`: the last entry of a group; without it the limit follows the entries in hand, and
    `drifted` says that some view holds places of rounds without end, and is cut.
    """

    def __init__(
        self,
        places: TimedPlaces,
        locals_: Interned[LocalRow],
        messages: Interned[MessageRow],
        rounds: int | None,
    ) -> None:
        self.places = places
        self.rounds = rounds
        self.drifted = False
        self._locals = locals_
        self._messages = messages
        self._of_local = ComputedTable(self._tops_of_local)
        self._of_message = ComputedTable(self._tops_of_message)
        self._most = ComputedTable(self._find_most)
        self._paths: dict[int, tuple[tuple[int, int], ...]] = {}

    def limit(
        self, local: int, message: int | None = None, others: frozenset[int] = _NONE
    ) -> Limit:
        """The limit of each group for a role that takes a message: a few rounds beyond all that
        its local state and the message refer to.

        `others` are more entries that may not be the last.
        """
        rounds = self.rounds
        if rounds is not None:
            fixed = rounds
            return lambda group: fixed

        def limit(group: Group) -> int:
            top = self._of_local[local].get(group, 0)
            if message is not None:
                top = max(top, self._of_message[message].get(group, 0))
            if others:
                top = max(top, self._tops((others,)).get(group, 0))
            return top + _AHEAD

        return limit

    def _tops_of_local(self, local: int) -> _Tops:
        row = self._locals.rows[local]
        tops = self._tops((row.complete, (entry for entry, _ in row.failed)))
        met: set[int] = set()
        for place in row.view:
            _, counts, records = self.places.places.rows[place]
            self._count(counts, records, tops, met)
        return tops

    def _tops_of_message(self, message: int) -> _Tops:
        row = self._messages.rows[message]
        failed = (entry for entry, _ in row.failed)
        return self._tops((row.inside, row.unknown, row.complete, failed))

    def _tops(self, mentioned: Iterable[Iterable[int]]) -> dict[Group, int]:
        tops: dict[Group, int] = {}
        for entries in mentioned:
            for entry in entries:
                self._mention(entry, tops)
        return tops

    def _count(
        self, counts: Counts, records: Iterable[int], tops: dict[Group, int], met: set[int]
    ) -> None:
        for group, number in counts:
            if number > tops.get(group, 0):
                tops[group] = number
        for record in records:
            if record not in met:
                met.add(record)
                row = self.places.records.rows[record]
                self._mention(row.entry, tops)
                self._count(row.counts, row.records, tops, met)

    def _mention(self, entry: int, tops: dict[Group, int]) -> None:
        while entry != NO_ENTRY:
            scope, around, number = self.places.entries.rows[entry]
            if number > tops.get((scope, around), 0):
                tops[scope, around] = number
            entry = around

    def note_drift(self, view: Iterable[int], limit: Limit) -> None:
        """Places at the limit stand for rounds without end."""
        if self.rounds is None and not self.drifted:
            self.drifted = any(
                self._most[place] >= _AHEAD
                and any(
                    number >= limit(group)
                    for group, number in self.places.places.rows[place].counts
                )
                for place in view
            )

    def _find_most(self, place: int) -> int:
        """The largest number that a place counts; below `_AHEAD` it is at no limit."""
        return max((number for _, number in self.places.places.rows[place].counts), default=0)

    def path(self, entry: int) -> tuple[tuple[int, int], ...]:
        """Scopes and numbers of an entry, from the outermost."""
        found = self._paths.get(entry)
        if found is None:
            scope, around, number = self.places.entries.rows[entry]
            before = () if around == NO_ENTRY else self.path(around)
            found = self._paths[entry] = (*before, (scope, number))
        return found
