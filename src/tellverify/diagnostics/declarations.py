"""Findings about profiles, agreements, operations, guest runtimes, role sets and bundles."""

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

REPEATED_FIELD: Final = Code(
    "TV291",
    "repeated-field",
    "a field that is given twice; the last one counts",
    severity=Severity.WARNING,
    help="remove one of them",
    upstream="accepts",
)


def repeated_field(where: Where, key: str, owner: str, first: Span, second: Span) -> Diagnostic:
    """A field is given twice."""
    return finding(
        REPEATED_FIELD,
        where,
        f"`{owner}` has the field `{key}` twice",
        (second, "this one counts"),
        others=[(first, "this one is ignored")],
    )


MISSING_AGREEMENT_FIELD: Final = Code(
    "TV276",
    "missing-agreement-field",
    "an agreement profile with a missing field",
    upstream="rejects",
)


def missing_agreement_field(
    where: Where, profile: str, fields: Sequence[str], span: Span
) -> Diagnostic:
    """An agreement profile lacks fields."""
    names = ", ".join(f"`{field}`" for field in fields)
    return finding(
        MISSING_AGREEMENT_FIELD,
        where,
        f"the agreement profile `{profile}` lacks {names}",
        (span, "incomplete"),
        helps=(f"add the line `{fields[0]} ...`",),
    )


AGREEMENT_VALUE: Final = Code(
    "TV277",
    "agreement-value",
    "a field of an agreement profile with an unknown value",
    severity=Severity.WARNING,
    upstream="rejects",
)


def agreement_value(
    where: Where, profile: str, key: str, value: str, span: Span, allowed: Sequence[str]
) -> Diagnostic:
    """A field of an agreement profile has an unknown value."""
    return finding(
        AGREEMENT_VALUE,
        where,
        f"`{value}` is not a valid `{key}` for an agreement profile",
        (span, f"the `{key}` of `{profile}`"),
        notes=("Telltale parses it but rejects it when it generates code",),
        helps=("use " + " or ".join(f"`{each}`" for each in allowed),),
    )


NO_PROGRESS: Final = Code(
    "TV278",
    "operation-without-progress",
    "an operation without a progress contract",
    help="add `progress Name on timeout => Result` to the head",
    upstream="rejects",
)


def no_progress(where: Where, operation: str, span: Span) -> Diagnostic:
    """An operation has no progress contract."""
    return finding(
        NO_PROGRESS,
        where,
        f"the operation `{operation}` has no progress contract",
        (span, "may block without limit"),
    )


EMPTY_PROGRESS: Final = Code(
    "TV279",
    "empty-progress",
    "an empty progress contract",
    help="add `requires`, `within`, `on timeout` or `on stall`",
    upstream="rejects",
)


def empty_progress(where: Where, operation: str, contract: str, span: Span) -> Diagnostic:
    """The progress contract of an operation says nothing."""
    return finding(
        EMPTY_PROGRESS,
        where,
        f"the progress contract `{contract}` of `{operation}` is empty",
        (span, "no clause follows"),
    )


NO_AGREEMENT: Final = Code(
    "TV281",
    "operation-without-agreement",
    "an operation without an agreement profile",
    help="add `agreement Profile` to the head",
    upstream="rejects",
)


def no_agreement(where: Where, operation: str, span: Span) -> Diagnostic:
    """An operation has no agreement profile."""
    return finding(
        NO_AGREEMENT,
        where,
        f"the operation `{operation}` names no agreement profile",
        (span, "no agreement profile"),
    )


UNDECLARED_AGREEMENT: Final = Code(
    "TV282",
    "undeclared-agreement",
    "an agreement profile that is not declared",
    upstream="rejects",
)


def undeclared_agreement(
    where: Where, operation: str, name: str, span: Span, nearest: str
) -> Diagnostic:
    """An operation names an agreement profile that is not declared."""
    advice = f"did you mean `{nearest}`?" if nearest else f"declare `agreement_profile {name}`"
    return finding(
        UNDECLARED_AGREEMENT,
        where,
        f"the agreement profile `{name}` of `{operation}` is not declared",
        (span, "no such agreement profile"),
        helps=(advice,),
    )


COMPOSE_POLICY: Final = Code(
    "TV283",
    "compose-policy",
    "an unknown compose policy, or one with a wrong argument",
    upstream="rejects",
)


