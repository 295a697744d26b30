"""The proof report in Markdown: every claim with its scope, method, assumptions and evidence.

For an auditor who asks of each sentence how it is known. Nothing is shortened to fit a comment;
`markdown.py` writes the short page of a pull request.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from tellverify.diagnostics.wording import counted, grouped, listed
from tellverify.model.trace import Trace
from tellverify.report.entries import region_of
from tellverify.report.escape import encodable
from tellverify.report.families import collapsed
from tellverify.report.grouping import (
    VerdictGroup,
    all_evidence_of,
    groups,
    members,
    sizes_of,
    totals,
    why_not_required,
)
from tellverify.report.markup import code, html, prose
from tellverify.report.tags import href
from tellverify.report.titles import titled
from tellverify.report.wording import glossary_of, settling
from tellverify.source.text import SourceFile
from tellverify.verdict.done import Completion, CompletionAnswer
from tellverify.verdict.identity import requirement_key
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import (
    Assumed,
    Bounded,
    Conflict,
    Core,
    Proved,
    Refuted,
    Skipped,
    Unknown,
)
from tellverify.verdict.properties import DIALECTS, PROPERTIES
from tellverify.verdict.run import EvidenceFile, ProtocolReport, Run, Verdict
from tellverify.version import VERSION

_FEW: Final = 12


class _Files(msgspec.Struct, frozen=True):
    """Evidence by the ids of obligations, and the folder of the page that links it."""

    of: Mapping[str, tuple[EvidenceFile, ...]]
    folder: str


def write_proof(run: Run, sources: Mapping[str, SourceFile], folder: str = "") -> str:
    """The proof report of `run`; links to evidence lead from a page in `folder`.

    `sources` is not needed, every place is named by its line.
    """
    run = titled(run)
    files = _Files(all_evidence_of(run), folder)
    lines = [
        *_head(run),
        *_section(run, "Proved for all runs", ("proved",), files),
        *_section(run, "Proved within a bound only", ("bounded",), files),
        *_section(run, "Refuted", ("refuted",), files),
        *_section(run, "Unknown or not checked", ("unknown", "skipped"), files),
        *_assumptions(run),
        *_completions(run),
        *_again(run),
    ]
    return encodable("\n".join(lines) + "\n")


def _completions(run: Run) -> Iterator[str]:
    """The definition of done, where a policy says what that is."""
    if not run.completions:
        return
    yield "## Definition of done"
    yield ""
    for one in run.completions:
        yield from _done(one)


def _done(one: Completion) -> Iterator[str]:
    counts = [f"{one.count(answer)} {answer}" for answer in CompletionAnswer if one.count(answer)]
    yield f"### {code(one.id)}"
    yield ""
    yield f"{code(f'{one.path}:{one.line}')}: {', '.join(counts)}."
    yield ""
    yield "| | line | answer | evidence | next |"
    yield f"|{' --- |' * 5}"
    for each in one.criteria:
        by = f" by {prose(each.owner, in_table=True)}" if each.owner else ""
        evidence = "<br>".join(prose(said, in_table=True) for said in each.evidence)
        todo = prose(each.todo, in_table=True)
        text = prose(each.text, in_table=True)
        yield f"| {each.number} | {text} | {each.answer}{by} | {evidence} | {todo} |"
    yield ""


def _head(run: Run) -> Iterator[str]:
    counts = totals(run)
    parts = [f"{grouped(count)} {word}" for word, count in counts.items() if count]
    yield f"# Proof report: {', '.join(parts) or 'no obligation was checked'}"
    yield ""
    reason = f": {prose(run.exit_reason)}" if run.exit_reason else ""
    yield f"Exit {run.exit_code}{reason}."
    yield ""
    if run.cached is not None:
        yield f"{run.cached.text}."
        yield ""
    for weaker in run.weakened:
        at = region_of(weaker.primary, weaker.path)
        yield f"- {prose(weaker.message)} ({code(f'{at.path}:{at.line}')})"
    if run.weakened:
        yield ""
    if run.semantics:
        yield f"Every statement presupposes: **{run.semantics}**."
    yield f"Dialect {code(run.dialect)}:"
    yield f"{DIALECTS.get(run.dialect, '')}."
    yield ""
    yield f"Reproduce with {code(run.command)}. Rendered by tellverify {VERSION}"
    yield f"from the stored run; solvers: {prose(', '.join(run.solvers) or 'none')}."
    yield ""
    if run.inputs:
        yield "| file that was read | SHA-256 |"
        yield "| --- | --- |"
        for one in run.inputs:
            yield f"| {code(one.path, in_table=True)} | {_digest(one.sha256)} |"
        yield ""


def _digest(text: str) -> str:
    """A digest in full, which `code` would cut."""
    return f"`{text}`" if text.isalnum() and text.isascii() else code(text)


def _section(run: Run, title: str, words: Sequence[str], files: _Files) -> Iterator[str]:
    blocks: list[str] = []
    for protocol in run.protocols:
        claims = [
            line
            for group in groups(protocol, everything=True)
            if group.status in words
            for verdicts in _by_property(group)
            for line in _claim(protocol, verdicts, files)
        ]
        if claims:
            blocks += [f"### {code(protocol.title)}", "", _about(protocol), "", *claims, ""]
    yield f"## {title}"
    yield ""
    if blocks:
        yield from blocks
    else:
        yield "Nothing."
        yield ""


def _about(protocol: ProtocolReport) -> str:
    place = code(f"{protocol.path}:{protocol.line}")
    about = f"{place}: {prose(members(protocol))}, {counted(protocol.event_count, 'event')}."
    presumed = [one for one in protocol.presuppositions if one.presumed]
    taken = [f" Presumes: {prose(f'{one.text}, line {one.line}')}." for one in presumed]
    return about + "".join(taken)


def _by_property(group: VerdictGroup) -> Iterator[list[Verdict]]:
    parts: dict[tuple[str, str], list[Verdict]] = {}
    for verdict in group.verdicts:
        key = (requirement_key(verdict.property, verdict.scope), verdict.scope.item)
        parts.setdefault(key, []).append(verdict)
    yield from parts.values()


def _claim(protocol: ProtocolReport, verdicts: list[Verdict], files: _Files) -> Iterator[str]:
    first = verdicts[0]
    name = (
        code(first.name)
        if len(verdicts) == 1
        else code(requirement_key(first.property, first.scope))
    )
    yield f"- **{prose(PROPERTIES[first.property].sentence)}** {name}"
    roles = [role for verdict in verdicts for role in verdict.scope.roles]
    if len(verdicts) > 1 and roles:
        yield f"  - of: {', '.join(map(code, collapsed(roles)))}"
    channels = [v.scope.channel for v in verdicts if v.scope.channel is not None]
    if len(verdicts) > 1 and channels:
        names = [f"{sender} -> {receiver}" for sender, receiver in channels]
        yield f"  - of: {', '.join(map(code, names))}"
    yield from _known(protocol, first)
    linked: dict[str, EvidenceFile] = {}
    for verdict in verdicts:
        for file in files.of.get(protocol.id_of(verdict).text, ()):
            linked[file.path] = file
    for file in linked.values():
        shown = file.path.replace("\\", "/").rpartition("/")[2]
        link = f"[{code(shown)}]({href(file.path, files.folder)})"
        yield f"  - evidence: {link}, SHA-256 {_digest(file.sha256)}"
    if not linked and isinstance(first.outcome, Proved | Bounded | Refuted):
        yield "  - evidence: no file was written for this claim"


def _known(protocol: ProtocolReport, verdict: Verdict) -> Iterator[str]:
    """For which runs and instances, by which method, or why not."""
    outcome = verdict.outcome
    match outcome:
        case Proved(method, detail):
            sizes = sizes_of(outcome)
            yield f"  - holds for: all runs{f', {prose(sizes)}' if sizes else ''}"
            yield f"  - method: {_method(method, detail)}"
        case Bounded(bound, method, detail, reason):
            yield f"  - holds for: {prose(bound)}, and nothing is claimed beyond it"
            if reason:
                yield f"  - because: {prose(reason)}"
            yield f"  - method: {_method(method, detail)}"
        case Refuted(number, evidence, method, instance, reason):
            yield f"  - code: {code(number)}, found {prose(method.row.phrase)}"
            if instance:
                yield f"  - with: {prose(instance)}"
            yield f"  - because: {prose(reason or _why(evidence))}"
        case Unknown(reason, number) | Skipped(reason, number):
            kind = "unknown" if isinstance(outcome, Unknown) else "skipped"
            shown = f" {code(number)}" if number else ""
            yield f"  - {kind}{shown}: {prose(reason)}"
        case Assumed(reason):
            yield f"  - assumed: {prose(reason)}"
    if not isinstance(outcome, Proved | Refuted | Assumed):
        yield f"  - what would settle it: {prose(settling(protocol, verdict))}"
    if verdict.vacuity == "vacuous":
        yield "  - vacuous: nothing it mentions occurs in any run"
    if not verdict.required:
        yield f"  - {why_not_required(verdict)}"
    if verdict.statistics:
        numbers = [f"{name} {grouped(value)}" for name, value in verdict.statistics]
        yield f"  - statistics: {prose(', '.join(numbers))}"


def _method(method: Method, detail: str) -> str:
    return prose(f"{method.row.phrase}, {detail}" if detail else method.row.phrase)


def _why(evidence: Trace | Conflict | Core) -> str:
    match evidence:
        case Trace(explanation=words, steps=steps, culprits=culprits):
            about = f", about {listed(collapsed(culprits), _FEW)}" if culprits else ""
            run = f"a run of {counted(len(steps), 'step')}, replayed{about}"
            return f"{words}; {run}" if words else run
        case Conflict(reason=reason):
            return reason
        case Core(reason=reason, premises=premises):
            return f"{reason}; {counted(len(premises), 'premise')} that cannot hold together"


def _assumptions(run: Run) -> Iterator[str]:
    yield "## Assumptions"
    yield ""
    rows = []
    for one in run.assumptions:
        who = ", ".join(part for part in (one.owner, one.until and f"until {one.until}") if part)
        state = "in force" if one.in_force else "past its date, does not count"
        rows.append(
            f"- {prose(one.number)} {code(one.obligation)} of {code(one.protocol)}:"
            f" {prose(one.reason)} ({code(one.place)}{', ' if who else ''}{prose(who)}; {state})"
        )
    known = {one.number for one in run.assumptions}
    for protocol in run.protocols:
        for verdict in protocol.verdicts:
            outcome = verdict.outcome
            if isinstance(outcome, Assumed) and outcome.ledger not in known:
                rows.append(
                    f"- {prose(outcome.ledger)} {code(verdict.name)} of {code(protocol.title)}:"
                    f" {prose(outcome.reason)} ({code(outcome.place)})"
                )
    yield from rows or ["None beyond the semantics above."]
    yield ""


def _again(run: Run) -> Iterator[str]:
    yield "## How to check this report"
    yield ""
    yield f"- Again from the sources: {code(run.command)}"
    if run.evidence:
        yield "- The evidence without any search: `tellverify recheck DIR`, DIR being its folder"
    else:
        yield "- With evidence that can be rechecked: add `--evidence DIR`"
    if run.docs:
        yield f'- What the words mean: <a href="{html(glossary_of(run))}">glossary</a>'
    yield '- "Proved" is claimed for all runs only; unknown and skipped never count as success.'
