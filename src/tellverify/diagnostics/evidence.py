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
    "an operation begun and neither awaited nor resolved",
    severity=Severity.WARNING,
    upstream="accepts",
)


def unfinished_operation(where: Where, name: str, span: Span) -> Diagnostic:
    """An operation is begun, and no statement that can follow ends it."""
    return finding(
        UNFINISHED_OPERATION,
        where,
        f"`begin {name}` is followed by no `await`, `resolve` or `invalidate`",
        (span, "its outcome is never asked for"),
        helps=(f"add `await {name}` or `resolve {name} as ...` behind it",),
    )


OPERATION_NOT_BEGUN: Final = Code(
    "TV342",
    "operation-not-begun",
    "an operation awaited or resolved but not begun",
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
    "an operation begun that the file does not declare",
    severity=Severity.WARNING,
    upstream="accepts",
)


def undeclared_begin(where: Where, name: str, span: Span, nearest: str) -> Diagnostic:
    """An operation is begun that the file does not declare."""
    return finding(
        UNDECLARED_BEGIN,
        where,
        f"the operation `{name}` is begun and not declared",
        (span, "no such operation"),
        helps=(f"did you mean `{nearest}`?" if nearest else f"declare `operation {name}`",),
    )


UNBOUND_NAME: Final = Code(
    "TV343",
    "unbound-name",
    "evidence or a receipt that nothing binds here",
    severity=Severity.WARNING,
    upstream="accepts",
)


def unbound_name(
    where: Where, name: str, what: str, span: Span, elsewhere: Span | None, nearest: str
) -> Diagnostic:
    """A name is used as `what` and bound nowhere, or at `elsewhere`, which is another scope."""
    if elsewhere is not None:
        advice = f"bind `{name}` before the blocks part, or use it where it is bound"
    elif nearest:
        advice = f"did you mean `{nearest}`?"
    else:
        advice = f"bind `{name}` first"
    return finding(
        UNBOUND_NAME,
        where,
        f"{what} `{name}` is not bound here",
        (span, "bound elsewhere" if elsewhere is not None else "bound nowhere"),
        others=[(elsewhere, "bound here, in another scope")] if elsewhere is not None else [],
        helps=(advice,),
    )


HANDOFF_RECEIPT: Final = Code(
    "TV344",
    "handoff-without-receipt",
    "a handoff with something that is no receipt",
    severity=Severity.WARNING,
    upstream="accepts",
)


def handoff_receipt(where: Where, name: str, span: Span, bound: Span) -> Diagnostic:
    """A handoff is made with a name that stands for something else than a receipt."""
    return finding(
        HANDOFF_RECEIPT,
        where,
        f"the handoff is made with `{name}`, which is no receipt",
        (span, "not a receipt"),
        others=[(bound, f"`{name}` is bound here")],
        notes=("a receipt is what `let x = transfer ...` binds",),
        helps=(f"bind `{name}` by a `transfer`",),
    )
