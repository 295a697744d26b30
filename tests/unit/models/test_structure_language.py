"""The language of structures: what it means, and what has no meaning."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tellverify.models.evaluation import Value, evaluate, shown
from tellverify.models.expression_parser import parse_expression, parse_parameters, parse_type
from tellverify.models.expressions import LanguageError, Nat, TruthExpression, Type
from tellverify.models.structures import read_structures
from tellverify.models.typing import check, type_of

NAMES: dict[str, Type] = {
    "n": Nat(),
    "i": parse_type("int"),
    "t": TruthExpression(),
    "s": parse_type("set(3)"),
    "l": parse_type("list(3)"),
    "m": parse_type("map(2, nat)"),
    "e": parse_type("enum(low, high)"),
    "r": parse_type("{left: nat, right: {deep: bool}}"),
}
VALUES: dict[str, Value] = {
    "n": 4,
    "i": -3,
    "t": True,
    "s": frozenset({0, 2}),
    "l": (2, 1, 2),
    "m": {1: 5},
    "e": 1,
    "r": {"left": 7, "right": {"deep": False}},
}


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("1 + 2 * n - 3", "6"),
        ("not t or n > 3 and i < 0", "true"),
        ("not (t or n > 3)", "false"),
        ("if e == 'high' then min(n, 9) else 0", "4"),
        ("if 'high' == e then 1 else 0", "1"),
        ("union(s, if has(s, 1) then s else s)", "{0, 2}"),
        ("difference(full_of, s)", "{1}"),
        ("s <= s and not (s < s)", "true"),
        ("sorted_unique(concat(l, l))", "[1, 2]"),
        ("length(concat(l, l))", "6"),
        ("union_with(m, m, (x, y) => x + y)", "{1 => 10}"),
        ("intersect_with(m, m, (x, y) => max(x, n))", "{1 => 5}"),
        ("r.left + n", "11"),
        ("r with {left: 0}", "{left: 0, right: {deep: false}}"),
        ("r.right.deep", "false"),
        ("max(i, n)", "4"),
        ("-2", "-2"),
        ("has(s, n - 2) and not has(s, n) and not has(s, i)", "true"),
        ("insert(remove(s, n - 4), 1)", "{1, 2}"),
        ("size(insert(s, n))", "2"),
        ("r == (r with {left: 7})", "true"),
    ],
)
def test_what_expressions_mean(text: str, result: str) -> None:
    names = {**NAMES, "full_of": parse_type("set(3)")}
    typed, kind = type_of(parse_expression(text), names)
    value = evaluate(typed, {**VALUES, "full_of": frozenset({0, 1, 2})})
    assert shown(value, kind) == result


@pytest.mark.parametrize(
    ("text", "message", "at"),
    [
        ("n +", "the text ends where there should be no value", 3),
        ("n § 1", "`§` has no meaning here", 2),
        ("n n", "`n` is not expected here", 2),
        ("x", "nothing here is called `x`", 0),
        ("n + t", "this is true or false where a number from 0 is wanted", 4),
        ("r.up", "a record has no field `up`", 2),
        ("n.up", "a number from 0 has no field `up`", 2),
        ("foo(n)", "there is no function `foo`", 0),
        ("min(n)", "`min` takes 2 values", 0),
        ("union(n, n)", "`union` is not for a number from 0", 0),
        ("has(s, 3)", "the elements are 0 to 2", 7),
        ("has(n, 1)", "`has` takes a set", 0),
        ("has(s, t)", "this is true or false where a number is wanted", 7),
        ("n * n", "one side of `*` must be a number", 2),
        ("e == 'middle'", "`middle` is none of low, high", 5),
        ("{left: 1, left: 2}", "`left` is there twice", 10),
        ("union_with(m, m, n)", "`union_with` takes two maps and `(x, y) => value`", 0),
        ("union_with(m, m, (x, x) => x)", "`x` is there twice", 21),
        ("empty()", "the type of `empty()` cannot be told here", 0),
        ("if n then 1 else 2", "this is a number from 0 where true or false is wanted", 3),
        ("(n", "`)` is expected here, not the end", 2),
        ("(x, y) => x", "`)` is expected here, not `,`", 2),
        ("n < t", "this is true or false where a number from 0 is wanted", 4),
        ("r < r", "a record has no order", 2),
        ("with", "`with` is no value", 0),
        ("9" * 50, "this number is too large", 0),
        ("(" * 100, "this is nested too deeply", 60),
    ],
)
def test_what_has_no_meaning_is_told_with_its_place(text: str, message: str, at: int) -> None:
    with pytest.raises(LanguageError) as caught:
        type_of(parse_expression(text), NAMES)
    assert (caught.value.message, caught.value.at) == (message, at)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the text ends where there should be no type"),
        ("set(0)", "a size is a number from 1 to 8"),
        ("set(9)", "a size is a number from 1 to 8"),
        ("enum(a, a)", "an enumeration lists different names"),
        ("{a: nat, a: nat}", "`a` is there twice"),
        ("tree", "`tree` is no type"),
        ("{a: " * 70 + "nat" + "}" * 70, "this is nested too deeply"),
    ],
)
def test_what_is_no_type(text: str, message: str) -> None:
    with pytest.raises(LanguageError) as caught:
        parse_type(text)
    assert caught.value.message.startswith(message)


def test_what_may_be_negative_is_no_natural_number() -> None:
    with pytest.raises(LanguageError):
        check(parse_expression("n - 1"), Nat(), NAMES)
    check(parse_expression("n - 1"), parse_type("int"), NAMES)
    check(parse_expression("max(n - 1, 0)"), Nat(), NAMES)


def test_parameters() -> None:
    assert parse_parameters("") == ()
    assert parse_parameters("cost: nat, to: set(2)") == (
        ("cost", Nat()),
        ("to", parse_type("set(2)")),
    )


@given(st.text(alphabet="nmsler(){}[]:,.+-*<>= 'and or not if then else with 019", max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    for read in (parse_type, parse_parameters, lambda one: type_of(parse_expression(one), NAMES)):
        try:
            read(text)
        except LanguageError as error:
            assert 0 <= error.at <= len(text)


GOOD = """schema = "tellverify/laws-1"
[structure.S]
kind = "join"
state = "nat"
merge = "max(a, b)"
"""


@pytest.mark.parametrize(
    ("text", "message", "shown_at"),
    [
        ("", "`schema` must be `tellverify/laws-1`", ""),
        (GOOD.replace("max", "mox"), "there is no function `mox`", "m"),
        (GOOD.replace('"nat"', '"nut"'), "`nut` is no type", "n"),
        (GOOD.replace('"join"', '"joint"'), "cannot be `joint`", '"joint"'),
        (GOOD + "other = 1\n", "there is no key `other` here", "other"),
        (GOOD + 'neutral = "true"\n', "this is true or false where a number", "t"),
        (GOOD + '[structure.S.update.u]\nto = ""\n', "`to` is empty", '""'),
        (
            GOOD + '[structure.S.update.u]\nto = "x"\nconcurrent = ["v"]\n',
            "there is no update `v`",
            '["v"]',
        ),
        (GOOD + '[structure.S.update.u]\nto = "x"\nparameters = "p"\n', "`:` is expected", '"'),
        ("schema = 1", "`schema` must be", "1"),
        ("\x00", "invalid", "\x00"),
    ],
)
def test_faults_of_files_have_their_place(text: str, message: str, shown_at: str) -> None:
    found = read_structures("x.toml", text)
    assert found.found == ()
    (fault,) = found.faults
    assert message in fault.message
    assert text[fault.span.start : fault.span.end] == shown_at


def test_a_good_file_has_its_structures() -> None:
    found = read_structures("x.toml", GOOD)
    assert [one.name for one in found.found] == ["S"]
    assert found.faults == ()


def test_an_internal_update_needs_a_view() -> None:
    head = 'schema = "tellverify/laws-1"\n[structure.S]\nkind = "join"\nstate = "{n: nat}"\n'
    rest = 'merge = "a"\n[structure.S.update.u]\nto = "x"\ninternal = true\n'
    (fault,) = read_structures("x.toml", head + rest).faults
    assert fault.message == "an internal update leaves the `view`, which is missing here"
    assert not read_structures("x.toml", head + 'view = "x.n"\n' + rest).faults
    (fault,) = read_structures("x.toml", head + 'view = "x.m"\n' + rest).faults
    assert "has no field `m`" in fault.message
