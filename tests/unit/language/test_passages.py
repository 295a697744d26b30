"""Choreographies inside other files as texts of their own."""

from __future__ import annotations

import pytest

from tellverify.diagnostics.model import Annotation, Diagnostic
from tellverify.language.files.passages import canonical_file, passages, rewritten
from tellverify.language.syntax.surface import read_tell
from tellverify.source.text import SourceFile

ONE = "protocol One =\n  roles A, B\n  A -> B : Ping\n"
TWO = "protocol Two =\n  roles A, B\n\n  B -> A : Pong\n"
LOOSE = "protocol One =\n  roles A,   B\n  A   ->   B:Ping\n"


def indented(text: str, indent: str) -> str:
    return "".join(indent + line if line.strip() else line for line in text.splitlines(True))


def page(first: str, second: str) -> str:
    return (
        f"# Page\n\n```tell\n{first}```\n\n1. item\n\n   ```tell\n{indented(second, '   ')}   ```\n"
    )


def rust(first: str, second: str) -> str:
    return f'tell! {{\n{indented(first, "    ")}}}\nfn f() {{ tell!(r#"\n{second}"#) }}\n'


def documented(first: str, second: str) -> str:
    inner, outer = (f"```tell\n{text}```\n" for text in (first, second))
    starred = marked(outer, "     *")
    return f"{marked(inner, '//!')}\nmod a {{\n    /**\n{starred}     */\n    fn f() {{}}\n}}\n"


def quoted(first: str, second: str) -> str:
    inner, outer = (f"```tell\n{text}```\n" for text in (first, second))
    return f"{marked(inner, '>')}\n- item\n\n{marked(outer, '  >')}"


def marked(text: str, mark: str) -> str:
    return "".join(f"{mark} {line}".rstrip() + "\n" for line in text.splitlines())


HOSTS = [("page.md", page), ("lib.rs", rust), ("lib.rs", documented), ("page.md", quoted)]
everywhere = pytest.mark.parametrize(("path", "host"), HOSTS)


@everywhere
def test_indentation_is_no_part_of_a_text(path: str, host: object) -> None:
    assert callable(host)
    source = SourceFile(path, host(ONE, TWO))
    assert [one.text for one in passages(source)] == [ONE, TWO]
    assert all(one.lines is not None for one in passages(source))
    assert canonical_file(source).text == source.text


@everywhere
def test_only_the_layout_of_protocols_changes(path: str, host: object) -> None:
    assert callable(host)
    found = canonical_file(SourceFile(path, host(LOOSE, TWO)))
    assert found.is_faithful
    assert found.text == host(ONE, TWO)
    assert canonical_file(SourceFile(path, host(TWO, LOOSE))).text == host(TWO, ONE)


@everywhere
def test_places_are_those_of_the_file(path: str, host: object) -> None:
    assert callable(host)
    source = SourceFile(path, host(ONE, TWO))
    for passage, label in zip(passages(source), ("Ping", "Pong"), strict=True):
        (protocol,) = read_tell(passage.source(path)).file.protocols
        said = Diagnostic(
            code=_code(), message="m", path=path, primary=Annotation(protocol.name.span)
        )
        placed = passage.placed(said, source)
        assert source.slice(placed.primary.span) == protocol.name.text
        assert passage.text.rstrip().endswith(label)


def _code() -> object:
    from tellverify.diagnostics.shape import ODD_LAYOUT

    return ODD_LAYOUT


@pytest.mark.parametrize(
    "text",
    [
        'fn f() { tell!("protocol One =\\n  roles A, B\\n  A   -> B : Ping\\n") }\n',
        "tell! { protocol One =\n    roles A, B\n    A   -> B : Ping }\n",
        "tell! {\n  protocol One =\n    roles A, B\n    A   -> B : Ping }\n",
    ],
    ids=["escapes", "first line", "last line"],
)
def test_a_text_that_shares_a_line_is_left_alone(text: str) -> None:
    source = SourceFile("lib.rs", text)
    (passage,) = passages(source)
    assert passage.lines is None
    assert canonical_file(source).text == text
    assert rewritten(source, [ONE]) is None


def test_a_file_that_would_read_back_differently_is_not_made() -> None:
    source = SourceFile("page.md", page(ONE, TWO))
    assert rewritten(source, [ONE, TWO]) == source.text
    assert rewritten(source, ["```\n" + ONE, None]) is None
    assert rewritten(source, [TWO, ONE]) == page(TWO, ONE)


def test_errors_are_located_and_keep_a_file_as_it_is() -> None:
    source = SourceFile("page.md", page(ONE, "protocol Two =\n  roles A, B\n  A => B\n"))
    found = canonical_file(source)
    assert found.text is None
    line = source.text.splitlines().index("     A => B") + 1
    assert {source.position(one.primary.span.start)[0] for one in found.diagnostics} == {line}


def test_the_file_around_keeps_its_line_breaks() -> None:
    text = page(LOOSE, TWO).replace("\n", "\r\n")
    found = canonical_file(SourceFile("page.md", text))
    assert found.text == page(ONE, TWO).replace("\n", "\r\n")


RECORD = """type alias Witness =
{
  -- how often it changed
  epoch : Int
  name : String
}

protocol Recorded =
  roles A, B
  A -> B : Ping
"""
LOCAL = """protocol Outer =
  roles A, B
  call Inner
where
  protocol Inner(A) =
    A -> B : Ping
"""


@everywhere
@pytest.mark.parametrize("text", [RECORD, LOCAL])
def test_lines_of_records_and_local_protocols_keep_their_columns(
    path: str, host: object, text: str
) -> None:
    assert callable(host)
    for source in (host(text, ONE), host(ONE, text)):
        found = canonical_file(SourceFile(path, source))
        assert found.is_faithful
        assert found.text == source
    wide = "".join(" " * (len(line) - len(line.lstrip())) + line for line in LOCAL.splitlines(True))
    assert canonical_file(SourceFile(path, host(ONE, wide))).text == host(ONE, LOCAL)
