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
    "a run that does not record exactly one outcome",
    kind=Kind.OBLIGATION,
    help="on every branch, record the start first and exactly one outcome last",
)

OPEN_CEREMONY: Final = Code(
    "TV653",
    "open-ceremony",
    "a ceremony whose outcomes the protocol does not record",
    kind=Kind.LIMIT,
    severity=Severity.WARNING,
)

UNSTABLE_STATUS: Final = Code(
    "TV654",
    "unstable-status",
    "a status that depends on the order of facts",
    kind=Kind.OBLIGATION,
    help="derive the status from the set of facts, not from their order",
)


CATEGORY_CONFLICT: Final = Code(
    "TV652",
    "category-conflict",
    "a category that conflicts with another declaration",
)


def category_conflict(where: Where, span: Span, message: str, help_text: str) -> Diagnostic:
    """A category that is unknown, said twice, or another one than the policy has."""
    return finding(
        CATEGORY_CONFLICT,
        where,
        message,
        (span, "declared here"),
        helps=(help_text,),
    )


UNKNOWN_FACT: Final = Code(
    "TV663",
    "unknown-fact",
    "a fact that is not in its schema",
    severity=Severity.WARNING,
)


def unknown_fact(where: Where, span: Span, fact: str, schema: str, known: str) -> Diagnostic:
    """A fact whose type a schema describes, of a variant that it does not have."""
    return finding(
        UNKNOWN_FACT,
        where,
        f"the fact schema `{schema}` has no fact `{fact}`",
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


def misshapen_schema(path: str, span: Span, reason: str, help: str = "") -> Diagnostic:
    """The text is no schema, or none of a ceremony; `help` stands in front of the usual one."""
    return finding(
        UNREADABLE_SCHEMA,
        path,
        f"this is not a valid fact schema: {reason}",
        (span, "here"),
        helps=tuple(filter(None, (help, "docs/ceremonies.md shows a schema with all its keys"))),
    )


BREAKING_SCHEMA: Final = Code(
    "TV662",
    "breaking-schema",
    "a fact schema that is incompatible with stored facts",
    help="keep the existing fields and add only optional ones, or define a new schema",
)


def breaking_schema(path: str, span: Span, text: str, old: str) -> Diagnostic:
    """A change after which old facts do not fit."""
    return finding(
        BREAKING_SCHEMA,
        path,
        f"facts written under {old} no longer fit: {text}",
        (span, "in the new version"),
    )
