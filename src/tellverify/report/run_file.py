"""A run as a file, schema `tellverify/run-2`: the values of `verdict.run` as JSON.

What a reader would have to derive is filled in when a run is written. Within a version the schema,
which is generated from the types, only grows. No clock, no path of this machine, keys in a fixed
order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

import msgspec

from tellverify.diagnostics.model import Diagnostic, sort_key
from tellverify.report.escape import encodable
from tellverify.report.grouping import all_evidence_of, place_of, totals
from tellverify.source.text import SourceFile
from tellverify.verdict.comparison import RunComparison
from tellverify.verdict.fingerprint import fingerprint
from tellverify.verdict.identity import slashed
from tellverify.verdict.methods import Engine
from tellverify.verdict.outcome import (
    Assumed,
    Bounded,
    Outcome,
    Proved,
    Refuted,
    Skipped,
    Unknown,
)
from tellverify.verdict.run import EvidenceFile, Input, ProtocolReport, Run, Verdict
from tellverify.verdict.statements import statement
from tellverify.version import VERSION

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

SCHEMA: Final = "tellverify/run-2"
LONGEST_TEXT: Final = 262_144  # characters of an input that are kept in the run


class StoredError(Exception):
    """A file that is no stored run; the message says why and begins in lower case."""


class Tool(msgspec.Struct, frozen=True):
    """What made the run."""

    name: str
    version: str


class RunFile(Run, frozen=True, kw_only=True, rename="camel"):
    """A run with what readers would have to derive: what it presumes, and its totals."""

    schema: Literal["tellverify/run-2"]
    tool: Tool
    totals: dict[str, int]
    presumed: str = msgspec.field(name="semantics")


def write_json(run: Run, sources: Mapping[str, SourceFile]) -> str:
    """The JSON text of `run`."""
    written: Json = msgspec.to_builtins(completed(run, sources))
    if not isinstance(written, dict):
        raise TypeError("a run is written as an object")
    head = {key: written.pop(key) for key in ("schema", "tool", "command", "semantics", "totals")}
    return json_text({**head, **written})


def json_text(value: object) -> str:
    """`value` as indented JSON that ends with a line break; lone surrogates are written out."""
    try:
        encoded = msgspec.json.encode(value)
    except UnicodeEncodeError:
        encoded = msgspec.json.encode(_encodable(msgspec.to_builtins(value)))
    return msgspec.json.format(encoded, indent=2).decode() + "\n"


def completed(run: Run, sources: Mapping[str, SourceFile]) -> RunFile:
    """`run` with everything that its file says and that follows from the rest."""
    compared = RunComparison(run)
    files = all_evidence_of(run)
    done = msgspec.structs.replace(
        run,
        inputs=tuple(_input(one, sources) for one in run.inputs),
        protocols=tuple(
            msgspec.structs.replace(
                protocol,
                path=slashed(protocol.path),
                verdicts=tuple(
                    _completed(protocol, verdict, compared, files) for verdict in protocol.verdicts
                ),
            )
            for protocol in run.protocols
        ),
        diagnostics=tuple(_marked(one, compared) for one in sorted(run.diagnostics, key=sort_key)),
        suppressions=tuple(
            msgspec.structs.replace(one, diagnostic=_marked(one.diagnostic, compared))
            for one in run.suppressions
        ),
    )
    fields = {name: getattr(done, name) for name in Run.__struct_fields__}
    return RunFile(
        **fields,
        schema=SCHEMA,
        tool=Tool("tellverify", VERSION),
        totals=totals(run),
        presumed=run.semantics,
    )


def _input(one: Input, sources: Mapping[str, SourceFile]) -> Input:
    """An input with its text, so that a stored run can quote it, unless that is long."""
    source = sources.get(one.path)
    text = ""
    if source is not None and len(source.text) <= LONGEST_TEXT:
        encoded = source.text.encode("utf-8", "surrogatepass")
        text = source.text if hashlib.sha256(encoded).hexdigest() == one.sha256 else ""
    return Input(slashed(one.path), one.sha256, text)


def _completed(
    protocol: ProtocolReport,
    verdict: Verdict,
    compared: RunComparison,
    files: Mapping[str, tuple[EvidenceFile, ...]],
) -> Verdict:
    identity = protocol.id_of(verdict).text
    evidence = files.get(identity, ())
    outcome = verdict.outcome
    if isinstance(outcome, Refuted) and outcome.diagnostic is not None:
        marked = _marked(outcome.diagnostic, compared)
        outcome = msgspec.structs.replace(outcome, diagnostic=marked)
    return msgspec.structs.replace(
        verdict,
        outcome=outcome,
        id=identity,
        statement=statement(protocol, verdict),
        fingerprint=fingerprint(protocol.subject, verdict),
        state=compared.state(protocol, verdict),
        place=place_of(protocol, verdict),
        evidence=evidence[0] if evidence else None,
        further_evidence=evidence[1:],
        engine=_engine(outcome),
    )


def _engine(outcome: Outcome) -> Engine:
    match outcome:
        case Proved(method=method) | Bounded(method=method) | Refuted(method=method):
            return method.row.engine
        case Unknown() | Skipped() | Assumed():
            return Engine.NONE


def _marked(diagnostic: Diagnostic, compared: RunComparison) -> Diagnostic:
    digest = compared.fingerprint_of(diagnostic)
    return msgspec.structs.replace(diagnostic, fingerprint=digest)


def _encodable(value: Json) -> Json:
    """`value` with the surrogates of undecodable paths written out; as deep as the schema."""
    match value:
        case str():
            return encodable(value)
        case list() | tuple():
            return [_encodable(item) for item in value]
        case dict():
            return {encodable(key): _encodable(item) for key, item in value.items()}
        case bool() | int() | float() | None:
            return value
