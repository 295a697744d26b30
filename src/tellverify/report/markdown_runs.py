"""How obligations fail, for a page in Markdown: one folded block for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import IntEnum
from typing import Final

from tellverify.diagnostics.model import Diagnostic
from tellverify.diagnostics.wording import counted, grouped, listed
from tellverify.model.fault import Fault
from tellverify.model.trace import Trace
from tellverify.report.drawing.chart import draw, place
from tellverify.report.drawing.mermaid import sequence_diagram
from tellverify.report.entries import entries, folded, region_of
from tellverify.report.families import collapsed
from tellverify.report.grouping import evidence_of
from tellverify.report.markup import code, html, prose
from tellverify.report.style import Style
from tellverify.report.suggestion import suggestion
from tellverify.source.text import SourceFile
from tellverify.verdict.outcome import Conflict, Core, Refuted
from tellverify.verdict.run import EvidenceFile, ProtocolReport, Run, Verdict

_LAST: Final = 10
SUMMARIES: Final = {
    Fault.DEADLOCK: "How {protocol} deadlocks",
    Fault.STUCK_ROLE: "How {who} waits forever",
    Fault.STARVATION: "How {who} starves",
    Fault.UNSPECIFIED_RECEPTION: "How {who} reaches an unspecified reception",
    Fault.ORPHAN_MESSAGE: "How a message is orphaned in {protocol}",
    Fault.INFIDELITY: "A run that {protocol} does not allow",
    Fault.UNBOUNDED_QUEUE: "How a queue of {protocol} grows without bound",
    Fault.NO_TERMINATION: "How {protocol} becomes unable to terminate",
    Fault.ENDLESS_RUN: "How {protocol} never terminates",
    Fault.DISAGREEMENT: "How roles of {protocol} decide differently: {obligation}",
    Fault.REPETITION: "A run of {protocol} that violates {obligation}",
    Fault.PROPERTY: "A run of {protocol} that violates {obligation}",
    Fault.TIMEOUT_DISAGREEMENT: "How {who} ends in the body of a timeout that others have left",
    Fault.STALE_MESSAGE: "How {who} takes a message from a failed attempt",
    Fault.WITNESS: "A run of {protocol}",
}
"""What a run shows, for every fault."""


class Size(IntEnum):
    """How much is left out, in the order in which it goes."""

    FULL = 0
    COUNTS = 1  # passing protocols are counts
    SHORT_TRACES = 2  # and traces are their last ten steps
    SOME_TRACES = 3  # and tables are cut, and there are as many traces as fit


def refutation_details(
    run: Run, sources: Mapping[str, SourceFile], size: Size, most: int
) -> tuple[list[str], int]:
    """Every refuted obligation with its evidence, a text for each, and how many there are.

    The first is open. Once the texts have more than `most` characters there are no further ones.
    """
    files = evidence_of(run)
    shown = [one.refutation for one, _ in folded(entries(run))]
    told = [(*one, one[2].diagnostic) for one in shown if one is not None]
    # Runs say most; what only Telltale's compiler refuses comes last.
    told.sort(key=lambda one: (not one[1].required, not isinstance(one[2].evidence, Trace)))
    texts: list[str] = []
    for number, one in enumerate(told):
        texts.append("\n".join(_details(*one, files, sources, size, is_open=number == 0)))
        most -= len(texts[-1])
        if most < 0:
            break
    return texts, len(told)


def _details(
    protocol: ProtocolReport,
    verdict: Verdict,
    outcome: Refuted,
    diagnostic: Diagnostic | None,
    files: Mapping[str, EvidenceFile],
    sources: Mapping[str, SourceFile],
    size: Size,
    *,
    is_open: bool,
) -> Iterator[str]:
    summary = _summary(protocol, verdict, outcome)
    yield f"<details{' open' if is_open else ''}><summary>{summary}</summary>"
    yield ""
    if diagnostic is not None:
        yield f"{_where(diagnostic, sources)} {prose(diagnostic.message)}."
        yield ""
    yield from _shown(protocol, outcome, sources, size, is_told=diagnostic is not None)
    if diagnostic is not None:
        for text in diagnostic.helps:
            yield f"To fix: {prose(text)}."
            yield ""
        if diagnostic.repairs:
            yield from suggestion(diagnostic, sources.get(diagnostic.path))
    file = files.get(protocol.id_of(verdict).text)
    if file is not None and isinstance(outcome.evidence, Trace):
        yield f"Again: {code(f'tellverify replay {file.path}')}"
        yield ""
    elif file is not None:
        yield f"Shown in {code(file.path)}."
        yield ""
    yield "</details>"
    yield ""


def _where(diagnostic: Diagnostic, sources: Mapping[str, SourceFile]) -> str:
    at = region_of(diagnostic.primary, diagnostic.path)
    return code(f"{at.path}:{at.line}")


def _summary(protocol: ProtocolReport, verdict: Verdict, outcome: Refuted) -> str:
    name = f"<code>{html(protocol.title)}</code>"
    obligation = f"<code>{html(verdict.name)}</code>"
    evidence = outcome.evidence
    if isinstance(evidence, Conflict):
        what = "where it fails" if evidence.has_one_place else "two places that do not fit"
        return f"{obligation} of {name}: {what}"
    if isinstance(evidence, Core):
        return f"{obligation} of {name}: premises that cannot hold together"
    culprits = listed(collapsed(evidence.culprits), 3)
    who = f"<code>{html(culprits)}</code>" if culprits else name
    return SUMMARIES[evidence.fault].format(protocol=name, who=who, obligation=obligation)


def _shown(
    protocol: ProtocolReport,
    outcome: Refuted,
    sources: Mapping[str, SourceFile],
    size: Size,
    *,
    is_told: bool,
) -> Iterator[str]:
    if outcome.instance:
        yield f"Shown with {prose(outcome.instance)}."
        yield ""
    match outcome.evidence:
        case Conflict() as conflict:
            yield from _conflict(conflict, sources, is_told)
        case Core() as core:
            yield from _core(core, is_told)
        case Trace() as trace:
            yield from _trace(trace, protocol, size)


def _conflict(
    conflict: Conflict, sources: Mapping[str, SourceFile], is_told: bool
) -> Iterator[str]:
    if conflict.has_one_place and is_told:
        return
    places: dict[str, None] = {}
    for region in conflict.regions:
        places[code(f"{region.path.rpartition('/')[2]}:{region.line}")] = None
    yield f"{' and '.join(places)} {prose('' if is_told else conflict.reason)}".rstrip()
    yield ""


def _core(core: Core, is_told: bool) -> Iterator[str]:
    if not is_told:
        yield f"{prose(core.reason)}."
        yield ""
    yield "These premises cannot all hold; without any one of them the others can:"
    yield ""
    for premise in core.premises:
        where = f" ({code(f'{premise.path}:{premise.line}')})" if premise.line else ""
        yield f"- {code(premise.name)}: {prose(premise.text)}{where}"
    yield ""


def _trace(trace: Trace, protocol: ProtocolReport, size: Size) -> Iterator[str]:
    last = _LAST if size >= Size.SHORT_TRACES else 0
    diagram = sequence_diagram(trace, protocol.roles, last=last)
    if diagram:
        yield "```mermaid"
        yield diagram
        yield "```"
    else:
        yield "```text"
        for drawn in draw(trace, protocol.roles, Style(width=100)):
            yield drawn.replace("`", "'")
        yield "```"
    yield ""
    yield f"{_length(trace)}{_lines(trace)}"
    yield ""


def _length(trace: Trace) -> str:
    known = "No run with fewer events shows this" if trace.minimal else "The shortest run known"
    return f"{counted(len(trace.steps), 'event')}, replayed. {known}."


def _lines(trace: Trace) -> str:
    places = list(dict.fromkeys(place(step.site) for step in trace.steps if step.site.line))
    if not places:
        return ""
    shown = ", ".join(code(one) for one in places[:_LAST])
    more = f" and {grouped(len(places) - _LAST)} more" if len(places) > _LAST else ""
    return f" Lines: {shown}{more}."
