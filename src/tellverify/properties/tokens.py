"""The words of a formula."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from tellverify.properties.formula_tree import FormulaError
from tellverify.source.span import Span

LONGEST: Final = 10_000
_TOKEN: Final = re.compile(
    r"""[ \t]*(?:
        (?P<word>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<number>[0-9]+)
      | (?P<symbol><->|<=>|->|=>|\[\]|<>|&&|\|\||<=|>=|==|!=|[()\[\]:*,.+\-<>=!&|])
    )""",
    re.VERBOSE,
)
_END: Final = re.compile(r"[ \t]*\Z")


class Token(msgspec.Struct, frozen=True):
    """A word, a number or a symbol; at the end of the text one more of the kind "end"."""

    kind: str
    text: str
    span: Span


def tokens(text: str) -> list[Token]:
    """The words of `text`. Raises FormulaError at what is none, and when there is too much."""
    if len(text) > LONGEST:
        raise FormulaError(
            f"a formula of {len(text):,} characters is too long to be decided",
            Span(0, 20),
            f"state several properties of at most {LONGEST:,} characters each",
        )
    found: list[Token] = []
    at = 0
    while not _END.match(text, at):
        match = _TOKEN.match(text, at)
        if match is None:
            start = at + len(text[at:]) - len(text[at:].lstrip(" \t"))
            raise FormulaError(
                f"`{_shown(text[start])}` has no meaning in a formula", Span(start, start + 1)
            )
        kind = match.lastgroup or ""
        found.append(Token(kind, match[kind], Span(match.start(kind), match.end(kind))))
        at = match.end()
    end = len(text.rstrip(" \t"))
    found.append(Token("end", "", Span(end, end)))
    return found


def _shown(char: str) -> str:
    return char if char.isprintable() else f"U+{ord(char):04X}"
