"""What would unblock a stuck role, where that was verified by a separate search."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from tellverify.diagnostics.wording import counted
from tellverify.model.decision import DecisionKind, DecisionRule
from tellverify.model.delivery import Delivery
from tellverify.model.graph import ProtocolGraph
from tellverify.model.limits import MachineTooLarge
from tellverify.model.machine import Action, Machine
from tellverify.model.outage import channels_of
from tellverify.model.roles import family_of
from tellverify.model.scenario import Scenario, TooManyFaultSets, resolved
from tellverify.model.scenario_text import parse_scenario
from tellverify.model.trace import Trace
from tellverify.obligations.context import Context, Instance
from tellverify.obligations.machines import Machines
from tellverify.obligations.stated_decisions import stated_decisions
from tellverify.obligations.timer_helps import healing_timer
from tellverify.projection.availability import OutOfBudget
from tellverify.projection.loosened import Gather, gathers_of
from tellverify.projection.threshold_machines import has_thresholds, threshold_machines
from tellverify.search.breadth_first import explored
from tellverify.search.encoding import CompiledSystem
from tellverify.search.omission import omission_findings
from tellverify.search.scenario_machines import scenario_machines
from tellverify.search.scenario_search import check_scenario

_BUDGET: Final = 4_000  # configurations of one search
_MOST_ROLES: Final = 6


class FaultAdvice(NamedTuple):
    """What would help a stuck role, and what would do harm; all of it verified."""

    helps: tuple[str, ...] = ()
    caution: str = ""


def advice_for(context: Context, trace: Trace) -> FaultAdvice:
    """Sentences that say what lets the role of `trace` go on, or does not; each was verified.

    Tried are, at the largest sizes of up to six roles, to let the role go on after some of the
    answers that it gathers, in any order, a timer with which it takes a branch of its next choice,
    and a timer with which it decides on its own while another role has to decide.
    """
    if not trace.scenario or not trace.culprits:
        return FaultAdvice()
    role = trace.culprits[0]
    for instance in reversed(context.instances):
        graph = instance.lowered.graph
        if graph is None or len(graph.roles) > _MOST_ROLES or role not in graph.roles:
            continue
        if has_thresholds(graph):
            return FaultAdvice()
        helps = (
            *_fewer_answers(context, instance, graph, role, trace.scenario),
            *healing_timer(context, instance, trace),
        )
        return FaultAdvice(helps, "; ".join(_own_timer(context, instance, graph, role)))
    return FaultAdvice()


def _fewer_answers(
    context: Context, instance: Instance, graph: ProtocolGraph, role: str, rules: str
) -> tuple[str, ...]:
    """The most answers of a gather with which `role` is no longer stuck."""
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
                f"let `{role}` continue after any {count}{at} `{label}` from `{family}`: "
                f"no run with {instance.name} leaves it waiting then"
            )
            return (text,)
    return ()


def _own_timer(
    context: Context, instance: Instance, graph: ProtocolGraph, role: str
) -> tuple[str, ...]:
    """Whether a timer with which `role` decides while it waits for a decision breaks agreement."""
    found = []
    for stated in stated_decisions(context, []):
        if stated.rule.kind is not DecisionKind.AGREEMENT:
            continue
        lengths = [
            length
            for label in stated.rule.labels
            if (length := _broken_after(context, graph, role, stated.rule, label)) is not None
        ]
        if lengths:
            found.append(
                f"a timer at `{role}` that decides on its own would break `{stated.name}`: a run"
                f" of {counted(min(lengths), 'event')}"
                + (f" with {instance.name}" if instance.name else "")
            )
    return tuple(found)


def _broken_after(
    context: Context, graph: ProtocolGraph, role: str, rule: DecisionRule, label: str
) -> int | None:
    """The events of a shortest run in which roles decide differently once `role` has a timer.

    The timer may fire where the role can only wait, and one of the messages that it waits for is
    `label`; it then continues as if that had come. None when no run does, or it is not known.
    """
    try:
        machines = Machines(graph).all()
    except MachineTooLarge:
        return None
    number = graph.roles.index(role)
    timed = _with_timer(machines[number], label)
    if timed is None:
        return None
    machines[number] = timed
    channels = channels_of(machines)
    scenario = resolved(Scenario(), graph.roles, channels)
    if scenario is None:
        return None
    made = scenario_machines(machines, scenario, frozenset(), [rule])
    bound = 1
    while True:
        search = explored(CompiledSystem(made.machines, bound), _BUDGET)
        if not search.system.blocked or search.overflow or bound >= context.options.queue_limit:
            break
        bound *= 2
    broken = omission_findings(search, made, scenario, frozenset(), [rule]).decisions.get(0)
    return None if broken is None else broken.depth


def _with_timer(machine: Machine, label: str) -> Machine | None:
    """The machine with a separate event wherever it only waits, for `label` among others."""
    rows = []
    is_new = False
    for row in machine.moves:
        waits = all(not action.send for action, _ in row)
        targets = [(a.peer, target) for a, target in row if a.label == label]
        if waits and targets:
            is_new = True
            peer, target = targets[0]
            row = (*row, (Action(True, peer, label, Delivery.ABSORBED), target))
        rows.append(row)
    return Machine(machine.role, tuple(rows), machine.final) if is_new else None


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
