"""Diagnostics about the guards of choices and what data makes them true."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tellverify.diagnostics.model import (
    Code,
    Diagnostic,
    Kind,
    Severity,
    Where,
    finding,
)
from tellverify.source.span import Span

CONTRADICTORY_GUARD: Final = Code(
    "TV601",
    "contradictory-guard",
    "a guard that never holds",
    kind=Kind.OBLIGATION,
    upstream="accepts",
)


def contradictory_guard(
    where: Where, decider: str, label: str, span: Span, clash: Sequence[Span], refutes: str
) -> Diagnostic:
    """No data makes a guard true; `clash` are the conditions in it that exclude each other."""
    said = "contradicts the other" if len(clash) == 2 else "part of the contradiction"
    others = [(place, said) for place in clash] if len(clash) > 1 else []
    return finding(
        CONTRADICTORY_GUARD,
        where,
        f"the guard of `{label}` never holds, so `{decider}` can never choose it",
        (span, "false for all data"),
        others=others,
        helps=(f"fix the guard, or remove the branch `{label}`",),
        refutes=refutes,
    )


CONSTANT_GUARD: Final = Code(
    "TV602",
    "constant-guard",
    "a guard that always holds",
    severity=Severity.WARNING,
    help="remove or fix the guard",
    upstream="accepts",
)


def constant_guard(where: Where, decider: str, label: str, span: Span) -> Diagnostic:
    """All data makes a guard true."""
    return finding(
        CONSTANT_GUARD,
        where,
        f"the guard of `{label}` always holds, so it does not restrict `{decider}`",
        (span, "true for all data"),
    )


OVERLAPPING_GUARDS: Final = Code(
    "TV603",
    "overlapping-guards",
    "two guards of a choice that can hold at the same time",
    severity=Severity.WARNING,
    upstream="accepts",
)


def overlapping_guards(
    where: Where, decider: str, labels: tuple[str, str], spans: tuple[Span, Span], witness: str
) -> Diagnostic:
    """Some data makes two guards of one choice true."""
    first, second = labels
    return finding(
        OVERLAPPING_GUARDS,
        where,
        f"the guards of `{first}` and `{second}` can both hold, for example with {witness}",
        (spans[1], f"can hold together with the guard of `{first}`"),
        others=[(spans[0], f"the guard of `{first}`")],
        helps=(f"make the guards exclusive, unless `{decider}` may choose freely in that case",),
    )


INCOMPLETE_GUARDS: Final = Code(
    "TV604",
    "incomplete-guards",
    "a choice in which no guard holds for some data",
    kind=Kind.OBLIGATION,
    help="weaken a guard, or add a branch without a guard",
    upstream="accepts",
)


def incomplete_guards(
    where: Where, decider: str, span: Span, witness: str, refutes: str
) -> Diagnostic:
    """Some data makes every guard of a choice false: the decider and its waiting peers stop."""
    return finding(
        INCOMPLETE_GUARDS,
        where,
        f"`{decider}` cannot take any branch, for example with {witness}",
        (span, "no guard holds in that case"),
        refutes=refutes,
    )


GUARD_TYPES: Final = Code(
    "TV605",
    "guard-types",
    "a name that is used with two types",
    severity=Severity.WARNING,
    help="compare values of the same type",
    upstream="accepts",
)


def guard_types(
    where: Where, shown: str, spans: tuple[Span, Span], sorts: tuple[str, str]
) -> Diagnostic:
    """The guards of one choice use one name as values of two types, or compare such values."""
    if shown:
        message = f"`{shown}` is {sorts[1]} here but {sorts[0]} elsewhere in the guards"
    else:
        message = f"a guard compares {sorts[0]} with {sorts[1]}"
    return finding(
        GUARD_TYPES,
        where,
        message,
        (spans[1], sorts[1]),
        others=[(spans[0], sorts[0])],
    )


UNDECIDED_GUARD: Final = Code(
    "TV606",
    "undecided-guard",
    "a predicate that cannot be decided",
    kind=Kind.LIMIT,
    severity=Severity.WARNING,
    upstream="accepts",
)


def undecided_guard(where: Where, label: str, span: Span, why: str) -> Diagnostic:
    """A guard uses something that is not modelled."""
    return finding(
        UNDECIDED_GUARD,
        where,
        f"the guard of `{label}` cannot be decided: {why}",
        (span, why),
        helps=("compare integers and booleans, and strings with `==` and `!=`",),
    )


def unread_predicate(where: Where, what: str, text: str, span: Span, why: str) -> Diagnostic:
    """A predicate is too large to be read."""
    return finding(
        UNDECIDED_GUARD,
        where,
        f"{what} `{text}` cannot be decided: {why}",
        (span, why),
        helps=("define the condition in the host, and test it by name",),
    )
