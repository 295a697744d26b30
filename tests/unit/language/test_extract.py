"""Choreographies in Rust sources and Markdown pages are found, and keep their places."""

from __future__ import annotations

from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tellverify.diagnostics.model import Severity
from tellverify.language.files.extraction import extract, read_fragment
from tellverify.language.syntax import ast
from tellverify.source.text import SourceFile

PING = "protocol Ping =\n  roles A, B\n  A -> B : Ping\n"


def quote_lines(text: str, mark: str) -> str:
    return "".join(f"{mark}{line}\n" for line in text.splitlines())


def protocols(path: str, text: str) -> list[ast.Protocol]:
    """The protocols in a text without faults; their names stand where their spans say."""
    source = SourceFile(path, text)
    found = extract(source)
    assert not found.diagnostics
    protocols: list[ast.Protocol] = []
    for fragment in found.fragments:
        parsed = read_fragment(source, fragment)
        assert not [each for each in parsed.diagnostics if each.severity is Severity.ERROR]
        protocols.extend(parsed.file.protocols)
    for protocol in protocols:
        assert source.slice(protocol.name.span) == protocol.name.text
        assert source.slice(protocol.span).startswith("protocol")
        (send,) = protocol.body
        assert isinstance(send, ast.Send)
        assert source.slice(send.message.label.span) == send.message.label.text
    return protocols


def rust(text: str) -> list[str]:
    return [protocol.name.text for protocol in protocols("a.rs", text)]


def page(text: str) -> list[str]:
    return [protocol.name.text for protocol in protocols("a.md", text)]


BRACES = "protocol Drop { roles: A, B; A -> B: M(x::Y); }"


@pytest.mark.parametrize(
    "text",
    [
        f"tell! {{ {BRACES} }}",
        f'mod a {{ aura_macros::tell!(#[namespace = "x"] {BRACES}); }}',
        f"tell ! [ {BRACES} ];",
    ],
)
def test_inline_braces(text: str) -> None:
    assert rust(text) == ["Drop"]


@pytest.mark.parametrize(
    "text",
    [
        f"fn f() {{\n    tell! {{\n{PING}    }}\n}}\n",
        "    tell! { protocol Ping =\n        roles A, B\n        A -> B : Ping\n    }\n",
        "tell! { protocol Ping =\n  roles A, B\n  A -> B : Ping\n}\n",
        f'tell!(r#"{PING}"#);',
        f'tell!(\n    r"\n{PING}",\n);',
        'tell!(r#"module a exposing (Ping)\n\n    protocol Ping =\n      roles A, B\n'
        '      A -> B : Ping\n    "#);',
        'tell!("protocol Ping =\\n  roles A, B\\n  A { k : \\"v w\\" } -> B : Ping\\n");',
        f'#[cfg(x)]\ntell!(#[namespace = "n"] r##"{PING}"##);',
    ],
)
def test_layout_in_macros(text: str) -> None:
    assert rust(text) == ["Ping"]


def test_a_block_that_begins_with_a_head_of_one_line_keeps_its_columns() -> None:
    """The brace below `=` is no body that tells how far the first line is indented."""
    lines = ("type alias Rec =", "{", "  a : Int", "}", "protocol Ping =")
    text = "\n".join([*lines, "  roles A, B", "  A -> B : Ping", ""])
    page = "1. item\n\n" + "".join(
        f"    {line}\n" for line in ["```tell", *text.splitlines(), "```"]
    )
    source = SourceFile("a.md", page)
    (fragment,) = extract(source).fragments
    parsed = read_fragment(source, fragment)
    assert not parsed.diagnostics
    assert [one.name.text for one in parsed.file.protocols] == ["Ping"]


@pytest.mark.parametrize("comment", ["-- see #12, $5", "{- #12\n  $x -}", "// #12", "/* $x */"])
def test_marks_in_comments_are_none_of_a_macro(comment: str) -> None:
    text = f"{comment}\n{PING if comment[0] in '-{' else BRACES}"
    assert rust(f"tell! {{\n{text}\n}}\n") == ["Ping" if comment[0] in "-{" else "Drop"]


