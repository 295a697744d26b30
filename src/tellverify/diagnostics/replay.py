"""Diagnostics about traces that are stepped through a protocol."""

from __future__ import annotations

from collections.abc import Sequence

from tellverify.diagnostics.codes import (
    FAULT_NOT_SHOWN,
    FOREIGN_TRACE,
    TRACE_CLAIM,
    TRACE_DIVERGES,
    UNREADABLE_TRACE,
)
from tellverify.diagnostics.model import Annotation, Diagnostic
from tellverify.source.span import NOWHERE, Span


def unreadable_trace(path: str, reason: str) -> Diagnostic:
    """The file is no trace as tellverify writes them."""
    return Diagnostic(
        UNREADABLE_TRACE,
        f"cannot read this trace: {reason}",
        path,
        Annotation(NOWHERE),
        helps=("traces are ITF JSON files, as `tellverify check --evidence DIR` writes them",),
    )


def foreign_trace(path: str, recorded: str, present: str) -> Diagnostic:
    """The trace is of a protocol that the file does not have."""
    return Diagnostic(
        FOREIGN_TRACE,
        f"this trace is of the protocol `{recorded}`, but the file has `{present}`",
        path,
        Annotation(NOWHERE),
        helps=("name the file that the trace was made from",),
    )


def trace_diverges(
    path: str, span: Span, number: int, reason: str, possible: Sequence[str], more: int
) -> Diagnostic:
    """Step `number` of the trace, counted from 1, cannot be made."""
    listed = ", ".join(f"`{step}`" for step in possible)
    if more:
        listed += f" and {more} more"
    return Diagnostic(
        TRACE_DIVERGES,
        f"step {number} of the trace is not possible: {reason}",
        path,
        Annotation(span, "the protocol has no such step here"),
        notes=(f"possible here: {listed}",) if listed else ("nobody can make a step here",),
        helps=("make the trace again if the protocol was changed after it was written",),
    )


def trace_claim(path: str, span: Span, index: int, reason: str) -> Diagnostic:
    """The trace says of state `index` what is not so."""
    return Diagnostic(
        TRACE_CLAIM,
        f"the trace is wrong about state {index}: {reason}",
        path,
        Annotation(span, "this state is recorded differently"),
        helps=("make the trace again if the protocol was changed after it was written",),
    )


def fault_not_shown(path: str, span: Span, fault: str, reason: str) -> Diagnostic:
    """The steps are a run, but its end does not show the fault."""
    return Diagnostic(
        FAULT_NOT_SHOWN,
        f"the end of the trace does not show the fault `{fault}`: {reason}",
        path,
        Annotation(span, "the run ends here"),
        helps=("make the trace again if the protocol was changed after it was written",),
    )
