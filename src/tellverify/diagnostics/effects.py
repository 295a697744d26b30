"""Findings about effects: their declarations, and how a protocol asks them."""

from __future__ import annotations

from collections.abc import Sequence

from tellverify.diagnostics import codes
from tellverify.diagnostics.model import Diagnostic
from tellverify.diagnostics.where import Where
from tellverify.source.span import Span


def not_a_check(where: Where, name: str, span: Span, mode: Span) -> Diagnostic:
    """`authoritative let` binds the expression at `span`, which is no check."""
    return where.finding(
        codes.NOT_A_CHECK,
        f"`authoritative let {name}` binds no check",
        (span, "not a `check`"),
        others=[(mode, "bound with authority")],
        notes=("only a check of an authoritative operation yields authority",),
        helps=("bind `check E.operation(...)`, or use a plain `let`",),
        upstream="rejects",
    )


def not_an_observation(where: Where, name: str, span: Span, mode: Span) -> Diagnostic:
    """`observe let` binds the expression at `span`, which is no observation."""
    return where.finding(
        codes.NOT_AN_OBSERVATION,
        f"`observe let {name}` binds no observation",
        (span, "not an `observe`"),
        others=[(mode, "bound as an observation")],
        helps=("bind `observe E.operation(...)`, or use a plain `let`",),
        upstream="rejects",
    )


def missing_metadata(where: Where, operation: str, keys: Sequence[str], span: Span) -> Diagnostic:
    """The operation lacks the metadata `keys`."""
    names = ", ".join(f"`{key}`" for key in keys)
    return where.finding(
        codes.MISSING_METADATA,
        f"the operation `{operation}` does not say its {names}",
        (span, "incomplete metadata"),
        helps=(f"add `{keys[0]} : ...` to its metadata",),
        upstream="rejects",
    )


def metadata_value(
    where: Where, operation: str, key: str, value: str, span: Span, allowed: Sequence[str]
) -> Diagnostic:
    """A metadata field has a value that does not exist."""
    return where.finding(
        codes.METADATA_VALUE,
        f"`{value}` is no {key} of an operation",
        (span, f"the {key} of `{operation}`"),
        helps=("use " + " or ".join(f"`{each}`" for each in allowed),),
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
    return where.finding(
        codes.METADATA_CONFLICT,
        f"the {kind[1]} operation `{operation}` cannot be `{entry[1]}`",
        (entry[0], f"not for `{kind[1]}` operations"),
        others=[(kind[0], f"`{operation}` is `{kind[1]}`")],
        helps=(advice,),
        upstream="rejects",
    )


def duplicate_effect(where: Where, name: str, first: Span, second: Span) -> Diagnostic:
    """Two effects have one name."""
    return where.finding(
        codes.DUPLICATE_EFFECT,
        f"there are two effects `{name}`",
        (second, "declared again"),
        others=[(first, "first declared here")],
        helps=("rename one of them, or join their operations",),
        upstream="rejects",
    )


def duplicate_operation(
    where: Where, effect: str, name: str, first: Span, second: Span
) -> Diagnostic:
    """Two operations of one effect have one name."""
    return where.finding(
        codes.DUPLICATE_OPERATION,
        f"the effect `{effect}` has two operations `{name}`",
        (second, "declared again"),
        others=[(first, "first declared here")],
        helps=("rename one of them",),
        upstream="rejects",
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
    """The protocol asks an effect that its header does not list."""
    return where.finding(
        codes.EFFECT_NOT_USED,
        f"`{where.protocol}` asks the effect `{effect}` without `uses {effect}`",
        (span, f"not among what `{where.protocol}` uses"),
        others=[(protocol, "the header of the protocol"), (declared, f"`{effect}` is declared")],
        notes=(f"it is asked at {more} more places",) if more else (),
        helps=(f"add `uses {effect}` to the header",),
        upstream=upstream,
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
    """An operation is asked that the effect does not have; without `declared`, no effect either."""
    if declared is None:
        message = f"the effect `{effect}` is not declared"
        advice = f"declare `effect {effect}` with the operation `{operation}`"
    else:
        message = f"the effect `{effect}` has no operation `{operation}`"
        advice = f"declare `{operation}` in `effect {effect}`"
    return where.finding(
        codes.UNDECLARED_OPERATION,
        message,
        (span, "no such effect" if declared is None else "no such operation"),
        others=[(declared, f"`{effect}` is declared here")] if declared is not None else [],
        helps=(f"did you mean `{nearest}`?",) if nearest else (advice,),
        upstream=upstream,
    )


def check_of_observation(where: Where, operation: str, span: Span, declared: Span) -> Diagnostic:
    """An operation that observes is checked."""
    return where.finding(
        codes.CHECK_OF_OBSERVATION,
        f"`{operation}` is checked, but it only observes",
        (span, "an observation is no evidence"),
        others=[(declared, "declared as `observe` here")],
        helps=(f"bind `observe let x = observe ...{operation}(...)`, or check another operation",),
        upstream="rejects",
    )


def observation_of_other(
    where: Where, operation: str, kind: str, span: Span, declared: Span
) -> Diagnostic:
    """An operation that does not observe is observed."""
    return where.finding(
        codes.OBSERVATION_OF_OTHER,
        f"`{operation}` is observed, but it is {_article(kind)} operation",
        (span, "not an observation"),
        others=[(declared, f"declared as `{kind}` here")],
        helps=("use `check`, or declare the operation as `observe`",),
        upstream="rejects",
    )


def plain_authoritative(
    where: Where, name: str, operation: str, span: Span, declared: Span
) -> Diagnostic:
    """A plain `let` binds the check of an authoritative operation."""
    return where.finding(
        codes.PLAIN_AUTHORITATIVE,
        f"a plain `let` binds `{name}`, the authoritative answer of `{operation}`",
        (span, "bound without its authority"),
        others=[(declared, "declared as `authoritative` here")],
        helps=(f"write `authoritative let {name}`",),
        upstream="rejects",
    )


def plain_observation(where: Where, name: str, operation: str, span: Span) -> Diagnostic:
    """A plain `let` binds an observation."""
    return where.finding(
        codes.PLAIN_OBSERVATION,
        f"a plain `let` binds `{name}`, an observation of `{operation}`",
        (span, "looks like a value that is settled"),
        helps=(f"write `observe let {name}`",),
        upstream="rejects",
    )


def not_authoritative(
    where: Where, name: str, operation: str, kind: str, span: Span, declared: Span
) -> Diagnostic:
    """`authoritative let` binds the check of an operation without authority."""
    return where.finding(
        codes.NOT_AUTHORITATIVE,
        f"`authoritative let {name}` checks `{operation}`, {_article(kind)} operation",
        (span, "has no authority"),
        others=[(declared, f"declared as `{kind}` here")],
        helps=(f"write `let {name}`, or declare `{operation}` as `authoritative`",),
        upstream="rejects",
    )


def _article(kind: str) -> str:
    return f"an `{kind}`" if kind[0] in "ao" else f"a `{kind}`"
