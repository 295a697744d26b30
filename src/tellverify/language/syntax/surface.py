"""A text on any surface to its tree. The first construct of a text determines the surface."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from tellverify.diagnostics.model import moved, sort_key
from tellverify.language.syntax.parser import Parsed, parse
from tellverify.source.text import SourceFile

if TYPE_CHECKING:
    from tellverify.language.syntax.old_spelling import Respelled

_BEGINNING: Final = re.compile(
    r"""\ufeff?(?:\s|//[^\n]*|/\*(?s:.)*?\*/|--[^\n]*|\{-(?s:.)*?-\})*+
    (?: \#\s*\[ | tell\s*! | choreography\b
      | protocol\s+\w++ (?:\s|//[^\n]*|/\*(?s:.)*?\*/)*+ \{(?!-) )""",
    re.VERBOSE,
)
_MAY_BE_OLD: Final = re.compile(r"choice\s+at\b|^[ \t]*\|[^\n=]*->|\{[^{}]*=", re.MULTILINE)


def is_brace_surface(text: str) -> bool:
    """Whether the first construct of `text` belongs to the old brace surface."""
    return _BEGINNING.match(text) is not None


def read_tell(source: SourceFile) -> Parsed:
    """The syntax tree of `source`, whichever surface it is written on."""
    if is_brace_surface(source.text):
        from tellverify.language.braces.surface import parse_brace

        return parse_brace(source)
    old = old_spelling_of(source.text)
    return parse(source) if old is None else _read_old(source.path, old)


def old_spelling_of(text: str) -> Respelled | None:
    """A text of the spelling up to 10.0 in the present one, None for any other text."""
    if _MAY_BE_OLD.search(text) is None:
        return None
    from tellverify.language.syntax.old_spelling import respelled

    return respelled(text)


def _read_old(path: str, old: Respelled) -> Parsed:
    """The tree of a text in the old spelling, with the places of that text and a note."""
    from tellverify.diagnostics.brace import old_spelling
    from tellverify.language.syntax.spans import placed

    parsed = parse(SourceFile(path, old.text))
    said = [moved(found, old.place) for found in parsed.diagnostics]
    said.append(old_spelling(path, old.first))
    said.sort(key=sort_key)
    return Parsed(placed(parsed.file, old.place), tuple(said))
