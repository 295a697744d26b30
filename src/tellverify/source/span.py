"""Places in a text: half-open ranges of code points."""

from __future__ import annotations

from typing import Final

import msgspec


class Span(msgspec.Struct, frozen=True, order=True):
    """The code points `start <= i < end` of one source text."""

    start: int
    end: int

    def to(self, other: Span) -> Span:
        """The smallest span that covers both."""
        return Span(min(self.start, other.start), max(self.end, other.end))


NOWHERE: Final = Span(0, 0)
