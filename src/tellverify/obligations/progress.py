"""The obligation that no fair run keeps a role waiting without end, where it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tellverify.diagnostics.limits import OUTSIDE_CLASS, STEP_LIMIT
from tellverify.diagnostics.wording import counted
from tellverify.model.fault import Fault
from tellverify.model.limits import MachineTooLarge
from tellverify.obligations.instance_outcome import InstanceFinding
from tellverify.obligations.machines import GraphContext, Machines
from tellverify.projection.availability import AvailabilityBudget, OutOfBudget
from tellverify.projection.liveness import StuckRun, stuck_run
from tellverify.projection.progress import ProgressOnGraph
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Bounded, Outcome, Proved, Refuted, Skipped, Unknown
from tellverify.verdict.properties import Property, code_of_fault

_PROPERTY: Final = Property.PROGRESS
_CODE: Final = code_of_fault(Fault.STARVATION)
_GRAPH_SHARE: Final = 4  # configurations that are kept with all moves between them take more
_UNDECIDED_ENDS: Final = (
    "the protocol may end or continue where no role decides, which fairness leaves open"
)
_SOME_ANSWERS: Final = "a receiver continues after some of the answers and awaits late ones"


def decide_progress(context: GraphContext) -> list[InstanceFinding]:
    """Progress of all roles, for a graph in and outside the class.

    The graph decides most roles of a protocol that is implementable, a search of the machines the
    others and those of graphs outside the class.
    """
    if not context.options.asks_for(_PROPERTY.value):
        return []
    roles = context.graph.roles
    implementable = context.implementable
    if isinstance(implementable, Refuted):
        skipped = Skipped("roles that deviate from the protocol may wait forever")
        return [InstanceFinding(_PROPERTY, skipped, roles)]
    if context.outside == "partial-gather":
        return [InstanceFinding(_PROPERTY, Unknown(_SOME_ANSWERS, OUTSIDE_CLASS.number), roles)]
    if context.outside is not None:
        return _outside(context)
    if not isinstance(implementable, Proved):
        reason = "it is not known whether the roles keep to the protocol"
        return [InstanceFinding(_PROPERTY, Unknown(reason, STEP_LIMIT.number, "steps"), roles)]
    return _in_class(context)


def _in_class(context: GraphContext) -> list[InstanceFinding]:
    graph, machines = context.graph, context.machines
    budget = AvailabilityBudget(context.options.step_limit)
    decided = ProgressOnGraph(graph, budget)
    waits = {role for run in context.implementability.stuck for role in run.roles}
    waits.update(context.implementability.undecided)
    good, left, over = [], [], []
    findings = []
    for number, role in enumerate(graph.roles):
        try:
            run: StuckRun | None
            if number in waits:
                run = stuck_run(graph, number, budget)
                holds = None if run is None else False
            else:
                answer = decided.of(number)
                holds, run = answer.holds, answer.run
        except OutOfBudget:
            over.append(role)
            continue
        if run is not None:
            findings.append(InstanceFinding(_PROPERTY, _refuted(machines, run), (role,)))
        elif holds:
            good.append(role)
        else:
            left.append(role)
    if good:
        proved = Proved(Method.REACHABILITY, "no loop keeps it waiting")
        findings.append(InstanceFinding(_PROPERTY, proved, tuple(good)))
    if over:
        reason = "the step limit was reached before these roles were decided"
        unknown = Unknown(reason, STEP_LIMIT.number, "steps")
        findings.append(InstanceFinding(_PROPERTY, unknown, tuple(over)))
    return [*findings, *(_searched(context, left) if left else [])]


def _refuted(machines: Machines, run: StuckRun) -> Outcome:
    from tellverify.obligations.graph_runs import stuck_trace

    try:
        trace = stuck_trace(machines, run, Fault.STARVATION)
    except MachineTooLarge as error:
        return Unknown(f"no run can be shown: {error}", STEP_LIMIT.number)
    return Refuted(_CODE, trace, Method.REACHABILITY)


def _outside(context: GraphContext) -> list[InstanceFinding]:
    """What a search says; where the protocol may end or go on, only what it refutes."""
    findings = _searched(context, context.graph.roles)
    if context.outside != "final-with-successors":
        return findings
    unknown = Unknown(_UNDECIDED_ENDS, OUTSIDE_CLASS.number)
    return [
        one if isinstance(one.outcome, Refuted) else InstanceFinding(_PROPERTY, unknown, one.roles)
        for one in findings
    ]


def _searched(context: GraphContext, roles: Sequence[str]) -> list[InstanceFinding]:
    """The outcomes for `roles` by searching the machines with growing bounds on queues."""
    from tellverify.search.breadth_first import explored
    from tellverify.search.encoding import CompiledSystem
    from tellverify.search.liveness import LivenessSearch

    options, machines = context.options, context.machines.all()
    findings: dict[str, Outcome] = {}
    left = list(roles)
    rest: Outcome = Unknown("too large to be searched", STEP_LIMIT.number, "configurations")
    bound = 1
    while left:
        search = explored(CompiledSystem(machines, bound), options.search_limit // _GRAPH_SHARE)
        if search.overflow:
            break
        complete = not search.system.blocked
        lasting = LivenessSearch(search, complete, context.graph)
        for role in list(left):
            trace = lasting.starved(context.graph.roles.index(role))
            if trace is not None:
                findings[role] = Refuted(_CODE, trace, Method.SEARCH)
                left.remove(role)
        if complete:
            rest = Proved(Method.SEARCH, "every run")
            break
        rest = Bounded(f"queues of at most {counted(bound, 'message')}", Method.SEARCH)
        if bound >= options.queue_limit:
            break
        bound = min(2 * bound, options.queue_limit)
    found = [InstanceFinding(_PROPERTY, outcome, (role,)) for role, outcome in findings.items()]
    return [*found, *([InstanceFinding(_PROPERTY, rest, tuple(left))] if left else [])]
