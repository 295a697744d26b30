"""Obligations of graphs in which a receiver continues after some of the answers of a gather.

The complete theory does not cover them, and nothing is inherited from the gather of all answers:
an answer that is late may be all that put two other messages in order. The machines of the roles
(`projection.gather_machines`) are searched. Where that is too large, nothing is claimed; that the
conditions hold on the loosened graph is then said, as they are tested and not proved to suffice.
"""

from __future__ import annotations

from typing import Final

from tellverify.diagnostics.communication import LATE_MESSAGE
from tellverify.diagnostics.limits import PARTIAL_GATHER, STEP_LIMIT
from tellverify.model.fault import Fault
from tellverify.model.graph import ProtocolGraph, choice_fault
from tellverify.model.limits import MachineTooLarge
from tellverify.model.roles import family_of
from tellverify.model.trace import Trace
from tellverify.obligations.graph_runs import both, replayed, step_of
from tellverify.obligations.instance_outcome import InstanceFinding
from tellverify.obligations.machines import GraphContext, Machines
from tellverify.obligations.policies import policy_at
from tellverify.obligations.refutation import Refutations, search_all
from tellverify.projection.gather_machines import UncoveredGather, partial_gathers
from tellverify.projection.gather_orders import LateRun, decide_gathers, late_runs
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Outcome, Proved, Refuted, Skipped, Unknown
from tellverify.verdict.properties import SAFETY, Property, code_of_fault

_STEPS: Final = 200_000
_RUNS_AHEAD: Final = "the receiver of a gather continues before the text says so: `min_responses`"
_TESTED: Final = (
    "; the conditions hold on the graph with all orders of answers, which is tested and not"
    " proved to suffice"
)


def decide_safety(context: GraphContext) -> list[InstanceFinding]:
    """Safety, waiting roles and late messages of such a graph."""
    machines, graph = context.machines, context.graph
    ahead = Skipped(_RUNS_AHEAD, PARTIAL_GATHER.number)
    findings = [InstanceFinding(Property.IMPLEMENTABLE, ahead)]
    try:
        partial_gathers(graph)
        found = search_all(machines, context.options, fidelity=False)
    except MachineTooLarge as error:
        unknown = Unknown(str(error), PARTIAL_GATHER.number)
        findings += [InstanceFinding(p, unknown) for p in SAFETY if p is not Property.FIDELITY]
        findings.append(InstanceFinding(Property.FIDELITY, ahead))
        findings.append(InstanceFinding(Property.NO_STUCK_ROLE, unknown, graph.roles))
        return [*findings, *([] if isinstance(error, UncoveredGather) else _late(context))]
    context.longest = found.longest
    more = _TESTED if found.longest is None and _is_coherent(graph) else ""
    for prop, fault in SAFETY.items():
        outcome = ahead if prop is Property.FIDELITY else _outcome(found, fault, more)
        findings.append(InstanceFinding(prop, outcome))
    return [*findings, *_stuck(machines, found, more), *_late(context)]


def decide_queues(context: GraphContext) -> list[InstanceFinding]:
    """Why the longest queue is not known: no machines, too much to search, or piles of answers."""
    graph = context.graph
    reason = "too large to be searched"
    try:
        partial_gathers(graph)
    except UncoveredGather as error:
        reason = str(error)
    if choice_fault(graph) is None:
        piled = [s for one in decide_gathers(graph, _STEPS).verdicts for s in one.unbounded]
        if piled:
            name = graph.roles[piled[0]]
            reason = f"late answers of `{name}` pile up where a loop continues without them"
    return [InstanceFinding(Property.BOUNDED_QUEUES, Unknown(reason, PARTIAL_GATHER.number))]


def _is_coherent(graph: ProtocolGraph) -> bool:
    if choice_fault(graph) is not None:
        return False
    return decide_gathers(graph, _STEPS).coherent is True


def _outcome(found: Refutations, fault: Fault, more: str) -> Outcome:
    """What the search says about one fault."""
    trace = found.traces.get(fault)
    if trace is not None:
        return Refuted(code_of_fault(fault), trace, Method.SEARCH)
    depth = found.depth.get(fault, 0)
    if depth is None:
        return Proved(Method.SEARCH, "all runs searched")
    reason = f"no run of up to {depth} events shows it, and longer ones were not searched"
    return Unknown((reason if depth else "too large to be searched") + more, STEP_LIMIT.number)


def _stuck(machines: Machines, found: Refutations, more: str) -> list[InstanceFinding]:
    """Roles that wait forever; one that is done awaits nothing, and only discards late answers."""
    graph = machines.graph
    told = {
        trace.culprits[0]: trace
        for trace in reversed(found.stuck)
        if not machines.is_done(trace.culprits[0], trace.steps)
    }
    code = code_of_fault(Fault.STUCK_ROLE)
    findings = [
        InstanceFinding(Property.NO_STUCK_ROLE, Refuted(code, told[role], Method.SEARCH), (role,))
        for role in graph.roles
        if role in told
    ]
    others = tuple(role for role in graph.roles if role not in told)
    if others:
        outcome = _outcome(found, Fault.STUCK_ROLE, more)
        findings.append(InstanceFinding(Property.NO_STUCK_ROLE, outcome, others))
    return findings


def _late(context: GraphContext) -> list[InstanceFinding]:
    """Whether answers come after their receiver has gone on, for each family and receiver."""
    path = context.options.policy
    policy = policy_at(path).policy if path else None
    is_discarded = policy is not None and policy.gathers.late == "discard"
    shortest: dict[tuple[str, str], LateRun] = {}
    for late in late_runs(context.graph):
        sender = context.graph.roles[late.gather.senders[0]]
        receiver = context.graph.roles[late.gather.receiver]
        channel = family_of(sender), receiver
        if channel not in shortest or len(late.transitions) < len(shortest[channel].transitions):
            shortest[channel] = late
    findings = []
    for channel, late in shortest.items():
        outcome: Outcome
        if is_discarded:
            outcome = Proved(Method.STRUCTURE, "late answers are discarded, by the policy")
        else:
            trace = _late_trace(Machines(context.graph, in_full=True), late)
            outcome = Refuted(LATE_MESSAGE.number, trace, Method.STRUCTURE)
        findings.append(InstanceFinding(Property.NO_LATE_MESSAGE, outcome, channel=channel))
    return findings


def _late_trace(machines: Machines, late: LateRun) -> Trace:
    """The run in which the receiver has its answers and a further one is sent.

    Up to there it is one of the machines that await all answers, in index order.
    """
    graph = machines.graph
    before = late.transitions[: len(late.transitions) - len(late.late)]
    last = late.late[0]
    event = graph.event(last)
    needed = late.gather.needed
    answers = "answer" if needed == 1 else f"{needed} answers"
    explanation = (
        f"`{event.sender}` answers `{event.label}` after `{event.receiver}` has continued with"
        f" {'one ' if needed == 1 else ''}{answers}"
    )
    steps = (*both(graph, before), step_of(graph, True, last))
    queues = ((event.sender, event.receiver, (event.label,)),)
    trace = Trace(
        Fault.PROPERTY,
        steps,
        (event.sender,),
        explanation,
        True,
        queues=queues,
        place=graph.site_of(last),
    )
    return replayed(machines, trace, judge=lambda: True)
