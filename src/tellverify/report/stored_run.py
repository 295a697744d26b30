"""A stored run read back, so that it can be rendered again.

Nothing is decided here. A file that is damaged, of another schema, or that contradicts itself is
refused: what was read is written again, and both must say the same. Runs that the version before
has stored are converted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import Final

import msgspec

from tellverify.diagnostics.model import Annotation, Diagnostic
from tellverify.model.trace import Trace
from tellverify.report.run_1 import run_of
from tellverify.report.run_1_file import SCHEMA_1, Run1
from tellverify.report.run_file import SCHEMA, RunFile, StoredError, completed
from tellverify.source.region import Region
from tellverify.source.span import Span
from tellverify.source.text import SourceFile, without_mark
from tellverify.verdict.drawing import Drawing
from tellverify.verdict.outcome import Conflict, Refuted
from tellverify.verdict.properties import DIALECTS
from tellverify.verdict.run import Run
from tellverify.version import VERSION

MOST_BYTES: Final = 256 * 1024 * 1024
_LONGEST: Final = 200


class StoredRun(msgspec.Struct, frozen=True):
    """A run as it was stored, the texts it can quote, and the version that made it."""

    run: Run
    sources: dict[str, SourceFile]
    version: str

    @property
    def missing(self) -> tuple[str, ...]:
        """The inputs whose text is not at hand."""
        return tuple(one.path for one in self.run.inputs if one.path not in self.sources)


def read_run(content: bytes, read_text: Callable[[str], str | None] | None = None) -> StoredRun:
    """The run in `content`. Raises StoredError for whatever is no run as `check` writes it.

    `read_text` gives the text of an input that the run does not carry, or None; it is used only
    when it is what the recorded SHA-256 is of.
    """
    file = _decoded(without_mark(content))
    sources = _sources(file, read_text)
    if isinstance(file, Run1):
        run = run_of(file, sources)
        _check_runs(run)
        return StoredRun(run, sources, file.tool.version)
    _check_runs(file)
    for span, region in _places(file):
        _check_place(span, region, sources)
    _agree(file, sources)
    return StoredRun(file, sources, file.tool.version)


class _Head(msgspec.Struct, frozen=True):
    schema: str


def _decoded(content: bytes) -> RunFile | Run1:
    if len(content) > MOST_BYTES:
        raise StoredError(f"it is larger than {MOST_BYTES} bytes")
    try:
        schema = msgspec.json.decode(content, type=_Head).schema
        if schema == SCHEMA_1:
            return msgspec.json.decode(content, type=Run1)
        if schema != SCHEMA:
            raise StoredError(f"its schema is `{schema[:_LONGEST]}`, not `{SCHEMA}`")
        return msgspec.json.decode(content, type=RunFile)
    except msgspec.ValidationError as error:
        raise StoredError(f"it is not a run: {_first_line(error)}") from None
    except msgspec.DecodeError as error:
        raise StoredError(f"it is not JSON: {_first_line(error)}") from None
    except UnicodeError:
        raise StoredError("it is not UTF-8") from None
    except RecursionError:
        raise StoredError("it is nested too deeply") from None


def _first_line(error: Exception) -> str:
    words = str(error).partition("\n")[0]
    words = f"{words[0].lower()}{words[1:]}" if words else "it cannot be read"
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]}…"


def _sources(
    file: RunFile | Run1, read_text: Callable[[str], str | None] | None
) -> dict[str, SourceFile]:
    """The texts that the run carries, or that are still what its digests are of."""
    sources = {}
    for one in file.inputs:
        if one.text and _digest(one.text) != one.sha256:
            raise StoredError(f"the text of `{one.path}` does not match its SHA-256")
        text = one.text or ("" if one.sha256 == _digest("") else None)
        if text is None and read_text is not None:
            text = read_text(one.path)
        if text is not None and _digest(text) == one.sha256:
            sources[one.path] = SourceFile(one.path, text)
    return sources


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


# Is everything there that the types cannot say?


def _check_runs(file: Run) -> None:
    """Raises StoredError for a run or a drawing whose numbers and names name nothing."""
    if file.dialect not in DIALECTS:
        raise StoredError("its dialect does not exist")
    for protocol in file.protocols:
        for verdict in protocol.verdicts:
            if verdict.witness is not None:
                _check_trace(verdict.witness.trace)
            if isinstance(verdict.outcome, Refuted):
                evidence = verdict.outcome.evidence
                if isinstance(evidence, Trace):
                    _check_trace(evidence)
        if protocol.drawings is not None:
            for drawing in (protocol.drawings.graph, *protocol.drawings.machines):
                if drawing is not None:
                    _check_drawing(drawing)


def _check_trace(trace: Trace) -> None:
    if not -1 <= trace.loop < max(len(trace.steps), 1):
        raise StoredError(f"the loop of a run begins at step {trace.loop}, which it does not have")
    if trace.states and len(trace.states) != len(trace.steps):
        raise StoredError("a run does not have one local state for each step")


def _check_drawing(drawing: Drawing) -> None:
    states = [end for move in drawing.moves for end in (move.source, move.target)]
    if any(not 0 <= state < drawing.states for state in (*states, *drawing.final)):
        raise StoredError("a drawing names a state that it does not have")


def _places(file: RunFile) -> Iterator[tuple[Span, Region]]:
    for one in (*file.findings, *(found.diagnostic for found in file.suppressions)):
        yield from _places_of(one)
    for protocol in file.protocols:
        for verdict in protocol.verdicts:
            outcome = verdict.outcome
            if isinstance(outcome, Refuted) and isinstance(outcome.evidence, Conflict):
                conflict = outcome.evidence
                if len(conflict.regions) != 2:
                    raise StoredError("a conflict does not have two places")
                yield from zip((conflict.left, conflict.right), conflict.regions, strict=True)


def _places_of(one: Diagnostic) -> Iterator[tuple[Span, Region]]:
    annotations: tuple[Annotation, ...] = (one.primary, *one.others)
    for annotation in annotations:
        if annotation.region is None:
            raise StoredError(f"a finding of {one.code.number[:_LONGEST]} has no place")
        yield annotation.span, annotation.region


def _check_place(span: Span, region: Region, sources: Mapping[str, SourceFile]) -> None:
    """Raises StoredError for a place that its text, where there is one, does not have."""
    source = sources.get(region.path)
    if region.line < 1 or region.column < 1 or not 0 <= span.start <= span.end:
        raise StoredError(f"`{region.path}` has no line {region.line}, column {region.column}")
    if source is None:
        return
    start, end = (min(offset, len(source.text)) for offset in (span.start, span.end))
    if (region.line, region.column) != source.position(start):
        raise StoredError(
            f"`{region.path}` has no line {region.line}, column {region.column} there"
        )
    if (region.end_line, region.end_column) != source.position(end):
        raise StoredError(f"a place in `{region.path}` ends elsewhere")


# Does the file agree with itself?


def _agree(file: RunFile, sources: Mapping[str, SourceFile]) -> None:
    """Raises StoredError at the first member that does not follow from the others."""
    left, right = _plain(file), _plain(completed(file, sources))
    if file.tool.version != VERSION:  # sentences and digests may have changed since
        left, right = map(_without_words, (left, right))
    found = next(_differences(left, right, ""), None)
    if found is not None:
        raise StoredError(f"it contradicts itself at `{found}`")


def _plain(file: RunFile) -> object:
    without = msgspec.structs.replace(
        file,
        tool=msgspec.structs.replace(file.tool, version=""),
        inputs=tuple(msgspec.structs.replace(one, text="") for one in file.inputs),
    )
    plain: object = msgspec.to_builtins(without)
    return plain


def _without_words(value: object) -> object:
    """`value` without what a version of tellverify words or digests as it likes."""
    if isinstance(value, dict):
        return {
            key: _without_words(item)
            for key, item in value.items()
            if key not in ("statement", "fingerprint", "state", "semantics")
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
