"""Mixtures of versions in words: `C new, some D old`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from math import comb, prod
from typing import TYPE_CHECKING, Final

import msgspec

from tellverify.model.roles import family_of
from tellverify.verdict.versions import RoleVersion, VersionWord
from tellverify.versions.mixtures import Mixtures, RefutedMixture
from tellverify.versions.role_versions import NEW, OLD, RoleVersions

if TYPE_CHECKING:
    from tellverify.versions.bridge import BridgePlan

TAKES_BOTH: Final = " takes both"
_NUMBERS: Final = ("no", "one", "two", "three", "four", "five", "six")
_FIRST: Final[tuple[VersionWord, ...]] = ("new", "old", "absent", "any")

# By family the word for a version, and how many members must have it.
_Pattern = tuple[tuple[str, VersionWord, int], ...]


class MixtureGroup(msgspec.Struct, frozen=True):
    """Refuted cubes that the words stand for, the one with the shortest run first."""

    words: str
    members: tuple[RefutedMixture, ...]


def version_word(roles: RoleVersions, role: str, version: int) -> VersionWord:
    """`old` or `new`; `absent` where the version does not have the role."""
    if roles.one_sided.get(role, version) != version:
        return "absent"
    return "new" if version == NEW else "old"


def in_words(mixtures: Mixtures) -> list[MixtureGroup]:
    """The refuted cubes in groups, those with the shortest runs first.

    Cubes that differ in the members of families alone are one group when all choices of members
    are there; the others are named one by one.
    """
    by_pattern: dict[_Pattern, list[RefutedMixture]] = {}
    for one in mixtures.refuted:
        by_pattern.setdefault(_pattern(mixtures, one), []).append(one)
    sizes: dict[str, int] = {}
    for role in mixtures.changed:
        sizes[family_of(role)] = sizes.get(family_of(role), 0) + 1
    families = {family_of(role) for role in mixtures.changed if family_of(role) != role}
    found: list[MixtureGroup] = []
    for pattern, members in by_pattern.items():
        if len({one.cube for one in members}) == _choices(pattern, sizes):
            words = _family_words(pattern, sizes, families)
            found.append(MixtureGroup(words, tuple(sorted(members, key=lambda one: one.depth))))
        else:
            found += [
                MixtureGroup(cube_words(cube_versions(mixtures, one.cube)), (one,))
                for one in members
            ]
    return sorted(found, key=lambda group: group.members[0].depth)


def _choices(pattern: _Pattern, sizes: Mapping[str, int]) -> int:
    """The number of cubes that look like `pattern`."""
    left = dict(sizes)
    numbers = []
    for name, _, count in pattern:
        numbers.append(comb(left[name], count))
        left[name] -= count
    return prod(numbers)


def cube_versions(mixtures: Mixtures, cube: int) -> tuple[RoleVersion, ...]:
    """The version of every changed role in a cube."""
    found = []
    for place, role in enumerate(mixtures.changed):
        word: VersionWord = "any"
        for version in (OLD, NEW):
            if mixtures.space.versions_of(cube, place) == 1 << version:
                word = version_word(mixtures.roles, role, version)
        found.append(RoleVersion(role, word))
    return tuple(found)


def cube_words(versions: Sequence[RoleVersion]) -> str:
    """`C new, D[0] old`; the roles of any version are left out."""
    named = [one for one in versions if one.version != "any"]
    named.sort(key=lambda one: _FIRST.index(one.version))
    return ", ".join(f"{one.role} {one.version}" for one in named) or "every mixture"


def _pattern(mixtures: Mixtures, one: RefutedMixture) -> _Pattern:
    """By family how many members must have which version, for those of which some must."""
    counts: dict[tuple[str, VersionWord], int] = {}
    for each in cube_versions(mixtures, one.cube):
        if each.version != "any":
            key = (family_of(each.role), each.version)
            counts[key] = counts.get(key, 0) + 1
    return tuple((name, word, count) for (name, word), count in counts.items())


def _family_words(pattern: _Pattern, sizes: Mapping[str, int], families: set[str]) -> str:
    parts: list[tuple[int, str]] = []
    for name, word, count in pattern:
        if name not in families:
            some = ""
        elif count == 1:
            some = "some "
        elif count == sizes[name]:
            some = "every "
        else:
            some = f"{_NUMBERS[count] if count < len(_NUMBERS) else count} "
        parts.append((_FIRST.index(word), f"{some}{name} {word}"))
    parts.sort(key=lambda part: part[0])
    return ", ".join(text for _, text in parts) or "every mixture"


def family_pairs(
    pairs: Sequence[tuple[str, str]], changed: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    """Pairs of roles, with `every D` in the place of the members of a family that all have it."""
    members: dict[str, set[str]] = {}
    for role in changed:
        members.setdefault(every(role), set()).add(role)
    known = set(pairs)
    found: dict[tuple[str, str], None] = {}
    for x, y in pairs:
        left, right = members[every(x)], members[every(y)]
        if every(x) == every(y):
            found[x, y] = None
        elif all((a, b) in known for a in left for b in right):
            found[every(x), every(y)] = None
        elif all((a, y) in known for a in left):
            found[every(x), y] = None
        elif all((x, b) in known for b in right):
            found[x, every(y)] = None
        else:
            found[x, y] = None
    return tuple(found)


def every(role: str) -> str:
    """`every D` for a member of a family, else the role."""
    return f"every {family_of(role)}" if family_of(role) != role else role


def order_words(order: Sequence[str], changed: Sequence[str]) -> tuple[str, ...]:
    """An order of roles in which neighbours that make up a whole family are `every D`."""
    return _collapsed([(role, "") for role in order], changed)


def plan_words(plan: BridgePlan, changed: Sequence[str]) -> tuple[str, ...]:
    """The steps of a plan; a release in between is marked."""
    steps = [(step.role, TAKES_BOTH if step.is_bridge else "") for step in plan.steps]
    return _collapsed(steps, changed)


def _collapsed(steps: Sequence[tuple[str, str]], changed: Sequence[str]) -> tuple[str, ...]:
    found: list[str] = []
    for (family, mark), group in groupby(steps, key=lambda step: (family_of(step[0]), step[1])):
        named = [role for role, _ in group]
        whole = {role for role in changed if family_of(role) == family}
        if len(named) > 1 or named[0] != family:
            named = [every(named[0])] if set(named) == whole else named
        found.extend(f"{name}{mark}" for name in named)
    return tuple(found)
