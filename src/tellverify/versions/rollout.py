"""In which order roles may be upgraded, computed on the cubes of refuted deployments.

A role that no refuted cube refers to may be upgraded at any time, and roles that no chain of cubes
joins do not matter to each other. Small groups are left. Where every cube of a group says
"not this one new while that one is old", the orders are those of a partial order. Other groups are
walked through, with members of a family that change nothing by changing places counted and not
named.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from math import prod
from typing import Final, Literal, TypeAlias

import msgspec

from tellverify.search.cubes import CubeSpace, is_within
from tellverify.versions.role_versions import NEW, OLD
from tellverify.versions.symmetric_roles import largest, role_classes

OrderKind: TypeAlias = Literal["any", "ordered", "none", "unknown"]
_MOST_STATES: Final = 60_000


class RolloutOrder(msgspec.Struct, frozen=True):
    """Whether there is a safe order, and which.

    `before` are pairs of roles of which the first has to be upgraded before the second, with all
    that follows from them left in; `order` is one safe order of all changed roles. With
    `pairs_suffice` every order that keeps the pairs is safe.
    """

    kind: OrderKind
    before: tuple[tuple[str, str], ...] = ()
    order: tuple[str, ...] = ()
    pairs_suffice: bool = True


def rollout(roles: Sequence[str], cubes: Sequence[int]) -> RolloutOrder:
    """The safe orders of `roles` when deployments in `cubes`, over these roles, are bad."""
    space = CubeSpace(len(roles), 2)
    kept = largest(cubes)
    if not kept:
        return RolloutOrder("any", (), tuple(roles))
    classes = role_classes(roles, kept, space)
    before: list[tuple[int, int]] = []
    ordered: list[int] = []
    suffices = True
    for group in joined_groups(kept, len(roles), space):
        mine = [cube for cube in kept if not _speaks_of(cube, space).isdisjoint(group)]
        found = _pairwise(mine, space) or _walked(group, mine, classes, space)
        if isinstance(found, str):
            return RolloutOrder(found, (), (), False)
        before += found.pairs
        ordered += found.order
        suffices = suffices and found.pairs_suffice
    free = [place for place in range(len(roles)) if place not in ordered]
    order = _in_order([*free, *ordered], before) if suffices else [*free, *ordered]
    return RolloutOrder(
        "ordered",
        tuple((roles[x], roles[y]) for x, y in sorted(before)),
        tuple(roles[place] for place in order),
        suffices,
    )


class _GroupOrder(msgspec.Struct, frozen=True):
    pairs: tuple[tuple[int, int], ...]
    order: tuple[int, ...]
    pairs_suffice: bool


def _speaks_of(cube: int, space: CubeSpace) -> set[int]:
    """The roles whose version matters to a cube."""
    return {r for r in range(space.roles) if space.versions_of(cube, r) in (1 << OLD, 1 << NEW)}


def joined_groups(cubes: Sequence[int], roles: int, space: CubeSpace) -> Iterator[set[int]]:
    """Sets of roles that chains of cubes join, by first role."""
    left = [_speaks_of(cube, space) for cube in cubes]
    for role in range(roles):
        group = {role}
        while joined := [one for one in left if not one.isdisjoint(group)]:
            left = [one for one in left if one not in joined]
            group.update(*joined)
        if len(group) > 1 or any(_speaks_of(cube, space) == group for cube in cubes):
            yield group


def _pairwise(cubes: Sequence[int], space: CubeSpace) -> _GroupOrder | Literal["none"] | None:
    """The order when every cube is "y new, x old"; "none" for a circle, None for other cubes."""
    pairs: set[tuple[int, int]] = set()
    for cube in cubes:
        about = _speaks_of(cube, space)
        new = [role for role in about if space.versions_of(cube, role) == 1 << NEW]
        if len(about) != 2 or len(new) != 1:
            return None
        (old,) = about - set(new)
        pairs.add((old, new[0]))
    closed = _closed(pairs)
    if any(x == y for x, y in closed):
        return "none"
    places = sorted({role for pair in pairs for role in pair})
    return _GroupOrder(tuple(sorted(closed)), tuple(_in_order(places, closed)), True)


def _closed(pairs: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """The transitive closure of "before"."""
    after: dict[int, set[int]] = {}
    for x, y in pairs:
        after.setdefault(x, set()).add(y)
    found = set()
    for x in after:
        todo, met = list(after[x]), set(after[x])
        while todo:
            for y in after.get(todo.pop(), ()):
                if y not in met:
                    met.add(y)
                    todo.append(y)
        found |= {(x, y) for y in met}
    return found


def _in_order(
    places: Sequence[int], pairs: set[tuple[int, int]] | list[tuple[int, int]]
) -> list[int]:
    """`places` with those that come before others in front, else as they are."""
    left, found = list(places), []
    while left:
        head = next(y for y in left if not any(x in left for x, z in pairs if z == y))
        left.remove(head)
        found.append(head)
    return found


def _walked(
    group: set[int], cubes: Sequence[int], classes: Sequence[tuple[int, ...]], space: CubeSpace
) -> _GroupOrder | Literal["none", "unknown"]:
    """The order of a group by its deployments, of which those that look alike are one."""
    mine = [members for members in classes if members[0] in group]
    if prod(len(members) + 1 for members in mine) > _MOST_STATES:
        return _one_way(sorted(group), cubes, space)
    kept = _on_good_paths(mine, cubes, space)
    full = tuple(map(len, mine))
    if full not in kept:
        return "none"
    pairs = [
        (x, y)
        for x, y in product(range(len(mine)), repeat=2)
        if x != y and all(not state[y] or state[x] == full[x] for state in kept)
    ]
    suffices = _respecting(pairs, full) <= kept
    state, order = tuple(0 for _ in mine), []
    while state != full:
        for n, members in enumerate(mine):
            after = (*state[:n], state[n] + 1, *state[n + 1 :])
            if after in kept:
                order.append(members[state[n]])
                state = after
                break
    named = tuple((x, y) for a, b in pairs for x in mine[a] for y in mine[b])
    return _GroupOrder(named, tuple(order), suffices)


def _on_good_paths(
    classes: Sequence[tuple[int, ...]], cubes: Sequence[int], space: CubeSpace
) -> set[tuple[int, ...]]:
    """The numbers of upgraded members, by class, that lie on a good path from none to all."""
    full = tuple(map(len, classes))
    start = tuple(0 for _ in classes)

    def is_good(state: tuple[int, ...]) -> bool:
        versions = [OLD] * space.roles
        for count, members in zip(state, classes, strict=True):
            for place in members[:count]:
                versions[place] = NEW
        inside = {place for members in classes for place in members}
        cube = space.deployment(versions)
        for place in range(space.roles):
            if place not in inside:  # no cube of the group refers to it
                cube = space.replaced(cube, place, 1 << OLD)
        return not is_within(cube, cubes)

    def spread(
        begin: tuple[int, ...], by: int, allowed: set[tuple[int, ...]] | None
    ) -> set[tuple[int, ...]]:
        found, todo = {begin}, [begin]
        while todo:
            state = todo.pop()
            for n in range(len(classes)):
                after = (*state[:n], state[n] + by, *state[n + 1 :])
                if not 0 <= after[n] <= full[n] or after in found:
                    continue
                if after in allowed if allowed is not None else is_good(after):
                    found.add(after)
                    todo.append(after)
        return found

    if not (is_good(start) and is_good(full)):
        return set()
    forward = spread(start, 1, None)
    return spread(full, -1, forward) if full in forward else set()


def _respecting(pairs: Sequence[tuple[int, int]], full: tuple[int, ...]) -> set[tuple[int, ...]]:
    """All numbers of upgraded members that come about when only the pairs are kept."""
    return {
        state
        for state in product(*(range(count + 1) for count in full))
        if all(not state[y] or state[x] == full[x] for x, y in pairs)
    }


def _one_way(
    places: Sequence[int], cubes: Sequence[int], space: CubeSpace
) -> _GroupOrder | Literal["none", "unknown"]:
    """One safe order of many roles, by a depth-first search that may give up.

    "none" when the search has met all deployments that good steps lead to.
    """
    start = space.deployment([OLD] * space.roles)
    step = {place: (1 << place) | (1 << space.roles + place) for place in places}
    stack: list[tuple[int, tuple[int, ...]]] = [(start, ())]
    met = {start}
    while stack and len(met) < _MOST_STATES:
        here, order = stack.pop()
        if len(order) == len(places):
            return _GroupOrder((), order, False)
        for place in reversed(places):
            after = here ^ step[place]
            if place not in order and after not in met and not is_within(after, cubes):
                met.add(after)
                stack.append((after, (*order, place)))
    return "unknown" if stack else "none"