def test_escaped_quotes_keep_what_they_quote() -> None:
    text = 'tell!("protocol Ping =\\n  roles A, B\\n  A { k : \\"v w\\" } -> B : Ping\\n");'
    (protocol,) = protocols("a.rs", text)
    (send,) = protocol.body
    assert isinstance(send, ast.Send)
    assert send.record is not None
    assert send.record.entries[0].value == ast.TextValue("v w")


def test_several_calls() -> None:
    assert rust(f"tell! {{ {BRACES} }} fn f() {{}} tell! {{\n{PING}}}\n") == ["Drop", "Ping"]


@pytest.mark.parametrize(
    "text",
    [
        "// tell! { x }",
        "/* /* */ tell! { x } */",
        'let s = "tell! { x }";',
        'let s = r#" " tell! { x } "#;',
        "let c = '\"'; // tell! { x }\n let d = '\"';",
        "macro_rules! tell { () => {} }",
        "retell! { x }",
        "",
    ],
)
def test_what_is_no_call(text: str) -> None:
    assert extract(SourceFile("a.rs", text)).is_empty


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("tell! { protocol", "tell! {"),
        ("tell! {}", "tell! {"),
        ('tell!(concat!("a", "b"))', "tell!("),
        ('tell!("a" + "b")', "tell!("),
        (r'tell!("a\tb")', r'"a\tb"'),
        ("tell!(protocols::TEXT);", "tell!("),
    ],
)
def test_calls_that_cannot_be_read(text: str, place: str) -> None:
    source = SourceFile("a.rs", text)
    (found,) = extract(source).diagnostics
    assert found.code.number == "TV158"
    assert source.slice(found.primary.span) == place


@pytest.mark.parametrize(
    "text",
    [
        "macro_rules! m { ($($t:tt)*) => { tell! { $($t)* } } }",
        "macro_rules! m { ($text:literal) => { tell!($text) } }",
        "fn f() { quote! { tell! { #body } } }",
        "fn f() { quote! { tell! { #(#lines)* } } }",
        "macro_rules! m { ($n:ident) => { tell! { protocol $n =\n  roles A, B\n  A -> B : M } } }",
        "fn f() { quote! { tell! { protocol #name { roles: A, B; A -> B: M; } } } }",
    ],
)
def test_a_call_that_another_macro_fills_is_noted(text: str) -> None:
    source = SourceFile("a.rs", text)
    found = extract(source)
    assert not found.fragments
    (note,) = found.diagnostics
    assert note.severity is Severity.NOTE
    assert source.slice(note.primary.span) in ("tell! {", "tell!(")


def test_included_files_are_named() -> None:
    text = 'tell!(include_str!(r"a/b.tell"));\ntell! { std::include_str!(r#"../c.tell"#) }'
    source = SourceFile("a.rs", text)
    found = extract(source)
    assert [each.path for each in found.includes] == ["a/b.tell", "../c.tell"]
    assert [source.slice(each.span) for each in found.includes] == ["a/b.tell", "../c.tell"]


def test_the_path_of_an_included_file_may_be_in_parts() -> None:
    crate = 'env!("CARGO_MANIFEST_DIR")'
    text = (
        f'tell!(include_str!(concat!({crate}, "/src/a.tell")));\n'
        f'tell!(include_str!(concat!({crate}, "/src/", r#"b.tell"#,)));\n'
        'tell!(include_str!(concat!("src/", "c.tell")));\n'
    )
    found = extract(SourceFile("a.rs", text))
    assert not found.diagnostics
    assert [(each.path, each.is_in_crate) for each in found.includes] == [
        ("src/a.tell", True),
        ("src/b.tell", True),
        ("src/c.tell", False),
    ]
    (said,) = extract(SourceFile("a.rs", text[:70].replace('"/', '"'))).diagnostics
    assert said.code.number == "TV158"


INNER = f"//! ```tell\n{quote_lines(PING, '//! ')}//! ```\n"
OUTER = (
    f"/// ```tell\n{quote_lines(PING.replace('Ping', 'Pong'), '    /// ')}/// ```\nfn f() {{}}\n"
)
STARRED = (
    f"/**\n * ```tell\n{quote_lines(PING.replace('Ping', 'Pang'), ' * ')} * ```\n */\nfn g() {{}}\n"
)


