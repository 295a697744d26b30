"""Diagnostics about budgets and ceremonies of a protocol."""

from __future__ import annotations

from tellverify.diagnostics import codes
from tellverify.diagnostics.model import Diagnostic
from tellverify.diagnostics.where import Where
from tellverify.source.span import Span


def budget_of_nobody(where: Where, span: Span, text: str, reason: str) -> Diagnostic:
    """A budget in a comment that cannot be read, or that names nobody."""
    return where.finding(
        codes.BUDGET_OF_NOBODY,
        f"`{text}` is no budget of this protocol: {reason}",
        (span, "this budget"),
        helps=("write `Role = 500`, or `Sender -> Receiver = 500` for what goes to one peer",),
    )


def category_conflict(where: Where, span: Span, message: str, help_text: str) -> Diagnostic:
    """A category that is unknown, said twice, or another one than the policy has."""
    return where.finding(codes.CATEGORY_CONFLICT, message, (span, "said here"), helps=(help_text,))


def unknown_fact(where: Where, span: Span, fact: str, schema: str, known: str) -> Diagnostic:
    """A fact whose type a schema describes, of a variant that it does not have."""
    return where.finding(
        codes.UNKNOWN_FACT,
        f"the fact schema `{schema}` has no `{fact}`",
        (span, "recorded here"),
        helps=(f"it has {known}",),
    )
