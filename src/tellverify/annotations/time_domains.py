"""The narrowest time domain of a field, judged by what its name says that the time is for.

A time is for one of four things, and each has the narrowest domain that says it:

- ordering: which fact comes first, in one total order. `OrderClock`, which tells no time at all.
- causality: which fact may have caused which. `LogicalClock`.
- agreement: until when, or from when, something holds for all parties, whose clocks differ.
  `Range`, whose bounds each of them can judge with its own clock.
- provenance: when its author did or saw something, by the author's own clock. `PhysicalClock`.

A wider domain reveals more than the field needs: wall-clock times where only an order counts leak
timing, and parties cannot agree on one instant of one clock. A field of the type
`TimeStamp` without a domain may hold any of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from tellverify.annotations.fact_schemas import FactField, FactSchema


class TimeUse(msgspec.Struct, frozen=True):
    """What a time is for, the domain that says this alone, and those that are no wider."""

    purpose: str
    narrowest: str
    fits: tuple[str, ...]


ORDERING: Final = TimeUse("the order of facts", "OrderClock", ("OrderClock",))
CAUSALITY: Final = TimeUse("what came before what", "LogicalClock", ("LogicalClock", "OrderClock"))
AGREEMENT: Final = TimeUse(
    "a time that parties agree on", "Range", ("Range", "LogicalClock", "OrderClock")
)
PROVENANCE: Final = TimeUse(
    "when its author acted",
    "PhysicalClock",
    ("PhysicalClock", "LogicalClock", "OrderClock", "Range"),
)

# The words of names, in the order in which they are looked for.
_WORDS: Final = (
    (AGREEMENT, r"expir\w*|valid|deadline|until|window|not_before|not_after|ttl|lease"),
    (ORDERING, r"seq|sequence|order|ordering|position|ordinal|rank"),
    (CAUSALITY, r"causal\w*|lamport|clock|vector|happened|after|before|prestate|epoch"),
)
_PATTERNS: Final = tuple((use, re.compile(rf"(?:^|_)(?:{words})(?:_|$)")) for use, words in _WORDS)
_ANY: Final = frozenset(("TimeStamp", "ProvenancedTime"))


class WideTime(msgspec.Struct, frozen=True):
    """A field of a variant whose domain is wider than its use, with that domain, "" for any."""

    variant: str
    field: str
    domain: str
    use: TimeUse


def use_of(name: str) -> TimeUse:
    """What the time in a field is for, as its name says; provenance where it says nothing else."""
    low = name.lower()
    return next((use for use, words in _PATTERNS if words.search(low)), PROVENANCE)


def is_time(field: FactField) -> bool:
    """Whether a field holds a time: it has a domain, or a type that holds any."""
    return bool(field.domain) or field.type.rpartition("::")[2] in _ANY


def wide_times(schema: FactSchema) -> Iterator[WideTime]:
    """The time fields in a wider domain than they need, in the order of the schema."""
    for variant in schema.variants:
        for field in filter(is_time, variant.fields):
            use = use_of(field.name)
            if field.domain not in use.fits:
                yield WideTime(variant.name, field.name, field.domain, use)