def test_fences_in_documentation_are_read_like_those_of_a_page() -> None:
    assert rust(f"{INNER}\n{OUTER}{STARRED}") == ["Ping", "Pong", "Pang"]
    inside = f'tell!(r#"module x exposing (Last)\n{PING.replace("Ping", "Last")}"#);\n'
    assert rust(f"{INNER}{inside}{OUTER}") == ["Ping", "Last", "Pong"]
    assert rust(f"{INNER}\n{OUTER}{STARRED}".replace("\n", "\r\n")) == ["Ping", "Pong", "Pang"]


@pytest.mark.parametrize("words", ["", "rust", "ignore", "rust,no_run", "should_panic,edition2021"])
def test_calls_in_the_code_of_documentation_are_read(words: str) -> None:
    call = f"```{words}\ntell! {{\n{PING}}}\n```\n"
    assert rust(quote_lines(call, "/// ") + "fn f() {}\n") == ["Ping"]


@pytest.mark.parametrize(
    "text",
    [
        INNER.replace("//!", "//"),
        OUTER.replace("///", "////"),
        f'const A: &str = r#"\n{INNER}"#;\n',
        INNER.replace("```tell", "```tell,ignore"),
        INNER.replace("```tell", "```text"),
        quote_lines(f"```compile_fail\ntell! {{\n{PING}}}\n```\n", "/// "),
        quote_lines(f"```json\ntell! {{\n{PING}}}\n```\n", "/// "),
    ],
)
def test_what_is_no_block_of_documentation(text: str) -> None:
    assert extract(SourceFile("a.rs", text)).is_empty


def test_a_block_ends_with_its_comment() -> None:
    text = INNER.removesuffix("//! ```\n") + "\nfn f() {}\n\n" + OUTER
    assert rust(text) == ["Ping", "Pong"]


def test_pages() -> None:
    text = dedent("""\
    # Title with ```tell inside
    ```tell
    protocol Ping =
      roles A, B
      A -> B : Ping
    ```
    - an item

      ~~~~ tell
      protocol Pong =
        roles A, B
        A -> B : Pong
      ~~~
      ~~~~
    ```rust,ignore
    # fn main() {
    tell! {
        protocol Pang =
          roles A, B
          A -> B : Pang
    }
    # }
    ```
    ```tell,ignore
    nothing
    ```
    ```text
    tell! { nothing }
    ```
    """)
    with pytest.raises(AssertionError):  # `~~~` is text of the second block
        page(text)
    assert page(text.replace("  ~~~\n  ~~~~", "  ~~~~")) == ["Ping", "Pong", "Pang"]


def test_pages_include_files() -> None:
    found = extract(SourceFile("a.md", "```tell\n{{#include ../a.tell}}\n```\n"))
    assert [each.path for each in found.includes] == ["../a.tell"]
    assert not found.fragments


def test_findings_stand_in_the_whole_file() -> None:
    text = "# Page\r\n\r\n```tell\r\n" + PING.replace("-> B", "=> B").replace("\n", "\r\n") + "```"
    source = SourceFile("a.md", text)
    (fragment,) = extract(source).fragments
    (found,) = read_fragment(source, fragment).diagnostics
    assert source.position(found.primary.span.start) == (6, 5)
    assert source.slice(found.primary.span) == "=>"


PIECES = st.sampled_from(
    [
        *(
            "tell!",
            "tell! {",
            "tell!(",
            "(",
            ")",
            "{",
            "}",
            '"',
            'r#"',
            '"#',
            "'",
            "\\",
            "//",
            "/*",
            "/// ",
            "\n//! ",
            "/** ",
        ),
        *("*/", "\n", "```", "```tell\n", "```rust\n", "\n```\n", "~~~", 'include_str!("x")', " "),
        *("protocol P =\n", "  roles A, B\n", "  A -> B : M\n", "#[namespace", "$x", "\\n", '\\"'),
        *("protocol P { roles: A, B;", "A -> B: M;", "é\t", "\r", "\ufeff", "{{#include x}}"),
    ]
)


