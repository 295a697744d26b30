"""Protocols with timeouts under scenarios with faults, and decisions of their roles.

One search, in which lost and duplicated messages are moves; crashes and cut channels are read off
its configurations (`tellverify.search.timed_failures`). Every run is replayed by the reference
meaning and compared with its scenario before it is shown.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tellverify.evidence.timed_fault_run import unshown_timed
from tellverify.model.decision import DecisionKind, DecisionRule, breaking_roles
from tellverify.model.failure import Outage, OutageKind
from tellverify.model.fault import Fault
from tellverify.model.scenario import (
    Omission,
    ResolvedScenario,
    Scenario,
    resolved,
)
from tellverify.model.timed_text import FirePolicy, LatePolicy, TimedProtocol, timed_channels
from tellverify.model.trace import Trace
from tellverify.obligations.options import Options
from tellverify.obligations.timed import is_minimal, searched_events, searched_timed
from tellverify.obligations.timed_runs import TimedRuns, refusal
from tellverify.search.scenario_search import (
    ScenarioCheck,
    explained_run,
    smaller_scenarios,
    without_failed,
)
from tellverify.search.timed import TimedFindings, TimedRun, TimedSearch
from tellverify.search.timed_events import TimedEvent, TimedProperty, TimedSettings
from tellverify.search.timed_failures import TimedFailureRun, timed_failures


def check_timed_scenario(
    protocol: TimedProtocol,
    scenario: Scenario,
    decisions: Sequence[DecisionRule],
    options: Options,
) -> ScenarioCheck | None:
    """Decide all faults of a protocol with timeouts under `scenario`.

    None when the scenario names a member that no family has. The scenario has no rule that
    `undecided_with_timers` finds. Raises TooManyFaultSets, and Defect when a run does not show
    what it should.
    """
    allowed = resolved(scenario, protocol.roles, timed_channels(protocol))
    if allowed is None:
        return None
    found, search, bound = _searched(protocol, allowed, options)
    runs = ScenarioRuns(protocol, scenario, found, options)
    failures = timed_failures(search, allowed, decisions)
    events = searched_events(found)
    overflow = not found.ended and events < 0
    refuted = {
        prop: runs.trace(fault, TimedFailureRun(run.events, (), Omission()))
        for prop, fault in (
            (TimedProperty.NO_ORPHAN_MESSAGE, Fault.ORPHAN_MESSAGE),
            (TimedProperty.NO_UNSPECIFIED_RECEPTION, Fault.UNSPECIFIED_RECEPTION),
        )
        if (run := found.refuted.get(prop)) is not None
    }
    orphan = refuted.get(TimedProperty.NO_ORPHAN_MESSAGE)
    left = failures.orphan
    if left is not None and (orphan is None or len(left.events) < len(orphan.steps)):
        orphan = runs.trace(Fault.ORPHAN_MESSAGE, left)
    dead = failures.deadlock
    return ScenarioCheck(
        None if dead is None else runs.trace(Fault.DEADLOCK, dead),
        {role: runs.trace(Fault.STUCK_ROLE, run) for role, run in failures.stuck.items()},
        orphan,
        refuted.get(TimedProperty.NO_UNSPECIFIED_RECEPTION),
        {number: runs.broken(decisions[number], run) for number, run in failures.decisions.items()},
        failures.by_failure,
        failures.open_roles,
        found.complete,
        overflow,
        bound,
        found.configurations,
        _largest_decided(protocol, scenario, options) if overflow else "",
        bool(scenario.rules),
        events,
        failures.open_decisions,
    )


def _searched(
    protocol: TimedProtocol, allowed: ResolvedScenario, options: Options
) -> tuple[TimedFindings, TimedSearch, int]:
    settings = TimedSettings(
        LatePolicy(options.late),
        FirePolicy(options.fire),
        loss=allowed.loss,
        duplicate=allowed.duplicate,
        marks_acted=True,
    )
    return searched_timed(protocol, settings, options.queue_limit, options.search_limit)


def _largest_decided(protocol: TimedProtocol, scenario: Scenario, options: Options) -> str:
    """The largest of some smaller scenarios of which all configurations fit, in words."""
    decided = ""
    for smaller in smaller_scenarios(scenario):
        allowed = resolved(smaller, protocol.roles, timed_channels(protocol))
        if allowed is None:
            continue
        found, _, _ = _searched(protocol, allowed, options)
        if not found.ended:
            break
        decided = smaller.text or "no faults"
    return decided


class ScenarioRuns:
    """Makes traces of the runs of one scenario; `found` is what their search found."""

    def __init__(
        self,
        protocol: TimedProtocol,
        scenario: Scenario,
        found: TimedFindings | None,
        options: Options,
    ) -> None:
        self.scenario = scenario
        self.found = found
        self.runs = TimedRuns(protocol, LatePolicy(options.late), FirePolicy(options.fire))

    def broken(self, rule: DecisionRule, events: tuple[TimedEvent, ...]) -> Trace:
        """A run that breaks a decision."""
        is_agreement = rule.kind is DecisionKind.AGREEMENT
        fault = Fault.DISAGREEMENT if is_agreement else Fault.REPETITION
        return self.trace(fault, TimedFailureRun(events, (), Omission()), rule)

    def trace(self, fault: Fault, run: TimedFailureRun, rule: DecisionRule | None = None) -> Trace:
        """The trace of a run, with what fails at its end. Raises Defect when it shows no fault."""
        replay, steps, states = self.runs.replayed(run.events)
        after = len(steps)
        crashes = [Outage(after, role) for role in sorted(run.failed.crashed)]
        cuts = [Outage(after, p, q, OutageKind.CUT) for p, q in sorted(run.failed.cut)]
        outages = (*crashes, *cuts)
        if rule is not None:
            culprits = breaking_roles(rule, steps)
        else:
            replay.fail(outages)
            culprits = run.roles or self.runs.culprits(replay, fault)
            complaint = replay.unshown(fault, culprits)
            if complaint:
                raise refusal(replay, f"a run of a scenario does not show {fault}: {complaint}")
        place = Fault.STUCK_ROLE if fault is Fault.DEADLOCK else fault
        trace = Trace(
            fault,
            tuple(steps),
            culprits,
            "",
            self.found is not None and is_minimal(TimedRun(run.events), self.found),
            queues=replay.queues(),
            waiting=tuple(map(replay.waiting, self.runs.told(steps, culprits))),
            place=self.runs.place(replay, place, culprits, steps),
            states=tuple(states),
            outages=outages,
            scenario=self.scenario.text,
            decision="" if rule is None else rule.text,
        )
        trace = without_failed(trace)
        trace = msgspec.structs.replace(trace, explanation=explained_run(trace, rule))
        reason = unshown_timed(trace, replay)
        if reason:
            raise refusal(replay, f"a run of a scenario does not show {fault}: {reason}")
        return trace
