"""Pieces of source text with what there is to say about places in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from tellverify.diagnostics.model import Annotation, Diagnostic
from tellverify.report.escape import printable, shortened, width
from tellverify.report.style import SEVERITY_PAINT, Paint, Style
from tellverify.source.text import SourceFile

_TAB: Final = "    "
_MOST_PLACES: Final = 12
_CONTEXT: Final = 30


class _ExcerptMark(msgspec.Struct, frozen=True):
    """A place on one line: columns `start <= c < end`, counted from 0."""

    path: str
    line: int
    start: int
    end: int
    text: str
    primary: bool


def location(source: SourceFile | None, offset: int) -> tuple[int, int]:
    """Line and column of a code point; `(1, 1)` when the source is not at hand."""
    if source is None:
        return 1, 1
    return source.position(max(0, min(offset, len(source.text))))


def _mark(
    annotation: Annotation, path: str, source: SourceFile, *, primary: bool, style: Style
) -> _ExcerptMark:
    span = annotation.span
    line, column = location(source, span.start)
    last, end = location(source, max(span.end, span.start))
    length = len(source.line_text(line))
    stop = end - 1 if last == line else length
    start = min(column - 1, length)
    return _ExcerptMark(
        path, line, start, max(stop, start + 1), style.tamed(annotation.text), primary
    )


def excerpts(
    diagnostic: Diagnostic, sources: Mapping[str, SourceFile], style: Style
) -> tuple[list[str], int]:
    """The lines from `-->` down to the last mark, and the width of the line number column."""
    marks: list[_ExcerptMark] = []
    hidden = 0
    places = (diagnostic.primary, *diagnostic.others)
    for number, annotation in enumerate(places):
        path = annotation.path or diagnostic.path
        source = sources.get(path)
        if source is None:
            continue
        if len(marks) >= _MOST_PLACES:
            hidden += 1
            continue
        marks.append(_mark(annotation, path, source, primary=number == 0, style=style))
    gutter = max((len(str(mark.line)) for mark in marks), default=1)
    at = diagnostic.primary.region
    if at is not None:
        line, column = at.line, at.column
    else:
        line, column = location(sources.get(diagnostic.path), diagnostic.primary.span.start)
    paint = SEVERITY_PAINT[diagnostic.severity]
    lines = [_arrow(diagnostic.path, line, column, gutter, style)]
    by_path: dict[str, list[_ExcerptMark]] = {diagnostic.path: []}
    for mark in marks:
        by_path.setdefault(mark.path, []).append(mark)
    for path, group in by_path.items():
        if not group:
            continue
        if path != diagnostic.path:
            lines.append(_arrow(path, group[0].line, group[0].start + 1, gutter, style))
        lines.extend(_file_lines(sources[path], group, gutter, paint, style))
    if hidden:
        lines.append(" " * (gutter + 1) + style.paint("blue", "|") + f" and {hidden} more places")
    return lines, gutter


def _arrow(path: str, line: int, column: int, gutter: int, style: Style) -> str:
    return f"{' ' * gutter}{style.paint('blue', '-->')} {style.place(path, line, column)}"


def _file_lines(
    source: SourceFile, marks: Sequence[_ExcerptMark], gutter: int, paint: Paint, style: Style
) -> list[str]:
    bar = style.paint("blue", "|")
    lines = [" " * (gutter + 1) + bar]
    ordered = sorted(marks, key=lambda mark: (mark.line, mark.start, not mark.primary))
    previous = 0
    for line in dict.fromkeys(mark.line for mark in ordered):
        if previous and line > previous + 1:
            lines.append(" " * (gutter + 1) + style.paint("blue", ":"))
        previous = line
        here = [mark for mark in ordered if mark.line == line]
        lines.extend(_line(source.line_text(line), line, here, gutter, paint, style))
    return lines


def _rendered(text: str, style: Style) -> str:
    return printable(text.replace("\t", _TAB), ascii_only=style.ascii_only)


def _line(
    text: str, number: int, marks: Sequence[_ExcerptMark], gutter: int, paint: Paint, style: Style
) -> list[str]:
    """One source line, cut to a window around its first mark, and a line of carets per mark."""
    room = max(style.width - gutter - 3, 20)
    dots = style.glyphs.ellipsis
    low, high = 0, len(text)
    if high > room or width(_rendered(text, style)) > room:
        low = max(0, min(mark.start for mark in marks) - _CONTEXT)
        high = min(high, low + room)
        while high > low + 1 and width(_rendered(text[low:high], style)) > room - 2 * len(dots):
            high -= max(1, (high - low) // 16)
    before = dots if low else ""
    after = dots if high < len(text) else ""
    shown = before + _rendered(text[low:high], style) + after
    bar = style.paint("blue", "|")
    lines = [f"{style.paint('blue', str(number).rjust(gutter))} {bar} {shown}".rstrip()]
    blank = " " * (gutter + 1) + bar + " "
    for mark in marks:
        start, end = min(max(mark.start, low), high), min(mark.end, high)
        column = len(before) + width(_rendered(text[low:start], style))
        length = max(1, width(_rendered(text[start:end], style)))
        if mark.end > high:
            length = max(1, min(length + len(after), room - column))
        sign = "^" if mark.primary else "-"
        color: Paint = paint if mark.primary else "blue"
        lines.extend(_carets(blank, column, sign * length, mark.text, room, color, style))
    return lines


def _carets(
    blank: str, column: int, carets: str, text: str, room: int, color: Paint, style: Style
) -> list[str]:
    head = " " * column + carets
    inner = Style(width=room)
    left = room - len(head) - 1
    if not text:
        return [blank + style.paint(color, head)]
    if left >= min(width(text), 24):
        parts = inner.hanging(head + " ", text, len(head) + 1)
    else:
        indent = max(0, min(column, room - 40))
        parts = [head, *inner.hanging(" " * indent, text, indent)]
    return [blank + style.paint(color, part) for part in parts]


def quoted(text: str, limit: int, style: Style) -> str:
    """A name between backticks, shortened to `limit`."""
    return f"`{shortened(style.shown(text), limit, ellipsis=style.glyphs.ellipsis)}`"
