"""The report of a pull request, in GitHub's Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from tellverify.diagnostics.model import Severity
from tellverify.diagnostics.wording import counted, grouped
from tellverify.report.entries import region_of
from tellverify.report.escape import encodable
from tellverify.report.grouping import VerdictGroup, groups, members, place_of, totals
from tellverify.report.markdown_news import (
    FEW,
    assumption_section,
    baseline_section,
    first_of,
    list_lines,
    new_assumption_section,
    weakened_section,
)
from tellverify.report.markdown_runs import Size, refutation_details
from tellverify.report.markup import code, html, prose
from tellverify.report.titles import titled
from tellverify.report.version_markdown import version_section
from tellverify.report.wording import glossary_of
from tellverify.source.region import Region
from tellverify.source.text import SourceFile
from tellverify.verdict.comparison import RunComparison
from tellverify.verdict.outcome import Refuted
from tellverify.verdict.properties import DIALECTS
from tellverify.verdict.run import ProtocolReport, Run
from tellverify.version import VERSION

MARKER: Final = "<!-- tellverify:report:default -->"
LIMIT: Final = 65_000
_OPEN: Final = ("refuted", "unknown", "bounded")
_MOST_ROWS: Final = 40
_FEW_PROTOCOLS: Final = 3  # with bounded obligations that have rows of their own

_Grouped: TypeAlias = Sequence[tuple[ProtocolReport, Sequence[VerdictGroup]]]

_SAID: Final = {
    Size.COUNTS: "Passing protocols are shown as counts, to keep this report short.",
    Size.SHORT_TRACES: (
        "Passing protocols are shown as counts and runs by their last ten steps, to keep this"
        " report short."
    ),
    Size.SOME_TRACES: (
        "Passing protocols are shown as counts, lists are cut, and only the first runs are here, by"
        " their last ten steps, to keep this report short; the JSON report has everything."
    ),
}


def write_markdown(run: Run, sources: Mapping[str, SourceFile], *, limit: int = LIMIT) -> str:
    """The Markdown of `run`, of at most `limit` characters.

    What does not fit is left out in a fixed order: passing protocols become counts, then runs are
    cut to their last ten steps, then lists are cut and there are only as many runs as fit. The
    report says so.
    """
    text = ""
    run = titled(run)
    by_protocol = [(protocol, groups(protocol)) for protocol in run.protocols]
    blocks: list[str] = []
    count = 0
    for size in Size:
        if size in (Size.FULL, Size.SHORT_TRACES):  # in between the runs stay as they are
            blocks, count = refutation_details(run, sources, size, limit)
        text = _page(run, sources, by_protocol, size, blocks)
        if len(text) <= limit:
            return text
    few = _page(run, sources, by_protocol, Size.SOME_TRACES, [])
    if len(few) <= limit:
        fitting = _fitting(blocks, count, limit - len(few) - len(_left_out(count)) - 2)
        return _page(run, sources, by_protocol, Size.SOME_TRACES, fitting)
    text = few
    note = "\n\n(cut: the report is longer than a comment may be)\n"
    return text[: limit - len(note)] + note


def _page(
    run: Run,
    sources: Mapping[str, SourceFile],
    by_protocol: _Grouped,
    size: Size,
    blocks: Sequence[str],
) -> str:
    return encodable("\n".join(_report(run, sources, by_protocol, size, blocks)) + "\n")


def _fitting(blocks: Sequence[str], count: int, room: int) -> list[str]:
    """The first of `blocks`, as many as fit, with a line that says how many of `count` do not."""
    found: list[str] = []
    for block in blocks:
        room -= len(encodable(block)) + 1
        if room < 0:
            break
        found.append(block)
    return [*found, _left_out(count - len(found))] if len(found) < count else found


def _left_out(count: int) -> str:
    return f"_And {counted(count, 'refuted obligation')} more, not shown here._\n"


def _report(
    run: Run,
    sources: Mapping[str, SourceFile],
    by_protocol: _Grouped,
    size: Size,
    blocks: Sequence[str],
) -> Iterator[str]:
    compared = RunComparison(run)
    yield MARKER
    yield f"### tellverify: {_totals(run)}"
    yield ""
    if size:
        yield f"_{_SAID[size]}_"
        yield ""
    yield from _revision(run)
    if run.exit_reason:
        yield f"**Exit {run.exit_code}:** {prose(run.exit_reason)}."
        yield ""
    if run.cached is not None:
        yield f"{run.cached.text}."
        yield ""
    yield from weakened_section(run, size)
    yield from baseline_section(run, compared, size)
    yield from version_section(run, is_short=size >= Size.SOME_TRACES)
    yield from new_assumption_section(run, size)
    yield from _table(run, by_protocol, compared, size)
    yield from blocks
    yield from _findings(run, sources, compared, size)
    yield from _passing(run, by_protocol, size)
    yield from assumption_section(run, size)
    yield from _remarks(run, by_protocol, size)
    yield ""
    versions = ", ".join((f"tellverify {VERSION}", *map(prose, run.solvers)))
    words = f' <a href="{html(glossary_of(run))}">Glossary</a>.' if run.docs else ""
    yield f"<sub>{versions}.{words} Again: <code>{html(run.command)}</code></sub>"


def _totals(run: Run) -> str:
    parts = [f"{grouped(count)} {word}" for word, count in totals(run).items() if count]
    return ", ".join(parts) or "no obligation was checked"


# What has changed


# Table


def _table(run: Run, by_protocol: _Grouped, compared: RunComparison, size: Size) -> Iterator[str]:
    has_past = run.baseline is not None and bool(run.baseline.previous)
    rows: list[str] = []
    for word in _OPEN:
        alike = [
            (protocol, group)
            for protocol, found in by_protocol
            for group in found
            if group.status == word
        ]
        if word == "bounded" and len({one.subject for one, _ in alike}) > _FEW_PROTOCOLS:
            rows.append(_bounded(alike, has_past=has_past))
            continue
        rows.extend(_row(run, *one, compared if has_past else None) for one in alike)
    if not rows:
        return
    was, line = (" was |", " --- |") if has_past else ("", "")
    yield f"| protocol | obligation | outcome |{was} where |"
    yield f"| --- | --- | --- |{line} --- |"
    shown = first_of(rows, size, _MOST_ROWS)
    yield from shown
    if len(shown) < len(rows):
        yield f"| | and {grouped(len(rows) - len(shown))} more | |{' |' if has_past else ''} |"
    yield ""


def _row(
    run: Run, protocol: ProtocolReport, group: VerdictGroup, compared: RunComparison | None
) -> str:
    at = place_of(protocol, group.verdicts[0])
    word = f"**{group.status}**" if group.status == "refuted" else group.status
    outcome = " ".join(part for part in (word, group.code) if part)
    if group.detail and group.status != "refuted":
        outcome += f", {prose(group.detail, in_table=True)}"
    elif group.detail:
        outcome += f" ({prose(group.detail, in_table=True)})"
    where = _linked(code(f"{at.path.rpartition('/')[2]}:{at.line}", in_table=True), run, at)
    name = code(protocol.title, in_table=True)
    was = ""
    if compared is not None:
        words = dict.fromkeys(
            earlier or "not checked"
            for verdict in group.verdicts
            for earlier in compared.was(protocol, verdict)
        )
        was = f" {prose(', '.join(words), in_table=True)} |"
    return f"| {name} | {code(group.subject, in_table=True)} | {outcome} |{was} {where} |"


def _bounded(alike: Sequence[tuple[ProtocolReport, VerdictGroup]], *, has_past: bool) -> str:
    """One row for obligations that are bounded in many protocols."""
    protocols = counted(len({protocol.subject for protocol, _ in alike}), "protocol")
    obligations = counted(sum(len(group.verdicts) for _, group in alike), "obligation")
    return f"| {protocols} | {obligations} | bounded |{' |' if has_past else ''} |"


def _linked(place: str, run: Run, at: Region) -> str:
    """`place` as a link where the address of the sources is known."""
    address = run.revision.link(at.path, at.line) if run.revision is not None else ""
    return f"[{place}]({address})" if address else place


def _revision(run: Run) -> Iterator[str]:
    """The revision that was checked, as far as it is known."""
    known = run.revision
    if known is None:
        return
    facts = (("commit", known.commit), ("branch", known.branch), ("base", known.base))
    words = ", ".join(f"{word} {code(text)}" for word, text in facts if text)
    if words:
        yield f"Checked: {words}."
        yield ""


# Everything else


def _findings(
    run: Run, sources: Mapping[str, SourceFile], compared: RunComparison, size: Size
) -> Iterator[str]:
    """Findings that report no refutation."""
    lines = []
    for one in run.diagnostics:
        if one.severity is Severity.NOTE:
            continue
        at = region_of(one.primary, one.path)
        where = _linked(code(f"{at.path}:{at.line}"), run, at)
        known = " (known)" if compared.accepts(compared.fingerprint_of(one)) else ""
        said = f"{where} **{one.severity}** {one.code.number}: {prose(one.message)}{known}"
        mends = one.helps[:1] if one.severity is Severity.ERROR else ()
        lines.append(said + "".join(f". To fix: {prose(text)}" for text in mends))
    if not lines:
        return
    yield f"**{counted(len(lines), 'other finding')}:**"
    yield ""
    yield from list_lines(lines, size)


def _passing(run: Run, by_protocol: _Grouped, size: Size) -> Iterator[str]:
    counts = totals(run)
    if not counts["proved"]:
        return
    if size >= Size.COUNTS:
        yield f"**Proved:** {counted(counts['proved'], 'obligation')}."
        yield ""
        return
    yield f"<details><summary>{counted(counts['proved'], 'obligation')} proved</summary>"
    yield ""
    for protocol, found in by_protocol:
        for group in found:
            if group.status == "proved":
                detail = f", {prose(group.detail)}" if group.detail else ""
                yield f"- {code(protocol.title)}: {code(group.subject)}{detail}"
    yield ""
    yield "</details>"
    yield ""


def _remarks(run: Run, by_protocol: _Grouped, size: Size) -> Iterator[str]:
    open_: list[str] = []
    families: list[str] = []
    vacuous: list[str] = []
    for protocol, found in by_protocol:
        if protocol.families:
            families.append(f"{code(protocol.title)}: {prose(members(protocol))}")
        open_ += [
            f"{code(group.subject)} of {code(protocol.title)}: {prose(group.detail)}"
            for group in found
            if group.status in ("unknown", "skipped")
        ]
        vacuous += [
            f"{code(verdict.name)} of {code(protocol.title)}"
            for verdict in protocol.verdicts
            if verdict.vacuity == "vacuous" and not isinstance(verdict.outcome, Refuted)
        ]
    if open_:
        yield "**Not checked:**"
        yield ""
        yield from list_lines(open_, size)
    if vacuous:
        yield "**Vacuous, because nothing it mentions occurs in any run:**"
        yield ""
        yield from list_lines(vacuous, size)
    if run.dialect != "strict":
        yield f"**Dialect {run.dialect}:** {DIALECTS[run.dialect]}."
        yield ""
    if run.semantics:
        yield f"**Read this as:** {run.semantics}."
    presumed = [
        f"{code(protocol.title)}: {prose(f'{one.text}, line {one.line}')}"
        for protocol in run.protocols
        for one in protocol.presuppositions
        if one.presumed
    ]
    if presumed:
        yield "**Presumed:**"
        yield ""
        yield from list_lines(presumed, size)
    if totals(run)["bounded"]:
        yield '"bounded" says nothing beyond the bound named next to it.'
    if families:
        yield f"Families: {'; '.join(first_of(families, size, FEW))}."
