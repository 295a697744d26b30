"""A run in words: one sentence for each row of its sequence chart.

The page's list of failures shows the last of them, and a refutation that the page has no room to
draw shows them all.
"""

from __future__ import annotations

from typing import Final

from tellverify.diagnostics.wording import counted
from tellverify.model.trace import Trace
from tellverify.report.drawing.lanes import laned, lanes_of
from tellverify.report.drawing.sequence import RowKind, SequenceRow, rows_of
from tellverify.report.tags import Html, element, escaped, joined, prose
from tellverify.verdict.run import ProtocolReport

_MOST_LISTED: Final = 24


def run_words(protocol: ProtocolReport, trace: Trace) -> list[str]:
    """The rows of the chart of `trace`, in order; names stand between backticks."""
    return _rows(protocol, trace)[0]


def _rows(protocol: ProtocolReport, trace: Trace) -> tuple[list[str], int]:
    """The rows in words, and the number of the one that a run without end comes back to, or 0."""
    rows, closes = laned(*rows_of(trace), lanes_of(trace, protocol.roles, 0))
    return [_words(row) for row in rows], closes


def _words(row: SequenceRow) -> str:
    match row.kind:
        case RowKind.CRASH:
            return f"`{row.label}`"
        case RowKind.TIMER:
            return f"`{row.sender}` {row.label}"
        case RowKind.RECEIVE:
            return f"`{row.receiver}` takes `{row.label}` from `{row.sender}`"
        case RowKind.SEND:
            how = " (queued)"
        case RowKind.LOST:
            how = " (lost)"
        case RowKind.ARROW | RowKind.DISCARD:
            how = ""
    return f"`{row.sender} → {row.receiver} : {row.label}`{how}"


def run_list(protocol: ProtocolReport, trace: Trace) -> Html:
    """The run as a numbered list, its end alone if it is long."""
    words, closes = _rows(protocol, trace)
    shown = words[-_MOST_LISTED:]
    left = len(words) - len(shown)
    lead = [element("p", escaped(f"After {counted(left, 'earlier event')}:"))] if left else []
    again = [element("p", escaped(f"Then it repeats forever from {closes}."))] if closes else []
    points = element("ol", *(element("li", prose(one)) for one in shown), start=left + 1)
    return element("div", joined(lead), points, joined(again), class_="run")
