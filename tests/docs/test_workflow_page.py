"""The page on workflows: its files are those of the repository, its outputs what is printed."""

from __future__ import annotations

import contextlib
import io
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tellverify.cli.group import run
from tellverify.workflows.workflow_rows import AgentRow, PhaseRow, WorkflowFile, WorkflowRow

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "workflows.md"
OUTPUT = re.compile(r"(<!-- output: tellverify (.*?) -->\n```text\n)(.*?)(```)", re.DOTALL)
FILE = re.compile(r"<!-- file: (.*?) -->\n```toml\n(.*?)```", re.DOTALL)
COMPLETE = re.compile(r"<!-- complete -->\n```toml\n(.*?)```", re.DOTALL)


def printed(command: str) -> str:
    """What a command prints in the folder of the repository."""
    out = io.StringIO()
    before = os.getcwd()
    os.chdir(ROOT)
    try:
        with contextlib.redirect_stdout(out):
            run(command.split())
    finally:
        os.chdir(before)
    return out.getvalue()


@pytest.fixture
def page() -> str:
    return PAGE.read_text(encoding="utf-8")


def _commands() -> Iterator[tuple[str, str]]:
    for found in OUTPUT.finditer(PAGE.read_text(encoding="utf-8")):
        yield found[2], found[3]


@pytest.mark.parametrize(("command", "shown"), list(_commands()))
def test_the_page_shows_what_is_printed(
    command: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Changed on purpose? `python tests/docs/test_workflow_page.py` writes the outputs anew."""
    monkeypatch.setenv("COLUMNS", "100")
    assert shown == printed(command)


def test_the_files_of_the_page_are_those_of_the_repository(page: str) -> None:
    files = FILE.findall(page)
    assert len(files) == 2
    for path, text in files:
        written = (ROOT / path).read_text(encoding="utf-8")
        assert re.sub(r"\A(#.*\n)+", "", written) == text


def test_the_complete_file_has_every_key_and_can_be_checked(page: str, tmp_path: Path) -> None:
    (text,) = COMPLETE.findall(page)
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    (folder / "all.toml").write_text(text, encoding="utf-8")
    for kind in (WorkflowFile, WorkflowRow, PhaseRow, AgentRow):
        for key in kind.__struct_fields__:
            assert re.search(rf"\b{key}\b", text), key
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = run(["workflow", "check", str(folder / "all.toml")])
    assert code == 0, out.getvalue()


def test_the_replayed_run_of_the_page_is_one(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shown,) = re.findall(r"```text\n\$ (tellverify workflow .*?)```", page, re.DOTALL)
    first, second, *lines = shown.replace("$ tellverify ", "").splitlines()
    monkeypatch.chdir(ROOT)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        for command in (first.removeprefix("tellverify "), second):
            run(command.replace("ev/", f"{tmp_path}/").replace(" ev ", f" {tmp_path} ").split())
    assert out.getvalue().splitlines() == lines


def _write() -> None:
    text = PAGE.read_text(encoding="utf-8")
    os.environ["COLUMNS"] = "100"
    PAGE.write_text(
        OUTPUT.sub(lambda found: f"{found[1]}{printed(found[2])}{found[4]}", text), encoding="utf-8"
    )


if __name__ == "__main__":
    _write()
