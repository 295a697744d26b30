"""What a run says of two versions of a protocol: mixtures, orders of roll-out, what changed."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from tellverify.model.fault import Fault
from tellverify.model.trace import Trace

VersionVerdict: TypeAlias = Literal["patch", "minor", "major", "unknown", "broken", "skipped"]
OrderKind: TypeAlias = Literal["any", "ordered", "none", "unknown"]
VersionWord: TypeAlias = Literal["old", "new", "any", "absent"]
Evidence: TypeAlias = Literal["proved", "bounded", "unknown"]
PictureKind: TypeAlias = Literal["mixtures", "groups", "order"]
FailOn: TypeAlias = Literal["major", "ordered", "minor"]


class RoleVersion(msgspec.Struct, frozen=True):
    """The version of a role in a mixture: `old`, `new`, or `any` where it does not matter.

    `absent` is the version that does not have the role.
    """

    role: str
    version: VersionWord


class FailingMixture(msgspec.Struct, frozen=True, rename="camel"):
    """Deployments that fail alike: in words, the fault, and the shortest run of the first one.

    `deployment` gives the versions of all changed roles in that run, and `trace` has it by the
    names of the text. `instance` names the family sizes. `cubes` are the mixtures that the words
    stand for, at most 64 of them.
    """

    words: str
    fault: Fault
    events: int
    is_minimal: bool
    reason: str
    instance: str
    deployment: tuple[RoleVersion, ...]
    cubes: tuple[tuple[RoleVersion, ...], ...]
    trace: Trace


class MixedInstance(msgspec.Struct, frozen=True, rename="camel"):
    """The outcome for all deployments at one choice of family sizes.

    `good` are those that are not refuted, -1 where they cannot be counted. `evidence` is how these
    are known to be good, `method` by what.
    """

    instance: str
    changed: tuple[str, ...]
    deployments: int
    good: int
    configurations: int
    evidence: Evidence
    method: str


class SizedOrder(msgspec.Struct, frozen=True):
    """In which order to upgrade at some family sizes, in words."""

    sizes: tuple[str, ...]
    words: str


class UpgradeOrder(msgspec.Struct, frozen=True, rename="camel"):
    """Whether the roles can be upgraded one by one, and in which order.

    `before` are pairs of which the first is upgraded before the second, as words such as `every D`,
    without those that follow from others. `order` is one safe order. With `pairs_suffice` every
    order that keeps the pairs is safe. `evidence` is how the mixtures on their ways are known to be
    good; with `unknown` no run that was searched shows one to fail. `bridge` is the plan with a
    release in between, `takes both` marking it, where there is no order; `bridge_evidence` how its
    deployments are known to be good.
    Without a plan, `proved` says that none exists with releases that follow both versions step by
    step, one form for each role; another release may help. Where no order or plan suits all family
    sizes, `by_size` has what holds at each, and `before`, `order` and `bridge` are empty.
    """

    kind: OrderKind
    before: tuple[tuple[str, str], ...] = ()
    order: tuple[str, ...] = ()
    pairs_suffice: bool = True
    bridge: tuple[str, ...] = ()
    bridge_evidence: Evidence = "unknown"
    by_size: tuple[SizedOrder, ...] = ()
    evidence: Evidence = "proved"


class LatticeNode(msgspec.Struct, frozen=True, rename="camel"):
    """Deployments that look alike in the picture of all mixtures.

    `level` counts upgraded roles, `after` are the numbers of the nodes that one more upgrade leads
    to, `is_kept` says that the node lies on a safe order. `words` name the new roles. In a picture
    of the order a node is a role, and `after` are the roles that come after it.
    """

    words: str
    level: int
    is_good: bool
    is_kept: bool
    after: tuple[int, ...]


class RestartState(msgspec.Struct, frozen=True, rename="camel"):
    """A state of the old machine of a role, and whether a session may go on with the new one there.

    `after` are the actions of a shortest run of the role to it; `to` the states of the new machine
    that it may be mapped to, empty where the end of the session has to be awaited.
    """

    state: int
    after: tuple[str, ...]
    to: tuple[int, ...]
    reason: str


class RoleRestart(msgspec.Struct, frozen=True, rename="camel"):
    """The states of a role, and the roles that have to be new before it is restarted."""

    role: str
    once: tuple[str, ...]
    states: tuple[RestartState, ...]


class VersionChange(msgspec.Struct, frozen=True, rename="camel"):
    """One difference in words, of a role or of an annotation.

    `weight` is that of the difference by itself; `action` is what has to be done before roll-out.
    """

    subject: str
    words: str
    weight: Literal["patch", "minor", "major"] = "minor"
    action: str = ""
    line: int = 0


class VersionComparison(msgspec.Struct, frozen=True, rename="camel"):
    """An old and a new version of one protocol.

    `path` and `line` are those of the new version. `summary` says the verdict in words. With the
    verdict `broken` one version fails by itself, and `reason` says which. The nodes of `lattice`
    are those of one picture of all mixtures, of one for each of several groups of roles that do not
    matter to each other, or of the order of roll-out: `lattice_kind`.
    """

    name: str
    old_name: str
    path: str
    line: int
    old_path: str
    verdict: VersionVerdict
    summary: str
    reason: str = ""
    upgrade: UpgradeOrder | None = None
    instances: tuple[MixedInstance, ...] = ()
    failing: tuple[FailingMixture, ...] = ()
    restarts: tuple[RoleRestart, ...] = ()
    changes: tuple[VersionChange, ...] = ()
    annotations: tuple[VersionChange, ...] = ()
    upstream: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    lattice: tuple[LatticeNode, ...] = ()
    lattice_kind: PictureKind = "mixtures"


class ComparedVersions(msgspec.Struct, frozen=True, rename="camel"):
    """All pairs of one comparison, and what only one side has.

    `against` is what the new side is compared with, as the user named it. `facts` are the changes
    of fact schemas, each with the path of its file as `subject`.
    """

    against: str
    fail_on: FailOn
    protocols: tuple[VersionComparison, ...]
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    facts: tuple[VersionChange, ...] = ()
