"""The most likely intended names of misspelt ones, within a time limit."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from tellverify.language.checks.names import closest

_MAX_SEARCHES: Final = 20
_MAX_KNOWN: Final = 200


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
