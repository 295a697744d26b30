"""A run as JSON: schema `tellverify/run-1`, shipped as `schema/run-1.json`.

Within a version the schema only grows. No clock, no path of this machine, keys in a fixed order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final, TypeAlias

import msgspec

from tellverify.diagnostics.model import Diagnostic
from tellverify.report.comparison import Comparison
from tellverify.report.escape import encodable
from tellverify.report.grouping import evidence_of, totals
from tellverify.report.wire_model import (
    SCHEMA,
    Finding,
    Tool,
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
    WireSuppression,
)
from tellverify.report.wire_verdict import instances_of, slashed, wire_place, wire_verdict
from tellverify.source.text import SourceFile
from tellverify.verdict.drawing import Drawing, Drawings
from tellverify.verdict.outcome import (
    Assumed,
)
from tellverify.verdict.properties import SEMANTICS
from tellverify.verdict.run import (
    Before,
    Coverage,
    EvidenceFile,
    Input,
    ProtocolReport,
    Run,
)
from tellverify.version import VERSION

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

LONGEST_TEXT: Final = 262_144  # characters of an input that are kept in the run


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
            WireInput(slashed(one.path), one.sha256, _text(one, sources)) for one in run.inputs
        ),
        configuration={"dialect": run.dialect}
        | {key: text for key, text in run.configuration if key != "dialect"},
        semantics=SEMANTICS,
        protocols=tuple(_protocol(one, sources, files, compared) for one in run.protocols),
        diagnostics=tuple(_finding(one, sources, compared) for one in run.findings),
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
            WireFile(one.obligation, slashed(one.path), one.sha256) for one in run.evidence
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
        slashed(run.baseline.path),
        run.baseline.known,
        tuple(map(_before, run.baseline.previous)),
        tuple(map(_before, compared.fixed())),
    )


def _before(one: Before) -> WireBefore:
    return WireBefore(
        one.protocol, one.name, one.status, one.fingerprint, one.code, slashed(one.path)
    )


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


def _protocol(
    protocol: ProtocolReport,
    sources: Mapping[str, SourceFile],
    files: Mapping[str, EvidenceFile],
    compared: Comparison,
) -> WireProtocol:
    return WireProtocol(
        name=protocol.name,
        path=slashed(protocol.path),
        line=protocol.line,
        roles=protocol.roles,
        families=instances_of(protocol.families),
        events=protocol.event_count,
        verdicts=tuple(
            wire_verdict(protocol, one, sources, files, compared) for one in protocol.verdicts
        ),
        drawings=_drawings(protocol.drawings) if protocol.drawings is not None else msgspec.UNSET,
        coverage=_coverage(protocol.coverage) if protocol.coverage is not None else msgspec.UNSET,
        kind=protocol.kind,
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


def _finding(
    diagnostic: Diagnostic, sources: Mapping[str, SourceFile], compared: Comparison
) -> Finding:
    return Finding(
        code=diagnostic.code.number,
        name=diagnostic.code.name,
        severity=str(diagnostic.severity),
        message=diagnostic.message,
        location=wire_place(diagnostic.primary, diagnostic.path, sources),
        fingerprint=compared.fingerprint_of(diagnostic),
        others=tuple(wire_place(one, diagnostic.path, sources) for one in diagnostic.others),
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
            one.id,
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
                identity = protocol.id_of(verdict).text
                found.append(
                    WireAssumption(outcome.ledger, identity, outcome.reason, outcome.place)
                )
    return found
