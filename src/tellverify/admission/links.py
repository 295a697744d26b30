"""The text of a `link` annotation: `bundle=b|exports=x,y|imports=z`."""

from __future__ import annotations

import re
from typing import Final

import msgspec

_KEYS: Final = ("bundle", "exports", "imports")


class AdmissionLink(msgspec.Struct, frozen=True):
    """A link bundle with its exports and imports."""

    bundle: str
    exports: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()


def parse_link(text: str) -> AdmissionLink | str:
    """The link that `text` describes, or why it is not a link.

    Segments are separated by `|` or `;`, empty ones count for nothing, and of a repeated key the
    last one holds.
    """
    found: dict[str, str] = {}
    for segment in re.split(r"[|;]", text):
        segment = segment.strip()
        if not segment:
            continue
        key, equals, value = segment.partition("=")
        key = key.strip()
        if not equals:
            return f"`{segment}` has no `=`"
        if key not in _KEYS:
            return f"`{key}` is no key of a link; there are {', '.join(_KEYS)}"
        found[key] = value.strip()
    if not found.get("bundle"):
        return "it names no bundle"
    return AdmissionLink(
        found["bundle"], _listed(found.get("exports")), _listed(found.get("imports"))
    )


def _listed(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())
