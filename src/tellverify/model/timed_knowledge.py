"""What a role of a protocol with timeouts knows: its place, its entries, those that failed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple, TypeAlias


class Attempt(NamedTuple):
    """An entry into a scope: the entry around it, and its number from 1; 0 under `keep`."""

    scope: int
    around: Attempt | None
    number: int


Failed: TypeAlias = frozenset[tuple[Attempt, str]]  # with the alternative that was taken
Attempts: TypeAlias = frozenset[Attempt]
EntryCounts: TypeAlias = frozenset[tuple[tuple[int, "Attempt | None"], int]]
NOTHING: Final[frozenset[Attempt]] = frozenset()
NO_COUNTS: Final[EntryCounts] = frozenset()
NO_ROLES: Final[frozenset[str]] = frozenset()


class OpenEntry:
    """The record of an entry: where its body is, what the role did in it, and how things were when
    it began.

    Equal records are one object. `knows` is for `keep`: roles that know the entry to be complete.
    """

    __slots__ = ("acted", "counts", "entry", "inside", "knows", "records")

    def __init__(self, entry: Attempt, inside: bool, acted: bool, counts: EntryCounts) -> None:
        self.entry = entry
        self.inside = inside
        self.acted = acted
        self.counts = counts
        self.records: frozenset[OpenEntry] = frozenset()
        self.knows = NO_ROLES


Records: TypeAlias = frozenset[OpenEntry]


class TextPlace(NamedTuple):
    """Where a role may be."""

    node: int
    counts: EntryCounts
    records: Records


View: TypeAlias = frozenset[TextPlace]


class Knowledge(NamedTuple):
    """The state of a role; `fired` is for `keep`: a scope and the number of the firing."""

    view: View
    failed: Failed = frozenset()
    complete: Attempts = NOTHING
    fired: frozenset[tuple[int, int]] = frozenset()


def known_by(role: str) -> Callable[[OpenEntry], bool]:
    """Whether a role knows that an entry is complete."""
    return lambda record: role in record.knows
