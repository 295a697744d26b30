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
POLICIES = (("attempts", "waits"), ("attempts", "waits"), ("keep", "waits"), ("attempts", "any"))


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


def test_writing_and_reading_a_text_is_the_identity() -> None:
    for seed in range(50):
        text = random_text(seed)
        assert text_of(written_of(text)) == text
