"""The faithful dialect: what Telltale itself accepts, rejects and runs."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from tellverify.diagnostics import codes
from tellverify.diagnostics.build.where import Where
from tellverify.diagnostics.model import Diagnostic, Kind, Severity
from tellverify.engine.modules import Judged
from tellverify.lowering.faithful import as_run_upstream
from tellverify.lowering.names import References
from tellverify.lowering.program import OverBudget
from tellverify.lowering.wellformed import check_structure
from tellverify.source.span import Span
from tellverify.source.text import SourceFile
from tellverify.syntax import ast
from tellverify.syntax.parser import Parsed

# What Telltale looks for in the statements that it kept, and not in the text.
_LATE: Final = frozenset(
    code.number
    for code in (
        codes.MISSING_INDEX,
        codes.INDEX_WITHOUT_FAMILY,
        codes.BRANCH_NOT_BY_DECIDER,
        codes.LATE_FIRST_SEND,
        codes.EMPTY_BRANCH,
        codes.EFFECT_NOT_USED,
        codes.UNDECLARED_OPERATION,
        codes.CHECK_OF_OBSERVATION,
        codes.OBSERVATION_OF_OTHER,
        codes.PLAIN_AUTHORITATIVE,
        codes.PLAIN_OBSERVATION,
        codes.NOT_AUTHORITATIVE,
    )
)


def judged_faithfully(parsed: Parsed, source: SourceFile, budget: int) -> Judged:
    """A choreography by Telltale's measure, in the form in which Telltale runs it.

    Imports mean nothing. A role that takes part only in what is dropped takes no part. No protocol
    is unfolded to more than `budget` statements.
    """
    said = (*parsed.diagnostics, *check_structure(parsed.file, source))
    protocols: list[ast.Protocol] = []
    limits: dict[Span, str] = {}
    unused: list[Diagnostic] = []
    dropped: list[Span] = []
    for protocol in parsed.file.protocols:
        try:
            upstream = as_run_upstream(protocol, budget)
        except OverBudget as error:
            limits[protocol.name.span] = str(error)
            protocols.append(protocol)
            continue
        protocols.append(upstream.protocol)
        dropped.extend(upstream.dropped)
        alone = msgspec.structs.replace(upstream.protocol, locals=())
        where = Where(source.path, protocol.name.text)
        unused.extend(d for d in References(where, alone).check() if d.code is codes.UNUSED_ROLE)
    dropped.sort()
    found = [d for d in said if limits or d.code is not codes.UNUSED_ROLE] + unused
    return Judged(
        msgspec.structs.replace(parsed.file, protocols=tuple(protocols)),
        source,
        tuple(by_upstream(_without_late_rules(found, dropped))),
        limits=limits,
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
            severity = Severity.ERROR if rejects else Severity.NOTE
            found.append(msgspec.structs.replace(diagnostic, severity=severity))
        else:
            found.append(diagnostic)
    return found


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
