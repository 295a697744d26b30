"""Wrong drafts of the rules of timeouts, and of canonical numbers, differ from the right ones."""

from __future__ import annotations

import pytest
from plain_timed import PlainTimed
from timed_comparison import compare
from timed_mutants import (
    ChannelPerAttempt,
    CountsFailures,
    NextReplaces,
    NoNumberInBody,
    NoVoiding,
    OneCountPerScope,
    OuterAsItIsNow,
    TagByReceiver,
)
from timed_texts import protocol_of
from timed_vectors import VECTORS

from tellverify.search.timed_entry_groups import EntryGroup
from tellverify.search.timed_number_parts import Known, NumberPart
from tellverify.search.timed_numbers import CanonicalNumbers

# The faults that the draft reports, with the lengths of their runs, where the rules differ.
KILLED = [
    (NoNumberInBody, "M1", {"no-deadlock": 4, "no-orphan-message": 11}),
    (ChannelPerAttempt, "M2", {"no-orphan-message": 7, "timeout-agreement": 8}),
    (NoVoiding, "T13", {"no-deadlock": 7}),
    (CountsFailures, "T12", {"no-unspecified-reception": 11, "no-deadlock": 13}),
    (NextReplaces, "P7", {"no-orphan-message": 6}),
    (OuterAsItIsNow, "M3", {"no-deadlock": 11, "no-orphan-message": 11}),
    (TagByReceiver, "M4", {"no-deadlock": 5, "no-unspecified-reception": 5}),
    (
        OneCountPerScope,
        "M5",
        {"no-unspecified-reception": 6, "no-deadlock": 7, "no-orphan-message": 7},
    ),
]


@pytest.mark.parametrize(
    ("mutant", "name", "lengths"), KILLED, ids=[mutant.__name__ for mutant, _, _ in KILLED]
)
def test_wrong_draft_is_told_from_the_rules(
    mutant: type[PlainTimed], name: str, lengths: dict[str, int]
) -> None:
    vector = VECTORS[name]
    found = mutant(protocol_of(vector.text), bound=vector.bound).search(14, 1_500).lengths
    assert found == lengths
    assert found != vector.attempts.lengths


def merges_whatever_is_known(part: NumberPart, entry: int) -> Known:
    return frozenset(), False


def merges_whatever_alternative(part: NumberPart, entry: int) -> Known:
    failed, complete = RIGHT_KNOWN(part, entry)
    return frozenset({0} if failed else ()), complete


def drops_what_some_may_still_begin(
    numbers: CanonicalNumbers, one: EntryGroup, named: int, begins: bool
) -> int:
    return RIGHT_LOWEST(numbers, one, named, False)


RIGHT_KNOWN = NumberPart.known
RIGHT_LOWEST = CanonicalNumbers.lowest


@pytest.mark.parametrize(
    ("owner", "rule", "draft", "written"),
    [
        (NumberPart, "known", merges_whatever_is_known, VECTORS["M4"].text),
        (
            NumberPart,
            "known",
            merges_whatever_alternative,
            "rec L { C(W->C a / C->D x; continue L / C->W y; continue L) }",
        ),
        (CanonicalNumbers, "lowest", drops_what_some_may_still_begin, VECTORS["M4"].text),
    ],
)
def test_wrong_canonical_numbers_are_told_from_plain_ones(
    monkeypatch: pytest.MonkeyPatch, owner: type, rule: str, draft: object, written: str
) -> None:
    right = compare(written, limit=600)
    assert right.plain == right.product
    monkeypatch.setattr(owner, rule, draft)
    wrong = compare(written, limit=600)
    assert wrong.plain == right.plain
    assert wrong.plain != wrong.product
