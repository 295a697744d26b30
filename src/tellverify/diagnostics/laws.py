"""Diagnostics about lattice structures: files that cannot be read, and laws that do not hold."""

from __future__ import annotations

from collections.abc import Sequence

from tellverify.diagnostics import codes
from tellverify.diagnostics.model import Annotation, Diagnostic
from tellverify.source.span import Span


def unreadable_structure(path: str, span: Span, reason: str) -> Diagnostic:
    """A file, or an expression in it, has no meaning."""
    return Diagnostic(
        codes.UNREADABLE_STRUCTURE,
        f"cannot read this structure: {reason}",
        path,
        Annotation(span, "here"),
        helps=("the language of structures is described in docs/laws.md",),
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
    return Diagnostic(
        codes.BROKEN_LAW,
        f"`{structure}` breaks the law `{law}`: {left}, but {right}",
        path,
        Annotation(span, f"for example with {given}" if given else ""),
        notes=(smallest,),
        helps=(_HELPS.get(law.partition(" ")[0], _HELPS["monotone"]),),
        protocol=structure,
        refutes=f"law[{law}]",
    )


_HELPS = {
    "commutative": "let `merge` not depend on which side a value comes from",
    "associative": "let `merge` not depend on the order in which replicas meet",
    "idempotent": "let merging a state with itself change nothing",
    "neutral": "name the element that changes nothing, or add one to the type",
    "closed": "let the invariant survive, or state a weaker one",
    "delta": "let the delta carry all that the update changes",
    "concurrent": "count per replica, and merge the counts of each replica by itself",
    "monotone": "let the update go in the direction of `merge` alone, and never back",
}
