"""A stored run, schema `tellverify/run-1`, read back so that it can be rendered again.

Nothing is decided here. A file that is damaged, of another schema, or that contradicts itself is
refused: what was read is written again, and both must say the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeVar

import msgspec

from tellverify.diagnostics.codes import CODES
from tellverify.diagnostics.model import Annotation, Code, Diagnostic, Kind, Severity
from tellverify.report.excerpt import PlacesOnly
from tellverify.report.stored_outcomes import restored_verdict
from tellverify.report.stored_places import Places, StoredError
from tellverify.report.wire import run_value
from tellverify.report.wire_model import (
    SCHEMA,
    Finding,
    WireBefore,
    WireCoverage,
    WireDrawing,
    WireProtocol,
    WireRun,
)
from tellverify.source.text import SourceFile
from tellverify.verdict.drawing import Drawing, Drawings, Move
from tellverify.verdict.run import (
    Assumption,
    Baseline,
    Before,
    Coverage,
    CoverageRow,
    EvidenceFile,
    Family,
    Input,
    ProtocolReport,
    Run,
    Suppression,
)
from tellverify.version import VERSION

MOST_BYTES: Final = 256 * 1024 * 1024
_LONGEST: Final = 200
_T = TypeVar("_T")


class Stored(msgspec.Struct, frozen=True):
    """A run as it was stored, the texts it can quote, and the version that made it."""

    run: Run
    sources: dict[str, SourceFile]
    version: str

    @property
    def missing(self) -> tuple[str, ...]:
        """The inputs whose text is not at hand."""
        return tuple(
            one.path
            for one in self.run.inputs
            if isinstance(self.sources.get(one.path), PlacesOnly)
        )


def read_run(content: bytes, read_text: Callable[[str], str | None] | None = None) -> Stored:
    """The run in `content`. Raises StoredError for whatever is no run as `check` writes it.

    `read_text` gives the text of an input that the run does not carry, or None; it is used only
    when it is what the recorded SHA-256 is of.
    """
    value = _decoded(content)
    places = Places(value, read_text)
    run = _run(value, places)
    _agree(value, run, places.sources)
    return Stored(run, places.sources, value.tool.version)


def _decoded(content: bytes) -> WireRun:
    if len(content) > MOST_BYTES:
        raise StoredError(f"it is larger than {MOST_BYTES} bytes")
    try:
        schema = msgspec.json.decode(content, type=_Head).schema
        if schema != SCHEMA:
            raise StoredError(f"its schema is `{schema[:_LONGEST]}`, not `{SCHEMA}`")
        return msgspec.json.decode(content, type=WireRun)
    except msgspec.ValidationError as error:
        raise StoredError(f"it is no run: {_first_line(error)}") from None
    except msgspec.DecodeError as error:
        raise StoredError(f"it is not JSON: {_first_line(error)}") from None
    except UnicodeError:
        raise StoredError("it is not UTF-8") from None
    except RecursionError:
        raise StoredError("it is nested too deeply") from None


class _Head(msgspec.Struct, frozen=True):
    schema: str


def _first_line(error: Exception) -> str:
    words = str(error).partition("\n")[0]
    words = f"{words[0].lower()}{words[1:]}" if words else "it cannot be read"
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]}…"


def _run(value: WireRun, places: Places) -> Run:
    configuration = dict(value.configuration)
    dialect = configuration.pop("dialect", "strict")
    baseline = value.baseline
    has_baseline = bool(baseline.path or baseline.known or baseline.previous)
    evidence = value.evidence if isinstance(value.evidence, tuple) else ()
    return Run(
        inputs=tuple(Input(one.path, one.sha256) for one in value.inputs),
        protocols=tuple(_protocol(one, value, places) for one in value.protocols),
        diagnostics=tuple(_finding(one, places) for one in value.diagnostics),
        exit_code=value.exit.code,
        exit_reason=value.exit.reason,
        dialect=dialect,
        command=value.command,
        solvers=value.solvers,
        configuration=tuple(configuration.items()),
        assumptions=tuple(
            Assumption(
                one.ledger,
                *_parted(one.obligation),
                one.reason,
                one.place,
                one.owner,
                one.until,
                one.in_force,
                one.is_new,
            )
            for one in value.assumptions
        ),
        suppressions=tuple(
            Suppression(one.kind, _finding(one.finding, places), one.reason, one.place)
            for one in value.suppressions
        ),
        baseline=Baseline(baseline.path, baseline.known, tuple(map(_before, baseline.previous)))
        if has_baseline
        else None,
        evidence=tuple(EvidenceFile(one.of, one.path, one.sha256) for one in evidence),
        timing=tuple(value.timing.items()) if isinstance(value.timing, dict) else (),
    )


def _parted(identity: str) -> tuple[str, str]:
    """Protocol and obligation of `protocol/obligation`."""
    protocol, _, obligation = identity.partition("/")
    return protocol, obligation


def _before(one: WireBefore) -> Before:
    return Before(one.protocol, one.name, one.status, one.fingerprint, one.code)


def _protocol(value: WireProtocol, run: WireRun, places: Places) -> ProtocolReport:
    drawings = value.drawings
    coverage = value.coverage
    return ProtocolReport(
        name=value.name,
        path=value.path,
        line=value.line,
        roles=value.roles,
        families=tuple(Family(name, sizes) for name, sizes in value.families.items()),
        verdicts=tuple(restored_verdict(one, run, places) for one in value.verdicts),
        event_count=value.events,
        drawings=None
        if drawings is msgspec.UNSET
        else Drawings(
            drawings.instance,
            _drawing(drawings.graph) if drawings.graph is not None else None,
            tuple(map(_drawing, drawings.machines)),
            drawings.omitted,
        ),
        coverage=None if coverage is msgspec.UNSET else _coverage(coverage),
    )


def _drawing(value: WireDrawing) -> Drawing:
    """A drawing whose states exist. Raises StoredError otherwise."""
    states = [end for move in value.moves for end in (move.source, move.target)]
    if any(not 0 <= state < value.states for state in (*states, *value.final)):
        raise StoredError("a drawing names a state that it does not have")
    moves = tuple(
        Move(one.source, one.target, one.sender, one.receiver, one.label, one.line)
        for one in value.moves
    )
    return Drawing(value.roles, value.states, value.final, moves)


def _coverage(value: WireCoverage) -> Coverage:
    rows = tuple(
        CoverageRow(
            row.kind,
            row.label,
            row.role,
            row.line,
            row.column,
            _count(row.places),
            _count(row.runs),
        )
        for row in value.rows
    )
    return Coverage(value.instance, _count(value.states), _count(value.runs), rows)


def _count(number: int | msgspec.UnsetType) -> int:
    return number if isinstance(number, int) else -1


def _finding(value: Finding, places: Places) -> Diagnostic:
    try:
        severity = Severity(value.severity)
    except ValueError:
        raise StoredError(f"`{value.severity[:_LONGEST]}` is no severity") from None
    code = CODES.get(value.code) or Code(value.code, value.name, value.name, Kind.LINT, severity)
    path = value.location.path
    return Diagnostic(
        code,
        value.message,
        path,
        Annotation(places.span(value.location), value.location.text),
        others=tuple(
            Annotation(places.span(one), one.text, one.path if one.path != path else "")
            for one in value.others
        ),
        notes=value.notes,
        helps=value.helps,
        severity=severity,
        protocol=value.protocol,
        refutes=value.refutes,
        upstream=value.upstream,
    )


# Does the file agree with itself?


def _agree(value: WireRun, run: Run, sources: Mapping[str, SourceFile]) -> None:
    """Raises StoredError at the first member that does not follow from the others."""
    again = run_value(run, sources)
    for one in value.inputs:
        digest = hashlib.sha256(one.text.encode("utf-8", "surrogatepass")).hexdigest()
        if one.text and digest != one.sha256:
            raise StoredError(f"the text of `{one.path}` is not what its SHA-256 is of")
    left = _plain(value)
    right = _plain(again)
    if value.tool.version != VERSION:  # sentences and digests may have changed since
        left, right = map(_without_words, (left, right))
    found = next(_differences(left, right, ""), None)
    if found is not None:
        raise StoredError(f"it contradicts itself at `{found}`")


def _plain(value: WireRun) -> object:
    without = msgspec.structs.replace(
        value,
        tool=msgspec.structs.replace(value.tool, version=""),
        semantics="",
        inputs=tuple(msgspec.structs.replace(one, text="") for one in value.inputs),
    )
    plain: object = msgspec.to_builtins(without)
    return plain


def _without_words(value: object) -> object:
    """`value` without what a version of tellverify words or digests as it likes."""
    if isinstance(value, dict):
        return {
            key: _without_words(item)
            for key, item in value.items()
            if key not in ("statement", "fingerprint", "baseline", "name", "engine")
        }
    if isinstance(value, list | tuple):
        return [_without_words(item) for item in value]
    return value


def _differences(left: object, right: object, where: str) -> Iterator[str]:
    """The places at which two plain values differ; as deep as the schema."""
    if isinstance(left, dict) and isinstance(right, dict):
        for key in (*left, *(key for key in right if key not in left)):
            name = f"{where}.{key}" if where else str(key)
            if key not in left or key not in right:
                yield name
            else:
                yield from _differences(left[key], right[key], name)
    elif isinstance(left, list | tuple) and isinstance(right, list | tuple):
        if len(left) != len(right):
            yield where
        for index, (one, other) in enumerate(zip(left, right, strict=False)):
            yield from _differences(one, other, f"{where}[{index}]")
    elif left != right or isinstance(left, bool) is not isinstance(right, bool):
        yield where
