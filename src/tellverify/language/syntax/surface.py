"""A text on either surface to its tree. The first construct of a text decides which it is."""

from __future__ import annotations

import re
from typing import Final

from tellverify.language.syntax.parser import Parsed, parse
from tellverify.source.text import SourceFile

_BEGINNING: Final = re.compile(
    r"""\ufeff?(?:\s|//[^\n]*|/\*(?s:.)*?\*/|--[^\n]*|\{-(?s:.)*?-\})*+
    (?: \#\s*\[ | tell\s*! | choreography\b
      | protocol\s+\w++ (?:\s|//[^\n]*|/\*(?s:.)*?\*/)*+ \{(?!-) )""",
    re.VERBOSE,
)


def is_brace_surface(text: str) -> bool:
    """Whether the first construct of `text` belongs to the old brace surface."""
    return _BEGINNING.match(text) is not None


def read_tell(source: SourceFile) -> Parsed:
    """The syntax tree of `source`, whichever surface it is written on."""
    if is_brace_surface(source.text):
        from tellverify.language.braces.surface import parse_brace

        return parse_brace(source)
    return parse(source)
