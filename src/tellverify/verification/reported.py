"""Refutations with the findings that report them."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from tellverify.diagnostics.model import Diagnostic, sort_key
from tellverify.verdict.outcome import Refuted
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
