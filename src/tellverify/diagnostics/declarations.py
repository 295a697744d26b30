"""Findings about profiles, agreements, operations, guest runtimes, role sets and bundles."""

from __future__ import annotations

from collections.abc import Sequence

from tellverify.diagnostics import codes
from tellverify.diagnostics.model import Diagnostic
from tellverify.diagnostics.where import Where
from tellverify.source.span import Span


def repeated_field(where: Where, key: str, owner: str, first: Span, second: Span) -> Diagnostic:
    """A field is given twice."""
    return where.finding(
        codes.REPEATED_FIELD,
        f"`{owner}` has the field `{key}` twice",
        (second, "this one counts"),
        others=[(first, "this one is ignored")],
        helps=("remove one of them",),
        upstream="accepts",
    )


def missing_agreement_field(
    where: Where, profile: str, fields: Sequence[str], span: Span
) -> Diagnostic:
    """An agreement profile lacks fields."""
    names = ", ".join(f"`{field}`" for field in fields)
    return where.finding(
        codes.MISSING_AGREEMENT_FIELD,
        f"the agreement profile `{profile}` has no {names}",
        (span, "incomplete"),
        helps=(f"add a line `{fields[0]} ...` to it",),
        upstream="rejects",
    )


def agreement_value(
    where: Where, profile: str, key: str, value: str, span: Span, allowed: Sequence[str]
) -> Diagnostic:
    """A field of an agreement profile has an unknown value."""
    return where.finding(
        codes.AGREEMENT_VALUE,
        f"`{value}` is no value for `{key}` of an agreement profile",
        (span, f"the `{key}` of `{profile}`"),
        notes=("Telltale reads it, and rejects it when it generates code",),
        helps=("use " + " or ".join(f"`{each}`" for each in allowed),),
        upstream="rejects",
    )


def no_progress(where: Where, operation: str, span: Span) -> Diagnostic:
    """An operation has no progress contract."""
    return where.finding(
        codes.NO_PROGRESS,
        f"the operation `{operation}` has no progress contract",
        (span, "may wait for ever"),
        helps=("add `progress Name on timeout => Result` to its head",),
        upstream="rejects",
    )


def empty_progress(where: Where, operation: str, contract: str, span: Span) -> Diagnostic:
    """The progress contract of an operation says nothing."""
    return where.finding(
        codes.EMPTY_PROGRESS,
        f"the progress contract `{contract}` of `{operation}` says nothing",
        (span, "no clause follows"),
        helps=("add `requires`, `within`, `on timeout` or `on stall`",),
        upstream="rejects",
    )


def no_agreement(where: Where, operation: str, span: Span) -> Diagnostic:
    """An operation has no agreement profile."""
    return where.finding(
        codes.NO_AGREEMENT,
        f"the operation `{operation}` names no agreement profile",
        (span, "who agrees to it?"),
        helps=("add `agreement Profile` to its head",),
        upstream="rejects",
    )


def undeclared_agreement(
    where: Where, operation: str, name: str, span: Span, nearest: str
) -> Diagnostic:
    """An operation names an agreement profile that is not declared."""
    advice = f"did you mean `{nearest}`?" if nearest else f"declare `agreement_profile {name}`"
    return where.finding(
        codes.UNDECLARED_AGREEMENT,
        f"the agreement profile `{name}` of `{operation}` is not declared",
        (span, "no such agreement profile"),
        helps=(advice,),
        upstream="rejects",
    )


def compose_policy(where: Where, operation: str, what: str, span: Span, advice: str) -> Diagnostic:
    """The compose policy of an operation is unknown or has a wrong argument."""
    return where.finding(
        codes.COMPOSE_POLICY,
        f"{what} in the head of `{operation}`",
        (span, "no such way to compose"),
        helps=(advice,),
        upstream="rejects",
    )


def no_entry(where: Where, guest: str, span: Span) -> Diagnostic:
    """A guest runtime has no entry."""
    return where.finding(
        codes.NO_ENTRY,
        f"the guest runtime `{guest}` has no entry",
        (span, "where does it begin?"),
        helps=("add a line `entry name`",),
        upstream="rejects",
    )


def empty_subset(where: Where, name: str, low: int, high: int, span: Span) -> Diagnostic:
    """A role set is a subset without members."""
    return where.finding(
        codes.EMPTY_SUBSET,
        f"the role set `{name}` is empty: `{low}..{high}` has no members",
        (span, "no member"),
        helps=("let the range end after it starts",),
        upstream="accepts",
    )


def duplicate_declaration(
    where: Where, what: str, name: str, first: Span, second: Span
) -> Diagnostic:
    """Two declarations of one sort have one name, which Telltale does not check."""
    return where.finding(
        codes.DUPLICATE_DECLARATION,
        f"there are two {what} `{name}`",
        (second, "declared again"),
        others=[(first, "first declared here")],
        helps=("rename one of them",),
        upstream="accepts",
    )


def unknown_capability(
    where: Where, bundle: str, name: str, span: Span, nearest: str
) -> Diagnostic:
    """A bundle claims a capability that is in no inventory."""
    advice = f"did you mean `{nearest}`?" if nearest else "name a key of the theorem inventory"
    return where.finding(
        codes.UNKNOWN_CAPABILITY,
        f"the proof bundle `{bundle}` claims `{name}`, which no theorem stands behind",
        (span, "not in the theorem inventory"),
        helps=(advice,),
        upstream="accepts",
    )


def empty_bundle(where: Where, name: str, span: Span, declared: Span) -> Diagnostic:
    """A protocol requires a bundle that has no capabilities."""
    return where.finding(
        codes.EMPTY_BUNDLE,
        f"`{where.protocol}` requires `{name}`, a proof bundle without capabilities",
        (span, "requires nothing"),
        others=[(declared, f"`{name}` is declared here")],
        helps=(f"list the capabilities of `{name}` by `requires [...]`",),
        upstream="accepts",
    )


def undeclared_name(
    where: Where, owner: str, name: str, wanted: str, span: Span, nearest: str
) -> Diagnostic:
    """A declaration names a role, fragment, profile or effect that nothing declares."""
    advice = f"did you mean `{nearest}`?" if nearest else f"declare `{name}`, or remove it"
    return where.finding(
        codes.UNDECLARED_NAME,
        f"{owner} names the {wanted} `{name}`, which is not declared",
        (span, f"no such {wanted}"),
        helps=(advice,),
        upstream="accepts",
    )


def predicate_shape(where: Where, what: str, text: str, span: Span, fault: str) -> Diagnostic:
    """The text of a guard or loop condition is no predicate."""
    return where.finding(
        codes.PREDICATE_SHAPE,
        f"{what} `{text}` is no predicate: {fault}",
        (span, fault),
        helps=("compare values, or join conditions by `&&`, `||` and `!`",),
        upstream="rejects",
    )
