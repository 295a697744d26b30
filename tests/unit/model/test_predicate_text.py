"""Texts of guards become expressions with places, or faults with places."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tellverify.model.predicate import (
    And,
    Atom,
    Comparison,
    Not,
    Number,
    Opaque,
    Operand,
    Or,
    Text,
    Truth,
    atoms,
    inside,
    truth,
)
from tellverify.model.predicate_text import MAX_NESTING, PredicateFault, read_predicate


def shape(operand: Operand) -> str:
    """The structure of an expression, without places."""
    match operand:
        case Truth(value) | Number(value):
            return str(value)
        case Text(value):
            return repr(value)
        case Opaque(text):
            return f"?{text}"
        case Atom(text):
            return text
        case Not(inner):
            return f"!{shape(inner)}"
        case And(parts):
            return f"({' && '.join(map(shape, parts))})"
        case Or(parts):
            return f"({' || '.join(map(shape, parts))})"
        case Comparison(left, sign, right):
            return f"[{shape(left)} {sign} {shape(right)}]"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a && !b || c", "((a && !b) || c)"),
        ("a || b && c", "(a || (b && c))"),
        ("!a == b", "[!a == b]"),
        ("!(a == b)", "![a == b]"),
        ("!!a", "a"),
        ("(a || b) && (c)", "((a || b) && c)"),
        ("load>=0x1F", "[load >= 31]"),
        ("1_000u64 != b . size", "[1000 != b.size]"),
        ("x < 0b11", "[x < 3]"),
        ('kind == "a\\n\\u{41}\\""', "[kind == 'a\\nA\"']"),
        ("true", "True"),
        ("open( a ,b )[ 2 ].0", "open(a, b)[2].0"),
        ("crate::limits::MAX > x", "[crate::limits::MAX > x]"),
        ("matches!(x, Some(y) if y)", "matches!(x, Some(y)if y)"),
        ("size::<Vec<u8>>() > 3", "[size::<Vec<u8>>() > 3]"),
        ("(a).ready", "(a).ready"),
        ('"abc".len() == 3', '["abc".len() == 3]'),
        ("x < 1.5", "[x < ?1.5]"),
        ("x == 'c'", "[x == ?'c']"),
        ("größe > 3", "[größe > 3]"),
        ("(a > 1) == (b > 2)", "[[a > 1] == [b > 2]]"),
        (f"x < {2**128}", f"[x < ?{2**128}]"),
        (f"x < {2**128 - 1}", f"[x < {2**128 - 1}]"),
    ],
)
def test_a_predicate_is_read_with_the_precedence_of_rust(text: str, wanted: str) -> None:
    found = read_predicate(text)
    assert not isinstance(found, PredicateFault)
    assert shape(found) == wanted


@pytest.mark.parametrize(
    ("text", "at", "why"),
    [
        ("load + 1", "+", "`+` is arithmetic"),
        ("-1 < x", "-", "`-` stands where a value is expected"),
        ("if busy", "if", "`if` does not begin a condition"),
        ("a == b == c", "==", "comparisons do not chain"),
        ("a && 5", "5", "`5` is no truth value"),
        ('!"x"', '"x"', '`"x"` is no truth value'),
        ("(5)", "5", "`5` is no truth value"),
        ("a = 3", "=", "`=` compares nothing"),
        ("a as u8", "as", "`as` joins no conditions"),
        ("a &&", "&&", "it ends too early"),
        ("a && (b", "(", "a parenthesis is not closed"),
        ("a)", ")", "`)` joins no conditions"),
        ("f(a", "(", "a bracket is not closed"),
        ("a ? b", "?", "`?` joins no conditions"),
        ("a @ b", "@", "`@` joins no conditions"),
        ("\0", "\0", "`\0` stands where a value is expected"),
        ('"a', '"', '`"` stands where a value is expected'),
    ],
)
def test_a_fault_is_placed_where_it_is(text: str, at: str, why: str) -> None:
    found = read_predicate(text, 100)
    assert isinstance(found, PredicateFault)
    assert found.text == why
    assert not found.is_limit
    start, end = found.span.start - 100, found.span.end - 100
    assert text[start:end] == at


def test_places_are_those_of_the_source() -> None:
    text = "  ready && load > 3 "
    found = read_predicate(text, 7)
    assert not isinstance(found, PredicateFault)
    places = [text[one.span.start - 7 : one.span.end - 7] for one in inside(found)]
    assert places == ["ready && load > 3", "ready", "load > 3", "load", "3"]


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5_000 + "a" + ")" * 5_000,
        "(" * 5_000,
        "!(" * 5_000 + "a",
        "a && (b || (" * (MAX_NESTING + 1) + "c" + "))" * (MAX_NESTING + 1),
        "x < " + "9" * 100_000,
        '\\"' * 100_000,
    ],
)
def test_what_is_too_large_is_said_to_be(text: str) -> None:
    found = read_predicate(text)
    assert isinstance(found, PredicateFault)
    assert found.is_limit


@pytest.mark.parametrize(
    "text", ["!" * 5_000 + "a", "a && " * 1_500 + "a", "f" + "[" * 3_000 + "]" * 3_000]
)
def test_what_is_long_but_not_deep_is_read(text: str) -> None:
    found = read_predicate(text)
    assert not isinstance(found, PredicateFault)
    assert len(atoms(found)) == 1
    assert truth(found, dict.fromkeys(atoms(found), True)) is True


def test_the_deepest_predicate_is_read_and_evaluated() -> None:
    depth = MAX_NESTING
    text = "!(a || b && " * depth + "a" + ")" * depth
    found = read_predicate(text)
    assert not isinstance(found, PredicateFault)
    assert truth(found, {"a": False, "b": True}) is (depth % 2 == 1)


_PIECES = (
    *("a", "b.c", "5", '"s"', "(", ")", "[", "]", "!", "&&", "||", "==", "<", "<=", ".", "::"),
    *(" ", "'", '"', "\\", "é", "true", "if", "1.5", "0x", "{", "}", "?", "+", ",", "\n", "'x'"),
)
_WORDS = st.sampled_from(_PIECES)


@given(st.one_of(st.lists(_WORDS, max_size=12).map("".join), st.text(max_size=40)))
def test_every_text_is_read_or_has_a_fault_inside(text: str) -> None:
    found = read_predicate(text, 3)
    span = found.span
    assert 3 <= span.start <= span.end <= 3 + len(text)


def test_unknown_values_leave_a_predicate_open_unless_others_decide() -> None:
    found = read_predicate("a && b || c == 1.5")
    assert not isinstance(found, PredicateFault)
    assert truth(found, {"a": True, "b": True}) is True
    assert truth(found, {"a": False}) is None
    both = read_predicate("a && (b || x > 3)")
    assert not isinstance(both, PredicateFault)
    assert truth(both, {"a": False}) is False
    assert truth(both, {"a": True, "x": 4}) is True
    assert truth(both, {"a": True, "x": 2}) is None
