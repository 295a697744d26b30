"""HTML and SVG as values: text becomes markup only by being escaped.

`Html` is a separate type, so that a string from a source file cannot slip into a page: what a
function takes as `Html` was made by `escaped`, `exact`, `element` or `joined`.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from typing import Final, NewType

from tellverify.report.escape import printable, tame

Html = NewType("Html", str)
Value = str | int | float | bool | None

EMPTY: Final = Html("")
_LINK: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/")
_VOID: Final = frozenset(("br", "hr", "meta", "input", "link", "col"))
_SHAPES: Final = frozenset(("rect", "line", "path", "circle", "polygon"))
_ENTITIES: Final = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"}
)


def escaped(text: str) -> Html:
    """A sentence or name: printable, on one line."""
    return Html(_flat(text).translate(_ENTITIES))


def _flat(text: str) -> str:
    """`tame`, but a blank at either end stays: it parts the text from what stands beside it."""
    shown = tame(text)
    if not shown:
        return " " if text else ""
    return f"{' ' if text[0].isspace() else ''}{shown}{' ' if text[-1].isspace() else ''}"


def exact(text: str) -> Html:
    """Text with all its blanks, such as a line of source; what does not print is written out."""
    return Html(printable(text).translate(_ENTITIES))


def joined(parts: Iterable[Html]) -> Html:
    """Markup after markup."""
    return Html("".join(parts))


def number(value: float) -> str:
    """A coordinate with one decimal, none where it is 0."""
    shown = f"{value:.1f}"
    return shown.removesuffix(".0") if shown != "-0.0" else "0"


def element(tag: str, /, *children: Html, **attributes: Value) -> Html:
    """`<tag attributes>children</tag>`.

    Attributes that are None or False are left out, True stands by itself. `class_` is `class`,
    and `_` within a name is `-`.
    """
    parts = [f"<{tag}"]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        shown = "class" if key == "class_" else key.replace("_", "-")
        if value is True:
            parts.append(f" {shown}")
            continue
        text = number(value) if isinstance(value, float) else printable(str(value))
        parts.append(f' {shown}="{text.translate(_ENTITIES)}"')
    if tag in _VOID:
        parts.append(">")
    elif tag in _SHAPES and not children:
        parts.append("/>")
    else:
        parts.append(">")
        parts.extend(children)
        parts.append(f"</{tag}>")
    return Html("".join(parts))


def prose(text: str) -> Html:
    """A sentence in which what stands between backticks is code."""
    parts = _flat(text).split("`")
    if len(parts) % 2 == 0:
        return Html("`".join(parts).translate(_ENTITIES))
    return joined(
        element("code", escaped(part)) if place % 2 else Html(part.translate(_ENTITIES))
        for place, part in enumerate(parts)
    )


def href(path: str, folder: str = "") -> str:
    """A link to a file from a page in `folder`: nothing in the path can make it lead elsewhere.

    Both are relative to the folder in which the check ran, or absolute.
    """
    if folder and path.startswith("/") is folder.startswith("/"):
        path = posixpath.relpath(path, folder)
    encoded = "".join(
        chr(byte) if chr(byte) in _LINK else f"%{byte:02X}"
        for byte in path.replace("\\", "/").encode("utf-8", "backslashreplace")
    )
    # Two slashes at the beginning would name a host.
    return "/" + encoded.lstrip("/") if encoded.startswith("/") else encoded
