"""Choreographies inside other files: `tell!` calls in Rust, `tell` blocks in Markdown.

A fragment is a piece of the file that is read on its own; its tree and its findings get the places
of the whole file. Only the text is looked at: a macro that is defined elsewhere under the name
`tell` is taken for this one, and a call whose text another macro makes cannot be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from tellverify.diagnostics import brace as say
from tellverify.diagnostics.model import Diagnostic, moved
from tellverify.language.files.parts import is_part, read_part
from tellverify.language.syntax.parser import Parsed
from tellverify.language.syntax.spans import placed
from tellverify.language.syntax.surface import read_tell
from tellverify.source.span import Span
from tellverify.source.text import SourceFile

RUST: Final = ".rs"
MARKDOWN: Final = ".md"

_RUST_TOKEN: Final = re.compile(
    r"""(?P<line>//[^\n]*)
  | (?P<comment>/\*)
  | \b(?:br|cr|r)(?P<hashes>\#*)"
  | "(?:[^"\\]|\\(?s:.))*+"?
  | '(?:\\[^\n']++|[^\\'\n])'
  | \b(?P<name>[A-Za-z_]\w*+)\s*+!\s*+(?P<call>[({\[])
  | (?P<open>[({\[]) | (?P<close>[)}\]])""",
    re.VERBOSE,
)
_TELL: Final = "tell"
_OTHER_NAME: Final = re.compile(r"(?:::|[{,])\s*(?:r\#)?tell\s+as\s+(?:r\#)?(\w+)", re.VERBOSE)
_COMMENT_MARK: Final = re.compile(r"/\*|\*/")
_BEFORE_TEXT: Final = re.compile(r"(?:\s|//[^\n]*\n|/\*(?s:.)*?\*/|\#\s*\[[^\]]*+\])*+")
_NAMESPACE: Final = re.compile(r'#\s*\[\s*namespace\s*=\s*"([^"\\]*)"\s*\]')
_LITERAL: Final = re.compile(
    r"""r(?P<hashes>\#*)"(?P<inner>(?s:.)*?)"(?P=hashes)
      | "(?P<text>(?:[^"\\]|\\(?s:.))*+)" """,
    re.VERBOSE,
)
_INCLUDE: Final = re.compile(
    r'(?:\w+\s*::\s*)*include_str\s*!\s*[({\[]\s*"([^"\\]*)"\s*,?\s*[)}\]]'
)
_OTHER_MACRO: Final = re.compile(r"(?:\w+\s*::\s*)*\w+\s*![({\[]")
_TAIL: Final = re.compile(r"\s*,?\s*")
_ESCAPE: Final = re.compile(r'\\(?:(["n])|(\n\s*)|(?s:.))')
_FENCE: Final = re.compile(
    r"""^\ufeff?(?P<before>(?:[ \t]|>|[-*+][ \t]|[0-9]{1,9}[.)][ \t])*+)
    (?P<mark>`{3,}+|~{3,}+)[ \t]*+(?P<words>[^\n`]*+)$""",
    re.MULTILINE | re.VERBOSE,
)
_LIST_ITEM: Final = re.compile(r"[-*+.)]")
_QUOTED: Final = re.compile(r"[ \t>]*+")
_BOOK_INCLUDE: Final = re.compile(r"\s*\{\{\s*#include\s+([^\s}:]+)\s*\}\}\s*")
_LEFT_OUT: Final = re.compile(r"^[ \t]*(\.\.\.|…)[ \t]*$", re.MULTILINE)
_HEAD_OF_BODY: Final = re.compile(r"=[ \t]*(?:--[^\n]*)?$")


class Namespace(msgspec.Struct, frozen=True):
    """What `#[namespace = ".."]` of a `tell!` says, or nothing, and where the call or it stands."""

    text: str
    span: Span


class SourceFragment(msgspec.Struct, frozen=True):
    """Text to be read on its own; `offset` is where its first character stands in the file.

    Blanks at its beginning may stand for other text, so `offset` may even be negative. The macro
    that takes a string wants a `namespace`. A text that `is_part` declares no protocol.
    """

    text: str
    offset: int
    namespace: Namespace | None = None
    is_part: bool = False


class Include(msgspec.Struct, frozen=True):
    """A file that is named: by `include_str!` in a `tell!`, or else by a page of a book."""

    path: str
    span: Span
    namespace: Namespace | None = None  # of a `tell!`


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
    finder = _FragmentFinder(source)
    if source.path.endswith(RUST):
        finder.rust(0, len(source.text))
    else:
        finder.markdown()
    return Extracted(tuple(finder.fragments), tuple(finder.includes), tuple(finder.diagnostics))


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
    if fragment.is_part:
        start = fragment.offset + len(fragment.text) - len(fragment.text.lstrip())
        end = source.text.find("\n", start)
        said.append(say.part(source.path, Span(start, limit if end < 0 else end)))
    return Parsed(placed(parsed.file, there), tuple(said), fragment.is_part)


class _Block(msgspec.Struct, frozen=True):
    """The lines from `start` to `end` between two fences, inside of `depth` block quotes."""

    words: str
    depth: int
    start: int
    end: int


def _blocks(text: str) -> Iterator[_Block]:
    """The fenced blocks of a Markdown page, as CommonMark 0.31, sections 4.5 and 5.1, has them.

    A block in a quote ends at the latest with the quote. That of a list item may end later here
    than there, with a fence of any indentation; with one of kind `tell` left of it, at the latest.
    """
    opening: re.Match[str] | None = None
    limit = len(text)
    for fence in _FENCE.finditer(text):
        if opening is not None and fence.start() >= limit:
            yield _block(opening, limit)
            opening = None
        elif opening is not None and _is_behind_list(fence, opening):
            yield _block(opening, fence.start())
            opening = None
        if opening is None:
            opening = fence
            limit = _end_of_quote(text, fence)
        elif _closes(fence, opening):
            yield _block(opening, fence.start())
            opening = None
    if opening is not None:
        yield _block(opening, limit)


def _block(opening: re.Match[str], end: int) -> _Block:
    start = min(opening.end() + 1, end)
    return _Block(opening["words"].strip(), opening["before"].count(">"), start, end)


def _closes(fence: re.Match[str], opening: re.Match[str]) -> bool:
    before = fence["before"]
    return (
        fence["mark"].startswith(opening["mark"])
        and not fence["words"].strip()
        and before.count(">") == opening["before"].count(">")
        and _LIST_ITEM.search(before) is None
    )


def _is_behind_list(fence: re.Match[str], opening: re.Match[str]) -> bool:
    """Whether a fence of kind `tell` is where a list item with `opening` would have ended.

    Then it begins a block, and what it holds must not be missed.
    """
    words = re.split(r"[\s,]+", fence["words"].strip())
    return words[0] == _TELL and len(fence["before"]) < len(opening["before"])


def _end_of_quote(text: str, fence: re.Match[str]) -> int:
    """Where the lines end that are as deep in quotes as a fence is."""
    depth = fence["before"].count(">")
    at = fence.end() + 1
    while depth and at < len(text):
        match = _QUOTED.match(text, at)
        if match is None or match[0].count(">") < depth:
            break
        at = text.find("\n", at) + 1 or len(text)
    return min(at, len(text)) if depth else len(text)


def _without_quotes(text: str, blocks: Sequence[_Block]) -> str:
    """`text` with blanks for the marks of block quotes in `blocks`; every offset stays."""
    parts: list[str] = []
    seen = 0
    for block in blocks:
        if block.depth:
            lines = text[block.start : block.end].split("\n")
            parts += [
                text[seen : block.start],
                "\n".join(line.replace(">", " ", _marks(line, block.depth)) for line in lines),
            ]
            seen = block.end
    return "".join([*parts, text[seen:]])


def _marks(line: str, depth: int) -> int:
    """How many block quotes a line is marked for, at most `depth`."""
    match = _QUOTED.match(line)
    return min(depth, match[0].count(">")) if match else 0


class _FragmentFinder:
    """The fragments of one file."""

    def __init__(self, source: SourceFile) -> None:
        self.path = source.path
        self.text = source.text
        self.fragments: list[SourceFragment] = []
        self.includes: list[Include] = []
        self.diagnostics: list[Diagnostic] = []
        self._seen = 0
        self._line_start = 0

    # Rust

    def rust(self, start: int, end: int) -> None:
        """Every call of `tell!` outside of comments and strings, under any name it has here."""
        names = {_TELL, *_OTHER_NAME.findall(self.text, start, end)}
        calls = _tokens(_without_comments(self.text, start, end), start, end)
        for match in calls:
            if match["call"] is None or match["name"] not in names:
                continue
            inner = match.end()
            depth = 1
            for token in calls:
                if token["close"] is not None:
                    depth -= 1
                    if not depth:
                        self.call(match, inner, token.start())
                        break
                elif token["open"] is not None or token["call"] is not None:
                    depth += 1
            else:
                self.unreadable(match, "this `tell!` is not closed", "close its bracket")
                return

    def unreadable(self, match: re.Match[str], reason: str, help_text: str) -> None:
        """Says why a call cannot be read."""
        span = Span(match.start(), match.end())
        self.diagnostics.append(say.unreadable_macro(self.path, span, reason, help_text))

    def call(self, match: re.Match[str], start: int, end: int) -> None:
        """One call, whose arguments are between `start` and `end`."""
        before = _BEFORE_TEXT.match(self.text, start, end)
        first = before.end() if before else start
        literal = _LITERAL.match(self.text, first, end)
        include = _INCLUDE.match(self.text, first, end)
        attribute = _NAMESPACE.search(self.text, start, first)
        namespace = (
            Namespace("", Span(match.start(), match.end()))
            if attribute is None
            else Namespace(attribute[1], Span(*attribute.span(1)))
        )
        if self.text.startswith("$", first):
            return  # the definition of another macro
        if literal is not None and _ends(self.text, literal.end(), end):
            self.literal(literal, namespace)
        elif include is not None and _ends(self.text, include.end(), end):
            self.includes.append(Include(include[1], Span(*include.span(1)), namespace))
        elif literal is not None or _OTHER_MACRO.match(self.text, first, end):
            reason = "the text of this `tell!` is made by another macro"
            self.unreadable(match, reason, 'write the protocol here or `include_str!("x.tell")`')
        elif first < end:
            self.add(self.text[start:end], start)
        else:
            self.unreadable(match, "there is no protocol in this `tell!`", "write one or drop it")

    def literal(self, literal: re.Match[str], namespace: Namespace) -> None:
        """A protocol in a string."""
        if literal["inner"] is not None:
            self.add(literal["inner"], literal.start("inner"), namespace)
            return
        text = _unescaped(literal["text"])
        if text is None:
            reason = "this string has escapes other than line breaks and quotes"
            self.unreadable(literal, reason, 'use a raw string: r#"..."#')
        else:
            self.add(text, literal.start("text"), namespace)

    # Markdown

    def markdown(self) -> None:
        """Every `tell` block, and the calls in every `rust` block; also inside block quotes."""
        blocks = list(_blocks(self.text))
        self.text = _without_quotes(self.text, blocks)
        for block in blocks:
            self.block(block)

    def block(self, block: _Block) -> None:
        """One fenced block; `tell,ignore` says that a block is no whole protocol."""
        words, start, end = re.split(r"[\s,]+", block.words), block.start, block.end
        if words[0] in ("rust", "rs"):
            self.rust(start, end)
        elif words[0] == "tell" and "ignore" not in words:
            include = _BOOK_INCLUDE.fullmatch(self.text, start, end)
            if include is not None:
                self.includes.append(Include(include[1], Span(*include.span(1))))
                return
            text = self.text[start:end]
            left_out = _LEFT_OUT.search(text)
            if left_out is not None and is_part(text):
                span = Span(start + left_out.start(1), start + left_out.end(1))
                self.diagnostics.append(say.left_out(self.path, span, left_out[1]))
            else:
                self.add(text, start, is_part=is_part(text))

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
        if line.strip() and indents and min(indents) <= column:
            # The body follows; one that is deeper already has a `where` or protocol below it.
            deeper = _HEAD_OF_BODY.search(line) is not None and indents[0] == min(indents)
            column = max(min(indents) - deeper, 0)
        elif not indents:
            column = 0
        padding = " " * column if line.strip() else ""
        body = text[code:] if line.strip() else text
        offset = start + (code if line.strip() else 0) - len(padding)
        self.fragments.append(SourceFragment(padding + body, offset, namespace, is_part))


def _ends(text: str, start: int, end: int) -> bool:
    """Whether there is at most a comma between `start` and `end`."""
    match = _TAIL.match(text, start, end)
    return match is not None and match.end() == end


def _without_comments(text: str, start: int, end: int) -> str:
    """A Rust text with blanks for its comments, which may stand between any two tokens."""
    parts: list[str] = []
    seen = 0
    while match := _RUST_TOKEN.search(text, start, end):
        start = match.end()
        if match["hashes"] is not None:
            start = _raw_end(match, text, end)
        elif match["comment"] is not None or match["line"] is not None:
            start = _comment_end(text, start, end) if match["comment"] is not None else start
            parts += [text[seen : match.start()], " " * (start - match.start())]
            seen = start
        elif match["call"] is not None:
            start = match.end("name")
    return "".join([*parts, text[seen:]])


def _raw_end(match: re.Match[str], text: str, end: int) -> int:
    """Where a raw string ends."""
    closing = text.find('"' + match["hashes"], match.end(), end)
    return end if closing < 0 else closing + 1 + len(match["hashes"])


def _tokens(text: str, start: int, end: int) -> Iterator[re.Match[str]]:
    """Calls and brackets of a Rust text; block comments nest."""
    while match := _RUST_TOKEN.search(text, start, end):
        start = match.end()
        if match["comment"] is not None:
            start = _comment_end(text, start, end)
        elif match["hashes"] is not None:
            start = _raw_end(match, text, end)
        elif match.lastgroup in ("call", "open", "close"):
            yield match


def _comment_end(text: str, start: int, end: int) -> int:
    depth = 1
    while depth and (mark := _COMMENT_MARK.search(text, start, end)):
        depth += 1 if mark[0] == "/*" else -1
        start = mark.end()
    return end if depth else start


def _unescaped(text: str) -> str | None:
    """What a string literal says, with every character still at its place; None if impossible.

    The blank that an escaped quote leaves goes outside of the quoted text.
    """
    quotes = 0
    readable = True

    def plain(match: re.Match[str]) -> str:
        nonlocal quotes, readable
        if match[1] == '"':
            quotes += 1
            return ' "' if quotes % 2 else '" '
        if match[1] == "n":
            return " \n"
        if match[2] is not None:
            return " " * len(match[0])
        readable = False
        return match[0]

    found = _ESCAPE.sub(plain, text)
    return found if readable else None
