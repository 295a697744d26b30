"""What is said about broken statements, and that reading goes on behind them."""

from __future__ import annotations

import pytest
from syntax_texts import faults, faults_in_body, only, parsed

from tellverify.diagnostics.model import Severity

LAST = "\nA -> B MISSING"  # a fault behind the one under test: reading must get there


def head(text: str) -> str:
    return f"protocol P =\n  roles A, B\n  {text}\n"


@pytest.mark.parametrize(
    ("text", "message", "help_with"),
    [
        ("A -> B : M;", "expected the end of the statement, found `;`", "remove `;`"),
        ("A B : M", "expected `->`, `->*` or `{`, found `B`", ""),
        ("A -> B M", "expected `:`, found `M`", ""),
        ("A -> : M", "expected a role, found `:`", ""),
        ("A -> B :", "expected a message, found the end of the line", ""),
        ("A[k = v] -> B : M", "expected `..` or `]`, found `=`", "metadata is written"),
        ("A[k : v] -> B : M", "expected `..` or `]`, found `:`", "metadata is written"),
        ("@fast A -> B : M", "expected a statement, found `@`", "no `@` annotations"),
        ("A -> B : M<T>", "expected the end of the statement, found `<`", "`Label of path.Type`"),
        ("A -> B { k : 1 } : M", "expected `:`, found `{`", "after the sender"),
        ("// note", "expected a statement, found `/`", "comments begin with `--`"),
        ("A => B : M", "expected `->`, `->*`, `{` or `[`, found `=>`", "`A -> B : Message`"),
        ("A -> B : M N", "expected the end of the statement, found `N`", ""),
        ("roles A", "", "first line of the body"),
        ("choice A\n    | x => A -> B : x", "expected `at`, found the end of the line", ""),
        ("choise A at\n    | x => A -> B : x", "", "did you mean `choice`?"),
        ("loop decide A\n    A -> B : x", "expected `by`, found `A`", ""),
        ("let x check E.op()", "expected `=`, found `check`", ""),
        ("let x = check E", "expected `.`, found the end of the line", ""),
        ("choice A at\n  | x => A -> B : x", "", "indent the bars"),
        ("rec X", "expected an indented block, found the end of the line", ""),
        ("A → B : M", "", ""),
    ],
)
def test_messages_and_advice(text: str, message: str, help_with: str) -> None:
    found = only(head(text))
    assert found.code.number == "TV131"
    assert message in found.message
    assert any(help_with in one for one in found.helps) or not help_with
    assert found.upstream == "rejects"


def test_roles_with_a_colon_and_without_commas() -> None:
    found = only("protocol P =\n  roles: A, B\n  A -> B : M\n")
    assert found.helps == ("write `roles A, B` without a colon",)
    found = only("protocol P =\n  roles A B\n  A -> B : M\n")
    assert found.helps == ("separate roles by commas",)


def test_a_branch_without_its_arrow() -> None:
    found = only(head("choice A at\n    | x\n        A -> B : x\n    | y => A -> B : y"))
    assert found.message == "expected `=>` or `when`, found the end of the line"


def test_a_header_over_two_lines() -> None:
    found = only("protocol P uses E\n  under F =\n    A -> B : M\n")
    assert found.code.number == "TV103"


def test_where_inside_the_body() -> None:
    found = only(head("A -> B : M\n  where\n    protocol L =\n      A -> B : N"))
    assert found.helps == ("put `where` at the column of `protocol`",)


def test_a_body_at_the_column_of_its_head() -> None:
    found = only("protocol P =\nroles A, B\nA -> B : M\n")
    assert found.message == "expected an indented block, found the end of the line"


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("heartbeat", "heartbeat A -> B every 3s"),
        ("handshake", "handshake A B"),
        ("retry", "retry 3"),
        ("acquire", "acquire lock"),
        ("delegate", "delegate S to B"),
        ("check", "check X for Y"),
        ("transfer", "transfer X to Y"),
    ],
)
def test_removed_statements(word: str, text: str) -> None:
    assert faults_in_body(text + LAST) == [("TV133", 1, word), ("TV131", 2, "MISSING")]


