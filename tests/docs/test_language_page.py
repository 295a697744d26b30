"""The page on the language names every statement and declaration of the grammar."""

from __future__ import annotations

import re
from importlib.resources import files

import transcripts

GRAMMAR = files("tellverify.language.syntax").joinpath("tell.lark").read_text(encoding="utf-8")
PAGE = (transcripts.DOCS / "language.md").read_text(encoding="utf-8")


def alternatives(rule: str) -> list[str]:
    """The alternatives of a rule of the grammar."""
    found = re.search(rf"^{rule}: (.*?)(?=^\S)", GRAMMAR, re.DOTALL | re.MULTILINE)
    assert found is not None, rule
    return [line.strip(" |") for line in found[1].splitlines() if line.strip()]


def words(rule: str) -> set[str]:
    """The quoted words that the alternatives of a rule begin with."""
    return {one for line in alternatives(rule) for one in re.findall(r'^"(\w+)"', line)}


def test_every_statement_is_named() -> None:
    heads = words("stmt") | words("loop_head") | words("timeout_head")
    assert len(heads) > 15
    named = set(re.findall(r"[\w>*-]+", " ".join(re.findall(r"`([^`\n]+)`", PAGE))))
    assert heads - named == set()
    assert {"->", "->*"} <= named


def test_every_declaration_is_named() -> None:
    heads = words("declaration") | {"operation", "guest", "cluster", "ring", "mesh"}
    assert len(heads) > 10
    named = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`\n]+)`", PAGE))))
    assert heads - named == set()
