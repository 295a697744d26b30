"""Choreographies inside other files: `tell!` calls in Rust, `tell` blocks in Markdown.

Comments of documentation in Rust are read as Markdown pages. A fragment is a piece of the file that
is read on its own; its tree and its findings get the places of the whole file. Only the text is
looked at: a macro that is defined elsewhere under the name `tell` is taken for this one, and a call
whose text another macro makes cannot be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from tellverify.diagnostics import brace as say
from tellverify.diagnostics.model import Diagnostic, moved, sort_key
from tellverify.language.files.fences import TELL, Block, fenced_blocks, without_quotes
from tellverify.language.files.parts import end_of_other, has_code, is_part, missing, read_part
from tellverify.language.files.rust_text import documentation, tokens, unescaped, without_comments
from tellverify.language.syntax.parser import Parsed
from tellverify.language.syntax.spans import placed
from tellverify.language.syntax.surface import is_brace_surface, read_tell
from tellverify.source.span import Span
from tellverify.source.text import SourceFile

RUST: Final = ".rs"
MARKDOWN: Final = ".md"

_OTHER_NAME: Final = re.compile(r"(?:::|[{,])\s*(?:r\#)?tell\s+as\s+(?:r\#)?(\w+)", re.VERBOSE)
_BEFORE_TEXT: Final = re.compile(r"(?:\s|//[^\n]*\n|/\*(?s:.)*?\*/|\#\s*\[[^\]]*+\])*+")
_NAMESPACE: Final = re.compile(r'#\s*\[\s*namespace\s*=\s*"([^"\\]*)"\s*\]')
_LITERAL: Final = re.compile(
    r"""r(?P<hashes>\#*)"(?P<inner>(?s:.)*?)"(?P=hashes)
      | "(?P<text>(?:[^"\\]|\\(?s:.))*+)" """,
    re.VERBOSE,
)
_TEXT: Final = r'(?:r(?P<hashes>\#*)"(?P<raw>[^"]*)"(?P=hashes)|"(?P<text>[^"\\]*)")'
_TEXT_OF_PATH: Final = re.compile(_TEXT)
_INCLUDE: Final = re.compile(
    rf"(?:\w+\s*::\s*)*include_str\s*!\s*[({{\[]\s*(?:{_TEXT}|(?P<parts>concat\s*!\s*[({{\[]\s*"
    r'(?P<crate>env\s*!\s*\(\s*"CARGO_MANIFEST_DIR"\s*\)\s*,)?'
    r'(?:\s*r?\#*"[^"\\]*"\#*\s*,?)+\s*[)}\]]))\s*,?\s*[)}\]]'
)
_CONSTANT: Final = re.compile(r"(?:::\s*)?(?:\w+\s*::\s*)*(?!\d)\w+")
_INTERPOLATED: Final = re.compile(
    r'"(?:[^"\\]|\\(?s:.))*+"|(?:--|//)[^\n]*|\{-(?s:.)*?-\}|/\*(?s:.)*?\*/|(?P<mark>\$|\#[\w(])'
)
_OTHER_MACRO: Final = re.compile(r"(?:\w+\s*::\s*)*\w+\s*![({\[]")
_PATH_BEFORE: Final = re.compile(r"(?:r\#)?(\w+)\s*::\s*(?:r\#)?$")
_AURA: Final = "aura_macros"
_OF_AURA: Final = re.compile(rf"\b{_AURA}\s*::\s*(?:tell\b|\*|\{{[^}}]*(?:\btell\b|\*))")
_TAIL: Final = re.compile(r"\s*,?\s*")
_BOOK_INCLUDE: Final = re.compile(r"\s*\{\{\s*#include\s+([^\s}:]+)\s*\}\}\s*")
_BOOK_PART: Final = re.compile(r"\{\{\s*#\w+[^}\n]*\}\}")
_DOTS: Final = re.compile(r"\.\.\.|…")
_NOT_CODE: Final = re.compile(r'--[^\n]*|\{-(?s:.)*?-\}|"[^"\n]*"')
_HEAD_OF_BODY: Final = re.compile(r"=[ \t]*(?:--[^\n]*)?$")

_RUSTDOC: Final = re.compile(
    r"|rust|ignore(-.+)?|no_run|should_panic|compile_fail|test_harness|standalone(_crate)?"
    r"|edition\d+|e\d{4}"
)


