"""What a check says of the faulty protocols, against what was worked out by hand."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from tellverify.model.trace import Trace
from tellverify.obligations.options import Options
from tellverify.verdict.outcome import Refuted
from tellverify.verdict.properties import Property
from tellverify.verdict.run import Run
from tellverify.verification.pipeline import check_paths

FOLDER = Path(__file__).parents[2] / "counterexamples"
EXPECTED: dict[str, dict[str, Any]] = tomllib.loads((FOLDER / "expected.toml").read_text("utf-8"))


def check(name: str) -> Run:
    """The finished check of one file."""
    return check_paths([str(FOLDER / f"{name}.tell")], Options()).run


def refutations(run: Run) -> dict[str, Refuted]:
    """The refuted properties in the order of reports; the first refutation of each."""
    (protocol,) = run.protocols
    found: dict[str, Refuted] = {}
    for prop in Property:
        for verdict in protocol.verdicts:
            if verdict.property is prop and isinstance(verdict.outcome, Refuted):
                found.setdefault(prop.value, verdict.outcome)
    return found


def test_every_file_has_an_entry() -> None:
    assert {path.stem for path in FOLDER.glob("*.tell")} == set(EXPECTED)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_the_fault_is_found(name: str) -> None:
    expected = EXPECTED[name]
    run = check(name)
    found = refutations(run)
    assert list(found) == expected["refuted"]
    if not expected["property"]:
        assert [diagnostic.code.number for diagnostic in run.findings] == [expected["code"]]
        return
    refuted = found[expected["property"]]
    assert refuted.code == expected["code"]
    if isinstance(refuted.evidence, Trace):
        # A run may be longer only where it does not claim to be the shortest.
        length = len(refuted.evidence.steps)
        assert length == expected["events"] or (
            not refuted.evidence.minimal and length > expected["events"]
        )
    else:
        assert expected["events"] == 0


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_one_fault_is_one_finding(name: str) -> None:
    """A text at fault gives one diagnostic; no code is given twice."""
    run = check(name)
    codes = [diagnostic.code.number for diagnostic in run.findings]
    assert len(codes) == len(set(codes))
    if EXPECTED[name]["refuted"] == ["well-formed"]:
        assert codes == [EXPECTED[name]["code"]]


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_comment_says_what_is_wrong(name: str) -> None:
    lines = (FOLDER / f"{name}.tell").read_text(encoding="utf-8").splitlines()
    comments = [line for line in lines if "--" in line]
    assert comments == lines[: len(comments)]
    assert comments[0].startswith("-- tell: expect(")
    assert 3 <= len(comments) <= 4
