"""Refutations with the findings that report them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from tellverify.diagnostics.model import Annotation, Diagnostic, SuggestedRepair, sort_key
from tellverify.source.region import Region
from tellverify.source.span import Span
from tellverify.source.text import SourceFile
from tellverify.verdict.identity import slashed
from tellverify.verdict.outcome import Conflict, Refuted
from tellverify.verdict.run import ProtocolReport, Verdict


def with_diagnostics(
    reports: Iterable[ProtocolReport], diagnostics: Iterable[Diagnostic]
) -> tuple[list[ProtocolReport], list[Diagnostic]]:
    """The reports on one file with the diagnostics of their refutations, and the other diagnostics.

    A refutation takes the first that names its obligation, in source order. Further ones stay among
    the others.
    """
    first: dict[tuple[str, str], Diagnostic] = {}
    ordered = sorted(dict.fromkeys(diagnostics), key=sort_key)
    for one in ordered:
        if one.refutes:
            first.setdefault((one.protocol, one.refutes), one)
    taken: set[Diagnostic] = set()
    found = []
    for report in reports:
        verdicts = tuple(_reported(report, verdict, first, taken) for verdict in report.verdicts)
        found.append(msgspec.structs.replace(report, verdicts=verdicts))
    return found, [one for one in ordered if one not in taken]


def _reported(
    report: ProtocolReport,
    verdict: Verdict,
    first: dict[tuple[str, str], Diagnostic],
    taken: set[Diagnostic],
) -> Verdict:
    diagnostic = first.get((report.name, verdict.name))
    if diagnostic is None or not isinstance(verdict.outcome, Refuted):
        return verdict
    taken.add(diagnostic)
    outcome = msgspec.structs.replace(verdict.outcome, diagnostic=diagnostic)
    return msgspec.structs.replace(verdict, outcome=outcome)


def located(
    reports: Iterable[ProtocolReport], sources: Mapping[str, SourceFile]
) -> tuple[ProtocolReport, ...]:
    """Reports whose conflicts and findings say their places in lines and columns."""
    return tuple(
        msgspec.structs.replace(
            report, verdicts=tuple(_located_verdict(one, sources) for one in report.verdicts)
        )
        for report in reports
    )


def located_diagnostic(one: Diagnostic, sources: Mapping[str, SourceFile]) -> Diagnostic:
    """A finding with its places in lines and columns, as runs have it."""
    return msgspec.structs.replace(
        one,
        primary=_located_annotation(one.primary, one.path, sources),
        others=tuple(_located_annotation(other, one.path, sources) for other in one.others),
        repairs=tuple(_located_repair(repair, one.path, sources) for repair in one.repairs),
    )


def _located_verdict(verdict: Verdict, sources: Mapping[str, SourceFile]) -> Verdict:
    outcome = verdict.outcome
    if not isinstance(outcome, Refuted):
        return verdict
    evidence, diagnostic = outcome.evidence, outcome.diagnostic
    if isinstance(evidence, Conflict):
        spans = (evidence.left, evidence.right)
        regions = tuple(_region(span, evidence.path, sources) for span in spans)
        evidence = msgspec.structs.replace(evidence, regions=regions)
    if diagnostic is not None:
        diagnostic = located_diagnostic(diagnostic, sources)
    if evidence is outcome.evidence and diagnostic is outcome.diagnostic:
        return verdict
    outcome = msgspec.structs.replace(outcome, evidence=evidence, diagnostic=diagnostic)
    return msgspec.structs.replace(verdict, outcome=outcome)


def _located_annotation(
    one: Annotation, path: str, sources: Mapping[str, SourceFile]
) -> Annotation:
    return msgspec.structs.replace(one, region=_region(one.span, one.path or path, sources))


def _located_repair(
    one: SuggestedRepair, path: str, sources: Mapping[str, SourceFile]
) -> SuggestedRepair:
    placed = (
        msgspec.structs.replace(each, region=_region(each.span, path, sources))
        for each in one.replacements
    )
    return msgspec.structs.replace(one, replacements=tuple(placed))


def _region(span: Span, path: str, sources: Mapping[str, SourceFile]) -> Region:
    source = sources.get(path)
    if source is None:
        return Region(slashed(path), 1, 1)
    length = len(source.text)
    start, end = max(0, min(span.start, length)), max(0, min(span.end, length))
    return Region(slashed(path), *source.position(start), *source.position(end))
