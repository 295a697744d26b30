"""The fenced blocks of a Markdown text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

TELL: Final = "tell"
_FENCE: Final = re.compile(
    r"""^\ufeff?(?P<before>(?:[ \t]|>|[-*+][ \t]|[0-9]{1,9}[.)][ \t])*+)
    (?P<mark>`{3,}+|~{3,}+)[ \t]*+(?P<words>[^\n`]*+)$""",
    re.MULTILINE | re.VERBOSE,
)
_LIST_ITEM: Final = re.compile(r"[-*+.)]")
_QUOTED: Final = re.compile(r"[ \t>]*+")


class FencedBlock(msgspec.Struct, frozen=True):
    """The lines from `start` to `end` between two fences, inside of `depth` block quotes."""

    words: str
    depth: int
    start: int
    end: int


def fenced_blocks(text: str) -> Iterator[FencedBlock]:
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


def _block(opening: re.Match[str], end: int) -> FencedBlock:
    start = min(opening.end() + 1, end)
    return FencedBlock(opening["words"].strip(), opening["before"].count(">"), start, end)


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
    return words[0] == TELL and len(fence["before"]) < len(opening["before"])


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


def without_quotes(text: str, blocks: Sequence[FencedBlock]) -> str:
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
