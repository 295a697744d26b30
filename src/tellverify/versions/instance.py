"""Two versions at one choice of family sizes: all mixtures, the order, and the runs that fail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from tellverify.diagnostics.wording import counted
from tellverify.evidence.divergence import replay as stepped
from tellverify.evidence.trace_replay import fault_shown
from tellverify.model.defect import Defect
from tellverify.model.fault import Fault
from tellverify.model.graph import ProtocolGraph
from tellverify.model.machine import Action, Machine
from tellverify.model.site import Site
from tellverify.model.sizes import sizes_text
from tellverify.model.step import Step
from tellverify.model.trace import Trace
from tellverify.obligations.options import Options
from tellverify.search.traces import (
    build_trace,
    explain_deadlock,
    explain_orphans,
    explain_reception,
    explain_starved,
)
from tellverify.verdict.versions import FailingMixture, MixedInstance, RoleVersion, VersionWord
from tellverify.versions.mixture_words import (
    MixtureGroup,
    cube_versions,
    in_words,
    version_word,
)
from tellverify.versions.mixtures import MOST_CHANGED, Mixtures, RefutedMixture
from tellverify.versions.role_versions import NEW, OLD, RoleVersions
from tellverify.versions.rollout import RolloutOrder, rollout
from tellverify.versions.sides import (
    MachineVersion,
    Version,
    VersionGraph,
    filed_machines,
    machines_of,
)
from tellverify.versions.wire_labels import WireRules, on_the_wire

_MOST_CUBES = 64


class TooManyMembers(Exception):
    """More roles have changed than a cube of deployments can hold."""


class ComparedInstance(msgspec.Struct, frozen=True):
    """Both versions at some family sizes, and the search of all mixtures.

    `graphs` are the old and the new graph with wire labels, where a version has one, and `plain`
    those with labels as written. `are_proved` says which version is proved to be good alone.
    """

    sizes: Mapping[str, int]
    roles: RoleVersions
    graphs: tuple[ProtocolGraph | None, ProtocolGraph | None]
    plain: tuple[ProtocolGraph | None, ProtocolGraph | None]
    mixtures: Mixtures
    order: RolloutOrder
    are_proved: tuple[bool, bool] = (False, False)

    @property
    def name(self) -> str:
        """The family sizes in words, empty without families."""
        return sizes_text(self.sizes.items())


def compared_instance(
    versions: tuple[Version, Version],
    graphs: tuple[VersionGraph, VersionGraph],
    sizes: Mapping[str, int],
    rules: WireRules,
    options: Options,
) -> ComparedInstance | str:
    """Search all mixtures of two versions that have graphs or machines; or why that is impossible.

    Raises TooManyMembers.
    """
    known = role_versions(versions, graphs, rules)
    if isinstance(known, str):
        return known
    roles, (left, right) = known
    old, new = graphs
    if len(roles.changed) > MOST_CHANGED:
        raise TooManyMembers(f"{len(roles.changed)} roles have changed")
    are_proved = (old.is_proved, new.is_proved)
    mixtures = Mixtures(
        roles,
        largest_bound=options.queue_limit,
        budget=options.search_limit,
        are_proved=are_proved,
    )
    order = rollout(mixtures.changed, mixtures.cubes)
    plain = (None if old.graph is None else _named_anew(old.graph, rules), new.graph)
    return ComparedInstance(sizes, roles, (left, right), plain, mixtures, order, are_proved)


def role_versions(
    versions: tuple[Version, Version], graphs: tuple[VersionGraph, VersionGraph], rules: WireRules
) -> tuple[RoleVersions, tuple[ProtocolGraph | None, ProtocolGraph | None]] | str:
    """The machines of all roles over wire labels, with the graphs; or why there are none."""
    old, new = graphs
    left, right = old.graph, new.graph
    if left is not None and right is not None:
        left, right = on_the_wire(left, right, rules)
    elif left is not None:
        left, _ = on_the_wire(left, left, rules)
    machines: list[Sequence[Machine]] = []
    for graph, own, other in (
        (left, versions[0], versions[1]),
        (right, versions[1], versions[0]),
    ):
        if graph is not None:
            found = machines_of(graph)
            if isinstance(found, str):
                return found
            machines.append(found)
        elif isinstance(own, MachineVersion):
            beside = other if isinstance(other, MachineVersion) else None
            machines.append(filed_machines(own, beside))
    if left is None and isinstance(versions[0], MachineVersion):
        machines[0] = [_renamed(machine, rules) for machine in machines[0]]
    return RoleVersions(*machines), (left, right)


def _named_anew(graph: ProtocolGraph, rules: WireRules) -> ProtocolGraph:
    return msgspec.structs.replace(graph, roles=tuple(map(rules.new_name, graph.roles)))


def _renamed(machine: Machine, rules: WireRules) -> Machine:
    moves = tuple(
        tuple((Action(a.send, rules.new_name(a.peer), a.label), target) for a, target in row)
        for row in machine.moves
    )
    return Machine(rules.new_name(machine.role), moves, machine.final, machine.sites)


def mixed_instance(one: ComparedInstance) -> MixedInstance:
    """The outcome for the deployments of an instance, as reports have it."""
    good = one.mixtures.good()
    method, evidence = one.mixtures.known_by()
    return MixedInstance(
        one.name,
        one.mixtures.changed,
        one.mixtures.total,
        -1 if good is None else good,
        one.mixtures.search.count,
        evidence,
        method,
    )


def failing_mixtures(one: ComparedInstance) -> list[FailingMixture]:
    """The refuted mixtures of an instance in groups, each with its shortest run, replayed."""
    return [_failing(one, group) for group in in_words(one.mixtures)]


def _failing(one: ComparedInstance, group: MixtureGroup) -> FailingMixture:
    shown = group.members[0]
    mixtures = one.mixtures
    deployment = tuple(
        RoleVersion(role, version_word(one.roles, role, version))
        for role, version in zip(mixtures.changed, shown.deployment, strict=True)
    )
    trace = trace_of(one, shown)
    return FailingMixture(
        group.words,
        shown.fault,
        shown.depth,
        shown.is_minimal,
        _reason(trace, shown.culprit),
        one.name,
        deployment,
        tuple(cube_versions(mixtures, each.cube) for each in group.members[:_MOST_CUBES]),
        trace,
    )


def _reason(trace: Trace, culprit: str) -> str:
    """Why a run fails, in few words."""
    if trace.fault is Fault.UNSPECIFIED_RECEPTION:
        awaited = next((w for w in trace.waiting if w.role == culprit), None)
        peers = {peer for peer, _ in awaited.awaits} if awaited is not None else set()
        heads = [c[0] for p, q, c in trace.queues if q == culprit and (not peers or p in peers)]
        return f"{culprit} takes no {' and no '.join(f'`{head}`' for head in heads)}"
    return trace.explanation


def trace_of(one: ComparedInstance, shown: RefutedMixture) -> Trace:
    """The run that refutes a mixture, replayed by the reference semantics.

    Raises Defect when it is not a run of its deployment, or does not show its fault.
    """
    mixtures = one.mixtures
    acting = dict(zip(mixtures.changed, shown.acting, strict=True))
    machines = {machine.role: machine for machine in one.roles.machines(acting)}
    steps = [_at_site(one, step, sites) for step, sites in _sited(one, shown, machines, acting)]
    culprits: tuple[str, ...] = (shown.culprit,) if shown.fault is not Fault.DEADLOCK else ()
    trace = build_trace(
        shown.fault,
        steps,
        machines.__getitem__,
        one.roles.roles,
        minimal=shown.is_minimal,
        culprits=culprits,
        explanation="",
    )
    left = [row for row in trace.waiting if not row.finished]
    if shown.fault is Fault.DEADLOCK:
        culprits = tuple(row.role for row in left)
    made = stepped(steps, list(machines.values()))
    if made.divergence is not None:
        raise Defect(f"event {made.divergence.index} of a run: {made.divergence.reason}")
    if shown.fault is not Fault.STUCK_ROLE:  # that no run serves a role was decided by the search
        why = fault_shown(
            made.configuration,
            tuple(machines.values()),
            shown.fault,
            culprits,
            lap=(),
            judge=lambda: True,
        )
        if why:
            raise Defect(f"a run does not show {shown.fault}: {why}")
    explained = msgspec.structs.replace(trace, culprits=culprits)
    return msgspec.structs.replace(explained, explanation=_explained(explained))


def _explained(trace: Trace) -> str:
    wait = next((w for w in trace.waiting if w.role in trace.culprits), None)
    if trace.fault is Fault.DEADLOCK:
        return explain_deadlock([row for row in trace.waiting if not row.finished])
    if trace.fault is Fault.ORPHAN_MESSAGE:
        return explain_orphans([each for each in trace.queues if each[1] in trace.culprits])
    if wait is None:
        return ""
    if trace.fault is Fault.UNSPECIFIED_RECEPTION:
        return explain_reception(wait, trace.queues)
    return explain_starved(wait)


def _sited(
    one: ComparedInstance,
    shown: RefutedMixture,
    machines: Mapping[str, Machine],
    acting: Mapping[str, int],
) -> list[tuple[Step, tuple[int, int]]]:
    """The steps of a run, each with the version of its actor and its number among the sites."""
    state = dict.fromkeys(machines, 0)
    found = []
    for step in mixtures_steps(one, shown):
        machine = machines[step.actor]
        row = machine.moves[state[step.actor]]
        action = Action(step.send, step.peer, step.label)
        place = next(n for n, (offered, _) in enumerate(row) if offered == action)
        site = machine.sites[state[step.actor]][place] if machine.sites else -1
        state[step.actor] = row[place][1]
        found.append((step, (acting.get(step.actor, NEW), site)))
    return found


def mixtures_steps(one: ComparedInstance, shown: RefutedMixture) -> list[Step]:
    """The steps of the run that refutes a mixture, without places."""
    return one.mixtures.steps(shown)


def _at_site(one: ComparedInstance, step: Step, where: tuple[int, int]) -> Step:
    version, number = where
    graph = one.graphs[version]
    site = graph.sites[number] if graph is not None and number >= 0 else Site()
    return msgspec.structs.replace(step, site=site)


def corner_fault(one: ComparedInstance) -> tuple[VersionWord, str] | None:
    """Which version fails alone, and how."""
    corners: tuple[tuple[int, VersionWord], ...] = ((OLD, "old"), (NEW, "new"))
    for version, word in corners:
        deployment = (version,) * len(one.mixtures.changed)
        cube = one.mixtures.space.deployment(deployment)
        hit = next((r for r in one.mixtures.refuted if not cube & ~r.cube), None)
        if hit is not None:
            return word, f"{hit.fault} after {counted(hit.depth, 'event')}"
    return None