@pytest.mark.parametrize(
    "text",
    [
        "choice A at { | x => A -> B : x }",
        "choice A { | x => A -> B : x }",
        "choice A at\n  | x => { A -> B : x }",
        "case x of { | Ok => A -> B : x }",
        "par { | A -> B : x | A -> B : y }",
        "rec X { A -> B : x }",
        "loop forever { A -> B : x }",
        "let x = y in { A -> B : x }",
        "timeout 5s A at { A -> B : x }\non timeout => A -> B : y",
    ],
)
def test_bodies_in_braces_are_reported_and_read(text: str) -> None:
    assert [number for number, _, _ in faults_in_body(text + LAST)] == ["TV132", "TV131"]


@pytest.mark.parametrize(
    "text",
    [
        "protocol P = {\n  roles A, B\n  A -> B : M\n}\n",
        "protocol P {\n  roles A, B\n  A -> B : M\n}\n",
        "operation O at A = { A -> B : M }\nprotocol P =\n  A -> B : M\n",
        "protocol P =\n  A -> B : M\nwhere { protocol L = ( A -> B : N ) }\n",
    ],
)
def test_declarations_with_a_body_in_braces(text: str) -> None:
    assert [number for number, _, _ in faults(text)] == ["TV132"]


@pytest.mark.parametrize(
    ("text", "head"),
    [
        ("protocol P =\n{\n  roles A, B\n  A -> B : M\n}\n", "protocol P ="),
        ("protocol P =\n  roles A, B\n  loop forever\n    {\n    A -> B : M\n    }\n", "forever"),
    ],
)
def test_a_brace_on_a_line_of_its_own_belongs_to_the_line_above(text: str, head: str) -> None:
    found = [each for each in parsed(text).diagnostics if each.code.number == "TV132"]
    assert [each.message.endswith(f"{head}`") for each in found] == [True]


def test_the_old_surface_is_refused_without_a_cascade_on_one_line() -> None:
    text = "protocol Drop { roles: A, B; A[k = 1] -> B: M; choice B { ok: { B -> A: ok; } } }\n"
    assert [line for _, line, _ in faults(text)] == [1]


def test_text_that_ends_at_the_first_closing_bracket_may_not_nest() -> None:
    assert faults_in_body("A -> B : M(f(x))\nA -> B : M { {} }" + LAST) == [
        ("TV127", 1, "("),
        ("TV127", 2, "{"),
        ("TV131", 3, "MISSING"),
    ]
    assert faults_in_body("choice A at\n  | x when (a()) => A -> B : x" + LAST)[0][0] == "TV127"


def test_empty_parentheses() -> None:
    assert faults_in_body("rec X ( )\nchoice A at ()\npar ( -- none\n )" + LAST) == [
        ("TV134", 1, "( )"),
        ("TV134", 2, "()"),
        ("TV134", 3, "( -- none\n   )"),
        ("TV131", 5, "MISSING"),
    ]


def test_units_and_numbers() -> None:
    assert faults_in_body(
        "timeout 5 min A at ( A -> B : M )\non timeout => A -> B : N\n"
        f"loop repeat {2**64}\n  A -> B : M\nloop repeat {2**64 - 1}\n  A -> B : M\n"
        f"A[{'9' * 10_000}] -> B : M" + LAST
    ) == [
        ("TV116", 1, "min"),
        ("TV115", 3, str(2**64)),
        ("TV115", 7, "9" * 10_000),
        ("TV131", 8, "MISSING"),
    ]


def test_every_broken_statement_is_reported_at_every_depth() -> None:
    text = (
        "choice A\n"
        "  | x\n"
        "      A -> B\n"
        "      par\n"
        "        | A B : M\n"
        "        | loop forever\n"
        "            B -> A N\n"
        "  | y =>\n"
        "      timout 5s A at\n"
        "        A -> B M\n"
        "      on timeout =>\n"
        "        A -> B M\n"
        "A -> B : OK\n"
        "A -> B X"
    )
    assert [line for _, line, _ in faults_in_body(text)] == [1, 2, 3, 5, 7, 9, 10, 12, 14]


