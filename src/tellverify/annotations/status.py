"""The status of a ceremony, reduced from its facts: a function of the set of facts, or not.

The reduction by rank is the one that `reduction` has for schemas without a table of their own.
Reducing by the fact that was written last is the way that depends on the order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import product
from typing import Final, TypeAlias

import msgspec

from tellverify.annotations.reduction import standard

INITIATED, ACCEPTED = "initiated", "accepted"
COMMITTED, ABORTED, SUPERSEDED = "committed", "aborted", "superseded"
VARIANTS: Final = (INITIATED, ACCEPTED, COMMITTED, ABORTED, SUPERSEDED)
TERMINAL: Final = (COMMITTED, ABORTED, SUPERSEDED)
CONFLICT: Final = "conflict"
BY_RANK: Final = standard({name: name for name in VARIANTS})
_RANKS: Final = BY_RANK.ranks()
_LONGEST: Final = 4

Reduction: TypeAlias = Callable[[Sequence[str]], str]


def by_last(facts: Sequence[str]) -> str:
    """The status that the fact written last stands for."""
    if not facts:
        return "preparing"
    return facts[-1] if facts[-1] in TERMINAL else "pending"


REDUCTIONS: Final[dict[str, Reduction]] = {"rank": BY_RANK.status, "last-writer": by_last}


class Unstable(msgspec.Struct, frozen=True):
    """Two orders of the same facts with different statuses, or a prefix with a higher rank."""

    first: tuple[str, ...]
    second: tuple[str, ...]
    statuses: tuple[str, str]


@cache
def unstable(name: str) -> Unstable | None:
    """The shortest facts showing that a reduction is not a function of their set, or not monotone.

    All sequences of up to four facts are tried, repeated ones included. Facts have five variants
    and the reductions look at which of them are there and at the last, so longer ones show nothing
    new.
    """
    reduce = REDUCTIONS[name]
    seen: dict[frozenset[str], tuple[str, ...]] = {}
    for length in range(_LONGEST + 1):
        for facts in product(VARIANTS, repeat=length):
            status = reduce(facts)
            before = seen.setdefault(frozenset(facts), facts)
            if reduce(before) != status:
                return Unstable(before, facts, (reduce(before), status))
            for cut in range(length):
                early = reduce(facts[:cut])
                if not _follows(early, status):
                    return Unstable(facts[:cut], facts, (early, status))
    return None


def _follows(early: str, late: str) -> bool:
    """Whether a status may become another one when facts are added."""
    return early == late or _RANKS[early] < _RANKS[late]
