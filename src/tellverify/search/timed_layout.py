"""Configurations of protocols with timeouts as integers.

Each role has a field for its local state, one for the entries that it knows to have failed, which
its local state gives, and one for the rest of its budgets of faults. Each channel has a field
for its queue. A field holds the number of a row of a table.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tellverify.search.timed_rows import TooManyTimedPlaces

LOCAL_BITS: Final = 20
FAILED_BITS: Final = 14
LEDGER_BITS: Final = 10
QUEUE_BITS: Final = 20
LOCAL: Final = (1 << LOCAL_BITS) - 1
FAILED: Final = (1 << FAILED_BITS) - 1
LEDGER: Final = (1 << LEDGER_BITS) - 1
QUEUE: Final = (1 << QUEUE_BITS) - 1


class TimedLayout:
    """Where the fields of `roles` roles and of `channels` are; without budgets no ledgers are kept.

    `channels` are pairs of a sender and a receiver.
    """

    def __init__(self, roles: int, channels: Sequence[tuple[int, int]], *, ledgers: bool) -> None:
        self.local = tuple(LOCAL_BITS * role for role in range(roles))
        at = LOCAL_BITS * roles
        self.failed = tuple(at + FAILED_BITS * role for role in range(roles))
        at += FAILED_BITS * roles
        self.ledger = tuple(at + LEDGER_BITS * role for role in range(roles)) if ledgers else ()
        at += LEDGER_BITS * len(self.ledger)
        self.queue = tuple(at + QUEUE_BITS * number for number in range(len(channels)))
        self.all_roles = (1 << roles) - 1  # as bits of a set
        self.all_queues = sum(QUEUE << shift for shift in self.queue)
        self.all_ledgers = sum(LEDGER << shift for shift in self.ledger)
        self.mail = tuple(
            sum(QUEUE << self.queue[n] for n, (_, to) in enumerate(channels) if to == role)
            for role in range(roles)
        )

    def rows(self, configuration: int) -> list[int]:
        """The local state of every role, then the queue of every channel."""
        found = [(configuration >> shift) & LOCAL for shift in self.local]
        return found + [(configuration >> shift) & QUEUE for shift in self.queue]

    def packed(self, rows: Sequence[int], failed: Sequence[int]) -> int:
        """The configuration of `rows`, with what roles know to have failed, and no ledgers."""
        roles = len(self.local)
        found = 0
        for row, shift in zip(rows[:roles], self.local, strict=True):
            found |= within(row, LOCAL) << shift
        for row, shift in zip(failed, self.failed, strict=True):
            found |= within(row, FAILED) << shift
        for row, shift in zip(rows[roles:], self.queue, strict=True):
            found |= within(row, QUEUE) << shift
        return found


def within(row: int, most: int) -> int:
    """The number of a row. Raises TooManyTimedPlaces for one that its field cannot hold."""
    if row > most:
        raise TooManyTimedPlaces
    return row
