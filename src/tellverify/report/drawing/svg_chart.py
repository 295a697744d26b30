"""A run as a sequence chart in SVG: a lifeline for every role, time running down.

A send that is received at once is one level arrow. Otherwise a message leaves its sender in the row
of the send and reaches its receiver in the row of the receive, so that the picture shows how long
it was queued; one that is never received ends in a circle before its receiver. Each row holds one
label, so that no text meets another.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tellverify.diagnostics.wording import counted
from tellverify.model.delivery import Delivery
from tellverify.model.fault import Fault
from tellverify.model.step import Step
from tellverify.model.trace import Trace, Waiting
from tellverify.report.drawing.lanes import (
    Lane,
    lanes_of,
)
from tellverify.report.drawing.sequence import awaited
from tellverify.report.drawing.svg_chart_plan import (
    GUTTER,
    HEAD,
    LABEL_CELLS,
    NAME_CELLS,
    ROW,
    TOP,
    ChartPlan,
    ChartRow,
    ChartRowKind,
    chart_plan,
    row_label,
)
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
_IDLE: Final = 6
_ARROW: Final = 8.0
_MOST_QUEUES: Final = 4


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
    plan = chart_plan(trace, lanes, places=places)
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


def _label(plan: ChartPlan, row: ChartRow) -> str:
    """The label of the messages of a row, with the members that send and receive them."""
    return row_label(plan.trace, row, plan.lane_of)


# Pieces


def _heading(plan: ChartPlan, lane: Lane) -> Html:
    name = cut(lane.name, NAME_CELLS)
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
            y=TOP,
            width=2 * half,
            height=HEAD,
            rx=5,
        ),
        element("text", exact(name), class_="mid strong", x=x, y=TOP + 17.5),
    )


def _lifelines(plan: ChartPlan) -> list[Html]:
    return [
        element("line", class_="life", x1=x, x2=x, y1=TOP + HEAD, y2=plan.bottom)
        for x in dict.fromkeys(plan.centres.values())
    ]


def _row(plan: ChartPlan, index: int) -> Html:
    row = plan.rows[index]
    y = plan.y(index)
    band = element("rect", class_="band", x=2, y=y - 17, width=plan.width - 4, height=ROW - 1, rx=4)
    parts = [band]
    if row.kind is ChartRowKind.FOLD:
        words = f"{counted(row.last - row.first + 1, 'step')} left out"
        edges = (plan.lanes[0], plan.lanes[-1])
        first, last = (plan.centres[lane.members[0]] for lane in edges)
        middle = max((first + last) / 2, 8 + text_width(words, SMALL_SIZE) / 2)
        parts.append(element("text", exact(f"⋮ {words}"), class_="small mid halo", x=middle, y=y))
    else:
        shown = f"{row.first + 1}" if row.first == row.last else f"{row.first + 1}–{row.last + 1}"
        parts.append(element("text", exact(shown), class_="small end", x=GUTTER - 8, y=y + 4))
        parts += _message(plan, index, row, y)
        note = exact(plan.notes[index])
        parts.append(element("text", note, class_="small", x=plan.notes_x, y=y + 4))
    return element("g", *parts, class_="row", data_first=row.first + 1, data_last=row.last + 1)


def _message(plan: ChartPlan, index: int, row: ChartRow, y: float) -> list[Html]:
    step = plan.trace.steps[row.first]
    if row.kind is ChartRowKind.TIMER:
        return _timer(plan, step, y)
    start, end = plan.centres[step.sender], plan.centres[step.receiver]
    way = 1.0 if end >= start else -1.0
    if row.kind is ChartRowKind.RECEIVE:
        origin = plan.row_of.get(plan.sent.get(row.first, -1))
        # A message whose send is left out comes from the fold.
        from_y = plan.y(origin) if origin is not None and origin < index else y - ROW * 0.8
        slanted = _slope(start, from_y, end, y)
        return [*slanted, element("circle", class_="dot", cx=end, cy=y, r=3)]
    label = cut(_label(plan, row), min(LABEL_CELLS, room_for(abs(end - start) - 26)))
    dot = element("circle", class_="dot", cx=start, cy=y, r=3)
    if row.kind is ChartRowKind.BOTH:
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


def _timer(plan: ChartPlan, step: Step, y: float) -> list[Html]:
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


def _lap(plan: ChartPlan) -> list[Html]:
    """A bracket at the left around the rows that repeat forever."""
    trace = plan.trace
    if not 0 <= trace.loop < len(trace.steps):
        return []
    first, last = plan.row_of[trace.loop], len(plan.rows) - 1
    top, bottom = plan.y(first) - 12, plan.y(last) + 10
    path = f"M14 {number(top)}H7V{number(bottom)}H14"
    return [element("path", class_="lap", d=path)]


# The end of the run


def _ends(plan: ChartPlan) -> tuple[list[Html], float]:
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
    return "continues"


def _mark(x: float, y: float, one: Waiting, *, is_culprit: bool) -> Html:
    if one.finished and not one.awaits:
        return element("rect", class_="dot", x=x - 5, y=y - 2, width=10, height=10)
    name = "stuck" if is_culprit else "open"
    return element("circle", class_=name, cx=x, cy=y + 3, r=6)


def _closing(plan: ChartPlan) -> list[tuple[str, str]]:
    trace = plan.trace
    found: list[tuple[str, str]] = []
    if 0 <= trace.loop < len(trace.steps):
        found.append((f"↻ repeats forever from step {trace.loop + 1}", "laptext"))
    full = [(sender, receiver, labels) for sender, receiver, labels in trace.queues if labels]
    for sender, receiver, labels in full[:_MOST_QUEUES]:
        more = f" and {len(labels) - 4} more" if len(labels) > 4 else ""
        shown = ", ".join(cut(label, LABEL_CELLS) for label in labels[:4])
        names = f"{cut(sender, NAME_CELLS)} → {cut(receiver, NAME_CELLS)}"
        found.append((f"queued {names}: {shown}{more}", "small"))
    if len(full) > _MOST_QUEUES:
        found.append((f"and {counted(len(full) - _MOST_QUEUES, 'more queue')}", "small"))
    return found
