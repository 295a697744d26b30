"""Every example of docs/properties.md does what the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tellverify.obligations.options import Options
from tellverify.verdict.outcome import status
from tellverify.verification.pipeline import check_text

PAGE = (Path(__file__).parents[3] / "docs" / "properties.md").read_text("utf-8")
BLOCK = re.compile(r"^```(?P<kind>tell[a-z ]*|properties)\n(?P<text>.*?)^```$", re.M | re.S)
PATTERNS = (
    "never X",
    "never X after Y",
    "every X is followed by Y",
    "X only after Y",
    "eventually X",
    "at most N X",
    "always COUNTS",
    "always eventually X",
    "either X or Y eventually, never both",
)


def examples() -> list[tuple[str, str, str]]:
    """Protocol, expected outcome and formula of every example."""
    found: list[tuple[str, str, str]] = []
    protocol = ""
    for match in BLOCK.finditer(PAGE):
        if match["kind"] == "tell protocol":
            protocol = match["text"]
        elif match["kind"] == "properties":
            for line in match["text"].splitlines():
                outcome, _, formula = line.partition(" ")
                found.append((protocol, outcome, formula.strip()))
    return found


@pytest.mark.parametrize(("protocol", "outcome", "formula"), examples())
def test_an_example_has_the_outcome_that_the_page_says(
    protocol: str, outcome: str, formula: str
) -> None:
    run = check_text(f"-- tell: property example: {formula}\n{protocol}", Options()).run
    (verdict,) = (v for v in run.protocols[0].verdicts if v.scope.item == "example")
    said = {d.code.number for d in run.findings}
    assert not said & {"TV611", "TV612"}, [d.message for d in run.findings]
    is_vacuous = verdict.vacuity == "vacuous"
    shown = "vacuous" if is_vacuous else status(verdict.outcome)
    assert shown == outcome
    assert is_vacuous == ("TV931" in said)
    assert (status(verdict.outcome) == "refuted") == ("TV621" in said)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_each_pattern_has_a_proved_a_refuted_and_a_vacuous_example(pattern: str) -> None:
    sections = [part for part in PAGE.split("\n### ")[1:] if f"`{pattern}`" in part.splitlines()[0]]
    assert len(sections) == 1
    lines = [line for m in BLOCK.finditer(sections[0]) for line in m["text"].splitlines()]
    assert {"proved", "refuted", "vacuous"} <= {line.split()[0] for line in lines}


def test_the_first_example_of_the_page_is_proved() -> None:
    first = next(m["text"] for m in BLOCK.finditer(PAGE) if m["kind"] == "tell")
    run = check_text(first, Options()).run
    assert run.exit_code == 0
    assert "property[paid-first]" in {v.name for v in run.protocols[0].verdicts}
