"""The sentence that explains the exit code of a check names everything that fails it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tellverify.cli.group import run

STUCK = """protocol Stuck =
  roles A, B, C
  choice A at
    | Yes =>
        A -> B : Yes
        B -> C : Note
    | No => A -> B : No
"""
MALFORMED = "protocol Broken =\n  roles A, B\n  A -> C : Hi\n  A -> D : Hi\n"
REASON = "2 required obligations are refuted, and 2 other findings are at or above error"


def reason(folder: Path, *files: str, options: tuple[str, ...] = ()) -> str:
    out = folder / "run.json"
    arguments = ["--isolated", "--format", "none", "--report", f"json={out}", *options]
    assert run(["check", *(str(folder / file) for file in files), *arguments]) == 1
    return str(json.loads(out.read_text("utf-8"))["exitReason"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    texts = {"stuck": STUCK, "malformed": MALFORMED, "one": "protocol\n", "two": "hello\n"}
    for name, text in texts.items():
        (tmp_path / f"{name}.tell").write_text(text, encoding="utf-8")
    return tmp_path


def test_refutations_and_unreadable_files_are_both_named(folder: Path) -> None:
    files = ("stuck.tell", "malformed.tell", "one.tell", "two.tell")
    assert reason(folder, *files) == REASON
    assert reason(folder, "one.tell", "two.tell") == "2 findings at or above error"


def test_errors_that_refute_well_formedness_count_once(folder: Path) -> None:
    assert reason(folder, "malformed.tell") == "1 required obligation is refuted"


def test_warnings_count_beside_a_refutation_where_they_fail(folder: Path) -> None:
    unused = STUCK.replace("A, B, C", "A, B, C, Unused")
    (folder / "stuck.tell").write_text(unused, encoding="utf-8")
    assert reason(folder, "stuck.tell") == "1 required obligation is refuted"
    assert reason(folder, "stuck.tell", options=("--fail-on", "warning")) == (
        "1 required obligation is refuted, and 1 other finding is at or above warning"
    )


def test_every_format_says_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [str(folder / f"{name}.tell") for name in ("stuck", "malformed", "one", "two")]
    kinds = ("markdown", "sarif", "html", "proof")
    reports = [f"--report={kind}={folder / kind}" for kind in kinds]
    assert run(["check", *files, "--isolated", *reports]) == 1
    assert f"exit 1: {REASON}\n" in capsys.readouterr().out
    for kind in kinds:
        assert REASON in (folder / kind).read_text("utf-8"), kind
