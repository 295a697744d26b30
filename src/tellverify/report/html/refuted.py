"""Refuted obligations with their evidence, and findings that no obligation stands for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

import msgspec

from tellverify.diagnostics.model import Annotation, Diagnostic, Severity
from tellverify.diagnostics.wording import counted
from tellverify.model.trace import Trace
from tellverify.report.grouping import refutations, why_not_required
from tellverify.report.html.components import (
    HtmlPage,
    anchor,
    code,
    evidence_link,
    items,
    named,
    paragraph,
    place_text,
    table,
)
from tellverify.report.html.excerpts import excerpt
from tellverify.report.html.explorer import explorer
from tellverify.report.tags import EMPTY, Html, element, escaped, joined, prose
from tellverify.verdict.identity import Subject
from tellverify.verdict.outcome import Conflict, Core, Refuted
from tellverify.verdict.properties import PROPERTIES
from tellverify.verdict.run import ProtocolReport, Verdict

_MOST_SHOWN: Final = 60
_MOST_STEPPED: Final = 40
_MOST_FINDINGS: Final = 500

Evidence: TypeAlias = Trace | Conflict | Core


class _RefutedCase(msgspec.Struct):
    """Obligations of one protocol that one piece of evidence refutes."""

    protocol: ProtocolReport
    verdicts: list[Verdict]
    outcome: Refuted
    finding: Diagnostic | None = None


def cases(page: HtmlPage) -> list[_RefutedCase]:
    """Refuted obligations, those with the same evidence together; required ones first."""
    found: dict[tuple[Subject, Evidence], _RefutedCase] = {}
    for protocol, verdict, outcome in refutations(page.run):
        key = (protocol.subject, outcome.evidence)
        case = found.setdefault(key, _RefutedCase(protocol, [], outcome))
        case.verdicts.append(verdict)
        case.finding = case.finding or outcome.diagnostic
    order = list(found.values())
    order.sort(key=lambda c: (not any(v.required for v in c.verdicts), _weight(c.outcome.evidence)))
    return order


def _weight(evidence: Evidence) -> int:
    """Runs say most, then premises that clash, then places."""
    return 0 if isinstance(evidence, Trace) else 1 if isinstance(evidence, Core) else 2


def refuted(page: HtmlPage) -> Html:
    """Every refuted obligation with what shows it; very many are cut to a table."""
    found = cases(page)
    if not found:
        return paragraph(escaped("No obligation is refuted."))
    parts: list[Html] = []
    stepped = 0
    for case in found[:_MOST_SHOWN]:
        is_run = isinstance(case.outcome.evidence, Trace)
        parts.append(_case(page, case, steps=is_run and stepped < _MOST_STEPPED))
        stepped += is_run
    if len(found) > _MOST_SHOWN:
        rest = found[_MOST_SHOWN:]
        words = f"{counted(len(rest), 'more refutation')}, without pictures:"
        parts.append(paragraph(escaped(words), class_="lead"))
        rows = [_row(page, case) for case in rest]
        parts.append(table(("Protocol", "Obligation", "Code", "Evidence"), rows))
    return joined(parts)


def _row(page: HtmlPage, case: _RefutedCase) -> list[Html]:
    """The row of a case in the table of those that are not drawn."""
    names = joined(element("div", code(one.name)) for one in case.verdicts)
    link = evidence_link(page, case.protocol, case.verdicts[0])
    return [code(case.protocol.title), names, code(case.outcome.code), link]


def _case(page: HtmlPage, case: _RefutedCase, *, steps: bool) -> Html:
    first = case.verdicts[0]
    key = anchor("case", case.protocol.id_of(first).text)
    finding = case.finding
    evidence = case.outcome.evidence
    title = prose(finding.message) if finding is not None else _headline(case)
    parts = [element("h3", title), _facts(page, case)]
    if finding is not None:
        places = (finding.primary, *finding.others)
        parts.append(excerpt(places, finding.path, page.sources))
    parts += _shown(page, case, key, steps=steps, told=finding.message if finding else None)
    notes = [prose(text) for text in (finding.notes if finding is not None else ())]
    helps = [prose(text) for text in (finding.helps if finding is not None else ())]
    if case.outcome.reason:
        notes.insert(0, prose(case.outcome.reason))
    if notes:
        parts.append(items(notes, class_="notes"))
    if helps:
        parts.append(
            element("div", element("h4", escaped("What to do")), items(helps), class_="helps")
        )
    if isinstance(evidence, Trace):
        parts.append(_again(page, case))
    return element("article", *parts, class_="case", id=f"{key}-case")


def _headline(case: _RefutedCase) -> Html:
    evidence = case.outcome.evidence
    if isinstance(evidence, Trace) and evidence.explanation:
        return prose(evidence.explanation)
    if isinstance(evidence, Conflict | Core) and evidence.reason:
        return prose(evidence.reason)
    return joined((code(case.verdicts[0].name), escaped(" does not hold")))


def _facts(page: HtmlPage, case: _RefutedCase) -> Html:
    """A table of what is refuted, of what, found how."""
    rows: list[tuple[str, Html]] = [("Protocol", code(case.protocol.title))]
    claims = []
    for verdict in case.verdicts:
        about = [
            escaped(f" {PROPERTIES[verdict.property].sentence} "),
            *_marks(page, case, verdict),
        ]
        claims.append(joined((code(verdict.name), *about)))
    rows.append(("Refutes", items(claims)))
    outcome = case.outcome
    how = [code(outcome.code)]
    how.append(escaped(f", found {outcome.method.row.phrase}"))
    if outcome.instance:
        how += [escaped(", with "), code(outcome.instance)]
    rows.append(("Code", joined(how)))
    evidence = outcome.evidence
    if isinstance(evidence, Trace):
        known = "no run with fewer events shows this" if evidence.minimal else "the shortest known"
        words = (
            f"{counted(len(evidence.steps), 'step')}, replayed by the reference semantics; {known}"
        )
        rows.append(("Run", escaped(words)))
        if evidence.culprits:
            rows.append(("About", named(evidence.culprits)))
    links = [
        link for v in case.verdicts if (link := evidence_link(page, case.protocol, v)) != EMPTY
    ]
    if links:
        rows.append(("Evidence", joined(dict.fromkeys(links))))
    cells = [joined((element("dt", escaped(n)), element("dd", value))) for n, value in rows]
    return element("dl", *cells, class_="facts")


def _marks(page: HtmlPage, case: _RefutedCase, verdict: Verdict) -> Iterator[Html]:
    if not verdict.required:
        yield element("span", escaped(why_not_required(verdict)), class_="quiet")
    state = page.compared.state(case.protocol, verdict)
    if state is not None:
        yield element("span", escaped("known" if state == "unchanged" else state), class_="tag")


def _shown(
    page: HtmlPage, case: _RefutedCase, key: str, *, steps: bool, told: str | None
) -> list[Html]:
    evidence = case.outcome.evidence
    match evidence:
        case Trace(explanation=said):
            why = []
            if said and told not in (None, said):
                why = [paragraph(prose(f"{said}."), class_="why")]
            if not steps:
                return why
            stepped = explorer(page, case.protocol, evidence, case.outcome.instance, key)
            return [*why, stepped]
        case Conflict():
            if told is not None:
                return []
            places = tuple(
                Annotation(span, path=evidence.path)
                for span in dict.fromkeys((evidence.left, evidence.right))
            )
            return [excerpt(places, evidence.path, page.sources)]
        case Core():
            return [paragraph(prose(evidence.reason)), premises(evidence)]


def premises(core: Core) -> Html:
    """The premises that cannot hold together."""
    rows = [
        [
            code(one.name),
            prose(one.text),
            place_text(one.path, one.line) if one.line else escaped("—"),
        ]
        for one in core.premises
    ]
    return table(("Premise", "What it says", "Where"), rows)


def _again(page: HtmlPage, case: _RefutedCase) -> Html:
    for verdict in case.verdicts:
        file = page.files.get(case.protocol.id_of(verdict).text)
        if file is not None:
            words = f"tellverify replay {file.path}"
            return paragraph(joined((escaped("Again: "), code(words))), class_="again")
    words = "tellverify check --evidence DIR"
    return paragraph(joined((escaped("To have the run as a file: "), code(words))), class_="again")


def findings(page: HtmlPage) -> Html:
    """Findings that report no refutation."""
    found = page.run.diagnostics
    if not found:
        return EMPTY
    parts = [element("h3", escaped(f"Other findings ({len(found)})"))]
    for one in found[:_MOST_FINDINGS]:
        head = element(
            "h4",
            element("span", escaped(f"{one.severity} {one.code.number}"), class_=_chip(one)),
            escaped(" "),
            prose(one.message),
        )
        content = [head, excerpt((one.primary, *one.others), one.path, page.sources)]
        if one.helps:
            content.append(items(map(prose, one.helps), class_="helps"))
        parts.append(element("article", *content, class_="finding"))
    if len(found) > _MOST_FINDINGS:
        words = f"and {counted(len(found) - _MOST_FINDINGS, 'more finding')}, in the JSON report"
        parts.append(paragraph(escaped(words)))
    return joined(parts)


def _chip(diagnostic: Diagnostic) -> str:
    words = {Severity.ERROR: "refuted", Severity.WARNING: "unknown", Severity.NOTE: "bounded"}
    return f"chip {words[diagnostic.severity]}"
