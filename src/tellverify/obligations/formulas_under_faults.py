"""Temporal formulas under scenarios with faults.

A role that crashes, or that waits behind a cut channel, only stops: all that happens is the
beginning of a run without failures. So a formula that events alone contradict holds under crashes
and cuts where it holds without them. What asks for something to happen is another matter: a crash
at the beginning would refute all of it. Other faults add events, so runs with them are searched
(`tellverify.obligations.faulty_formulas`, `timed_formulas`). A formula that does not hold without
faults holds under no scenario, since a scenario allows failures and forces none; its run is shown
once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from tellverify.diagnostics.limits import OUTSIDE_CLASS, UNSUPPORTED
from tellverify.model.scenario import RuleKind, Scenario, resolved
from tellverify.obligations.context import Context, Instance, without_graph
from tellverify.obligations.stated_scenarios import stated_scenarios
from tellverify.obligations.temporal_answers import FormulaOfInstance, TemporalAnswer, united
from tellverify.projection.threshold_machines import has_thresholds
from tellverify.properties.safety import is_safety
from tellverify.verdict.outcome import (
    Assumed,
    Bounded,
    Outcome,
    Proved,
    Refuted,
    Skipped,
    Unknown,
)
from tellverify.verdict.run import NamedScenario, Verdict

_ONLY_STOP: Final = (RuleKind.CRASH, RuleKind.PARTITION)
_NOT_SAFETY: Final = "it asks for something to happen, and what has failed may be what it waits for"
_PARALLEL: Final = "the parallel branches are too large for a search of their orders"
_REFUTED: Final = "it does not hold without faults either"
_ANY_ORDER: Final = "runs with answers in any order are not searched for formulas"


def scenarios_of_formulas(context: Context) -> list[Scenario]:
    """The scenarios under which something is said of formulas; errors in them are not reported."""
    return [
        stated.scenario
        for stated in stated_scenarios(context, [])
        if any(_fits(stated.scenario, instance) for instance in context.instances)
    ]


def named(scenarios: Sequence[Scenario]) -> tuple[NamedScenario, ...]:
    """Scenarios as reports print them."""
    return tuple(NamedScenario(one.name, one.text) for one in scenarios)


def _fits(scenario: Scenario, instance: Instance) -> bool:
    """Whether the protocol has at these sizes the members that the scenario names."""
    lowered = instance.lowered
    if lowered.timed is not None:
        return resolved(scenario, lowered.timed.roles, ()) is not None
    graph = lowered.graph
    if graph is None:
        return True
    pairs = zip(graph.sender, graph.receiver, strict=True)
    channels = {(graph.roles[p], graph.roles[q]) for p, q in pairs}
    return resolved(scenario, graph.roles, channels) is not None


def under_scenarios(
    context: Context,
    verdict: Verdict,
    scenarios: Sequence[Scenario],
    formulas: Sequence[FormulaOfInstance],
    shown: str,
) -> Iterator[Verdict]:
    """The verdict on a formula under each scenario; none is required unless configured.

    `verdict` is that without faults, `formulas` are the formula at all sizes, and `shown` is what a
    refutation says of it.
    """
    for scenario in scenarios:
        scope = msgspec.structs.replace(verdict.scope, scenario=scenario.name)
        why = _undecided(formulas)
        outcome, statistics = _known(verdict.outcome, why), verdict.statistics
        if outcome is None and _only_stops(scenario, formulas):
            outcome = verdict.outcome
        if outcome is None:
            outcome, statistics = united(
                context, _answers(context, scenario, formulas, verdict.scope.item)
            )
            if isinstance(outcome, Refuted):
                outcome = msgspec.structs.replace(outcome, reason=shown)
        yield msgspec.structs.replace(
            verdict, scope=scope, outcome=outcome, required=False, statistics=statistics
        )


def _only_stops(scenario: Scenario, formulas: Sequence[FormulaOfInstance]) -> bool:
    """Whether roles only stop under a scenario, which has its members at all sizes."""
    stops = all(rule.kind in _ONLY_STOP for rule in scenario.rules)
    return stops and all(_fits(scenario, one.instance) for one in formulas)


def _undecided(formulas: Sequence[FormulaOfInstance]) -> str:
    """Why nothing is said of a formula under any scenario; empty when something is."""
    graphs = [g for one in formulas if (g := one.instance.lowered.graph) is not None]
    if any(map(has_thresholds, graphs)):
        return _ANY_ORDER
    return "" if all(is_safety(one.formula) for one in formulas) else _NOT_SAFETY


def _known(outcome: Outcome, why: str) -> Outcome | None:
    """What needs no search under a scenario, None when it takes one."""
    match outcome:
        case Refuted():
            return Skipped(_REFUTED, UNSUPPORTED.number)
        case Skipped():
            return outcome
        case Proved() | Bounded() | Unknown() | Assumed():
            return Skipped(why, UNSUPPORTED.number) if why else None


def _answers(
    context: Context, scenario: Scenario, formulas: Sequence[FormulaOfInstance], name: str
) -> list[tuple[Instance, TemporalAnswer]]:
    """The answers at all sizes that have the members that the scenario names."""
    found = []
    for one in formulas:
        answer = _answer(context, scenario, one, name)
        if answer is not None:
            answer = _with_largest_decided(context, scenario, one, name, answer)
            found.append((one.instance, answer))
    return found


def _answer(
    context: Context, scenario: Scenario, one: FormulaOfInstance, name: str
) -> TemporalAnswer | None:
    from tellverify.obligations.faulty_formulas import formula_under_faults

    graph, lowered = one.instance.lowered.graph, one.instance.lowered
    if one.timed is not None:
        return one.timed.answer(one.formula, name, scenario)
    if graph is None:
        return TemporalAnswer(without_graph(one.instance))
    if lowered.parallel and lowered.order is None:
        return TemporalAnswer(Unknown(_PARALLEL, OUTSIDE_CLASS.number))
    return formula_under_faults(graph, one.formula, name, scenario, context.options)


def _with_largest_decided(
    context: Context, scenario: Scenario, one: FormulaOfInstance, name: str, answer: TemporalAnswer
) -> TemporalAnswer:
    """An answer that ended at a limit, with the largest smaller scenario that does not break it."""
    outcome = answer.outcome
    if not isinstance(outcome, Unknown) or outcome.knob != "configurations":
        return answer
    from tellverify.search.scenario_search import smaller_scenarios

    decided = ""
    for smaller in smaller_scenarios(scenario):
        known = _answer(context, smaller, one, name)
        if known is not None and not isinstance(known.outcome, Proved | Bounded):
            break
        decided = decided if known is None else smaller.text or "no faults"
    if not decided:
        return answer
    reason = f"{outcome.reason}; decided with `{decided}`"
    return msgspec.structs.replace(answer, outcome=msgspec.structs.replace(outcome, reason=reason))
