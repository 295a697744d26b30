"""Obligations that a search decides: of refuted protocols, and of graphs outside the class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from tellverify.diagnostics.limits import OUTSIDE_CLASS, STEP_LIMIT
from tellverify.model.fault import Fault
from tellverify.model.graph import ProtocolGraph
from tellverify.model.trace import Trace
from tellverify.obligations.graph_runs import may_end_or_go_on, stuck_trace
from tellverify.obligations.instance_outcome import InstanceFinding
from tellverify.obligations.machines import GraphContext, Machines
from tellverify.obligations.options import Options
from tellverify.obligations.refutation import Refutations, refute, search_all, without_fidelity
from tellverify.projection.availability import AvailabilityBudget, OutOfBudget
from tellverify.projection.exact import Violation
from tellverify.projection.liveness import stuck_run
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Outcome, Proved, Refuted, Skipped, Unknown
from tellverify.verdict.properties import SAFETY, Property, code_of_fault

_OUTSIDE: Final = {
    "mixed-senders": "different roles may act first at one point",
    "final-with-successors": "the protocol may end or continue, and no role decides",
    "partial-gather": "a receiver continues after some of the answers",
    "parallel": "actions of a role in parallel branches have no order",
}


def refuted_by_search(
    machines: Machines, violations: tuple[Violation, ...], options: Options
) -> list[InstanceFinding]:
    """The obligations on runs of a protocol that is not implementable.

    Whether roles wait forever is left open: what the protocol says proves nothing about roles
    that do not keep to it, and that some of them wait then is the same fault once more.
    """
    findings = _from_search(refute(machines, violations, options))
    first = findings[0]
    if isinstance(first.outcome, Refuted):
        outcome = msgspec.structs.replace(
            first.outcome, reason=_ignorance(machines.graph, violations[0])
        )
        findings[0] = msgspec.structs.replace(first, outcome=outcome)
    skipped = Skipped("roles that deviate from the protocol may wait forever")
    return [*findings, InstanceFinding(Property.NO_STUCK_ROLE, skipped, machines.graph.roles)]


def _ignorance(graph: ProtocolGraph, violation: Violation) -> str:
    """What the role of a violation cannot know, in words."""
    role = graph.roles[violation.role]
    event = graph.event(violation.transition)
    if graph.sender[violation.transition] == violation.role:
        act = f"send `{event.label}` to `{event.receiver}`"
    else:
        act = f"take `{event.label}` from `{event.sender}`"
    return f"`{role}` has seen the same on every branch up to here and cannot know whether to {act}"


def _from_search(found: Refutations) -> list[InstanceFinding]:
    """Outcomes of the safety obligations from the runs a search has found."""
    statistics = (("configurations", found.configurations),) if found.configurations else ()
    findings = [
        InstanceFinding(p, _searched(found, fault), statistics=statistics)
        for p, fault in SAFETY.items()
    ]
    outcomes = [finding.outcome for finding in findings]
    refuting = [o for o in outcomes if isinstance(o, Refuted)]
    open_ones = [o for o in outcomes if isinstance(o, Unknown)]
    whole = min(refuting, key=_length) if refuting else (open_ones or outcomes)[0]
    return [InstanceFinding(Property.IMPLEMENTABLE, whole, statistics=statistics), *findings]


def _searched(found: Refutations, fault: Fault) -> Outcome:
    """What a search says about one fault."""
    trace = found.traces.get(fault)
    if trace is not None:
        return Refuted(code_of_fault(fault), trace, Method.SEARCH)
    if fault not in found.depth:
        reason = "the parallel branches are too large for a search of their orders"
        return Unknown(reason, OUTSIDE_CLASS.number)
    depth = found.depth[fault]
    if depth is None:
        return Proved(Method.SEARCH, "all runs searched")
    reason = f"no run of up to {depth} events shows it, and longer ones were not searched"
    if not depth:
        reason = "too large to be searched"
    knob = "configurations" if found.limited else "queue" if depth else ""
    return Unknown(reason, STEP_LIMIT.number, knob)


def _length(refuted: Refuted) -> tuple[int, bool, str]:
    """Short runs first; an unspecified reception says more than that all wait because of it."""
    evidence = refuted.evidence
    length = len(evidence.steps) if isinstance(evidence, Trace) else 0
    return length, refuted.code == code_of_fault(Fault.DEADLOCK), refuted.code


def decide_safety(context: GraphContext) -> list[InstanceFinding]:
    """Safety and starving roles of a graph outside the class."""
    if context.outside == "partial-gather":
        from tellverify.obligations import partial_gathers

        return partial_gathers.decide_safety(context)
    machines, options = context.machines, context.options
    found = search_all(machines, options, order=context.order)
    if context.outside == "parallel" and context.order is None:
        found = without_fidelity(found)
    context.longest = found.longest
    undecided = context.outside == "final-with-successors"
    ends = _stuck_at_ends(machines, options) if undecided else []
    return [*_from_search(found), *_stuck_by_search(machines, found, ends)]


def decide_queues(context: GraphContext) -> list[InstanceFinding]:
    """The longest queue where the search visited all configurations."""
    if context.outside == "partial-gather" and context.longest is None:
        from tellverify.obligations import partial_gathers

        return partial_gathers.decide_queues(context)
    if context.longest is None:
        return [InstanceFinding(Property.BOUNDED_QUEUES, _skipped(context))]
    detail = f"at most {context.longest} in a queue"
    return [InstanceFinding(Property.BOUNDED_QUEUES, Proved(Method.SEARCH, detail))]


def skip_projection(context: GraphContext) -> list[InstanceFinding]:
    """No answer on the local types of roles."""
    return [InstanceFinding(Property.PROJECTABLE, _skipped(context), context.graph.roles)]


def _skipped(context: GraphContext) -> Skipped:
    why = _OUTSIDE[context.outside or "parallel"]
    return Skipped(f"outside the complete theory: {why}", OUTSIDE_CLASS.number)


def _stuck_by_search(
    machines: Machines, found: Refutations, ends: Sequence[Trace]
) -> list[InstanceFinding]:
    """Roles that wait forever: at `ends` of the protocol, or where a search has found it."""
    graph = machines.graph
    findings: list[InstanceFinding] = []
    told: set[str] = set()
    code = code_of_fault(Fault.STUCK_ROLE)
    for trace in (*ends, *found.stuck):
        role = trace.culprits[0]
        if role not in told:
            told.add(role)
            findings.append(
                InstanceFinding(
                    Property.NO_STUCK_ROLE, Refuted(code, trace, Method.SEARCH), (role,)
                )
            )
    others = tuple(role for role in graph.roles if role not in told)
    if others:
        outcome = _searched(found, Fault.STUCK_ROLE)
        findings.append(InstanceFinding(Property.NO_STUCK_ROLE, outcome, others))
    return findings


def _stuck_at_ends(machines: Machines, options: Options) -> list[Trace]:
    """Runs of the protocol to where it may end or go on, while a role still waits."""
    graph = machines.graph
    budget = AvailabilityBudget(options.step_limit)
    traces = []
    try:
        for role in range(len(graph.roles)):
            run = stuck_run(graph, role, budget)
            if run is None or run.loop >= 0:
                continue  # a loop of the graph need not be fair here
            if may_end_or_go_on(graph, run):
                traces.append(stuck_trace(machines, run))
    except OutOfBudget:
        pass  # the roles that are left are what the search says of them
    return traces
