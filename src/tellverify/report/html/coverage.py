"""How often the runs that were looked at exercised what the protocol has."""

from __future__ import annotations

from typing import Final

from tellverify.report.families import counted, grouped
from tellverify.report.html import context
from tellverify.report.html.pieces import Page, code, paragraph, place_text, table
from tellverify.report.tags import Html, element, escaped, joined
from tellverify.verdict.run import Coverage, CoverageRow, ProtocolReport

_MOST_ROWS: Final = 1_000


def coverage(page: Page) -> Html:
    """Branches, guards and timeouts by how often runs take them, what none takes first."""
    parts = [context.vacuity(page)]
    found = [
        (protocol, protocol.coverage, row)
        for protocol in page.run.protocols
        if protocol.coverage is not None
        for row in protocol.coverage.rows
    ]
    if not found:
        words = "No protocol of this run has a branch, a guard or a timeout that was counted."
        return joined((*parts, paragraph(escaped(words))))
    untaken = sum(_is_untaken(row) for _, _, row in found)
    words = (
        f"{counted(len(found), 'row')}: branches, guards and timeouts, and how many runs of the"
        f" protocol take each; {grouped(untaken) if untaken else 'none'} of them never."
    )
    parts.append(paragraph(escaped(words), class_="lead"))
    found.sort(key=lambda one: not _is_untaken(one[2]))  # stable: else in source order
    head = ("Protocol", "What", "Decided by", "Runs that take it", "Places", "Where")
    parts.append(table(head, [_row(*one) for one in found[:_MOST_ROWS]]))
    if len(found) > _MOST_ROWS:
        words = f"and {counted(len(found) - _MOST_ROWS, 'more row')}, in the JSON report"
        parts.append(paragraph(escaped(words)))
    return joined(parts)


def _is_untaken(row: CoverageRow) -> bool:
    return row.runs == 0 or row.places == 0


def _row(protocol: ProtocolReport, found: Coverage, row: CoverageRow) -> list[Html]:
    name = [code(protocol.name)]
    if found.instance:
        name.append(element("span", escaped(found.instance), class_="quiet"))
    of = f" of {grouped(found.runs)}" if found.runs > 0 and row.runs > 0 else ""
    return [
        joined(name),
        joined((escaped(f"{row.kind} "), code(row.label))),
        code(row.role) if row.role else escaped("—"),
        joined((_count(row.runs), escaped(of))),
        _count(row.places),
        place_text(protocol.path, row.line) if row.line else escaped("—"),
    ]


def _count(number: int) -> Html:
    if number < 0:
        return element("span", escaped("not counted"), class_="quiet")
    if number == 0:
        return element("strong", escaped("never"), class_="vacuous")
    return escaped(grouped(number))
