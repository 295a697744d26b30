"""Diagnostics about traces that are stepped through a protocol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tellverify.diagnostics.model import (
    Code,
    Diagnostic,
    finding,
)
from tellverify.source.span import Span

UNREADABLE_TRACE: Final = Code(
    "TV801",
    "unreadable-trace",
    "a trace file that cannot be read",
    help="traces are ITF JSON files, as `tellverify check --evidence DIR` writes them",
)


def unreadable_trace(path: str, reason: str) -> Diagnostic:
    """The file is no trace as tellverify writes them."""
    return finding(
        UNREADABLE_TRACE,
        path,
        f"cannot read this trace: {reason}",
    )


FOREIGN_TRACE: Final = Code(
    "TV802",
    "foreign-trace",
    "a trace of another protocol",
    help="name the file that the trace was recorded from",
)


def foreign_trace(path: str, recorded: str, present: str) -> Diagnostic:
    """The trace is of a protocol that the file does not have."""
    return finding(
        FOREIGN_TRACE,
        path,
        f"this trace belongs to the protocol `{recorded}`, but the file contains `{present}`",
    )


TRACE_DIVERGES: Final = Code(
    "TV811",
    "trace-diverges",
    "a step of a trace that the protocol does not allow",
    help="write the trace again if the protocol has changed since",
)


def trace_diverges(
    path: str, span: Span, number: int, reason: str, possible: Sequence[str], more: int
) -> Diagnostic:
    """Step `number` of the trace, counted from 1, cannot be made."""
    listed = ", ".join(f"`{step}`" for step in possible)
    if more:
        listed += f" and {more} more"
    return finding(
        TRACE_DIVERGES,
        path,
        f"step {number} of the trace is not possible: {reason}",
        (span, "the protocol does not allow this step here"),
        notes=(f"possible here: {listed}",) if listed else ("no step is possible here",),
    )


TRACE_CLAIM: Final = Code(
    "TV812",
    "trace-claim",
    "a state that a trace records incorrectly",
    help="write the trace again if the protocol has changed since",
)


def trace_claim(path: str, span: Span, index: int, reason: str) -> Diagnostic:
    """The trace records state `index` incorrectly."""
    return finding(
        TRACE_CLAIM,
        path,
        f"the trace is wrong about state {index}: {reason}",
        (span, "this state is recorded differently"),
    )


FAULT_NOT_SHOWN: Final = Code(
    "TV813",
    "fault-not-shown",
    "a trace that does not end in the fault it claims",
    help="write the trace again if the protocol has changed since",
)


def fault_not_shown(path: str, span: Span, fault: str, reason: str) -> Diagnostic:
    """The steps are a run, but its end does not show the fault."""
    return finding(
        FAULT_NOT_SHOWN,
        path,
        f"the trace does not end in the fault `{fault}`: {reason}",
        (span, "the run ends here"),
    )
