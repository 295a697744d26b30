"""Both renderings of a tree are read as that tree, and upgrading one gives the other."""

from __future__ import annotations

from random import Random

from brace_text import brace_files, brace_text
from hypothesis import given, settings
from hypothesis import strategies as st

from tellverify.diagnostics.model import Severity
from tellverify.language.syntax import ast
from tellverify.language.syntax.canonical import canonical
from tellverify.language.syntax.printing.printer import print_file
from tellverify.language.syntax.spans import same_tree
from tellverify.language.syntax.surface import is_brace_surface, read_tell
from tellverify.source.text import SourceFile

RANDOM = st.randoms(use_true_random=False)


def tree(text: str) -> ast.File:
    result = read_tell(SourceFile("a.tell", text))
    errors = [found for found in result.diagnostics if found.severity is Severity.ERROR]
    assert not errors, (errors, text)
    return result.file


@given(brace_files(), RANDOM)
@settings(max_examples=120)
def test_braces_and_layout_say_the_same(file: ast.File, random: Random) -> None:
    braces, layout = brace_text(file, random), print_file(file)
    assert is_brace_surface(braces)
    assert not is_brace_surface(layout)
    assert same_tree(tree(braces), file), braces
    assert same_tree(tree(layout), file)


@given(brace_files(), RANDOM)
@settings(max_examples=60)
def test_the_upgraded_text_is_canonical(file: ast.File, random: Random) -> None:
    braces = brace_text(file, random)
    found = canonical(SourceFile("a.tell", braces), upgrade=True)
    assert found.text is not None
    assert same_tree(tree(found.text), file)
    assert canonical(SourceFile("a.tell", found.text)).text == found.text
    assert found.text.count("note") == braces.count("// note")
    assert canonical(SourceFile("a.tell", braces)).text == braces


PIECES = st.sampled_from(
    [
        *'(){}[]|:;,.=<>*@#!"\\\0é\t\n',
        *("->", "->*", "=>", "::", "//", "/*", "*/", "--", "{-", "-}", "tell!", 'r#"', '"#'),
        *("choice A { x: ", "loop (", "par {", "rec X {", "protocol P {", "roles: A, B;"),
        *("A -> B: M;", "A[k = 1]", "@k(1) ", "when (", "A -> B: M<T", "protocol P =\n", "x -> {}"),
        *("tell!(", "\n```tell\n", "\n```rust\n", "\n```\n", "'", 'include_str!("x")', "\\n"),
    ]
)
EDITS = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 12), st.one_of(st.just(""), PIECES)), max_size=6
)


def edited(text: str, edits: list[tuple[float, int, str]]) -> str:
    for where, removed, put_in in edits:
        place = int(where * len(text))
        text = text[:place] + put_in + text[place + removed :]
    return text


def check_places(text: str) -> None:
    result = read_tell(SourceFile("a.tell", text))
    assert len(result.diagnostics) <= 101
    for found in result.diagnostics:
        for place in (found.primary, *found.others):
            assert 0 <= place.span.start <= place.span.end <= len(text)
    errors = [found for found in result.diagnostics if found.severity is Severity.ERROR]
    assert result.file.complete or errors
    assert result.file.protocols or errors


@given(brace_files(), RANDOM, EDITS)
@settings(max_examples=60)
def test_edited_brace_texts(
    file: ast.File, random: Random, edits: list[tuple[float, int, str]]
) -> None:
    text = edited(brace_text(file, random), edits)
    check_places(text)
    canonical(SourceFile("a.tell", text), upgrade=True)


@given(st.lists(PIECES, max_size=40))
@settings(max_examples=200)
def test_pieces_in_any_order(pieces: list[str]) -> None:
    check_places("tell! { protocol P { " + "".join(pieces))
    check_places("".join(pieces))
