"""The faithful dialect: what Telltale itself accepts, rejects and runs."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from tellverify.diagnostics.effects import (
    CHECK_OF_OBSERVATION,
    EFFECT_NOT_USED,
    NOT_AUTHORITATIVE,
    OBSERVATION_OF_OTHER,
    PLAIN_AUTHORITATIVE,
    PLAIN_OBSERVATION,
    UNDECLARED_OPERATION,
)
from tellverify.diagnostics.flow import (
    AS_WRITTEN,
    BRANCH_NOT_BY_DECIDER,
    EMPTY_BRANCH,
    LATE_FIRST_SEND,
)
from tellverify.diagnostics.model import Annotation, Diagnostic, Kind, Severity, Where
from tellverify.diagnostics.structure import (
    DROPPED_CALL,
    INDEX_WITHOUT_FAMILY,
    MISSING_INDEX,
    UNUSED_ROLE,
)
from tellverify.diagnostics.syntax import SWALLOWED_LINE
from tellverify.language.checks.names import References
from tellverify.language.checks.wellformed import check_structure
from tellverify.language.linking.dialect_rewriting import as_run_upstream, within
from tellverify.language.linking.modules import CheckedFile
from tellverify.language.lowering.program import OverBudget
from tellverify.language.syntax import ast
from tellverify.language.syntax.parser import Parsed
from tellverify.source.span import Span
from tellverify.source.text import SourceFile

# Rules that Telltale applies to the statements that it kept, and not to the text.
_LATE: Final = frozenset(
    code.number
    for code in (
        MISSING_INDEX,
        INDEX_WITHOUT_FAMILY,
        BRANCH_NOT_BY_DECIDER,
        LATE_FIRST_SEND,
        EMPTY_BRANCH,
        EFFECT_NOT_USED,
        UNDECLARED_OPERATION,
        CHECK_OF_OBSERVATION,
        OBSERVATION_OF_OTHER,
        PLAIN_AUTHORITATIVE,
        PLAIN_OBSERVATION,
        NOT_AUTHORITATIVE,
    )
)

_READ_HERE: Final = (DROPPED_CALL, SWALLOWED_LINE)


def judged_faithfully(parsed: Parsed, source: SourceFile, budget: int) -> CheckedFile:
    """A choreography as Telltale judges it, in the form in which Telltale runs it.

    Imports have no effect. A role that takes part only in dropped statements takes no part. No
    protocol is unfolded to more than `budget` statements.
    """
    file = parsed.file
    said = [*parsed.diagnostics, *check_structure(file, source)]
    swallowed = _swallowed(said, source)
    if swallowed and not _is_broken(parsed):
        file = _mended(file)
    said = _about_what_is_read(said, swallowed, source)
    protocols: list[ast.Protocol] = []
    limits: dict[Span, str] = {}
    unused: list[Diagnostic] = []
    dropped: list[Span] = []
    for protocol in file.protocols:
        try:
            upstream = as_run_upstream(protocol, budget, swallowed)
        except OverBudget as error:
            limits[protocol.name.span] = str(error)
            protocols.append(protocol)
            continue
        protocols.append(upstream.protocol)
        dropped.extend(upstream.dropped)
        alone = msgspec.structs.replace(upstream.protocol, locals=())
        where = Where(source.path, protocol.name.text)
        unused.extend(d for d in References(where, alone).check() if d.code is UNUSED_ROLE)
    dropped.sort()
    found = [d for d in said if limits or d.code is not UNUSED_ROLE] + unused
    if parsed.is_part:
        found = [d for d in found if d.code is not UNUSED_ROLE]
    return CheckedFile(
        msgspec.structs.replace(file, protocols=tuple(protocols)),
        source,
        tuple(by_upstream(_without_late_rules(found, dropped))),
        limits=limits,
        is_part=parsed.is_part,
    )


def by_upstream(said: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Findings with the severity that Telltale's own judgement gives them.

    What it accepts or drops is a note and what it rejects an error; findings about which it has no
    judgement stay as they are.
    """
    found = []
    for diagnostic in said:
        if diagnostic.code.kind is Kind.LINT and diagnostic.upstream:
            rejects = diagnostic.upstream == "rejects"
            primary = diagnostic.primary
            if diagnostic.code in _READ_HERE:
                primary = Annotation(primary.span, "dropped", primary.path)
            diagnostic = msgspec.structs.replace(
                diagnostic,
                severity=Severity.ERROR if rejects else Severity.NOTE,
                primary=primary,
                notes=tuple(note for note in diagnostic.notes if note != AS_WRITTEN),
            )
        found.append(diagnostic)
    return found


def _swallowed(said: Sequence[Diagnostic], source: SourceFile) -> list[Span]:
    """The texts that Telltale reads as payloads, in the order of the source."""
    found: list[Span] = []
    for diagnostic in said:
        if diagnostic.code is SWALLOWED_LINE:
            span = diagnostic.primary.span
            if not found or span.start >= found[-1].end:
                found.append(_payload_lines(source, span))
    return found


def _payload_lines(source: SourceFile, first: Span) -> Span:
    """The line of `first` and all behind it that are as deep."""
    line, column = source.position(first.start)
    end = first.end
    for number in range(line + 1, source.line_count + 1):
        text = source.line_text(number)
        code = text.lstrip(" ")
        if code and len(text) - len(code) + 1 < column:
            break
        end += 1 + len(text)
    return Span(first.start, max(end, first.end))


def _is_broken(parsed: Parsed) -> bool:
    """Whether anything other than swallowed lines could not be read."""
    return any(
        each.severity is Severity.ERROR and each.code is not SWALLOWED_LINE
        for each in parsed.diagnostics
    )


def _mended(file: ast.File) -> ast.File:
    """`file` with nothing missing."""
    replace = msgspec.structs.replace
    protocols = tuple(replace(protocol, complete=True) for protocol in file.protocols)
    return replace(file, protocols=protocols, complete=True)


def _about_what_is_read(
    said: Sequence[Diagnostic], swallowed: Sequence[Span], source: SourceFile
) -> list[Diagnostic]:
    """`said` without the findings in payloads, which Telltale never looks at.

    A payload ends at the first brace, also at one that the layout inserts: then the text after it
    is rejected.
    """
    found = []
    for diagnostic in said:
        span = diagnostic.primary.span
        if not within(span, swallowed):
            found.append(diagnostic)
        elif diagnostic.code is SWALLOWED_LINE:
            place = next(place for place in swallowed if place.start <= span.start < place.end)
            if _ends_early(source, place):
                diagnostic = msgspec.structs.replace(diagnostic, upstream="rejects")
            found.append(diagnostic)
    return found


def _ends_early(source: SourceFile, payload: Span) -> bool:
    lines = source.slice(payload).split("\n")
    column = source.position(payload.start)[1]
    deeper = any(
        line.startswith(" " * column) and not line.lstrip().startswith("->") and line.strip()
        for line in lines[1:]
    )
    return deeper or "}" in source.slice(payload)


def _without_late_rules(said: Sequence[Diagnostic], dropped: Sequence[Span]) -> list[Diagnostic]:
    """`said`, where nothing is rejected for a statement that is dropped before it is looked at."""
    starts = [span.start for span in dropped]
    found = []
    for diagnostic in said:
        if diagnostic.code.number in _LATE and diagnostic.upstream == "rejects":
            at = diagnostic.primary.span
            place = bisect_right(starts, at.start) - 1
            if place >= 0 and at.end <= dropped[place].end:
                diagnostic = msgspec.structs.replace(diagnostic, upstream="accepts")
        found.append(diagnostic)
    return found
