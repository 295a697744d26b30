"""What a pull request changes, in Markdown: new and fixed findings, and new assumptions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from tellverify.diagnostics.model import Severity, sort_key
from tellverify.diagnostics.wording import counted, grouped
from tellverify.report.changed_verdicts import changed_budgets, changed_verdicts
from tellverify.report.entries import region_of
from tellverify.report.grouping import detail_of
from tellverify.report.markdown_runs import Size
from tellverify.report.markup import code, prose
from tellverify.verdict.comparison import RunComparison
from tellverify.verdict.outcome import Assumed, Refuted
from tellverify.verdict.run import Assumption, Run

FEW: Final = 20


def first_of(items: Sequence[str], size: Size, most: int) -> list[str]:
    """`items`, or the first `most` of them when the report has to be short."""
    return list(items) if size < Size.SOME_TRACES else list(items[:most])


def list_lines(lines: Sequence[str], size: Size) -> Iterator[str]:
    """`lines` as a list, cut when the report has to be short."""
    shown = first_of(lines, size, FEW)
    yield from (f"- {line}" for line in shown)
    if len(shown) < len(lines):
        yield f"- and {grouped(len(lines) - len(shown))} more"
    yield ""


def weakened_section(run: Run, size: Size) -> Iterator[str]:
    """What the configuration takes away."""
    lines = []
    for one in run.weakened:
        at = region_of(one.primary, one.path)
        lines.append(f"{prose(one.message)} ({code(f'{at.path}:{at.line}')})")
    if lines:
        yield from list_lines(lines, size)


def baseline_section(run: Run, compared: RunComparison, size: Size) -> Iterator[str]:
    """New and fixed items since the baseline, and the number of unchanged ones."""
    if not compared.exists:
        return
    new, unchanged = _states(run, compared)
    fixed = [
        f"{code(one.name) if one.status == 'refuted' else prose(one.name)}"
        + (f" of {code(one.protocol)}" if one.protocol else "")
        for one in compared.fixed()
    ]
    for title, lines in (("New in this pull request", new), ("Fixed", fixed)):
        if len(lines) == 1:
            yield f"**{title}:** {lines[0]}."
            yield ""
        elif lines:
            yield f"**{title}:**"
            yield ""
            yield from list_lines(lines, size)
    if not new:
        yield "**New in this pull request:** nothing."
        yield ""
    for title, lines in (
        ("Verdicts that changed", changed_verdicts(run, compared)),
        ("Budgets that changed", changed_budgets(run, compared)),
    ):
        if lines:
            yield f"**{title}:**"
            yield ""
            yield from list_lines(lines, size)
    if unchanged:
        yield f"**Unchanged:** {counted(unchanged, 'finding')} as before."
        yield ""


def _states(run: Run, compared: RunComparison) -> tuple[list[str], int]:
    """Sentences about new items, and the number of refutations and findings that are known.

    A finding that tells of a refuted obligation is the sentence of that obligation.
    """
    new: dict[str, None] = {}
    unchanged = 0
    for protocol in run.protocols:
        for verdict in protocol.verdicts:
            state = compared.state(protocol, verdict)
            if state == "unchanged":
                unchanged += 1
            elif state is not None:
                outcome = verdict.outcome
                teller = outcome.diagnostic if isinstance(outcome, Refuted) else None
                said = prose(teller.message) if teller is not None else code(verdict.name)
                again = ", in another way than before" if state == "updated" else ""
                new[f"{code(protocol.title)}: {said}{again}"] = None
    for finding in sorted(run.diagnostics, key=sort_key):
        if finding.refutes or finding.severity is Severity.NOTE:
            continue
        if compared.finding_state(finding) == "unchanged":
            unchanged += 1
        else:
            new[f"{prose(finding.message)} ({finding.code.number})"] = None
    return list(new), unchanged


def new_assumption_section(run: Run, size: Size) -> Iterator[str]:
    """New assumptions, where the run is compared with a base."""
    lines = [_assumption(one) for one in run.assumptions if one.in_force and one.is_new]
    if lines and (run.baseline is not None or run.versions is not None):
        yield "**New assumptions:**"
        yield ""
        yield from list_lines(lines, size)


def assumption_section(run: Run, size: Size) -> Iterator[str]:
    """The assumptions that verdicts rest on."""
    lines = [_assumption(one) for one in run.assumptions if one.in_force]
    new = sum(one.is_new and one.in_force for one in run.assumptions)
    listed = {one.number for one in run.assumptions}
    for protocol in run.protocols:
        for verdict in protocol.verdicts:
            outcome = verdict.outcome
            if isinstance(outcome, Assumed) and outcome.ledger not in listed:
                what = f"{code(verdict.name)} of {code(protocol.title)}"
                lines.append(f"{what}: {prose(detail_of(verdict))}")
    if not lines:
        return
    past = [one for one in run.assumptions if not one.in_force]
    told = f"{new} new" if new else "none new"
    expired = f", {len(past)} past its date" if past else ""
    yield f"**Assumptions:** {grouped(len(lines))} in force, {told}{expired}."
    yield ""
    yield from list_lines(lines, size)


def _assumption(one: Assumption) -> str:
    number = f"{prose(one.number)} " if one.number else ""
    until = f", until {prose(one.until)}" if one.until else ""
    owner = f", {prose(one.owner)}" if one.owner else ""
    place = f" ({prose(one.place)}{until}{owner})"
    new = " **new**" if one.is_new else ""
    return (
        f"{number}{code(one.obligation)} of {code(one.protocol)}{place}{new}: {prose(one.reason)}"
    )
