"""Diagnostics about logs of events that are followed through a protocol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tellverify.diagnostics.model import (
    Code,
    Diagnostic,
    finding,
)
from tellverify.source.span import Span

UNREADABLE_LOG: Final = Code(
    "TV803",
    "unreadable-log",
    "a line of a log that is not an event",
    help='a line is `{"role": .., "direction": "send" or "receive", "peer": .., "label": ..}`',
)


def unreadable_log(path: str, line: int, span: Span, reason: str) -> Diagnostic:
    """A line is no event, or the file cannot be opened (line 0)."""
    where = f"line {line} of this log" if line else "this log"
    return finding(
        UNREADABLE_LOG,
        path,
        f"cannot read {where}: {reason}",
        (span, ""),
    )


FOREIGN_LOG: Final = Code(
    "TV804",
    "foreign-log",
    "a log of another protocol",
    help="name the file of that protocol, or select it with `--protocol`",
)


def foreign_log(path: str, line: int, span: Span, recorded: str, present: str) -> Diagnostic:
    """The log says that it is of another protocol."""
    return finding(
        FOREIGN_LOG,
        path,
        f"line {line} belongs to the protocol `{recorded}`, but the file contains `{present}`",
        (span, "recorded for another protocol"),
    )


UNKNOWN_IN_LOG: Final = Code(
    "TV822",
    "unknown-in-log",
    "a role or label in a log that the protocol does not have",
)


def unknown_in_log(
    path: str, span: Span, line: int, reason: str, meant: str, known: Sequence[str]
) -> Diagnostic:
    """A line names a role or a label that the protocol does not have."""
    helps = [f"did you mean `{meant}`?"] if meant else []
    notes = [f"it has {', '.join(f'`{name}`' for name in known)}"] if known else []
    return finding(
        UNKNOWN_IN_LOG,
        path,
        f"line {line} is not possible: {reason}",
        (span, "the protocol has no such name"),
        notes=tuple(notes),
        helps=(
            *helps,
            "check that the log belongs to this protocol, with families of this size",
        ),
    )


def unrecorded_in_log(path: str, span: Span, line: int, role: str) -> Diagnostic:
    """A line is of a role that did not write the log, as `--roles` has it."""
    return finding(
        UNKNOWN_IN_LOG,
        path,
        f"line {line} is not possible: `{role}` is not among the recorded roles",
        (span, "`--roles` does not name this role"),
        helps=(f"name `{role}` with `--roles` too, or leave its lines out of the log",),
    )


LOG_DIVERGES: Final = Code(
    "TV821",
    "log-diverges",
    "an event in a log that the protocol does not allow",
)


def log_diverges(
    path: str, span: Span, line: int, reason: str, notes: Sequence[str], helps: Sequence[str]
) -> Diagnostic:
    """The event of a line was not possible there; `notes` say what was."""
    return finding(
        LOG_DIVERGES,
        path,
        f"line {line} is not possible: {reason}",
        (span, "the protocol does not allow this event here"),
        notes=tuple(notes),
        helps=tuple(helps),
    )


INCOMPLETE_LOG: Final = Code(
    "TV823",
    "incomplete-log",
    "a log that ends before its runs terminate",
    help="omit `--complete` if a log may end in the middle of a run",
)


def incomplete_log(path: str, sessions: int, notes: Sequence[str]) -> Diagnostic:
    """The log stops before its runs have terminated."""
    many = "a run" if sessions == 1 else f"{sessions} runs"
    return finding(
        INCOMPLETE_LOG,
        path,
        f"the log ends before the end of {many}",
        notes=tuple(notes),
    )


GUARDS_DIFFER: Final = Code(
    "TV667",
    "guards-differ",
    "guards or facts in a log that differ from the annotations",
    help="correct the annotations of the message, or the code that runs its guards",
)


def guards_differ(
    path: str, span: Span, line: int, event: str, reasons: Sequence[str]
) -> Diagnostic:
    """A line records a send differently from its annotations."""
    return finding(
        GUARDS_DIFFER,
        path,
        f"line {line} records other guards for `{event}` than the protocol: {'; '.join(reasons)}",
        (span, "differs from the annotations"),
    )
