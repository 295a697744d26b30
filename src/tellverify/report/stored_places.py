"""Lines and columns of a stored run as spans of texts, or of blanks where there is no text."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Final

from tellverify.report.excerpt import PlacesOnly
from tellverify.report.wire_model import Finding, Place, WireRun
from tellverify.source.span import Span
from tellverify.source.text import SourceFile

_MOST_LINES: Final = 2_000_000
_MOST_BLANKS: Final = 20_000_000


class StoredError(Exception):
    """A file that is no stored run; the message says why and begins in lower case."""


class Places:
    """The sources of a stored run. Raises StoredError for places that no text could have."""

    def __init__(self, run: WireRun, read_text: Callable[[str], str | None] | None) -> None:
        self.sources: dict[str, SourceFile] = {}
        for one in run.inputs:
            text = one.text
            if not text and read_text is not None:
                text = _if_same(read_text(one.path), one.sha256) or ""
            empty = one.sha256 == hashlib.sha256(b"").hexdigest()
            if text or empty:
                self.sources[one.path] = SourceFile(one.path, text)
        ends: dict[str, dict[int, int]] = {one.path: {} for one in run.inputs}
        for place in _all_places(run):
            lines = ends.setdefault(place.path, {})
            for line, column in ((place.line, place.column), (place.end_line, place.end_column)):
                lines[line] = max(lines.get(line, 1), column)
        for path, lines in ends.items():
            if path not in self.sources:
                self.sources[path] = PlacesOnly(path, _blanks(path, lines))

    def span(self, place: Place) -> Span:
        """The code points of a place. Raises StoredError when its text does not have them."""
        start = self._offset(place.path, place.line, place.column)
        if not place.end_line:
            return Span(start, start)
        return Span(start, self._offset(place.path, place.end_line, place.end_column))

    def at(self, path: str, line: int, column: int) -> int | None:
        """The code point of a place in a text that is at hand, else None."""
        source = self.sources.get(path)
        if source is None or isinstance(source, PlacesOnly):
            return None
        return source.offset(line, column)

    def _offset(self, path: str, line: int, column: int) -> int:
        offset = self.sources[path].offset(line, column)
        if offset is None:
            raise StoredError(f"`{path}` has no line {line} with a column {column}")
        return offset


def _if_same(text: str | None, sha256: str) -> str | None:
    """`text`, if it is what the digest is of."""
    if text is None:
        return None
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return text if digest == sha256 else None


def _all_places(run: WireRun) -> Iterator[Place]:
    for protocol in run.protocols:
        for verdict in protocol.verdicts:
            yield from verdict.locations
            yield from verdict.evidence.places
    for finding in run.diagnostics:
        yield from _places_of(finding)
    for one in run.suppressions:
        yield from _places_of(one.finding)


def _places_of(finding: Finding) -> Iterator[Place]:
    yield finding.location
    yield from finding.others


def _blanks(path: str, lines: dict[int, int]) -> str:
    """A blank text in which each line reaches to the given column."""
    last = max(lines, default=1)
    if last > _MOST_LINES or sum(lines.values()) > _MOST_BLANKS:
        raise StoredError(f"a place in `{path}` lies beyond what a text can have")
    parts = ["\n"] * max(last - 1, 0) + [""]
    for line, column in lines.items():
        if line > 0:
            parts[line - 1] = " " * max(column - 1, 0) + ("\n" if line < last else "")
    return "".join(parts)
