"""Printing and parsing are inverse, for every tree of the grammar and with comments anywhere."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st
from trees import files

from tellverify.diagnostics.model import Severity
from tellverify.language.syntax import ast
from tellverify.language.syntax.parser import parse
from tellverify.language.syntax.printing.printer import print_file
from tellverify.language.syntax.spans import placed, same_tree
from tellverify.source.span import NOWHERE
from tellverify.source.text import SourceFile


def parsed(text: str) -> ast.File:
    result = parse(SourceFile("a.tell", text))
    errors = [found for found in result.diagnostics if found.severity is Severity.ERROR]
    assert not errors, (errors, text)
    return result.file


def bare(file: ast.File) -> ast.File:
    found = placed(file, lambda _: NOWHERE)
    return ast.File(found.module, found.imports, found.declarations, found.protocols)


@given(files)
@settings(max_examples=100)
def test_the_printed_tree_parses_to_the_same_tree(tree: ast.File) -> None:
    text = print_file(tree)
    again = parsed(text)
    assert bare(again) == bare(tree)
    assert print_file(again, text) == text


def comment_texts(file: ast.File) -> list[str]:
    """All comments, where those joined behind one line count as several."""
    return sorted(part for comment in file.comments for part in comment.text.split("  "))


BREAK = re.compile(r"(?<=[ \n])")
NOTES = ["-- note\n", "{- note -}", "{- a\n   b -}", "\n\n  -- note\n", "\n\n"]


@given(files, st.lists(st.tuples(st.integers(0, 10_000), st.sampled_from(NOTES)), max_size=4))
@settings(max_examples=100)
def test_comments_anywhere_stay_and_do_no_harm(
    tree: ast.File, notes: list[tuple[int, str]]
) -> None:
    text = print_file(tree)
    for place, note in notes:
        gaps = [match.start() for match in BREAK.finditer(text)]
        gap = gaps[place % len(gaps)]
        text = text[:gap] + note + text[gap:]
    result = parse(SourceFile("a.tell", text))
    if any(found.severity is Severity.ERROR for found in result.diagnostics):
        return
    printed = print_file(result.file, text)
    again = parsed(printed)
    assert same_tree(again, result.file)
    assert comment_texts(again) == comment_texts(result.file)
    assert print_file(again, printed) == printed
