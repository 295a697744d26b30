"""All obligations of one protocol graph, that is of one protocol at given family sizes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

import msgspec

from tellverify.core.graph import ProtocolGraph, leaves_class
from tellverify.diagnostics.codes import NO_TERMINATION, OUTSIDE_CLASS, STEP_LIMIT, UNMERGEABLE
from tellverify.engine.options import Options
from tellverify.engine.refutation import FAULT_CODES, Refutations, refute, search_all
from tellverify.engine.runs import Machines, stuck_trace, trapped_trace, unbounded_trace

from tellverify.evidence.trace import Fault, Trace
from tellverify.projection.implementability import Implementability, check_graph
from tellverify.projection.liveness import ending
from tellverify.projection.merge import MergeFailure, Projections, strict_projections
from tellverify.projection.queues import queue_bounds
from tellverify.verdict.outcome import Conflict, Outcome, Proved, Refuted, Skipped, Unknown
from tellverify.verdict.property import Property

SAFETY: Final = {
    Property.NO_DEADLOCK: Fault.DEADLOCK,
    Property.NO_ORPHAN_MESSAGE: Fault.ORPHAN_MESSAGE,
    Property.NO_UNSPECIFIED_RECEPTION: Fault.UNSPECIFIED_RECEPTION,
    Property.FIDELITY: Fault.INFIDELITY,
}
_QUEUE_STEPS: Final = 200_000

# What an outcome is about: roles by index (empty for the whole protocol), or a channel.
Roles: TypeAlias = tuple[str, ...]


class Finding(msgspec.Struct, frozen=True):
    """An obligation at given family sizes; `roles` and `channel` as in a verdict's subject."""

    property: Property
    outcome: Outcome
    roles: Roles = ()
    channel: tuple[str, str] | None = None
    statistics: tuple[tuple[str, int], ...] = ()


def decide(graph: ProtocolGraph, options: Options) -> list[Finding]:
    """Decide every obligation of `graph`; the order is that of `Property`."""
    fault = leaves_class(graph)
    if fault is not None:
        return _decide_by_search(graph, fault.reason, options)
    answer = check_graph(graph, options.step_limit)
    machines = Machines(graph)
    findings = _implementability(machines, answer, options)
    findings += _stuck(machines, answer)
    findings += _queues(machines, answer)
    findings += _ending(machines)
    findings += _projectable(graph)
    return findings


def _implementability(
    machines: Machines, answer: Implementability, options: Options
) -> list[Finding]:
    if answer.implementable is None:
        unknown = Unknown(
            "the step limit was reached before every role was decided", STEP_LIMIT.number
        )
        return [Finding(p, unknown) for p in (Property.IMPLEMENTABLE, *SAFETY)]
    if answer.implementable:
        exact = len(machines.graph.roles) - answer.settled_by_congruence
        method = Proved("coherence", "complete, every run")
        statistics = (("roles", len(machines.graph.roles)), ("decided-exactly", exact))
        implied = Proved("coherence", "complete, every run")
        return [
            Finding(Property.IMPLEMENTABLE, method, statistics=statistics),
            *(Finding(p, implied) for p in SAFETY),
        ]
    found = refute(machines, answer.violations, options)
    return _from_search(found)


def _from_search(found: Refutations) -> list[Finding]:
    """Outcomes of the safety obligations from the runs a search has found."""
    statistics = (("configurations", found.configurations),) if found.configurations else ()
    findings = [
        Finding(p, _searched(found, fault), statistics=statistics) for p, fault in SAFETY.items()
    ]
    outcomes = [finding.outcome for finding in findings]
    refuting = [o for o in outcomes if isinstance(o, Refuted)]
    open_ones = [o for o in outcomes if isinstance(o, Unknown)]
    whole = min(refuting, key=_length) if refuting else (open_ones or outcomes)[0]
    return [Finding(Property.IMPLEMENTABLE, whole, statistics=statistics), *findings]


def _searched(found: Refutations, fault: Fault) -> Outcome:
    """What a search says about one fault."""
    trace = found.traces.get(fault)
    if trace is not None:
        return Refuted(FAULT_CODES[fault].number, trace, "search")
    depth = found.depth.get(fault, 0)
    if depth is None:
        return Proved("search", "all runs searched")
    reason = f"no run of up to {depth} events shows it, and longer ones were not searched"
    return Unknown(reason if depth else "too large to be searched", STEP_LIMIT.number)


def _length(refuted: Refuted) -> tuple[int, str]:
    evidence = refuted.evidence
    return (len(evidence.steps) if isinstance(evidence, Trace) else 0, refuted.code)


def _stuck(machines: Machines, answer: Implementability) -> list[Finding]:
    graph = machines.graph
    findings = []
    bad = {role for run in answer.stuck for role in run.roles}
    undecided = set(answer.undecided) - bad
    good = tuple(role for i, role in enumerate(graph.roles) if i not in bad and i not in undecided)
    if good:
        findings.append(Finding(Property.NO_STUCK_ROLE, Proved("coherence"), good))
    for run in answer.stuck:
        refuted = Refuted(
            FAULT_CODES[Fault.STUCK_ROLE].number, stuck_trace(machines, run), "coherence"
        )
        roles = tuple(graph.roles[r] for r in run.roles)
        findings.append(Finding(Property.NO_STUCK_ROLE, refuted, roles))
    if undecided:
        names = tuple(graph.roles[r] for r in sorted(undecided))
        reason = "the step limit was reached before these roles were decided"
        findings.append(Finding(Property.NO_STUCK_ROLE, Unknown(reason, STEP_LIMIT.number), names))
    return findings


