"""The terminal report: findings with source and runs, then verdicts, then totals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, TextIO

from tellverify.diagnostics.wording import counted, grouped
from tellverify.report.entries import entries
from tellverify.report.escape import padded, width, wrapped
from tellverify.report.grouping import (
    VerdictGroup,
    evidence_of,
    groups,
    members,
    totals,
)
from tellverify.report.style import STATUS_PAINT, Style
from tellverify.report.summary import (
    MOST_SHOWN,
    failure_lines,
    failures,
    is_malformed,
    is_passing,
    next_lines,
    passing_lines,
)
from tellverify.report.text_findings import write_findings, write_lines, write_witness
from tellverify.report.titles import titled
from tellverify.report.version_blocks import against_words, version_lines
from tellverify.report.wording import glossary_of
from tellverify.source.text import SourceFile
from tellverify.verdict.identity import BUDGETS, CERTIFICATE
from tellverify.verdict.properties import DIALECTS
from tellverify.verdict.run import (
    Coverage,
    ProtocolReport,
    Run,
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
    write_findings(run, found, sources, out, style, is_short=is_short, verbose=verbose, most=most)
    for protocol in run.protocols:
        for verdict in protocol.verdicts:
            if verdict.witness is not None:
                files = evidence_of(run)
                write_lines(out, [*write_witness(protocol, verdict, files, style, verbose), ""])
    write_lines(out, list(_blocks(run, style, verbose)))
    if run.dialect != "strict":
        write_lines(
            out, ["", *style.hanging("dialect ", f"{run.dialect}: {DIALECTS[run.dialect]}", 8)]
        )
    if run.protocols and run.semantics:
        write_lines(out, ["", *style.hanging("under ", run.semantics, 6)])
    elif run.protocols:
        write_lines(out, [""])
    failed = failures(found, run)
    if failed:
        write_lines(out, ["", *failure_lines(failed, run, most, style), ""])
    write_lines(out, totals_lines(run, style, trailer))
    write_lines(out, next_lines(failed, style))
    if run.docs:
        write_lines(out, style.hanging("words: ", style.tamed(glossary_of(run)), 7))


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
        what = row.kind if row.label == row.kind else f"{row.kind} {row.label}"
        name = style.tamed(f"{what}{who}, line {row.line}")
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
