"""Diagnostics about comments that speak to tellverify."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tellverify.diagnostics.model import (
    Code,
    Diagnostic,
    Severity,
    finding,
)
from tellverify.source.span import Span

UNKNOWN_DIRECTIVE: Final = Code(
    "TV023",
    "unknown-directive",
    "a `tell:` comment of an unknown kind",
    severity=Severity.WARNING,
)


def unknown_directive(
    path: str, span: Span, kind: str, known: Sequence[str], nearest: str = ""
) -> Diagnostic:
    """A `tell:` comment of a kind that nothing reads; `nearest` is the one that may be meant."""
    what = f"of the unknown kind `{kind}`" if kind else "without a kind"
    return finding(
        UNKNOWN_DIRECTIVE,
        path,
        f"this `tell:` comment {what} has no effect",
        (span, "never read"),
        helps=(f"did you mean `{nearest}`?",)
        if nearest
        else (f"the kinds are {', '.join(f'`{one}`' for one in known)}",),
    )


UNREADABLE_DIRECTIVE: Final = Code(
    "TV024",
    "unreadable-directive",
    "a `tell:` comment that cannot be read",
)


def unreadable_directive(path: str, span: Span, kind: str, form: str) -> Diagnostic:
    """A `tell:` comment of a known kind in a form that cannot be read."""
    return finding(
        UNREADABLE_DIRECTIVE,
        path,
        f"this `{kind}` comment cannot be read and has no effect",
        (span, "malformed comment"),
        helps=(f"write `{form}`",),
    )


UNREVIEWED_COMMENT: Final = Code(
    "TV027",
    "unreviewed-comment",
    "an `allow` or `assume` comment that the base revision does not have",
    severity=Severity.WARNING,
    help="the comment takes effect once it is in the base revision",
)


def unreviewed_comment(path: str, span: Span, kind: str) -> Diagnostic:
    """A comment that a strict check does not follow, as the base revision does not have it."""
    return finding(
        UNREVIEWED_COMMENT,
        path,
        f"with `--strict` this `{kind}` comment has no effect: the base revision does not have it",
        (span, "new"),
    )


MISSING_REASON: Final = Code(
    "TV021",
    "missing-reason",
    "an `allow` or `assume` comment without a reason",
)


def missing_reason(path: str, span: Span, kind: str, form: str) -> Diagnostic:
    """An `allow` or `assume` without a reason; it has no effect."""
    return finding(
        MISSING_REASON,
        path,
        f"this `{kind}` comment gives no reason and has no effect",
        (span, "no reason given"),
        helps=(f"give a reason: `{form}`",),
    )


COVERS_NOTHING: Final = Code(
    "TV022",
    "covers-nothing",
    "an `allow` or `assume` comment that has no effect",
    severity=Severity.WARNING,
    help="remove it, or move it above the statement that it covers",
)


def covers_nothing(path: str, span: Span, kind: str, item: str, why: str) -> Diagnostic:
    """An `allow` or `assume` that changes no finding and no outcome."""
    return finding(
        COVERS_NOTHING,
        path,
        f"`{kind}({item})` covers nothing: {why}",
        (span, "has no effect"),
    )


EXPIRED: Final = Code(
    "TV025",
    "expired-assumption",
    "an assumption that has expired",
    severity=Severity.WARNING,
    help="fix the fault that it covers, or review the assumption and extend its date",
)


def expired(path: str, span: Span, kind: str, until: str, today: str) -> Diagnostic:
    """An assumption whose date has passed; it no longer counts."""
    return finding(
        EXPIRED,
        path,
        f"this `{kind}` comment expired on {until} and does not count on {today}",
        (span, "expired"),
    )


WRONG_SUPPRESSION: Final = Code(
    "TV026",
    "wrong-suppression",
    "an `allow` or `assume` comment that cannot cover its subject",
)


def not_allowable(path: str, span: Span, item: str, why: str, instead: str) -> Diagnostic:
    """An `allow` or `assume` of something it cannot be used for."""
    return finding(
        WRONG_SUPPRESSION,
        path,
        f"`{item}` {why}, so this comment has no effect",
        (span, "not allowed here"),
        helps=(instead,),
    )
