"""Diagnostics about ranges of members of a role family."""

from __future__ import annotations

from typing import Final

from tellverify.diagnostics.model import Code, Diagnostic, Severity, Where, finding
from tellverify.source.span import Span

SHORT_RANGE: Final = Code(
    "TV266",
    "short-range",
    "a range that leaves out the last member of its family",
    severity=Severity.WARNING,
)


def short_range(
    where: Where, family: str, low: int, size: int, span: Span, declared: Span
) -> Diagnostic:
    """The range `low..size - 1` at `span`; the family of `size` members is declared elsewhere."""
    last = size - 1
    whole = f"`{family}[{low}..{size}]`" + (f" or `{family}[*]`" if low == 0 else "")
    return finding(
        SHORT_RANGE,
        where,
        f"`{family}[{low}..{last}]` leaves out `{family}[{last}]`, which nothing else here names",
        (span, f"up to `{family}[{last - 1}]`"),
        others=[(declared, f"`{family}[0]` to `{family}[{last}]`")],
        helps=(f"write {whole}, or say what `{family}[{last}]` does",),
        notes=("a range includes its start and excludes its end",),
    )
