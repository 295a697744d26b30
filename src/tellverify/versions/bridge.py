"""The release in between: a machine that reads both versions, and the plan that uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from tellverify.model.joint_machine import MISSING, JointMachine, joint_machine
from tellverify.model.machine import Action, Machine
from tellverify.search.cubes import is_within
from tellverify.search.deployment_liveness import find_stuck_roles, search_deployments
from tellverify.search.deployments import DeploymentSearch
from tellverify.versions.mixtures import waking
from tellverify.versions.role_versions import NEW, OLD, RoleVersions
from tellverify.versions.upgrade_plans import BRIDGE, PlanSearch, UpgradeStep, deployments_of

if TYPE_CHECKING:
    from tellverify.versions.unbounded import SystemAnswer

_MOST_PLANS: Final = 8


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

    Only the bridge of each role is tried, so another release in between may still help.
    No plan is offered of which a deployment was searched up to some number of events only.
    """

    plan: BridgePlan | None
    is_exhausted: bool = False


def find_bridge(
    roles: RoleVersions,
    *,
    largest_bound: int,
    budget: int,
    are_proved: tuple[bool, bool] = (False, False),
) -> BridgeSearch:
    """Search all deployments of three versions, and the fewest steps through good ones.

    `are_proved` says which of the old and the new version is known to be good by itself.
    """
    finder = _Finder(roles, largest_bound, are_proved)
    if not finder.bridges:
        return BridgeSearch(None, is_exhausted=True)
    joints = [
        joint_machine([*joint.versions, finder.bridges[joint.role]])
        if joint.role in finder.bridges
        else joint
        for joint in roles.joints()
    ]
    search = search_deployments(
        joints, largest_bound=largest_bound, budget=budget, is_enough=finder.has_proved_plan
    )
    return finder.found(search)


class _Finder:
    """Looks for plans in searches of three versions, with queues of up to `bound` messages."""

    def __init__(self, roles: RoleVersions, bound: int, are_proved: tuple[bool, bool]) -> None:
        self.roles = roles
        self.bridges = {
            role: bridge_machine(roles.pairs[role])
            for role in roles.changed
            if role not in roles.one_sided
        }
        self._bound = bound
        corners = ((version,) * len(roles.changed) for version in (OLD, NEW))
        self._known: dict[tuple[int, ...], SystemAnswer] = {
            corner: "proved" for corner, known in zip(corners, are_proved, strict=True) if known
        }

    def has_proved_plan(self, search: DeploymentSearch) -> bool:
        """True when longer queues cannot tell more about the plan."""
        find_stuck_roles(search)
        plan = self.found(search).plan
        return plan is not None and plan.is_proved

    def found(self, search: DeploymentSearch) -> BridgeSearch:
        """The first plan of which no deployment is refuted, by the search or by itself."""
        space, changed = search.space, self.roles.changed
        place = {role: n for n, role in enumerate(changed)}
        bad = [c for one in search.refuted for c in waking(one.cube, space, self.roles, place)]
        open_ = [c for one in search.open_cubes for c in waking(one, space, self.roles, place)]
        for _ in range(_MOST_PLANS):
            plans = PlanSearch(changed, sorted(self.bridges, key=self._drops), bad, space)
            steps, is_exhausted = plans.fewest_steps()
            if steps is None:
                return BridgeSearch(None, is_exhausted)
            left = [
                versions
                for versions in deployments_of(steps, changed)
                if is_within(space.deployment(versions), open_)
            ]
            answers = [self._answer(versions) for versions in left]
            if "refuted" not in answers:
                if (search.overflow or search.has_unjudged) and "unknown" in answers:
                    return BridgeSearch(None)
                used = tuple(self.bridges[step.role] for step in steps if step.is_bridge)
                return BridgeSearch(BridgePlan(steps, used, set(answers) <= {"proved"}))
            known = zip(left, answers, strict=True)
            bad += [space.deployment(versions) for versions, one in known if one == "refuted"]
        return BridgeSearch(None)

    def _drops(self, role: str) -> tuple[int, int]:
        """How many of the messages of the old version the release in between never sends."""
        old, bridge = self.roles.version(role, OLD), self.bridges[role]
        sent = [
            {action for row in machine.moves for action, _ in row if action.send}
            for machine in (old, bridge)
        ]
        return len(sent[0] - sent[1]), self.roles.changed.index(role)

    def _answer(self, versions: tuple[int, ...]) -> SystemAnswer:
        known = self._known.get(versions)
        if known is None:
            from tellverify.versions.unbounded import answer_for

            acting = self.roles.acting(dict(zip(self.roles.changed, versions, strict=True)))
            machines = [
                self.bridges[role]
                if acting.get(role) == BRIDGE
                else self.roles.version(role, acting.get(role, NEW))
                for role in self.roles.roles
            ]
            known = self._known[versions] = answer_for(machines, self._bound)
        return known
