"""The JSON of a run against its schema."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from msgspec import structs
from report_samples import ESCROW_REPORT, RUN, SOURCES

from tellverify.report import run_file
from tellverify.report.run_file import RunFile, json_text, write_json
from tellverify.source.json_schema import schema_of
from tellverify.source.text import SourceFile
from tellverify.verdict.fingerprint import fingerprint
from tellverify.verdict.run import Input, Run

SCHEMA = json.loads(
    resources.files("tellverify.report").joinpath("schema/run-2.json").read_text("utf-8")
)


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_a_run_follows_the_schema() -> None:
    Draft202012Validator(SCHEMA).validate(json.loads(write_json(RUN, SOURCES)))


def test_the_schema_is_the_one_of_the_types() -> None:
    """Changed on purpose? `python tests/unit/report/test_run_file.py` writes it anew."""
    assert json.loads(json_text(schema_of(RunFile, name=run_file.SCHEMA))) == SCHEMA


def test_the_schema_refuses_a_refutation_without_evidence() -> None:
    run = json.loads(write_json(RUN, SOURCES))
    del run["protocols"][0]["verdicts"][3]["outcome"]["evidence"]
    assert not Draft202012Validator(SCHEMA).is_valid(run)


def test_a_verdict_carries_its_evidence() -> None:
    run = json.loads(write_json(RUN, SOURCES))
    stuck = run["protocols"][0]["verdicts"][3]
    assert stuck["id"] == "protocols/escrow.tell#escrow.Escrow/no-stuck-role[Courier]"
    assert stuck["outcome"]["status"] == "refuted"
    assert stuck["outcome"]["code"] == "TV512"
    assert stuck["scope"] == {"roles": ["Courier"]}
    assert stuck["evidence"]["path"] == ".tellverify/escrow.Escrow/no-stuck-role.Courier.itf.json"
    assert stuck["evidence"]["sha256"] == "2" * 64
    steps = stuck["outcome"]["evidence"]["steps"]
    assert [
        (one["send"], one["sender"], one["receiver"], one["label"], one["site"]["line"])
        for one in steps
    ] == [
        (True, "Buyer", "Seller", "Order", 6),
        (False, "Buyer", "Seller", "Order", 6),
        (True, "Seller", "Buyer", "Decline", 14),
        (False, "Seller", "Buyer", "Decline", 14),
    ]
    assert stuck["statement"] == (
        "Protocol `escrow.Escrow`, role `Courier`: wherever the role waits,"
        " some continuation of the run serves it,"
        " under FIFO queues without limit, no loss, no crashes, weak fairness."
    )


def test_totals_and_exit_agree_with_the_text() -> None:
    run = json.loads(write_json(RUN, SOURCES))
    assert run["totals"] == {
        "refuted": 2,
        "proved": 7,
        "bounded": 2,
        "assumed": 1,
        "unknown": 1,
        "skipped": 1,
    }
    assert (run["exitCode"], run["exitReason"]) == (1, "2 required obligations are refuted")


def test_equal_runs_give_equal_bytes() -> None:
    backwards = structs.replace(RUN, diagnostics=tuple(reversed(RUN.diagnostics)))
    assert write_json(RUN, dict(reversed(SOURCES.items()))) == write_json(backwards, SOURCES)


@pytest.mark.parametrize("path", ["dir\\file.tell", "bytes\udcff.tell"])
def test_odd_paths_are_written(path: str) -> None:
    run = Run((Input(path, "0" * 64),), (), (), 0, "")
    written = json.loads(write_json(run, {path: SourceFile(path, "")}))["inputs"][0]["path"]
    assert "\\file" not in written
    written.encode("utf-8")


def test_a_fingerprint_does_not_move_with_the_lines() -> None:
    stuck = ESCROW_REPORT.verdicts[3]
    moved = type(stuck)(
        stuck.property, stuck.scope, stuck.outcome, stuck.required, stuck.line + 40, 7
    )
    subject = ESCROW_REPORT.subject
    other = structs.replace(subject, name="other.Escrow")
    assert fingerprint(subject, stuck) == fingerprint(subject, moved)
    assert fingerprint(subject, stuck) != fingerprint(other, stuck)


if __name__ == "__main__":
    schema = Path(run_file.__file__).parent / "schema" / "run-2.json"
    schema.write_text(json_text(schema_of(RunFile, name=run_file.SCHEMA)), encoding="utf-8")
