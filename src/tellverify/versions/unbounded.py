"""The outcome for deployments for which no bound on queues is enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Final, Literal, TypeAlias

import msgspec

from tellverify.diagnostics.wording import counted
from tellverify.model.machine import Machine
from tellverify.projection.subtyping import SubtypeRelation, refines, sent_to
from tellverify.search.check_system import check_system
from tellverify.search.cubes import TooManyCubes
from tellverify.search.group_answer import PROVED, SAFE
from tellverify.versions.mixtures import Mixtures
from tellverify.versions.role_versions import NEW, OLD, RoleVersions

_MOST_DEPLOYMENTS: Final = 32  # that are shown to be good one by one
_BUDGET: Final = 20_000
SystemAnswer: TypeAlias = Literal["proved", "refuted", "unknown"]


def settled_otherwise(roles: RoleVersions, mixtures: Mixtures) -> tuple[str, str]:
    """By what, and how surely, the deployments that are not refuted are known to be good."""
    search = mixtures.search
    if covered(mixtures, refining(roles)):
        return "subtyping, role by role", "proved"
    if _are_compatible(roles, mixtures):
        return "k-multiparty compatibility of each mixture", "proved"
    if search.overflow:
        return f"no run of up to {counted(search.depth, 'event')} fails", "unknown"
    bound = counted(search.system.queue_bound, "message")
    return f"queues of at most {bound}", "bounded"


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


def covered(mixtures: Mixtures, found: Refining) -> bool:
    """True when subtyping shows every open deployment to be good.

    A deployment whose upgraded roles all refine their old versions is good, since the old protocol
    is; and so is one whose old roles all refine their new versions.
    """
    space = mixtures.space
    upgraded = stayed = space.whole
    for place, role in enumerate(mixtures.changed):
        if role not in found.new:
            upgraded = space.restricted(upgraded, place, 1 << OLD)
        if role not in found.old:
            stayed = space.restricted(stayed, place, 1 << NEW)
    try:
        return not space.without_all(mixtures.open, [*mixtures.cubes, upgraded, stayed])
    except TooManyCubes:
        return False


def _are_compatible(roles: RoleVersions, mixtures: Mixtures) -> bool:
    """True when each open deployment is proved good by a decider of queues of any length."""
    try:
        left = mixtures.space.without_all(mixtures.open, mixtures.cubes)
    except TooManyCubes:
        return False
    deployments = (d for cube in left for d in mixtures.space.deployments(cube))
    tried = list(islice(deployments, _MOST_DEPLOYMENTS + 1))
    if len(tried) > _MOST_DEPLOYMENTS:
        return False
    for versions in dict.fromkeys(tried):
        acting = roles.acting(dict(zip(roles.changed, versions, strict=True)))
        bound = mixtures.search.system.queue_bound
        if answer_for(roles.machines(acting), bound) != "proved":
            return False
    return True


def answer_for(machines: Sequence[Machine], bound: int) -> SystemAnswer:
    """What the deciders of queues of any length say of one deployment."""
    checked = check_system(machines, graph=None, largest_bound=bound, budget=_BUDGET, ends=False)
    if any(trace.fault in SAFE for trace in checked.traces):
        return "refuted"
    if all(checked.reached[fault].scope in PROVED for fault in SAFE):
        return "proved"
    return "unknown"
