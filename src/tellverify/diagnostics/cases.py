"""Findings about `case`: constructors that are missing, unknown, or taken twice."""

from __future__ import annotations

from collections.abc import Sequence

from tellverify.diagnostics import codes
from tellverify.diagnostics.model import Diagnostic
from tellverify.diagnostics.where import Where
from tellverify.source.span import Span


def missing_case(
    where: Where,
    missing: Sequence[str],
    type_name: str,
    span: Span,
    others: Sequence[tuple[Span, str]],
    upstream: str,
) -> Diagnostic:
    """The case at `span` has no arm for the constructors in `missing`."""
    names = " and ".join(f"`{name}`" for name in missing)
    return where.finding(
        codes.MISSING_CASE,
        f"the case has no arm for {names} of `{type_name}`",
        (span, f"what if it is {names}?"),
        others=others,
        helps=(f"add an arm `| {missing[0]} => ...`",),
        upstream=upstream,
    )


def unknown_constructor(
    where: Where,
    name: str,
    type_name: str,
    span: Span,
    others: Sequence[tuple[Span, str]],
    constructors: Sequence[str],
    upstream: str,
) -> Diagnostic:
    """The arm at `span` takes a constructor that the type does not have."""
    has = ", ".join(f"`{each}`" for each in constructors[:8])
    return where.finding(
        codes.UNKNOWN_CONSTRUCTOR,
        f"`{type_name}` has no constructor `{name}`",
        (span, "never matches"),
        others=others,
        helps=(f"`{type_name}` has {has}" if has else f"`{type_name}` has no constructors",),
        upstream=upstream,
    )


def duplicate_case(where: Where, name: str, span: Span, first: Span) -> Diagnostic:
    """Two arms take the same constructor."""
    return where.finding(
        codes.DUPLICATE_CASE,
        f"two arms of the case take `{name}`",
        (span, "never reached"),
        others=[(first, "taken here already")],
        helps=("remove one of the arms, or take another constructor",),
        upstream="accepts",
    )


def binder_count(
    where: Where,
    name: str,
    bound: int,
    carried: int,
    span: Span,
    others: Sequence[tuple[Span, str]],
) -> Diagnostic:
    """An arm binds `bound` names, and its constructor carries `carried` values."""
    binds = f"{bound} names" if bound != 1 else "1 name"
    carries = "no value" if carried == 0 else "1 value"
    return where.finding(
        codes.BINDER_COUNT,
        f"the arm binds {binds}, but `{name}` carries {carries}",
        (span, f"carries {carries}"),
        others=others,
        helps=("bind one name for each value, or none at all",),
        upstream="accepts",
    )
