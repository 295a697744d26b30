"""Configurations with canonical numbers of entries, by differences of fields."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from tellverify.search.computed_table import ComputedTable
from tellverify.search.timed_fires import FiringRenaming, KeptFires
from tellverify.search.timed_layout import LOCAL, QUEUE, TimedLayout, within
from tellverify.search.timed_numbers import CanonicalNumbers
from tellverify.search.timed_renaming import EntryRenaming

_Renaming: TypeAlias = EntryRenaming | FiringRenaming
_Changes: TypeAlias = tuple[int, int, ComputedTable[int]]  # shift and mask of a field, differences


class CanonicalForm:
    """Renames configurations; what a renaming changes in a field is found once for each value.

    `difference` gives what a new local state of a role changes in a configuration.
    """

    def __init__(
        self,
        numbers: CanonicalNumbers | KeptFires,
        layout: TimedLayout,
        difference: Callable[[int, int, int], int],
    ) -> None:
        self.numbers = numbers
        self.layout = layout
        self.difference = difference
        self._changes: dict[_Renaming, list[_Changes]] = {}

    def of(self, configuration: int) -> int:
        """The same configuration with canonical numbers."""
        renaming = self.numbers.renaming(configuration)
        if renaming is None:
            return configuration
        fields = self._changes.get(renaming)
        if fields is None:
            fields = self._changes[renaming] = self._fields(renaming)
        for shift, mask, changes in fields:
            configuration += changes[(configuration >> shift) & mask]
        return configuration

    def _fields(self, renaming: _Renaming) -> list[_Changes]:
        def of_local(role: int, local: int) -> int:
            return self.difference(role, local, renaming.local(local))

        def of_queue(shift: int, queue: int) -> int:
            return (within(renaming.queue(queue), QUEUE) - queue) << shift

        found = [
            (shift, LOCAL, ComputedTable(partial(of_local, role)))
            for role, shift in enumerate(self.layout.local)
        ]
        found += [
            (shift, QUEUE, ComputedTable(partial(of_queue, shift))) for shift in self.layout.queue
        ]
        return found
