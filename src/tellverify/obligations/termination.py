"""The obligations that the end of a protocol stays in reach, and that every fair run ends."""

from __future__ import annotations

import msgspec

from tellverify.diagnostics.communication import ENDLESS_RUN, NO_TERMINATION
from tellverify.diagnostics.limits import STEP_LIMIT
from tellverify.diagnostics.wording import counted
from tellverify.obligations.instance_outcome import InstanceFinding
from tellverify.obligations.machines import GraphContext, Machines
from tellverify.obligations.options import Options
from tellverify.projection.liveness import ending
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Bounded, Outcome, Proved, Refuted, Skipped, Unknown
from tellverify.verdict.properties import Property


def decide_termination(context: GraphContext) -> list[InstanceFinding]:
    """Whether the end stays in reach, for graphs in and outside the class.

    The graph decides it where the roles keep to the protocol. Where they may deviate from it their
    runs are others.
    """
    wanted = dict(context.options.requirements).get(Property.CAN_TERMINATE.value, "nothing")
    answer = ending(context.graph, must_end=wanted != "nothing")
    implementable = context.implementable
    outcome: Outcome
    if isinstance(implementable, Refuted):
        outcome = Skipped("the roles deviate from the protocol, so they have other runs")
    elif isinstance(implementable, Unknown):
        reason = "it is not known whether the roles keep to the protocol"
        outcome = Unknown(reason, STEP_LIMIT.number, implementable.knob)
    elif isinstance(implementable, Skipped):
        outcome = implementable
    elif not answer.has_end:
        outcome = Skipped("the protocol has no end: it is a service that never terminates")
    elif answer.run is None:
        outcome = Proved(Method.REACHABILITY)
    else:
        from tellverify.obligations.graph_runs import trapped_trace

        outcome = Refuted(
            NO_TERMINATION.number, trapped_trace(context.machines, answer), Method.REACHABILITY
        )
    return [InstanceFinding(Property.CAN_TERMINATE, outcome)]


def decide_fair_termination(context: GraphContext) -> list[InstanceFinding]:
    """Whether every weakly fair run ends; only when it is asked for, by searching the machines."""
    if not context.options.asks_for(Property.TERMINATES.value):
        return []
    return [InstanceFinding(Property.TERMINATES, _endless(context.machines, context.options))]


def _endless(machines: Machines, options: Options) -> Outcome:
    from tellverify.search.breadth_first import explored
    from tellverify.search.encoding import CompiledSystem
    from tellverify.search.layering import is_acyclic
    from tellverify.search.liveness import LivenessSearch

    built = machines.all()
    if all(map(is_acyclic, built)):
        return Proved(Method.ACYCLIC_MACHINES, "no role returns to an earlier state")
    bound = 1
    found: Outcome = Unknown("too large to be searched", STEP_LIMIT.number)
    while True:
        search = explored(CompiledSystem(built, bound), options.search_limit)
        if search.overflow:
            if isinstance(found, Unknown):
                return msgspec.structs.replace(found, knob="configurations")
            return found
        complete = not search.system.blocked
        trace = LivenessSearch(search, complete, machines.graph).endless()
        if trace is not None:
            return Refuted(ENDLESS_RUN.number, trace, Method.SEARCH)
        if complete:
            return Proved(Method.SEARCH, "every run")
        found = Bounded(f"queues of at most {counted(bound, 'message')}", Method.SEARCH)
        if bound >= options.queue_limit:
            return found
        bound = min(2 * bound, options.queue_limit)
