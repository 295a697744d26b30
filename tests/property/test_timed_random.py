"""The search with canonical numbers against brute force with plain ones, on random protocols.

Verdicts, lengths of shortest runs, late messages and roles that wait are the same. Set
`TELLVERIFY_TIMED_SEEDS=3000` to compare as many protocols, and with more configurations each.
"""

from __future__ import annotations

import os

import pytest
from timed_comparison import EVENTS, compare
from timed_random import SHAPES, random_text
from timed_texts import text_of, written_of

SEEDS = int(os.environ.get("TELLVERIFY_TIMED_SEEDS", "300"))
LIMIT = 200 if SEEDS <= 300 else 1_000
CHUNK = 30
POLICIES = (
    ("attempts", "waits"),
    ("attempts", "waits"),
    ("keep", "waits"),
    ("attempts", "any"),
    ("own", "waits"),
)


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_both_implementations_agree(first: int) -> None:
    deep = 0
    for seed in range(first, min(first + CHUNK, SEEDS)):
        written = written_of(random_text(seed))
        policy, fire = POLICIES[(seed // len(SHAPES)) % len(POLICIES)]
        compared = compare(written, policy=policy, fire=fire, limit=LIMIT)
        assert compared.plain == compared.product, (seed, policy, fire, written)
        deep += compared.depth == EVENTS
    assert deep >= CHUNK // 3  # most are searched to the full depth


# A role that acts in an alternative alone passes rounds in silence, and may be in any of them.
ANY_ROUND = (
    "rec L { C(choice {C->B q; continue L | C->B r} / C->B s; C->A t) }; D->A u",
    "rec L { C(choice {C->B q; continue L | C->B r} / C->B s; C->A t) }; A->B u; B->A v",
    "rec L { C(choice {C->B q; continue L | B->C r} / C->A t; A->B s) }; B->A u; A->C v",
    "rec L { C(B->C q; C->B r; continue L / C->A t; A->B s; continue L / C->B x; C->A y) }",
    "rec L { A(B->C q; C->B r; choice {B->A x; continue L | B->A y} / A->B z) }; C->A u",
)


@pytest.mark.parametrize("written", ANY_ROUND)
def test_both_agree_where_a_role_may_be_in_any_round(written: str) -> None:
    compared = compare(written, limit=600)
    assert compared.plain == compared.product
    assert compared.depth >= 8


# Failures that differ in their alternative alone must not be taken for one.
TWO_ALTERNATIVES = (
    "rec L { C(W->C a / C->D x; continue L / C->W y; continue L) }",
    "rec L { C(C->W a; W->C b / C->D x; continue L / C->W y; C->D z; continue L) }; C->W e",
)


@pytest.mark.parametrize("written", TWO_ALTERNATIVES)
def test_both_agree_where_both_alternatives_retry(written: str) -> None:
    compared = compare(written, limit=600)
    assert compared.plain == compared.product
    assert compared.depth >= 8


def test_writing_and_reading_a_text_is_the_identity() -> None:
    for seed in range(50):
        text = random_text(seed)
        assert text_of(written_of(text)) == text
