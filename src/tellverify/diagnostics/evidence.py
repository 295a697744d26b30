"""Findings about evidence: names that nothing binds, and operations that are not finished."""

from __future__ import annotations

from typing import Final

from tellverify.diagnostics.model import (
    Code,
    Diagnostic,
    Severity,
    Where,
    finding,
)
from tellverify.source.span import Span

UNFINISHED_OPERATION: Final = Code(
    "TV341",
    "unfinished-operation",
    "an operation that is begun but neither awaited nor resolved",
    severity=Severity.WARNING,
    upstream="accepts",
)


def unfinished_operation(where: Where, name: str, span: Span) -> Diagnostic:
    """An operation is begun, and no statement that can follow ends it."""
    return finding(
        UNFINISHED_OPERATION,
        where,
        f"no `await`, `resolve` or `invalidate` follows `begin {name}`",
        (span, "its outcome is never used"),
        helps=(f"add `await {name}` or `resolve {name} as ...` after it",),
    )


OPERATION_NOT_BEGUN: Final = Code(
    "TV342",
    "operation-not-begun",
    "an operation that is awaited or resolved but never begun",
    severity=Severity.WARNING,
    upstream="accepts",
)


def operation_not_begun(where: Where, name: str, word: str, span: Span) -> Diagnostic:
    """An operation is awaited, resolved or invalidated that no statement begins."""
    return finding(
        OPERATION_NOT_BEGUN,
        where,
        f"`{word} {name}` has no `begin {name}`",
        (span, "never begun"),
        helps=(f"add `begin {name}` before it",),
    )


UNDECLARED_BEGIN: Final = Code(
    "TV345",
    "undeclared-begin",
    "an operation that is begun but not declared",
    severity=Severity.WARNING,
    upstream="accepts",
)


def undeclared_begin(where: Where, name: str, span: Span, nearest: str) -> Diagnostic:
    """An operation is begun that the file does not declare."""
    return finding(
        UNDECLARED_BEGIN,
        where,
        f"the operation `{name}` is begun but not declared",
        (span, "no such operation"),
        helps=(f"did you mean `{nearest}`?" if nearest else f"declare `operation {name}`",),
    )


UNBOUND_NAME: Final = Code(
    "TV343",
    "unbound-name",
    "evidence or a receipt that is not bound here",
    severity=Severity.WARNING,
    upstream="accepts",
)


def unbound_name(
    where: Where, name: str, what: str, span: Span, elsewhere: Span | None, nearest: str
) -> Diagnostic:
    """A name is used as `what` and bound nowhere, or at `elsewhere`, which is another scope."""
    if elsewhere is not None:
        advice = f"bind `{name}` before the blocks diverge, or use it where it is bound"
    elif nearest:
        advice = f"did you mean `{nearest}`?"
    else:
        advice = f"bind `{name}` first"
    return finding(
        UNBOUND_NAME,
        where,
        f"{what} `{name}` is not bound here",
        (span, "bound elsewhere" if elsewhere is not None else "never bound"),
        others=[(elsewhere, "bound here, in another scope")] if elsewhere is not None else [],
        helps=(advice,),
    )


HANDOFF_RECEIPT: Final = Code(
    "TV344",
    "handoff-without-receipt",
    "a handoff with a name that is not a receipt",
    severity=Severity.WARNING,
    upstream="accepts",
)


def handoff_receipt(where: Where, name: str, span: Span, bound: Span) -> Diagnostic:
    """A handoff is made with a name that stands for something else than a receipt."""
    return finding(
        HANDOFF_RECEIPT,
        where,
        f"the handoff uses `{name}`, which is not a receipt",
        (span, "not a receipt"),
        others=[(bound, f"`{name}` is bound here")],
        notes=("a receipt is bound by `let x = transfer ...`",),
        helps=(f"bind `{name}` with a `transfer`",),
    )
