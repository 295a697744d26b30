"""`tellverify.check`: the library gives what the command reports."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import tellverify
from tellverify.verdict.outcome import Bounded, Proved, Refuted, status
from tellverify.verdict.properties import Property

FAMILY = "protocol Family =\n  roles A, D[N]\n  A -> D[*] : Go\n  D[*] -> A : Done\n"


def test_text_and_file_give_the_same_run(tmp_path: Path) -> None:
    path = tmp_path / "family.tell"
    path.write_text(FAMILY, encoding="utf-8")
    from_file = tellverify.check(path)
    from_text = tellverify.check(FAMILY, name=str(path))
    assert from_file == from_text
    assert tellverify.check(str(path)) == from_file


def test_results_are_those_of_the_command(tmp_path: Path) -> None:
    (tmp_path / "family.tell").write_text(FAMILY, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "tellverify", "check", "family.tell", "--format", "json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    told = json.loads(done.stdout)["protocols"][0]["verdicts"]
    (protocol,) = tellverify.check(tmp_path / "family.tell").protocols
    assert [(v["property"], v["outcome"]["status"]) for v in told] == [
        (v.property.value, status(v.outcome)) for v in protocol.verdicts
    ]


def test_families_and_selection() -> None:
    run = tellverify.check(FAMILY, instances={"D": [2, 5]}, properties=["implementable"])
    (verdict,) = run.protocols[0].verdicts
    assert verdict.property is Property.IMPLEMENTABLE
    assert isinstance(verdict.outcome, Bounded)
    assert verdict.outcome.bound == "D = 2, 5"


def test_faults_are_results_and_wrong_arguments_are_errors() -> None:
    run = tellverify.check("protocol P =\n  roles A\n  A -> B : M\n")
    assert run.exit_code == 1
    assert isinstance(run.protocols[0].verdicts[0].outcome, Refuted)
    with pytest.raises(ValueError, match="no such property"):
        tellverify.check(FAMILY, properties=["nonsense"])


def test_a_missing_file_is_a_finding() -> None:
    run = tellverify.check("missing/file.tell")
    assert run.exit_code == 1
    assert [d.code.number for d in run.findings] == ["TV001"]


def test_a_proof_of_every_run_is_proved() -> None:
    run = tellverify.check("protocol P =\n  roles A, B\n  A -> B : M\n")
    assert all(isinstance(v.outcome, Proved) for v in run.protocols[0].verdicts)
    assert run.exit_code == 0
