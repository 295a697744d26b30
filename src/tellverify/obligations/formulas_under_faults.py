"""Temporal formulas under scenarios with faults, from what is known of them without faults.

A role that crashes, or that waits behind a cut channel, only stops: all that happens is the
beginning of a run without failures. So a formula that events alone contradict holds under crashes
and cuts where it holds without them. What asks for something to happen is another matter: a crash
at the beginning would refute all of it. A formula that does not hold without faults holds under no
scenario, since a scenario allows failures and forces none; its run is shown once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from tellverify.diagnostics.limits import UNSUPPORTED
from tellverify.model.scenario import RuleKind, Scenario, resolved
from tellverify.obligations.context import Context, Instance
from tellverify.obligations.stated_scenarios import stated_scenarios
from tellverify.projection.threshold_machines import has_thresholds
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
_NOT_SAFETY: Final = (
    "it asks for something to happen, and a role that has failed may be what it waits for"
)
_OTHER_RULES: Final = "formulas are decided under crashes and partitions alone, not under `{rule}`"
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
    context: Context, verdict: Verdict, scenarios: Sequence[Scenario], *, is_safety: bool
) -> Iterator[Verdict]:
    """The verdict on a formula under each scenario; none is required unless configured."""
    graphs = [g for one in context.instances if (g := one.lowered.graph) is not None]
    any_order = any(map(has_thresholds, graphs))
    for scenario in scenarios:
        scope = msgspec.structs.replace(verdict.scope, scenario=scenario.name)
        why = _ANY_ORDER if any_order else _undecided(scenario, is_safety)
        outcome = _outcome(verdict.outcome, why)
        yield msgspec.structs.replace(verdict, scope=scope, outcome=outcome, required=False)


def _undecided(scenario: Scenario, is_safety: bool) -> str:
    """Why the verdict without faults says nothing of runs with failures; empty when it does."""
    if not is_safety:
        return _NOT_SAFETY
    other = next((rule for rule in scenario.rules if rule.kind not in _ONLY_STOP), None)
    return "" if other is None else _OTHER_RULES.format(rule=other)


def _outcome(outcome: Outcome, why: str) -> Outcome:
    match outcome:
        case Refuted():
            return Skipped(_REFUTED, UNSUPPORTED.number)
        case Skipped():
            return outcome
        case Proved() | Bounded() | Unknown() | Assumed():
            return Skipped(why, UNSUPPORTED.number) if why else outcome
