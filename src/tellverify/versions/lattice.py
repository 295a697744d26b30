"""The picture of all mixtures: nodes from all old to all new, at most 64 of them.

Members of a family that change nothing by changing places are counted and not named, so that a
node stands for a set of deployments. Roles that no refuted cube speaks of are left out where there
would be too many nodes.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod
from typing import Final

from tellverify.model.roles import family_of
from tellverify.search.cubes import CubeSpace, is_within
from tellverify.verdict.versions import LatticeNode
from tellverify.versions.mixtures import Mixtures
from tellverify.versions.role_versions import NEW, OLD
from tellverify.versions.symmetric_roles import largest, role_classes

MOST_NODES: Final = 64


def lattice(mixtures: Mixtures) -> tuple[LatticeNode, ...]:
    """The nodes level by level; none where even the roles that matter make too many."""
    roles, space = mixtures.changed, mixtures.space
    cubes = largest(mixtures.cubes)
    classes = role_classes(roles, cubes, space)
    if not roles:
        return ()
    if _count(classes) > MOST_NODES:
        classes = [one for one in classes if _matters(one[0], cubes, space)]
    if not classes or _count(classes) > MOST_NODES:
        return ()
    full = tuple(map(len, classes))
    states = sorted(product(*(range(count + 1) for count in full)), key=lambda s: (sum(s), s))
    number = {state: n for n, state in enumerate(states)}
    good = {state for state in states if _is_good(state, classes, cubes, space)}
    after = {
        state: [
            step
            for n in range(len(full))
            if (step := (*state[:n], state[n] + 1, *state[n + 1 :])) in number
        ]
        for state in states
    }
    kept = _kept(states, good, after)
    return tuple(
        LatticeNode(
            _words(state, classes, roles),
            sum(state),
            state in good,
            state in kept,
            tuple(number[step] for step in after[state]),
        )
        for state in states
    )


def _count(classes: Sequence[tuple[int, ...]]) -> int:
    return prod(len(members) + 1 for members in classes)


def _matters(place: int, cubes: Sequence[int], space: CubeSpace) -> bool:
    whole = (1 << space.versions) - 1
    return any(space.versions_of(cube, place) != whole for cube in cubes)


def _is_good(
    state: Sequence[int],
    classes: Sequence[tuple[int, ...]],
    cubes: Sequence[int],
    space: CubeSpace,
) -> bool:
    versions = [OLD] * space.roles
    for count, members in zip(state, classes, strict=True):
        for place in members[:count]:
            versions[place] = NEW
    return not is_within(space.deployment(versions), cubes)


def _kept(
    states: Sequence[tuple[int, ...]],
    good: set[tuple[int, ...]],
    after: dict[tuple[int, ...], list[tuple[int, ...]]],
) -> set[tuple[int, ...]]:
    """The nodes on a way of good ones from the first to the last."""
    reached = {states[0]} & good
    for state in states:
        if state in reached:
            reached.update(step for step in after[state] if step in good)
    leads = {states[-1]} & reached
    for state in reversed(states):
        if state in reached and any(step in leads for step in after[state]):
            leads.add(state)
    return leads


def _words(state: Sequence[int], classes: Sequence[tuple[int, ...]], roles: Sequence[str]) -> str:
    """The new roles of a node: `C, 2 of 3 D`."""
    parts = []
    for count, members in zip(state, classes, strict=True):
        if not count:
            continue
        name = roles[members[0]]
        if len(members) == 1:
            parts.append(name)
        elif count == len(members):
            parts.append(f"every {family_of(name)}")
        else:
            parts.append(f"{count} of {len(members)} {family_of(name)}")
    return ", ".join(parts) if parts else "all old"
