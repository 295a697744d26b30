"""The most likely intended names of misspelt ones, within a time limit."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

_MAX_SEARCHES: Final = 20
_MAX_KNOWN: Final = 200


def closest(name: str, known: Sequence[str]) -> str:
    """The known name that `name` is most likely meant to be, or the empty text."""
    if not known or len(known) > 1_000 or len(name) > 100:
        return ""
    from difflib import get_close_matches

    by_folded = {other.lower(): other for other in reversed(known)}
    found = get_close_matches(name.lower(), list(by_folded), 1, 0.75)
    return by_folded[found[0]] if found else ""


class Suggestions:
    """Looks for near names; gives up after some searches, since one look takes a while."""

    def __init__(self) -> None:
        self._left = _MAX_SEARCHES

    def nearest(self, name: str, known: Collection[str]) -> str:
        """The known name nearest to `name`, or the empty text."""
        if self._left <= 0 or len(known) > _MAX_KNOWN:
            return ""
        self._left -= 1
        return closest(name, list(known))
