"""Everything that is wrong or not known in a run, one entry each, for formats that list findings.

An entry is a refuted obligation with the finding that tells of it, a finding that refutes nothing,
or an obligation that is unknown or skipped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

import msgspec

from tellverify.diagnostics.codes import CODES
from tellverify.diagnostics.model import Annotation, Diagnostic, Severity, sort_key
from tellverify.model.trace import Trace
from tellverify.report.comparison import Comparison, State
from tellverify.report.excerpt import location
from tellverify.report.grouping import code_of, line_of
from tellverify.source.text import SourceFile
from tellverify.verdict.fingerprint import fingerprint
from tellverify.verdict.outcome import Conflict, Core, Refuted, Skipped, Unknown, status
from tellverify.verdict.properties import PROPERTIES
from tellverify.verdict.run import ProtocolReport, Run, Verdict

ProblemKind: TypeAlias = Literal["finding", "refuted", "unknown", "skipped"]


class Region(msgspec.Struct, frozen=True):
    """A range of a source, counted from 1, the end exclusive; without an end it is one place."""

    path: str
    line: int
    column: int
    end_line: int = 0
    end_column: int = 0


class Problem(msgspec.Struct, frozen=True):
    """One entry. `code` is empty when nothing gave one; `required` is True of findings.

    `repeats` says that another entry with the same evidence tells of it already, `accepted` that
    the baseline keeps it from counting.
    """

    kind: ProblemKind
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


def problems(run: Run, sources: Mapping[str, SourceFile]) -> list[Problem]:
    """All entries: findings and refutations in source order, then what is not known."""
    compared = Comparison(run)
    ordered = sorted(run.diagnostics, key=sort_key)
    tellers: dict[tuple[str, str], Diagnostic] = {}
    for one in ordered:
        if one.refutes:
            tellers.setdefault((one.protocol, one.refutes), one)
    found: list[Problem] = []
    unknown: list[Problem] = []
    used: set[Diagnostic] = set()
    for protocol in run.protocols:
        for verdict in protocol.verdicts:
            match verdict.outcome:
                case Refuted() as outcome:
                    teller = tellers.get((protocol.name, verdict.name))
                    if teller is not None:
                        used.add(teller)
                    found.append(_refuted(protocol, verdict, outcome, teller, sources, compared))
                case Unknown(reason=reason) | Skipped(reason=reason):
                    unknown.append(_unknown(protocol, verdict, reason, sources))
                case _:
                    pass
    found.extend(_finding(one, sources, compared) for one in ordered if one not in used)
    found.sort(key=_order)
    return _marked(found) + unknown


def _marked(found: Sequence[Problem]) -> list[Problem]:
    """`found` with those that repeat marked: what a finding tells of is never one of them."""
    shown: set[tuple[str, str, Trace | Conflict | Core]] = set()
    said = {(one.region.path, one.message) for one in found if one.diagnostic is not None}
    marked: dict[int, Problem] = {}
    for position in sorted(range(len(found)), key=lambda at: found[at].diagnostic is None):
        one = found[position]
        outcome = one.verdict.outcome if one.verdict is not None else None
        if one.protocol is None or not isinstance(outcome, Refuted):
            marked[position] = one
            continue
        key = (one.protocol.name, outcome.code, outcome.evidence)
        known = key in shown
        if isinstance(outcome.evidence, Conflict):
            known = known or (outcome.evidence.path, outcome.evidence.reason) in said
        shown.add(key)
        repeats = known and one.diagnostic is None
        marked[position] = msgspec.structs.replace(one, repeats=True) if repeats else one
    return [marked[position] for position in range(len(found))]


def region_of(annotation: Annotation, path: str, sources: Mapping[str, SourceFile]) -> Region:
    """The region of an annotation; `path` is that of its diagnostic."""
    where = annotation.path or path
    source = sources.get(where)
    line, column = location(source, annotation.span.start)
    if source is None:
        return Region(where, line, column)
    return Region(where, line, column, *location(source, annotation.span.end))


def message_of(protocol: ProtocolReport, verdict: Verdict, outcome: Refuted) -> str:
    """Why an obligation does not hold, as a sentence without full stop."""
    evidence = outcome.evidence
    why = evidence.explanation if isinstance(evidence, Trace) else evidence.reason
    text = why or PROPERTIES[verdict.property].sentence.removesuffix(".")
    return f"`{verdict.name}` of `{protocol.name}` does not hold: {text}"


def _order(problem: Problem) -> tuple[str, int, int, str, str]:
    region = problem.region
    return region.path, region.line, region.column, problem.code, problem.message


def _refuted(
    protocol: ProtocolReport,
    verdict: Verdict,
    outcome: Refuted,
    teller: Diagnostic | None,
    sources: Mapping[str, SourceFile],
    compared: Comparison,
) -> Problem:
    if teller is not None:
        region = region_of(teller.primary, teller.path, sources)
        message, severity = teller.message, teller.severity
    else:
        region = Region(*line_of(protocol, verdict, sources))
        message = message_of(protocol, verdict, outcome)
        severity = Severity.ERROR if verdict.required else Severity.WARNING
    digest = fingerprint(protocol.name, verdict)
    return Problem(
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
        teller,
        accepted=compared.accepts(digest),
    )


def _unknown(
    protocol: ProtocolReport, verdict: Verdict, reason: str, sources: Mapping[str, SourceFile]
) -> Problem:
    word = status(verdict.outcome)
    return Problem(
        "unknown" if word == "unknown" else "skipped",
        code_of(verdict.outcome),
        Severity.WARNING if verdict.required else Severity.NOTE,
        f"`{verdict.name}` of `{protocol.name}` is {word}: {reason}",
        Region(*line_of(protocol, verdict, sources)),
        fingerprint(protocol.name, verdict),
        verdict.required,
        None,
        protocol,
        verdict,
    )


def _finding(
    diagnostic: Diagnostic, sources: Mapping[str, SourceFile], compared: Comparison
) -> Problem:
    return Problem(
        "finding",
        diagnostic.code.number,
        diagnostic.severity,
        diagnostic.message,
        region_of(diagnostic.primary, diagnostic.path, sources),
        compared.fingerprint_of(diagnostic),
        state=compared.finding_state(diagnostic),
        diagnostic=diagnostic,
        accepted=compared.accepts(compared.fingerprint_of(diagnostic)),
    )
