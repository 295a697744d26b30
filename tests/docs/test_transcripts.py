"""The pages that a reader follows step by step: every command prints what the page shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import transcripts

PAGES = [
    path
    for path in (transcripts.DOCS.parent / "README.md", *sorted(transcripts.DOCS.rglob("*.md")))
    if transcripts.MARK in path.read_text("utf-8")
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_prints_what_the_page_shows(page: Path, tmp_path: Path) -> None:
    """Changed on purpose? `python tests/docs/transcripts.py PAGE` writes the page anew."""
    folder = tmp_path / "work"
    folder.mkdir()
    text = page.read_text("utf-8")
    followed = 0
    for _, call, printed, code in transcripts.steps(text, folder):
        followed += 1
        assert "Traceback" not in printed, call.command
        assert code == call.code, f"$ {call.command}\n{printed}"
        assert transcripts.agrees(call.shown, printed), f"$ {call.command}\n{printed}"
    assert followed >= text.count("\n```console\n")


def test_a_page_that_shows_something_else_is_noticed(tmp_path: Path) -> None:
    page = "<!-- file: a.tell -->\n```tell\nprotocol A =\n  roles P, Q\n  P -> Q : M\n```\n"
    page += "```console\n$ tellverify check a.tell -q\nnonsense\n(exit code 1)\n```\n"
    ((_, call, printed, code),) = transcripts.steps(page, tmp_path)
    assert (call.code, code) == (1, 0)
    assert not transcripts.agrees(call.shown, printed)
    new = transcripts.rewritten(page, tmp_path)
    assert "nonsense" not in new and "exit code" not in new
    assert transcripts.rewritten(new, tmp_path) == new


def test_a_line_of_dots_stands_for_any_lines() -> None:
    assert transcripts.agrees("a\n...\nd\n", "a\nb\nc\nd\n")
    assert transcripts.agrees("a\n...\nd\n", "a\nd\n")
    assert not transcripts.agrees("a\n...\nd\n", "a\nb\n")
    assert not transcripts.agrees("a\n", "a\nb\n")


@pytest.mark.parametrize("page", sorted(transcripts.DOCS.rglob("*.md")), ids=lambda page: page.stem)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    for target, anchor in re.findall(r"\]\(([^)#:\s]*)(?:#([^)\s]+))?\)", text):
        file = page.parent / target if target else page
        assert file.exists(), f"{page.name}: {target}"
        if anchor and file.suffix == ".md":
            heads = re.findall(r"^#+ (.+)$", file.read_text("utf-8"), re.MULTILINE)
            slugs = {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}
            slugs |= set(re.findall(r'<a id="([^"]+)"', file.read_text("utf-8")))
            assert anchor in slugs, f"{page.name}: {target}#{anchor}"
