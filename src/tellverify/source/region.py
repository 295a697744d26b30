"""Places in files as people count them."""

from __future__ import annotations

import msgspec


class Region(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """A range of a file: lines and columns count from 1, columns in code points, the end exclusive.

    Without an end it is one place.
    """

    path: str
    line: int
    column: int
    end_line: int = 0
    end_column: int = 0
