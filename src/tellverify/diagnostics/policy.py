"""Diagnostics about policy files: what cannot be read, and rows that do not fit together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

from tellverify.diagnostics.model import (
    Annotation,
    Code,
    Diagnostic,
    Kind,
    Severity,
    finding,
)
from tellverify.source.builtin_policies import PREFIX
from tellverify.source.span import Span

POLICY_REFERENCE: Final = Code(
    "TV061",
    "policy-unknown-name",
    "an unknown name in a policy",
)

POLICY_KEY_NOT_PROVIDED: Final = Code(
    "TV062",
    "policy-key-not-provided",
    "a required key that no runtime can provide",
)

POLICY_NO_CONSUMER: Final = Code(
    "TV063",
    "policy-no-consumer",
    "a pack on a capability that nothing consumes",
)

POLICY_UNUSED_SURFACE: Final = Code(
    "TV064",
    "policy-unused-surface",
    "a surface that nothing consumes",
    severity=Severity.WARNING,
)

POLICY_TWO_GROUPS: Final = Code(
    "TV065",
    "policy-two-groups",
    "a protocol in two groups that exclude each other",
)

POLICY_NO_GROUP: Final = Code(
    "TV066",
    "policy-no-group",
    "a protocol that is not in any wave",
    severity=Severity.WARNING,
)

POLICY_RESERVED_PACK: Final = Code(
    "TV067",
    "policy-reserved-pack",
    "a reserved pack that is required by a protocol",
)

POLICY_CONTRADICTION: Final = Code(
    "TV068",
    "policy-contradiction",
    "contradictory rows of a policy",
)

POLICY_CLASS: Final = Code(
    "TV069",
    "policy-class",
    "a determinism policy of the wrong class",
    severity=Severity.WARNING,
)

POLICY_COMBINATION: Final = Code(
    "TV071",
    "policy-combination",
    "a determinism policy that cannot be executed",
)


Spot: TypeAlias = tuple[str, Span]


POLICY_UNREADABLE: Final = Code(
    "TV051",
    "policy-unreadable",
    "a policy that cannot be read",
    kind=Kind.USAGE,
    help="name a policy file, or a folder with `*.toml` files",
)


def unreadable(path: str, reason: str, builtin: str = "") -> Diagnostic:
    """There is no text, or no file at all; `builtin` is a built-in policy of the same name."""
    helps: tuple[str, ...] = (POLICY_UNREADABLE.help,)
    if builtin:
        helps = (f"write `{builtin}` for the policy that comes with tellverify", *helps)
    return finding(POLICY_UNREADABLE, path, f"cannot read this policy: {reason}", helps=helps)


POLICY_NOT_TOML: Final = Code(
    "TV052",
    "policy-not-toml",
    "a policy file that is not TOML",
    kind=Kind.USAGE,
    help="fix the syntax; the policy is not used until then",
)


def not_toml(path: str, span: Span, reason: str) -> Diagnostic:
    """The text is no TOML."""
    return finding(
        POLICY_NOT_TOML,
        path,
        f"this is not TOML: {reason}",
        (span, "unreadable from here on"),
    )


POLICY_SHAPE: Final = Code(
    "TV053",
    "policy-shape",
    "a key or value that does not match the policy format",
    kind=Kind.USAGE,
    help="docs/policy.md lists all tables and keys",
)


def misshapen(path: str, span: Span, reason: str) -> Diagnostic:
    """A key that the format does not have, or a value of a wrong type."""
    return finding(
        POLICY_SHAPE,
        path,
        f"this does not match the policy format: {reason}",
        (span, "does not match the format"),
    )


POLICY_DUPLICATE: Final = Code(
    "TV054",
    "policy-duplicate",
    "two rows of a policy with the same name",
    kind=Kind.USAGE,
    help="remove one of them",
)


_EXPORTS: Final = (
    "remove yours, or change the files that `tellverify policy export --to DIR` writes",
)


def duplicate(path: str, span: Span, section: str, name: str, first: Spot) -> Diagnostic:
    """Two rows of one name in a section, or two tables that may stand once only."""
    what = f"`{name}` appears twice in `{section}`" if name else f"`{section}` appears twice"
    return finding(
        POLICY_DUPLICATE,
        path,
        what,
        (span, "the second occurrence"),
        others=(
            Annotation(first[1], "the first occurrence", "" if first[0] == path else first[0]),
        ),
        helps=_EXPORTS if path.startswith(PREFIX) or first[0].startswith(PREFIX) else None,
    )


POLICY_IMPORT_CYCLE: Final = Code(
    "TV056",
    "policy-import-cycle",
    "policy files that import each other",
    kind=Kind.USAGE,
    help="remove one of the imports",
)


def import_cycle(path: str, span: Span, circle: Sequence[str]) -> Diagnostic:
    """Files that import each other."""
    way = " → ".join((*circle, circle[0])) if len(circle) > 1 else f"{circle[0]} → itself"
    return finding(
        POLICY_IMPORT_CYCLE,
        path,
        f"policy files import each other in a cycle: {way}",
        (span, "closes the cycle"),
    )


POLICY_IMPORT: Final = Code(
    "TV055",
    "policy-import",
    "an imported policy file that cannot be read",
    kind=Kind.USAGE,
    help="write the path relative to the importing file",
)


def import_not_found(path: str, span: Span, target: str, reason: str) -> Diagnostic:
    """An imported file cannot be read."""
    return finding(
        POLICY_IMPORT,
        path,
        f"cannot read the imported policy `{target}`: {reason}",
        (span, reason),
    )


def inconsistent(
    code: Code,
    message: str,
    where: Spot,
    label: str,
    *,
    others: Sequence[tuple[Spot, str]] = (),
    helps: tuple[str, ...] = (),
    severity: Severity | None = None,
) -> Diagnostic:
    """Rows of a policy that do not fit together."""
    path, span = where
    places = [
        Annotation(spot[1], text, "" if spot[0] == path else spot[0]) for spot, text in others
    ]
    return finding(
        code,
        path,
        message,
        (span, label),
        others=places,
        helps=helps,
        severity=severity,
    )
