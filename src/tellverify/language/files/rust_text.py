"""The tokens of a Rust text that matter to what is embedded in it: calls, brackets, comments.

Comments of documentation are pages: `documentation` gives their text alone, at its own places.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from tellverify.source.span import Span

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
_COMMENT_MARK: Final = re.compile(r"/\*|\*/")
_ESCAPE: Final = re.compile(r'\\(?:(["n])|(\n\s*)|(?s:.))')
_DOCUMENTS: Final = re.compile(r"//!|///(?!/)|/\*!|/\*\*(?![*/])")
_MAY_HAVE_FENCE: Final = re.compile(
    r"(?://[/!]|/\*[*!]|^[ \t]*\*?)[^\n]*?(?:```|~~~)", re.MULTILINE
)
_STAR: Final = re.compile(r"^[ \t]*\*", re.MULTILINE)
_NOT_BREAK: Final = re.compile(r"[^\r\n]")


def without_comments(text: str, start: int, end: int) -> str:
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


def tokens(text: str, start: int, end: int) -> Iterator[re.Match[str]]:
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


class Documentation(msgspec.Struct, frozen=True):
    """The text of the comments of documentation in a Rust source, and where each of them stands.

    Text other than documentation is blank in `text`, so that every place stays. Neighbouring lines
    are one comment.
    """

    text: str
    comments: tuple[Span, ...]


def documentation(text: str) -> Documentation | None:
    """The comments of documentation of a Rust text; None where no fence can be in them."""
    if _MAY_HAVE_FENCE.search(text) is None:
        return None
    parts: list[str] = []
    spans: list[Span] = []
    seen, last = 0, ""
    for start, end in _comments(text):
        mark = _DOCUMENTS.match(text, start, end)
        if mark is None:
            continue
        inner = text[mark.end() : end]
        if mark[0].startswith("/*"):
            inner = _STAR.sub(_blank, inner.removesuffix("*/")) + "  " * inner.endswith("*/")
        elif last == mark[0] and not text[seen:start].strip():
            spans[-1] = Span(spans[-1].start, end)
        if not spans or spans[-1].end != end:
            spans.append(Span(start, end))
        parts += [_NOT_BREAK.sub(" ", text[seen : mark.end()]), inner]
        seen, last = end, mark[0]
    return Documentation("".join([*parts, _NOT_BREAK.sub(" ", text[seen:])]), tuple(spans))


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _comments(text: str) -> Iterator[tuple[int, int]]:
    """Where each comment of a Rust text begins and ends."""
    start, limit = 0, len(text)
    while match := _RUST_TOKEN.search(text, start):
        start = match.end()
        if match["hashes"] is not None:
            start = _raw_end(match, text, limit)
        elif match["comment"] is not None:
            start = _comment_end(text, start, limit)
            yield match.start(), start
        elif match["line"] is not None:
            yield match.start(), start
        elif match["call"] is not None:
            start = match.end("name")


def unescaped(text: str) -> str | None:
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
