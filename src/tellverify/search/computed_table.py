"""Tables of what has been computed for rows, segments and other numbers.

Shared by searches that otherwise load nothing of each other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")


class ComputedTable(dict[int, Value]):
    """A value for each number, computed when it is first asked for."""

    def __init__(self, compute: Callable[[int], Value]) -> None:
        self._compute = compute

    def __missing__(self, key: int) -> Value:
        value = self[key] = self._compute(key)
        return value
