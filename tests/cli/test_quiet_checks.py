"""`check -q` prints what fails the check, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

GOOD = "protocol Good =\n  roles A, B\n  A -> B : Hi\n"
UNUSED = GOOD.replace("A, B", "A, B, C")
STUCK = """protocol Stuck =
  roles A, B, C
  choice A at
    | Yes =>
        A -> B : Yes
        B -> C : Note
    | No => A -> B : No
"""
BROKEN = "protocol Broken =\n  roles A, B\n  A -> Bb : Hi\n"


def check(folder: Path, *arguments: str) -> tuple[int, list[str]]:
    command = [sys.executable, "-m", "tellverify", "check", "-q", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


@pytest.mark.parametrize(
    ("text", "options", "code", "starts"),
    [
        (GOOD, (), 0, []),
        (UNUSED, (), 0, []),
        (UNUSED, ("--fail-on", "warning"), 1, ["p.tell:2:15: warning[TV206] the role `C`"]),
        (STUCK, (), 1, ["p.tell:6:18: error[TV512] `C` waits for `Note`"]),
        (BROKEN, (), 1, ["p.tell:3:8: error[TV201] "]),
        (GOOD + "  B -> A : Ho\n", ("--events", "1"), 3, ["p.tell:1:10: "]),
    ],
)
def test_what_is_printed(
    tmp_path: Path, text: str, options: tuple[str, ...], code: int, starts: list[str]
) -> None:
    (tmp_path / "p.tell").write_text(text, encoding="utf-8")
    done, lines = check(tmp_path, "p.tell", *options)
    assert done == code
    assert bool(lines) == bool(starts)
    for line, start in zip(lines, starts, strict=False):
        assert line.startswith(start)
    kinds = {line.partition("[")[0].rpartition(" ")[2] for line in lines if "[" in line}
    assert kinds <= {"error", "unknown", "skipped", *(["warning"] if "warning" in options else [])}


def test_what_the_baseline_accepts_is_not_printed(tmp_path: Path) -> None:
    (tmp_path / "p.tell").write_text(STUCK, encoding="utf-8")
    command = [sys.executable, "-m", "tellverify", "baseline", "write", "p.tell"]
    command += ["--baseline", "known.json", "--allow-refuted"]
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    assert check(tmp_path, "p.tell", "--baseline", "known.json") == (0, [])
    (tmp_path / "q.tell").write_text(BROKEN, encoding="utf-8")
    code, lines = check(tmp_path, "p.tell", "q.tell", "--baseline", "known.json")
    assert code == 1
    assert len(lines) == 1 and lines[0].startswith("q.tell:3:8: error[TV201]")