class Namespace(msgspec.Struct, frozen=True):
    """What `#[namespace = ".."]` of a `tell!` says, or nothing, and where the call or it stands.

    A call on a page or in documentation `is_example`.
    """

    text: str
    span: Span
    is_example: bool = False


class SourceFragment(msgspec.Struct, frozen=True):
    """Text to be read on its own; `offset` is where its first character stands in the file.

    Blanks at its beginning may stand for other text, so `offset` may even be negative. The macro
    of Aura, which takes a string, wants a `namespace`. A text that `is_part` declares no protocol;
    one of a page or of documentation `is_example`.
    """

    text: str
    offset: int
    namespace: Namespace | None = None
    is_part: bool = False
    is_example: bool = False


class Include(msgspec.Struct, frozen=True):
    """A file that is named: by `include_str!` in a `tell!`, or else by a page of a book.

    One with the path of the crate before it `is_in_crate` and nowhere else.
    """

    path: str
    span: Span
    namespace: Namespace | None = None  # of a `tell!`
    is_in_crate: bool = False


class Extracted(msgspec.Struct, frozen=True):
    """What there is in a file, in the order of its text."""

    fragments: tuple[SourceFragment, ...] = ()
    includes: tuple[Include, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether the file holds no choreographies at all."""
        return not (self.fragments or self.includes or self.diagnostics)


def extract(source: SourceFile) -> Extracted:
    """The choreographies in a Rust source or a Markdown page, by the suffix of its path."""
    finder = _FragmentFinder(source.path, source.text)
    if not source.path.endswith(RUST):
        finder.page(fenced_blocks(source.text))
        return finder.found()
    finder.rust(0, len(source.text))
    found = finder.found()
    pages = documentation(source.text)
    if pages is None:
        return found
    reader = _FragmentFinder(source.path, pages.text)
    reader.page(block for span in pages.comments for block in _blocks_in(pages.text, span))
    return _together(found, reader.found())


def _blocks_in(text: str, span: Span) -> Iterator[Block]:
    """The fenced blocks of a comment of documentation; one without words is Rust."""
    for block in fenced_blocks(text[span.start : span.end]):
        words = ("rust", *block.words) if all(map(_RUSTDOC.fullmatch, block.words)) else block.words
        start, end = block.start + span.start, block.end + span.start
        yield Block(words, block.depth, start, end)


def _together(one: Extracted, other: Extracted) -> Extracted:
    """What was found in two ways, in the order of the text."""
    return Extracted(
        tuple(sorted((*one.fragments, *other.fragments), key=lambda each: each.offset)),
        tuple(sorted((*one.includes, *other.includes), key=lambda each: each.span.start)),
        tuple(sorted((*one.diagnostics, *other.diagnostics), key=sort_key)),
    )


def fragments(source: SourceFile) -> tuple[SourceFragment, ...]:
    """The texts in `source` that are read on their own: all of a `.tell` file is one."""
    if source.path.endswith((RUST, MARKDOWN)):
        return extract(source).fragments
    return (SourceFragment(source.text, 0),)


def read_fragment(source: SourceFile, fragment: SourceFragment) -> Parsed:
    """The tree of a fragment of `source`, and its diagnostics, with places in `source`."""
    text = SourceFile(source.path, fragment.text)
    parsed, place = read_part(text) if fragment.is_part else (read_tell(text), int)
    limit = len(source.text)

    def there(span: Span) -> Span:
        start = min(max(place(span.start) + fragment.offset, 0), limit)
        return Span(start, min(max(place(span.end) + fragment.offset, start), limit))

    said = [moved(found, there) for found in parsed.diagnostics]
    file = placed(parsed.file, there)
    if fragment.is_part:
        start = fragment.offset + len(fragment.text) - len(fragment.text.lstrip())
        end = source.text.find("\n", start)
        lacks = missing(file, source)
        if lacks is not None:
            said.append(say.lacks(source.path, lacks.primary.span, lacks.message))
            file = msgspec.structs.replace(file, declarations=(), protocols=())
        else:
            said.append(say.part(source.path, Span(start, limit if end < 0 else end)))
    return Parsed(file, tuple(said), fragment.is_part)


class _FragmentFinder:
    """The fragments of one file, or of one page."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self.is_page = False
        self.fragments: list[SourceFragment] = []
        self.includes: list[Include] = []
        self.diagnostics: list[Diagnostic] = []
        self._seen = 0
        self._line_start = 0

    def found(self) -> Extracted:
        """What there is in the text."""
        return Extracted(tuple(self.fragments), tuple(self.includes), tuple(self.diagnostics))

    # Rust

    def rust(self, start: int, end: int) -> None:
        """Every call of `tell!` outside of comments and strings, under any name it has here."""
        code = without_comments(self.text, start, end)
        names = {TELL, *_OTHER_NAME.findall(code, start, end)}
        imports_aura = _OF_AURA.search(code, start, end) is not None
        calls = tokens(code, start, end)
        for match in calls:
            if match["call"] is None or match["name"] not in names:
                continue
            inner = match.end()
            depth = 1
            for token in calls:
                if token["close"] is not None:
                    depth -= 1
                    if not depth:
                        path = _PATH_BEFORE.search(code, start, match.start())
                        of_aura = imports_aura if path is None else path[1] == _AURA
                        self.call(match, inner, token.start(), of_aura=of_aura)
                        break
                elif token["open"] is not None or token["call"] is not None:
                    depth += 1
            else:
                self.unreadable(match, "this `tell!` is not closed", "close its bracket")
                return

    def unreadable(self, match: re.Match[str], reason: str, help_text: str) -> None:
        """Says why a call cannot be read."""
        span = Span(match.start(), match.end())
        found = say.unreadable_macro(self.path, span, reason, help_text, is_example=self.is_page)
        self.diagnostics.append(found)

    def call(self, match: re.Match[str], start: int, end: int, *, of_aura: bool) -> None:
        """One call, whose arguments are between `start` and `end`.

        Telltale's macro takes the protocol itself, with or without a `module`; that `of_aura` takes
        a string and wants a namespace.
        """
        before = _BEFORE_TEXT.match(self.text, start, end)
        first = before.end() if before else start
        literal = _LITERAL.match(self.text, first, end)
        include = _INCLUDE.match(self.text, first, end)
        attribute = _NAMESPACE.search(self.text, start, first)
        whole = Span(match.start(), match.end())
        namespace = (
            Namespace("", whole, self.is_page)
            if attribute is None
            else Namespace(attribute[1], Span(*attribute.span(1)), self.is_page)
        )
        constant = _CONSTANT.match(self.text, first, end)
        if literal is not None and _ends(self.text, literal.end(), end):
            self.literal(literal, namespace)
        elif include is not None and _ends(self.text, include.end(), end):
            self.include(include, namespace)
        elif any(found["mark"] for found in _INTERPOLATED.finditer(self.text, first, end)):
            self.diagnostics.append(say.text_of_macro(self.path, whole))
        elif literal is not None or _OTHER_MACRO.match(self.text, first, end):
            reason = "the text of this `tell!` is made by another macro"
            self.unreadable(match, reason, 'write the protocol here or `include_str!("x.tell")`')
        elif constant is not None and _ends(self.text, constant.end(), end):
            reason = "the text of this `tell!` is that of a constant"
            self.unreadable(match, reason, 'write the protocol here or `include_str!("x.tell")`')
        elif first == end:
            self.unreadable(match, "there is no protocol in this `tell!`", "write one or drop it")
        elif attribute is not None and not is_brace_surface(self.text[first:end]):
            self.example(self.text[first:end], first, namespace)
        else:
            is_nameless = attribute is None and of_aura
            self.example(self.text[start:end], start, namespace if is_nameless else None)

    def include(self, include: re.Match[str], namespace: Namespace) -> None:
        """A file with a protocol; its path may be given in parts, the folder of the crate first."""
        group = next(name for name in ("text", "raw", "parts") if include[name] is not None)
        span = Span(*include.span(group))
        path = include[group]
        if group == "parts":
            start = include.start(group) if include["crate"] is None else include.end("crate")
            texts = _TEXT_OF_PATH.finditer(self.text, start, span.end)
            path = "".join(text["text"] or text["raw"] or "" for text in texts)
        is_in_crate = include["crate"] is not None
        if is_in_crate and not path.startswith("/"):
            reason = "this path runs into the name of the folder of the crate"
            self.unreadable(include, reason, 'begin the text behind `env!(..)` with "/"')
            return
        path = path[is_in_crate:]
        self.includes.append(Include(path, span, namespace, is_in_crate))

    def literal(self, literal: re.Match[str], namespace: Namespace) -> None:
        """A protocol in a string."""
        if literal["inner"] is not None:
            self.example(literal["inner"], literal.start("inner"), namespace)
            return
        text = unescaped(literal["text"])
        if text is None:
            reason = "this string has escapes other than line breaks and quotes"
            self.unreadable(literal, reason, 'use a raw string: r#"..."#')
        else:
            self.example(text, literal.start("text"), namespace)

    def example(self, text: str, start: int, namespace: Namespace | None = None) -> None:
        """The text of a call; on a page it is an example, which may leave something out."""
        if not (self.is_page and self.leaves_out(text, start)):
            self.add(text, start, namespace)

    # Pages

    def page(self, blocks: Iterable[Block]) -> None:
        """Every `tell` block, and the calls in every `rust` block; also inside block quotes."""
        self.is_page = True
        listed = list(blocks)
        self.text = without_quotes(self.text, listed)
        for block in listed:
            self.block(block)

    def block(self, block: Block) -> None:
        """One fenced block; `tell,ignore` says that a block is no whole protocol.

        A block of Rust that the compiler is to refuse is left alone, too.
        """
        words, start, end = block.words, block.start, block.end
        if words[0] in ("rust", "rs") and "compile_fail" not in words:
            self.rust(start, end)
        elif words[0] == TELL and "ignore" not in words:
            include = _BOOK_INCLUDE.fullmatch(self.text, start, end)
            if include is not None:
                self.includes.append(Include(include[1], Span(*include.span(1))))
                return
            text = self.text[start:end]
            part = _BOOK_PART.search(text)
            if part is not None:
                span = Span(start + part.start(), start + part.end())
                self.diagnostics.append(say.includes_part(self.path, span))
            elif not has_code(text):
                first = text.partition("\n")[0]
                span = Span(start, min(start + len(first), len(self.text)))
                self.diagnostics.append(say.no_code(self.path, span))
            elif (at := end_of_other(text)) is not None:
                span = Span(start + at, start + at + 5)
                reason = "`where` stands behind the protocol that calls what it declares"
                self.diagnostics.append(say.lacks(self.path, span, reason))
            elif not is_part(text):
                self.add(text, start)
            elif not self.leaves_out(text, start):
                self.add(text, start, is_part=True)

    def leaves_out(self, text: str, start: int) -> bool:
        """Whether dots in a text stand for others, which is said."""
        code = _NOT_CODE.sub(lambda found: " " * len(found[0]), text)
        dots = _DOTS.search(code)
        if dots is not None:
            span = Span(start + dots.start(), start + dots.end())
            self.diagnostics.append(say.left_out(self.path, span, dots[0]))
        return dots is not None

    # Fragments

    def add(
        self,
        text: str,
        start: int,
        namespace: Namespace | None = None,
        *,
        is_part: bool = False,
    ) -> None:
        """A fragment that begins at `start`; its first line may follow other text."""
        line_break = self.text.rfind("\n", self._seen, start)
        self._line_start = line_break + 1 if line_break >= 0 else self._line_start
        self._seen = start
        column = start - self._line_start
        line, _, rest = text.partition("\n")
        code = len(line) - len(line.lstrip(" \t"))
        column += code
        indents = [len(one) - len(one.lstrip(" ")) for one in rest.split("\n") if one.strip()]
        follows = bool(self.text[self._line_start : start].strip())
        if follows and line.strip() and indents and min(indents) <= column:
            # The body follows; one that is deeper already has a `where` or protocol below it.
            deeper = _HEAD_OF_BODY.search(line) is not None and indents[0] == min(indents)
            column = max(min(indents) - deeper, 0)
        elif not indents:
            column = 0
        padding = " " * column if line.strip() else ""
        body = text[code:] if line.strip() else text
        offset = start + (code if line.strip() else 0) - len(padding)
        self.fragments.append(
            SourceFragment(padding + body, offset, namespace, is_part, self.is_page)
        )


def _ends(text: str, start: int, end: int) -> bool:
    """Whether there is at most a comma between `start` and `end`."""
    match = _TAIL.match(text, start, end)
    return match is not None and match.end() == end
