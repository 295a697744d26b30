"""Findings about Rust code that a policy or the facts of ceremonies refer to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

from tellverify.diagnostics.model import Annotation, Code, Diagnostic, Kind, Mark, Severity, finding
from tellverify.source.span import Span

Spot: TypeAlias = tuple[str, Span]
_LIBRARIES: Final = ("tree_sitter", "tree_sitter_rust")


def needs_library(error: ModuleNotFoundError) -> bool:
    """Whether a library of the extra `tellverify[rust]` is missing, and nothing else."""
    return (error.name or "").partition(".")[0] in _LIBRARIES


ADMISSION_TABLE_DRIFT: Final = Code(
    "TV664",
    "admission-table-drift",
    "a table of admission in Rust that differs from the policy",
    help="change the arm, or the row of the protocol in the policy",
)


def table_drift(
    spot: Spot, protocol: str, missing: Sequence[str], extra: Sequence[str], row: Spot | None
) -> Diagnostic:
    """The keys of an arm are not those of the policy's row."""
    said = []
    if missing:
        said.append(f"lacks {_listed(missing)}")
    if extra:
        said.append(f"also asks for {_listed(extra)}")
    return finding(
        ADMISSION_TABLE_DRIFT,
        spot[0],
        f"the code that admits `{protocol}` {' and '.join(said)}",
        (spot[1], "the keys that a runtime is asked for"),
        others=_row(row, "the keys that the policy lists"),
    )


def table_stranger(spot: Spot, protocol: str, helps: Sequence[str]) -> Diagnostic:
    """An arm for a protocol that the policy does not have."""
    return finding(
        ADMISSION_TABLE_DRIFT,
        spot[0],
        f"the code has keys for `{protocol}`, which the policy does not list",
        (spot[1], "no row of `protocols` has this id"),
        helps=tuple(helps),
    )


ADMISSION_TABLE_UNREADABLE: Final = Code(
    "TV665",
    "admission-table-unreadable",
    "a table of admission that cannot be read from Rust",
    kind=Kind.USAGE,
)


def unreadable_table(spot: Spot, reason: str, help_text: str, row: Spot | None) -> Diagnostic:
    """The policy says where a table is, and none can be read there."""
    at: Mark = (spot[1], "here")
    return finding(
        ADMISSION_TABLE_UNREADABLE,
        spot[0],
        f"cannot read the table of admission: {reason}",
        at,
        others=_row(row, "named by the policy here"),
        helps=(help_text,),
    )


WIDE_TIME_DOMAIN: Final = Code(
    "TV666",
    "wide-time-domain",
    "a time field in a wider domain than it needs",
    kind=Kind.LINT,
    severity=Severity.NOTE,
)


def wide_time(path: str, span: Span, message: str, help_text: str, note: str) -> Diagnostic:
    """A narrower domain says all that a field is for."""
    return finding(
        WIDE_TIME_DOMAIN,
        path,
        message,
        (span, "this field"),
        helps=(help_text,),
        notes=(note,),
    )


def _row(row: Spot | None, text: str) -> tuple[Mark, ...]:
    """A place in a policy, where there is one."""
    return (Annotation(row[1], text, row[0]),) if row is not None and row[0] else ()


def _listed(keys: Sequence[str]) -> str:
    return ", ".join(f"`{key}`" for key in keys)
