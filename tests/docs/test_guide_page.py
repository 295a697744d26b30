"""The examples of docs/guide.md end as the page says."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "guide.md").read_text(encoding="utf-8")
TABLE = [line for line in PAGE.splitlines() if line.startswith("| ")][1:]
ROWS = re.findall(r"^\| (\d).*? \| `(.*?)` \| (\d) \|$", PAGE, re.MULTILINE)


def test_every_row_has_an_example_and_every_section_is_there() -> None:
    assert len(ROWS) == len([row for row in TABLE if not row.startswith("| ---")])
    missing = PAGE.partition("## What is not decided here")[2]
    sections = {section for section, _, _ in ROWS} | set(re.findall(r"Section (\d)", missing))
    assert sections == set("12345678")


@pytest.mark.parametrize(("section", "command", "code"), ROWS)
def test_the_examples_end_as_the_page_says(
    section: str, command: str, code: str, tmp_path: Path
) -> None:
    call = [sys.executable, "-m", "tellverify", *command.split()]
    folder = ROOT
    if command == "init":  # it writes into its folder
        folder = tmp_path / "crate"
        shutil.copytree(ROOT / "tests" / "cli" / "crate", folder)
    done = subprocess.run(call, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == int(code), (section, done.stdout[-500:], done.stderr[-500:])
    assert "Traceback" not in done.stderr
