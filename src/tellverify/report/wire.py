"""A run as JSON: schema `tellverify/run-1`, shipped as `schema/run-1.json`.

Within a version the schema only grows. No clock, no path of this machine, keys in a fixed order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

import msgspec

from tellverify.diagnostics.model import Annotation, Diagnostic, sort_key
from tellverify.evidence.trace import Trace
from tellverify.report.comparison import Comparison
from tellverify.report.escape import encodable
from tellverify.report.excerpt import location
from tellverify.report.grouping import code_of, evidence_of, line_of, totals, verdict_id
from tellverify.report.wire_model import (
    SCHEMA,
    Engine,
    Evidence,
    Finding,
    Method,
    Place,
    Premise,
    Queue,
    Scope,
    Tool,
    Vacuity,
    WireAssumption,
    WireBaseline,
    WireBefore,
    WireCoverage,
    WireCoverageRow,
    WireDrawing,
    WireDrawings,
    WireExit,
    WireFile,
    WireInput,
    WireMove,
    WireProtocol,
    WireRun,
    WireStep,
    WireSubject,
    WireSuppression,
    WireTrace,
    WireVerdict,
    WireWaiting,
)
from tellverify.source.text import SourceFile
from tellverify.verdict.drawing import Drawing, Drawings
from tellverify.verdict.fingerprint import fingerprint
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
from tellverify.verdict.property import SEMANTICS, STATEMENTS
from tellverify.verdict.run import (
    Before,
    Coverage,
    EvidenceFile,
    Family,
    Input,
    ProtocolReport,
    Run,
    Verdict,
)
from tellverify.version import VERSION

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

LONGEST_TEXT: Final = 262_144  # characters of an input that are kept in the run
_SEARCHES: Final = ("runs", "enumeration", "persistent sets", "k-multiparty compatibility")
_SYNTACTIC: Final = ("", "structure", "sets")
_VACUITY: Final[dict[str, Vacuity]] = {"exercised": "exercised", "vacuous": "vacuous"}


def write_json(run: Run, sources: Mapping[str, SourceFile]) -> str:
    """The JSON text of `run`."""
    return json_text(run_value(run, sources))


def run_value(run: Run, sources: Mapping[str, SourceFile]) -> WireRun:
    """`run` in the shape of its JSON."""
    compared = Comparison(run)
    files = evidence_of(run)
    return WireRun(
        schema=SCHEMA,
        tool=Tool("tellverify", VERSION),
        command=run.command,
        solvers=run.solvers,
        inputs=tuple(
            WireInput(_slashed(one.path), one.sha256, _text(one, sources)) for one in run.inputs
        ),
        configuration={"dialect": run.dialect, **dict(run.configuration)},
        semantics=SEMANTICS,
        protocols=tuple(_protocol(one, sources, files, compared) for one in run.protocols),
        diagnostics=tuple(
            _finding(one, sources, compared) for one in sorted(run.diagnostics, key=sort_key)
        ),
        assumptions=tuple(_assumptions(run)),
        suppressions=tuple(
            WireSuppression(
                one.kind, one.reason, one.place, _finding(one.diagnostic, sources, compared)
            )
            for one in run.suppressions
        ),
        baseline=_baseline(run, compared),
        totals=totals(run),
        exit=WireExit(run.exit_code, run.exit_reason),
        evidence=tuple(
            WireFile(one.obligation, _slashed(one.path), one.sha256) for one in run.evidence
        )
        or msgspec.UNSET,
        timing=dict(run.timing) if run.timing else msgspec.UNSET,
    )


def json_text(value: msgspec.Struct | Json) -> str:
    """`value` as indented JSON that ends with a line break; lone surrogates are written out."""
    try:
        encoded = msgspec.json.encode(value)
    except UnicodeEncodeError:
        encoded = msgspec.json.encode(_encodable(msgspec.to_builtins(value)))
    return msgspec.json.format(encoded, indent=2).decode() + "\n"


def _text(one: Input, sources: Mapping[str, SourceFile]) -> str:
    """The text of an input, so that a stored run can quote it; empty when it is long."""
    source = sources.get(one.path)
    if source is None or len(source.text) > LONGEST_TEXT:
        return ""
    encoded = source.text.encode("utf-8", "surrogatepass")
    return source.text if hashlib.sha256(encoded).hexdigest() == one.sha256 else ""


def _baseline(run: Run, compared: Comparison) -> WireBaseline:
    if run.baseline is None:
        return WireBaseline()
    return WireBaseline(
        _slashed(run.baseline.path),
        run.baseline.known,
        tuple(map(_before, run.baseline.previous)),
        tuple(map(_before, compared.fixed())),
    )


def _before(one: Before) -> WireBefore:
    return WireBefore(one.protocol, one.name, one.status, one.fingerprint, one.code)


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
    protocol: ProtocolReport,
    sources: Mapping[str, SourceFile],
    files: Mapping[str, EvidenceFile],
    compared: Comparison,
) -> WireProtocol:
    return WireProtocol(
        name=protocol.name,
        path=_slashed(protocol.path),
        line=protocol.line,
        roles=protocol.roles,
        families=_instances(protocol.families),
        events=protocol.event_count,
        verdicts=tuple(
            _verdict(protocol, one, sources, files, compared) for one in protocol.verdicts
        ),
        drawings=_drawings(protocol.drawings) if protocol.drawings is not None else msgspec.UNSET,
        coverage=_coverage(protocol.coverage) if protocol.coverage is not None else msgspec.UNSET,
    )


def _coverage(coverage: Coverage) -> WireCoverage:
    rows = tuple(
        WireCoverageRow(
            row.kind,
            row.label,
            row.line,
            row.column,
            row.role,
            _count(row.places),
            _count(row.runs),
        )
        for row in coverage.rows
    )
    return WireCoverage(rows, coverage.instance, _count(coverage.states), _count(coverage.runs))


def _count(number: int) -> int | msgspec.UnsetType:
    """A count, unless nobody counted."""
    return number if number >= 0 else msgspec.UNSET


def _drawings(drawings: Drawings) -> WireDrawings:
    return WireDrawings(
        drawings.instance,
        _drawing(drawings.graph) if drawings.graph is not None else None,
        tuple(map(_drawing, drawings.machines)),
        drawings.omitted,
    )


def _drawing(drawing: Drawing) -> WireDrawing:
    moves = tuple(
        WireMove(one.source, one.target, one.sender, one.receiver, one.label, one.line)
        for one in drawing.moves
    )
    return WireDrawing(drawing.states, drawing.final, moves, drawing.roles)


def _instances(families: Sequence[Family]) -> dict[str, tuple[int, ...]]:
    return {family.name: family.sizes for family in families}


def _verdict(
    protocol: ProtocolReport,
    verdict: Verdict,
    sources: Mapping[str, SourceFile],
    files: Mapping[str, EvidenceFile],
    compared: Comparison,
) -> WireVerdict:
    outcome = verdict.outcome
    identity = verdict_id(protocol.name, verdict)
    subject = verdict.subject
    path, line, column = line_of(protocol, verdict, sources)
    here = Place(_slashed(path), line, column, *_end(outcome, sources.get(path)))
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
    text = STATEMENTS[verdict.property].text.removesuffix(".")
    subject = verdict.subject
    about = f"protocol `{protocol.name}`"
    if subject.channel is not None:
        about += f", channel from `{subject.channel[0]}` to `{subject.channel[1]}`"
    elif len(subject.roles) == 1:
        about += f", role `{subject.roles[0]}`"
    elif subject.roles:
        about += f", {len(subject.roles)} roles"
    if subject.item:
        about += f", `{subject.item}`"
    return f"{about[0].upper()}{about[1:]}: {text[0].lower()}{text[1:]}, under {SEMANTICS}."


def _scope(protocol: ProtocolReport, verdict: Verdict) -> Scope:
    instances = _instances(protocol.families)
    match verdict.outcome:
        case Proved() | Refuted():
            return Scope("all-runs", instances=instances)
        case Bounded(bound=bound):
            return Scope("up-to", bound, instances)
        case Unknown() | Skipped() | Assumed():
            return Scope("none")


def _method(verdict: Verdict) -> Method:
    match verdict.outcome:
        case Proved(method, detail) | Bounded(_, method, detail):
            options = {"method": method, "detail": detail}
            return Method(_engine(method), {key: text for key, text in options.items() if text})
        case Refuted(method=method):
            return Method(_engine(method), {"method": method} if method else {})
        case Unknown() | Skipped() | Assumed():
            return Method("none", {})


def _engine(method: str) -> Engine:
    if "SMT" in method or "z3" in method.partition(";")[0] or method == "induction":
        return "smt"
    if "search" in method or method in _SEARCHES:
        return "search"
    if method in _SYNTACTIC:
        return "syntactic"
    # What is left is decided on the graph, role by role: merging, and the complete conditions.
    return "projection"


def _evidence(
    verdict: Verdict, sources: Mapping[str, SourceFile], file: EvidenceFile | None
) -> Evidence:
    outcome = verdict.outcome
    path = _slashed(file.path) if file is not None else ""
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
                _place(Annotation(span), conflict.path, sources)
                for span in (conflict.left, conflict.right)
            )
            return Evidence(
                "conflict",
                rechecked=_engine(outcome.method) != "smt",
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
                path=path or _slashed(core.script),
                sha256=sha256,
                instance=outcome.instance,
                reason=core.reason,
                premises=tuple(
                    Premise(one.name, one.text, _slashed(one.path), one.line)
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
                path=_slashed(step.site.path),
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


def _place(annotation: Annotation, path: str, sources: Mapping[str, SourceFile]) -> Place:
    where = annotation.path or path
    source = sources.get(where)
    line, column = location(source, annotation.span.start)
    end_line, end_column = location(source, annotation.span.end)
    return Place(_slashed(where), line, column, end_line, end_column, annotation.text)


def _finding(
    diagnostic: Diagnostic, sources: Mapping[str, SourceFile], compared: Comparison
) -> Finding:
    return Finding(
        code=diagnostic.code.number,
        name=diagnostic.code.name,
        severity=str(diagnostic.severity),
        message=diagnostic.message,
        location=_place(diagnostic.primary, diagnostic.path, sources),
        fingerprint=compared.fingerprint_of(diagnostic),
        others=tuple(_place(one, diagnostic.path, sources) for one in diagnostic.others),
        notes=diagnostic.notes,
        helps=diagnostic.helps,
        protocol=diagnostic.protocol,
        refutes=diagnostic.refutes,
        upstream=diagnostic.upstream,
        baseline=compared.finding_state(diagnostic) or msgspec.UNSET,
    )


def _assumptions(run: Run) -> list[WireAssumption]:
    """The ledger, and what is assumed without an entry of it."""
    found = [
        WireAssumption(
            one.number,
            f"{one.protocol}/{one.obligation}",
            one.reason,
            one.place,
            one.owner,
            one.until,
            one.in_force,
            one.is_new,
        )
        for one in run.assumptions
    ]
    listed = {one.number for one in run.assumptions}
    for protocol in run.protocols:
        for verdict in protocol.verdicts:
            outcome = verdict.outcome
            if isinstance(outcome, Assumed) and outcome.ledger not in listed:
                identity = verdict_id(protocol.name, verdict)
                found.append(
                    WireAssumption(outcome.ledger, identity, outcome.reason, outcome.place)
                )
    return found
