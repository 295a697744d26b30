"""Which protocol of the old side has become which of the new one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from tellverify.versions.sides import Version


class Pairing(msgspec.Struct, frozen=True):
    """Pairs of versions in the order of the new side, and what only one side has.

    `ambiguous` are names that several protocols of a side have, so that they cannot be paired.
    """

    pairs: tuple[tuple[Version, Version], ...]
    added: tuple[Version, ...]
    removed: tuple[Version, ...]
    ambiguous: tuple[str, ...] = ()


def paired(
    old: Sequence[Version],
    new: Sequence[Version],
    place: Callable[[Version], str],
    *,
    are_single_files: bool,
) -> Pairing:
    """Pair the protocols of two sides.

    One protocol in one file each is a pair, whatever the names. Else protocols with one place and
    name are, then those with one name with its module, then those with one name. `place` is the
    path of a version within its side. A name that several protocols without a partner have pairs
    nothing.
    """
    if are_single_files and len(old) == 1 and len(new) == 1:
        return Pairing(((old[0], new[0]),), (), ())
    partner: dict[int, int] = {}
    taken: set[int] = set()
    keys: tuple[Callable[[Version], tuple[str, ...]], ...] = (
        lambda one: (place(one), one.name),
        lambda one: (one.name,),
        lambda one: (one.own_name,),
    )
    ambiguous: dict[str, None] = {}
    for key in keys:
        left = _by_key(old, taken, key)
        right = _by_key(new, set(partner), key)
        for name, numbers in right.items():
            others = left.get(name, [])
            if len(numbers) == 1 and len(others) == 1:
                partner[numbers[0]] = others[0]
                taken.add(others[0])
    for name, numbers in _by_key(new, set(partner), keys[2]).items():
        others = _by_key(old, taken, keys[2]).get(name, [])
        if others and len(numbers) + len(others) > 2:
            ambiguous[name[0]] = None
    return Pairing(
        tuple((old[partner[n]], one) for n, one in enumerate(new) if n in partner),
        tuple(one for n, one in enumerate(new) if n not in partner),
        tuple(one for n, one in enumerate(old) if n not in taken),
        tuple(ambiguous),
    )


def _by_key(
    versions: Sequence[Version], taken: set[int], key: Callable[[Version], tuple[str, ...]]
) -> dict[tuple[str, ...], list[int]]:
    found: dict[tuple[str, ...], list[int]] = {}
    for number, one in enumerate(versions):
        if number not in taken:
            found.setdefault(key(one), []).append(number)
    return found
