"""What fails, as a short list at the top of the page: place, protocol, obligation, code."""

from __future__ import annotations

from typing import Final

from tellverify.diagnostics.model import Severity
from tellverify.diagnostics.wording import grouped
from tellverify.model.trace import Trace
from tellverify.report.entries import ReportEntry, entries
from tellverify.report.html.components import (
    HtmlPage,
    code,
    paragraph,
    protocol_anchor,
    status_chip,
    table,
)
from tellverify.report.html.protocols import MOST_LISTED, worst_first
from tellverify.report.html.refuted import (
    RefutedCase,
    case_anchor,
    cases,
    faults_of_texts,
    headline,
    place_of_case,
)
from tellverify.report.html.run_words import run_words
from tellverify.report.summary import is_malformed
from tellverify.report.tags import EMPTY, Html, element, escaped, joined, prose
from tellverify.source.region import Region
from tellverify.verdict.outcome import Skipped, Unknown
from tellverify.verdict.run import ProtocolReport

_MOST_OPEN: Final = 12
_MOST: Final = 40
_MOST_ROWS: Final = 4  # of a run in the list
_HEAD: Final = ("Where", "Protocol", "What fails")


def failures(page: HtmlPage) -> Html:
    """Required obligations that are refuted or not known, and findings that are errors."""
    found = cases(page)
    listed = worst_first(page)
    reached = {one.subject for one in listed[:MOST_LISTED]}
    rows: list[list[Html]] = []
    for protocol in listed:
        rows += [
            _refuted(page, protocol, case, linked=protocol.subject in reached)
            for case in found.get(protocol.subject, [])
            if case.is_required
        ]
    rows += [_error(page, one) for one in errors(page)]
    for protocol in listed:
        if not is_malformed(protocol):  # then the fault of the text has a row
            rows += _unsettled(page, protocol)
    if not rows:
        return paragraph(escaped(f"Nothing fails: {_why(page)}."))
    shown = table(_HEAD, rows[:_MOST_OPEN], class_="failures")
    folded = rows[_MOST_OPEN:_MOST]
    if not folded:
        return shown
    more = element("summary", escaped(f"and {grouped(len(rows) - _MOST_OPEN)} more"))
    rest = table(_HEAD, folded, class_="failures")
    below = EMPTY
    if len(rows) > _MOST:
        words = f"{grouped(len(rows) - _MOST)} more stand in the rows of their protocols."
        below = paragraph(escaped(words))
    return joined((shown, element("details", more, rest, below)))


def _why(page: HtmlPage) -> str:
    run = page.run
    return run.exit_reason if run.exit_code == 0 and run.exit_reason else "nothing was decided"


def _refuted(
    page: HtmlPage, protocol: ProtocolReport, case: RefutedCase, *, linked: bool
) -> list[Html]:
    region = place_of_case(case)
    names = joined(element("div", code(one.name)) for one in case.verdicts[:4])
    name = code(protocol.name if region.path == protocol.path else protocol.title)
    link = element("a", name, href=f"#{case_anchor(case)}") if linked else name
    head = element("b", escaped(f"{case.outcome.code} "))
    what = joined((head, headline(case), names, _run(protocol, case)))
    return [place_link(page, region), link, what]


def _run(protocol: ProtocolReport, case: RefutedCase) -> Html:
    """The end of the run that shows a failure, in one line."""
    trace = case.outcome.evidence
    if not isinstance(trace, Trace) or not trace.steps:
        return EMPTY
    rows = run_words(protocol, trace)
    shown = rows[-_MOST_ROWS:]
    words = ["Run:" if len(shown) == len(rows) else f"Run of {len(trace.steps)} steps, at its end:"]
    words += shown
    text = f"{words[0]} {'; '.join(words[1:])}"
    return element("div", prose(text), class_="quiet")


def errors(page: HtmlPage) -> list[ReportEntry]:
    """The findings that are errors and that no refutation shows."""
    shown = {id(one) for one in faults_of_texts(page.run).values()}
    return [
        one
        for one in entries(page.run, page.compared)
        if one.kind == "finding"
        and one.severity is Severity.ERROR
        and not one.accepted
        and id(one.diagnostic) not in shown
    ]


def _error(page: HtmlPage, one: ReportEntry) -> list[Html]:
    what = joined((element("b", escaped(f"{one.code} ")), prose(one.message)))
    return [place_link(page, one.region), escaped("—"), what]


def _unsettled(page: HtmlPage, protocol: ProtocolReport) -> list[list[Html]]:
    open_ones = [
        verdict
        for verdict in protocol.verdicts
        if verdict.required and isinstance(verdict.outcome, Unknown | Skipped)
    ]
    reasons: dict[tuple[str, str], list[str]] = {}
    for verdict in open_ones:
        outcome = verdict.outcome
        if isinstance(outcome, Unknown | Skipped):
            word = "unknown" if isinstance(outcome, Unknown) else "skipped"
            reasons.setdefault((word, outcome.reason), []).append(verdict.name)
    rows = []
    for (word, reason), names in reasons.items():
        listed = joined(element("div", code(name)) for name in names[:4])
        more = escaped(f"and {len(names) - 4} more") if len(names) > 4 else EMPTY
        what = joined((status_chip(word), escaped(" "), prose(reason), listed, more))
        link = element("a", code(protocol.name), href=f"#{protocol_anchor(protocol)}")
        place = place_link(page, Region(protocol.path, max(protocol.line, 1), 1))
        rows.append([place, link, what])
    return rows


def place_link(page: HtmlPage, region: Region) -> Html:
    """`path:line`, with a link to the line where the address of the sources is known."""
    place = code(f"{region.path}:{region.line}")
    known = page.run.revision
    address = known.link(region.path, region.line) if known is not None else ""
    return element("a", place, href=address, rel="noreferrer") if address else place