def _queues(machines: Machines, answer: Implementability) -> list[Finding]:
    graph = machines.graph
    if not answer.implementable:
        reason = "queue lengths are known only for implementable protocols"
        return [Finding(Property.BOUNDED_QUEUES, Skipped(reason))]
    bounds = queue_bounds(graph, _QUEUE_STEPS)
    findings = []
    longest = [bound.longest for bound in bounds.bounds if bound.longest is not None]
    if longest:
        detail = f"at most {max(longest)} in a queue"
        findings.append(
            Finding(
                Property.BOUNDED_QUEUES,
                Proved("causality", detail),
                statistics=(("channels", len(longest)), ("longest-queue", max(longest))),
            )
        )
    for bound in bounds.bounds:
        if bound.longest is None:
            trace = unbounded_trace(machines, bound)
            channel = (graph.roles[bound.sender], graph.roles[bound.receiver])
            refuted = Refuted(FAULT_CODES[Fault.UNBOUNDED_QUEUE].number, trace, "causality")
            findings.append(Finding(Property.BOUNDED_QUEUES, refuted, channel=channel))
    if bounds.undecided:
        reason = f"the step limit was reached with {len(bounds.undecided)} channels undecided"
        findings.append(Finding(Property.BOUNDED_QUEUES, Unknown(reason, STEP_LIMIT.number)))
    return findings


def _ending(machines: Machines) -> list[Finding]:
    answer = ending(machines.graph)
    outcome: Outcome
    if not answer.has_end:
        outcome = Skipped("the protocol has no end: it is meant to go on for ever")
    elif answer.run is None:
        outcome = Proved("reachability")
    else:
        outcome = Refuted(NO_TERMINATION.number, trapped_trace(machines, answer), "reachability")
    return [Finding(Property.CAN_TERMINATE, outcome)]


def _projectable(graph: ProtocolGraph) -> list[Finding]:
    projections = strict_projections(graph)
    if projections.unsupported is not None:
        reason = f"not a global type of the merge: {projections.unsupported.reason}"
        return [Finding(Property.PROJECTABLE, Skipped(reason, OUTSIDE_CLASS.number), graph.roles)]
    failures = {failure.role: failure for failure in projections.failures}
    good = tuple(role for role in graph.roles if role not in failures)
    findings = []
    if good:
        findings.append(Finding(Property.PROJECTABLE, Proved("strict merge"), good))
    alike: dict[tuple[str, int, int, int], list[str]] = {}
    for role, failure in failures.items():
        key = (failure.reason.value, failure.state, failure.left, failure.right)
        alike.setdefault(key, []).append(role)
    for roles in alike.values():
        conflict = _conflict(projections, failures[roles[0]])
        refuted = Refuted(UNMERGEABLE.number, conflict, "strict merge")
        findings.append(Finding(Property.PROJECTABLE, refuted, tuple(roles)))
    return findings


def _conflict(projections: Projections, failure: MergeFailure) -> Conflict:
    graph = projections.graph
    left, right = graph.site_of(failure.left), graph.site_of(failure.right)
    return Conflict(failure.reason.value, left.path, left.span, right.span)


def _decide_by_search(graph: ProtocolGraph, reason: str, options: Options) -> list[Finding]:
    """Obligations of a graph outside the class: several roles, or nobody, decide somewhere."""
    machines = Machines(graph)
    found = search_all(machines, options)
    findings = _from_search(found)
    findings += _stuck_by_search(graph, found)
    words = {
        "mixed-senders": "different roles may go on from one point",
        "final-with-successors": "the protocol may end or go on, and nobody decides",
    }[reason]
    skipped = Skipped(f"outside the complete theory: {words}", OUTSIDE_CLASS.number)
    findings.append(Finding(Property.BOUNDED_QUEUES, skipped))
    findings += _ending(machines)
    findings.append(Finding(Property.PROJECTABLE, skipped, graph.roles))
    return findings


def _stuck_by_search(graph: ProtocolGraph, found: Refutations) -> list[Finding]:
    findings = []
    code = FAULT_CODES[Fault.STUCK_ROLE].number
    stuck = {trace.culprits[0] for trace in found.stuck}
    for trace in found.stuck:
        refuted = Refuted(code, trace, "search")
        findings.append(Finding(Property.NO_STUCK_ROLE, refuted, (trace.culprits[0],)))
    others = tuple(role for role in graph.roles if role not in stuck)
    if others:
        outcome = _searched(found, Fault.STUCK_ROLE)
        findings.append(Finding(Property.NO_STUCK_ROLE, outcome, others))
    return findings


def decide_slices(slices: Sequence[ProtocolGraph], options: Options) -> list[Finding]:
    """Obligations of parallel branches on channels of their own, checked one by one.

    Branches that share no channel cannot take each other's messages, so what holds of each slice
    holds of them together. A slice that fails is no run of the protocol: then nothing is known.
    """
    decided = [{f.property: f.outcome for f in decide(graph, options)} for graph in slices]
    findings = []
    for prop in Property:
        outcomes = [found[prop] for found in decided if prop in found]
        if not outcomes:
            continue
        roles = slices[0].roles if prop in (Property.NO_STUCK_ROLE, Property.PROJECTABLE) else ()
        if all(isinstance(outcome, Proved) for outcome in outcomes):
            outcome: Outcome = Proved("composition", "parallel branches one by one")
        else:
            reason = "a parallel branch on its own is not proved, and all together are too many"
            outcome = Unknown(reason, STEP_LIMIT.number)
        findings.append(Finding(prop, outcome, roles))
    return findings
