"""Diagnostics about logs of events that are followed through a protocol."""

from __future__ import annotations

from collections.abc import Sequence

from tellverify.diagnostics.codes import (
    FOREIGN_LOG,
    INCOMPLETE_LOG,
    LOG_DIVERGES,
    UNKNOWN_IN_LOG,
    UNREADABLE_LOG,
)
from tellverify.diagnostics.model import Annotation, Diagnostic
from tellverify.source.span import NOWHERE, Span


def unreadable_log(path: str, line: int, span: Span, reason: str) -> Diagnostic:
    """A line is no event, or the file cannot be opened (line 0)."""
    where = f"line {line} of this log" if line else "this log"
    return Diagnostic(
        UNREADABLE_LOG,
        f"cannot read {where}: {reason}",
        path,
        Annotation(span),
        helps=(
            'a line is `{"role": .., "direction": "send" or "receive", "peer": .., "label": ..}`',
        ),
    )


def foreign_log(path: str, line: int, span: Span, recorded: str, present: str) -> Diagnostic:
    """The log says that it is of another protocol."""
    return Diagnostic(
        FOREIGN_LOG,
        f"line {line} is of the protocol `{recorded}`, but the file has `{present}`",
        path,
        Annotation(span, "recorded for another protocol"),
        helps=("name the file of that protocol, or choose it with `--protocol`",),
    )


def unknown_in_log(
    path: str, span: Span, line: int, reason: str, meant: str, known: Sequence[str]
) -> Diagnostic:
    """A line names a role or a label that the protocol does not have."""
    helps = [f"`{meant}` is the nearest name that it has"] if meant else []
    notes = [f"it has {', '.join(f'`{name}`' for name in known)}"] if known else []
    return Diagnostic(
        UNKNOWN_IN_LOG,
        f"line {line} is not possible: {reason}",
        path,
        Annotation(span, "the protocol has no such name"),
        notes=tuple(notes),
        helps=(*helps, "check that the log is of this protocol, at this size of its families"),
    )


def log_diverges(
    path: str, span: Span, line: int, reason: str, notes: Sequence[str], helps: Sequence[str]
) -> Diagnostic:
    """The event of a line was not possible there; `notes` say what was."""
    return Diagnostic(
        LOG_DIVERGES,
        f"line {line} is not possible: {reason}",
        path,
        Annotation(span, "the protocol has no such event here"),
        notes=tuple(notes),
        helps=tuple(helps),
    )


def incomplete_log(path: str, sessions: int, notes: Sequence[str]) -> Diagnostic:
    """The log stops before its runs have come to their ends."""
    many = "a run" if sessions == 1 else f"{sessions} runs"
    return Diagnostic(
        INCOMPLETE_LOG,
        f"the log stops before the end of {many}",
        path,
        Annotation(NOWHERE),
        notes=tuple(notes),
        helps=("leave `--complete` away where a log may stop in the middle of a run",),
    )
