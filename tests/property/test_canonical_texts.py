"""Whatever the text: it has a canonical form that means the same, or errors that say why not."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from trees import files

from tellverify.diagnostics.model import Severity
from tellverify.language.syntax import ast
from tellverify.language.syntax.canonical import canonical
from tellverify.language.syntax.printing.printer import print_file
from tellverify.source.text import SourceFile

SPECS = Path(__file__).parents[2] / "specs"
TEXTS = [path.read_text("utf-8") for path in sorted(SPECS.glob("*.tell"))]
PIECES = st.sampled_from(
    [
        *'(){}[]|:,.=<>*"\t\r\0é_\n',
        *("->", "->*", "=>", "..", "{-", "-}", "--", "\n  ", "\n      ", " 5s ", " 12 ", "{- a -}"),
        *(" on timeout => ", " choice A at ", " par ", " rec X ", " loop forever ", "-- note\n"),
        *(" where ", " protocol Q = ", " roles ", " when ( ", " of ", " in ", " case x of "),
        *("| Ok(x) => ", " effect E ", " type alias T = ", " let x = ", "\n  A -> B : M\n"),
        *("begin", "as", "check", "timeout", "on", "Ok", "Result", "Maybe", "Unit", "class"),
        *("authoritative", "observe", "progress", "choice", "record", "{ }", "(\n", "\n  )"),
    ]
)
EDITS = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 12), st.one_of(st.just(""), PIECES)), max_size=4
)


def edited(text: str, edits: list[tuple[float, int, str]]) -> str:
    for where, removed, put_in in edits:
        place = int(where * len(text))
        text = text[:place] + put_in + text[place + removed :]
    return text


def check(text: str) -> None:
    found = canonical(SourceFile("a.tell", text))
    if found.text is None:
        assert any(each.severity is Severity.ERROR for each in found.diagnostics), text
    else:
        assert canonical(SourceFile("a.tell", found.text)).text == found.text


@given(st.sampled_from(TEXTS), EDITS)
@settings(max_examples=100)
def test_edited_protocols(text: str, edits: list[tuple[float, int, str]]) -> None:
    check(edited(text, edits))


@given(files, EDITS)
@settings(max_examples=100)
def test_edited_texts_of_every_construct(
    file: ast.File, edits: list[tuple[float, int, str]]
) -> None:
    check(edited(print_file(file), edits))


@given(st.binary(max_size=80))
@settings(max_examples=200)
def test_any_bytes(content: bytes) -> None:
    check(content.decode("utf-8", "surrogateescape"))
