"""How often the runs that were looked at exercised what the protocol has."""

from __future__ import annotations

from tellverify.diagnostics.wording import counted
from tellverify.report.html import context
from tellverify.report.html.components import HtmlPage, code, paragraph, place_text, table
from tellverify.report.tags import Html, escaped, joined
from tellverify.verdict.run import CoverageRow, ProtocolReport

_HEAD = ("Branch, guard or timeout", "Decided by", "Where", "Runs that take it", "Places")


def coverage(page: HtmlPage) -> Html:
    """Vacuous verdicts first, then what each branch, guard and timeout is taken."""
    parts = [context.vacuity(page)]
    parts += [_protocol(one) for one in page.run.protocols if one.coverage is not None]
    return joined(parts)


def _protocol(protocol: ProtocolReport) -> Html:
    """The counts of one protocol, what is never taken first."""
    found = protocol.coverage
    if found is None or not found.rows:
        return joined(())
    size = f" for {found.instance}" if found.instance else ""
    runs = counted(found.runs, "run") if found.runs >= 0 else "more runs than are counted"
    lead = paragraph(
        joined(
            (
                code(protocol.title),
                escaped(f"{size}: {runs}, each up to where it comes back to a state"),
            )
        )
    )
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
