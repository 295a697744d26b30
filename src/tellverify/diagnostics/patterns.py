"""Diagnostics about models of patterns: files that cannot be read, and claims that are false."""

from __future__ import annotations

from collections.abc import Sequence

from tellverify.diagnostics import codes
from tellverify.diagnostics.model import Annotation, Diagnostic
from tellverify.source.span import Span


def unreadable_pattern(path: str, span: Span, reason: str) -> Diagnostic:
    """A file, or an expression in it, has no meaning."""
    return Diagnostic(
        codes.UNREADABLE_PATTERN,
        f"cannot read this pattern: {reason}",
        path,
        Annotation(span, "here"),
        helps=("the form of patterns is described in docs/patterns.md",),
    )


def broken_claim(
    path: str, span: Span, model: str, message: str, steps: Sequence[str], obligation: str
) -> Diagnostic:
    """A run that does not keep a claim; `steps` tells it line by line."""
    return Diagnostic(
        codes.BROKEN_CLAIM,
        message,
        path,
        Annotation(span, "this claim"),
        notes=tuple(steps),
        helps=("mend the action that leads there, or claim less",),
        protocol=model,
        refutes=obligation,
    )
