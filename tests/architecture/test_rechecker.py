"""The rechecker stays small, and loads nothing that searches, solves or reads the language."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "certificates.md"


def test_an_acceptance_rests_on_few_lines() -> None:
    """The table of the page is counted anew by tests/docs/test_pages.py."""
    rows = re.findall(r"^\| (an? .*?) \| (\d+) \| ([\d,]+) \|$", PAGE.read_text("utf-8"), re.M)
    lines = {kind: int(count.replace(",", "")) for kind, _, count in rows}
    assert lines["a certificate"] < 750
    assert lines["a trace beside a graph"] < 1_500
    assert len(lines) == 4  # runs with timeouts and with faults are counted apart


def test_it_loads_nothing_that_it_must_not_trust() -> None:
    program = (
        "import sys, tellverify.evidence.recheck.evidence_files\n"
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
