"""TOML documents with places."""

from __future__ import annotations

import tomllib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tellverify.source.toml import (
    LARGEST,
    Path,
    TomlDocument,
    TomlFault,
    TomlValue,
    decode,
    read_toml,
)

TEXT = '''# policy
title = "a = [1]"  # not a key
"odd.key" . sub = [ 1, [2, "]"], # inside
  { x = 'y', z.w = 3 } ]

[[pack]]
name = """multi
line"""
[pack.limits]
steps = 1_000

[[pack]]
name = 'second'
when = 1979-05-27 07:32:00
[[pack.key]]
id = "k"
[other."two words"]
ok = true
'''


def document(text: str) -> TomlDocument:
    read = read_toml("x.toml", text)
    assert isinstance(read, TomlDocument), read
    return read


def at(value: TomlValue, path: Path) -> TomlValue:
    for step in path:
        if isinstance(step, int):
            assert isinstance(value, list)
            value = value[step]
        else:
            assert isinstance(value, dict)
            value = value[step]
    return value


def assert_places(read: TomlDocument) -> None:
    for path, span in read.values.items():
        again = tomllib.loads(f"x = {read.source.slice(span)}")
        assert again == {"x": at(read.table, path)}, path


def test_every_value_stands_where_its_place_says() -> None:
    read = document(TEXT)
    assert_places(read)
    assert read.line_of(("pack", 1, "key", 0, "id")) == 16
    assert read.line_of(("odd.key", "sub")) == 3
    assert read.line_of(("other", "two words", "ok")) == 18
    assert read.source.slice(read.span_of(("odd.key", "sub", 2, "z", "w"))) == "3"
    assert read.source.slice(read.key_of(("pack", 1))) == "pack"
    assert read.line_of(("pack", 1, "missing")) == 12


@pytest.mark.parametrize(
    ("text", "words", "line"),
    [
        ("a = 1\na = 2\n", "cannot overwrite", 2),
        ("a = \n", "invalid value", 1),
        ("a = [1, 2", "unclosed array", 1),
        ("[a\n", "expected", 1),
        ("x = 'a", "expected", 1),
        ("\x00", "invalid", 1),
        ("a = " + "[" * 100_000, "nested too deeply", 1),
        ("a = " + "9" * 100_000, "cannot be read", 1),
        (" " * (LARGEST + 1), "more than", 1),
    ],
)
def test_a_text_that_is_no_document_has_its_fault_shown(text: str, words: str, line: int) -> None:
    read = read_toml("x.toml", text)
    assert isinstance(read, TomlFault)
    assert words in read.message.lower()
    assert text[: read.span.start].count("\n") + 1 == line


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits in the test."""

    steps: int = 1


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A document in the test."""

    limits: Limits = Limits()
    rows: tuple[Limits, ...] = ()


@pytest.mark.parametrize(
    ("text", "message", "shown"),
    [
        ("[limits]\nsteps = 'x'\n", "`limits.steps` has to be an integer, not a string", "'x'"),
        ("[limits]\nstep = 1\n", "there is no key `step` here", "step"),
        (
            "rows = [{steps = 1}, {steps = 2.5}]",
            "`rows.1.steps` has to be an integer, not a number",
            "2.5",
        ),
        ("rows = 3", "`rows` has to be an array, not an integer", "3"),
        ("other = 3", "there is no key `other` here", "other"),
    ],
)
def test_what_does_not_fit_is_shown_in_its_place(text: str, message: str, shown: str) -> None:
    read = document(text)
    fault = decode(read, Wanted)
    assert isinstance(fault, TomlFault)
    assert message in fault.message
    assert read.source.slice(fault.span) == shown


def test_what_fits_is_decoded() -> None:
    read = document("rows = [{steps = 4}]\n[limits]\nsteps = 3\n")
    assert decode(read, Wanted) == Wanted(Limits(3), (Limits(4),))
    assert decode(read, Limits, ("rows", 0)) == Limits(4)
    assert decode(read, Limits, ("none",)) == Limits()


SCALARS = st.sampled_from(["1", "-2.5", "true", '"a # [b]"', "'c = {'", "2020-01-02", '""', "0x1F"])
KEYS = st.sampled_from(["a", "b-c", '"d.e"', "'f'", "g.h", '"\\u0041 x" . y'])


@st.composite
def values(draw: st.DrawFn, depth: int = 3) -> str:
    kind = draw(st.integers(0, 3 if depth else 1))
    if kind < 2:
        return draw(SCALARS)
    if kind == 2:
        parts = draw(st.lists(values(depth - 1), max_size=3))
        return "[ " + ",\n".join(parts) + (" , # end\n]" if parts else "]")
    keys = draw(st.lists(KEYS, max_size=3, unique=True))
    return "{ " + ", ".join(f"{key} = {draw(values(depth - 1))}" for key in keys) + " }"


@st.composite
def texts(draw: st.DrawFn) -> str:
    lines = []
    for _ in range(draw(st.integers(0, 4))):
        header = draw(st.sampled_from(["[t{}]", "[[l]]", "[[l.m]]", "[l.n{}]", "[ t{} . u ]"]))
        keys = draw(st.lists(KEYS, max_size=3, unique=True))
        lines += [header.format(len(lines)), *(f"{key} = {draw(values())}" for key in keys)]
    first = [f"{key} = {draw(values())}" for key in draw(st.lists(KEYS, max_size=2, unique=True))]
    return "\n".join([*first, *lines])


@given(texts())
def test_places_of_random_documents(text: str) -> None:
    read = read_toml("x.toml", text)
    if isinstance(read, TomlDocument):
        assert_places(read)


@given(st.text(alphabet="ab.=[]{}\"'#\n, 1", max_size=60))
def test_no_text_breaks_the_scan(text: str) -> None:
    read = read_toml("x.toml", text)
    if isinstance(read, TomlDocument):
        assert_places(read)


@pytest.mark.parametrize("part", ["a", '"a"', "'a'", "a ", " a"])
@pytest.mark.parametrize(
    "form", ["{0} = 1\n", "[{0}]\n", "x = {{ {0} = 1 }}\n", "b = 1\n[[{0}]]\n"]
)
def test_a_key_of_very_many_parts_is_no_bomb(part: str, form: str) -> None:
    """The reader of Python's library takes memory for the square of the number of parts."""
    found = read_toml("p.toml", form.format(".".join([part] * 100_000)))
    assert isinstance(found, TomlFault)
    assert found.message == "a key has more than 64 parts"
    assert isinstance(read_toml("p.toml", form.format(".".join([part] * 40))), TomlDocument)
