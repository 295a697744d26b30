"""Findings about ceremonies: their facts, categories and statuses, and fact schemas."""

from __future__ import annotations

from typing import Final

from tellverify.diagnostics.model import (
    Code,
    Diagnostic,
    Kind,
    Severity,
    Where,
    finding,
)
from tellverify.source.span import Span

BROKEN_CEREMONY: Final = Code(
    "TV651",
    "broken-ceremony",
    "a run that does not record one outcome",
    kind=Kind.OBLIGATION,
    help="record the beginning first, and one outcome last, on every branch",
)

OPEN_CEREMONY: Final = Code(
    "TV653",
    "open-ceremony",
    "a ceremony whose outcomes the protocol lacks",
    kind=Kind.LIMIT,
    severity=Severity.WARNING,
)

UNSTABLE_STATUS: Final = Code(
    "TV654",
    "unstable-status",
    "a status that depends on the order of facts",
    kind=Kind.OBLIGATION,
    help="reduce facts by what is known, not by the order in which it was written",
)


CATEGORY_CONFLICT: Final = Code(
    "TV652",
    "category-conflict",
    "a category that contradicts another statement",
)


def category_conflict(where: Where, span: Span, message: str, help_text: str) -> Diagnostic:
    """A category that is unknown, said twice, or another one than the policy has."""
    return finding(
        CATEGORY_CONFLICT,
        where,
        message,
        (span, "said here"),
        helps=(help_text,),
    )


UNKNOWN_FACT: Final = Code(
    "TV663",
    "unknown-fact",
    "a fact that its schema does not have",
    severity=Severity.WARNING,
)


def unknown_fact(where: Where, span: Span, fact: str, schema: str, known: str) -> Diagnostic:
    """A fact whose type a schema describes, of a variant that it does not have."""
    return finding(
        UNKNOWN_FACT,
        where,
        f"the fact schema `{schema}` has no `{fact}`",
        (span, "recorded here"),
        helps=(f"it has {known}",),
    )


UNREADABLE_SCHEMA: Final = Code(
    "TV661",
    "unreadable-schema",
    "a fact schema that cannot be read",
)


def unreadable_schema(path: str, reason: str) -> Diagnostic:
    """There is no text."""
    return finding(
        UNREADABLE_SCHEMA,
        path,
        f"cannot read this fact schema: {reason}",
        helps=("name a TOML file that describes facts",),
    )


def misshapen_schema(path: str, span: Span, reason: str) -> Diagnostic:
    """The text is no schema, or none of a ceremony."""
    return finding(
        UNREADABLE_SCHEMA,
        path,
        f"this is no fact schema: {reason}",
        (span, "here"),
        helps=("docs/ceremonies.md shows a schema with all its keys",),
    )


BREAKING_SCHEMA: Final = Code(
    "TV662",
    "breaking-schema",
    "a fact schema that old facts do not fit",
    help="keep what is there and add optional fields, or name a new schema",
)


def breaking_schema(path: str, span: Span, text: str, old: str) -> Diagnostic:
    """A change after which old facts do not fit."""
    return finding(
        BREAKING_SCHEMA,
        path,
        f"facts of {old} do not fit: {text}",
        (span, "in the new version"),
    )
