"""Proofs that deployments are good for which no bound on queues is enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import Final, Literal, TypeAlias

import msgspec

from tellverify.model.machine import Machine
from tellverify.projection.subtyping import SubtypeRelation, refines, sent_to
from tellverify.search.check_system import check_system
from tellverify.search.cubes import CubeSpace, TooManyCubes
from tellverify.search.group_answer import PROVED, SAFE
from tellverify.versions.role_versions import NEW, OLD, RoleVersions

_MOST_DEPLOYMENTS: Final = 32  # that are shown to be good one by one
_BUDGET: Final = 20_000
SystemAnswer: TypeAlias = Literal["proved", "refuted", "unknown"]


class Refining(msgspec.Struct, frozen=True):
    """The changed roles whose new machine refines the old one, and the other way round."""

    new: Mapping[str, SubtypeRelation]
    old: Mapping[str, SubtypeRelation]


def refining(roles: RoleVersions) -> Refining:
    """Role by role, which version refines the other; only roles that both versions have."""
    new: dict[str, SubtypeRelation] = {}
    old: dict[str, SubtypeRelation] = {}
    for role in roles.changed:
        if role in roles.one_sided:
            continue
        left, right = roles.version(role, OLD), roles.version(role, NEW)
        forward = refines(right, left, sent_to(role, tuple(roles.old.values())))
        if forward is not None:
            new[role] = forward
        backward = refines(left, right, sent_to(role, tuple(roles.new.values())))
        if backward is not None:
            old[role] = backward
    return Refining(new, old)


def answer_for(machines: Sequence[Machine], bound: int) -> SystemAnswer:
    """What the deciders of queues of any length say of one deployment."""
    checked = check_system(machines, graph=None, largest_bound=bound, budget=_BUDGET, ends=False)
    if any(trace.fault in SAFE for trace in checked.traces):
        return "refuted"
    if all(checked.reached[fault].scope in PROVED for fault in SAFE):
        return "proved"
    return "unknown"


class UnboundedProofs:
    """Which deployments of `roles` are good, however long queues become.

    `are_proved` says which of the two versions is known to be good by itself.
    """

    def __init__(
        self, roles: RoleVersions, bound: int, are_proved: tuple[bool, bool] = (False, False)
    ) -> None:
        self._roles = roles
        self._bound = bound
        self._space = CubeSpace(len(roles.changed), 2)
        corners = (OLD,) * len(roles.changed), (NEW,) * len(roles.changed)
        self._answers: dict[tuple[int, ...], SystemAnswer] = {
            corner: "proved" for corner, known in zip(corners, are_proved, strict=True) if known
        }

    @cached_property
    def refining(self) -> Refining:
        """The subtyping of roles."""
        return refining(self._roles)

    def method(self, open_: Sequence[int], refuted: Sequence[int]) -> str:
        """By what all `open_` deployments outside of `refuted` are proved; empty if they are not.

        Tries subtyping role by role, then k-multiparty compatibility one by one.
        """
        try:
            left = self._space.without_all(open_, refuted)
            beyond = self._space.without_all(left, self._covered)
        except TooManyCubes:
            return ""
        if not beyond:
            some = self.refining.new or self.refining.old
            return "subtyping, role by role" if some else "each version alone is proved"
        deployments = (one for cube in left for one in self._space.deployments(cube))
        tried = list(dict.fromkeys(islice(deployments, _MOST_DEPLOYMENTS + 1)))
        if len(tried) > _MOST_DEPLOYMENTS or any(self._answer(one) != "proved" for one in tried):
            return ""
        return "k-multiparty compatibility of each mixture"

    @cached_property
    def _covered(self) -> list[int]:
        """The deployments that subtyping shows to be good.

        One whose upgraded roles all refine their old versions is good if the old protocol is, and
        one whose old roles all refine their new versions if the new protocol is.
        """
        found = []
        for version, refined in ((OLD, self.refining.new), (NEW, self.refining.old)):
            cube = self._space.whole
            for place, role in enumerate(self._roles.changed):
                if role not in refined:
                    cube = self._space.restricted(cube, place, 1 << version)
            if self._answer((version,) * len(self._roles.changed)) == "proved":
                found.append(cube)
        return found

    def _answer(self, deployment: tuple[int, ...]) -> SystemAnswer:
        known = self._answers.get(deployment)
        if known is None:
            chosen = dict(zip(self._roles.changed, deployment, strict=True))
            machines = self._roles.machines(self._roles.acting(chosen))
            known = self._answers[deployment] = answer_for(machines, self._bound)
        return known
