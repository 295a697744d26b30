"""`recheck` and `replay` hold the formula of a user property against what states it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TEXT = """protocol P =
  roles A, B
  -- tell: property ping-late: Ping only after Pong
  A -> B : Ping
  B -> A : Pong
"""
TWICE = """-- tell: faults liar(byzantine of A)
protocol P =
  roles A, B
  -- tell: property once: at-most-once(Done at B)
  -- tell: property acks: at-most-once(Ack at A)
  A -> B : Done
  B -> A : Ack
  A -> B : Done
"""
CONFIGURATION = '[properties]\nnever-pong = "never Pong"\n'


def run(folder: Path, *arguments: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "tellverify", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    """The folder of the evidence against a property of the source and one of a configuration."""
    (tmp_path / "p.tell").write_text(TEXT, encoding="utf-8")
    (tmp_path / "tellverify.toml").write_text(CONFIGURATION, encoding="utf-8")
    assert run(tmp_path, "check", "p.tell", "--evidence", "out")[0] == 1
    (graph,) = (tmp_path / "out").glob("*/protocol.graph.json")
    return graph.parent


def both(folder: Path, trace: Path) -> list[tuple[int, str]]:
    place = str(trace.relative_to(folder))
    return [run(folder, "recheck", place), run(folder, "replay", place)]


@pytest.mark.parametrize("name", ["ping-late", "never-pong"])
def test_the_formula_that_is_stated_is_accepted(evidence: Path, tmp_path: Path, name: str) -> None:
    for code, said in both(tmp_path, evidence / f"property.{name}.itf.json"):
        assert code == 0 and "accepted" in said, said


def test_a_property_with_another_name_is_rejected(evidence: Path, tmp_path: Path) -> None:
    trace = evidence / "property.ping-late.itf.json"
    text = trace.read_text("utf-8")
    trace.write_text(text.replace("property[ping-late]", "property[other]"), encoding="utf-8")
    for code, said in both(tmp_path, trace):
        assert code == 1 and "states `property[other]`" in said, said


def test_the_run_against_another_property_is_rejected(evidence: Path, tmp_path: Path) -> None:
    """The run breaks the formula in the file, and the property of that name is another one."""
    trace = evidence / "property.never-pong.itf.json"
    text = trace.read_text("utf-8")
    trace.write_text(text.replace("[never-pong]", "[ping-late]"), encoding="utf-8")
    for code, said in both(tmp_path, trace):
        assert code == 1 and "not the formula of the run" in said, said


def test_a_property_that_the_configuration_changed_is_rejected(
    evidence: Path, tmp_path: Path
) -> None:
    (tmp_path / "tellverify.toml").write_text('[properties]\nnever-pong = "never Ping"\n', "utf-8")
    for code, said in both(tmp_path, evidence / "property.never-pong.itf.json"):
        assert code == 1 and "`property[never-pong]` is now `never Ping`" in said, said


def test_without_sources_it_is_the_formula_in_the_file(evidence: Path, tmp_path: Path) -> None:
    trace = str((evidence / "property.ping-late.itf.json").relative_to(tmp_path))
    code, said = run(tmp_path, "recheck", "--without-sources", trace)
    assert code == 0 and "(of the graph and the formula in the file)" in said


def test_a_witness_has_the_formula_of_its_event(evidence: Path, tmp_path: Path) -> None:
    run(tmp_path, "check", "p.tell", "--witness", "A -> B : Ping", "--evidence", "out")
    (trace,) = evidence.glob("reachable*.itf.json")
    assert [code for code, _ in both(tmp_path, trace)] == [0, 0]
    text = trace.read_text("utf-8")
    trace.write_text(text.replace("[A -> B : Ping]", "[B -> A : Pong]"), encoding="utf-8")
    for code, said in both(tmp_path, trace):
        assert code == 1 and "not that of `reachable[B -> A : Pong]`" in said, said


@pytest.mark.parametrize("name", ["at-most-once.once", "at-most-once.once.under.liar"])
def test_a_decision_is_the_one_that_is_stated(tmp_path: Path, name: str) -> None:
    source = tmp_path / "p.tell"
    source.write_text(TWICE, encoding="utf-8")
    assert run(tmp_path, "check", "p.tell", "--evidence", "out")[0] == 1
    (trace,) = (tmp_path / "out").glob(f"*/{name}.itf.json")
    assert [code for code, _ in both(tmp_path, trace)] == [0, 0]
    held = trace.read_text("utf-8")
    trace.write_text(held.replace("at-most-once[once]", "at-most-once[other]"), encoding="utf-8")
    for code, said in both(tmp_path, trace):
        assert code == 1 and "states `at-most-once[other]`" in said, said
    trace.write_text(held.replace("at-most-once[once]", "at-most-once[acks]"), encoding="utf-8")
    for code, said in both(tmp_path, trace):
        assert code == 1 and "not the formula of the run" in said, said


def test_a_broken_configuration_is_named_as_the_reason(evidence: Path, tmp_path: Path) -> None:
    (tmp_path / "tellverify.toml").write_text("broken [[\n", encoding="utf-8")
    code, said = run(tmp_path, "recheck", str(evidence / "property.never-pong.itf.json"))
    assert code == 1 and "the configuration here is broken" in said


def test_a_decision_of_another_kind_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "p.tell").write_text(TWICE, encoding="utf-8")
    run(tmp_path, "check", "p.tell", "--evidence", "out")
    (trace,) = (tmp_path / "out").glob("*/at-most-once.once.itf.json")
    text = trace.read_text("utf-8")
    trace.write_text(text.replace("at-most-once[once]", "agreement[once]"), encoding="utf-8")
    assert [code for code, _ in both(tmp_path, trace)] == [1, 1]
