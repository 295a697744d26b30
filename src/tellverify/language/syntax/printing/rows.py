"""Lines of a canonical text on their way out: comments and blank lines find their place here.

Every line knows where its first token stood in the source. A comment behind code on its line goes
behind the line that has that code; any other comment goes before the line of the next code.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Final

import msgspec

from tellverify.language.syntax import ast
from tellverify.source.span import Span

_BREAK: Final = re.compile("\n")
LARGEST: Final = 64 * 1024 * 1024


class RowTooLarge(Exception):
    """The canonical text would be unreasonably large, because of its nesting."""


class PrintedRow(msgspec.Struct, frozen=True):
    """One line. `base` is the column of the statement it is part of.

    `start` and `end` are where its tokens stand in the source. Below a line that `opens` a block
    there is no blank line; before one that is `tight` there is none, and none from the source
    before one that is not. Lines that are `apart` and `apart_after` have one on that side.
    """

    indent: int
    text: str
    start: int = -1
    end: int = -1
    base: int = -1
    opens: bool = False
    tight: bool = False
    apart: bool = False
    apart_after: bool = False


class RowPlaces:
    """Where code and comments stand in a source text."""

    def __init__(self, text: str, comments: Sequence[ast.Comment]) -> None:
        self.text = text
        self.comments = sorted(comments, key=lambda comment: comment.span.start)
        self._ends = {comment.span.start: comment.span.end for comment in comments}
        self._starts = {comment.span.end: comment.span.start for comment in comments}
        self._behind_code: dict[int, bool] = {}  # by the start of a comment
        self._breaks: list[int] = []

    def code_after(self, offset: int) -> int:
        """The first code at or behind `offset` that is not a parenthesis."""
        text, size = self.text, len(self.text)
        while offset < size:
            if offset in self._ends:
                offset = max(self._ends[offset], offset + 1)
            elif text[offset] in " \t\r\n()":
                offset += 1
            else:
                break
        return offset

    def follows_blank_line(self, offset: int) -> bool:
        """Whether there is a blank line right before `offset`."""
        text, breaks = self.text, 0
        while text and offset and text[offset - 1] in " \t\r\n":
            offset -= 1
            breaks += text[offset] == "\n"
        return breaks > 1

    def column(self, offset: int) -> int:
        """The column of `offset`, counted from 0."""
        if not self._breaks:
            self._breaks = [-1, *(match.start() for match in _BREAK.finditer(self.text))]
        return offset - self._breaks[bisect_left(self._breaks, offset) - 1] - 1

    def is_behind_code(self, offset: int) -> bool:
        """Whether there is code on the line of the comment at `offset`, before it.

        Comments are asked for in their order.
        """
        found = self._behind_code[offset] = self._has_code_before(offset)
        return found

    def _has_code_before(self, offset: int) -> bool:
        text = self.text
        while offset and text[offset - 1] in " \t\r":
            offset -= 1
        if not offset or text[offset - 1] == "\n":
            return False
        if offset in self._starts:
            return self._behind_code.get(self._starts[offset], False)
        return text[offset - 1] != "\ufeff"


def write(rows: Sequence[PrintedRow], places: RowPlaces, inside: Sequence[Span]) -> str:
    """The text of `rows` with the comments of the source, but those in the `inside` spans.

    Raises RowTooLarge for texts of more than 64 MiB.
    """
    return _Weaver(rows, places).run(inside)


class _Weaver:
    """Rows with the comments that belong before and behind each."""

    def __init__(self, rows: Sequence[PrintedRow], places: RowPlaces) -> None:
        self.rows = rows
        self.places = places
        self.before: dict[int, list[tuple[int, str]]] = {}
        self.behind: dict[int, list[str]] = {}
        self.out: list[str] = []
        self.levels: list[tuple[int, int]] = []  # open blocks: the column, and a row in the source

    def run(self, inside: Sequence[Span]) -> str:
        """The whole text."""
        self._assign(inside)
        forced = False
        for number, row in enumerate(self.rows):
            previous = self.rows[number - 1] if number else None
            forced = row.apart or (previous is not None and previous.apart_after)
            opened = previous is None or previous.opens
            for start, text in self.before.get(number, ()):
                self._blank(start, forced, opened, row.tight)
                forced = opened = False
                self.out.append(" " * self._comment_indent(start, number) + text)
            self._blank(row.start, forced, opened, row.tight)
            behind = self.behind.get(number)
            line = " " * row.indent + row.text
            self.out.append("  ".join((line, *behind)) if behind else line)
            self._open(row)
        for start, text in self.before.get(len(self.rows), ()):
            self._blank(start, False, not self.rows, False)
            self.out.append(" " * self._comment_indent(start, len(self.rows)) + text)
        self.out.append("")
        return "\n".join(self.out)

    def _blank(self, start: int, forced: bool, opened: bool, tight: bool) -> None:
        if opened or not self.out:
            return
        if forced or (not tight and start > 0 and self.places.follows_blank_line(start)):
            self.out.append("")

    def _assign(self, inside: Sequence[Span]) -> None:
        starts = self._starts()
        opaque_starts = [span.start for span in inside]
        for comment in self.places.comments:
            start = comment.span.start
            place = bisect_right(opaque_starts, start) - 1
            if place >= 0 and start < inside[place].end:
                continue
            text = comment.text.rstrip().replace("\r\n", "\n")
            number = bisect_right(starts, start) - 1
            if number >= 0 and self.places.is_behind_code(start):
                self.behind.setdefault(number, []).append(text)
            elif number >= 0 and start < self.rows[number].end:
                self.before.setdefault(number, []).append((start, text))
            else:
                self.before.setdefault(number + 1, []).append((start, text))
        for number, texts in self.behind.items():
            self._order(number, texts)

    def _starts(self) -> list[int]:
        """Where the rows start, never less than the one before."""
        last = -1
        starts = []
        for row in self.rows:
            last = max(last, row.start)
            starts.append(last)
        return starts

    def _order(self, number: int, texts: list[str]) -> None:
        """At most one line comment stays behind a row, as the last; others go before it."""
        lines = [text for text in texts if text.startswith("--")]
        if lines:
            self.before.setdefault(number, []).extend((-1, text) for text in lines[:-1])
            texts[:] = [*(text for text in texts if not text.startswith("--")), lines[-1]]

    def _open(self, row: PrintedRow) -> None:
        """Notes the block that `row` stands in; those deeper than it are closed."""
        if row.tight:
            return
        base = row.indent if row.base < 0 else row.base
        while self.levels and self.levels[-1][0] >= base:
            self.levels.pop()
        self.levels.append((base, max(row.start, 0)))

    def _comment_indent(self, start: int, number: int) -> int:
        """Comments at the end of a block stay in it, all others go with the next row."""
        indent = self.rows[number].indent if number < len(self.rows) else 0
        if start >= 0:
            column = self.places.column(start)
            for base, first in reversed(self.levels):
                if base <= indent:
                    break
                if self.places.column(first) <= column:
                    return base
        return indent
