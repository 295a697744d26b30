"""Configurations with canonical numbers of entries, by differences of fields."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple, TypeAlias

from tellverify.search.computed_table import ComputedTable
from tellverify.search.timed_fires import FiringRenaming, KeptFires
from tellverify.search.timed_layout import LOCAL, QUEUE, TimedLayout, within
from tellverify.search.timed_numbers import CanonicalNumbers
from tellverify.search.timed_renaming import EntryRenaming

_Renaming: TypeAlias = EntryRenaming | FiringRenaming


class _Changes(NamedTuple):
    """What a renaming changes: by the queues of a configuration, and by local states of roles.

    `locals_` has the shift of the field of each role with its table.
    """

    queues: ComputedTable[int]
    locals_: list[tuple[int, ComputedTable[int]]]


class CanonicalForm:
    """Renames configurations; what a renaming changes is found once for each value of a field.

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
        self._changes: dict[_Renaming, _Changes] = {}

    def of(self, configuration: int) -> int:
        """The same configuration with canonical numbers."""
        renaming = self.numbers.renaming(configuration)
        if renaming is None:
            return configuration
        changes = self._changes.get(renaming)
        if changes is None:
            changes = self._changes[renaming] = self._tables(renaming)
        found = configuration + changes.queues[configuration & self.layout.all_queues]
        for shift, of_local in changes.locals_:
            found += of_local[(configuration >> shift) & LOCAL]
        return found

    def _tables(self, renaming: _Renaming) -> _Changes:
        def of_local(role: int, local: int) -> int:
            return self.difference(role, local, renaming.local(local))

        def of_queue(queue: int) -> int:
            return within(renaming.queue(queue), QUEUE) - queue

        queue_changes = ComputedTable(of_queue)

        def of_queues(queues: int) -> int:
            found = 0
            for shift in self.layout.queue:
                queue = (queues >> shift) & QUEUE
                if queue:
                    found += queue_changes[queue] << shift
            return found

        roles = enumerate(self.layout.local)
        return _Changes(
            ComputedTable(of_queues),
            [(shift, ComputedTable(partial(of_local, role))) for role, shift in roles],
        )
