"""The report of a pull request, in GitHub's Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import IntEnum
from typing import Final

from tellverify.diagnostics.model import Diagnostic, Severity, sort_key
from tellverify.evidence.trace import Fault, Trace
from tellverify.report.chart import draw, place
from tellverify.report.escape import encodable
from tellverify.report.excerpt import location
from tellverify.report.families import collapsed, counted, grouped, listed
from tellverify.report.grouping import (
    Group,
    RefutationIndex,
    groups,
    line_of,
    members,
    totals,
    verdict_id,
)
from tellverify.report.markup import code, html, prose
from tellverify.report.mermaid import sequence_diagram
from tellverify.report.style import Style
from tellverify.source.text import SourceFile
from tellverify.verdict.outcome import Conflict, Core, Refuted
from tellverify.verdict.property import DIALECTS, SEMANTICS
from tellverify.verdict.run import ProtocolReport, Run, Verdict
from tellverify.version import VERSION

NOTHING: Final[Mapping[str, str]] = {}
MARKER: Final = "<!-- tellverify:report:default -->"
LIMIT: Final = 65_000
_OPEN: Final = ("refuted", "unknown", "bounded")
_LAST: Final = 10


class _Size(IntEnum):
    """How much is left out, in the order in which it goes."""

    FULL = 0
    COUNTS = 1  # passing protocols are counts
    SHORT_TRACES = 2  # and traces are their last ten steps
    NO_TRACES = 3  # and there are no traces, and tables are cut


_SAID: Final = {
    _Size.COUNTS: "Passing protocols are shown as counts, to keep this report short.",
    _Size.SHORT_TRACES: (
        "Passing protocols are shown as counts and runs by their last ten steps, to keep this"
        " report short."
    ),
    _Size.NO_TRACES: (
        "Passing protocols are shown as counts, runs are left out and lists are cut, to keep this"
        " report short; the JSON report has everything."
    ),
}


def write_markdown(
    run: Run,
    sources: Mapping[str, SourceFile],
    *,
    traces: Mapping[str, str] = NOTHING,
    command: str = "tellverify check",
    limit: int = LIMIT,
) -> str:
    """The Markdown of `run`, of at most `limit` characters; `command` is how to run it again.

    `traces` maps ids of refuted obligations to paths of trace files. What does not fit is left
    out in a fixed order, and the report says so.
    """
    text = ""
    for size in _Size:
        text = encodable("\n".join(_report(run, sources, traces, command, size)) + "\n")
        if len(text) <= limit:
            return text
    note = "\n\n(cut: the report is longer than a comment may be)\n"
    return text[: limit - len(note)] + note


def _report(
    run: Run,
    sources: Mapping[str, SourceFile],
    traces: Mapping[str, str],
    command: str,
    size: _Size,
) -> Iterator[str]:
    yield MARKER
    yield f"### tellverify: {_totals(run)}"
    yield ""
    if size:
        yield f"_{_SAID[size]}_"
        yield ""
    if run.exit_reason:
        yield f"**Exit {run.exit_code}:** {prose(run.exit_reason)}."
        yield ""
    yield from _table(run, sources, size)
    yield from _refutations(run, sources, traces, size)
    yield from _findings(run, sources, size)
    yield from _passing(run, size)
    yield from _remarks(run, size)
    yield ""
    yield f"<sub>tellverify {VERSION}. Again: <code>{html(command)}</code></sub>"


def _totals(run: Run) -> str:
    parts = [f"{grouped(count)} {word}" for word, count in totals(run).items() if count]
    return ", ".join(parts) or "no obligation was checked"


def _cut(items: Sequence[str], size: _Size, most: int) -> list[str]:
    """`items`, or the first `most` of them when the report has to be short."""
    return list(items) if size < _Size.NO_TRACES else list(items[:most])


# Table


def _table(run: Run, sources: Mapping[str, SourceFile], size: _Size) -> Iterator[str]:
    rows: list[str] = []
    for word in _OPEN:
        for protocol in run.protocols:
            rows.extend(
                _row(protocol, group, sources) for group in groups(protocol) if group.status == word
            )
    if not rows:
        return
    yield "| protocol | obligation | outcome | where |"
    yield "| --- | --- | --- | --- |"
    shown = _cut(rows, size, 40)
    yield from shown
    if len(shown) < len(rows):
        yield f"| | and {grouped(len(rows) - len(shown))} more | | |"
    yield ""


def _row(protocol: ProtocolReport, group: Group, sources: Mapping[str, SourceFile]) -> str:
    path, line, _ = line_of(protocol, group.verdicts[0], sources)
    word = f"**{group.status}**" if group.status == "refuted" else group.status
    outcome = " ".join(part for part in (word, group.code) if part)
    if group.detail and group.status != "refuted":
        outcome += f", {prose(group.detail, in_table=True)}"
    elif group.detail:
        outcome += f" ({prose(group.detail, in_table=True)})"
    where = code(f"{path.rpartition('/')[2]}:{line}", in_table=True)
    name = code(protocol.name, in_table=True)
    return f"| {name} | {code(group.subject, in_table=True)} | {outcome} | {where} |"


# Refuted obligations


def _refutations(
    run: Run, sources: Mapping[str, SourceFile], traces: Mapping[str, str], size: _Size
) -> Iterator[str]:
    index = RefutationIndex(run)
    told: list[tuple[ProtocolReport, Verdict, Refuted, Diagnostic | None]] = []
    for finding in sorted(run.diagnostics, key=sort_key):
        found = index.shown_by(finding)
        if found is not None:
            told.append((*found, finding))
    told.extend((*left, None) for left, _ in index.left())
    if size == _Size.NO_TRACES:
        return
    # Runs say most; what only Telltale's compiler refuses comes last.
    told.sort(key=lambda one: (not one[1].required, isinstance(one[2].evidence, Conflict)))
    for number, (protocol, verdict, outcome, diagnostic) in enumerate(told):
        summary = _summary(protocol, verdict, outcome)
        yield f"<details{' open' if number == 0 else ''}><summary>{summary}</summary>"
        yield ""
        if diagnostic is not None:
            yield f"{_where(diagnostic, sources)} {prose(diagnostic.message)}."
            yield ""
        yield from _shown(protocol, outcome, sources, size, is_told=diagnostic is not None)
        if diagnostic is not None:
            for text in diagnostic.helps:
                yield f"To fix: {prose(text)}."
                yield ""
        trace_file = traces.get(verdict_id(protocol.name, verdict))
        if trace_file:
            yield f"Again: {code(f'tellverify replay {trace_file}')}"
            yield ""
        yield "</details>"
        yield ""


def _summary(protocol: ProtocolReport, verdict: Verdict, outcome: Refuted) -> str:
    name = f"<code>{html(protocol.name)}</code>"
    evidence = outcome.evidence
    if isinstance(evidence, Conflict):
        return f"<code>{html(verdict.name)}</code> of {name}: two places that do not fit"
    if isinstance(evidence, Core):
        return f"<code>{html(verdict.name)}</code> of {name}: {html(evidence.reason)}"
    culprits = listed(collapsed(evidence.culprits), 3)
    who = f"<code>{html(culprits)}</code>" if culprits else name
    match evidence.fault:
        case Fault.DEADLOCK:
            return f"How {name} comes to a deadlock"
        case Fault.STUCK_ROLE:
            return f"How {who} waits for ever"
        case Fault.UNSPECIFIED_RECEPTION:
            return f"How {who} is sent what it cannot take"
        case Fault.ORPHAN_MESSAGE:
            return f"How a message is left behind in {name}"
        case Fault.INFIDELITY:
            return f"A run that {name} does not have"
        case Fault.UNBOUNDED_QUEUE:
            return f"How a queue of {name} grows without limit"
        case Fault.NO_TERMINATION:
            return f"How {name} loses its end"
        case Fault.PROPERTY:
            return f"A run of {name} against <code>{html(verdict.name)}</code>"
        case Fault.WITNESS:
            return f"A run of {name}"


def _shown(
    protocol: ProtocolReport,
    outcome: Refuted,
    sources: Mapping[str, SourceFile],
    size: _Size,
    *,
    is_told: bool,
) -> Iterator[str]:
    evidence = outcome.evidence
    if outcome.instance:
        yield f"Shown with {prose(outcome.instance)}."
        yield ""
    if isinstance(evidence, Conflict):
        places = []
        for span in (evidence.left, evidence.right):
            line, _ = location(sources.get(evidence.path), span.start)
            places.append(code(f"{evidence.path.rpartition('/')[2]}:{line}"))
        yield f"{' and '.join(places)} {prose('' if is_told else evidence.reason)}".rstrip()
        yield ""
        return
    if isinstance(evidence, Core):
        for premise in evidence.premises:
            where = f"{code(f'{premise.path}:{premise.line}')} " if premise.line else ""
            yield f"- {where}{prose(premise.text)}"
        yield ""
        return
    diagram = sequence_diagram(
        evidence, protocol.roles, last=_LAST if size >= _Size.SHORT_TRACES else 0
    )
    if diagram:
        yield "```mermaid"
        yield diagram
        yield "```"
    else:
        yield "```text"
        for drawn in draw(evidence, protocol.roles, Style(width=100)):
            yield drawn.replace("`", "'")
        yield "```"
    yield ""
    yield f"{_length(evidence)}{_lines(evidence)}"
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


# Everything else


def _where(diagnostic: Diagnostic, sources: Mapping[str, SourceFile]) -> str:
    line, _ = location(sources.get(diagnostic.path), diagnostic.primary.span.start)
    return code(f"{diagnostic.path}:{line}")


def _findings(run: Run, sources: Mapping[str, SourceFile], size: _Size) -> Iterator[str]:
    """Findings that no refuted obligation stands for."""
    lines = [
        f"- {_where(one, sources)} **{one.severity}** {one.code.number}: {prose(one.message)}"
        for one in sorted(run.diagnostics, key=sort_key)
        if not one.refutes and one.severity is not Severity.NOTE
    ]
    if not lines:
        return
    yield f"**{counted(len(lines), 'other finding')}:**"
    yield ""
    shown = _cut(lines, size, 20)
    yield from shown
    if len(shown) < len(lines):
        yield f"- and {grouped(len(lines) - len(shown))} more"
    yield ""


def _passing(run: Run, size: _Size) -> Iterator[str]:
    counts = totals(run)
    if not counts["proved"]:
        return
    if size >= _Size.COUNTS:
        yield f"**Proved:** {counted(counts['proved'], 'obligation')}."
        yield ""
        return
    yield f"<details><summary>{counted(counts['proved'], 'obligation')} proved</summary>"
    yield ""
    for protocol in run.protocols:
        for group in groups(protocol):
            if group.status == "proved":
                detail = f", {prose(group.detail)}" if group.detail else ""
                yield f"- {code(protocol.name)}: {code(group.subject)}{detail}"
    yield ""
    yield "</details>"
    yield ""


def _remarks(run: Run, size: _Size) -> Iterator[str]:
    assumed: list[str] = []
    open_: list[str] = []
    families: list[str] = []
    for protocol in run.protocols:
        if protocol.families:
            families.append(f"{code(protocol.name)}: {prose(members(protocol))}")
        for group in groups(protocol):
            line = f"{code(group.subject)} of {code(protocol.name)}: {prose(group.detail)}"
            if group.status == "assumed":
                assumed.append(line)
            elif group.status in ("unknown", "skipped"):
                open_.append(line)
    for title, lines in (
        (f"**Assumptions:** {counted(len(assumed), 'assumption')} in force.", assumed),
        ("**Not checked:**", open_),
    ):
        if lines:
            yield title
            yield ""
            shown = _cut(lines, size, 20)
            yield from (f"- {line}" for line in shown)
            if len(shown) < len(lines):
                yield f"- and {grouped(len(lines) - len(shown))} more"
            yield ""
    if run.dialect != "strict":
        yield f"**Dialect {run.dialect}:** {DIALECTS[run.dialect]}."
        yield ""
    yield f"**Read this as:** {SEMANTICS}."
    if totals(run)["bounded"]:
        yield '"bounded" says nothing beyond the bound named next to it.'
    if families:
        shown = _cut(families, size, 20)
        yield f"Families: {'; '.join(shown)}."
