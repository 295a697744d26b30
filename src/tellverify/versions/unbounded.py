"""What is known of deployments for which no bound on queues is enough."""

from __future__ import annotations

from itertools import islice
from typing import Final

from tellverify.diagnostics.wording import counted
from tellverify.model.fault import Fault
from tellverify.search.check_system import check_system
from tellverify.search.cubes import TooManyCubes
from tellverify.search.group_answer import PROVED
from tellverify.versions.mixtures import Mixtures
from tellverify.versions.role_versions import RoleVersions

_MOST_DEPLOYMENTS: Final = 32  # that are shown to be good one by one
_BUDGET: Final = 20_000
_FAULTS: Final = (
    Fault.DEADLOCK,
    Fault.ORPHAN_MESSAGE,
    Fault.UNSPECIFIED_RECEPTION,
    Fault.STUCK_ROLE,
)


def settled_otherwise(roles: RoleVersions, mixtures: Mixtures) -> tuple[str, str]:
    """By what, and how surely, the deployments that are not refuted are known to be good."""
    search = mixtures.search
    if _are_compatible(roles, mixtures):
        return "k-multiparty compatibility of each mixture", "proved"
    if search.overflow:
        return f"no run of up to {counted(search.depth, 'event')} fails", "unknown"
    bound = counted(search.system.queue_bound, "message")
    return f"queues of at most {bound}", "bounded"


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
        checked = check_system(
            roles.machines(acting),
            graph=None,
            largest_bound=mixtures.search.system.queue_bound,
            budget=_BUDGET,
            ends=False,
        )
        if not all(checked.reached[fault].scope in PROVED for fault in _FAULTS):
            return False
        if any(trace.fault in _FAULTS for trace in checked.traces):
            return False
    return True
