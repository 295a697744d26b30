"""The models of the page on what the language cannot say hold."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tellverify.obligations.options import Options
from tellverify.verification.pipeline import check_text

PAGE = Path(__file__).resolve().parents[2] / "docs" / "modelling.md"
EXAMPLES = re.findall(r"<!-- holds -->\n```tell\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


def test_every_block_of_the_page_is_tried() -> None:
    assert len(EXAMPLES) == PAGE.read_text("utf-8").count("```tell") >= 4


@pytest.mark.parametrize("text", EXAMPLES)
def test_every_required_obligation_of_a_model_holds(text: str) -> None:
    run = check_text(text, Options()).run
    assert (run.exit_code, run.exit_reason) == (0, "every required obligation holds")
