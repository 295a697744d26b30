"""One search for all deployments of several versions of the roles of a protocol.

The joint machines of the roles run together as plain machines do. A configuration stands for the
cube of deployments whose versions are all still there, and the runs of a deployment are exactly
the runs of the joint system whose configurations contain it. So the first layer that is bad for a
deployment gives its shortest run. Configurations all of whose deployments are refuted are not
followed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

import msgspec

from tellverify.model.fault import Fault
from tellverify.model.joint_machine import JointMachine
from tellverify.model.step import Step
from tellverify.search.breadth_first import run_to
from tellverify.search.cubes import CubeSpace, TooManyCubes, is_within
from tellverify.search.layering import is_graded
from tellverify.search.successor_tables import SuccessorViews
from tellverify.search.traces import steps_of
from tellverify.search.versioned_system import VersionedSystem

_FIRST_REGROUP = 1_000


class RefutedCube(msgspec.Struct, frozen=True):
    """Deployments that a run refutes: `cube`, the fault, the role it is about (-1: none).

    `configuration` shows it after `depth` events. With `is_minimal` no deployment of the cube that
    no earlier cube has shows a fault after fewer events.
    """

    cube: int
    fault: Fault
    role: int
    configuration: int
    depth: int
    is_minimal: bool


class DeploymentSearch:
    """A search by layers with queues of up to `queue_bound` messages; `run` carries it out.

    `changed` are the roles that have versions, in the order of the machines; cubes are over them.
    `refuted` cubes grow in the order of their depth, those of stuck roles after all others; for the
    deployments of `unjudged` cubes it is not known whether a role is stuck. At most `budget`
    configurations are kept; `overflow` is set where the next layer would not fit.
    """

    def __init__(
        self,
        joints: Sequence[JointMachine],
        queue_bound: int,
        budget: int,
    ) -> None:
        self.system = VersionedSystem(joints, queue_bound)
        self.budget = budget
        self.overflow = False
        self.count = 1
        self.refuted: list[RefutedCube] = []
        self.levels: list[list[int]] = [[self.system.initial]]
        self.changed = tuple(n for n, joint in enumerate(joints) if len(joint.versions) > 1)
        versions = max((len(joint.versions) for joint in joints), default=1)
        self.space = CubeSpace(len(self.changed), versions)
        self.views = SuccessorViews(self.system)
        self._unblocked = SuccessorViews(self.system, self.system.unblocked)
        self._faulty = SuccessorViews(self.system, self.system.faulty)
        self._place = {role: place for place, role in enumerate(self.changed)}
        self._parts = [self._part(role) for role in self.changed]
        graded = all(is_graded(joint.machine) for joint in joints)
        self._met: tuple[set[int], set[int]] | None = None if graded else ({0}, set())
        self._regroup_at = _FIRST_REGROUP
        self._bound_met_at = -1
        self.has_judged_roles = False
        self.unjudged: list[int] = []

    def _part(self, role: int) -> tuple[int, int, list[int]]:
        place, joint = self._place[role], self.system.joints[role]
        bits = [self.space.bits_of(place, alive) for alive in joint.alive]
        return self.system.shift[role], self.system.state_mask[role], bits

    def cube(self, configuration: int) -> int:
        """The deployments whose runs lead to `configuration`."""
        return sum([bits[configuration >> shift & mask] for shift, mask, bits in self._parts])

    @property
    def depth(self) -> int:
        """The number of events to the last layer."""
        return len(self.levels) - 1

    @property
    def is_settled(self) -> bool:
        """True when every deployment is refuted, or all its configurations were visited."""
        try:
            return not self.space.without_all(self.open_cubes, self.cubes)
        except TooManyCubes:
            return False

    def run(self) -> None:
        """Visit all layers within the bound and the budget."""
        while True:
            following = self._expanded()
            if not following:
                break
            if self.count + len(following) > self.budget:
                self.overflow = True
                break
            self.count += len(following)
            self.levels.append(sorted(following))
            if self._met is not None:
                self._met[self.depth % 2].update(following)
            if self.count > self._regroup_at:
                self._regroup_at *= 8
                for views in (self.views, self._unblocked, self._faulty):
                    views.regroup(self.levels[-1])

    @property
    def has_unjudged(self) -> bool:
        """True when of some deployment that is not refuted it is open whether a role is stuck."""
        try:
            return bool(self.space.without_all(self.unjudged, self.cubes))
        except TooManyCubes:
            return True

    @property
    def is_exact(self) -> bool:
        """True when no longer queue makes the run behind a refuted cube shorter."""
        return all(one.is_minimal for one in self.refuted)

    def _expanded(self) -> set[int]:
        """Judge the last layer, drop what need not be followed, and return what follows."""
        had_faults = self.system.has_faults
        layer = self.levels[-1] = self._judged(self.levels[-1])
        found = self.views.successors(layer)
        if self.system.has_faults and not had_faults:
            layer = self.levels[-1] = self._judged(layer)
            found = self.views.successors(layer)
        if self.system.has_held and self._bound_met_at < 0:
            self._bound_met_at = self.depth
        if self._met is not None:
            found -= self._met[(self.depth + 1) % 2]
        return found

    def _judged(self, layer: list[int]) -> list[int]:
        """Add the cubes that `layer` refutes; the configurations that are left to be followed."""
        suspects = self._unblocked.idle(layer)
        if self.system.has_faults:
            suspects = sorted({*suspects, *self._faulty.movable(layer)})
        known = self.cubes
        dropped = set()
        if known:
            dropped = {c for c in layer if is_within(self.cube(c), known)}
        for configuration in suspects:
            if configuration in dropped:
                continue
            self._judge(configuration)
        if len(self.refuted) > len(known):
            known = self.cubes
            dropped.update(c for c in layer if is_within(self.cube(c), known))
        return [c for c in layer if c not in dropped] if dropped else layer

    @property
    def cubes(self) -> list[int]:
        """The refuted cubes, those found first in front."""
        return [one.cube for one in self.refuted]

    def _judge(self, configuration: int) -> None:
        """Add the cubes that one configuration refutes."""
        system = self.system
        masks = [
            system.masks(role, segment)
            for role, segment in enumerate(system.segments(configuration))
        ]
        here = self.cube(configuration)
        for role, mask in enumerate(masks):
            if mask.unspecified:
                cube = self.restricted(here, role, mask.unspecified)
                self.refute(cube, Fault.UNSPECIFIED_RECEPTION, role, configuration, self.depth)
        for role, mask in enumerate(masks):
            if mask.orphaned:
                cube = self.restricted(here, role, mask.orphaned)
                self.refute(cube, Fault.ORPHAN_MESSAGE, role, configuration, self.depth)
        if not all(mask.idle for mask in masks):
            return
        dead = here
        for role, mask in enumerate(masks):
            dead = self.restricted(dead, role, mask.idle)
        for role, mask in enumerate(masks):
            if mask.unfinished:
                cube = self.restricted(dead, role, mask.unfinished)
                self.refute(cube, Fault.DEADLOCK, role, configuration, self.depth)

    def version_mask(self, deployment: int, role: int) -> int:
        """The mask of the version that a role has in the cube of one deployment."""
        place = self._place.get(role)
        return 1 if place is None else self.space.versions_of(deployment, place)

    def restricted(self, cube: int, role: int, versions: int) -> int:
        """The part of `cube` with one of `versions` of a role; all of it if it has not changed."""
        place = self._place.get(role)
        return cube if place is None else self.space.restricted(cube, place, versions)

    def refute(
        self,
        cube: int,
        fault: Fault,
        role: int,
        configuration: int,
        depth: int,
        *,
        is_first: bool = True,
    ) -> None:
        """Add a cube, unless it is empty or an earlier one contains it.

        `is_first` unless an earlier configuration may show a fault, too.
        """
        if self.space.is_empty(cube) or is_within(cube, self.cubes):
            return
        known = self._bound_met_at
        is_minimal = is_first and (known < 0 or depth <= 1 + max(known, self.system.queue_bound))
        self.refuted.append(RefutedCube(cube, fault, role, configuration, depth, is_minimal))

    def steps(self, refuted: RefutedCube) -> list[Step]:
        """A shortest run to what refutes a cube."""
        moves = run_to(self.views, self.levels, refuted.configuration, refuted.depth)
        return steps_of(self.system, moves)

    @property
    def open_cubes(self) -> tuple[int, ...]:
        """Deployments some run of which the bound cut off, or all of them at an overflow.

        Some of them may be refuted.
        """
        if self.overflow:
            return (self.space.whole,)
        return _maximal([*self.unjudged, *self._held])

    @cached_property
    def _held(self) -> tuple[int, ...]:
        """Deployments some run of which the bound cut off, when all layers have been visited."""
        if not self.system.has_held:
            return ()
        views = SuccessorViews(self.system, self.system.at_bound)
        held = {
            cube: None
            for level in self.levels
            for configuration in views.movable(level)
            for cube in self._held_cubes(configuration)
        }
        return _maximal(held)

    def _held_cubes(self, configuration: int) -> list[int]:
        here = self.cube(configuration)
        masks = (
            (role, self.system.masks(role, segment).held)
            for role, segment in enumerate(self.system.segments(configuration))
        )
        return [self.restricted(here, role, held) for role, held in masks if held]


def _maximal(cubes: Iterable[int]) -> tuple[int, ...]:
    """The cubes that no other one contains, in the order in which they come."""
    kept: list[int] = []
    for cube in cubes:
        if not is_within(cube, kept):
            kept = [one for one in kept if one & ~cube]
            kept.append(cube)
    return tuple(kept)
