"""Findings at a terminal: the source they point at, and the run that shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TextIO

from tellverify.diagnostics.model import Diagnostic
from tellverify.diagnostics.wording import counted
from tellverify.report.drawing.chart import draw
from tellverify.report.entries import ReportEntry, folded
from tellverify.report.excerpt import excerpts
from tellverify.report.grouping import (
    Refutation,
    evidence_of,
)
from tellverify.report.style import SEVERITY_PAINT, Style
from tellverify.report.summary import (
    counts,
    limited,
    uncounted_lines,
)
from tellverify.source.text import SourceFile
from tellverify.verdict.outcome import Conflict, Core, Refuted
from tellverify.verdict.run import (
    EvidenceFile,
    ProtocolReport,
    Run,
    Verdict,
)


def write_findings(
    run: Run,
    found: Sequence[ReportEntry],
    sources: Mapping[str, SourceFile],
    out: TextIO,
    style: Style,
    *,
    is_short: bool,
    verbose: bool,
    most: int | None,
) -> None:
    """The findings with source and runs; those that touch nothing required are counted if asked."""
    files = evidence_of(run)
    shown = folded(found)
    aside = [entry for entry, _ in shown if is_short and not counts(entry, run)]
    kept = [(entry, others) for entry, others in shown if not (is_short and not counts(entry, run))]
    chosen = set(map(id, limited([entry for entry, _ in kept], most)))
    told: set[str] = set()
    for entry, others in kept:
        if id(entry) not in chosen:
            continue
        gutter = 1
        if entry.diagnostic is not None:
            lines, gutter = diagnostic_lines(entry.diagnostic, sources, style, told)
        else:
            lines = _bare(entry, others, style)
        if entry.refutation is not None:
            lines.extend(_evidence(entry.refutation, files, gutter, style, verbose))
        write_lines(out, [*lines, ""])
    if len(chosen) < len(kept):
        write_lines(out, [f"{counted(len(kept) - len(chosen), 'more finding')} not shown", ""])
    if aside:
        write_lines(out, [*uncounted_lines(aside, style), ""])


def write_witness(
    protocol: ProtocolReport,
    verdict: Verdict,
    files: Mapping[str, EvidenceFile],
    style: Style,
    verbose: bool,
) -> list[str]:
    """The run that proves an obligation, with its chart."""
    witness = verdict.witness
    if witness is None:
        return []
    trace = witness.trace
    what = style.tamed(f"`{verdict.name}` of `{protocol.title}` is {trace.explanation}")
    lines = style.hanging("witness: ", what, 4)
    lines[0] = style.paint("green", "witness") + lines[0][len("witness") :]
    if witness.instance:
        lines.extend(_remark("instance", witness.instance, 1, style))
    lines.extend(["", *draw(trace, protocol.roles, style, verbose=verbose)])
    file = files.get(protocol.id_of(verdict).text)
    if file is not None:
        lines.extend(["", f"  = again: tellverify replay {style.shown(file.path)}"])
    return lines


def write_lines(out: TextIO, lines: Sequence[str]) -> None:
    """Write `lines` without blanks at their ends."""
    for line in lines:
        out.write(f"{line.rstrip()}\n")


def diagnostic_lines(
    diagnostic: Diagnostic,
    sources: Mapping[str, SourceFile],
    style: Style,
    told: set[str] | None = None,
) -> tuple[list[str], int]:
    """The lines of a finding, and how wide its line numbers are.

    `told` has the files that are said to be rejected by Telltale; that is said once of each.
    """
    severity = diagnostic.severity
    head = f"{severity}[{diagnostic.code.number}]"
    lines = style.hanging(f"{head}: ", style.tamed(diagnostic.message), 4)
    lines[0] = style.paint(SEVERITY_PAINT[severity], head) + lines[0][len(head) :]
    excerpt, gutter = excerpts(diagnostic, sources, style)
    lines.extend(excerpt)
    remarks = [("help", text) for text in diagnostic.helps]
    remarks += [("note", text) for text in diagnostic.notes]
    rejects = diagnostic.upstream == "rejects" and told is not None
    if diagnostic.upstream and not (rejects and diagnostic.path in (told or ())):
        if told is not None and rejects:
            told.add(diagnostic.path)
        remarks.append(("note", f"Telltale itself {diagnostic.upstream} this"))
    if diagnostic.refutes:
        remarks.append(("refutes", diagnostic.refutes))
    if remarks and len(excerpt) > 1:
        lines.append(" " * (gutter + 1) + style.paint("blue", "|"))
    for word, text in remarks:
        lines.extend(_remark(word, text, gutter, style))
    return lines, gutter


def _remark(word: str, text: str, gutter: int, style: Style) -> list[str]:
    head = " " * (gutter + 1) + f"= {word}: "
    return style.hanging(head, style.tamed(text), len(head))


def _bare(entry: ReportEntry, others: int, style: Style) -> list[str]:
    """A refuted obligation that no finding reports: its sentence and its place."""
    head = f"refuted[{entry.code}]"
    lines = style.hanging(f"{head}: ", style.tamed(entry.message), 4)
    lines[0] = style.paint("red", head) + lines[0][len(head) :]
    at = entry.region
    lines.append(f" {style.paint('blue', '-->')} {style.place(at.path, at.line, at.column)}")
    outcome = entry.verdict.outcome if entry.verdict is not None else None
    if isinstance(outcome, Refuted) and isinstance(outcome.evidence, Conflict):
        for region in outcome.evidence.regions:
            lines.append(f"  | {style.shown(region.path)}:{region.line}:{region.column}")
    if others:
        lines.extend(_remark("note", f"{counted(others, 'other obligation')} alike", 1, style))
    return lines


def _evidence(
    refutation: Refutation,
    files: Mapping[str, EvidenceFile],
    gutter: int,
    style: Style,
    verbose: bool,
) -> list[str]:
    """The run that shows that an obligation does not hold, with its chart."""
    protocol, verdict, outcome = refutation
    lines: list[str] = []
    if outcome.instance:
        lines.extend(_remark("instance", outcome.instance, gutter, style))
    trace = outcome.evidence
    if isinstance(trace, Conflict):
        return lines
    file = files.get(protocol.id_of(verdict).text)
    if isinstance(trace, Core):
        return [*lines, *_premises(trace, file.path if file else trace.script, gutter, style)]
    length = counted(len(trace.steps), "event")
    known = "shortest run" if trace.minimal else "shortest known run"
    lines.extend(_remark(known, f"{length}, replayed", gutter, style))
    told = outcome.diagnostic.message if outcome.diagnostic is not None else ""
    if trace.explanation and verbose and trace.explanation != told:
        lines.extend(_remark("because", trace.explanation, gutter, style))
    lines.append("")
    lines.extend(draw(trace, protocol.roles, style, verbose=verbose))
    if file is not None:
        command = f"tellverify replay {style.shown(file.path)}"
        lines.extend(["", f"{' ' * (gutter + 1)}= again: {command}"])
    return lines


def _premises(core: Core, script: str, gutter: int, style: Style) -> list[str]:
    """The premises of a core, one a line, with the script that shows that they clash."""
    lines = _remark(
        "premises", "these cannot all hold; without any one the others can", gutter, style
    )
    for premise in core.premises:
        where = f"   {style.shown(premise.path)}:{premise.line}" if premise.line else ""
        head = f"{' ' * (gutter + 5)}{style.tamed(premise.name)}: "
        lines.extend(style.hanging(head, f"{style.tamed(premise.text)}{where}", gutter + 9))
    if script:
        lines.append(f"{' ' * (gutter + 1)}= script: {style.shown(script)}")
    return lines
