"""Findings about receipts: names bound by `let x = transfer ...`, to be consumed exactly once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tellverify.diagnostics.model import (
    Code,
    Diagnostic,
    Severity,
    Where,
    finding,
)
from tellverify.source.span import Span

_ONCE = "a receipt stands for one transfer and must be consumed exactly once on every path"


UNUSED_RECEIPT: Final = Code(
    "TV301",
    "unconsumed-receipt",
    "a receipt that is never consumed",
)


def unconsumed_receipt(
    where: Where,
    name: str,
    span: Span,
    mentions: Sequence[tuple[Span, str]],
    upstream: str,
) -> Diagnostic:
    """The receipt bound at `span` is not consumed; `mentions` are no uses, or not Telltale's."""
    return finding(
        UNUSED_RECEIPT,
        where,
        f"the receipt `{name}` is never consumed",
        (span, "bound here, then dropped"),
        others=mentions,
        notes=(_ONCE,),
        helps=(f"consume it, for example with `handoff operation to R with {name}`",),
        upstream=upstream,
    )


def receipt_left(
    where: Where, name: str, end: tuple[Span, str], bound: Span, upstream: str
) -> Diagnostic:
    """The receipt is live at `end`, where a round of a `rec` ends that began before it."""
    return finding(
        UNUSED_RECEIPT,
        where,
        f"the receipt `{name}` is not consumed before `{end[1]}`",
        (end[0], f"drops `{name}`"),
        others=[(bound, "bound here")],
        notes=(_ONCE,),
        helps=(f"consume `{name}` before the next round",),
        upstream=upstream,
    )


RECEIPT_TWICE: Final = Code(
    "TV302",
    "receipt-used-twice",
    "a receipt that is consumed twice",
    help="remove one of the uses, or transfer again and bind a second receipt",
)


def receipt_twice(
    where: Where, name: str, span: Span, first: Span, bound: Span, upstream: str
) -> Diagnostic:
    """The receipt is consumed at `first` and again on the same path at `span`."""
    return finding(
        RECEIPT_TWICE,
        where,
        f"the receipt `{name}` is consumed twice",
        (span, "consumed again"),
        others=[(first, "first consumed here"), (bound, "bound here")],
        notes=(_ONCE,),
        upstream=upstream,
    )


RECEIPT_REBOUND: Final = Code(
    "TV303",
    "receipt-rebound",
    "a name that is rebound while its receipt is live",
    help="consume the receipt first, or use another name",
    upstream="rejects",
)


def receipt_rebound(where: Where, name: str, span: Span, bound: Span) -> Diagnostic:
    """A `let` at `span` binds the name of a receipt that is still live."""
    return finding(
        RECEIPT_REBOUND,
        where,
        f"`{name}` is rebound before its receipt is consumed",
        (span, "shadows the receipt"),
        others=[(bound, "the receipt is bound here")],
    )


RECEIPT_DIVERGES: Final = Code(
    "TV304",
    "diverging-receipt",
    "a receipt that is consumed only in some alternatives",
)


def receipt_diverges(
    where: Where,
    name: str,
    without: tuple[Span, str],
    use: tuple[Span, str],
    bound: Span,
    upstream: str,
) -> Diagnostic:
    """One alternative consumes the receipt and another does not; places with what they are."""
    return finding(
        RECEIPT_DIVERGES,
        where,
        f"{use[1]} consumes the receipt `{name}`, but {without[1]} does not",
        (without[0], f"leaves `{name}` live"),
        others=[(use[0], "consumed here"), (bound, "bound here")],
        notes=(_ONCE,),
        helps=(f"consume `{name}` in every alternative, or before them",),
        upstream=upstream,
    )


RECEIPT_REPEATED: Final = Code(
    "TV305",
    "receipt-in-loop",
    "a receipt that is consumed in every round of a loop",
)


def receipt_in_loop(
    where: Where, name: str, use: Span, head: tuple[Span, str], bound: Span, upstream: str
) -> Diagnostic:
    """A receipt from outside is consumed inside a repetition."""
    return finding(
        RECEIPT_REPEATED,
        where,
        f"every round of `{head[1]}` consumes the receipt `{name}`",
        (use, "consumed in every round"),
        others=[(head[0], "repeats"), (bound, "bound once, outside the loop")],
        notes=(_ONCE,),
        helps=(f"consume `{name}` outside the loop, or transfer inside it",),
        upstream=upstream,
    )


RECEIPT_REFUSED: Final = Code(
    "TV306",
    "receipt-use-refused",
    "a correct use of a receipt that Telltale rejects",
    severity=Severity.WARNING,
    upstream="rejects",
)


def receipt_refused(
    where: Where, name: str, use: Span, bound: Span, reason: str, advice: str
) -> Diagnostic:
    """The receipt is consumed once on every path, but Telltale counts otherwise."""
    return finding(
        RECEIPT_REFUSED,
        where,
        f"Telltale rejects this use of the receipt `{name}`",
        (use, "consumed here"),
        others=[(bound, "bound here")],
        notes=("it is consumed exactly once on every path", reason),
        helps=(advice,),
    )


RECEIPT_NAME: Final = Code(
    "TV307",
    "receipt-name-collides",
    "a receipt whose name occurs inside other words",
    severity=Severity.WARNING,
    upstream="rejects",
)


def receipt_name(
    where: Where, name: str, bound: Span, places: Sequence[tuple[Span, str]]
) -> Diagnostic:
    """Telltale finds the name of a receipt in texts that do not name it."""
    return finding(
        RECEIPT_NAME,
        where,
        f"Telltale finds the name of the receipt `{name}` inside other words",
        (bound, "bound here"),
        others=places,
        notes=("Telltale counts every occurrence of these letters as a use",),
        helps=(f"rename `{name}` so that it is not part of another word",),
    )
