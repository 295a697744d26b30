"""Findings about receipts: names bound by `let x = transfer ...`, to be consumed exactly once."""

from __future__ import annotations

from collections.abc import Sequence

from tellverify.diagnostics import codes
from tellverify.diagnostics.model import Diagnostic
from tellverify.diagnostics.where import Where
from tellverify.source.span import Span

_ONCE = "a receipt stands for one transfer, and is consumed exactly once on every path"


def unconsumed_receipt(
    where: Where,
    name: str,
    span: Span,
    mentions: Sequence[tuple[Span, str]],
    upstream: str,
) -> Diagnostic:
    """The receipt bound at `span` is not consumed; `mentions` are no uses, or not Telltale's."""
    return where.finding(
        codes.UNUSED_RECEIPT,
        f"the receipt `{name}` is never consumed",
        (span, "bound here and then dropped"),
        others=mentions,
        notes=(_ONCE,),
        helps=(f"consume it, for example by `handoff operation to R with {name}`",),
        upstream=upstream,
    )


def receipt_left(
    where: Where, name: str, end: tuple[Span, str], bound: Span, upstream: str
) -> Diagnostic:
    """The receipt is live at `end`, where a round of a `rec` ends that began before it."""
    return where.finding(
        codes.UNUSED_RECEIPT,
        f"the receipt `{name}` is not consumed before `{end[1]}`",
        (end[0], f"drops `{name}`"),
        others=[(bound, "bound here")],
        notes=(_ONCE,),
        helps=(f"consume `{name}` before the next round",),
        upstream=upstream,
    )


def receipt_twice(
    where: Where, name: str, span: Span, first: Span, bound: Span, upstream: str
) -> Diagnostic:
    """The receipt is consumed at `first` and on the same path again at `span`."""
    return where.finding(
        codes.RECEIPT_TWICE,
        f"the receipt `{name}` is consumed twice",
        (span, "consumed again"),
        others=[(first, "first consumed here"), (bound, "bound here")],
        notes=(_ONCE,),
        helps=("remove one of the uses, or transfer again and bind a second receipt",),
        upstream=upstream,
    )


def receipt_rebound(where: Where, name: str, span: Span, bound: Span) -> Diagnostic:
    """A `let` at `span` binds the name of a receipt that is still live."""
    return where.finding(
        codes.RECEIPT_REBOUND,
        f"`{name}` is bound again before its receipt is consumed",
        (span, "hides the receipt"),
        others=[(bound, "the receipt is bound here")],
        helps=("consume the receipt first, or choose another name",),
        upstream="rejects",
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
    return where.finding(
        codes.RECEIPT_DIVERGES,
        f"{use[1]} consumes the receipt `{name}`, but {without[1]} does not",
        (without[0], f"leaves `{name}` live"),
        others=[(use[0], "consumed here"), (bound, "bound here")],
        notes=(_ONCE,),
        helps=(f"consume `{name}` in every alternative, or before them",),
        upstream=upstream,
    )


def receipt_in_loop(
    where: Where, name: str, use: Span, head: tuple[Span, str], bound: Span, upstream: str
) -> Diagnostic:
    """A receipt from outside is consumed inside a repetition."""
    return where.finding(
        codes.RECEIPT_REPEATED,
        f"every round of `{head[1]}` consumes the receipt `{name}`",
        (use, "consumed in each round"),
        others=[(head[0], "repeats"), (bound, "bound once, outside")],
        notes=(_ONCE,),
        helps=(f"consume `{name}` outside, or transfer inside the repetition",),
        upstream=upstream,
    )


def receipt_refused(
    where: Where, name: str, use: Span, bound: Span, reason: str, advice: str
) -> Diagnostic:
    """The receipt is consumed once on every path, but Telltale counts otherwise."""
    return where.finding(
        codes.RECEIPT_REFUSED,
        f"Telltale refuses this use of the receipt `{name}`",
        (use, "consumed here"),
        others=[(bound, "bound here")],
        notes=("it is consumed exactly once on every path", reason),
        helps=(advice,),
        upstream="rejects",
    )


def receipt_name(
    where: Where, name: str, bound: Span, places: Sequence[tuple[Span, str]]
) -> Diagnostic:
    """Telltale finds the name of a receipt in texts that do not name it."""
    return where.finding(
        codes.RECEIPT_NAME,
        f"Telltale finds the name of the receipt `{name}` inside other words",
        (bound, "bound here"),
        others=places,
        notes=("it counts every occurrence of these letters as a use",),
        helps=(f"rename `{name}` to something that is part of no other word",),
        upstream="rejects",
    )
