"""Obligations of a protocol graph in the class of the complete theory.

What builds and searches runs is imported where a run has to be shown: most checks find nothing.
"""

from __future__ import annotations

from typing import Final

from tellverify.diagnostics.communication import UNMERGEABLE
from tellverify.diagnostics.limits import OUTSIDE_CLASS, STEP_LIMIT
from tellverify.model.fault import Fault
from tellverify.model.limits import MachineTooLarge
from tellverify.obligations.instance_outcome import InstanceFinding
from tellverify.obligations.machines import GraphContext, Machines
from tellverify.projection.implementability import Implementability
from tellverify.projection.merge import strict_projections
from tellverify.projection.merge_results import MergeFailure, Projections
from tellverify.projection.queues import queue_bounds
from tellverify.projection.type_table import TypeReason
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Conflict, Outcome, Proved, Refuted, Skipped, Unknown
from tellverify.verdict.properties import SAFETY, Property, code_of_fault

_QUEUE_STEPS: Final = 200_000


def decide_implementability(context: GraphContext) -> list[InstanceFinding]:
    """Implementability, the safety that it implies, and roles that starve."""
    answer = context.implementability
    findings = _implementability(context, answer)
    if answer.implementable:
        findings += _stuck(context.machines, answer)
    return findings


def _undecided(machines: Machines, reason: str) -> list[InstanceFinding]:
    """The obligations of a protocol for which it is not known whether it is implementable."""
    unknown = Unknown(reason, STEP_LIMIT.number, "steps")
    return [
        *(InstanceFinding(p, unknown) for p in (Property.IMPLEMENTABLE, *SAFETY)),
        InstanceFinding(Property.NO_STUCK_ROLE, unknown, machines.graph.roles),
    ]


def _implementability(context: GraphContext, answer: Implementability) -> list[InstanceFinding]:
    machines, options = context.machines, context.options
    if answer.implementable is None:
        return _undecided(machines, "the step limit was reached before every role was decided")
    if answer.implementable:
        exact = len(machines.graph.roles) - answer.settled_by_congruence
        method = Proved(Method.COHERENCE, "complete, every run")
        statistics = (("roles", len(machines.graph.roles)), ("decided-exactly", exact))
        implied = Proved(Method.COHERENCE, "complete, every run")
        return [
            InstanceFinding(Property.IMPLEMENTABLE, method, statistics=statistics),
            *(InstanceFinding(p, implied) for p in SAFETY),
        ]
    from tellverify.obligations.by_search import refuted_by_search

    return refuted_by_search(machines, answer.violations, options)


def _stuck(machines: Machines, answer: Implementability) -> list[InstanceFinding]:
    graph = machines.graph
    findings = []
    bad = {role for run in answer.stuck for role in run.roles}
    undecided = set(answer.undecided) - bad
    good = tuple(role for i, role in enumerate(graph.roles) if i not in bad and i not in undecided)
    if good:
        findings.append(InstanceFinding(Property.NO_STUCK_ROLE, Proved(Method.COHERENCE), good))
    for run in answer.stuck:
        from tellverify.obligations.graph_runs import stuck_trace

        roles = tuple(graph.roles[r] for r in run.roles)
        code = code_of_fault(Fault.STUCK_ROLE)
        outcome: Outcome
        try:
            outcome = Refuted(code, stuck_trace(machines, run), Method.COHERENCE)
        except MachineTooLarge as error:
            outcome = Unknown(f"no run can be shown: {error}", STEP_LIMIT.number)
        findings.append(InstanceFinding(Property.NO_STUCK_ROLE, outcome, roles))
    if undecided:
        names = tuple(graph.roles[r] for r in sorted(undecided))
        reason = "the step limit was reached before these roles were decided"
        findings.append(
            InstanceFinding(
                Property.NO_STUCK_ROLE, Unknown(reason, STEP_LIMIT.number, "steps"), names
            )
        )
    return findings


def decide_queues(context: GraphContext) -> list[InstanceFinding]:
    """The longest queue of every channel, and the channels that are unbounded."""
    graph, machines, answer = context.graph, context.machines, context.implementability
    if not answer.implementable:
        reason = "queue lengths are known only for implementable protocols"
        return [InstanceFinding(Property.BOUNDED_QUEUES, Skipped(reason))]
    bounds = queue_bounds(graph, _QUEUE_STEPS)
    findings = []
    longest = [bound.longest for bound in bounds.bounds if bound.longest is not None]
    if longest and len(longest) == len(bounds.bounds) and not bounds.undecided:
        # Beside a queue that grows, or may, nothing is proved of the whole protocol.
        detail = f"at most {max(longest)} in a queue"
        findings.append(
            InstanceFinding(
                Property.BOUNDED_QUEUES,
                Proved(Method.CAUSALITY, detail),
                statistics=(("channels", len(longest)), ("longest-queue", max(longest))),
            )
        )
    for bound in bounds.bounds:
        if bound.longest is None:
            from tellverify.obligations.graph_runs import unbounded_trace

            channel = (graph.roles[bound.sender], graph.roles[bound.receiver])
            code = code_of_fault(Fault.UNBOUNDED_QUEUE)
            outcome: Outcome
            try:
                outcome = Refuted(code, unbounded_trace(machines, bound), Method.CAUSALITY)
            except MachineTooLarge as error:
                outcome = Unknown(f"no run can be shown: {error}", STEP_LIMIT.number)
            findings.append(InstanceFinding(Property.BOUNDED_QUEUES, outcome, channel=channel))
    if bounds.undecided:
        reason = f"the step limit was reached with {len(bounds.undecided)} channels undecided"
        findings.append(
            InstanceFinding(Property.BOUNDED_QUEUES, Unknown(reason, STEP_LIMIT.number, "steps"))
        )
    return findings


def decide_projection(context: GraphContext) -> list[InstanceFinding]:
    """Which roles have a local type by strict merge."""
    graph = context.graph
    projections = strict_projections(graph)
    if projections.unsupported is not None:
        reason = f"not a global type of the merge: {projections.unsupported.reason}"
        return [
            InstanceFinding(
                Property.PROJECTABLE, Skipped(reason, OUTSIDE_CLASS.number), graph.roles
            )
        ]
    failures = {failure.role: failure for failure in projections.failures}
    good = tuple(role for role in graph.roles if role not in failures)
    findings = []
    if good:
        findings.append(InstanceFinding(Property.PROJECTABLE, Proved(Method.STRICT_MERGE), good))
    alike: dict[tuple[str, int, int, int], list[str]] = {}
    for role, failure in failures.items():
        key = (failure.reason.value, failure.state, failure.left, failure.right)
        alike.setdefault(key, []).append(role)
    for key, roles in alike.items():
        if key[0] == TypeReason.LIMIT:
            reason = "the merged type is too large to be built"
            outcome = Unknown(reason, STEP_LIMIT.number)
            findings.append(InstanceFinding(Property.PROJECTABLE, outcome, tuple(roles)))
            continue
        conflict = _conflict(projections, failures[roles[0]])
        refuted = Refuted(UNMERGEABLE.number, conflict, Method.STRICT_MERGE)
        findings.append(InstanceFinding(Property.PROJECTABLE, refuted, tuple(roles)))
    return findings


def _conflict(projections: Projections, failure: MergeFailure) -> Conflict:
    graph = projections.graph
    left, right = graph.site_of(failure.left), graph.site_of(failure.right)
    return Conflict(failure.reason.value, left.path, left.span, right.span)
