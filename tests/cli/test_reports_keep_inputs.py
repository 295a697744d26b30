"""No report of a command line replaces a file that was read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TEXT = "protocol P =\n  roles A, B\n  A -> B : M\n"
STRUCTURE = "[[structure]]\n"


def run(*arguments: str, cwd: Path) -> tuple[int, str]:
    command = [sys.executable, "-m", "tellverify", *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr and "defect" not in done.stderr
    return done.returncode, done.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("n.tell", "o.tell"):
        (tmp_path / name).write_text(TEXT, encoding="utf-8")
    (tmp_path / "data.toml").write_text(STRUCTURE, encoding="utf-8")
    (tmp_path / "sub").mkdir()
    (tmp_path / "link.json").symlink_to("n.tell")
    return tmp_path


@pytest.mark.parametrize("path", ["n.tell", "sub/../n.tell", "link.json"])
@pytest.mark.parametrize(
    "command", [("check", "n.tell"), ("compare", "o.tell", "n.tell"), ("lint", "n.tell")]
)
def test_a_source_is_not_replaced(folder: Path, command: tuple[str, ...], path: str) -> None:
    more = () if command[0] == "lint" else ("--evidence", "evidence")
    reports = ("--report", "markdown=first.md", "--report", f"json={path}")
    code, err = run(*command, *more, *reports, cwd=folder)
    assert (code, f"the json report would replace {path}, which is read" in err) == (2, True)
    assert (folder / "n.tell").read_text("utf-8") == TEXT
    assert (folder / "link.json").is_symlink()
    assert not (folder / "evidence").exists() and not (folder / "first.md").exists()


@pytest.mark.parametrize("command", ["workflow check", "patterns", "laws"])
def test_a_data_file_is_not_replaced(folder: Path, command: str) -> None:
    code, err = run(*command.split(), "data.toml", "--report", "json=./data.toml", cwd=folder)
    assert (code, "would replace ./data.toml, which is read" in err) == (2, True)
    assert (folder / "data.toml").read_text("utf-8") == STRUCTURE


def test_a_stored_run_is_not_replaced_by_what_reads_it(folder: Path) -> None:
    for _ in range(2):  # an output that exists is replaced
        assert run("check", "n.tell", "--report", "json=run.json", cwd=folder)[0] == 0
    stored = (folder / "run.json").read_bytes()
    for command in (
        ("report", "run.json", "--html", "run.json"),
        ("report", "run.json", "--report", "html=sub/../run.json"),
        ("check", "n.tell", "--base-run", "run.json", "--report", "json=run.json"),
    ):
        code, err = run(*command, cwd=folder)
        assert (code, "run.json, which is read" in err) == (2, True)
        assert (folder / "run.json").read_bytes() == stored
