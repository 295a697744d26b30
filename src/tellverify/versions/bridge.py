"""The release in between: a machine that reads both versions, and the plan that uses it."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from tellverify.model.joint_machine import MISSING, JointMachine, joint_machine
from tellverify.model.machine import Action, Machine
from tellverify.search.cubes import CubeSpace, is_within
from tellverify.search.deployments import search_deployments
from tellverify.versions.mixtures import waking
from tellverify.versions.role_versions import NEW, OLD, RoleVersions
from tellverify.versions.symmetric_roles import largest, role_classes
from tellverify.versions.unbounded import SystemAnswer, answer_for

BRIDGE: Final = 2
_MOST_STATES: Final = 50_000
_MOST_PLANS: Final = 8


class UpgradeStep(msgspec.Struct, frozen=True):
    """`role` is replaced by its release in between (`is_bridge`), or by its new version."""

    role: str
    is_bridge: bool


class BridgePlan(msgspec.Struct, frozen=True):
    """The fewest steps from all old to all new, all deployments between them good.

    `machines` are the releases in between; `is_proved` says that the search behind it was complete.
    """

    steps: tuple[UpgradeStep, ...]
    machines: tuple[Machine, ...]
    is_proved: bool


def bridge_machine(pair: JointMachine) -> Machine:
    """What takes messages of either version, and sends what both send, else what the old one does.

    It may stop where either version may. `pair` is the pair machine of the role. Where only the
    new version is left, it acts as that.
    """
    old, new = pair.versions
    moves: list[tuple[tuple[Action, int], ...]] = []
    for row, (a, b) in zip(pair.machine.moves, pair.states, strict=True):
        by_old = {action for action, _ in old.moves[a] if action.send} if a != MISSING else set()
        by_new = {action for action, _ in new.moves[b] if action.send} if b != MISSING else set()
        sends = by_new if a == MISSING else by_old & by_new or by_old
        moves.append(tuple(move for move in row if not move[0].send or move[0] in sends))
    return _reachable(Machine(pair.role, tuple(moves), pair.machine.final))


def _reachable(machine: Machine) -> Machine:
    """The part of a machine that its initial state leads to, numbered breadth-first."""
    number, order = {0: 0}, [0]
    for state in order:
        for _, target in machine.moves[state]:
            if target not in number:
                number[target] = len(order)
                order.append(target)
    return Machine(
        machine.role,
        tuple(tuple((a, number[t]) for a, t in machine.moves[state]) for state in order),
        tuple(machine.final[state] for state in order),
    )


class BridgeSearch(msgspec.Struct, frozen=True):
    """A shortest plan with releases in between; with `is_exhausted` and without one there is none.

    No plan is offered of which a deployment was searched up to some number of events only.
    """

    plan: BridgePlan | None
    is_exhausted: bool = False


def find_bridge(roles: RoleVersions, *, largest_bound: int, budget: int) -> BridgeSearch:
    """Search all deployments of three versions, and the fewest steps through good ones."""
    bridges = {
        role: bridge_machine(roles.pairs[role])
        for role in roles.changed
        if role not in roles.one_sided
    }
    joints = [
        joint_machine([*joint.versions, bridges[joint.role]]) if joint.role in bridges else joint
        for joint in roles.joints()
    ]
    search = search_deployments(joints, largest_bound=largest_bound, budget=budget)
    space = search.space
    if space.versions <= BRIDGE:
        return BridgeSearch(None, is_exhausted=True)
    place = {role: n for n, role in enumerate(roles.changed)}
    bad = [cube for one in search.refuted for cube in waking(one.cube, space, roles, place)]
    open_ = [cube for one in search.open_cubes for cube in waking(one, space, roles, place)]
    known: dict[tuple[int, ...], SystemAnswer] = {}
    for _ in range(_MOST_PLANS):
        steps, is_exhausted = _shortest(roles.changed, bridges, largest(bad), space)
        if steps is None:
            return BridgeSearch(None, is_exhausted)
        left = [
            versions
            for versions in _deployments(steps, place)
            if is_within(space.deployment(versions), open_)
        ]
        for versions in left:
            if versions not in known:
                machines = _machines(roles, bridges, versions)
                known[versions] = answer_for(machines, search.system.queue_bound)
        refuted = [space.deployment(one) for one in left if known[one] == "refuted"]
        if not refuted:
            answers = {known[versions] for versions in left}
            if search.overflow and "unknown" in answers:
                return BridgeSearch(None)
            used = tuple(bridges[step.role] for step in steps if step.is_bridge)
            return BridgeSearch(BridgePlan(steps, used, answers <= {"proved"}))
        bad += refuted
    return BridgeSearch(None)


def _machines(
    roles: RoleVersions, bridges: Mapping[str, Machine], versions: Sequence[int]
) -> list[Machine]:
    """The machines of a deployment of three versions."""
    acting = roles.acting(dict(zip(roles.changed, versions, strict=True)))
    return [
        bridges[role] if acting.get(role) == BRIDGE else roles.version(role, acting.get(role, NEW))
        for role in roles.roles
    ]


def _shortest(
    roles: Sequence[str], bridges: Mapping[str, Machine], bad: Sequence[int], space: CubeSpace
) -> tuple[tuple[UpgradeStep, ...] | None, bool]:
    """The fewest steps through deployments outside of `bad`, and whether all ways were tried."""
    classes = role_classes(roles, bad, space)
    start, goal = (OLD,) * len(roles), (NEW,) * len(roles)
    came: dict[tuple[int, ...], tuple[tuple[int, ...], UpgradeStep] | None] = {start: None}
    todo = deque([start])
    while todo and goal not in came and len(came) < _MOST_STATES:
        here = todo.popleft()
        for members in classes:
            for after, step in _steps_of(here, members, roles, bridges):
                if after not in came and not is_within(space.deployment(after), bad):
                    came[after] = (here, step)
                    todo.append(after)
    if goal not in came:
        return None, not todo
    steps: list[UpgradeStep] = []
    state = goal
    while (last := came[state]) is not None:
        state, step = last
        steps.append(step)
    return tuple(reversed(steps)), False


def _steps_of(
    here: tuple[int, ...],
    members: Sequence[int],
    roles: Sequence[str],
    bridges: Mapping[str, Machine],
) -> list[tuple[tuple[int, ...], UpgradeStep]]:
    """One step of the first member of a class in each version; the others look the same."""
    found = []
    for version in (OLD, BRIDGE):
        place = next((n for n in members if here[n] == version), None)
        if place is None:
            continue
        targets = (NEW, BRIDGE) if version == OLD and roles[place] in bridges else (NEW,)
        for target in targets:
            after = (*here[:place], target, *here[place + 1 :])
            found.append((after, UpgradeStep(roles[place], target == BRIDGE)))
    return found


def _deployments(steps: Sequence[UpgradeStep], place: Mapping[str, int]) -> list[tuple[int, ...]]:
    versions = [OLD] * len(place)
    found = [tuple(versions)]
    for step in steps:
        versions[place[step.role]] = BRIDGE if step.is_bridge else NEW
        found.append(tuple(versions))
    return found
