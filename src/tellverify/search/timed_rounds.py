"""How many rounds of a loop are looked at for a role that goes round it in silence."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tellverify.search.timed_places import TimedPlaces
from tellverify.search.timed_rows import (
    NO_ENTRY,
    Counts,
    Group,
    LocalRow,
    MessageRow,
    SilentContext,
)

_NONE: Final[frozenset[int]] = frozenset()
_AHEAD: Final = 2  # a role may be that many rounds beyond all that it and its message refer to


class RoundLimits:
    """Limits of the numbers of entries that a role may begin in silence.

    `rounds`: the last entry of a group; without it the limit follows the entries in hand, and
    `drifted` says that some view holds places of rounds without end, and is cut.
    """

    def __init__(self, places: TimedPlaces, rounds: int | None) -> None:
        self.places = places
        self.rounds = rounds
        self.drifted = False
        self._paths: dict[int, tuple[tuple[int, int], ...]] = {}

    def context(
        self,
        role: int,
        local: LocalRow,
        message: MessageRow | None,
        others: frozenset[int] = _NONE,
    ) -> SilentContext:
        """Silent steps to a few rounds beyond all that the role and the message refer to.

        `others` are more entries that may not be the last.
        """
        rounds = self.rounds
        if rounds is not None:
            fixed = rounds
            return SilentContext(role, local.complete, lambda group: fixed)
        tops: dict[Group, int] = {}
        met: set[int] = set()
        for place in local.view:
            row = self.places.places.rows[place]
            self._count(row.counts, row.records, tops, met)
        mentioned = [others, local.complete, {entry for entry, _ in local.failed}]
        if message is not None:
            mentioned += [message.inside, message.unknown, message.complete]
            mentioned.append({entry for entry, _ in message.failed})
        for entries in mentioned:
            for entry in entries:
                self._mention(entry, tops)
        return SilentContext(role, local.complete, lambda group: tops.get(group, 0) + _AHEAD)

    def _count(
        self, counts: Counts, records: Iterable[int], tops: dict[Group, int], met: set[int]
    ) -> None:
        for group, number in counts:
            tops[group] = max(tops.get(group, 0), number)
        for record in records:
            if record not in met:
                met.add(record)
                row = self.places.records.rows[record]
                self._mention(row.entry, tops)
                self._count(row.counts, row.records, tops, met)

    def _mention(self, entry: int, tops: dict[Group, int]) -> None:
        while entry != NO_ENTRY:
            scope, around, number = self.places.entries.rows[entry]
            tops[scope, around] = max(tops.get((scope, around), 0), number)
            entry = around

    def note_drift(self, view: Iterable[int], context: SilentContext) -> None:
        """Places at the limit stand for rounds without end."""
        if self.rounds is None and not self.drifted:
            self.drifted = any(
                number >= context.limit(group)
                for place in view
                for group, number in self.places.places.rows[place].counts
            )

    def path(self, entry: int) -> tuple[tuple[int, int], ...]:
        """Scopes and numbers of an entry, from the outermost."""
        found = self._paths.get(entry)
        if found is None:
            scope, around, number = self.places.entries.rows[entry]
            before = () if around == NO_ENTRY else self.path(around)
            found = self._paths[entry] = (*before, (scope, number))
        return found
