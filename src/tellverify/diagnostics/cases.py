"""Findings about `case`: constructors that are missing, unknown, or taken twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tellverify.diagnostics.model import (
    Code,
    Diagnostic,
    Where,
    finding,
)
from tellverify.source.span import Span

MISSING_CASE: Final = Code(
    "TV311",
    "missing-case",
    "a case analysis with a missing constructor",
)


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
    return finding(
        MISSING_CASE,
        where,
        f"the case has no arm for {names} of `{type_name}`",
        (span, f"{names} is not handled"),
        others=others,
        helps=(f"add an arm `| {missing[0]} => ...`",),
        upstream=upstream,
    )


UNKNOWN_CONSTRUCTOR: Final = Code(
    "TV312",
    "unknown-constructor",
    "a constructor that the type does not have",
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
    return finding(
        UNKNOWN_CONSTRUCTOR,
        where,
        f"`{type_name}` has no constructor `{name}`",
        (span, "never matches"),
        others=others,
        helps=(f"`{type_name}` has {has}" if has else f"`{type_name}` has no constructors",),
        upstream=upstream,
    )


DUPLICATE_CASE: Final = Code(
    "TV313",
    "duplicate-case",
    "a constructor that two arms match",
    help="remove one of the arms, or match another constructor",
    upstream="accepts",
)


def duplicate_case(where: Where, name: str, span: Span, first: Span) -> Diagnostic:
    """Two arms take the same constructor."""
    return finding(
        DUPLICATE_CASE,
        where,
        f"two arms of the case match `{name}`",
        (span, "unreachable"),
        others=[(first, "already matched here")],
    )


BINDER_COUNT: Final = Code(
    "TV314",
    "binder-count",
    "an arm that binds more names than its constructor has values",
    help="bind one name per value, or none",
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
    return finding(
        BINDER_COUNT,
        where,
        f"the arm binds {binds}, but `{name}` has {carries}",
        (span, f"has {carries}"),
        others=others,
    )
