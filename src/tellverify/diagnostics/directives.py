"""Diagnostics about comments that speak to tellverify."""

from __future__ import annotations

from collections.abc import Sequence

from tellverify.diagnostics import codes
from tellverify.diagnostics.model import Annotation, Diagnostic, Severity
from tellverify.source.span import Span


def unknown_directive(path: str, span: Span, kind: str, known: Sequence[str]) -> Diagnostic:
    """A `tell:` comment of a kind that nothing reads."""
    what = f"of the unknown kind `{kind}`" if kind else "without a kind"
    return Diagnostic(
        codes.UNKNOWN_DIRECTIVE,
        f"a `tell:` comment {what} has no effect",
        path,
        Annotation(span, "read by nothing"),
        helps=(f"the kinds are {', '.join(f'`{one}`' for one in known)}",),
        severity=Severity.WARNING,
    )


def unreadable_directive(path: str, span: Span, kind: str, form: str) -> Diagnostic:
    """A `tell:` comment of a known kind in a form that cannot be read."""
    return Diagnostic(
        codes.UNREADABLE_DIRECTIVE,
        f"this `{kind}` comment cannot be read and has no effect",
        path,
        Annotation(span, "not of the form of such a comment"),
        helps=(f"write `{form}`",),
    )


def missing_reason(path: str, span: Span, kind: str, form: str) -> Diagnostic:
    """An `allow` or `assume` without a reason; it has no effect."""
    return Diagnostic(
        codes.MISSING_REASON,
        f"this `{kind}` comment gives no reason and has no effect",
        path,
        Annotation(span, "no reason behind it"),
        helps=(f"write why: `{form}`",),
    )


def covers_nothing(path: str, span: Span, kind: str, item: str, why: str) -> Diagnostic:
    """An `allow` or `assume` that changes no finding and no outcome."""
    return Diagnostic(
        codes.COVERS_NOTHING,
        f"`{kind}({item})` covers nothing: {why}",
        path,
        Annotation(span, "has no effect"),
        helps=("remove it, or put it above the statement that it speaks of",),
        severity=Severity.WARNING,
    )


def expired(path: str, span: Span, kind: str, until: str, today: str) -> Diagnostic:
    """An assumption whose date has passed; it no longer counts."""
    return Diagnostic(
        codes.EXPIRED,
        f"this `{kind}` comment was good until {until} and no longer counts on {today}",
        path,
        Annotation(span, "past its date"),
        helps=("mend what it covers, or have the assumption reviewed and its date moved",),
        severity=Severity.WARNING,
    )


def not_allowable(path: str, span: Span, item: str, why: str, instead: str) -> Diagnostic:
    """An `allow` or `assume` of something it cannot be used for."""
    return Diagnostic(
        codes.WRONG_SUPPRESSION,
        f"`{item}` {why}, so this comment has no effect",
        path,
        Annotation(span, "cannot be used for this"),
        helps=(instead,),
    )
