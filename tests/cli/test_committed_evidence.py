"""The committed runs of the faulty protocols are those that a check writes today, and replay."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TRACES = ROOT / "counterexamples" / "traces"
# Their runs are made by other commands.
ELSEWHERE = '["counterexamples/workflows"]'
COMMITTED = sorted(TRACES.rglob("*.json"))


def tellverify(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tellverify", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_check_writes_the_committed_files(tmp_path: Path) -> None:
    done = tellverify(
        *("check", "-q", "--isolated", "counterexamples", "--evidence", str(tmp_path)),
        *("--config", f"exclude={ELSEWHERE}"),
    )
    assert done.returncode == 0, done.stderr
    written = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*.json")}
    committed = {path.relative_to(TRACES): path.read_bytes() for path in COMMITTED}
    assert sorted(written) == sorted(committed), (
        "run tellverify check counterexamples --isolated --evidence counterexamples/traces"
    )
    changed = [str(name) for name, content in written.items() if committed[name] != content]
    assert not changed


@pytest.mark.parametrize(
    "trace", [p for p in COMMITTED if p.name.endswith(".itf.json")], ids=lambda p: p.parent.name
)
def test_a_committed_run_replays(trace: Path) -> None:
    source = json.loads(trace.read_text(encoding="utf-8"))["#meta"]["source"]
    done = tellverify("replay", str(trace), source)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "accepted" in done.stdout


def test_there_are_runs_for_every_kind_of_fault() -> None:
    kinds = {
        json.loads(path.read_text(encoding="utf-8"))["#meta"]["fault"]
        for path in COMMITTED
        if path.name.endswith(".itf.json")
    }
    assert kinds >= {
        "deadlock",
        "infidelity",
        "no-termination",
        "orphan-message",
        "stuck-role",
        "unbounded-queue",
        "unspecified-reception",
    }
