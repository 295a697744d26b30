"""Limits of size, whichever caller asks."""

from __future__ import annotations


class MachineTooLarge(Exception):
    """The machine of a role has more states than are built: subsets may be exponentially many."""

    def __init__(self, role: str, limit: int) -> None:
        super().__init__(f"the machine of `{role}` has more than {limit:,} states")
