"""The words of a formula."""

from __future__ import annotations

import re
from typing import Final

from tellverify.properties.formula_tree import FormulaError
from tellverify.source.precedence import Token, scan
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


def tokens(text: str) -> list[Token]:
    """The words of `text`.

    Raises FormulaError at an invalid character, and when the text is too long.
    """
    if len(text) > LONGEST:
        raise FormulaError(
            f"a formula of {len(text):,} characters is too long to be decided",
            Span(0, 20),
            f"state several properties of at most {LONGEST:,} characters each",
        )
    found, stopped_at = scan(_TOKEN, text, " \t")
    if stopped_at is not None:
        raise FormulaError(
            f"`{_shown(text[stopped_at])}` has no meaning in a formula",
            Span(stopped_at, stopped_at + 1),
        )
    return found


def _shown(char: str) -> str:
    return char if char.isprintable() else f"U+{ord(char):04X}"
