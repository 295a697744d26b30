"""With timers too, a message in a cut channel is not one that its receiver does not expect."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TEXT = """-- tell: faults cut(partition {A} | *, engaged-only = false)
-- tell: faults crash(crash of A, engaged-only = false)
protocol P =
  roles C, A
  timeout 1s C at
    C -> A : Go
    A -> C : Ok
  on timeout =>
    C -> A : Stop
"""
CUT = (
    '{"after":3,"role":"A","peer":"C","kind":"cut"},{"after":3,"role":"C","peer":"A","kind":"cut"}'
)
RECEPTION = {
    "no-deadlock @ cut": "no-unspecified-reception @ cut",
    '"fault":"deadlock"': '"fault":"unspecified-reception"',
    '"code":"TV511"': '"code":"TV513"',
    "No reachable configuration is a deadlock.": "No role must receive while each queue that it"
    " reads begins with a message it cannot take.",
}
CRASH = {
    " @ cut": " @ crash",
    '"scenario":"partition {A} | *, engaged': '"scenario":"crash of A, engaged',
    f"[{CUT}]": '[{"after":3,"role":"A"}]',
}


def tellverify(folder: Path, *arguments: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "tellverify", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert not done.stderr
    return done.returncode, " ".join(done.stdout.split())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "part.tell").write_text(TEXT, "utf-8")
    return tmp_path


def test_no_simulated_run_shows_a_reception_that_a_search_excludes(folder: Path) -> None:
    wanted = ("--faults", "cut", "--property", "no-unspecified-reception")
    code, said = tellverify(folder, "check", "part.tell", "--isolated", "--no-cache", *wanted)
    assert code == 0 and "proved no-unspecified-reception @ cut" in said
    wanted = ("--faults", "cut", "--seed", "1", "--runs", "20")
    _, said = tellverify(folder, "simulate", "part.tell", *wanted)
    assert "faults stuck-role 2" in said and "unspecified-reception" not in said


@pytest.mark.parametrize("crash", [False, True], ids=["cut", "crash"])
def test_a_file_that_claims_such_a_reception_is_rejected(folder: Path, crash: bool) -> None:
    wanted = ("--isolated", "--no-cache", "--faults", "cut", "--evidence", "out")
    assert tellverify(folder, "check", "part.tell", *wanted)[0] == 0
    assert tellverify(folder, "recheck", "out")[0] == 0
    (trace,) = folder.glob("out/*/no-deadlock.under.cut.itf.json")
    text = trace.read_text("utf-8")
    for old, new in {**RECEPTION, **(CRASH if crash else {})}.items():
        assert old in text
        text = text.replace(old, new)
    trace.write_text(text, "utf-8")
    why = "`A` has crashed" if crash else "`A` may still take a message that it waits for"
    for command in ("recheck", "replay"):
        code, said = tellverify(folder, command, str(trace.relative_to(folder)))
        assert code == 1 and why in said, said
