"""Source text in the page: excerpts with marks, and listings that can be stepped through."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from tellverify.diagnostics.model import Annotation
from tellverify.report.excerpt import location
from tellverify.report.tags import EMPTY, Html, element, escaped, exact, joined, prose
from tellverify.source.text import SourceFile

_CONTEXT: Final = 1
_WHOLE: Final = 160  # lines of a text that is listed in full
_AROUND: Final = 3
_LONGEST_LINE: Final = 240
_TAB: Final = "    "


class _HtmlMark(msgspec.Struct, frozen=True):
    """A place on one line: columns from 0, the end excluded."""

    line: int
    start: int
    end: int
    text: str
    is_primary: bool


def excerpt(places: Sequence[Annotation], path: str, sources: Mapping[str, SourceFile]) -> Html:
    """The lines of `places`, the first of which is the main one, with their annotations."""
    by_path: dict[str, list[_HtmlMark]] = {}
    for number, place in enumerate(places):
        where = place.path or path
        source = sources.get(where)
        marks = by_path.setdefault(where, [])
        if source is not None:
            marks.append(_mark(place, source, is_primary=number == 0))
    return joined(_file(where, marks, sources.get(where)) for where, marks in by_path.items())


def _mark(place: Annotation, source: SourceFile, *, is_primary: bool) -> _HtmlMark:
    line, column = location(source, place.span.start)
    last, end = location(source, max(place.span.end, place.span.start))
    length = len(source.line_text(line))
    start = min(column - 1, length)
    stop = end - 1 if last == line else length
    return _HtmlMark(line, start, max(stop, start), place.text, is_primary)


def _file(path: str, marks: list[_HtmlMark], source: SourceFile | None) -> Html:
    first = f":{marks[0].line}:{marks[0].start + 1}" if marks else ""
    head = element("figcaption", element("code", escaped(f"{path}{first}")))
    if source is None:
        notes = [mark.text for mark in marks if mark.text]
        missing = escaped("The text is not available: the file is gone, or changed since the run.")
        parts = [element("p", missing, class_="missing"), *(element("p", prose(n)) for n in notes)]
        return element("figure", head, *parts, class_="source")
    wanted: set[int] = set()
    for mark in marks:
        wanted.update(range(max(1, mark.line - _CONTEXT), mark.line + _CONTEXT + 1))
    lines = sorted(line for line in wanted if line <= source.line_count)
    rows: list[Html] = []
    before = 0
    for line in lines:
        if before and line > before + 1:
            rows.append(element("div", escaped("⋮"), class_="gap"))
        before = line
        here = sorted((m for m in marks if m.line == line), key=lambda m: (m.start, m.end))
        rows.append(_row(line, _marked(source.line_text(line), here)))
        rows += [_note(mark) for mark in here if mark.text]
    return element("figure", head, element("div", *rows, class_="lines"), class_="source")


def _row(line: int, content: Html, name: str = "") -> Html:
    """A line of source; the style sheet shows its number, which copying leaves out."""
    return element("div", content, class_=f"l {name}".strip(), data_line=line)


def _note(mark: _HtmlMark) -> Html:
    name = "note primary" if mark.is_primary else "note"
    indent = min(mark.start, 60)
    text = element("span", exact(" " * indent), class_="pad")
    return element("div", text, element("span", prose(mark.text)), class_=name)


def _shown(text: str) -> Html:
    return exact(text.replace("\t", _TAB))


def _marked(text: str, marks: Iterable[_HtmlMark]) -> Html:
    """A line with its marks; of marks that overlap the first is drawn. Long lines are cut."""
    parts: list[Html] = []
    at = 0
    cut = text[:_LONGEST_LINE]
    for mark in marks:
        start, end = min(mark.start, len(cut)), min(mark.end, len(cut))
        if start < at or end == start:
            continue
        parts.append(_shown(cut[at:start]))
        name = "primary" if mark.is_primary else None
        parts.append(element("mark", _shown(cut[start:end]), class_=name))
        at = end
    parts.append(_shown(cut[at:]))
    if len(text) > len(cut):
        parts.append(element("span", escaped("…"), class_="cut", title="cut"))
    return joined(parts)


def listing(
    path: str,
    lines: Iterable[int],
    sources: Mapping[str, SourceFile],
    names: Mapping[int, str] | None = None,
) -> Html:
    """The text of `path` around `lines`, all of it when it is short; lines can be addressed.

    `names` has a class for lines that are shown in a way of their own.
    """
    source = sources.get(path)
    used = sorted({line for line in lines if line > 0})
    if source is None or not used:
        return EMPTY
    last = source.line_count
    if last <= _WHOLE:
        wanted: list[int] = list(range(1, last + 1))
    else:
        around = {n for line in used for n in range(line - _AROUND, line + _AROUND + 1)}
        wanted = sorted(n for n in around if 1 <= n <= last)
    while wanted and not source.line_text(wanted[-1]).strip():
        wanted.pop()
    rows: list[Html] = []
    before = 0
    for line in wanted:
        if before and line > before + 1:
            rows.append(element("div", escaped("⋮"), class_="gap"))
        before = line
        content = _marked(source.line_text(line), ())
        rows.append(_row(line, content, (names or {}).get(line, "")))
    return element(
        "figure",
        element("figcaption", element("code", escaped(path))),
        element("div", *rows, class_="lines"),
        class_="source listing",
        data_path=path,
    )
