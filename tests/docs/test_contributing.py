"""The walks of `docs/contributing.md` list exactly the files that name what they add."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "tellverify"
PAGE = (ROOT / "docs" / "contributing.md").read_text(encoding="utf-8")
MOST_FILES = {
    "An obligation": 6,
    "A diagnostic": 2,
    "A report format": 2,
    "An option of `check`": 3,
}


def walk(title: str) -> str:
    """The text of one walk."""
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def listed(title: str) -> list[str]:
    """The files that a walk lists."""
    return re.findall(r"^- `(src/[^`]+)`", walk(title), re.MULTILINE)


@cache
def trees() -> dict[str, ast.Module]:
    """All modules of the package by path."""
    return {
        path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for path in SOURCE.rglob("*.py")
    }


def with_attribute(owner: str, name: str) -> set[str]:
    """The files with `owner.name`."""
    return {
        path
        for path, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == name
        if isinstance(node.value, ast.Name) and node.value.id == owner
    }


def with_text(pattern: str) -> set[str]:
    """The files in which a whole string constant matches `pattern`."""
    return {
        path
        for path, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if re.fullmatch(pattern, node.value)
    }


def with_word(word: str, folder: Path = SOURCE, suffix: str = ".py") -> set[str]:
    """The files whose text has `word`."""
    return {
        path.relative_to(ROOT).as_posix()
        for path in folder.rglob(f"*{suffix}")
        if re.search(rf"\b{word}\b", path.read_text(encoding="utf-8"))
    }


def explained(code: str) -> set[str]:
    """The explain page of a code."""
    page = SOURCE / "diagnostics" / "explain" / f"{code}.md"
    return {page.relative_to(ROOT).as_posix()} if page.exists() else set()


@pytest.mark.parametrize("title", MOST_FILES)
def test_a_walk_takes_no_more_files_than_promised(title: str) -> None:
    files = listed(title)
    assert len(files) == len(set(files)) == MOST_FILES[title]


def test_an_obligation_is_named_where_its_walk_says() -> None:
    found = with_attribute("Property", "GUARDS") | with_text("guards|guards:check_guards|TV601")
    assert found | explained("TV601") == set(listed("An obligation"))


def test_a_statement_is_named_where_its_walk_says() -> None:
    classes = {
        path
        for path, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and node.name == "Invalidate"
    }
    found = classes | with_attribute("ast", "Invalidate") | with_text("invalidate")
    found |= with_word("invalidate", suffix=".lark")
    # The colours of reports are one string of words.
    found |= with_word("invalidate", SOURCE / "report")
    assert found == set(listed("A statement"))


def test_the_type_checker_names_as_many_files_as_the_walk_says() -> None:
    building = {"src/tellverify/language/syntax/build/statements.py"}
    matching = with_attribute("ast", "Invalidate") - building
    closed = {
        path
        for path in matching
        for node in ast.walk(trees()[path])
        if isinstance(node, ast.Match) and "ast.Invalidate" in ast.unparse(node)
    }
    text = walk("A statement").replace("\n", " ")
    said = re.search(r"It names (\d+) of the (\d+) files that match on", text)
    assert said is not None
    assert (len(closed), len(matching)) == (int(said[1]), int(said[2]))
    for path in closed:
        assert path.removeprefix("src/tellverify/") in text


def test_a_diagnostic_is_named_where_its_walk_says() -> None:
    assert with_text("TV201") | explained("TV201") == set(listed("A diagnostic"))
    assert "- finding: TV201 at" in (ROOT / "tests/spec/cases/structure.md").read_text("utf-8")


def test_a_report_format_is_named_where_its_walk_says() -> None:
    found = with_word("junit") | with_word("write_junit")
    assert found == set(listed("A report format"))


def test_an_option_is_named_where_its_walk_says() -> None:
    found = with_word("max_findings") | with_attribute("output", "most")
    assert found == set(listed("An option of `check`"))


def test_the_count_of_a_configured_option_is_true() -> None:
    said = re.search(r"`rlimit` is named in (\d+) files", walk("An option of `check`"))
    assert said is not None
    assert len(with_word("rlimit")) == int(said[1])
