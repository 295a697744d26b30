"""The picture of all mixtures: nodes from all old to all new, at most 64 of them.

Members of a family that change nothing by changing places are counted and not named, so that a
node stands for a set of deployments. Where there would be too many nodes, roles that no refuted
cube refers to are left out, and groups of roles that no chain of cubes joins are drawn apart: a
deployment is good if and only if it is good in each group. Where that is not enough, the order of
roll-out is drawn, of which the nodes are roles.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod
from typing import Final

import msgspec

from tellverify.model.roles import family_of
from tellverify.search.cubes import CubeSpace, is_within
from tellverify.source.dependencies import reduced
from tellverify.verdict.versions import LatticeNode, PictureKind
from tellverify.versions.mixtures import Mixtures
from tellverify.versions.role_versions import NEW, OLD
from tellverify.versions.rollout import RolloutOrder, joined_groups
from tellverify.versions.symmetric_roles import largest, role_classes

MOST_NODES: Final = 64

_Classes = Sequence[tuple[int, ...]]


class MixturePicture(msgspec.Struct, frozen=True):
    """The nodes of a picture, none where it would have too many, and what they stand for."""

    kind: PictureKind
    nodes: tuple[LatticeNode, ...] = ()


def lattice(mixtures: Mixtures, order: RolloutOrder) -> MixturePicture:
    """The most detailed picture that has not too many nodes."""
    roles, space = mixtures.changed, mixtures.space
    cubes = largest(mixtures.cubes)
    classes = role_classes(roles, cubes, space)
    if roles and _count(classes) <= MOST_NODES:
        return MixturePicture("mixtures", tuple(_nodes(classes, cubes, mixtures)))
    groups = [
        [members for members in classes if members[0] in group]
        for group in joined_groups(cubes, len(roles), space)
    ]
    if groups and sum(map(_count, groups)) <= MOST_NODES:
        nodes: list[LatticeNode] = []
        for group in groups:
            nodes += _nodes(group, cubes, mixtures, len(nodes), is_part=len(groups) > 1)
        return MixturePicture("mixtures" if len(groups) == 1 else "groups", tuple(nodes))
    return MixturePicture("order", _ordered(classes, roles, order))


def _nodes(
    classes: _Classes,
    cubes: Sequence[int],
    mixtures: Mixtures,
    first: int = 0,
    *,
    is_part: bool = False,
) -> list[LatticeNode]:
    """The nodes over some classes, level by level, numbered from `first` on."""
    roles = mixtures.changed
    full = tuple(map(len, classes))
    states = sorted(product(*(range(count + 1) for count in full)), key=lambda s: (sum(s), s))
    number = {state: first + n for n, state in enumerate(states)}
    good = {state for state in states if _is_good(state, classes, cubes, mixtures.space)}
    after = {
        state: [
            step
            for n in range(len(full))
            if (step := (*state[:n], state[n] + 1, *state[n + 1 :])) in number
        ]
        for state in states
    }
    kept = _kept(states, good, after)
    start = "all old"
    if is_part:
        start = f"{', '.join(_class_words(members, roles) for members in classes)} old"
    return [
        LatticeNode(
            _words(state, classes, roles) or start,
            sum(state),
            state in good,
            state in kept,
            tuple(number[step] for step in after[state]),
        )
        for state in states
    ]


def _ordered(
    classes: _Classes, roles: Sequence[str], order: RolloutOrder
) -> tuple[LatticeNode, ...]:
    """A node for each class that has to wait for others, or others for it; none without an order.

    An edge leads to what has to be upgraded later, if it does not follow from other edges.
    """
    if order.kind != "ordered" or not order.pairs_suffice:
        return ()
    of_role = {roles[place]: members[0] for members in classes for place in members}
    needs: dict[int, set[int]] = {}
    for x, y in order.before:
        needs.setdefault(of_role[x], set())
        needs.setdefault(of_role[y], set()).add(of_role[x])
    if len(needs) > MOST_NODES:
        return ()
    direct = reduced(needs)
    level: dict[int, int] = {}
    for place in (of_role[role] for role in order.order):
        if place in needs and place not in level:
            level[place] = 1 + max((level[one] for one in direct[place]), default=-1)
    shown = sorted(level, key=lambda place: (level[place], place))
    number = {place: n for n, place in enumerate(shown)}
    names = {members[0]: _class_words(members, roles) for members in classes}
    return tuple(
        LatticeNode(
            names[place],
            level[place],
            True,
            True,
            tuple(number[later] for later in shown if place in direct[later]),
        )
        for place in shown
    )


def _class_words(members: tuple[int, ...], roles: Sequence[str]) -> str:
    name = roles[members[0]]
    return name if len(members) == 1 else f"every {family_of(name)}"


def _count(classes: _Classes) -> int:
    return prod(len(members) + 1 for members in classes)


def _is_good(
    state: Sequence[int],
    classes: _Classes,
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


def _words(state: Sequence[int], classes: _Classes, roles: Sequence[str]) -> str:
    """The new roles of a node: `C, 2 of 3 D`; empty where all are old."""
    parts = []
    for count, members in zip(state, classes, strict=True):
        if not count:
            continue
        if count == len(members):
            parts.append(_class_words(members, roles))
        else:
            parts.append(f"{count} of {len(members)} {family_of(roles[members[0]])}")
    return ", ".join(parts)
