"""What one search finds out about all mixtures of two versions, at one choice of family sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Final

import msgspec

from tellverify.diagnostics.wording import counted
from tellverify.model.fault import Fault
from tellverify.model.step import Step
from tellverify.search.cubes import CubeSpace, TooManyCubes, is_within
from tellverify.search.deployment_liveness import search_deployments
from tellverify.search.deployments import DeploymentSearch, RefutedCube
from tellverify.verdict.versions import Evidence
from tellverify.versions.role_versions import NEW, OLD, RoleVersions

if TYPE_CHECKING:
    from tellverify.versions.unbounded import UnboundedProofs

MOST_CHANGED: Final = 63


class RefutedMixture(msgspec.Struct, frozen=True):
    """Deployments that one run refutes, as a cube over the changed roles.

    `deployment` is one of them, with as few roles upgraded as possible, and `acting` the versions
    that its roles act in: a dormant role acts as absent. `culprit` is the role that the fault is
    about, empty for a deadlock of all.
    """

    cube: int
    fault: Fault
    culprit: str
    depth: int
    is_minimal: bool
    deployment: tuple[int, ...]
    acting: tuple[int, ...]
    found: RefutedCube


class Mixtures:
    """All deployments of the changed roles of `roles`.

    `refuted` holds the runs that refute some, the shortest first; a deployment in none of them is
    good as far as was searched, and proved to be unless it is in one of `open`. `steps` gives the
    run behind one of them. `are_proved` says which of the two versions is known to be good alone.
    """

    def __init__(
        self,
        roles: RoleVersions,
        *,
        largest_bound: int,
        budget: int,
        are_proved: tuple[bool, bool] = (False, False),
    ) -> None:
        self.roles = roles
        self.changed = roles.changed
        self.space = CubeSpace(len(self.changed), 2)
        self._place = {role: n for n, role in enumerate(self.changed)}
        self._proofs = (largest_bound, are_proved)
        self.search: DeploymentSearch = search_deployments(
            roles.joints(),
            largest_bound=largest_bound,
            budget=budget,
            is_enough=lambda search: search.is_exact and bool(self._proved_by(search)),
        )
        self.refuted = self._refuted(self.search)
        self.open = self._open(self.search)

    def _open(self, search: DeploymentSearch) -> tuple[int, ...]:
        raw = search.open_cubes
        return tuple(
            cube for one in raw for cube in waking(one, self.space, self.roles, self._place)
        )

    def _proved_by(self, search: DeploymentSearch) -> str:
        refuted = [one.cube for one in self._refuted(search)]
        return self.proofs.method(self._open(search), refuted)

    @cached_property
    def proofs(self) -> UnboundedProofs:
        """What shows deployments to be good that no bound of queues settles."""
        from tellverify.versions.unbounded import UnboundedProofs

        return UnboundedProofs(self.roles, *self._proofs)

    def known_by(self) -> tuple[str, Evidence]:
        """By what the deployments that are not refuted are known to be good, and how surely."""
        if self.is_settled:
            return "complete search", "proved"
        method = self.proofs.method(self.open, self.cubes)
        if method:
            return method, "proved"
        if self.search.overflow:
            events = counted(self.search.depth, "event")
            limit = "more needs a higher `bounds.configurations`"
            return f"no run of up to {events} fails; {limit}", "unknown"
        bound = self.search.system.queue_bound
        if self.search.has_unjudged:
            what = "whether longer ones let every role move again is not known"
            return f"queues of at most {counted(bound, 'message')}; {what}", "unknown"
        longer = ""
        if bound < self._proofs[0]:
            longer = "; longer ones need a higher `bounds.configurations`"
        return f"queues of at most {counted(bound, 'message')}{longer}", "bounded"

    @property
    def cubes(self) -> list[int]:
        """The cubes of all refuted deployments."""
        return [one.cube for one in self.refuted]

    @property
    def total(self) -> int:
        """The number of deployments."""
        return self.space.count(self.space.whole)

    def good(self) -> int | None:
        """How many deployments are not refuted; None where they cannot be counted in cubes."""
        try:
            return self.total - self.space.count_all(self.cubes)
        except TooManyCubes:
            return None

    @property
    def is_settled(self) -> bool:
        """True when every deployment is proved or refuted."""
        try:
            return not self.space.without_all(self.open, self.cubes)
        except TooManyCubes:
            return False

    def is_good(self, deployment: Sequence[int]) -> bool:
        """True when no run was found that refutes a deployment."""
        return not is_within(self.space.deployment(deployment), self.cubes)

    def run_of_neither(self) -> tuple[tuple[int, ...], int] | None:
        """A deployment that is not refuted with a shortest run that neither version has alone.

        With the number of its events. A run is one of a version if and only if the cube of its
        configuration has that corner.
        """
        space, refuted = self.search.space, self.search.cubes
        corners = [space.deployment((version,) * len(self.changed)) for version in (OLD, NEW)]
        met: set[int] = set()
        for depth, level in enumerate(self.search.levels):
            for cube in dict.fromkeys(map(self.search.cube, level)):
                if cube in met or any(not corner & ~cube for corner in corners):
                    continue
                met.add(cube)
                try:
                    left = space.without_all([cube], refuted)
                except TooManyCubes:
                    continue
                for deployment in map(space.first_of, left):
                    chosen = dict(zip(self.changed, deployment, strict=True))
                    if self.roles.acting(chosen) == chosen:  # no role is dormant there
                        return deployment, depth
        return None

    def _refuted(self, search: DeploymentSearch) -> tuple[RefutedMixture, ...]:
        """The refuted cubes of a search as those of deployments in which roles may be dormant."""
        found: list[RefutedMixture] = []
        for one in search.refuted:
            for cube in waking(one.cube, self.space, self.roles, self._place):
                if is_within(cube, (other.cube for other in found)):
                    continue
                deployment = self.space.first_of(cube)
                culprit = search.system.roles[one.role] if one.role >= 0 else ""
                chosen = dict(zip(self.changed, deployment, strict=True))
                found.append(
                    RefutedMixture(
                        cube,
                        one.fault,
                        culprit,
                        one.depth,
                        one.is_minimal,
                        deployment,
                        tuple(self.roles.acting(chosen).values()),
                        one,
                    )
                )
        return tuple(found)

    def steps(self, mixture: RefutedMixture) -> list[Step]:
        """The run that refutes a mixture."""
        return self.search.steps(mixture.found)


def waking(
    cube: int,
    space: CubeSpace,
    roles: RoleVersions,
    place: Mapping[str, int],
) -> list[int]:
    """The deployments that act as one of `cube`, when roles that are not called are dormant.

    Only the version that has a role calls it; a release in between does not. It does take what a
    role sends that begins by itself: beside such a release that role may be dormant or not.
    """
    cubes = [cube]
    everything = (1 << space.versions) - 1
    between = everything & ~(1 << OLD | 1 << NEW)
    for role, version in roles.one_sided.items():
        callers = [place[name] for name in sorted(roles.callers(role), key=place.__getitem__)]
        own, knows = place[role], 1 << version
        begins = any(action.send for action, _ in roles.version(role, version).moves[0])
        wakes = knows | between if begins else knows
        if not callers:
            continue
        found: list[int] = []
        for one in cubes:
            here = space.versions_of(one, own)
            if here & knows and here & ~knows:
                found.append(one)
            elif here & knows:
                found += [space.restricted(one, caller, wakes) for caller in callers]
            else:
                found.append(one)
                asleep = space.replaced(one, own, knows)
                for caller in callers:
                    asleep = space.restricted(asleep, caller, everything & ~knows)
                found.append(asleep)
        cubes = [one for one in found if not space.is_empty(one)]
    return list(dict.fromkeys(cubes))