@given(st.lists(PIECES, max_size=40), st.sampled_from(["a.rs", "a.md"]))
@settings(max_examples=300)
def test_any_text(pieces: list[str], path: str) -> None:
    source = SourceFile(path, "".join(pieces))
    found = extract(source)
    parsed = [read_fragment(source, fragment) for fragment in found.fragments]
    for each in (*found.diagnostics, *(one for result in parsed for one in result.diagnostics)):
        for place in (each.primary, *each.others):
            assert 0 <= place.span.start <= place.span.end <= len(source.text)
    for fragment, result in zip(found.fragments, parsed, strict=True):
        for protocol in result.file.protocols:
            written = "Part" if fragment.is_part else source.slice(protocol.name.span)
            assert written == protocol.name.text


def quoted(text: str, marks: str) -> str:
    return "".join(f"{marks}{line}\n" for line in text.splitlines())


BLOCK = f"```tell\n{PING}```\n"


@pytest.mark.parametrize(
    "text",
    [
        quoted(BLOCK, "> "),
        quoted(BLOCK, ">"),
        quoted(BLOCK, "  > > "),
        quoted(BLOCK, "> - ").replace("> - ", ">   ").replace(">   `", "> - `", 1),
        "- " + quoted(BLOCK, "  ").lstrip(),
        "\ufeff" + BLOCK,
        quoted(f'```rust\ntell!(r#"\n{PING}"#);\n```\n', "> "),
    ],
)
def test_blocks_in_quotes_and_lists(text: str) -> None:
    assert page(text) == ["Ping"]
    assert page(f"{text}\nand\n\n{BLOCK.replace('Ping', 'Pong')}") == ["Ping", "Pong"]


def test_a_block_ends_with_its_quote() -> None:
    left_open = quoted(BLOCK.removesuffix("```\n"), "> ")
    assert page(f"{left_open}\ntext\n\n{BLOCK}") == ["Ping", "Ping"]
    assert page(f"~~~\n> ```tell\n> {PING}~~~\n") == []


def test_a_fence_outside_a_quote_does_not_close_a_block_in_it() -> None:
    assert page(f"> ```text\n> - ```\n> {PING}> ```\n\n{BLOCK}") == ["Ping"]


@pytest.mark.parametrize(
    "before",
    [
        "tell /* x */ ! {",
        "tell // x\n ! {",
        "tell! /* { */ {",
        "tell /* /* /* */ */ ! { */ ! // {\n {",
        "use telltale::tell as t;\nt! {",
        "use telltale::{other, tell as r#hidden};\nhidden ! {",
        '// "\nconst A: &str = "//"; tell! {',
        'const A: &str = r#"/* "#; tell! {',
    ],
)
def test_a_call_is_found_whatever_stands_between_its_tokens(before: str) -> None:
    """What the compiler of Rust takes for a call must not be missed."""
    assert rust(f"{before} protocol Hidden {{ roles: A, B; A -> B: M(x::Y); }} }}") == ["Hidden"]


@pytest.mark.parametrize(
    "text",
    [
        "// tell! { nothing }",
        "/* tell as t */ t! { nothing }",
        'const A: &str = "tell! { nothing }";',
        "other! { tell }",
        "x as tell; y! { nothing }",
    ],
)
def test_what_is_no_call_is_left_alone(text: str) -> None:
    assert rust(text) == []


@pytest.mark.parametrize("mark", ["```", "~~~"])
@pytest.mark.parametrize("opening", ["- {0}\n  code\n", "- x\n\n  {0}\n  code\n", "1. {0}\n"])
def test_a_block_behind_a_list_item_that_is_not_closed_is_found(mark: str, opening: str) -> None:
    """The end of a list item ends the blocks in it (CommonMark 0.31, section 4.5)."""
    assert page(f"{opening.format(mark)}{mark}tell\n{PING}{mark}\n") == ["Ping"]


@pytest.mark.parametrize(
    ("info", "names"),
    [
        ("Tell", ["Ping"]),
        ("TELL title=x", ["Ping"]),
        ("{.tell .numberLines}", ["Ping"]),
        ("{ .tell }", ["Ping"]),
        ("{.tell .ignore}", []),
        ("Tell,Ignore", []),
        ("telltale", []),
        ("text tell", []),
    ],
)
def test_the_words_behind_a_fence_are_read_as_highlighters_do(info: str, names: list[str]) -> None:
    assert page(f"```{info}\n{PING}```\n") == names
