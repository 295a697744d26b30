"""Tokens of small languages, and reading them by operator precedence (Pratt, POPL 1973).

Guards, properties and laws of data share this; each gives the pattern of its tokens, its operands
and the trees of its operators.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import Generic, NamedTuple, TypeVar

from tellverify.source.span import Span

_Tree = TypeVar("_Tree")
END = "end"


class Token(NamedTuple):
    """A token with its half-open range; `kind` is the name of the group that matched it.

    The last token of a text is of the kind `END` and empty.
    """

    kind: str
    text: str
    start: int
    end: int

    @property
    def span(self) -> Span:
        """Where the token stands."""
        return Span(self.start, self.end)


class Scan(NamedTuple):
    """The tokens of a text, up to the place where none begins; None when all of it was read."""

    tokens: list[Token]
    stopped_at: int | None


def scan(pattern: re.Pattern[str], text: str, blanks: str | None = None, offset: int = 0) -> Scan:
    """Split `text` into tokens, the named groups of `pattern`, with `blanks` between them.

    `blanks` are the characters that separate tokens, by default all white space. Ranges are shifted
    by `offset`, where the text begins.
    """
    found: list[Token] = []
    end = len(text.rstrip(blanks))
    at = 0
    while at < end:
        match = pattern.match(text, at, end)
        if match is None:
            rest = text[at:end]
            return Scan(found, offset + end - len(rest.lstrip(blanks)))
        kind = match.lastgroup or ""
        start, at = match.span(kind)
        found.append(Token(kind, match[kind], start + offset, at + offset))
    found.append(Token(END, "", end + offset, end + offset))
    return Scan(found, None)


class PrecedenceReader(ABC, Generic[_Tree]):
    """Reads tokens from the left. `deepest` bounds the nesting, so that recursion is bounded."""

    def __init__(self, tokens: list[Token], deepest: int) -> None:
        self._tokens = tokens  # ends with a token of the kind END
        self._at = 0
        self._depth = 0
        self._deepest = deepest

    @abstractmethod
    def operand(self) -> _Tree:
        """Read what begins an expression: a value, a prefix with its argument, a group."""

    @abstractmethod
    def joined(self, left: _Tree, least: int) -> _Tree | None:
        """Read an operator that binds at least as tightly as `least`, with what follows it.

        The tree that it makes of `left`; None, and nothing is read, when no such operator is here.
        """

    @abstractmethod
    def too_deep(self) -> Exception:
        """The error that the nesting here exceeds the limit."""

    def expression(self, least: int = 0) -> _Tree:
        """Read an expression whose operators bind at least as tightly as `least`."""
        left = self.operand()
        while (more := self.joined(left, least)) is not None:
            left = more
        return left

    def enter(self) -> None:
        """One level deeper. Raises what `too_deep` gives beyond the deepest."""
        if self._depth >= self._deepest:
            raise self.too_deep()
        self._depth += 1

    def leave(self) -> None:
        """One level up."""
        self._depth -= 1

    @property
    def here(self) -> Token:
        """The next token."""
        return self._tokens[self._at]

    def peek(self, ahead: int) -> Token:
        """The token `ahead` places on; past either end the token there."""
        return self._tokens[max(0, min(self._at + ahead, len(self._tokens) - 1))]

    def advance(self) -> Token:
        """The next token, and one step on; the end stays."""
        token = self.here
        if token.kind != END:
            self._at += 1
        return token

    def has(self, text: str) -> bool:
        """Whether the next token is `text`, which is then read."""
        found = self.here.text == text and self.here.kind != END
        self._at += found
        return found
