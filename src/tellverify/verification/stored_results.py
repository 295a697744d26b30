"""The result of a file as JSON for the cache, and back. Only decided results are stored."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from tellverify.diagnostics.model import Diagnostic
from tellverify.model.fault import Fault
from tellverify.model.trace import Trace
from tellverify.verdict.outcome import Bounded, Outcome, Proved, Refuted
from tellverify.verdict.run import ProtocolReport, Suppression
from tellverify.verification.checked import FileResult

# What a replay shows by itself, or with the monitor of fidelity.
_REPLAYABLE: Final = frozenset(Fault) - {Fault.NO_TERMINATION, Fault.PROPERTY, Fault.WITNESS}


class StoredResult(msgspec.Struct, frozen=True):
    """Everything that is kept of one file."""

    reports: tuple[ProtocolReport, ...]
    diagnostics: tuple[Diagnostic, ...]
    suppressions: tuple[Suppression, ...]


def encoded(result: FileResult) -> bytes | None:
    """The JSON text of a result, None for one that is not stored.

    What would not come back as it was is not stored either.
    """
    if result.assumptions or result.day or result.died or not result.reports:
        return None
    if any(result.files.values()):
        return None
    reports = tuple(result.reports)
    if not all(_is_decided(v.outcome) and v.witness is None for r in reports for v in r.verdicts):
        return None
    stored = StoredResult(reports, tuple(result.diagnostics), tuple(result.suppressions))
    try:
        text = msgspec.json.encode(stored)
    except UnicodeEncodeError:
        return None
    return text if decoded(text) == stored else None


def _is_decided(outcome: Outcome) -> bool:
    """True of proved and bounded outcomes, and of a refutation by a run that can be replayed."""
    if isinstance(outcome, Refuted):
        evidence = outcome.evidence
        return isinstance(evidence, Trace) and evidence.fault in _REPLAYABLE
    return isinstance(outcome, Proved | Bounded)


def decoded(text: bytes) -> StoredResult | None:
    """What `encoded` has written; None for anything else."""
    try:
        return msgspec.json.decode(text, type=StoredResult)
    except (msgspec.DecodeError, RecursionError):
        return None


def restored(stored: StoredResult, result: FileResult) -> FileResult:
    """`result`, which names the file only, with what was found out about it."""
    return msgspec.structs.replace(
        result,
        reports=list(stored.reports),
        diagnostics=list(stored.diagnostics),
        suppressions=list(stored.suppressions),
    )


def refutations(reports: Iterable[ProtocolReport]) -> list[tuple[ProtocolReport, Refuted]]:
    """The refuted obligations, each with the report it is in."""
    return [
        (report, verdict.outcome)
        for report in reports
        for verdict in report.verdicts
        if isinstance(verdict.outcome, Refuted)
    ]
