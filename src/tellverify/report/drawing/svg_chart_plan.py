"""The geometry of a sequence chart in SVG: its rows, its columns and the notes beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from itertools import pairwise
from typing import Final

import msgspec

from tellverify.model.faulty_channels import WORDS
from tellverify.model.run_end import discarded, origins
from tellverify.model.step import Step
from tellverify.model.trace import Trace
from tellverify.report.drawing.chart import place
from tellverify.report.drawing.lanes import (
    Lane,
    label_of,
    lanes_by_member,
    may_share,
)
from tellverify.report.drawing.text_metrics import (
    SMALL_SIZE,
    cut,
    text_width,
)

MOST_ROWS: Final = 80
_FIRST_ROWS: Final = 30
ROW: Final = 30.0
HEAD: Final = 26.0
TOP: Final = 14.0
GUTTER: Final = 46.0
_LEAST_GAP: Final = 120.0
_MOST_GAP: Final = 330.0
NAME_CELLS: Final = 24
LABEL_CELLS: Final = 34
_NOTE_CELLS: Final = 40


class ChartRowKind(StrEnum):
    BOTH = "both"
    SEND = "send"
    RECEIVE = "receive"
    FOLD = "fold"
    TIMER = "timer"


class ChartRow(msgspec.Struct, frozen=True):
    """A row: the steps `first` to `last` happen in it, or are left out of the picture."""

    kind: ChartRowKind
    first: int
    last: int


class ChartPlan(msgspec.Struct, frozen=True):
    """What the pieces of the picture have to know of its geometry.

    `sent` maps the step of a receive to that of its send, `row_of` a step to its row. `discarded`
    are the steps of sends whose messages are discarded.
    """

    trace: Trace
    lanes: tuple[Lane, ...]
    lane_of: Mapping[str, Lane]
    centres: Mapping[str, float]
    rows: tuple[ChartRow, ...]
    row_of: Mapping[int, int]
    sent: Mapping[int, int]
    discarded: frozenset[int]
    notes: tuple[str, ...]
    notes_x: float
    width: float
    top: float

    def y(self, row: int) -> float:
        """The height of the arrow of a row."""
        return self.top + row * ROW + 19

    @property
    def bottom(self) -> float:
        """Where the lifelines end."""
        return self.top + len(self.rows) * ROW + 10


def _sent(steps: Sequence[Step]) -> tuple[dict[int, int], frozenset[int]]:
    """The step at which the message of each receive was sent, and the sends that are discarded."""
    return origins(steps), discarded(steps)


def _rows(
    trace: Trace, sent: Mapping[int, int], lane_of: Mapping[str, Lane]
) -> tuple[ChartRow, ...]:
    rows: list[ChartRow] = []
    at = 0
    while at < len(trace.steps):
        if sent.get(at + 1) == at and at + 1 != trace.loop:
            before = rows[-1] if rows and at != trace.loop else None
            if before is not None and _joins(trace, before, at, lane_of):
                rows[-1] = msgspec.structs.replace(before, last=at + 1)
            else:
                rows.append(ChartRow(ChartRowKind.BOTH, at, at + 1))
            at += 2
        else:
            step = trace.steps[at]
            kind = (
                ChartRowKind.SEND
                if step.send
                else ChartRowKind.TIMER
                if step.timer
                else ChartRowKind.RECEIVE
            )
            rows.append(ChartRow(kind, at, at))
            at += 1
    if len(rows) > MOST_ROWS:
        low, high = _FIRST_ROWS, len(rows) - (MOST_ROWS - _FIRST_ROWS - 1)
        fold = ChartRow(ChartRowKind.FOLD, rows[low].first, rows[high - 1].last)
        rows = [*rows[:low], fold, *rows[high:]]
    return tuple(rows)


def _joins(trace: Trace, row: ChartRow, at: int, lane_of: Mapping[str, Lane]) -> bool:
    """Whether the message of step `at` shares a row with those of `row`."""
    one, other = trace.steps[row.first], trace.steps[at]
    return (
        row.kind is ChartRowKind.BOTH
        and (one.label, one.site, one.session, one.delivery)
        == (other.label, other.site, other.session, other.delivery)
        and may_share((one.sender, one.receiver), (other.sender, other.receiver), lane_of)
    )


def row_label(trace: Trace, row: ChartRow, lane_of: Mapping[str, Lane]) -> str:
    """The label of the messages of a row, with the members that send and take them."""
    sends = [one for one in trace.steps[row.first : row.last + 1] if one.send]
    ends = [(one.sender, one.receiver) for one in sends]
    label = trace.steps[row.first].label
    return label_of(label, ends, lane_of) if ends else label


def chart_plan(trace: Trace, lanes: tuple[Lane, ...], *, places: bool) -> ChartPlan:
    """The geometry of the chart of `trace`; with `places` there is room for lines of the source."""
    sent, discarded = _sent(trace.steps)
    lane_of = lanes_by_member(lanes)
    rows = _rows(trace, sent, lane_of)
    place_of = {role: number_ for number_, lane in enumerate(lanes) for role in lane.members}
    widths = [text_width(cut(lane.name, NAME_CELLS)) / 2 + 14 for lane in lanes]
    gaps = [max(_LEAST_GAP, left + right + 12) for left, right in pairwise(widths)]
    for row in rows:
        step = trace.steps[row.first]
        if row.kind in (ChartRowKind.BOTH, ChartRowKind.SEND):
            low, high = sorted((place_of[step.sender], place_of[step.receiver]))
            lacking = (
                text_width(cut(row_label(trace, row, lane_of), LABEL_CELLS))
                + 34
                - sum(gaps[low:high])
            )
            if lacking > 0:
                gaps[high - 1] = min(gaps[high - 1] + lacking, _MOST_GAP)
    centres: dict[str, float] = {}
    at = GUTTER + max(widths[0], 40.0)
    for number_, lane in enumerate(lanes):
        centres |= dict.fromkeys(lane.members, at)
        at += gaps[number_] if number_ < len(gaps) else 0.0
    notes = _notes(trace, rows) if places else ("",) * len(rows)
    edge = at + max(widths[-1], 40.0) + 12
    room = max((text_width(note, SMALL_SIZE) for note in notes), default=0.0)
    row_of = {
        step: index for index, row in enumerate(rows) for step in range(row.first, row.last + 1)
    }
    return ChartPlan(
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
        TOP + HEAD + 6,
    )


def _notes(trace: Trace, rows: Sequence[ChartRow]) -> tuple[str, ...]:
    """Right of each row: the line of the source, and session and branch where they change."""
    found = []
    branch = session = ""
    for row in rows:
        site = trace.steps[row.first].site
        parts = [] if row.kind is ChartRowKind.FOLD else [place(site)]
        entered = trace.steps[row.first].session
        if row.kind is not ChartRowKind.FOLD and entered != session:
            session = entered
            parts.append(f"session {session}" if session else "")
        if row.kind in (ChartRowKind.BOTH, ChartRowKind.SEND) and site.branch != branch:
            branch = site.branch
            parts.append(f"branch {branch}" if branch else "")
        if row.kind is not ChartRowKind.FOLD:
            parts.append(WORDS[trace.steps[row.first].delivery])
        found.append(cut("  ".join(part for part in parts if part), _NOTE_CELLS))
    return tuple(found)
