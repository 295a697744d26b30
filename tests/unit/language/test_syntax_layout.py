"""Indentation, continuation lines, comments and brackets."""

from __future__ import annotations

import pytest
from syntax_texts import body, faults, faults_in_body, parsed

from tellverify.language.syntax import ast

LINES = [
    "protocol P =",
    "  roles A, B",
    "  rec X",
    "    A -> B : M",
    "    continue X",
    "  A -> B : N",
]


def shape(text: str) -> list[str]:
    result = parsed(text)
    assert result.diagnostics == ()
    return [type(one).__name__ for one in result.file.protocols[0].body]


@pytest.mark.parametrize(
    "between", ["", "-- c", "          -- c", "{- c -}", "      {- c -}", "   "]
)
def test_blank_and_comment_lines_never_affect_layout(between: str) -> None:
    assert shape(f"\n{between}\n".join(LINES)) == ["Rec", "Send"]


def test_a_common_indentation_is_stripped() -> None:
    assert shape("\n".join(f"      {line}" for line in LINES)) == ["Rec", "Send"]


def test_comments_behind_code_and_inside_statements() -> None:
    assert shape(
        "protocol P = -- c\n  roles A, {- x -} B -- c\n  A {- c\n over -} -> B : M--c\n"
    ) == ["Send"]


def test_line_comments_win_over_arrows_and_block_comments_do_not_nest() -> None:
    assert shape("protocol P =\n  A -> B : M --> C : N\n  {- {- -}\n  A -> B : N\n") == [
        "Send",
        "Send",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "A\n-> B : M",
        "A\n            -> B : M",
        "A\n->* : M",
        "A\n{ k : 1 }\n-> B : M",
        "A\n          { k : 1 }\n-> B : M",
    ],
)
def test_continuation_lines_stand_at_any_column(text: str) -> None:
    (first, second) = body(text + "\nA -> B : N")
    assert isinstance(first, ast.Send | ast.Broadcast)
    assert isinstance(second, ast.Send)


def test_inside_brackets_indentation_means_nothing() -> None:
    assert len(body("A { k\n: \n  1\n      } -> B : M(\n  x\n)\nA[\n3\n] -> B : N")) == 2


def test_a_line_break_at_the_same_column_means_nothing() -> None:
    assert len(body("A -> B :\nM\nchoice A\nat\n  | x\n  =>\n  A -> B : x")) == 2


def test_a_line_that_goes_back_between_two_blocks() -> None:
    text = "rec X\n    A -> B : M\n  A -> B : N\n  A -> B : O\nA -> B : Q"
    assert faults_in_body(text) == [("TV102", 3, "    ")]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("protocol P =\n\tA -> B : M\n", 2),
        ("protocol P =\n  A -> B : M\n  \t\n", 3),
        ("protocol P =\n  A -> B : M\n \t-- c\n", 3),
        ("protocol P =\n  A { k : 1\n\t} -> B : M\n", 3),
    ],
)
def test_a_tab_in_the_indentation_is_reported_once(text: str, line: int) -> None:
    assert faults(text) == [("TV101", line, "\t")]


def test_tabs_elsewhere_are_spaces() -> None:
    assert shape("protocol P =\n  A\t->\tB : M\t\n") == ["Send"]


def test_many_tabs_are_one_fault_and_the_blocks_are_still_read() -> None:
    result = parsed("protocol P =\n\trec X\n\t\tA -> B : M\n\tA -> B : N\n")
    (found,) = result.diagnostics
    assert (found.code.number, found.notes) == ("TV101", ("2 more lines are indented with tabs",))
    assert len(result.file.protocols[0].body) == 2
    assert not result.file.protocols[0].complete


def test_a_deeper_line_behind_a_message_is_reported_and_read_as_a_statement() -> None:
    result = parsed("protocol P =\n  A -> B : M\n    B -> A : N\n  A -> B : O\n")
    (found,) = result.diagnostics
    assert (found.code.number, found.upstream) == ("TV104", "drops")
    (protocol,) = result.file.protocols
    assert len(protocol.body) == 3
    assert not protocol.complete


def test_the_second_statement_of_a_branch_deeper_than_the_first() -> None:
    text = "par\n  | A -> B : M\n    A -> B : N\n  | B -> A : O"
    assert faults_in_body(text) == [("TV104", 3, "A -> B : N")]


def test_a_deeper_line_behind_any_other_statement() -> None:
    assert faults_in_body("continue X\n  A -> B : N\nA -> B : M") == [("TV103", 2, "A")]


def test_a_block_comment_before_code_that_begins_a_block() -> None:
    assert faults_in_body("rec X\n  {- c -} A -> B : M") == [("TV105", 2, "{-")]
    assert faults_in_body("{- c -} A -> B : M\n{- a -} {- b -} A -> B : N") == []


def test_a_block_comment_that_ends_before_code() -> None:
    assert faults_in_body("rec X\n  A -> B : M\n{- c\n-} A -> B : M") == [("TV105", 3, "{-")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A { k : 1 -> B : M\nA -> B : N", [("TV123", 1, "{")]),
        ("A -> B : M(x\nA -> B : N", [("TV123", 1, "(")]),
        ("A[3 -> B : M\nA -> B : N", [("TV123", 1, "[")]),
        ("A { k : [1, 2 } -> B : M\nA -> B : N", [("TV123", 1, "[")]),
        ("choice A at (\n  | x => A -> B : x\nA -> B : N", [("TV123", 1, "(")]),
        ("A -> B : M)\nA -> B : N", [("TV124", 1, ")")]),
        ("A -> B : M}\n]A -> B : N", [("TV124", 1, "}"), ("TV124", 2, "]")]),
    ],
)
def test_brackets_without_partner_are_reported_at_their_place(
    text: str, expected: list[tuple[str, int, str]]
) -> None:
    assert faults_in_body(text + "\nA -> B C") == [*expected, ("TV131", 2 + text.count("\n"), "C")]
