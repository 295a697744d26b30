"""The terminal report: findings with source and runs, then verdicts, then totals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TextIO

from tellverify.diagnostics.model import Diagnostic
from tellverify.diagnostics.wording import counted, grouped
from tellverify.report.drawing.chart import draw
from tellverify.report.entries import ReportEntry, entries, folded
from tellverify.report.escape import padded, width, wrapped
from tellverify.report.excerpt import excerpts
from tellverify.report.grouping import (
    Refutation,
    VerdictGroup,
    evidence_of,
    groups,
    members,
    totals,
)
from tellverify.report.style import SEVERITY_PAINT, STATUS_PAINT, Style
from tellverify.report.summary import (
    MOST_SHOWN,
    counts,
    failure_lines,
    failures,
    is_malformed,
    is_passing,
    limited,
    next_lines,
    passing_lines,
    uncounted_lines,
)
from tellverify.report.titles import titled
from tellverify.report.version_blocks import against_words, version_lines
from tellverify.report.wording import glossary_of
from tellverify.source.text import SourceFile
from tellverify.verdict.identity import BUDGETS, CERTIFICATE
from tellverify.verdict.outcome import Conflict, Core, Refuted
from tellverify.verdict.properties import DIALECTS
from tellverify.verdict.run import (
    Coverage,
    EvidenceFile,
    ProtocolReport,
    Run,
    Verdict,
    is_comparison,
)

_STATUS: Final = 10
_SUBJECT: Final = 49
_CODE: Final = 8
_NAME: Final = 16
_NARROW: Final = 76  # columns that the obligation, its code and its outcome need side by side


def write_text(
    run: Run,
    sources: Mapping[str, SourceFile],
    out: TextIO,
    *,
    color: bool,
    ascii_only: bool,
    width: int,
    verbose: bool,
    folder: str = "",
    trailer: str = "",
    most: int | None = None,
) -> None:
    """Write the terminal report of `run`; `trailer` is put at the end of the totals line.

    At most `most` findings are shown, and as many failures repeated at the end.
    """
    style = Style(color=color, ascii_only=ascii_only, width=max(width, 40), folder=folder)
    run = titled(run)
    found = entries(run)
    is_short = len(run.protocols) > MOST_SHOWN and not verbose
    _findings(run, found, sources, out, style, is_short=is_short, verbose=verbose, most=most)
    for protocol in run.protocols:
        for verdict in protocol.verdicts:
            if verdict.witness is not None:
                files = evidence_of(run)
                _write(out, [*_witness(protocol, verdict, files, style, verbose), ""])
    _write(out, list(_blocks(run, style, verbose)))
    if run.dialect != "strict":
        _write(out, ["", *style.hanging("dialect ", f"{run.dialect}: {DIALECTS[run.dialect]}", 8)])
    if run.protocols and run.semantics:
        _write(out, ["", *style.hanging("under ", run.semantics, 6)])
    elif run.protocols:
        _write(out, [""])
    failed = failures(found, run)
    if failed:
        _write(out, ["", *failure_lines(failed, run, most, style), ""])
    _write(out, totals_lines(run, style, trailer))
    _write(out, next_lines(failed, style))
    if run.docs:
        _write(out, style.hanging("words: ", style.tamed(glossary_of(run)), 7))


def _findings(
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
        _write(out, [*lines, ""])
    if len(chosen) < len(kept):
        _write(out, [f"{counted(len(kept) - len(chosen), 'more finding')} not shown", ""])
    if aside:
        _write(out, [*uncounted_lines(aside, style), ""])


def _blocks(run: Run, style: Style, verbose: bool) -> Iterator[str]:
    """The block of every protocol, or one line for many that pass."""
    if run.versions is not None and is_comparison(run):
        yield from version_lines(run.versions, style, verbose=verbose)
        for protocol in run.protocols:
            yield from _certificates(run, protocol, style)
        return
    passing = [one for one in run.protocols if is_passing(one)]
    is_short = len(run.protocols) > MOST_SHOWN and not verbose
    folds = len(passing) > MOST_SHOWN and not verbose
    for protocol in run.protocols:
        if not (folds and is_passing(protocol)):
            yield from _protocol(protocol, style, verbose, is_short=is_short)
            yield from _certificates(run, protocol, style)
            yield from _against(run, protocol, "  ", style)
    if folds:
        yield from passing_lines(passing, style)
        for one in passing:
            yield from _certificates(run, one, style)
            yield from _against(run, one, f"  {style.tamed(one.title)} ", style)


def _against(run: Run, protocol: ProtocolReport, head: str, style: Style) -> list[str]:
    """How the protocol compares with the base, if it was compared."""
    row = against_words(run.versions, protocol)
    return style.hanging(head, style.tamed(row), 4) if row else []


def _witness(
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


def _write(out: TextIO, lines: Sequence[str]) -> None:
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


def _protocol(
    protocol: ProtocolReport, style: Style, verbose: bool, *, is_short: bool
) -> list[str]:
    """The block of one protocol: who takes part, then the verdicts.

    Of many protocols a failing one has just what does not hold, and the rest as a number.
    """
    name = style.tamed(protocol.title)
    head = padded(name, max(_NAME, width(name) + 3))
    indent = min(width(head), _NAME)
    lines = style.hanging(head, style.tamed(members(protocol)), indent)
    lines[0] = style.paint("bold", name) + lines[0][len(name) :]
    cuts = is_short and not is_passing(protocol)
    rest = 0
    if not verbose and is_malformed(protocol):
        for group in groups(protocol)[:1]:
            lines.extend(_group(group, style))
        others = counted(len(protocol.verdicts) - 1, "other obligation")
        reason = VerdictGroup("skipped", others, "TV911", "the text is not well-formed", ())
        return [*lines, *_group(reason, style)]
    for group in groups(protocol, everything=verbose):
        if cuts and group.status in ("proved", "bounded"):
            rest += len(group.verdicts)
        else:
            lines.extend(_group(group, style))
    if rest:
        lines.append(f"  {counted(rest, 'other obligation')} {'holds' if rest == 1 else 'hold'}")
    lines.extend(_presuppositions(protocol, style, verbose))
    if verbose and protocol.coverage is not None:
        lines.extend(_coverage(protocol.coverage, style))
    return lines


def _presuppositions(protocol: ProtocolReport, style: Style, verbose: bool) -> list[str]:
    """What the verdicts take for granted of single statements; with `verbose` also what not."""
    lines: list[str] = []
    for one in protocol.presuppositions:
        if one.presumed or verbose:
            head = "  presumes  " if one.presumed else "  note      "
            text = style.tamed(f"{one.text}, line {one.line}")
            lines.extend(style.hanging(head, text, 12))
    return lines


def _certificates(run: Run, protocol: ProtocolReport, style: Style) -> list[str]:
    """Where the certificates of a protocol are, when they were written."""
    wanted = {protocol.subject.part(CERTIFICATE), protocol.subject.part(BUDGETS)}
    lines: list[str] = []
    for one in run.evidence:
        if one.obligation in wanted:
            lines.extend(style.hanging("  certificate  ", style.shown(one.path), 15))
    return lines


def _coverage(coverage: Coverage, style: Style) -> list[str]:
    """How often each branch, guard and timeout is exercised, those that never are first."""
    size = f" for {coverage.instance}" if coverage.instance else ""
    known = coverage.runs >= 0
    whole = f"of {counted(coverage.runs, 'run')}" if known else "runs not counted"
    lines = [
        f"  coverage{size}, {whole}, each up to where it repeats a state"
        if coverage.rows
        else f"  coverage{size}: no branches"
    ]
    for row in sorted(coverage.rows, key=lambda one: (one.runs != 0, one.line, one.column)):
        who = f" of {row.role}" if row.role else ""
        name = style.tamed(f"{row.kind} {row.label}{who}, line {row.line}")
        if row.places < 0:
            said = "not examined"
        else:
            runs = "" if row.runs < 0 else f"in {counted(row.runs, 'run')}, "
            said = f"{runs}at {counted(row.places, 'place')}" if row.places else "never"
        lines.append(f"    {padded(name, _SUBJECT)} {said}")
    return lines


def _group(group: VerdictGroup, style: Style) -> list[str]:
    """One line for verdicts that agree; long text continues on lines below its column."""
    if style.width < _NARROW:
        return _narrow_group(group, style)
    room = min(_SUBJECT, max(style.width - 2 - _STATUS - _CODE - 24, 22))
    left = wrapped(style.tamed(group.subject), room - 2)
    indent = 2 + _STATUS + room
    right = wrapped(style.tamed(group.detail), max(style.width - indent - _CODE, 16))
    beside = all(width(line) <= room - 2 for line in left)
    offset = 0 if beside or not (group.code or group.detail) else len(left)
    lines: list[str] = []
    for number in range(max(len(left), offset + len(right))):
        status = group.status if number == 0 else ""
        subject = left[number] if number < len(left) else ""
        code = group.code if number == offset else ""
        detail = right[number - offset] if offset <= number < offset + len(right) else ""
        line = f"{status:<{_STATUS}}{padded(subject, room)}{code:<{_CODE}}{detail}"
        painted = style.paint(STATUS_PAINT[group.status], status)
        lines.append(f"  {painted}{line[len(status) :].rstrip()}")
    return lines


def _narrow_group(group: VerdictGroup, style: Style) -> list[str]:
    """The same where there is no room for columns: the outcome stands below the obligation."""
    head = f"  {group.status:<{_STATUS}}"
    lines = style.hanging(head, style.tamed(group.subject), len(head))
    painted = style.paint(STATUS_PAINT[group.status], group.status)
    lines[0] = f"  {painted}{lines[0][2 + len(group.status) :]}"
    below = "   ".join(part for part in (group.code, style.tamed(group.detail)) if part)
    if below:
        lines.extend(style.hanging(" " * (len(head) + 2), below, len(head) + 2))
    return lines


def totals_lines(run: Run, style: Style, trailer: str = "") -> list[str]:
    """How many obligations have each status, and the exit code with its reason."""
    parts: list[str] = []
    for word, count in totals(run).items():
        text = f"{grouped(count)} {word}"
        parts.append(style.paint(STATUS_PAINT[word], text) if count else text)
    reason = f": {style.tamed(run.exit_reason)}" if run.exit_reason else ""
    said = f"exit {run.exit_code}{reason}"
    if style.width < _NARROW:
        lines = [f"{part}" for part in [*parts, trailer] if part]
        return [*lines, *style.hanging("", said, 2)]
    line = "   ".join(parts)
    if trailer:
        line += f"          {trailer}"
    return [line, said]
