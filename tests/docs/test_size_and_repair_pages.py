"""The examples of two pages are what the pages say."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from every_size import claim_text
from family_texts import FamilyText

from tellverify.cli.group import tellverify
from tellverify.repair.rendering import in_words
from tellverify.repair.repair import Rank, repair

DOCS = Path(__file__).resolve().parents[2] / "docs"


def _examples(page: str, mark: str) -> list[tuple[str, str]]:
    text = (DOCS / page).read_text(encoding="utf-8")
    found = re.findall(rf"<!-- {mark}(?:: (.*?))? -->\n```tell\n(.*?)```", text, re.DOTALL)
    assert found
    return found


def test_the_claim_for_every_size_is_made() -> None:
    for claim, text in _examples("every-size.md", "every"):
        every = FamilyText(text).every_size()
        assert every.claimed and not every.stuck
        assert claim_text(every) == f"every {claim}"


def test_the_checks_of_the_page_print_what_it_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (DOCS / "every-size.md").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for text in re.findall(r"```tell\n(.*?)```", page, re.DOTALL):
        name = text.split()[1].lower()
        Path(f"{name}.tell").write_text(text, encoding="utf-8")
    shown = re.findall(r"```console\n\$ tellverify (.*?)\n(.*?)```", page, re.DOTALL)
    assert len(shown) >= 3
    for command, expected in shown:
        done = CliRunner().invoke(tellverify, command.split(), standalone_mode=False)
        assert done.output == expected, command


def test_the_repair_is_found_and_gives_the_text_that_is_shown() -> None:
    ((words, text),) = _examples("repair.md", "repair")
    ((_, after),) = _examples("repair.md", "repaired")
    given = FamilyText(text)
    best = repair(given.file, given.source, given.protocol).offers[0]
    assert [in_words(given.source, one) for one in best.edits] == [words]
    assert best.text == after and best.rank is Rank.SMALLEST


def test_the_command_prints_what_the_page_shows() -> None:
    page = (DOCS / "repair.md").read_text(encoding="utf-8")
    found = re.search(
        r"<!-- run: (.*?) -->\n```console\n\$ tellverify (.*?)\n(.*?)```", page, re.DOTALL
    )
    assert found is not None and found[1] == found[2]
    command = [sys.executable, "-m", "tellverify", *found[1].split()]
    done = subprocess.run(
        command, cwd=DOCS.parent, capture_output=True, text=True, encoding="utf-8", check=True
    )
    assert done.stdout == found[3]


def test_a_check_gives_the_help_that_the_page_shows() -> None:
    page = (DOCS / "repair.md").read_text(encoding="utf-8")
    found = re.search(r"<!-- help -->\n```text\n(.*?)\n```", page, re.DOTALL)
    assert found is not None
    command = [sys.executable, "-m", "tellverify", "check", "counterexamples/mixed_choice.tell"]
    done = subprocess.run(
        command, cwd=DOCS.parent, capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert found[1] in done.stdout
