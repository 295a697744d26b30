"""How often the runs that were looked at exercised what the protocol has."""

from __future__ import annotations

from tellverify.diagnostics.wording import counted
from tellverify.model.trace import Trace
from tellverify.report.html.components import HtmlPage, code, paragraph, place_text, table
from tellverify.report.html.excerpts import listing
from tellverify.report.tags import EMPTY, Html, element, escaped, joined
from tellverify.verdict.outcome import Refuted
from tellverify.verdict.run import CoverageRow, ProtocolReport

_HEAD = ("Branch, guard or timeout", "Decided by", "Where", "Runs that take it", "Places")
_LEGEND = "Bars beside the lines: a message of some run; never taken; part of a run that refutes."


def covered_source(page: HtmlPage, protocol: ProtocolReport) -> Html:
    """The text of a protocol, its lines marked by what runs do there."""
    names: dict[int, str] = {}
    drawings = protocol.drawings
    if drawings is not None and drawings.graph is not None:
        names |= {move.line: "hit" for move in drawings.graph.moves}
    if protocol.coverage is not None:
        names |= {row.line: "never" for row in protocol.coverage.rows if row.runs == 0}
    for verdict in protocol.verdicts:
        if isinstance(verdict.outcome, Refuted) and isinstance(verdict.outcome.evidence, Trace):
            names |= {
                step.site.line: "fault"
                for step in verdict.outcome.evidence.steps
                if step.site.path in ("", protocol.path)
            }
    names.pop(0, None)
    shown = listing(protocol.path, (protocol.line, *names), page.sources, names)
    if shown == EMPTY:
        return EMPTY
    return joined((shown, element("p", escaped(_LEGEND), class_="quiet")))


def coverage_of(protocol: ProtocolReport) -> Html:
    """The counts of one protocol, those that are never taken first."""
    found = protocol.coverage
    if found is None or not found.rows:
        return EMPTY
    size = f"For {found.instance}: " if found.instance else ""
    runs = counted(found.runs, "run") if found.runs >= 0 else "more runs than are counted"
    lead = paragraph(escaped(f"{size}{runs}, each up to where it comes back to a state"))
    rows = sorted(found.rows, key=lambda row: (row.runs != 0, row.line, row.column))
    cells = [
        (
            joined((escaped(f"{row.kind} "), code(row.label))),
            code(row.role) if row.role else escaped("the host"),
            place_text(protocol.path, row.line),
            escaped(_number(row, row.runs)),
            escaped(_number(row, row.places)),
        )
        for row in rows
    ]
    return joined((lead, table(_HEAD, cells)))


def _number(row: CoverageRow, value: int) -> str:
    """A count, or that there is none."""
    if row.places < 0:
        return "not examined"
    return "not counted" if value < 0 else str(value) if value else "never"
