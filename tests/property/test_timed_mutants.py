"""Wrong drafts of the rules of timeouts differ from the rules in some vector."""

from __future__ import annotations

import pytest
from plain_timed import PlainTimed
from timed_mutants import (
    ChannelPerAttempt,
    CountsFailures,
    NextReplaces,
    NoNumberInBody,
    NoVoiding,
    OneCountForEver,
    OuterAsItIsNow,
    TagByReceiver,
)
from timed_texts import protocol_of
from timed_vectors import VECTORS

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
        OneCountForEver,
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
