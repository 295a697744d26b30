"""The result of a file as JSON for the cache, and back. Only what is decided can be stored."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeAlias

import msgspec

from tellverify.diagnostics.model import Diagnostic
from tellverify.model.graph import Site
from tellverify.model.step import Step
from tellverify.model.trace import Fault, Trace, Waiting
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Bounded, Proved, Refuted
from tellverify.verdict.properties import Property
from tellverify.verdict.run import Family, ProtocolReport, Subject, Suppression, Verdict
from tellverify.verification.checked import FileResult

# What a replay shows by itself, or with the monitor of fidelity.
_REPLAYABLE: Final = frozenset(Fault) - {Fault.NO_TERMINATION, Fault.PROPERTY, Fault.WITNESS}


class StoredRefuted(msgspec.Struct, frozen=True, tag="refuted"):
    """A refutation by a run, without what cannot be replayed."""

    code: str
    method: Method
    instance: str
    reason: str
    fault: Fault
    steps: tuple[Step, ...]
    culprits: tuple[str, ...]
    explanation: str
    minimal: bool
    loop: int
    queues: tuple[tuple[str, str, tuple[str, ...]], ...]
    waiting: tuple[Waiting, ...]
    place: Site


StoredOutcome: TypeAlias = Proved | Bounded | StoredRefuted


class StoredVerdict(msgspec.Struct, frozen=True):
    """A verdict that is proved, bounded or refuted."""

    property: Property
    subject: Subject
    outcome: StoredOutcome
    required: bool
    line: int
    column: int
    statistics: tuple[tuple[str, int], ...]
    vacuity: str


class StoredReport(msgspec.Struct, frozen=True):
    """The report on one protocol."""

    name: str
    path: str
    line: int
    roles: tuple[str, ...]
    families: tuple[Family, ...]
    verdicts: tuple[StoredVerdict, ...]
    event_count: int


class Stored(msgspec.Struct, frozen=True):
    """Everything that is kept of one file."""

    reports: tuple[StoredReport, ...]
    diagnostics: tuple[Diagnostic, ...]
    suppressions: tuple[Suppression, ...]


class NotDecided(Exception):
    """The result holds something that is not kept: it is computed again next time."""


def encoded(result: FileResult) -> bytes | None:
    """The JSON text of a result, None for one that is not stored.

    What would not come back as it was is not stored either.
    """
    if result.assumptions or result.day or result.died or not result.reports:
        return None
    if any(result.files.values()):
        return None
    try:
        stored = Stored(
            tuple(_report(report) for report in result.reports),
            tuple(result.diagnostics),
            tuple(result.suppressions),
        )
        text = msgspec.json.encode(stored)
    except (NotDecided, UnicodeEncodeError):
        return None
    back = decoded(text)
    if back is None or _rebuilt(back) != (
        result.reports,
        result.diagnostics,
        result.suppressions,
    ):
        return None
    return text


def decoded(text: bytes) -> Stored | None:
    """What `encoded` has written; None for anything else."""
    try:
        return msgspec.json.decode(text, type=Stored)
    except (msgspec.DecodeError, RecursionError):
        return None


def restored(stored: Stored, result: FileResult) -> FileResult:
    """`result`, which names the file only, with what was found out about it."""
    reports, diagnostics, suppressions = _rebuilt(stored)
    return msgspec.structs.replace(
        result, reports=reports, diagnostics=diagnostics, suppressions=suppressions
    )


def refutations(reports: Iterable[ProtocolReport]) -> list[tuple[ProtocolReport, Refuted]]:
    """The refuted obligations, each with the report it is in."""
    return [
        (report, verdict.outcome)
        for report in reports
        for verdict in report.verdicts
        if isinstance(verdict.outcome, Refuted)
    ]


def _rebuilt(
    stored: Stored,
) -> tuple[list[ProtocolReport], list[Diagnostic], list[Suppression]]:
    reports = [
        ProtocolReport(
            one.name,
            one.path,
            one.line,
            one.roles,
            one.families,
            tuple(_restored_verdict(verdict) for verdict in one.verdicts),
            one.event_count,
        )
        for one in stored.reports
    ]
    return reports, list(stored.diagnostics), list(stored.suppressions)


def _report(report: ProtocolReport) -> StoredReport:
    return StoredReport(
        report.name,
        report.path,
        report.line,
        report.roles,
        report.families,
        tuple(_verdict(verdict) for verdict in report.verdicts),
        report.event_count,
    )


def _verdict(verdict: Verdict) -> StoredVerdict:
    return StoredVerdict(
        verdict.property,
        verdict.subject,
        _outcome(verdict),
        verdict.required,
        verdict.line,
        verdict.column,
        verdict.statistics,
        verdict.vacuity,
    )


def _outcome(verdict: Verdict) -> StoredOutcome:
    outcome = verdict.outcome
    if isinstance(outcome, Proved | Bounded):
        return outcome
    if not isinstance(outcome, Refuted):
        raise NotDecided
    trace = outcome.evidence
    if not isinstance(trace, Trace) or trace.fault not in _REPLAYABLE:
        raise NotDecided
    return StoredRefuted(
        outcome.code,
        outcome.method,
        outcome.instance,
        outcome.reason,
        trace.fault,
        trace.steps,
        trace.culprits,
        trace.explanation,
        trace.minimal,
        trace.loop,
        trace.queues,
        trace.waiting,
        trace.place,
    )


def _restored_verdict(stored: StoredVerdict) -> Verdict:
    outcome = stored.outcome
    return Verdict(
        stored.property,
        stored.subject,
        _restored_refutation(outcome) if isinstance(outcome, StoredRefuted) else outcome,
        stored.required,
        stored.line,
        stored.column,
        stored.statistics,
        stored.vacuity,
    )


def _restored_refutation(stored: StoredRefuted) -> Refuted:
    trace = Trace(
        stored.fault,
        stored.steps,
        stored.culprits,
        stored.explanation,
        stored.minimal,
        stored.loop,
        stored.queues,
        stored.waiting,
        stored.place,
    )
    return Refuted(stored.code, trace, stored.method, stored.instance, stored.reason)