def compose_policy(where: Where, operation: str, what: str, span: Span, advice: str) -> Diagnostic:
    """The compose policy of an operation is unknown or has a wrong argument."""
    return finding(
        COMPOSE_POLICY,
        where,
        f"{what} in the head of `{operation}`",
        (span, "not a compose policy"),
        helps=(advice,),
    )


NO_ENTRY: Final = Code(
    "TV284",
    "guest-without-entry",
    "a guest runtime without an entry point",
    help="add the line `entry name`",
    upstream="rejects",
)


def no_entry(where: Where, guest: str, span: Span) -> Diagnostic:
    """A guest runtime has no entry."""
    return finding(
        NO_ENTRY,
        where,
        f"the guest runtime `{guest}` has no entry point",
        (span, "no entry point"),
    )


EMPTY_SUBSET: Final = Code(
    "TV285",
    "empty-subset",
    "an empty role set",
    severity=Severity.WARNING,
    help="make the end of the range greater than its start",
    upstream="accepts",
)


def empty_subset(where: Where, name: str, low: int, high: int, span: Span) -> Diagnostic:
    """A role set is a subset without members."""
    return finding(
        EMPTY_SUBSET,
        where,
        f"the role set `{name}` is empty: the range `{low}..{high}` has no members",
        (span, "no members"),
    )


DUPLICATE_DECLARATION: Final = Code(
    "TV286",
    "duplicate-declaration",
    "two declarations with the same name",
    severity=Severity.WARNING,
    help="rename one of them",
    upstream="accepts",
)


def duplicate_declaration(
    where: Where, what: str, name: str, first: Span, second: Span
) -> Diagnostic:
    """Two declarations of one sort have one name, which Telltale does not check."""
    return finding(
        DUPLICATE_DECLARATION,
        where,
        f"there are two {what} named `{name}`",
        (second, "declared again"),
        others=[(first, "first declared here")],
    )


UNKNOWN_CAPABILITY: Final = Code(
    "TV287",
    "unknown-capability",
    "a capability that is not in the theorem inventory",
    severity=Severity.WARNING,
    upstream="accepts",
)


def unknown_capability(
    where: Where, bundle: str, name: str, span: Span, nearest: str
) -> Diagnostic:
    """A bundle claims a capability that is in no inventory."""
    advice = f"did you mean `{nearest}`?" if nearest else "use a key of the theorem inventory"
    return finding(
        UNKNOWN_CAPABILITY,
        where,
        f"the proof bundle `{bundle}` claims `{name}`, which is not in the theorem inventory",
        (span, "no theorem supports it"),
        helps=(advice,),
    )


EMPTY_BUNDLE: Final = Code(
    "TV288",
    "empty-bundle",
    "a required proof bundle that lists no capabilities",
    severity=Severity.WARNING,
    upstream="accepts",
)


def empty_bundle(where: Where, name: str, span: Span, declared: Span) -> Diagnostic:
    """A protocol requires a bundle that has no capabilities."""
    return finding(
        EMPTY_BUNDLE,
        where,
        f"`{where.protocol}` requires the proof bundle `{name}`, which lists no capabilities",
        (span, "has no effect"),
        others=[(declared, f"`{name}` is declared here")],
        helps=(f"list the capabilities of `{name}` with `requires [...]`",),
    )


UNDECLARED_NAME: Final = Code(
    "TV289",
    "undeclared-name",
    "a declaration that refers to an undeclared name",
    severity=Severity.WARNING,
    upstream="accepts",
)


def undeclared_name(
    where: Where, owner: str, name: str, wanted: str, span: Span, nearest: str
) -> Diagnostic:
    """A declaration names a role, fragment, profile or effect that nothing declares."""
    advice = f"did you mean `{nearest}`?" if nearest else f"declare `{name}`, or remove it"
    return finding(
        UNDECLARED_NAME,
        where,
        f"{owner} refers to the {wanted} `{name}`, which is not declared",
        (span, f"no such {wanted}"),
        helps=(advice,),
    )


PREDICATE_SHAPE: Final = Code(
    "TV256",
    "not-a-predicate",
    "a guard or loop condition that is not a predicate",
    help="compare values, or combine conditions with `&&`, `||` and `!`",
    upstream="rejects",
)


def predicate_shape(where: Where, what: str, text: str, span: Span, fault: str) -> Diagnostic:
    """The text of a guard or loop condition is no predicate."""
    return finding(
        PREDICATE_SHAPE,
        where,
        f"{what} `{text}` is not a predicate: {fault}",
        (span, fault),
    )
