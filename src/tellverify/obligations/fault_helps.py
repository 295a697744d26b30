"""What would heal a role that waits in vain, where that was verified by a search of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tellverify.model.graph import ProtocolGraph
from tellverify.model.limits import MachineTooLarge
from tellverify.model.roles import family_of
from tellverify.model.scenario import TooManyFaultSets
from tellverify.model.scenario_text import parse_scenario
from tellverify.model.trace import Trace
from tellverify.obligations.context import Context, Instance
from tellverify.projection.availability import OutOfBudget
from tellverify.projection.loosened import Gather, gathers_of
from tellverify.projection.threshold_machines import has_thresholds, threshold_machines
from tellverify.search.scenario_search import check_scenario

_BUDGET: Final = 20_000  # configurations of one search
_MOST_ROLES: Final = 12


def helps_for(context: Context, trace: Trace) -> tuple[str, ...]:
    """Sentences that say what lets the role of `trace` go on; each was verified.

    Tried is to let the role go on after some of the answers that it gathers, in any order, at the
    largest sizes that were searched.
    """
    if not trace.scenario or not trace.culprits:
        return ()
    role = trace.culprits[0]
    for instance in reversed(context.instances):
        graph = instance.lowered.graph
        if graph is None or len(graph.roles) > _MOST_ROLES or role not in graph.roles:
            continue
        if has_thresholds(graph):
            return ()
        return _fewer_answers(context, instance, graph, role, trace.scenario)
    return ()


def _fewer_answers(
    context: Context, instance: Instance, graph: ProtocolGraph, role: str, rules: str
) -> tuple[str, ...]:
    """The most answers of a gather with which `role` waits for none in vain any more."""
    number = graph.roles.index(role)
    mine = [one for one in gathers_of(graph) if one.receiver == number and len(one.senders) > 1]
    if not mine:
        return ()
    smallest = min(len(one.senders) for one in mine)
    for count in range(smallest - 1, 0, -1):

        def needed(gather: Gather, count: int = count) -> int:
            return count if gather.receiver == number else len(gather.senders)

        if _heals(context, graph, needed, role, rules):
            e = mine[0].transitions[0]
            label = graph.labels[graph.label[e]]
            family = family_of(graph.roles[graph.sender[e]])
            at = f" of {smallest}" if instance.name else ""
            text = (
                f"let `{role}` go on after any {count}{at} `{label}` from `{family}`: "
                f"no run with {instance.name} leaves it waiting then"
            )
            return (text,)
    return ()


def _heals(
    context: Context,
    graph: ProtocolGraph,
    needed: Callable[[Gather], int],
    role: str,
    rules: str,
) -> bool:
    """Whether no run of the scenario leaves `role` waiting when fewer answers are enough."""
    steps = context.options.step_limit
    try:
        machines = threshold_machines(graph, steps, needed)
        if machines is None:
            return False
        found = check_scenario(
            machines,
            parse_scenario("", rules),
            largest_bound=context.options.queue_limit,
            budget=_BUDGET,
        )
    except (MachineTooLarge, OutOfBudget, TooManyFaultSets):
        return False
    if found is None or not found.complete:
        return False
    return role not in found.stuck and found.orphan is None and found.reception is None
