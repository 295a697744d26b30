"""Formulas that events alone contradict, on machines with the moves of faults.

Lost, duplicated, reordered and made-up messages are moves of machines
(`tellverify.search.scenario_machines`), so the product with the automaton of a formula is that of
machines without faults. Crashes and cut channels only end runs early. Roles that are Byzantine in a
run have no events in it, so each set of them has a search of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from tellverify.diagnostics.limits import STEP_LIMIT, UNSUPPORTED
from tellverify.diagnostics.properties import PROPERTY_BROKEN
from tellverify.evidence.fault_run import unshown_in_scenario
from tellverify.evidence.formula_fault_run import spoken_of
from tellverify.model.defect import Defect
from tellverify.model.failure import Outage, OutageKind
from tellverify.model.fault import Fault
from tellverify.model.formula import Formula
from tellverify.model.graph import ProtocolGraph
from tellverify.model.limits import MachineTooLarge
from tellverify.model.machine import Machine
from tellverify.model.outage import channels_of
from tellverify.model.scenario import ResolvedScenario, Scenario, TooManyFaultSets, resolved
from tellverify.model.step import Step
from tellverify.model.trace import Trace, Waiting
from tellverify.obligations.machines import Machines
from tellverify.obligations.options import Options
from tellverify.obligations.temporal_answers import TemporalAnswer, contradicted
from tellverify.properties.configurations import Configurations, all_configurations
from tellverify.properties.observations import COUNT_LIMIT
from tellverify.properties.product import ProductDecision, decide
from tellverify.search.scenario_machines import scenario_machines
from tellverify.search.traces import build_trace, step_of
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Bounded, Outcome, Proved, Refuted, Skipped, Unknown

_MOST_ROLES: Final = 64
_MOST_EVENTS: Final = 20_000
_MOST_SETS: Final = 64  # of Byzantine roles


class _LiarSearch(NamedTuple):
    """The search with these Byzantine roles, and the events of a run that breaks the formula."""

    liars: frozenset[str]
    configurations: Configurations
    decision: ProductDecision
    steps: tuple[Step, ...] | None


def formula_under_faults(
    graph: ProtocolGraph, formula: Formula, name: str, scenario: Scenario, options: Options
) -> TemporalAnswer | None:
    """Whether no run of `scenario` breaks a safety formula, the property `name`.

    None when the scenario names a member that no family has.
    """
    if len(graph.roles) > _MOST_ROLES or graph.event_count > _MOST_EVENTS:
        return _unknown("the protocol is too large to be searched")
    try:
        machines = Machines(graph).all()
        found = resolved(scenario, graph.roles, channels_of(machines))
        if found is None:
            return None
        sets = found.sets_of_liars(_MOST_SETS)
        role = spoken_of(formula, machines, frozenset[str]().union(*sets))
        if role:
            reason = f"it refers to the actions of `{role}`, which may be Byzantine"
            return TemporalAnswer(Skipped(reason, UNSUPPORTED.number))
        searches = [_searched(graph, machines, found, liars, formula, options) for liars in sets]
    except MachineTooLarge as error:
        return _unknown(str(error))
    except TooManyFaultSets:
        return _unknown("too many sets of roles may be Byzantine together")
    statistics = (
        ("configurations", sum(len(one.configurations.codes) for one in searches)),
        ("pairs", sum(one.decision.pairs for one in searches)),
    )
    broken = [one for one in searches if one.steps is not None]
    if not broken:
        return TemporalAnswer(_unbroken(searches), statistics)
    first = min(broken, key=lambda one: len(one.steps or ()))
    minimal = all(_has_all(one.configurations, found, len(first.steps or ())) for one in searches)
    trace = _trace(formula, name, first, scenario, machines, minimal=minimal)
    return TemporalAnswer(Refuted(PROPERTY_BROKEN.number, trace, Method.SEARCH), statistics)


def _unknown(reason: str) -> TemporalAnswer:
    return TemporalAnswer(Unknown(reason, STEP_LIMIT.number))


def _searched(
    graph: ProtocolGraph,
    machines: Sequence[Machine],
    scenario: ResolvedScenario,
    liars: frozenset[str],
    formula: Formula,
    options: Options,
) -> _LiarSearch:
    made = scenario_machines(machines, scenario, liars).machines
    configurations = all_configurations(made, options.queue_limit, options.search_limit)
    steps = [step_of(made[role], state, at, graph) for role, state, at in configurations.events]
    decision = decide(formula, configurations, steps, options.search_limit, ends=False)
    broken = decision.broken
    run = None if broken is None else tuple(steps[event] for event in broken.events)
    return _LiarSearch(liars, configurations, decision, run)


def _unbroken(searches: Sequence[_LiarSearch]) -> Outcome:
    """What it means that no search has met a run that breaks the formula."""
    bounds: dict[str, None] = {}
    for one in searches:
        if not one.decision.finished:
            return Unknown(one.decision.limit, STEP_LIMIT.number, "configurations")
        if not one.configurations.complete:
            bounds[f"queues <= {one.configurations.queue_bound}"] = None
        if one.decision.cut:
            bounds[f"sums of counts within {COUNT_LIMIT}"] = None
    if bounds:
        return Bounded(", ".join(bounds), Method.SEARCH)
    return Proved(Method.SEARCH, "all runs searched, with every set of failures")


def _has_all(configurations: Configurations, scenario: ResolvedScenario, events: int) -> bool:
    """Whether all shorter runs were searched; a doubled message takes the room of two."""
    copies = 2 if scenario.duplicate else 1
    if not configurations.complete and copies * (events - 1) > configurations.queue_bound:
        return False
    return configurations.depth is None or events - 1 < configurations.depth


def _trace(
    formula: Formula,
    name: str,
    found: _LiarSearch,
    scenario: Scenario,
    machines: Sequence[Machine],
    *,
    minimal: bool,
) -> Trace:
    """The run as evidence. Raises Defect when the reference meaning does not agree."""
    trace = build_trace(
        Fault.PROPERTY,
        found.steps or (),
        {machine.role: machine for machine in machines}.__getitem__,
        [machine.role for machine in machines],
        minimal=minimal,
        culprits=(),
        explanation=contradicted(name),
    )
    waits = tuple(
        Waiting(one.role, True) if one.role in found.liars else one for one in trace.waiting
    )
    trace = msgspec.structs.replace(
        trace,
        formula=formula,
        waiting=waits,
        outages=tuple(Outage(0, role, kind=OutageKind.BYZANTINE) for role in sorted(found.liars)),
        scenario=scenario.text,
    )
    reason = unshown_in_scenario(trace, machines)
    if reason:
        raise Defect(f"a run of a scenario does not break a property: {reason}")
    return trace
