"""A run as JSON: schema `tellverify/run-1`, shipped as `schema/run-1.json`.

Within a version the schema only grows. No clock, no path of this machine, keys in a fixed order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeAlias

import msgspec

from tellverify.diagnostics.model import Annotation, Diagnostic, sort_key
from tellverify.evidence.trace import Trace
from tellverify.report.escape import encodable
from tellverify.report.excerpt import location
from tellverify.report.grouping import code_of, line_of, totals, verdict_id
from tellverify.source.text import SourceFile
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
from tellverify.verdict.property import SEMANTICS, STATEMENTS
from tellverify.verdict.run import Family, ProtocolReport, Run, Verdict
from tellverify.version import VERSION

SCHEMA: Final = "tellverify/run-1"
_FINGERPRINT: Final = "obligation/v1"

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
Engine: TypeAlias = Literal["syntactic", "projection", "search", "smt", "none"]

NOTHING: Final[Mapping[str, str]] = {}


class _Place(msgspec.Struct, frozen=True, omit_defaults=True):
    path: str
    line: int
    column: int
    end_line: int = msgspec.field(name="endLine", default=0)
    end_column: int = msgspec.field(name="endColumn", default=0)
    text: str = ""


class _Subject(msgspec.Struct, frozen=True, omit_defaults=True):
    protocol: str
    role: str = ""
    roles: tuple[str, ...] = ()
    channel: tuple[str, ...] = ()
    item: str = ""


class _Scope(msgspec.Struct, frozen=True, omit_defaults=True):
    kind: Literal["all-runs", "up-to", "none"]
    bound: str = ""
    instances: dict[str, tuple[int, ...]] = {}


class _Method(msgspec.Struct, frozen=True):
    engine: Engine
    options: dict[str, str]


class _Step(msgspec.Struct, frozen=True, omit_defaults=True):
    action: Literal["send", "receive"]
    role: str
    peer: str
    label: str
    path: str = ""
    line: int = 0
    branch: str = ""


class _Queue(msgspec.Struct, frozen=True):
    sender: str
    receiver: str
    labels: tuple[str, ...]


class _Waiting(msgspec.Struct, frozen=True):
    role: str
    finished: bool
    awaits: tuple[tuple[str, str], ...]


class _Trace(msgspec.Struct, frozen=True, omit_defaults=True):
    fault: str
    steps: tuple[_Step, ...]
    culprits: tuple[str, ...]
    explanation: str
    minimal: bool
    queues: tuple[_Queue, ...]
    waiting: tuple[_Waiting, ...]
    loop: int = -1


class _Premise(msgspec.Struct, frozen=True, omit_defaults=True):
    name: str
    text: str
    path: str = ""
    line: int = 0


class _Evidence(msgspec.Struct, frozen=True, omit_defaults=True):
    kind: Literal["none", "counterexample", "conflict", "core", "witness", "certificate"]
    rechecked: bool | msgspec.UnsetType = msgspec.UNSET
    path: str = ""
    instance: str = ""
    trace: _Trace | None = None
    reason: str = ""
    places: tuple[_Place, ...] = ()
    premises: tuple[_Premise, ...] = ()


class _Verdict(msgspec.Struct, frozen=True):
    id: str
    property: str
    subject: _Subject
    statement: str
    status: str
    required: bool
    scope: _Scope
    method: _Method
    assumptions: tuple[str, ...]
    evidence: _Evidence
    code: str | None
    locations: tuple[_Place, ...]
    fingerprint: str
    statistics: dict[str, int]
    reason: str | msgspec.UnsetType = msgspec.UNSET


class _Diagnostic(msgspec.Struct, frozen=True, omit_defaults=True):
    code: str
    name: str
    severity: str
    message: str
    location: _Place
    others: tuple[_Place, ...] = ()
    notes: tuple[str, ...] = ()
    helps: tuple[str, ...] = ()
    protocol: str = ""
    refutes: str = ""
    upstream: str = ""


class _Protocol(msgspec.Struct, frozen=True):
    name: str
    path: str
    line: int
    roles: tuple[str, ...]
    families: dict[str, tuple[int, ...]]
    events: int
    verdicts: tuple[_Verdict, ...]


class _Assumption(msgspec.Struct, frozen=True):
    ledger: str
    obligation: str
    reason: str
    place: str


class _Tool(msgspec.Struct, frozen=True):
    name: str
    version: str


class _Input(msgspec.Struct, frozen=True):
    path: str
    sha256: str


class _Exit(msgspec.Struct, frozen=True):
    code: int
    reason: str


class _Run(msgspec.Struct, frozen=True):
    schema: str
    tool: _Tool
    solvers: tuple[str, ...]
    inputs: tuple[_Input, ...]
    configuration: dict[str, str]
    semantics: str
    protocols: tuple[_Protocol, ...]
    diagnostics: tuple[_Diagnostic, ...]
    assumptions: tuple[_Assumption, ...]
    suppressions: tuple[str, ...]
    baseline: dict[str, str]
    totals: dict[str, int]
    exit: _Exit


def write_json(
    run: Run, sources: Mapping[str, SourceFile], *, traces: Mapping[str, str] = NOTHING
) -> str:
    """The JSON text of `run`; `traces` maps ids of refuted obligations to paths of ITF files."""
    value = _Run(
        schema=SCHEMA,
        tool=_Tool("tellverify", VERSION),
        solvers=(),
        inputs=tuple(_Input(_slashed(one.path), one.sha256) for one in run.inputs),
        configuration={"dialect": run.dialect},
        semantics=SEMANTICS,
        protocols=tuple(_protocol(protocol, sources, traces) for protocol in run.protocols),
        diagnostics=tuple(
            _diagnostic(one, sources) for one in sorted(run.diagnostics, key=sort_key)
        ),
        assumptions=tuple(_assumptions(run)),
        suppressions=(),
        baseline={},
        totals=totals(run),
        exit=_Exit(run.exit_code, run.exit_reason),
    )
    try:
        encoded = msgspec.json.encode(value)
    except UnicodeEncodeError:
        encoded = msgspec.json.encode(_encodable(msgspec.to_builtins(value)))
    return msgspec.json.format(encoded, indent=2).decode() + "\n"


def _encodable(value: Json) -> Json:
    """`value` with the surrogates of undecodable paths written out; as deep as the schema."""
    match value:
        case str():
            return encodable(value)
        case list() | tuple():
            return [_encodable(item) for item in value]
        case dict():
            return {encodable(key): _encodable(item) for key, item in value.items()}
        case _:
            return value


def _slashed(path: str) -> str:
    return path.replace("\\", "/")


def _protocol(
    protocol: ProtocolReport, sources: Mapping[str, SourceFile], traces: Mapping[str, str]
) -> _Protocol:
    return _Protocol(
        name=protocol.name,
        path=_slashed(protocol.path),
        line=protocol.line,
        roles=protocol.roles,
        families=_instances(protocol.families),
        events=protocol.event_count,
        verdicts=tuple(_verdict(protocol, one, sources, traces) for one in protocol.verdicts),
    )


def _instances(families: Sequence[Family]) -> dict[str, tuple[int, ...]]:
    return {family.name: family.sizes for family in families}


def _verdict(
    protocol: ProtocolReport,
    verdict: Verdict,
    sources: Mapping[str, SourceFile],
    traces: Mapping[str, str],
) -> _Verdict:
    outcome = verdict.outcome
    identity = verdict_id(protocol.name, verdict)
    subject = verdict.subject
    path, line, column = line_of(protocol, verdict, sources)
    here = _Place(_slashed(path), line, column)
    return _Verdict(
        id=identity,
        property=str(verdict.property),
        subject=_Subject(
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
        evidence=_evidence(verdict, sources, traces.get(identity, "")),
        code=code_of(outcome) or None,
        locations=(here,),
        fingerprint=fingerprint(protocol.name, verdict),
        statistics=dict(verdict.statistics),
        reason=outcome.reason
        if isinstance(outcome, Unknown | Skipped | Assumed)
        else msgspec.UNSET,
    )


def statement(protocol: ProtocolReport, verdict: Verdict) -> str:
    """The sentence of an obligation, complete without the rest of the report."""
    text = STATEMENTS[verdict.property].text.removesuffix(".")
    subject = verdict.subject
    about = f"protocol `{protocol.name}`"
    if subject.channel is not None:
        about += f", channel from `{subject.channel[0]}` to `{subject.channel[1]}`"
    elif len(subject.roles) == 1:
        about += f", role `{subject.roles[0]}`"
    elif subject.roles:
        about += f", {len(subject.roles)} roles"
    return f"{about[0].upper()}{about[1:]}: {text[0].lower()}{text[1:]}, under {SEMANTICS}."


def _scope(protocol: ProtocolReport, verdict: Verdict) -> _Scope:
    instances = _instances(protocol.families)
    match verdict.outcome:
        case Proved() | Refuted():
            return _Scope("all-runs", instances=instances)
        case Bounded(bound=bound):
            return _Scope("up-to", bound, instances)
        case Unknown() | Skipped() | Assumed():
            return _Scope("none")


def _method(verdict: Verdict) -> _Method:
    match verdict.outcome:
        case Proved(method=method) | Bounded(method=method) | Refuted(method=method):
            return _Method(_engine(method), {"method": method} if method else {})
        case Unknown() | Skipped() | Assumed():
            return _Method("none", {})


def _engine(method: str) -> Engine:
    if "search" in method:
        return "search"
    if "SMT" in method:
        return "smt"
    if not method or method == "structure":
        return "syntactic"
    # What is left is decided on the graph, role by role: merging, and the complete conditions.
    return "projection"


def _evidence(verdict: Verdict, sources: Mapping[str, SourceFile], path: str) -> _Evidence:
    outcome = verdict.outcome
    if not isinstance(outcome, Refuted):
        return _Evidence("none")
    match outcome.evidence:
        case Trace() as trace:
            return _Evidence(
                "counterexample",
                rechecked=True,
                path=_slashed(path),
                instance=outcome.instance,
                trace=_trace(trace),
            )
        case Conflict() as conflict:
            places = tuple(
                _place(Annotation(span), conflict.path, sources)
                for span in (conflict.left, conflict.right)
            )
            return _Evidence(
                "conflict",
                rechecked=_engine(outcome.method) != "smt",
                instance=outcome.instance,
                reason=conflict.reason,
                places=places,
            )
        case Core() as core:
            return _Evidence(
                "core",
                rechecked=True,
                instance=outcome.instance,
                reason=core.reason,
                path=_slashed(core.script),
                premises=tuple(
                    _Premise(one.name, one.text, _slashed(one.path), one.line)
                    for one in core.premises
                ),
            )


def _trace(trace: Trace) -> _Trace:
    return _Trace(
        fault=str(trace.fault),
        steps=tuple(
            _Step(
                action="send" if step.send else "receive",
                role=step.actor,
                peer=step.receiver if step.send else step.sender,
                label=step.label,
                path=_slashed(step.site.path),
                line=step.site.line,
                branch=step.site.branch,
            )
            for step in trace.steps
        ),
        culprits=trace.culprits,
        explanation=trace.explanation,
        minimal=trace.minimal,
        queues=tuple(_Queue(*queue) for queue in trace.queues),
        waiting=tuple(_Waiting(one.role, one.finished, one.awaits) for one in trace.waiting),
        loop=trace.loop,
    )


def _place(annotation: Annotation, path: str, sources: Mapping[str, SourceFile]) -> _Place:
    where = annotation.path or path
    source = sources.get(where)
    line, column = location(source, annotation.span.start)
    end_line, end_column = location(source, annotation.span.end)
    return _Place(_slashed(where), line, column, end_line, end_column, annotation.text)


def _diagnostic(diagnostic: Diagnostic, sources: Mapping[str, SourceFile]) -> _Diagnostic:
    return _Diagnostic(
        code=diagnostic.code.number,
        name=diagnostic.code.name,
        severity=str(diagnostic.severity),
        message=diagnostic.message,
        location=_place(diagnostic.primary, diagnostic.path, sources),
        others=tuple(_place(one, diagnostic.path, sources) for one in diagnostic.others),
        notes=diagnostic.notes,
        helps=diagnostic.helps,
        protocol=diagnostic.protocol,
        refutes=diagnostic.refutes,
        upstream=diagnostic.upstream,
    )


def _assumptions(run: Run) -> list[_Assumption]:
    return [
        _Assumption(
            verdict.outcome.ledger,
            verdict_id(protocol.name, verdict),
            verdict.outcome.reason,
            verdict.outcome.place,
        )
        for protocol in run.protocols
        for verdict in protocol.verdicts
        if isinstance(verdict.outcome, Assumed)
    ]


def fingerprint(protocol: str, verdict: Verdict) -> str:
    """What stays of an obligation and its refutation when lines move.

    A digest of the code, the protocol, the property, roles and channel, and of the labels and
    branches of the evidence; no path, line or column takes part.
    """
    outcome = verdict.outcome
    parts = [_FINGERPRINT, protocol, verdict.name, code_of(outcome)]
    if isinstance(outcome, Refuted) and isinstance(outcome.evidence, Trace):
        for step in outcome.evidence.steps:
            parts.extend((str(step), step.site.branch))
    digest = hashlib.sha256()
    for part in parts:
        encoded = part.encode("utf-8", "backslashreplace")
        digest.update(b"%d:%s" % (len(encoded), encoded))
    return digest.hexdigest()[:32]
