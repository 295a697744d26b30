"""Ways from all old to all new through good deployments, with releases in between."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Sequence
from typing import Final

import msgspec

from tellverify.search.cubes import CubeSpace, is_within
from tellverify.versions.role_versions import NEW, OLD
from tellverify.versions.symmetric_roles import largest, role_classes

BRIDGE: Final = 2
_MOST_STATES: Final = 50_000


class UpgradeStep(msgspec.Struct, frozen=True):
    """`role` is replaced by its release in between (`is_bridge`), or by its new version."""

    role: str
    is_bridge: bool


_Deployment = tuple[int, ...]
_Steps = tuple[UpgradeStep, ...]


class PlanSearch:
    """Plans for `roles`, of which those in `bridged` have a release in between.

    Deployments in the cubes `bad` are avoided. Of plans with equally many steps, the first one
    takes roles in the order of `bridged`, then in that of `roles`.
    """

    def __init__(
        self, roles: Sequence[str], bridged: Sequence[str], bad: Collection[int], space: CubeSpace
    ) -> None:
        self._roles = roles
        self._bad = largest(bad)
        self._space = space
        self._bridged = frozenset(bridged)
        rank = {role: n for n, role in enumerate(dict.fromkeys([*bridged, *roles]))}
        self._classes = sorted(
            role_classes(roles, self._bad, space), key=lambda members: rank[roles[members[0]]]
        )

    def fewest_steps(self) -> tuple[_Steps | None, bool]:
        """A shortest plan, and without one whether there is none at all.

        Where there are too many deployments for that, any plan without needless releases.
        """
        start, goal = (OLD,) * len(self._roles), (NEW,) * len(self._roles)
        came: dict[_Deployment, tuple[_Deployment, UpgradeStep] | None] = {start: None}
        todo = deque([start])
        while todo and goal not in came and len(came) < _MOST_STATES:
            here = todo.popleft()
            for after, step in self._after(here):
                if after not in came and self._is_good(after):
                    came[after] = (here, step)
                    todo.append(after)
        if goal not in came:
            return (self._shortened(self._deep(start, goal)), False) if todo else (None, True)
        steps: list[UpgradeStep] = []
        state = goal
        while (last := came[state]) is not None:
            state, step = last
            steps.append(step)
        return tuple(reversed(steps)), False

    def _is_good(self, deployment: _Deployment) -> bool:
        return not is_within(self._space.deployment(deployment), self._bad)

    def _after(self, here: _Deployment) -> Iterator[tuple[_Deployment, UpgradeStep]]:
        """One step of the first member of a class in each version; the others look the same."""
        for members in self._classes:
            for version in (OLD, BRIDGE):
                place = next((n for n in members if here[n] == version), None)
                if place is None:
                    continue
                role = self._roles[place]
                both = version == OLD and role in self._bridged
                for target in (NEW, BRIDGE) if both else (NEW,):
                    after = (*here[:place], target, *here[place + 1 :])
                    yield after, UpgradeStep(role, target == BRIDGE)

    def _deep(self, start: _Deployment, goal: _Deployment) -> _Steps | None:
        """Any plan, found by going on with releases in between as long as that is good."""
        met = {start}
        stack: list[tuple[_Deployment, _Steps]] = [(start, ())]
        while stack and len(met) < _MOST_STATES:
            here, steps = stack.pop()
            if here == goal:
                return steps
            following = [one for one in self._after(here) if one[0] not in met]
            for after, step in sorted(following, key=lambda one: one[1].is_bridge):
                if self._is_good(after):
                    met.add(after)
                    stack.append((after, (*steps, step)))
        return None

    def _shortened(self, steps: _Steps | None) -> _Steps | None:
        """A plan without the releases in between that it does not need."""
        for step in [one for one in steps or () if one.is_bridge]:
            shorter = tuple(one for one in steps or () if one != step)
            if all(map(self._is_good, deployments_of(shorter, self._roles))):
                steps = shorter
        return steps


def deployments_of(steps: Sequence[UpgradeStep], roles: Sequence[str]) -> list[_Deployment]:
    """The deployments from all old to what `steps` lead to."""
    place = {role: n for n, role in enumerate(roles)}
    versions = [OLD] * len(roles)
    found = [tuple(versions)]
    for step in steps:
        versions[place[step.role]] = BRIDGE if step.is_bridge else NEW
        found.append(tuple(versions))
    return found
