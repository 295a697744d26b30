"""Refuted obligations with their evidence, and findings that no obligation stands for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

import msgspec

from tellverify.diagnostics.model import Annotation, Diagnostic, Severity
from tellverify.diagnostics.wording import counted
from tellverify.model.trace import Trace
from tellverify.report.grouping import place_of, refutations, why_not_required
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
from tellverify.report.html.run_words import run_list
from tellverify.report.tags import EMPTY, Html, element, escaped, joined, prose
from tellverify.source.region import Region
from tellverify.verdict.identity import Subject, SubjectKind
from tellverify.verdict.outcome import Conflict, Core, Refuted
from tellverify.verdict.properties import PROPERTIES, Property
from tellverify.verdict.run import ProtocolReport, Run, Verdict

_MOST_FINDINGS: Final = 300
_FEW_FINDINGS: Final = 12

Evidence: TypeAlias = Trace | Conflict | Core


class RefutedCase(msgspec.Struct):
    """Obligations of one protocol that one piece of evidence refutes."""

    protocol: ProtocolReport
    verdicts: list[Verdict]
    outcome: Refuted
    finding: Diagnostic | None = None

    @property
    def is_required(self) -> bool:
        """Whether an obligation among them is required."""
        return any(verdict.required for verdict in self.verdicts)

    @property
    def is_run(self) -> bool:
        """Whether a run shows it, which can be stepped through."""
        return isinstance(self.outcome.evidence, Trace)


def cases(page: HtmlPage) -> dict[Subject, list[RefutedCase]]:
    """Refuted obligations by protocol, those with one evidence together; required ones first."""
    found: dict[Subject, dict[Evidence, RefutedCase]] = {}
    texts = faults_of_texts(page.run)
    for protocol, verdict, outcome in refutations(page.run):
        of_protocol = found.setdefault(protocol.subject, {})
        case = of_protocol.setdefault(outcome.evidence, RefutedCase(protocol, [], outcome))
        case.verdicts.append(verdict)
        case.finding = case.finding or outcome.diagnostic
        if case.finding is None and isinstance(outcome.evidence, Conflict):
            case.finding = texts.get((outcome.evidence.path, outcome.evidence.reason))
    return {subject: sorted(many.values(), key=_order) for subject, many in found.items()}


def faults_of_texts(run: Run) -> dict[tuple[str, str], Diagnostic]:
    """The findings that refutations stand for although they do not carry them: faults of texts.

    They are known by the path and the sentence of the refutation's evidence.
    """
    faults = [outcome.evidence for _, _, outcome in refutations(run) if not outcome.diagnostic]
    told = {(one.path, one.reason) for one in faults if isinstance(one, Conflict)}
    by_text = {(one.path, one.message): one for one in reversed(run.diagnostics)}
    return {key: one for key, one in by_text.items() if key in told}


def _order(case: RefutedCase) -> tuple[bool, int]:
    return (not case.is_required, _weight(case.outcome.evidence))


def _weight(evidence: Evidence) -> int:
    """Runs say most, then premises that clash, then places."""
    return 0 if isinstance(evidence, Trace) else 1 if isinstance(evidence, Core) else 2


def case_anchor(case: RefutedCase) -> str:
    """The id of a case in the page."""
    return f"{anchor('case', case.protocol.id_of(case.verdicts[0]).text)}-case"


def place_of_case(case: RefutedCase) -> Region:
    """The place in the source that a case is about."""
    if case.finding is not None and case.finding.primary.region is not None:
        return case.finding.primary.region
    return place_of(case.protocol, case.verdicts[0])


def headline(case: RefutedCase) -> Html:
    """The fault, as one sentence."""
    return prose(said_of(case))


def said_of(case: RefutedCase) -> str:
    """The fault, as plain text without full stop."""
    if case.finding is not None:
        return case.finding.message
    evidence = case.outcome.evidence
    said = evidence.explanation if isinstance(evidence, Trace) else evidence.reason
    return said or f"`{case.verdicts[0].name}` does not hold"


def shown_case(page: HtmlPage, case: RefutedCase, *, steps: bool) -> Html:
    """A refutation with what shows it; its run can be stepped through where `steps`."""
    first = case.verdicts[0]
    key = anchor("case", case.protocol.id_of(first).text)
    finding = case.finding
    evidence = case.outcome.evidence
    parts = [element("h4", headline(case)), _facts(page, case)]
    if finding is not None:
        places = (finding.primary, *finding.others)
        parts.append(excerpt(places, finding.path, page.sources))
    parts += _shown(page, case, key, steps=steps, told=finding.message if finding else None)
    notes = [prose(text) for text in (finding.notes if finding is not None else ())]
    helps = [prose(text) for text in (finding.helps if finding is not None else ())]
    if case.outcome.reason:
        notes.insert(0, prose(case.outcome.reason))
    if notes:
        parts.append(items(dict.fromkeys(notes), class_="notes"))
    if helps:
        parts.append(
            element("div", element("h5", escaped("What to do")), items(helps), class_="helps")
        )
    if isinstance(evidence, Trace):
        parts.append(_again(page, case))
    return element("article", *parts, class_="case", id=case_anchor(case))


def _facts(page: HtmlPage, case: RefutedCase) -> Html:
    """A table of the refuted obligation and its method; its protocol is named by the row."""
    rows: list[tuple[str, Html]] = []
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


def _marks(page: HtmlPage, case: RefutedCase, verdict: Verdict) -> Iterator[Html]:
    if not verdict.required:
        yield element("span", escaped(why_not_required(verdict)), class_="quiet")
    state = page.compared.state(case.protocol, verdict)
    if state is not None:
        yield element("span", escaped("known" if state == "unchanged" else state), class_="tag")


def _shown(
    page: HtmlPage, case: RefutedCase, key: str, *, steps: bool, told: str | None
) -> list[Html]:
    evidence = case.outcome.evidence
    match evidence:
        case Trace(explanation=said):
            why = []
            if said and told not in (None, said):
                why = [paragraph(prose(f"{said}."), class_="why")]
            if not steps:
                return [*why, run_list(case.protocol, evidence)]
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


def _again(page: HtmlPage, case: RefutedCase) -> Html:
    for verdict in case.verdicts:
        for file in page.files.get(case.protocol.id_of(verdict).text, ()):
            words = f"tellverify replay {file.path}"
            return paragraph(joined((escaped("Again: "), code(words))), class_="again")
    command = "workflow check" if case.protocol.kind is SubjectKind.WORKFLOW else "check"
    if case.verdicts[0].property is Property.MIXTURE:
        command = "compare"
    words = f"tellverify {command} --evidence DIR"
    return paragraph(joined((escaped("To get the run as a file: "), code(words))), class_="again")


def other_findings(run: Run) -> list[Diagnostic]:
    """The findings that no refutation of the page shows."""
    shown = {id(one) for one in faults_of_texts(run).values()}
    return [one for one in run.diagnostics if id(one) not in shown]


def findings(page: HtmlPage) -> Html:
    """Findings that report no refutation."""
    found = other_findings(page.run)
    if not found:
        return EMPTY
    if len(found) > _FEW_FINDINGS:
        return _listed(found)
    parts: list[Html] = []
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


def _listed(found: Sequence[Diagnostic]) -> Html:
    """Many findings as a table behind one line."""
    rows = []
    for one in found[:_MOST_FINDINGS]:
        region = one.primary.region
        place = f"{region.path}:{region.line}" if region is not None else one.path
        word = element("span", escaped(f"{one.severity} {one.code.number}"), class_=_chip(one))
        rows.append([word, code(place), prose(one.message)])
    if len(found) > _MOST_FINDINGS:
        words = f"and {counted(len(found) - _MOST_FINDINGS, 'more')}"
        rows.append([escaped(words), EMPTY, escaped("in the JSON report")])
    counts: dict[str, int] = {}
    for one in found:
        counts[str(one.severity)] = counts.get(str(one.severity), 0) + 1
    words = ", ".join(counted(count, word) for word, count in sorted(counts.items()))
    shown = table(("Finding", "Where", "What it says"), rows)
    return element("details", element("summary", escaped(words)), shown)


def _chip(diagnostic: Diagnostic) -> str:
    words = {Severity.ERROR: "refuted", Severity.WARNING: "unknown", Severity.NOTE: "bounded"}
    return f"chip {words[diagnostic.severity]}"
