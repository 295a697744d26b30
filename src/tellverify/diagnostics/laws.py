"""Findings about models: structures of data with their laws, and patterns with their claims."""

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

UNREADABLE_STRUCTURE: Final = Code(
    "TV672",
    "unreadable-structure",
    "a structure that cannot be read",
    help="the language of structures is described in docs/laws.md",
)


def unreadable_structure(path: str, span: Span, reason: str) -> Diagnostic:
    """A file, or an expression in it, has no meaning."""
    return finding(
        UNREADABLE_STRUCTURE,
        path,
        f"cannot read this structure: {reason}",
        (span, "here"),
    )


BROKEN_LAW: Final = Code(
    "TV671",
    "broken-law",
    "a law that does not hold",
    kind=Kind.OBLIGATION,
)


def broken_law(
    path: str,
    span: Span,
    structure: str,
    law: str,
    sides: tuple[str, str],
    values: Sequence[tuple[str, str]],
    *,
    is_smallest: bool,
) -> Diagnostic:
    """Values that break a law; `sides` says what each side of the law is with them."""
    left, right = sides
    given = " and ".join(f"`{name} = {value}`" for name, value in values)
    smallest = "no smaller values break it" if is_smallest else "smaller values may break it too"
    return finding(
        BROKEN_LAW,
        Where(path, structure),
        f"`{structure}` breaks the law `{law}`: {left}, but {right}",
        (span, f"for example with {given}" if given else ""),
        notes=(smallest,),
        helps=(_HELPS.get(law.partition(" ")[0], _HELPS["monotone"]),),
        refutes=f"law[{law}]",
    )


CONSTANT_VIEW: Final = Code(
    "TV673",
    "constant-view",
    "a view that is the same for all states",
    severity=Severity.WARNING,
    help="let the view show what readers of a state see",
)


def constant_view(path: str, span: Span, structure: str) -> Diagnostic:
    """A view up to which all states are equal."""
    return finding(
        CONSTANT_VIEW,
        Where(path, structure),
        f"the view of `{structure}` is the same for all states",
        (span, "tells no two states apart"),
        notes=("laws are equations between views, so any merge keeps them",),
    )


_HELPS = {
    "commutative": "make `merge` independent of the order of its arguments",
    "associative": "make `merge` independent of the order in which replicas meet",
    "idempotent": "make merging a state with itself a no-op",
    "neutral": "name the bottom of a join or the top of a meet, or add it to the type",
    "congruent": "read nothing but what the view shows, or show it in the view",
    "internal": "keep in the view what the update moves, such as a buffer that is folded",
    "closed": "preserve the invariant, or state a weaker one",
    "delta": "include every change of the update in the delta",
    "concurrent": "count per replica, and merge the counts of each replica separately",
    "monotone": "let the update lead only up in a join, and only down in a meet",
}


UNREADABLE_PATTERN: Final = Code(
    "TV682",
    "unreadable-pattern",
    "a model of a pattern that cannot be read",
    help="the form of patterns is described in docs/patterns.md",
)


def unreadable_pattern(path: str, span: Span, reason: str) -> Diagnostic:
    """A file, or an expression in it, has no meaning."""
    return finding(
        UNREADABLE_PATTERN,
        path,
        f"cannot read this pattern: {reason}",
        (span, "here"),
    )


BROKEN_CLAIM: Final = Code(
    "TV681",
    "broken-claim",
    "a run that violates a claim",
    kind=Kind.OBLIGATION,
    help="fix the action that leads there, or weaken the claim",
)


def broken_claim(
    path: str, span: Span, model: str, message: str, steps: Sequence[str], obligation: str
) -> Diagnostic:
    """A run that does not keep a claim; `steps` tells it line by line."""
    return finding(
        BROKEN_CLAIM,
        Where(path, model),
        message,
        (span, "this claim"),
        notes=tuple(steps),
        refutes=obligation,
    )
