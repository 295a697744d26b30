"""A run drawn as a sequence chart: a column for every role that takes part, a row per message.

A run with more roles than fit the width is written as a list with one message a line instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

import msgspec

from tellverify.diagnostics.wording import counted, grouped, listed
from tellverify.model.site import Site
from tellverify.model.trace import Trace
from tellverify.report.drawing.chart_ending import ending_lines, mark_of
from tellverify.report.drawing.lanes import Lane, laned, lanes_of
from tellverify.report.drawing.sequence import (
    Fold,
    RowKind,
    SequenceRow,
    awaited,
    folded,
    rows_of,
)
from tellverify.report.escape import fitted, padded, width, wrapped
from tellverify.report.families import collapsed
from tellverify.report.style import Style

_MARGIN: Final = 5
_NOTE: Final = 14
_IDLE_COLUMNS: Final = 4


class _Layout(msgspec.Struct, frozen=True):
    """Where the lifelines stand and how names and labels are cut."""

    centres: tuple[int, ...]
    names: tuple[str, ...]
    label_cells: int
    gutter: int


def draw(trace: Trace, roles: Sequence[str], style: Style, *, verbose: bool = False) -> list[str]:
    """The lines of the chart of `trace`; `roles` gives the order of columns."""
    lanes = lanes_of(trace, roles, _IDLE_COLUMNS)
    rows, closes = laned(*rows_of(trace), lanes)
    items = folded(rows, trace.culprits, everything=verbose)
    columns = [lane.name for lane in lanes]
    gutter = max(4, len(str(len(rows)))) + 2
    layout = _layout(columns, items, gutter, style)
    shown = frozenset(role for lane in lanes for role in lane.members)
    if layout is None:
        lines, cut = _list(items, gutter, style), []
    else:
        lines = _columns(trace, items, columns, layout, style)
        cut = _cut_names(items, columns, layout, style)
    if closes:
        words = f"{style.glyphs.repeat} repeats from {closes}"
        lines.append(" " * gutter + style.paint("cyan", words))
    if layout is not None:
        lines.extend(_end_row(trace, lanes, layout, style))
    lines.extend(ending_lines(trace, shown if layout is not None else frozenset(), style))
    lines.extend(" " * gutter + style.paint("dim", line) for line in cut)
    return lines


# Layout


def _layout(
    columns: Sequence[str], items: Sequence[SequenceRow | Fold], gutter: int, style: Style
) -> _Layout | None:
    """The widest layout that fits: roomy, tight, then with names and labels cut; None if none."""
    for least, longest in ((18, 30), (8, 30), (8, 14), (8, 9)):
        names = _short_names(columns, longest, style)
        layout = _placed(columns, names, items, (least, longest), gutter, style)
        if layout.centres and layout.centres[-1] + _MARGIN + _NOTE <= style.width:
            return layout
    return None


def _short_names(columns: Sequence[str], longest: int, style: Style) -> tuple[str, ...]:
    """The names as column heads, cut to `longest`, no two of them alike."""
    glyphs = style.glyphs
    taken: set[str] = set()
    names: list[str] = []
    for role in columns:
        name = fitted(style.shown(role), longest, ellipsis=glyphs.ellipsis)
        number = 1
        while name in taken:
            number += 1
            suffix = f"#{number}"
            name = fitted(style.shown(role), longest - len(suffix), ellipsis=glyphs.ellipsis)
            name += suffix
        taken.add(name)
        names.append(name)
    return tuple(names)


def _cut_names(
    items: Sequence[SequenceRow | Fold], columns: Sequence[str], layout: _Layout, style: Style
) -> list[str]:
    """The names and labels that the chart shows cut, in full, a line each."""
    full = {name: style.tamed(role) for name, role in zip(layout.names, columns, strict=True)}
    index = {role: number for number, role in enumerate(columns)}
    for item in items:
        if isinstance(item, SequenceRow) and item.kind is not RowKind.CRASH:
            full[_label(item, index, layout, style)] = style.tamed(item.label)
    return [f"{short} is {name}" for short, name in full.items() if short != name]


def _placed(
    columns: Sequence[str],
    names: tuple[str, ...],
    items: Sequence[SequenceRow | Fold],
    sizes: tuple[int, int],
    gutter: int,
    style: Style,
) -> _Layout:
    least, longest = sizes
    index = {role: number for number, role in enumerate(columns)}
    gaps = [
        max(least, (width(left) + 1) // 2 + width(right) // 2 + 3)
        for left, right in pairwise(names)
    ]
    for item in items:
        if isinstance(item, SequenceRow) and item.kind is not RowKind.CRASH:
            low, high = sorted((index[item.sender], index[item.receiver]))
            need = min(width(style.shown(item.label)), longest) + 8
            if item.kind == RowKind.TIMER:
                low = min(low, len(gaps) - 1)
                high = low + 1
                need -= 4
            lacking = need - sum(gaps[low:high])
            if gaps and lacking > 0:
                gaps[high - 1] += lacking
    centres: list[int] = []
    for number, name in enumerate(names):
        if number == 0:
            centres.append(gutter + 2 + width(name) // 2)
        else:
            centres.append(centres[-1] + gaps[number - 1])
    return _Layout(tuple(centres), names, longest, gutter)


# Columns


def _columns(
    trace: Trace,
    items: Sequence[SequenceRow | Fold],
    columns: Sequence[str],
    layout: _Layout,
    style: Style,
) -> list[str]:
    glyphs = style.glyphs
    index = {role: number for number, role in enumerate(columns)}
    lines = [style.paint("bold", _heads(layout))]
    edge = layout.centres[-1] + _MARGIN
    if len(columns) == 1:  # the words of timers stand right of the only lifeline
        edge += max((width(row.label) for row in items if isinstance(row, SequenceRow)), default=0)
    for item in items:
        if isinstance(item, Fold):
            note = fitted(
                _fold_words(item, trace, style),
                style.width - layout.gutter - 2,
                ellipsis=glyphs.ellipsis,
            )
            lines.append(style.paint("dim", f"{' ' * layout.gutter}{glyphs.folded} {note}"))
            continue
        cells = _lifelines(layout, glyphs.line)
        if item.kind == RowKind.TIMER:
            _timer(cells, item, index[item.sender], layout, style)
        else:
            _arrow(cells, item, index, layout, style)
        number = str(item.number).rjust(layout.gutter - 2)
        drawn = number + "".join(cells)[layout.gutter - 2 :]
        lines.extend(_with_note(drawn, _notes(item, style), edge, layout, style))
    return lines


def _end_row(trace: Trace, lanes: Sequence[Lane], layout: _Layout, style: Style) -> list[str]:
    """A mark for the state of every column at the end, with what the one culprit awaits."""
    waiting = {one.role: one for one in trace.waiting}
    shown = {role for lane in lanes for role in lane.members}
    if shown.isdisjoint(waiting):
        return []
    marks = [" "] * (layout.centres[-1] + 1)
    for lane, centre in zip(lanes, layout.centres, strict=True):
        marks[centre] = mark_of(trace, waiting.get(lane.members[0]), style)
    last = "".join(marks)
    culprits = [role for role in trace.culprits if role in shown and role in waiting]
    note = style.tamed(awaited(trace, waiting[culprits[0]])) if len(culprits) == 1 else ""
    return _with_note(last, note, layout.centres[-1] + _MARGIN, None, style)


def _heads(layout: _Layout) -> str:
    line = ""
    for name, centre in zip(layout.names, layout.centres, strict=True):
        line = padded(line, max(centre - width(name) // 2, width(line))) + name
    return line


def _lifelines(layout: _Layout, sign: str) -> list[str]:
    cells = [" "] * (layout.centres[-1] + 1)
    for centre in layout.centres:
        cells[centre] = sign
    return cells


def _label(row: SequenceRow, index: Mapping[str, int], layout: _Layout, style: Style) -> str:
    """The label of a message, cut to what its arrow has room for."""
    if row.kind == RowKind.TIMER:
        return row.label
    low, high = sorted((layout.centres[index[row.sender]], layout.centres[index[row.receiver]]))
    room = high - low - (6 if row.kind == RowKind.ARROW else 7)
    return fitted(
        style.shown(row.label), min(layout.label_cells, room), ellipsis=style.glyphs.ellipsis
    )


def _arrow(
    cells: list[str], row: SequenceRow, index: Mapping[str, int], layout: _Layout, style: Style
) -> None:
    """Draw the message of `row` between the lifelines of its roles."""
    glyphs = style.glyphs
    if row.kind is RowKind.CRASH:
        cells[layout.centres[index[row.sender]]] = glyphs.failed
        return
    start, end = layout.centres[index[row.sender]], layout.centres[index[row.receiver]]
    low, high = min(start, end) + 1, max(start, end)
    inner = high - low
    extra = 1 if row.kind == RowKind.ARROW else 2
    text = f" {_label(row, index, layout, style)} "
    bars = inner - extra - width(text)
    tail, head = glyphs.bar * ((bars + 1) // 2), glyphs.bar * (bars // 2)
    ends = {
        RowKind.SEND: glyphs.queued,
        RowKind.DISCARD: glyphs.discarded,
        RowKind.LOST: glyphs.failed,
    }
    queue_end = ends.get(row.kind, "")
    queue_start = glyphs.queued if row.kind == RowKind.RECEIVE else ""
    if start < end:
        drawn = f"{queue_start}{tail}{text}{head}{glyphs.right}{queue_end}"
    else:
        drawn = f"{queue_end}{glyphs.left}{head}{text}{tail}{queue_start}"
    signs = _cells(drawn)
    for position, sign in enumerate(signs):
        crossing = cells[low + position] == glyphs.line and sign == glyphs.bar
        cells[low + position] = glyphs.cross if crossing else sign


def _timer(cells: list[str], row: SequenceRow, column: int, layout: _Layout, style: Style) -> None:
    """Draw the sign of a timer on the lifeline of its owner, with its word beside it."""
    at = layout.centres[column]
    cells[at] = style.glyphs.timer
    if column + 1 < len(layout.centres) or column == 0:
        signs = [" ", *_cells(row.label)]
        cells += [" "] * (at + 1 + len(signs) - len(cells))
        cells[at + 1 : at + 1 + len(signs)] = signs
    else:
        signs = [*_cells(row.label), " "]
        cells[at - len(signs) : at] = signs


def _cells(drawn: str) -> list[str]:
    """One entry per terminal cell: a wide character is followed by an empty entry."""
    if drawn.isascii():
        return list(drawn)
    cells: list[str] = []
    for char in drawn:
        size = width(char)
        if size == 0 and cells:
            cells[-1] += char
        else:
            cells.append(char)
            cells.extend([""] * (size - 1))
    return cells


def _with_note(drawn: str, note: str, edge: int, layout: _Layout | None, style: Style) -> list[str]:
    """`drawn` with `note` right of it; text that does not fit is written on separate lines."""
    if not note:
        return [drawn.rstrip()]
    room = style.width - edge
    rest = "".join(_lifelines(layout, style.glyphs.line)) if layout is not None else ""
    parts = wrapped(note, room)
    return [
        padded(drawn if number == 0 else rest, edge) + style.paint("dim", part.rstrip())
        for number, part in enumerate(parts)
    ]


# List


def _list(items: Sequence[SequenceRow | Fold], gutter: int, style: Style) -> list[str]:
    """One message a line, for runs with more roles than fit side by side."""
    glyphs = style.glyphs
    arrows = {
        RowKind.ARROW: glyphs.bar * 2 + glyphs.right,
        RowKind.SEND: glyphs.bar * 2 + glyphs.right + glyphs.queued,
        RowKind.RECEIVE: glyphs.queued + glyphs.bar * 2 + glyphs.right,
        RowKind.DISCARD: glyphs.bar * 2 + glyphs.right + glyphs.discarded,
        RowKind.TIMER: glyphs.timer,
        RowKind.LOST: glyphs.bar * 2 + glyphs.right + glyphs.failed,
    }
    lines: list[str] = []
    for item in items:
        if isinstance(item, Fold):
            words = f"{grouped(item.count)} messages left out"
            lines.append(style.paint("dim", f"{' ' * gutter}{glyphs.folded} {words}"))
            continue
        if item.kind is RowKind.CRASH:
            text = f"{item.sender} {glyphs.failed}"
        elif item.kind is RowKind.TIMER:
            text = f"{item.sender} {arrows[item.kind]} {item.label}"
        else:
            text = f"{item.sender} {arrows[item.kind]} {item.receiver} : {item.label}"
        text = style.tamed(text)
        number = str(item.number).rjust(gutter - 2)
        note = _notes(item, style)
        line = f"{number}  {text}"
        joined = f"{padded(line, 48)}   {note}" if note else line
        if width(joined) <= style.width:
            lines.append(joined)
        else:
            lines.extend(style.hanging(f"{number}  ", f"{text}   {note}", gutter + 4))
    return lines


# Words


def place(site: Site) -> str:
    """The file name and line of a statement: `escrow.tell:6`."""
    if not site.line:
        return ""
    return f"{site.path.rpartition('/')[2]}:{site.line}" if site.path else f"line {site.line}"


def _notes(row: SequenceRow, style: Style) -> str:
    if row.kind is RowKind.CRASH:
        return style.tamed(row.label)
    parts = [place(row.site), row.heading]
    if row.kind == RowKind.DISCARD:
        parts.append("discarded")
    if row.how:
        parts.append(row.how)
    return "   ".join(style.tamed(part) for part in parts if part)


def _fold_words(fold: Fold, trace: Trace, style: Style) -> str:
    count = counted(fold.count, "message")
    if not fold.idle:
        return f"{count} left out"
    names = listed([f"`{name}`" for name in collapsed(trace.culprits)], 2)
    return style.tamed(f"{count} that change nothing for {names}")