def test_faults_in_several_declarations() -> None:
    text = (
        "module m exposing\n"
        "effect E\n"
        "  load : A -> B\n"
        "  { class : observational, speed : high }\n"
        "  other : A\n"
        "type alias T = Result A\n"
        "operation O at A =\n"
        "  A -> B M\n"
        "role_set R = subset(S, 1..x)\n"
        "protocol P =\n"
        "  A -> B M\n"
    )
    assert [line for _, line, _ in faults(text)] == [1, 4, 5, 6, 8, 9, 11]


def test_a_statement_that_is_left_out_makes_protocol_and_file_incomplete() -> None:
    file = parsed(head("A -> B M M\n  A -> B : N")).file
    assert not file.complete
    (protocol,) = file.protocols
    assert (protocol.name.text, protocol.complete, len(protocol.body)) == ("P", False, 1)


def test_a_protocol_behind_a_broken_declaration_is_complete() -> None:
    file = parsed("fragment (\n)\nprotocol P =\n  A -> B : M\n").file
    assert (file.complete, file.protocols[0].complete) == (False, True)


def test_a_protocol_with_a_broken_head_keeps_its_name_and_its_body() -> None:
    (protocol,) = parsed("protocol P(A B) =\n  A -> B : M\n  A -> B : N\n").file.protocols
    assert (protocol.name.text, protocol.complete, len(protocol.body)) == ("P", False, 2)


def test_lines_that_are_not_finished() -> None:
    assert faults_in_body("A ->\nA -> B : M\nA -> B :\nA -> B : N" + LAST) == [
        ("TV131", 1, ""),
        ("TV131", 3, ""),
        ("TV131", 5, "MISSING"),
    ]


@pytest.mark.parametrize("arrow", ["-> B M", "-> B : M extra", "-> : M", "=> B : M"])
def test_a_fault_behind_a_record_of_several_lines_is_where_it_is(arrow: str) -> None:
    """The lines of a bracket are no ends of the statement around it."""
    record = 'A { flow_cost : 3\n    , guard_capability : "a:b"\n    }\n    '
    found = only(head(f"{record}{arrow}\n  B -> A : N"))
    assert found.code.number == "TV131"
    assert found.primary.span.start >= head(record).rindex("}")


def test_at_most_a_hundred_faults_are_shown() -> None:
    result = parsed("protocol P =\n" + "  A -> B M M\n" * 500)
    assert len(result.diagnostics) == 101
    assert result.diagnostics[-1].code.number == "TV191"
    assert not result.file.complete


def test_a_hundred_unclosed_brackets() -> None:
    result = parsed("protocol P =\n" + "  A -> B : M(\n" * 500)
    assert [one.code.number for one in result.diagnostics] == ["TV123"] * 100 + ["TV191"]


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("join -> A : M", "join"),
        ("A { k : 1,\nretry : 3 } -> B : M", "retry"),
        ("awaitX -> A : M", "awaitX"),
        ("A -> B : M\noffer -> A : N", "offer"),
        ("let x = Okay", "Okay"),
        ("loop forever\n  A { k : 1 } -> B : M", "{"),
    ],
)
def test_clear_text_that_telltale_refuses(text: str, marked: str) -> None:
    result = parsed(head(text.replace("\n", "\n  ")))
    (found,) = result.diagnostics
    assert (found.code.number, found.severity) == ("TV151", Severity.WARNING)
    assert result.file.complete
    assert (found.upstream, faults_in_body(text)[0][2]) == ("rejects", marked)


def test_type_names_that_telltale_cuts() -> None:
    text = "type T = A(UnitPrice)\nprotocol P =\n  A -> B : M\n"
    assert faults(text.replace("= A", "= | A")) == [("TV151", 1, "UnitPrice")]


def test_a_fault_that_is_not_shown_still_makes_the_protocol_incomplete() -> None:
    result = parsed("fragment ; F protocol P = ( A -> B : M M M A -> B : N )\n")
    assert len(result.diagnostics) == 1  # one for a line
    assert [one.complete for one in result.file.protocols] == [False]
