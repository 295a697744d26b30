"""Link annotations: which bundle a message belongs to, what it exports and imports.

    link := segment (("|" | ";") segment)*      segment := key "=" value

Keys are `bundle`, `exports` and `imports`; the last of equal keys counts; empty segments and
empty list items are left out.
"""

from __future__ import annotations

import re

import msgspec


class AnnotationLink(msgspec.Struct, frozen=True):
    """A link that has been read."""

    bundle: str
    exports: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()


class LinkFault(Exception):
    """A text is not a link; the text of the exception says why."""


def read_link(text: str) -> AnnotationLink:
    """The link that a text says. Raises LinkFault."""
    values = {"bundle": "", "exports": "", "imports": ""}
    for segment in re.split(r"[|;]", text):
        if not segment.strip():
            continue
        key, equals, value = (part.strip() for part in segment.partition("="))
        if not equals:
            raise LinkFault(f"`{segment.strip()}` is not of the form `key=value`")
        if key not in values:
            raise LinkFault(f"there is no key `{key}`")
        values[key] = value
    if not values["bundle"]:
        raise LinkFault("it names no bundle")
    return AnnotationLink(values["bundle"], _items(values["exports"]), _items(values["imports"]))


def _items(text: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in text.split(",") if item.strip())
