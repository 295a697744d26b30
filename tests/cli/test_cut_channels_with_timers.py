"""Cut channels and timers: which runs show an unspecified reception, and what verdicts presume."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

TEXT = """-- tell: faults cut(partition {A} | *, engaged-only = false)
-- tell: faults crash(crash of A, engaged-only = false)
-- tell: faults twice(duplicate <= 1 on C -> A)
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


def test_the_statement_of_a_verdict_under_a_scenario_names_what_it_presumes(folder: Path) -> None:
    _, said = tellverify(folder, "check", "part.tell", "--isolated", "--no-cache", "--format=json")
    (protocol,) = json.loads(said)["protocols"]
    stated = {
        scenario: one["statement"]
        for one in protocol["verdicts"]
        if one["property"] == "no-deadlock" and (scenario := one["scope"].get("scenario"))
    }
    timers = "messages of a failed attempt are discarded, a timer fires only while its owner waits"
    for scenario, kept in (
        ("cut", "no crashes, "),
        ("crash", "no loss, "),
        ("twice", "no loss, no crashes, "),
    ):
        presumed = f"FIFO queues without limit, {kept}weak fairness, {timers}; faults"
        assert f"under {presumed} `{scenario}`" in stated[scenario]


def test_coverage_names_a_timeout_once(folder: Path) -> None:
    wanted = ("--isolated", "--no-cache", "-v")
    _, said = tellverify(folder, "check", "part.tell", *wanted)
    assert " timeout of C, line 6 " in said and "timeout timeout" not in said
