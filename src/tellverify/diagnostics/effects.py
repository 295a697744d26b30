"""Findings about effects: their declarations, and how a protocol uses them."""

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

NOT_A_CHECK: Final = Code(
    "TV321",
    "not-a-check",
    "an authoritative binding of an expression that is not a check",
    help="bind `check E.operation(...)`, or use a plain `let`",
    upstream="rejects",
)


def not_a_check(where: Where, name: str, span: Span, mode: Span) -> Diagnostic:
    """`authoritative let` binds the expression at `span`, which is no check."""
    return finding(
        NOT_A_CHECK,
        where,
        f"`authoritative let {name}` does not bind a check",
        (span, "not a `check`"),
        others=[(mode, "an authoritative binding")],
        notes=("only a check of an authoritative operation confers authority",),
    )


NOT_AN_OBSERVATION: Final = Code(
    "TV322",
    "not-an-observation",
    "an observe binding of an expression that is not an observation",
    help="bind `observe E.operation(...)`, or use a plain `let`",
    upstream="rejects",
)


def not_an_observation(where: Where, name: str, span: Span, mode: Span) -> Diagnostic:
    """`observe let` binds the expression at `span`, which is no observation."""
    return finding(
        NOT_AN_OBSERVATION,
        where,
        f"`observe let {name}` does not bind an observation",
        (span, "not an `observe`"),
        others=[(mode, "bound as an observation")],
    )


MISSING_METADATA: Final = Code(
    "TV323",
    "missing-metadata",
    "an effect operation with missing metadata",
    upstream="rejects",
)


def missing_metadata(where: Where, operation: str, keys: Sequence[str], span: Span) -> Diagnostic:
    """The operation lacks the metadata `keys`."""
    names = ", ".join(f"`{key}`" for key in keys)
    return finding(
        MISSING_METADATA,
        where,
        f"the operation `{operation}` lacks {names}",
        (span, "incomplete metadata"),
        helps=(f"add `{keys[0]} : ...` to its metadata",),
    )


METADATA_VALUE: Final = Code(
    "TV324",
    "metadata-value",
    "metadata with an unknown value",
    upstream="rejects",
)


def metadata_value(
    where: Where, operation: str, key: str, value: str, span: Span, allowed: Sequence[str]
) -> Diagnostic:
    """A metadata field has a value that does not exist."""
    return finding(
        METADATA_VALUE,
        where,
        f"`{value}` is not a valid {key} for an operation",
        (span, f"the {key} of `{operation}`"),
        helps=("use " + " or ".join(f"`{each}`" for each in allowed),),
    )


METADATA_CONFLICT: Final = Code(
    "TV325",
    "metadata-conflict",
    "metadata that conflicts with the kind of the operation",
    upstream="rejects",
)


def metadata_conflict(
    where: Where,
    operation: str,
    kind: tuple[Span, str],
    entry: tuple[Span, str],
    advice: str,
) -> Diagnostic:
    """A metadata field has a value that operations of this kind may not have."""
    return finding(
        METADATA_CONFLICT,
        where,
        f"the {kind[1]} operation `{operation}` cannot be `{entry[1]}`",
        (entry[0], f"not for `{kind[1]}` operations"),
        others=[(kind[0], f"`{operation}` is `{kind[1]}`")],
        helps=(advice,),
    )


DUPLICATE_EFFECT: Final = Code(
    "TV326",
    "duplicate-effect",
    "two effects with the same name",
    help="rename one of them, or merge them",
    upstream="rejects",
)


def duplicate_effect(where: Where, name: str, first: Span, second: Span) -> Diagnostic:
    """Two effects have one name."""
    return finding(
        DUPLICATE_EFFECT,
        where,
        f"the effect `{name}` is declared twice",
        (second, "declared again"),
        others=[(first, "first declared here")],
    )


DUPLICATE_OPERATION: Final = Code(
    "TV327",
    "duplicate-operation",
    "two operations with the same name in an effect",
    help="rename one of them",
    upstream="rejects",
)


def duplicate_operation(
    where: Where, effect: str, name: str, first: Span, second: Span
) -> Diagnostic:
    """Two operations of one effect have one name."""
    return finding(
        DUPLICATE_OPERATION,
        where,
        f"the effect `{effect}` has two operations `{name}`",
        (second, "declared again"),
        others=[(first, "first declared here")],
    )


EFFECT_NOT_USED: Final = Code(
    "TV328",
    "effect-not-in-uses",
    "an effect that is missing from `uses`",
)


