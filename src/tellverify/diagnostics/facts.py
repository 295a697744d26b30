"""Diagnostics about fact schemas."""

from __future__ import annotations

from tellverify.diagnostics import codes
from tellverify.diagnostics.model import Annotation, Diagnostic
from tellverify.source.span import NOWHERE, Span


def unreadable(path: str, reason: str) -> Diagnostic:
    """There is no text."""
    return Diagnostic(
        codes.UNREADABLE_SCHEMA,
        f"cannot read this fact schema: {reason}",
        path,
        Annotation(NOWHERE),
        helps=("name a TOML file that describes facts",),
    )


def misshapen(path: str, span: Span, reason: str) -> Diagnostic:
    """The text is no schema, or none of a ceremony."""
    return Diagnostic(
        codes.UNREADABLE_SCHEMA,
        f"this is no fact schema: {reason}",
        path,
        Annotation(span, "here"),
        helps=("docs/ceremonies.md shows a schema with all its keys",),
    )


def breaking(path: str, span: Span, text: str, old: str) -> Diagnostic:
    """A change after which old facts do not fit."""
    return Diagnostic(
        codes.BREAKING_SCHEMA,
        f"facts of {old} do not fit: {text}",
        path,
        Annotation(span, "in the new version"),
        helps=("keep what is there and add optional fields, or name a new schema",),
    )
