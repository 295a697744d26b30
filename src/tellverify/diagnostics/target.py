"""Diagnostics about what Telltale does with a text, where Telltale is what runs it."""

from __future__ import annotations

from typing import Final

from tellverify.diagnostics.model import Code, Diagnostic, Where, finding
from tellverify.source.span import Span

IMPORTED_CALL: Final = Code(
    "TV265",
    "imported-call",
    "a call of an imported protocol, which Telltale does not know",
    help="copy the protocol into the `where` of this one",
    upstream="rejects",
)


def imported_call(where: Where, span: Span, name: str) -> Diagnostic:
    """A call whose protocol stands in another file; said only for the target Telltale."""
    return finding(
        IMPORTED_CALL,
        where,
        f"Telltale does not find `{name}`: it reads imports and forgets them",
        (span, "rejected by Telltale"),
        notes=("the target is Telltale, which rejects this",),
    )
