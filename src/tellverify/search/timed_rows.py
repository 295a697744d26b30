"""The values that searches of protocols with timeouts are made of, as rows of tables.

Equal values have one number. A *group* is a scope with the entry whose body is around it; entries
of one group are numbered from 1. A place is a node with the count of every group and the records
of open entries; a record holds the counts and records that held when its entry began, for the role
comes back to them when it learns that the entry has failed.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final, Generic, NamedTuple, TypeAlias, TypeVar

from tellverify.model.timed_text import FirePolicy as FirePolicy
from tellverify.model.timed_text import LatePolicy as LatePolicy

NO_ENTRY: Final = -1
MOST_PLACES: Final = 20_000  # of one role at one time
Group: TypeAlias = tuple[int, int]  # scope, the entry around or NO_ENTRY
Counts: TypeAlias = tuple[tuple[Group, int], ...]
Failure: TypeAlias = tuple[int, int]  # entry, number of the alternative
Value = TypeVar("Value", bound=Hashable)


class TooManyTimedPlaces(Exception):
    """A role may be at more than `MOST_PLACES` places; the search ends before that."""


class Interned(Generic[Value]):
    """A table of values; equal values have one row."""

    def __init__(self) -> None:
        self.rows: list[Value] = []
        self._numbers: dict[Value, int] = {}

    def number(self, value: Value) -> int:
        """The number of a value, a new one for a new value."""
        found = self._numbers.get(value)
        if found is None:
            found = self._numbers[value] = len(self.rows)
            self.rows.append(value)
        return found


class EntryRow(NamedTuple):
    """One entry into a scope: its number there, and the entry that it is in."""

    scope: int
    around: int
    number: int


class RecordRow(NamedTuple):
    """`knows` is for `keep`: one bit for each role that knows the entry to be complete."""

    entry: int
    inside: bool
    acted: bool
    knows: int
    counts: Counts
    records: tuple[int, ...]


class PlaceRow(NamedTuple):
    """A node of the protocol, with what was counted and entered on the way there."""

    node: int
    counts: Counts
    records: tuple[int, ...]


class ScopeRow(NamedTuple):
    """A scope of a timer by numbers: its owner, the scope around it, its body and alternatives."""

    owner: int
    around: int
    body: int
    alternatives: tuple[int, ...]
    participants: frozenset[int]


class LocalRow(NamedTuple):
    """`fired` is for `keep`: firings that the role knows of, as a scope and a number.

    `has_acted` is set by the first event of the role where a search asks for it.
    """

    view: tuple[int, ...]
    failed: frozenset[Failure]
    complete: frozenset[int]
    fired: frozenset[tuple[int, int]]
    has_acted: bool = False


class MessageRow(NamedTuple):
    """`inside` and `unknown`: entries that it belongs to, in whose bodies its sender was, or not.

    `fired` and `within` are for `keep`: firings that the sender knew of, and the scopes in whose
    bodies it may have been.
    """

    label: str
    inside: frozenset[int]
    unknown: frozenset[int]
    failed: frozenset[Failure]
    complete: frozenset[int]
    fired: frozenset[tuple[int, int]]
    within: frozenset[int]
