"""Tokens of the brace surface, and a cursor over them."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Final

import msgspec

from tellverify.diagnostics import brace as say
from tellverify.diagnostics import syntax as faults
from tellverify.diagnostics.model import Diagnostic
from tellverify.language.syntax.ast import Comment
from tellverify.source.span import Span
from tellverify.source.text import SourceFile

_TOKEN: Final = re.compile(
    r"""[ \t\r\n\f]*+(?:
 (?P<word>[^\W\d]\w*+)
|(?P<number>[0-9]++(?:(?:ms|[smh])(?!\w))?)
|(?P<string>"(?:[^"\\]|\\(?s:.))*")
|(?P<open_string>"[^\n]*)
|(?P<comment>//[^\r\n]*|/\*(?s:.)*?\*/|--[^\r\n]*|\{-(?s:.)*?-\})
|(?P<open_comment>/\*|\{-)
|(?P<mark>->\*?|=>|::|\.\.|(?s:.))
|\Z)""",
    re.VERBOSE,
)
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_CLOSERS: Final = {"(": ")", "[": "]", "{": "}", "<": ">"}
_SHOWN: Final = 40


class BraceToken(msgspec.Struct, frozen=True):
    """`kind` is word, number, string, mark or end."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def span(self) -> Span:
        """Where the token stands."""
        return Span(self.start, self.end)


class TokenFault(Exception):
    """The construct at hand cannot be read; its fault has been reported."""


class Cursor:
    """The tokens of one text, the place reached, and the faults so far."""

    def __init__(self, source: SourceFile) -> None:
        self.path = source.path
        self.text = source.text
        self.faults: list[Diagnostic] = []
        self.comments: list[Comment] = []
        self._opaque: list[int] = []  # where opaque texts begin and end, in turns
        self.foreign_comment: Span | None = None
        self.tokens = self._tokens()
        self.place = 0

    def _tokens(self) -> list[BraceToken]:
        found: list[BraceToken] = []
        text, offset = self.text, 0
        if text.startswith("\ufeff"):
            self.faults.append(faults.byte_order_mark(self.path))
            offset = 1
        while offset < len(text):
            match = _TOKEN.match(text, offset)
            kind = match.lastgroup if match else None
            if match is None or kind is None:
                break
            start, end = match.span(kind)
            offset = end
            if kind == "comment":
                self._comment(start, end)
            elif kind == "open_comment":
                self.faults.append(faults.unclosed_comment(self.path, Span(start, end)))
                break
            elif kind == "open_string":
                self.faults.append(faults.unclosed_string(self.path, Span(start, start + 1)))
                found.append(BraceToken("string", text[start:end], start, end))
            else:
                found.append(BraceToken(kind, text[start:end], start, end))
        found.append(BraceToken("end", "", len(text), len(text)))
        return found

    def _comment(self, start: int, end: int) -> None:
        self.comments.append(Comment(self.text[start:end], Span(start, end)))
        if self.text[start] in "-{" and self.foreign_comment is None:
            self.foreign_comment = Span(start, start + 2)

    # Looking and taking

    @property
    def next(self) -> BraceToken:
        """The token at hand."""
        return self.tokens[self.place]

    def ahead(self, count: int) -> BraceToken:
        """A later token; the end if there are not that many."""
        return self.tokens[min(self.place + count, len(self.tokens) - 1)]

    @property
    def last_end(self) -> int:
        """Where the token before the one at hand ends."""
        return self.tokens[self.place - 1].end if self.place else 0

    def is_at(self, *texts: str) -> bool:
        """Whether the token at hand is one of these words or marks."""
        token = self.next
        return token.text in texts and token.kind in ("word", "mark")

    def take(self) -> BraceToken:
        """The token at hand; the next one is at hand then."""
        token = self.next
        if token.kind != "end":
            self.place += 1
        return token

    def accept(self, *texts: str) -> BraceToken | None:
        """The token at hand if it is one of these."""
        return self.take() if self.is_at(*texts) else None

    def expect(self, *texts: str) -> BraceToken:
        """The token at hand, which must be one of these. Raises TokenFault."""
        if not self.is_at(*texts):
            raise self.unexpected(" or ".join(f"`{text}`" for text in texts))
        return self.take()

    def name(self, what: str = "a name") -> BraceToken:
        """An identifier. Raises TokenFault."""
        token = self.next
        if token.kind != "word" or not _NAME.fullmatch(token.text):
            raise self.unexpected(what)
        return self.take()

    def unexpected(self, expected: str) -> TokenFault:
        """Reports that the token at hand is not an expected one."""
        token = self.next
        text = token.text
        if len(text) > _SHOWN or "\n" in text:
            text = text[:_SHOWN].partition("\n")[0] + "..."
        found = "the end of the file" if token.kind == "end" else f"`{text}`"
        self.faults.append(say.brace_syntax(self.path, token.span, expected, found))
        return TokenFault()

    # Opaque text

    def raw(self) -> tuple[str, Span]:
        """What stands between the bracket at hand and its partner, without blanks around it.

        The same bracket may not stand inside, because on the layout surface the text would end
        at the first closing one. Raises TokenFault if it is not closed.
        """
        opening = self.take()
        closer = _CLOSERS[opening.text]
        depth = 1
        nested: BraceToken | None = None
        while depth:
            token = self.take()
            if token.kind == "end":
                self.faults.append(faults.unclosed_bracket(self.path, opening.span, opening.text))
                raise TokenFault
            if token.kind == "mark" and token.text == opening.text:
                nested = nested or token
                depth += 1
            elif token.kind == "mark" and token.text == closer:
                depth -= 1
        if nested is not None:
            self.faults.append(faults.nested_bracket(self.path, nested.span, opening.text))
        end = self.last_end - 1
        self._opaque.extend((opening.end, end))
        text = self.text[opening.end : end]
        start = opening.end + len(text) - len(text.lstrip())
        return text.strip(), Span(start, max(start, opening.end + len(text.rstrip())))

    def free_comments(self) -> tuple[Comment, ...]:
        """The comments that are no part of opaque text."""
        return tuple(
            comment
            for comment in self.comments
            if bisect_right(self._opaque, comment.span.start) % 2 == 0
        )

    def string(self) -> tuple[str, Span]:
        """The text of a string. Raises TokenFault if there is none."""
        token = self.next
        if token.kind != "string":
            raise self.unexpected("a string")
        self.take()
        inner = token.text[1:].removesuffix('"')
        if "\\" in inner:
            what = "this string has an escape"
            self.faults.append(
                say.no_layout_form(self.path, token.span, what, "write it without backslashes")
            )
        return inner, Span(token.start + 1, token.end - 1)

    def skip_statement(self) -> None:
        """Goes behind the next `;` or body, or to what closes the block at hand."""
        depth = 0
        while self.next.kind != "end":
            token = self.next
            if token.kind == "mark" and token.text in "([{":
                depth += 1
            elif token.kind == "mark" and token.text in ")]}":
                if not depth and token.text == "}":
                    return
                depth = max(depth - 1, 0)
                if not depth and token.text == "}":
                    self.take()
                    self.accept(";")
                    return
            elif token.text == ";" and not depth:
                self.take()
                return
            elif token.text == "|" and not depth:
                return
            self.take()
