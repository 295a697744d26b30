"""Diagnostics about policy files: what cannot be read, and rows that do not fit together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from tellverify.diagnostics import codes
from tellverify.diagnostics.model import Annotation, Code, Diagnostic, Severity
from tellverify.source.span import NOWHERE, Span

Spot: TypeAlias = tuple[str, Span]


def unreadable(path: str, reason: str) -> Diagnostic:
    """There is no text, or no file at all."""
    return Diagnostic(
        codes.POLICY_UNREADABLE,
        f"cannot read this policy: {reason}",
        path,
        Annotation(NOWHERE),
        helps=("name a policy file, or a folder that holds some `*.toml` files",),
    )


def not_toml(path: str, span: Span, reason: str) -> Diagnostic:
    """The text is no TOML."""
    return Diagnostic(
        codes.POLICY_NOT_TOML,
        f"this is not TOML: {reason}",
        path,
        Annotation(span, "cannot be read from here on"),
        helps=("mend the syntax; nothing of the policy is used until then",),
    )


def misshapen(path: str, span: Span, reason: str) -> Diagnostic:
    """A key that the format does not have, or a value of a wrong type."""
    return Diagnostic(
        codes.POLICY_SHAPE,
        f"a policy has another shape: {reason}",
        path,
        Annotation(span, "not of this format"),
        helps=("docs/policy.md lists all tables and keys",),
    )


def duplicate(path: str, span: Span, section: str, name: str, first: Spot) -> Diagnostic:
    """Two rows of one name in a section, or two tables that may stand once only."""
    what = f"`{name}` stands twice in `{section}`" if name else f"`{section}` stands twice"
    return Diagnostic(
        codes.POLICY_DUPLICATE,
        what,
        path,
        Annotation(span, "for the second time"),
        (Annotation(first[1], "first here", "" if first[0] == path else first[0]),),
        helps=("remove one of the two",),
    )


def import_cycle(path: str, span: Span, circle: Sequence[str]) -> Diagnostic:
    """Files that import each other."""
    way = " → ".join((*circle, circle[0])) if len(circle) > 1 else f"{circle[0]} → itself"
    return Diagnostic(
        codes.POLICY_IMPORT_CYCLE,
        f"policy files import each other in a circle: {way}",
        path,
        Annotation(span, "leads back"),
        helps=("remove one of the imports",),
    )


def import_not_found(path: str, span: Span, target: str, reason: str) -> Diagnostic:
    """An imported file cannot be read."""
    return Diagnostic(
        codes.POLICY_IMPORT,
        f"cannot read the imported policy `{target}`: {reason}",
        path,
        Annotation(span, reason),
        helps=("an import is a path relative to the file it stands in",),
    )


def inconsistent(
    code: Code,
    message: str,
    where: Spot,
    label: str,
    *,
    others: Sequence[tuple[Spot, str]] = (),
    notes: tuple[str, ...] = (),
    helps: tuple[str, ...] = (),
    severity: Severity | None = None,
) -> Diagnostic:
    """Rows of a policy that do not fit together."""
    path, span = where
    return Diagnostic(
        code,
        message,
        path,
        Annotation(span, label),
        tuple(
            Annotation(spot[1], text, "" if spot[0] == path else spot[0]) for spot, text in others
        ),
        notes,
        helps,
        code.severity if severity is None else severity,
    )
