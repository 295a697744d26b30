"""Whatever the text: a tree, diagnostics inside the text, and no silence about lost parts."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from syntax_texts import WHOLE

from tellverify.diagnostics.model import Severity
from tellverify.language.syntax.parser import parse
from tellverify.source.text import SourceFile

SMALL = "protocol P =\n  roles A, B\n  choice A at\n    | x =>\n        A { k : 1 } -> B : x(y)\n"
PIECES = st.sampled_from(
    [
        *'(){}[]|:,.=<>*;/@"\t\r\0é_\n',
        *("->", "->*", "=>", "..", "{-", "-}", "--", "\n  ", "\n      ", " 5s ", " 12 "),
        *(" on timeout => ", " on cancel => ", " choice A at ", " par ", " rec X ", " loop "),
        *(" where ", " protocol Q = ", " roles ", " when ( ", " of ", " in ", " case x of "),
        *("| Ok(x) => ", " effect E ", " type alias T = ", " operation O at R = ", " let x = "),
        *(" timeout 5s A at ", " A -> B : M ", "\n  A -> B : M\n", " check E.op() ", "Ä"),
    ]
)
EDITS = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 12), st.one_of(st.just(""), PIECES)), max_size=6
)


def check(text: str) -> None:
    result = parse(SourceFile("a.tell", text))
    assert len(result.diagnostics) <= 101
    for found in result.diagnostics:
        for place in (found.primary, *found.others):
            assert 0 <= place.span.start <= place.span.end <= len(text)
        assert found.message[0] != found.message[0].upper() or not found.message[0].isalpha()
    errors = [found for found in result.diagnostics if found.severity is Severity.ERROR]
    assert result.file.complete or errors
    assert all(protocol.name.text for protocol in result.file.protocols)
    assert result.file.protocols or errors


@given(st.sampled_from([SMALL, WHOLE]), EDITS)
@settings(max_examples=300)
def test_edited_protocols(text: str, edits: list[tuple[float, int, str]]) -> None:
    for where, removed, put_in in edits:
        place = int(where * len(text))
        text = text[:place] + put_in + text[place + removed :]
    check(text)


@given(st.lists(PIECES, max_size=40))
@settings(max_examples=200)
def test_pieces_in_any_order(pieces: list[str]) -> None:
    check("".join(pieces))


@given(st.text(max_size=60))
@settings(max_examples=200)
def test_any_text(text: str) -> None:
    check(text)


@given(st.text(max_size=20))
def test_any_text_inside_a_protocol(text: str) -> None:
    check(f"{SMALL}  {text}\n  A -> B : M\n")
