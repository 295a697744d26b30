"""Everything that is wrong or not known in a run, as one ordered list that all formats read.

An entry is a refuted obligation with the finding that reports it, a finding that reports no
refutation, or an obligation that is unknown or skipped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

import msgspec

from tellverify.diagnostics.codes import CODES
from tellverify.diagnostics.model import Annotation, Diagnostic, Severity, sort_key
from tellverify.model.trace import Trace
from tellverify.report.grouping import code_of, place_of
from tellverify.source.region import Region
from tellverify.verdict.comparison import RunComparison
from tellverify.verdict.fingerprint import fingerprint
from tellverify.verdict.identity import Subject, SubjectKind, requirement_key
from tellverify.verdict.outcome import (
    Assumed,
    Bounded,
    Conflict,
    Core,
    Proved,
    Refuted,
    Skipped,
    Unknown,
    status,
)
from tellverify.verdict.properties import PROPERTIES, Property
from tellverify.verdict.run import ProtocolReport, Run, State, Verdict

EntryKind: TypeAlias = Literal["finding", "refuted", "unknown", "skipped"]


class ReportEntry(msgspec.Struct, frozen=True):
    """One entry. `code` is empty when nothing gave one; `required` is True of findings.

    `repeats` says that another entry reports the same evidence already, `accepted` that the
    baseline keeps it from counting.
    """

    kind: EntryKind
    code: str
    severity: Severity
    message: str
    region: Region
    fingerprint: str
    required: bool = True
    state: State | None = None
    protocol: ProtocolReport | None = None
    verdict: Verdict | None = None
    diagnostic: Diagnostic | None = None
    repeats: bool = False
    accepted: bool = False

    @property
    def title(self) -> str:
        """The code with its name: `TV512 stuck-role`."""
        known = CODES.get(self.code)
        return f"{self.code} {known.name}" if known is not None else self.code or self.kind

    @property
    def refutation(self) -> tuple[ProtocolReport, Verdict, Refuted] | None:
        """The refuted obligation, if the entry is one."""
        if self.protocol is None or self.verdict is None:
            return None
        outcome = self.verdict.outcome
        return (self.protocol, self.verdict, outcome) if isinstance(outcome, Refuted) else None


def entries(run: Run, compared: RunComparison | None = None) -> list[ReportEntry]:
    """All entries of a run.

    Findings, those of refutations included, stand in source order. Behind them come refutations
    without a finding, then undecided obligations, in the order of protocols and verdicts.
    """
    compared = compared or RunComparison(run)
    reported: list[tuple[Diagnostic, ReportEntry]] = [
        (one, _finding(one, compared)) for one in run.diagnostics
    ]
    bare: list[ReportEntry] = []
    unknown: list[ReportEntry] = []
    for protocol in run.protocols:
        for verdict in protocol.verdicts:
            match verdict.outcome:
                case Refuted(diagnostic=diagnostic) as outcome:
                    entry = _refuted(protocol, verdict, outcome, compared)
                    if diagnostic is None:
                        bare.append(entry)
                    else:
                        reported.append((diagnostic, entry))
                case Unknown(reason=reason) | Skipped(reason=reason):
                    unknown.append(_unknown(protocol, verdict, reason))
                case Proved() | Bounded() | Assumed():
                    pass
    reported.sort(key=lambda pair: sort_key(pair[0]))
    ordered = [entry for _, entry in reported]
    return [*ordered, *_marked(bare, ordered), *unknown]


def _marked(bare: Sequence[ReportEntry], reported: Sequence[ReportEntry]) -> list[ReportEntry]:
    """`bare` with those marked whose evidence another entry shows."""
    said = {(one.region.path, one.message) for one in reported}
    shown: set[tuple[Subject, str, Trace | Conflict | Core]] = set()
    marked = []
    for one in (*reported, *bare):
        found = one.refutation
        if found is None:
            continue
        protocol, _, outcome = found
        key = (_alike(protocol), outcome.code, outcome.evidence)
        known = key in shown or _says_who_waits(one, reported)
        if isinstance(outcome.evidence, Conflict):
            known = known or (outcome.evidence.path, outcome.evidence.reason) in said
        shown.add(key)
        if one.diagnostic is None:
            marked.append(msgspec.structs.replace(one, repeats=known))
    return marked


def _says_who_waits(one: ReportEntry, reported: Sequence[ReportEntry]) -> bool:
    """True of a deadlock under a scenario when an entry shows a role that is stuck under it.

    With failures no role is left to act exactly where some role that is left waits.
    """
    found = one.refutation
    if found is None or found[1].property is not Property.NO_DEADLOCK or one.diagnostic:
        return False
    protocol, verdict, _ = found
    return bool(verdict.scope.scenario) and any(
        other.refutation is not None
        and other.refutation[0].subject == protocol.subject
        and other.refutation[1].property is Property.NO_STUCK_ROLE
        and other.refutation[1].scope.scenario == verdict.scope.scenario
        for other in reported
    )


def _alike(protocol: ProtocolReport) -> Subject:
    """The subject whose evidence is shown once: workflows of one file may share a run."""
    if protocol.kind is SubjectKind.WORKFLOW:
        return Subject(protocol.kind, protocol.path, "")
    return protocol.subject


def folded(found: Iterable[ReportEntry]) -> list[tuple[ReportEntry, int]]:
    """Findings and refutations for readers of text, each with how many others are like it.

    Of refutations without a finding that agree in subject, property and code the first stands for
    all; it is left out when it repeats what another entry shows.
    """
    shown: list[tuple[ReportEntry, int]] = []
    alike: dict[tuple[Subject, str, str], list[ReportEntry]] = {}
    for one in found:
        refutation = one.refutation
        if one.diagnostic is not None:
            shown.append((one, 0))
        elif refutation is not None:
            protocol, verdict, outcome = refutation
            key = (protocol.subject, requirement_key(verdict.property, verdict.scope), outcome.code)
            alike.setdefault(key, []).append(one)
    shown += [(many[0], len(many) - 1) for many in alike.values() if not many[0].repeats]
    return shown


def region_of(annotation: Annotation, path: str) -> Region:
    """The region of an annotation; `path` is that of its diagnostic."""
    return annotation.region or Region(annotation.path or path, 1, 1)


def message_of(protocol: ProtocolReport, verdict: Verdict, outcome: Refuted) -> str:
    """Why an obligation does not hold, as a sentence without full stop."""
    evidence = outcome.evidence
    why = evidence.explanation if isinstance(evidence, Trace) else evidence.reason
    text = why or PROPERTIES[verdict.property].sentence.removesuffix(".")
    return f"`{verdict.name}` of `{protocol.title}` does not hold: {text}"


def _refuted(
    protocol: ProtocolReport,
    verdict: Verdict,
    outcome: Refuted,
    compared: RunComparison,
) -> ReportEntry:
    diagnostic = outcome.diagnostic
    if diagnostic is not None:
        region = region_of(diagnostic.primary, diagnostic.path)
        message, severity = diagnostic.message, diagnostic.severity
    else:
        region = place_of(protocol, verdict)
        message = message_of(protocol, verdict, outcome)
        severity = Severity.ERROR if verdict.required else Severity.WARNING
        severity = Severity.NOTE if verdict.expected else severity
    digest = fingerprint(protocol.subject, verdict)
    return ReportEntry(
        "refuted",
        outcome.code,
        severity,
        message,
        region,
        digest,
        verdict.required,
        compared.state(protocol, verdict),
        protocol,
        verdict,
        diagnostic,
        accepted=compared.accepts_refutation(protocol, verdict),
    )


def _unknown(protocol: ProtocolReport, verdict: Verdict, reason: str) -> ReportEntry:
    word = status(verdict.outcome)
    return ReportEntry(
        "unknown" if word == "unknown" else "skipped",
        code_of(verdict.outcome),
        Severity.WARNING if verdict.required else Severity.NOTE,
        f"`{verdict.name}` of `{protocol.title}` is {word}: {reason}",
        place_of(protocol, verdict),
        fingerprint(protocol.subject, verdict),
        verdict.required,
        None,
        protocol,
        verdict,
    )


def _finding(diagnostic: Diagnostic, compared: RunComparison) -> ReportEntry:
    return ReportEntry(
        "finding",
        diagnostic.code.number,
        diagnostic.severity,
        diagnostic.message,
        region_of(diagnostic.primary, diagnostic.path),
        compared.fingerprint_of(diagnostic),
        state=compared.finding_state(diagnostic),
        diagnostic=diagnostic,
        accepted=compared.accepts(compared.fingerprint_of(diagnostic)),
    )
