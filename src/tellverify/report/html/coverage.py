"""How often the runs that were looked at exercised what the protocol has."""

from __future__ import annotations

from typing import Final

from tellverify.report.families import counted, grouped
from tellverify.report.html import context
from tellverify.report.html.pieces import Page, anchor, code, paragraph, place_text, table
from tellverify.report.tags import EMPTY, Html, element, escaped, joined
from tellverify.verdict.run import Coverage, CoverageRow, ProtocolReport

_MOST_PROTOCOLS: Final = 500
_MOST_ROWS: Final = 200


def coverage(page: Page) -> Html:
    """Branches, guards and timeouts by how often runs take them, what none takes first."""
    parts = [context.vacuity(page)]
    known = [
        (protocol, protocol.coverage)
        for protocol in page.run.protocols
        if protocol.coverage is not None and protocol.coverage.rows
    ]
    known.sort(key=lambda one: -_untaken(one[1]))
    parts += [_protocol(protocol, found) for protocol, found in known[:_MOST_PROTOCOLS]]
    if len(known) > _MOST_PROTOCOLS:
        words = f"and {counted(len(known) - _MOST_PROTOCOLS, 'more protocol')}"
        parts.append(paragraph(escaped(f"{words}, in the JSON report")))
    if not known:
        words = "No protocol of this run has a branch, a guard or a timeout that was counted."
        parts.append(paragraph(escaped(words)))
    return joined(parts)


def _untaken(found: Coverage) -> int:
    return sum(row.runs == 0 or row.places == 0 for row in found.rows)


def _rank(row: CoverageRow) -> tuple[int, int, int]:
    if row.runs == 0 or row.places == 0:
        return 0, row.line, row.column
    return (row.runs if row.runs > 0 else 1_000_000), row.line, row.column


def _protocol(protocol: ProtocolReport, found: Coverage) -> Html:
    facts = [counted(found.states, "state")] if found.states >= 0 else []
    facts.append(counted(found.runs, "run") if found.runs >= 0 else "runs not counted")
    if found.instance:
        facts.append(found.instance)
    rows = [
        [
            escaped(row.kind),
            code(row.label),
            code(row.role) if row.role else escaped("—"),
            _count(row.runs),
            _count(row.places),
            place_text(protocol.path, row.line) if row.line else escaped("—"),
        ]
        for row in sorted(found.rows, key=_rank)[:_MOST_ROWS]
    ]
    head = ("Kind", "What", "Decided by", "Runs that take it", "Places", "Where")
    more = EMPTY
    if len(found.rows) > len(rows):
        more = paragraph(escaped(f"and {counted(len(found.rows) - len(rows), 'more row')}"))
    return element(
        "section",
        element("h3", code(protocol.name), element("span", escaped(", ".join(facts)))),
        table(head, rows),
        more,
        class_="block",
        id=anchor("coverage", protocol.name),
    )


def _count(number: int) -> Html:
    if number < 0:
        return element("span", escaped("not counted"), class_="quiet")
    if number == 0:
        return element("strong", escaped("never"), class_="vacuous")
    return escaped(grouped(number))