def effect_not_used(
    where: Where,
    effect: str,
    span: Span,
    declared: Span,
    protocol: Span,
    more: int,
    upstream: str,
) -> Diagnostic:
    """The protocol uses an effect that its header does not list."""
    return finding(
        EFFECT_NOT_USED,
        where,
        f"`{where.protocol}` uses the effect `{effect}` without `uses {effect}`",
        (span, f"not listed in the header of `{where.protocol}`"),
        others=[
            (protocol, "the header of the protocol"),
            (declared, f"`{effect}` is declared here"),
        ],
        notes=(f"it is used in {more} more places",) if more else (),
        helps=(f"add `uses {effect}` to the header",),
        upstream=upstream,
    )


UNDECLARED_OPERATION: Final = Code(
    "TV329",
    "undeclared-operation",
    "an operation that the effect does not have",
)


def undeclared_operation(
    where: Where,
    effect: str,
    operation: str,
    span: Span,
    declared: Span | None,
    nearest: str,
    upstream: str,
) -> Diagnostic:
    """`effect` lacks the operation; without `declared`, the effect itself is missing."""
    if declared is None:
        message = f"the effect `{effect}` is not declared"
        advice = f"declare `effect {effect}` with the operation `{operation}`"
    else:
        message = f"the effect `{effect}` has no operation `{operation}`"
        advice = f"declare `{operation}` in `effect {effect}`"
    return finding(
        UNDECLARED_OPERATION,
        where,
        message,
        (span, "no such effect" if declared is None else "no such operation"),
        others=[(declared, f"`{effect}` is declared here")] if declared is not None else [],
        helps=(f"did you mean `{nearest}`?",) if nearest else (advice,),
        upstream=upstream,
    )


CHECK_OF_OBSERVATION: Final = Code(
    "TV331",
    "check-of-observation",
    "a check of an `observe` operation",
    upstream="rejects",
)


def check_of_observation(where: Where, operation: str, span: Span, declared: Span) -> Diagnostic:
    """An operation that observes is checked."""
    return finding(
        CHECK_OF_OBSERVATION,
        where,
        f"`{operation}` is checked, but it is an `observe` operation",
        (span, "an observation is not evidence"),
        others=[(declared, "declared as `observe` here")],
        helps=(f"bind `observe let x = observe ...{operation}(...)`, or check another operation",),
    )


OBSERVATION_OF_OTHER: Final = Code(
    "TV332",
    "observation-of-other",
    "an observation of an operation that is not `observe`",
    help="use `check`, or declare the operation as `observe`",
    upstream="rejects",
)


def observation_of_other(
    where: Where, operation: str, kind: str, span: Span, declared: Span
) -> Diagnostic:
    """An operation that does not observe is observed."""
    return finding(
        OBSERVATION_OF_OTHER,
        where,
        f"`{operation}` is observed, but it is {_article(kind)} operation",
        (span, "not an observation"),
        others=[(declared, f"declared as `{kind}` here")],
    )


PLAIN_AUTHORITATIVE: Final = Code(
    "TV333",
    "plain-authoritative",
    "an authoritative check bound with a plain `let`",
    upstream="rejects",
)


def plain_authoritative(
    where: Where, name: str, operation: str, span: Span, declared: Span
) -> Diagnostic:
    """A plain `let` binds the check of an authoritative operation."""
    return finding(
        PLAIN_AUTHORITATIVE,
        where,
        f"a plain `let` binds `{name}` to the authoritative answer of `{operation}`",
        (span, "bound without authority"),
        others=[(declared, "declared as `authoritative` here")],
        helps=(f"write `authoritative let {name}`",),
    )


PLAIN_OBSERVATION: Final = Code(
    "TV334",
    "plain-observation",
    "an observation bound with a plain `let`",
    upstream="rejects",
)


def plain_observation(where: Where, name: str, operation: str, span: Span) -> Diagnostic:
    """A plain `let` binds an observation."""
    return finding(
        PLAIN_OBSERVATION,
        where,
        f"a plain `let` binds `{name}` to an observation of `{operation}`",
        (span, "looks like a settled value"),
        helps=(f"write `observe let {name}`",),
    )


NOT_AUTHORITATIVE: Final = Code(
    "TV335",
    "not-authoritative",
    "an authoritative binding of an operation that is not authoritative",
    upstream="rejects",
)


def not_authoritative(
    where: Where, name: str, operation: str, kind: str, span: Span, declared: Span
) -> Diagnostic:
    """`authoritative let` binds the check of an operation without authority."""
    return finding(
        NOT_AUTHORITATIVE,
        where,
        f"`authoritative let {name}` checks `{operation}`, which is {_article(kind)} operation",
        (span, "not authoritative"),
        others=[(declared, f"declared as `{kind}` here")],
        helps=(f"write `let {name}`, or declare `{operation}` as `authoritative`",),
    )


def _article(kind: str) -> str:
    return f"an `{kind}`" if kind[0] in "ao" else f"a `{kind}`"
