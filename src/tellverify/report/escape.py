"""Names and source text made safe to show: no control, format or bidirectional characters.

A role may be called anything that a file can hold. What reaches a terminal or a page must neither
move the cursor nor reorder the line, and one name must not fill the screen.
"""

from __future__ import annotations

import re
from typing import Final

LONGEST_PATH: Final = 4_096  # PATH_MAX of Linux
_MOST_WORDS: Final = 200
_QUOTED_PATH: Final = re.compile(r"`[^`]*/[^`]*`")


def printable(text: str, *, ascii_only: bool = False) -> str:
    """`text` with every character that does not print as itself written `\\u{202e}`.

    So is one of `##[`, which GitHub takes for a command wherever it stands in a line of a log.
    """
    text = text.replace("##[", "#\\u{23}[")
    if text.isprintable() and (not ascii_only or text.isascii()):
        return text
    return "".join(
        char
        if char.isprintable() and (not ascii_only or char.isascii())
        else f"\\u{{{ord(char):x}}}"
        for char in text
    )


def log_line(text: str) -> str:
    """`text` as one line of a log that no CI service takes for a command.

    GitHub reads `::name::` at the beginning of a line.
    """
    line = printable(text)
    return f"./{line}" if line.lstrip().startswith("::") else line


def shortened(text: str, limit: int, *, ellipsis: str = "…") -> str:
    """`text` itself, or its beginning and its end around an ellipsis, at most `limit` long."""
    if len(text) <= limit:
        return text
    room = max(limit - len(ellipsis), 2)
    tail = min(room // 3, 8)
    return f"{text[: room - tail]}{ellipsis}{text[len(text) - tail :]}"


def tame(text: str, *, ascii_only: bool = False, longest: int = LONGEST_PATH) -> str:
    """`text` printable on one line, with every name and path whole, for copying and searching.

    Only a word that is longer than `longest` is cut, by default longer than a path can be, and
    prose of hundreds of words.
    """
    flat = printable(" ".join(text.split()), ascii_only=ascii_only)
    if len(flat) <= min(longest, _MOST_WORDS):
        return flat
    ellipsis = "..." if ascii_only else "…"
    words = [shortened(word, longest, ellipsis=ellipsis) for word in flat.split(" ")]
    if len(words) > _MOST_WORDS:
        words[_MOST_WORDS - 2 : -1] = [ellipsis]
    return " ".join(words)


def width(text: str) -> int:
    """How many terminal cells `text` fills."""
    if text.isascii():
        return len(text)
    import unicodedata

    cells = 0
    for char in text:
        if unicodedata.combining(char):
            continue
        cells += 2 if unicodedata.east_asian_width(char) in "WF" else 1
    return cells


def padded(text: str, cells: int) -> str:
    """`text` with blanks up to `cells` terminal cells."""
    return text + " " * (cells - width(text))


def fitted(text: str, cells: int, *, ellipsis: str = "…") -> str:
    """`text`, shortened until it fills at most `cells` terminal cells."""
    limit = cells
    while width(text) > cells and limit > 0:
        text = shortened(text, limit, ellipsis=ellipsis)
        limit -= 1
    return text


def wrapped(text: str, cells: int, first: int | None = None) -> list[str]:
    """`text` broken at blanks into lines of at most `cells`; a longer word has a line alone.

    A path between backticks is one word, whatever blanks it has. The first line
    may have room for another number of cells, `first`.
    """
    lines: list[str] = []
    current = ""
    used = 0
    room = cells if first is None else first
    whole = _QUOTED_PATH.sub(lambda path: path[0].replace(" ", "\0"), text)
    for kept in whole.split(" "):
        word = kept.replace("\0", " ")
        size = width(word)
        if not current:
            current, used = word, size
        elif used + 1 + size <= room:
            current, used = f"{current} {word}", used + 1 + size
        else:
            lines.append(current)
            current, used, room = word, size, cells
    lines.append(current)
    return lines


def encodable(text: str) -> str:
    """`text` with lone surrogates, as paths that are not UTF-8 have them, written out."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
