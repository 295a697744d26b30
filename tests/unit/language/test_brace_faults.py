"""Faults of the brace surface: each has its code, its place, and does not hide the rest."""

from __future__ import annotations

import pytest

from tellverify.diagnostics.model import Severity
from tellverify.language.syntax import ast
from tellverify.language.syntax.canonical import canonical
from tellverify.language.syntax.surface import is_brace_surface, read_tell
from tellverify.source.text import SourceFile

HEAD = "protocol P { roles: A, B; "


def faults(text: str) -> list[tuple[str, str]]:
    """Codes of the errors, and the text that they point at."""
    source = SourceFile("a.tell", text)
    return [
        (found.code.number, source.slice(found.primary.span))
        for found in read_tell(source).diagnostics
        if found.severity is Severity.ERROR
    ]


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("A -> B M;", "TV154", "M"),
        ("A -> B: M A -> B: N;", "TV154", "A"),
        ("A -> B: _x;", "TV154", "_x"),
        ("A[k = ] -> B: M;", "TV154", "]"),
        ("choice A { x }", "TV154", "}"),
        ("loop (often: A) { A -> B: M; }", "TV154", "often"),
        ("A -> B: M; -- note\n", "TV153", "--"),
        ("rec X { }", "TV155", "{ }"),
        ("choice A { x -> {} }", "TV155", "{}"),
        ("par { A -> B: M; | | B -> A: N; }", "TV155", "|"),
        ("A -> B[k = 1]: M;", "TV155", "["),
        (r'A[k = "a\"b"] -> B: M;', "TV155", r'"a\"b"'),
        ("heartbeat A -> B every 5s;", "TV156", "heartbeat"),
        ("@retry(3) rec X { A -> B: M; }", "TV157", "@retry(3)"),
        ("A -> B: M((x, y));", "TV127", "("),
        ("A[k = 99999999999999999999] -> B: M;", "TV115", "99999999999999999999"),
    ],
)
def test_one_fault_is_one_finding(text: str, code: str, place: str) -> None:
    assert faults(f"{HEAD}A -> B: Before; {text} A -> B: Behind; }}") == [(code, place)]
    file = read_tell(SourceFile("a.tell", f"{HEAD}A -> B: Before; {text} A -> B: Behind; }}")).file
    (protocol,) = file.protocols
    ends = [each for each in protocol.body if isinstance(each, ast.Send)]
    assert ends[0].message.label.text == "Before"
    assert ends[-1].message.label.text == "Behind"
    assert file.complete == (code == "TV153")


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        (HEAD + "A -> B: M;", "TV123", "{"),
        (HEAD + "A -> B: M; } /* x", "TV121", "/*"),
        (HEAD + 'A[k = "x] -> B: M; }', "TV122", '"'),
        ('#[space = "x"] ' + HEAD + "A -> B: M; }", "TV154", "space"),
        ('#[namespace = "a.b"] ' + HEAD + "A -> B: M; }", "TV155", "a.b"),
        (HEAD + "A -> B: M; } protocol Q { roles: A, B; A -> B: M; }", "TV142", "Q"),
        (HEAD + "A -> B: M; } protocol Q =\n  roles A, B\n", "TV153", "="),
        (HEAD + "A -> B: M; } module m exposing (P)", "TV153", "module"),
        ('#[namespace = "x"]', "TV141", ""),
    ],
)
def test_faults_of_the_whole_file(text: str, code: str, place: str) -> None:
    assert (code, place) in faults(text)


def test_the_first_construct_decides() -> None:
    assert is_brace_surface("// x\n/* { */ protocol\n P // y\n {")
    assert is_brace_surface('#[namespace = "x"]\nprotocol P =')
    assert is_brace_surface("tell! {")
    for text in ("protocol P =\n  A -> B : M {}", "protocol P = {", "module m", "-- x", "", "#"):
        assert not is_brace_surface(text)


def test_names_and_spans_are_those_of_the_text() -> None:
    text = '#[namespace = "freight"]\n' + HEAD + "A[1] -> B: M(x::Y); }"
    source = SourceFile("a.tell", text)
    file = read_tell(source).file
    assert file.module is not None
    assert source.slice(file.module.name.span) == "freight"
    (protocol,) = file.protocols
    assert source.slice(protocol.span) == text[text.index("protocol") :]
    (send,) = protocol.body
    assert isinstance(send, ast.Send)
    assert source.slice(send.span) == "A[1] -> B: M(x::Y)"
    assert source.slice(send.sender.span) == "A[1]"
    assert send.message.type is not None
    assert source.slice(send.message.type.span) == "x::Y"


def test_deep_nesting() -> None:
    deep = "rec X { " * 5_000 + "A -> B: M;" + "}" * 5_000
    assert faults(f"{HEAD}{deep} }}") == []
    types = "T<" * 5_000 + "U" + ">" * 5_000
    assert faults(f"{HEAD}A -> B: M({types}); }}") == []
    choices = "choice A { x: " * 5_000 + "A -> B: x;" + "}" * 5_000
    assert faults(f"{HEAD}{choices} }}") == []


def test_no_more_than_a_hundred_faults() -> None:
    found = read_tell(SourceFile("a.tell", HEAD + "A B; " * 500 + "}")).diagnostics
    assert len(found) == 101
    assert found[-1].code.number == "TV191"


def test_comments_in_payloads_are_part_of_them() -> None:
    text = HEAD + "A -> B: M(x, // first\n y); /* second */ }"
    file = read_tell(SourceFile("a.tell", text)).file
    assert [comment.text for comment in file.comments] == ["/* second */"]
    upgraded = canonical(SourceFile("a.tell", text), upgrade=True)
    assert upgraded.text is not None
    assert "M(x, // first\n y)  {- second -}\n" in upgraded.text
