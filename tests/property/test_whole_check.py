"""A check of any protocol ends with an honest answer; what it refutes it has replayed."""

from __future__ import annotations

import os

import pytest
from texts import random_text

from tellverify.model.trace import Trace
from tellverify.obligations.options import Options
from tellverify.verdict.outcome import Proved, Refuted, Skipped, Unknown
from tellverify.verdict.properties import Property
from tellverify.verification.pipeline import check_text

OPTIONS = Options(search_limit=2_000)
COUNT = int(os.environ.get("TELLVERIFY_WHOLE_CHECKS", "40"))  # of texts a block


@pytest.mark.parametrize("block", range(4))
def test_every_text_gets_an_answer(block: int) -> None:
    answers: set[type] = set()
    for seed in range(block * COUNT, (block + 1) * COUNT):
        run = check_text(random_text(seed), OPTIONS).run
        (protocol,) = run.protocols
        verdicts = {v.property: v for v in protocol.verdicts}
        safety = verdicts[Property.IMPLEMENTABLE].outcome
        answers.add(type(safety))
        if isinstance(safety, Refuted):
            assert isinstance(safety.evidence, Trace), seed
            assert run.exit_code == 1, seed
        elif isinstance(safety, Unknown | Skipped):
            assert run.exit_code in (1, 3), seed
        if run.exit_code == 0:
            assert all(
                not isinstance(v.outcome, Refuted | Unknown | Skipped)
                for v in protocol.verdicts
                if v.required
            ), seed
    assert {Proved, Refuted, Skipped} <= answers
