"""The command `patterns`, and the examples of its page."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "patterns.md").read_text("utf-8")
EXAMPLES = re.findall(r"<!-- patterns: (\d) -->\n```toml\n(.*?)```", PAGE, re.DOTALL)


def run(*arguments: str, cwd: Path = ROOT) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "tellverify", "patterns", *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(("code", "text"), EXAMPLES)
def test_the_examples_of_the_page(code: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text(text, encoding="utf-8")
    assert run("x.toml", cwd=tmp_path)[0] == int(code)


def test_the_page_has_examples_of_both_kinds() -> None:
    assert {code for code, _ in EXAMPLES} == {"0", "1"}


def test_the_claims_of_the_specs_hold() -> None:
    code, out, _ = run("specs/patterns")
    assert code == 0
    assert "exit 0: every required obligation holds" in out


def test_a_false_claim_is_told_step_by_step() -> None:
    path = "counterexamples/patterns/deadline_missed.toml"
    code, out, _ = run(path)
    assert code == 1
    assert "= note: with workers = 0, deadline = 0" in out
    assert "= note: 1 tick: {phase: 'running', clock: 1, finished: {}, failures: 0}" in out
    code, out, _ = run(path, "--format", "json")
    refuted = [v for v in json.loads(out)["protocols"][0]["verdicts"] if v["status"] == "refuted"]
    assert [v["subject"]["item"] for v in refuted] == ["always in_time"]


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"\xff\xfe\x00", 1), (b"schema = 3", 1), (b"", 1), (b"[" * 100_000, 1)],
)
def test_bad_files_have_findings_and_hide_no_others(
    content: bytes, code: int, tmp_path: Path
) -> None:
    (tmp_path / "bad.toml").write_bytes(content)
    (tmp_path / "good.toml").write_text(EXAMPLES[0][1], encoding="utf-8")
    found, out, _ = run(".", cwd=tmp_path)
    assert found == code
    assert "bad.toml" in out
    assert "Attempts" in out


def test_nothing_to_check(tmp_path: Path) -> None:
    assert run(str(tmp_path))[0] == 4
    assert run("missing.toml", cwd=tmp_path)[0] == 1
