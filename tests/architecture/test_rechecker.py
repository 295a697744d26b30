"""The rechecker stays small, and loads nothing that searches, solves or reads the language."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "src" / "tellverify" / "evidence" / "recheck"


def test_it_has_at_most_680_lines() -> None:
    lines = sum(len(p.read_text(encoding="utf-8").splitlines()) for p in PACKAGE.glob("**/*.py"))
    assert lines <= 680


def test_it_loads_nothing_that_it_must_not_trust() -> None:
    program = (
        "import sys, tellverify.evidence.recheck.files\n"
        "print(*sorted({'.'.join(n.split('.')[:2]) for n in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    for name in (
        "obligations",
        "verification",
        "report",
        "projection",
        "search",
        "language",
        "cli",
        "solver",
    ):
        assert f"tellverify.{name}" not in loaded
    assert loaded.isdisjoint({"lark", "click", "z3", "networkx", "hypothesis", "dataclasses"})
