"""The user's own reduction of facts to a status, and why it is one.

A table gives each fact a status, and statuses ranks. A log is reduced fact by fact: of two statuses
the one of higher rank remains, and two different ones of the same rank are the status `conflict`.
That is a function of the set of facts, whatever their order and repetition, if and only if the step
is idempotent, commutative and associative, and the initial status neutral; all statuses are tried.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Annotated

import msgspec

_Text = Annotated[str, msgspec.Meta(min_length=1)]
_Rank = Annotated[tuple[_Text, ...], msgspec.Meta(min_length=1, max_length=16)]


class StatusReduction(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How facts become a status.

    `precedence` has the statuses by rank, lowest first; `facts` the status of each variant;
    `initial` is the status without facts, `conflict` that of two different statuses of one rank.
    """

    precedence: Annotated[tuple[_Rank, ...], msgspec.Meta(min_length=1, max_length=16)]
    facts: Mapping[_Text, _Text]
    initial: _Text
    conflict: str = ""

    def ranks(self) -> dict[str, int]:
        """The rank of each status."""
        return {name: rank for rank, names in enumerate(self.precedence) for name in names}

    def joined(self, one: str, two: str) -> str:
        """The status that results from two."""
        ranks = self.ranks()
        if one == two or ranks[one] > ranks[two]:
            return one
        return two if ranks[two] > ranks[one] else self.conflict

    def status(self, facts: Sequence[str]) -> str:
        """The status of a log. Raises KeyError at a fact that the table lacks."""
        found = self.initial
        for fact in facts:
            found = self.joined(found, self.facts[fact])
        return found


def standard(variants: Mapping[str, str]) -> StatusReduction:
    """The reduction of a ceremony without a table: by what each variant stands for.

    Two outcomes are a conflict; a variant that stands for nothing leaves the status unchanged.
    """
    outcomes = ("committed", "aborted", "superseded")
    of = {"initiated": "pending", "accepted": "pending", "": "preparing"}
    return StatusReduction(
        precedence=(("preparing",), ("pending",), outcomes, ("conflict",)),
        facts={name: of.get(part, part) for name, part in variants.items()},
        initial="preparing",
        conflict="conflict",
    )


def faults_of_reduction(table: StatusReduction, variants: Sequence[str]) -> Iterator[str]:
    """Why a table is not a total, monotone function of the set of facts; nothing where it is."""
    ranks = table.ranks()
    listed = [name for names in table.precedence for name in names]
    for name in dict.fromkeys(name for name in listed if listed.count(name) > 1):
        yield f"the status `{name}` stands in `precedence` twice"
    given = [table.initial, *table.facts.values(), *([table.conflict] if table.conflict else [])]
    for name in dict.fromkeys(name for name in given if name not in ranks):
        yield f"the status `{name}` has no rank in `precedence`"
    for name in variants:
        if name not in table.facts:
            yield f"it is not total: `{name}` has no status"
    for name in table.facts:
        if name not in variants:
            yield f"`{name}` has a status and is not a variant of the schema"
    if any(name not in ranks for name in given) or len(set(listed)) < len(listed):
        return
    yield from _clashes(table)


def _clashes(table: StatusReduction) -> Iterator[str]:
    """The first facts for which order or repetition decides the status, or that lower it."""
    ranks = table.ranks()
    values = dict.fromkeys([table.initial, *table.facts.values()])
    for one, two in product(values, repeat=2):
        if one != two and ranks[one] == ranks[two] and not table.conflict:
            yield f"`{one}` and `{two}` have one rank, and there is no status `conflict`"
            return
    if table.conflict:
        values[table.conflict] = None
    for value in values:
        if table.joined(table.initial, value) != value:
            yield f"it is not monotone: the initial `{table.initial}` outranks `{value}`"
            return
    for one, two in product(values, repeat=2):
        after = table.joined(one, two)
        if ranks[after] < max(ranks[one], ranks[two]):
            yield f"it is not monotone: `{one}` and `{two}` become `{after}`, which ranks lower"
            return
    for one, two, three in product(values, repeat=3):
        left = table.joined(table.joined(one, two), three)
        right = table.joined(one, table.joined(two, three))
        if left != right:
            yield (
                f"the order of facts decides: `{one}`, `{two}`, `{three}` become `{left}`, and"
                f" `{two}`, `{three}`, `{one}` become `{right}`"
            )
            return
