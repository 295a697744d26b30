"""Texts that no person writes: odd characters, and great sizes."""

from __future__ import annotations

import pytest
from syntax_texts import faults, only, parsed

from tellverify.diagnostics.model import Severity

HEAD = "protocol P =\n  roles A, B\n"


@pytest.mark.parametrize(
    ("text", "number", "line", "marked"),
    [
        (HEAD + "  A -> B : M\0\n", "TV111", 3, "\0"),
        (HEAD + "  A -> B : M -- \x1b\n", "TV111", 3, "\x1b"),
        (HEAD + "  A -> B : M -- \u202e\n", "TV111", 3, "\u202e"),
        (HEAD + "  A -> B : M\f\n", "TV111", 3, "\f"),
        (HEAD + "  A -> B : M\r  A -> B : N\n", "TV112", 3, "\r"),
        ("\ufeff" + HEAD + "  A -> B : M\n", "TV113", 1, "\ufeff"),
        (HEAD + "  Ä -> B : M\n", "TV114", 3, "Ä"),
        (HEAD + "  A -> В : M\n", "TV114", 3, "В"),
        (HEAD + "  A -> Bé : M\n", "TV114", 3, "Bé"),
        (HEAD + "  A -> _B : M\n", "TV114", 3, "_B"),
        (HEAD + "  A -> B : M {- x\n  A -> B : N\n", "TV121", 3, "{-"),
        (HEAD + '  A { k : "x } -> B : M\n  A -> B : N\n', "TV122", 3, '"'),
        (HEAD + '  A { k : "x\\" } -> B : M\n', "TV125", 3, '\\"'),
        (HEAD + '  loop while "a\n  b"\n    A -> B : M\n', "TV126", 3, '"'),
        (HEAD + "  A\u00a0-> B : M\n", "TV131", 3, "\u00a0"),
        (HEAD + "  A -> B : \ud800\n", "TV131", 3, "\ud800"),
    ],
)
def test_odd_characters(text: str, number: str, line: int, marked: str) -> None:
    assert (number, line, marked) in faults(text)
    assert len([found for found in faults(text) if found[1] == line]) == 1


def test_crlf_and_no_line_break_at_the_end() -> None:
    result = parsed((HEAD + "  A -> B : M -- x\n  A -> B : N").replace("\n", "\r\n"))
    assert result.diagnostics == ()
    assert len(result.file.protocols[0].body) == 2
    assert result.file.comments[0].text == "-- x"


def test_a_byte_order_mark_is_only_noted() -> None:
    result = parsed("\ufeff" + HEAD + "  A -> B : M\n")
    assert result.file.complete
    assert only("\ufeff" + HEAD + "  A -> B : M\n").severity is Severity.NOTE


def test_a_foreign_character_is_named() -> None:
    assert "U+0412 CYRILLIC CAPITAL LETTER VE" in only(HEAD + "  A -> В : M\n").message


def test_each_foreign_name_is_reported_once_and_read_as_a_name() -> None:
    result = parsed(HEAD + "  Ä -> B : M\n  B -> Ä : N\n")
    assert len(result.diagnostics) == 1
    assert len(result.file.protocols[0].body) == 2


def test_strings_over_lines_inside_brackets() -> None:
    assert parsed(HEAD + '  A { k : "x\ny" } -> B : M\n').diagnostics == ()


def test_an_open_string_is_reported_where_it_begins_even_with_strings_behind_it() -> None:
    text = HEAD + '  A { k : "x } -> B : M\n' + '  A { k : "y" } -> B : M\n' * 3
    assert faults(text) == [("TV122", 3, '"')]


@pytest.mark.parametrize("depth", [5_000])
def test_deep_nesting(depth: int) -> None:
    lines = [f"{' ' * (2 + level)}rec X{level}\n" for level in range(depth)]
    result = parsed(HEAD + "".join(lines) + " " * (2 + depth) + "A -> B : M\n")
    assert result.file.complete
    assert parsed(HEAD + "  rec X (" * depth + "A -> B : M" + ")" * depth).file.complete
    broken = [line.replace("rec", "reck") for line in lines[:300]]
    assert len(parsed(HEAD + "".join(broken)).diagnostics) == 101


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "  A -> B : " + "M" * 1_000_000,
        HEAD + "  " + "A -> B : M " * 20_000,
        HEAD + "  A -> B : M" + " " * 1_000_000 + "\n" * 1_000_000,
        HEAD + "  A -> B : M(" + "x " * 100_000 + ")",
        HEAD + "{--}\n" * 50_000 + "  A -> B : M\n",
        HEAD + "  A -> B : M\n" * 20_000,
    ],
)
def test_great_texts(text: str) -> None:
    assert parsed(text).diagnostics == ()


@pytest.mark.parametrize(
    "text",
    [
        "(" * 50_000,
        "([" * 50_000 + ")" * 50_000,
        ")" * 50_000,
        HEAD + "  A -> B : M" + ";" * 50_000,
        '"\n' * 50_001,
        "{- " * 50_000,
        "\0" * 50_000,
        HEAD + "\tA -> B : M\n" * 10_000,
        HEAD + "  A B C\n" * 10_000,
        HEAD + "  par {\n" * 10_000,
        HEAD + "    A -> B : M\n   A -> B : M\n" * 10_000,
        HEAD + "  A -> B : M(" + "(" * 50_000 + ")" * 50_001,
        (HEAD + "  A -> B : M\n") * 5_000,
    ],
)
def test_great_texts_with_faults(text: str) -> None:
    result = parsed(text)
    assert 1 <= len(result.diagnostics) <= 101
