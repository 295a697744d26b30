"""Sets of deployments as cubes: for every role the versions that it may have.

A *deployment* gives each of k roles one of V versions. A *cube* is a product of sets of versions,
kept as one int: bit `v * k + r` says that role r may have version v. Containment is one `and`, and
a list of cubes stands for V^k deployments without naming them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

_MOST_SPLITS: Final = 200_000


class TooManyCubes(Exception):
    """A set of deployments has no small description in cubes."""


class CubeSpace:
    """Cubes over `roles` roles with `versions` versions each."""

    def __init__(self, roles: int, versions: int) -> None:
        self.roles = roles
        self.versions = versions
        self.whole = (1 << roles * versions) - 1
        self._field = (1 << roles) - 1
        self._of_role = [self.bits_of(role, (1 << versions) - 1) for role in range(roles)]

    def bits_of(self, role: int, versions: int) -> int:
        """The bits of one role that may have `versions`, a mask."""
        return sum(1 << v * self.roles + role for v in range(self.versions) if versions >> v & 1)

    def versions_of(self, cube: int, role: int) -> int:
        """The mask of the versions that `role` may have in `cube`."""
        return sum(1 << v for v in range(self.versions) if cube >> v * self.roles + role & 1)

    def restricted(self, cube: int, role: int, versions: int) -> int:
        """The part of `cube` in which `role` has one of `versions`."""
        return cube & ~self._of_role[role] | cube & self.bits_of(role, versions)

    def replaced(self, cube: int, role: int, versions: int) -> int:
        """`cube` with `versions` in the place of those that `role` may have there."""
        return cube & ~self._of_role[role] | self.bits_of(role, versions)

    def is_empty(self, cube: int) -> bool:
        """True when some role has no version, so that no deployment is in `cube`."""
        some = 0
        for version in range(self.versions):
            some |= cube >> version * self.roles
        return some & self._field != self._field

    def deployment(self, versions: Sequence[int]) -> int:
        """The cube of one deployment, given by the version of every role."""
        return sum(1 << v * self.roles + role for role, v in enumerate(versions))

    def first_of(self, cube: int) -> tuple[int, ...]:
        """The deployment of `cube` with the lowest version of every role."""
        masks = (self.versions_of(cube, role) for role in range(self.roles))
        return tuple((mask & -mask).bit_length() - 1 for mask in masks)

    def count(self, cube: int) -> int:
        """The number of deployments in `cube`."""
        product = 1
        for role in range(self.roles):
            product *= self.versions_of(cube, role).bit_count()
        return product

    def without(self, cube: int, other: int) -> list[int]:
        """The deployments of `cube` that are not in `other`, as disjoint cubes."""
        if self.is_empty(cube & other):
            return [] if self.is_empty(cube) else [cube]
        pieces = []
        rest = cube
        for role in range(self.roles):
            outside = rest & self._of_role[role] & ~other
            if outside:
                pieces.append(rest & ~self._of_role[role] | outside)
                rest = rest & ~outside
        return pieces

    def without_all(self, cubes: Iterable[int], others: Iterable[int]) -> list[int]:
        """The deployments of `cubes` outside of all `others`, as disjoint cubes if `cubes` are.

        Raises TooManyCubes when there are more than a list is good for.
        """
        left = list(cubes)
        for other in others:
            left = [piece for cube in left for piece in self.without(cube, other)]
            if len(left) > _MOST_SPLITS:
                raise TooManyCubes
        return left

    def count_all(self, cubes: Sequence[int]) -> int:
        """The number of deployments in the union of `cubes`. Raises TooManyCubes."""
        if not cubes:
            return 0
        total = self.count(self.whole)
        return total - sum(map(self.count, self.without_all([self.whole], cubes)))

    def deployments(self, cube: int) -> Iterator[tuple[int, ...]]:
        """Every deployment of `cube`. There may be very many."""
        stack: list[tuple[int, ...]] = [()]
        masks = [self.versions_of(cube, role) for role in range(self.roles)]
        while stack:
            begun = stack.pop()
            if len(begun) == self.roles:
                yield begun
                continue
            mask = masks[len(begun)]
            last_first = range(self.versions - 1, -1, -1)
            stack.extend((*begun, version) for version in last_first if mask >> version & 1)


def is_within(cube: int, cubes: Iterable[int]) -> bool:
    """True when one of `cubes` contains all of `cube`."""
    return any(not cube & ~other for other in cubes)
