"""A run as a Graphviz DOT digraph: a vertical line for every role, an arrow for every message."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from tellverify.model.trace import Trace
from tellverify.report.drawing.sequence import RowKind, SequenceRow, awaited, participants, rows_of
from tellverify.report.escape import printable

_IDLE: Final = 6


def chart_dot(trace: Trace, roles: Sequence[str]) -> Iterator[str]:
    """Lines of the digraph; a message that is still queued has a dashed arrow."""
    columns = participants(trace, roles, _IDLE)
    rows, closes = rows_of(trace)
    place = {role: number for number, role in enumerate(columns)}
    yield "digraph run {"
    yield "  ranksep=0.3; nodesep=0.8; splines=line; node [shape=point, width=0.03];"
    heads = "; ".join(
        f"r{number}_0 [shape=box, label={_quoted(role)}]" for number, role in enumerate(columns)
    )
    yield f"  {{ rank=same; {heads}; }}"
    for row in rows:
        points = "; ".join(f"r{number}_{row.number}" for number in range(len(columns)))
        yield f"  {{ rank=same; {points}; }}"
    last = len(rows) + 1
    waiting = {one.role: awaited(trace, one) for one in trace.waiting}
    finished = {one.role for one in trace.waiting if one.finished}
    for number, role in enumerate(columns):
        words = waiting.get(role) or ("finished" if role in finished else "")
        yield f"  r{number}_{last} [shape=plaintext, label={_quoted(words)}];"
        line = " -> ".join(f"r{number}_{at}" for at in range(last + 1))
        yield f"  {line} [arrowhead=none, color=gray, weight=100];"
    for row in rows:
        yield _message(row, place, repeats=row.number == closes)
    yield "}"


def _message(row: SequenceRow, place: dict[str, int], *, repeats: bool) -> str:
    words = f"{row.number}  {row.label}"
    if row.kind is RowKind.CRASH:
        at = f"r{place[row.sender]}_{row.number}"
        return f"  {at} [shape=plaintext, label={_quoted(words)}];"
    if row.how:
        words += f" ({row.how})"
    if row.kind is RowKind.SEND:
        words += " (queued)"
    elif row.kind is RowKind.RECEIVE:
        words += " (taken from the queue)"
    if repeats:
        words += "  repeats from here"
    style = ", style=dashed" if row.kind in (RowKind.SEND, RowKind.LOST) else ""
    ends = f"r{place[row.sender]}_{row.number} -> r{place[row.receiver]}_{row.number}"
    return f"  {ends} [label={_quoted(words)}, constraint=false{style}];"


def _quoted(text: str) -> str:
    """A quoted DOT string in which no escape of DOT is left."""
    shown = printable(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{shown}"'
