"""Counts and lists in English, for messages and reports."""

from __future__ import annotations

from collections.abc import Sequence


def grouped(number: int) -> str:
    """A number with spaces between groups of three digits: `20 000 000`."""
    return f"{number:,}".replace(",", " ")


def counted(number: int, noun: str) -> str:
    """`1 role`, `3 roles`, `2 keys`, `20 000 queries`."""
    after_consonant = noun.endswith("y") and noun[-2] not in "aeiou"
    plural = f"{noun[:-1]}ies" if after_consonant else f"{noun}s"
    return f"{grouped(number)} {noun if number == 1 else plural}"


def listed(items: Sequence[str], limit: int, *, what: str = "more") -> str:
    """`items` with commas, at most `limit` of them, the others counted."""
    if len(items) <= limit:
        return ", ".join(items)
    return f"{', '.join(items[:limit])} and {grouped(len(items) - limit)} {what}"


def series(items: Sequence[str], *, last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`; nothing at all for no items."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"
