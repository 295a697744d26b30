"""A run as a sequence chart in SVG: a lifeline for every role, time running down.

A send that is received at once is one level arrow. Otherwise a message leaves its sender in the row
of the send and reaches its receiver in the row of the receive, so that the picture shows how long
it was queued; one that is never received ends in a circle before its receiver. Each row holds one
label, so that no text meets another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from itertools import pairwise
from typing import Final

import msgspec

from tellverify.diagnostics.wording import counted
from tellverify.model.delivery import Delivery
from tellverify.model.fault import Fault
from tellverify.model.faulty_channels import WORDS
from tellverify.model.run_end import discarded, origins
from tellverify.model.step import Step
from tellverify.model.trace import Trace, Waiting
from tellverify.report.drawing.chart import place
from tellverify.report.drawing.lanes import (
    Lane,
    label_of,
    lanes_by_member,
    lanes_of,
    may_share,
)
from tellverify.report.drawing.sequence import awaited
from tellverify.report.drawing.svg_style import svg
from tellverify.report.drawing.text_metrics import (
    LINE_HEIGHT,
    SMALL_SIZE,
    cut,
    room_for,
    text_width,
    wrapped,
)
from tellverify.report.tags import Html, element, exact, number

MOST_COLUMNS: Final = 24
MOST_ROWS: Final = 80
_FIRST_ROWS: Final = 30
_IDLE: Final = 6
_ROW: Final = 30.0
_HEAD: Final = 26.0
_TOP: Final = 14.0
_GUTTER: Final = 46.0
_LEAST_GAP: Final = 120.0
_MOST_GAP: Final = 330.0
_NAME_CELLS: Final = 24
_LABEL_CELLS: Final = 34
_NOTE_CELLS: Final = 40
_ARROW: Final = 8.0
_MOST_QUEUES: Final = 4


class _Kind(StrEnum):
    BOTH = "both"
    SEND = "send"
    RECEIVE = "receive"
    FOLD = "fold"
    TIMER = "timer"


class _ChartRow(msgspec.Struct, frozen=True):
    """A row: the steps `first` to `last` happen in it, or are left out of the picture."""

    kind: _Kind
    first: int
    last: int


class _Plan(msgspec.Struct, frozen=True):
    """What the pieces of the picture have to know of its geometry.

    `sent` maps the step of a receive to that of its send, `row_of` a step to its row. `discarded`
    are the steps of sends whose messages are discarded.
    """

    trace: Trace
    lanes: tuple[Lane, ...]
    lane_of: Mapping[str, Lane]
    centres: Mapping[str, float]
    rows: tuple[_ChartRow, ...]
    row_of: Mapping[int, int]
    sent: Mapping[int, int]
    discarded: frozenset[int]
    notes: tuple[str, ...]
    notes_x: float
    width: float
    top: float

    def y(self, row: int) -> float:
        """The height of the arrow of a row."""
        return self.top + row * _ROW + 19

    @property
    def bottom(self) -> float:
        """Where the lifelines end."""
        return self.top + len(self.rows) * _ROW + 10


def draw_chart(
    trace: Trace,
    roles: Sequence[str],
    title: str,
    *,
    standalone: bool = False,
    places: bool = True,
) -> Html | None:
    """The chart of `trace`, or None when more than 24 roles take part in it.

    Rows carry `data-first` and `data-last`, the numbers of their steps from 1, for whoever steps
    through the run; with `places` they name the line of the source. Of a run of more than 80 rows
    the middle is left out and counted.
    """
    lanes = lanes_of(trace, roles, _IDLE)
    if not lanes or len(lanes) > MOST_COLUMNS:
        return None
    plan = _plan(trace, lanes, places=places)
    ends, bottom = _ends(plan)
    parts = [
        *_lifelines(plan),
        *_lap(plan),
        *(_row(plan, index) for index in range(len(plan.rows))),
        *(_heading(plan, lane) for lane in plan.lanes),
        *ends,
    ]
    return svg(plan.width, bottom, title, parts, standalone=standalone)


# Geometry


def _sent(steps: Sequence[Step]) -> tuple[dict[int, int], frozenset[int]]:
    """The step at which the message of each receive was sent, and the sends that are discarded."""
    return origins(steps), discarded(steps)


def _rows(
    trace: Trace, sent: Mapping[int, int], lane_of: Mapping[str, Lane]
) -> tuple[_ChartRow, ...]:
    rows: list[_ChartRow] = []
    at = 0
    while at < len(trace.steps):
        if sent.get(at + 1) == at and at + 1 != trace.loop:
            before = rows[-1] if rows and at != trace.loop else None
            if before is not None and _joins(trace, before, at, lane_of):
                rows[-1] = msgspec.structs.replace(before, last=at + 1)
            else:
                rows.append(_ChartRow(_Kind.BOTH, at, at + 1))
            at += 2
        else:
            step = trace.steps[at]
            kind = _Kind.SEND if step.send else _Kind.TIMER if step.timer else _Kind.RECEIVE
            rows.append(_ChartRow(kind, at, at))
            at += 1
    if len(rows) > MOST_ROWS:
        low, high = _FIRST_ROWS, len(rows) - (MOST_ROWS - _FIRST_ROWS - 1)
        fold = _ChartRow(_Kind.FOLD, rows[low].first, rows[high - 1].last)
        rows = [*rows[:low], fold, *rows[high:]]
    return tuple(rows)


def _joins(trace: Trace, row: _ChartRow, at: int, lane_of: Mapping[str, Lane]) -> bool:
    """Whether the message of step `at` shares a row with those of `row`."""
    one, other = trace.steps[row.first], trace.steps[at]
    return (
        row.kind is _Kind.BOTH
        and (one.label, one.site, one.session, one.delivery)
        == (other.label, other.site, other.session, other.delivery)
        and may_share((one.sender, one.receiver), (other.sender, other.receiver), lane_of)
    )


def _label(plan: _Plan, row: _ChartRow) -> str:
    """The label of the messages of a row, with the members that send and receive them."""
    return _label_of(plan.trace, row, plan.lane_of)


def _label_of(trace: Trace, row: _ChartRow, lane_of: Mapping[str, Lane]) -> str:
    sends = [one for one in trace.steps[row.first : row.last + 1] if one.send]
    ends = [(one.sender, one.receiver) for one in sends]
    label = trace.steps[row.first].label
    return label_of(label, ends, lane_of) if ends else label


def _plan(trace: Trace, lanes: tuple[Lane, ...], *, places: bool) -> _Plan:
    sent, discarded = _sent(trace.steps)
    lane_of = lanes_by_member(lanes)
    rows = _rows(trace, sent, lane_of)
    place_of = {role: number_ for number_, lane in enumerate(lanes) for role in lane.members}
    widths = [text_width(cut(lane.name, _NAME_CELLS)) / 2 + 14 for lane in lanes]
    gaps = [max(_LEAST_GAP, left + right + 12) for left, right in pairwise(widths)]
    for row in rows:
        step = trace.steps[row.first]
        if row.kind in (_Kind.BOTH, _Kind.SEND):
            low, high = sorted((place_of[step.sender], place_of[step.receiver]))
            lacking = (
                text_width(cut(_label_of(trace, row, lane_of), _LABEL_CELLS))
                + 34
                - sum(gaps[low:high])
            )
            if lacking > 0:
                gaps[high - 1] = min(gaps[high - 1] + lacking, _MOST_GAP)
    centres: dict[str, float] = {}
    at = _GUTTER + max(widths[0], 40.0)
    for number_, lane in enumerate(lanes):
        centres |= dict.fromkeys(lane.members, at)
        at += gaps[number_] if number_ < len(gaps) else 0.0
    notes = _notes(trace, rows) if places else ("",) * len(rows)
    edge = at + max(widths[-1], 40.0) + 12
    room = max((text_width(note, SMALL_SIZE) for note in notes), default=0.0)
    row_of = {
        step: index for index, row in enumerate(rows) for step in range(row.first, row.last + 1)
    }
    return _Plan(
        trace,
        lanes,
        lane_of,
        centres,
        rows,
        row_of,
        sent,
        discarded,
        notes,
        edge,
        edge + room + 10,
        _TOP + _HEAD + 6,
    )


def _notes(trace: Trace, rows: Sequence[_ChartRow]) -> tuple[str, ...]:
    """Right of each row: the line of the source, and session and branch where they change."""
    found = []
    branch = session = ""
    for row in rows:
        site = trace.steps[row.first].site
        parts = [] if row.kind is _Kind.FOLD else [place(site)]
        entered = trace.steps[row.first].session
        if row.kind is not _Kind.FOLD and entered != session:
            session = entered
            parts.append(f"session {session}" if session else "")
        if row.kind in (_Kind.BOTH, _Kind.SEND) and site.branch != branch:
            branch = site.branch
            parts.append(f"branch {branch}" if branch else "")
        if row.kind is not _Kind.FOLD:
            parts.append(WORDS[trace.steps[row.first].delivery])
        found.append(cut("  ".join(part for part in parts if part), _NOTE_CELLS))
    return tuple(found)


# Pieces


def _heading(plan: _Plan, lane: Lane) -> Html:
    name = cut(lane.name, _NAME_CELLS)
    half = text_width(name) / 2 + 10
    x = plan.centres[lane.members[0]]
    wrong = not lane.is_shared and lane.members[0] in plan.trace.culprits
    return element(
        "g",
        element("title", exact(lane.name[:200])),
        element(
            "rect",
            class_="role culprit" if wrong else "role",
            x=x - half,
            y=_TOP,
            width=2 * half,
            height=_HEAD,
            rx=5,
        ),
        element("text", exact(name), class_="mid strong", x=x, y=_TOP + 17.5),
    )


def _lifelines(plan: _Plan) -> list[Html]:
    return [
        element("line", class_="life", x1=x, x2=x, y1=_TOP + _HEAD, y2=plan.bottom)
        for x in dict.fromkeys(plan.centres.values())
    ]


def _row(plan: _Plan, index: int) -> Html:
    row = plan.rows[index]
    y = plan.y(index)
    band = element(
        "rect", class_="band", x=2, y=y - 17, width=plan.width - 4, height=_ROW - 1, rx=4
    )
    parts = [band]
    if row.kind is _Kind.FOLD:
        words = f"{counted(row.last - row.first + 1, 'step')} left out"
        edges = (plan.lanes[0], plan.lanes[-1])
        first, last = (plan.centres[lane.members[0]] for lane in edges)
        middle = max((first + last) / 2, 8 + text_width(words, SMALL_SIZE) / 2)
        parts.append(element("text", exact(f"⋮ {words}"), class_="small mid halo", x=middle, y=y))
    else:
        shown = f"{row.first + 1}" if row.first == row.last else f"{row.first + 1}–{row.last + 1}"
        parts.append(element("text", exact(shown), class_="small end", x=_GUTTER - 8, y=y + 4))
        parts += _message(plan, index, row, y)
        note = exact(plan.notes[index])
        parts.append(element("text", note, class_="small", x=plan.notes_x, y=y + 4))
    return element("g", *parts, class_="row", data_first=row.first + 1, data_last=row.last + 1)


def _message(plan: _Plan, index: int, row: _ChartRow, y: float) -> list[Html]:
    step = plan.trace.steps[row.first]
    if row.kind is _Kind.TIMER:
        return _timer(plan, step, y)
    start, end = plan.centres[step.sender], plan.centres[step.receiver]
    way = 1.0 if end >= start else -1.0
    if row.kind is _Kind.RECEIVE:
        origin = plan.row_of.get(plan.sent.get(row.first, -1))
        # A message whose send is left out comes from the fold.
        from_y = plan.y(origin) if origin is not None and origin < index else y - _ROW * 0.8
        slanted = _slope(start, from_y, end, y)
        return [*slanted, element("circle", class_="dot", cx=end, cy=y, r=3)]
    label = cut(_label(plan, row), min(_LABEL_CELLS, room_for(abs(end - start) - 26)))
    dot = element("circle", class_="dot", cx=start, cy=y, r=3)
    if row.kind is _Kind.BOTH:
        text = element("text", exact(label), class_="mid halo", x=(start + end) / 2, y=y - 5)
        return [*_slope(start, y, end, y), dot, text]
    anchor = "halo" if way > 0 else "halo end"
    text = element("text", exact(label), class_=anchor, x=start + way * 10, y=y - 5)
    if row.first in plan.sent.values():
        return [dot, text]
    stop = end - way * 13
    if step.delivery is Delivery.LOST:
        sign = element("text", exact("✕"), class_="mid", x=stop, y=y + 4)
        line = element("line", class_="edge queued", x1=start, y1=y, x2=stop - way * 5, y2=y)
        return [line, sign, dot, text]
    line = element("line", class_="edge queued", x1=start, y1=y, x2=stop - way * 5, y2=y)
    if row.first in plan.discarded:
        path = f"M{number(stop - 4)} {number(y - 4)}l8 8m0-8l-8 8"
        return [line, element("path", class_="gone", d=path), dot, text]
    return [line, element("circle", class_="open", cx=stop, cy=y, r=5), dot, text]


def _timer(plan: _Plan, step: Step, y: float) -> list[Html]:
    """A clock on the lifeline of the owner, and the word of the timer beside it."""
    x = plan.centres[step.sender]
    is_last = len(plan.lanes) > 1 and step.sender in plan.lanes[-1].members
    hands = f"M{number(x)} {number(y - 4)}V{number(y)}H{number(x + 3)}"
    return [
        element("circle", class_="clock", cx=x, cy=y, r=6.5),
        element("path", class_="hands", d=hands),
        element(
            "text",
            exact(step.timer + plan.lane_of[step.sender].which([step.sender])),
            class_="halo end" if is_last else "halo",
            x=x + (-11 if is_last else 11),
            y=y + 4,
        ),
    ]


def _slope(x1: float, y1: float, x2: float, y2: float) -> list[Html]:
    """An arrow from one lifeline to another."""
    length = max(((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5, 1.0)
    dx, dy = (x2 - x1) / length, (y2 - y1) / length
    tip_x, tip_y = x2 - dx * 3, y2 - dy * 3
    back_x, back_y = tip_x - dx * _ARROW, tip_y - dy * _ARROW
    side_x, side_y = -dy * _ARROW * 0.45, dx * _ARROW * 0.45
    corners = (
        (tip_x, tip_y),
        (back_x + side_x, back_y + side_y),
        (back_x - side_x, back_y - side_y),
    )
    points = " ".join(f"{number(x)},{number(y)}" for x, y in corners)
    return [
        element("line", class_="edge", x1=x1, y1=y1, x2=back_x, y2=back_y),
        element("polygon", class_="head", points=points),
    ]


def _lap(plan: _Plan) -> list[Html]:
    """A bracket at the left around the rows that repeat forever."""
    trace = plan.trace
    if not 0 <= trace.loop < len(trace.steps):
        return []
    first, last = plan.row_of[trace.loop], len(plan.rows) - 1
    top, bottom = plan.y(first) - 12, plan.y(last) + 10
    path = f"M14 {number(top)}H7V{number(bottom)}H14"
    return [element("path", class_="lap", d=path)]


# The end of the run


def _ends(plan: _Plan) -> tuple[list[Html], float]:
    """What every column does at the end, and the height of the whole picture."""
    waiting = {one.role: one for one in plan.trace.waiting}
    parts: list[Html] = []
    lowest = plan.bottom + 14
    xs = [plan.centres[lane.members[0]] for lane in plan.lanes]
    for number_, lane in enumerate(plan.lanes):
        role = lane.members[0]
        one = waiting.get(role)
        if one is None:
            continue
        left = (xs[number_] - xs[number_ - 1]) / 2 if number_ else xs[0] - 4
        right = (
            (xs[number_ + 1] - xs[number_]) / 2
            if number_ + 1 < len(xs)
            else plan.width - xs[-1] - 4
        )
        words = _state(plan.trace, one)
        lines = wrapped(words, max(room_for(2 * min(left, right, 120.0) - 8, SMALL_SIZE), 8), 5)
        wrong = role in plan.trace.culprits
        parts.append(_mark(xs[number_], plan.bottom, one, is_culprit=wrong))
        for line_number, line in enumerate(lines):
            y = plan.bottom + 24 + line_number * (LINE_HEIGHT - 2)
            class_ = "small mid badtext" if wrong and one.awaits else "small mid"
            parts.append(element("text", exact(line), class_=class_, x=xs[number_], y=y))
            lowest = max(lowest, y)
    for text, class_ in _closing(plan):
        lowest += LINE_HEIGHT + 4
        shown = cut(text, max(room_for(plan.width - 24, SMALL_SIZE), 12))
        parts.append(element("text", exact(shown), class_=class_, x=10, y=lowest))
    return parts, lowest + 12


def _state(trace: Trace, one: Waiting) -> str:
    words = awaited(trace, one)
    ever = trace.fault in (Fault.DEADLOCK, Fault.STUCK_ROLE) and one.role in trace.culprits
    if words and ever:
        return words.replace("waits for", "waits forever for", 1)
    if one.finished:
        return "finished, would take more" if words else "finished"
    if words:
        return words
    return "goes on"


def _mark(x: float, y: float, one: Waiting, *, is_culprit: bool) -> Html:
    if one.finished and not one.awaits:
        return element("rect", class_="dot", x=x - 5, y=y - 2, width=10, height=10)
    name = "stuck" if is_culprit else "open"
    return element("circle", class_=name, cx=x, cy=y + 3, r=6)


def _closing(plan: _Plan) -> list[tuple[str, str]]:
    trace = plan.trace
    found: list[tuple[str, str]] = []
    if 0 <= trace.loop < len(trace.steps):
        found.append((f"↻ repeats forever from step {trace.loop + 1}", "laptext"))
    full = [(sender, receiver, labels) for sender, receiver, labels in trace.queues if labels]
    for sender, receiver, labels in full[:_MOST_QUEUES]:
        more = f" and {len(labels) - 4} more" if len(labels) > 4 else ""
        shown = ", ".join(cut(label, _LABEL_CELLS) for label in labels[:4])
        names = f"{cut(sender, _NAME_CELLS)} → {cut(receiver, _NAME_CELLS)}"
        found.append((f"queued {names}: {shown}{more}", "small"))
    if len(full) > _MOST_QUEUES:
        found.append((f"and {counted(len(full) - _MOST_QUEUES, 'more queue')}", "small"))
    return found
