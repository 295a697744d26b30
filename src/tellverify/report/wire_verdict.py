"""A verdict with its evidence in the shape of its JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from tellverify.diagnostics.model import Annotation
from tellverify.model.trace import Trace
from tellverify.report.comparison import Comparison
from tellverify.report.excerpt import location
from tellverify.report.grouping import code_of, line_of, verdict_id
from tellverify.report.wire_model import (
    Evidence,
    Place,
    Premise,
    Queue,
    Scope,
    Vacuity,
    WireMethod,
    WireStep,
    WireSubject,
    WireTrace,
    WireVerdict,
    WireWaiting,
)
from tellverify.source.text import SourceFile
from tellverify.verdict.fingerprint import fingerprint
from tellverify.verdict.methods import Engine
from tellverify.verdict.outcome import (
    Assumed,
    Bounded,
    Conflict,
    Core,
    Outcome,
    Proved,
    Refuted,
    Skipped,
    Unknown,
    status,
)
from tellverify.verdict.properties import PROPERTIES, PropertyScope, semantics_of
from tellverify.verdict.run import (
    EvidenceFile,
    Family,
    ProtocolReport,
    Verdict,
)

_KINDS: Final = {PropertyScope.STRUCTURE: "structure", PropertyScope.MODEL: "model"}
_VACUITY: Final[dict[str, Vacuity]] = {"exercised": "exercised", "vacuous": "vacuous"}


def slashed(path: str) -> str:
    """A path with `/` between its parts."""
    return path.replace("\\", "/")


def instances_of(families: Sequence[Family]) -> dict[str, tuple[int, ...]]:
    """The sizes of each family."""
    return {family.name: family.sizes for family in families}


def wire_verdict(
    protocol: ProtocolReport,
    verdict: Verdict,
    sources: Mapping[str, SourceFile],
    files: Mapping[str, EvidenceFile],
    compared: Comparison,
) -> WireVerdict:
    """`verdict` with its place, its scope, how it is known, and what shows it."""
    outcome = verdict.outcome
    identity = verdict_id(protocol.name, verdict)
    subject = verdict.subject
    path, line, column = line_of(protocol, verdict, sources)
    here = Place(slashed(path), line, column, *_end(outcome, sources.get(path)))
    return WireVerdict(
        id=identity,
        property=str(verdict.property),
        subject=WireSubject(
            protocol.name,
            role=subject.roles[0] if len(subject.roles) == 1 else "",
            roles=subject.roles if len(subject.roles) > 1 else (),
            channel=subject.channel or (),
            item=subject.item,
        ),
        statement=statement(protocol, verdict),
        status=status(outcome),
        required=verdict.required,
        scope=_scope(protocol, verdict),
        method=_method(verdict),
        assumptions=(outcome.ledger,) if isinstance(outcome, Assumed) and outcome.ledger else (),
        evidence=_evidence(verdict, sources, files.get(identity)),
        vacuity=_VACUITY.get(verdict.vacuity, "not-checked"),
        code=code_of(outcome) or None,
        locations=(here,),
        fingerprint=fingerprint(protocol.name, verdict),
        statistics=dict(verdict.statistics),
        reason=_reason(outcome),
        baseline=compared.state(protocol, verdict) or msgspec.UNSET,
    )


def _end(outcome: Outcome, source: SourceFile | None) -> tuple[int, int]:
    """Line and column of the end of the statement at which a run shows its fault, or zeros."""
    if isinstance(outcome, Refuted) and isinstance(outcome.evidence, Trace):
        site = outcome.evidence.place
        if site.line and site.span.end > site.span.start and source is not None:
            return location(source, site.span.end)
    return 0, 0


def _reason(outcome: Outcome) -> str | msgspec.UnsetType:
    match outcome:
        case Unknown(reason) | Skipped(reason) | Assumed(reason):
            return reason
        case Refuted(reason=reason) if reason:
            return reason
        case _:
            return msgspec.UNSET


def statement(protocol: ProtocolReport, verdict: Verdict) -> str:
    """The sentence of an obligation, complete without the rest of the report."""
    text = PROPERTIES[verdict.property].sentence.removesuffix(".")
    subject = verdict.subject
    about = f"{_KINDS.get(PROPERTIES[verdict.property].scope, 'protocol')} `{protocol.name}`"
    if subject.channel is not None:
        about += f", channel from `{subject.channel[0]}` to `{subject.channel[1]}`"
    elif len(subject.roles) == 1:
        about += f", role `{subject.roles[0]}`"
    elif subject.roles:
        about += f", {len(subject.roles)} roles"
    if subject.item:
        about += f", `{subject.item}`"
    presumed = semantics_of(verdict.property)
    under = f", under {presumed}" if presumed else ""
    return f"{about[0].upper()}{about[1:]}: {text[0].lower()}{text[1:]}{under}."


def _scope(protocol: ProtocolReport, verdict: Verdict) -> Scope:
    instances = instances_of(protocol.families)
    match verdict.outcome:
        case Proved() | Refuted():
            return Scope("all-runs", instances=instances)
        case Bounded(bound=bound):
            return Scope("up-to", bound, instances)
        case Unknown() | Skipped() | Assumed():
            return Scope("none")


def _method(verdict: Verdict) -> WireMethod:
    match verdict.outcome:
        case Proved(method, detail) | Bounded(_, method, detail):
            options = {"method": method.row.title, "detail": detail}
            shown = {key: text for key, text in options.items() if text}
            return WireMethod(method.row.engine, shown, method)
        case Refuted(method=method):
            return WireMethod(method.row.engine, {"method": method.row.title}, method)
        case Unknown() | Skipped() | Assumed():
            return WireMethod(Engine.NONE, {})


def _evidence(
    verdict: Verdict, sources: Mapping[str, SourceFile], file: EvidenceFile | None
) -> Evidence:
    outcome = verdict.outcome
    path = slashed(file.path) if file is not None else ""
    sha256 = file.sha256 if file is not None else ""
    if verdict.witness is not None:
        return Evidence(
            "witness",
            rechecked=True,
            path=path,
            sha256=sha256,
            instance=verdict.witness.instance,
            trace=_trace(verdict.witness.trace),
        )
    if not isinstance(outcome, Refuted):
        return Evidence("certificate" if path else "none", path=path, sha256=sha256)
    match outcome.evidence:
        case Trace() as trace:
            return Evidence(
                "counterexample",
                rechecked=True,
                path=path,
                sha256=sha256,
                instance=outcome.instance,
                trace=_trace(trace),
            )
        case Conflict() as conflict:
            places = tuple(
                wire_place(Annotation(span), conflict.path, sources)
                for span in (conflict.left, conflict.right)
            )
            return Evidence(
                "conflict",
                rechecked=outcome.method.row.engine is not Engine.SMT,
                path=path,
                sha256=sha256,
                instance=outcome.instance,
                reason=conflict.reason,
                places=places,
            )
        case Core() as core:
            return Evidence(
                "core",
                rechecked=True,
                path=path or slashed(core.script),
                sha256=sha256,
                instance=outcome.instance,
                reason=core.reason,
                premises=tuple(
                    Premise(one.name, one.text, slashed(one.path), one.line)
                    for one in core.premises
                ),
            )


def _trace(trace: Trace) -> WireTrace:
    return WireTrace(
        fault=str(trace.fault),
        steps=tuple(
            WireStep(
                action="send" if step.send else "receive",
                role=step.actor,
                peer=step.receiver if step.send else step.sender,
                label=step.label,
                path=slashed(step.site.path),
                line=step.site.line,
                branch=step.site.branch,
                column=step.site.column,
                length=step.site.span.end - step.site.span.start,
            )
            for step in trace.steps
        ),
        culprits=trace.culprits,
        explanation=trace.explanation,
        minimal=trace.minimal,
        queues=tuple(Queue(*queue) for queue in trace.queues),
        waiting=tuple(WireWaiting(one.role, one.finished, one.awaits) for one in trace.waiting),
        loop=trace.loop,
        states=trace.states,
    )


def wire_place(annotation: Annotation, path: str, sources: Mapping[str, SourceFile]) -> Place:
    """The range of an annotation; `path` is that of its diagnostic."""
    where = annotation.path or path
    source = sources.get(where)
    line, column = location(source, annotation.span.start)
    end_line, end_column = location(source, annotation.span.end)
    return Place(slashed(where), line, column, end_line, end_column, annotation.text)
