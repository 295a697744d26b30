"""Size symbols of role families, and sizes as they are shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec


class SizeSymbol(msgspec.Struct, frozen=True):
    """A size symbol, the families that have it, and its cut-off.

    `name` is `N` for `Devices[N]`, and the family itself for `Devices[*]`. `cutoff` is the index of
    the generic member; 0 when all members are alike.
    """

    name: str
    families: tuple[str, ...]
    cutoff: int


def sizes_text(sizes: Iterable[tuple[str, int]]) -> str:
    """Sizes as they are shown: `N = 2, M = 1`."""
    return ", ".join(f"{name} = {size}" for name, size in sizes)


def sizes_claimed(least: Iterable[tuple[str, int]]) -> str:
    """The sizes of a claim in words: `every N >= 1, M >= 2`."""
    return "every " + ", ".join(f"{name} >= {size}" for name, size in least)


def members_named(generic: Sequence[str]) -> str:
    """The generic members of a claim in words: `by generic members Devices[1], Guests[0]`."""
    return f"by generic {'member' if len(generic) == 1 else 'members'} {', '.join(generic)}"
