"""Roles that a set of cubes cannot tell apart: members of one family that may change places."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from tellverify.model.roles import family_of
from tellverify.search.cubes import CubeSpace, is_within


def largest(cubes: Collection[int]) -> list[int]:
    """The cubes that no other one contains, each once."""
    kept: list[int] = []
    for cube in sorted(set(cubes), key=lambda one: (-one.bit_count(), one)):
        if not is_within(cube, kept):
            kept.append(cube)
    return kept


def role_classes(
    roles: Sequence[str], cubes: Collection[int], space: CubeSpace
) -> list[tuple[int, ...]]:
    """The places of `roles` in classes, by first member: `cubes` stay when two of a class swap.

    Only members of one family are in one class.
    """
    known = frozenset(cubes)
    classes: list[list[int]] = []
    for place, role in enumerate(roles):
        family = family_of(role)
        for members in classes:
            if family != role and family_of(roles[members[0]]) == family:
                swapped = frozenset(_swapped(cube, members[-1], place, space) for cube in known)
                if swapped == known:
                    members.append(place)
                    break
        else:
            classes.append([place])
    return [tuple(members) for members in classes]


def _swapped(cube: int, left: int, right: int, space: CubeSpace) -> int:
    """`cube` with what two roles may have exchanged."""
    a, b = space.versions_of(cube, left), space.versions_of(cube, right)
    return cube if a == b else space.replaced(space.replaced(cube, left, b), right, a)
