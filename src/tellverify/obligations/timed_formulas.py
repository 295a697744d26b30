"""Formulas that events alone contradict, on protocols with timeouts, with and without faults.

Configurations with canonical numbers of attempts have the events of the text, so the product with
the automaton of a formula decides it as it does on machines. That a timer fires is an event that no
formula refers to. Roles have no states of their own here, and a branch is known by its line, which
more than one place of a role may have: formulas about these are skipped.
"""

from __future__ import annotations

from typing import Final

from tellverify.diagnostics.limits import STEP_LIMIT, UNSUPPORTED
from tellverify.diagnostics.properties import PROPERTY_BROKEN
from tellverify.model.defect import AmbiguousRun
from tellverify.model.formula import BranchAtom, FinishedAtom, Formula, OfferAtom
from tellverify.model.scenario import Scenario, resolved
from tellverify.model.timed_text import FirePolicy, LatePolicy, TimedProtocol, timed_channels
from tellverify.obligations.options import Options
from tellverify.obligations.temporal_answers import TemporalAnswer, contradicted
from tellverify.obligations.timed import TimedAnswer, covered, is_minimal, searched_timed
from tellverify.obligations.timed_runs import TimedRuns
from tellverify.properties.observations import COUNT_LIMIT
from tellverify.properties.product import decide
from tellverify.properties.safety import is_safety
from tellverify.properties.timed_configurations import TimedConfigurations
from tellverify.search.timed import TimedRun
from tellverify.search.timed_events import TimedSettings, timed_step
from tellverify.search.timed_failures import undecided_with_timers
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Assumed, Bounded, Outcome, Proved, Refuted, Skipped, Unknown

_MOST_ROLES: Final = 64
_WAITS: Final = (
    "it asks for something to happen, and with timeouts only what events contradict is decided"
)
_OF_STATES: Final = "it refers to branches or states, and with timeouts only events are searched"


class TimedFormulas:
    """The formulas of one protocol with timeouts; each scenario is searched once for all."""

    def __init__(self, protocol: TimedProtocol, options: Options) -> None:
        self.protocol = protocol
        self.options = options
        self._searches: dict[Scenario, tuple[TimedAnswer, TimedConfigurations] | None] = {}

    def answer(self, formula: Formula, name: str, scenario: Scenario) -> TemporalAnswer | None:
        """Whether no run breaks a formula, the property `name`.

        The scenario without rules is that without faults.

        None when the scenario names a member that no family has.
        """
        undecided = self._undecided(formula, scenario)
        if undecided is not None:
            return TemporalAnswer(undecided)
        if scenario not in self._searches:
            self._searches[scenario] = self._searched(scenario)
        searched = self._searches[scenario]
        if searched is None:
            return None
        answer, configurations = searched
        events = configurations.search.system.events
        steps = [timed_step(event) for event in events]
        limit = self.options.search_limit
        decision = decide(formula, configurations, steps, limit, ends=False)
        visited = answer.found.configurations
        statistics = (("configurations", visited), ("pairs", decision.pairs))
        if decision.broken is not None:
            run = TimedRun(tuple(events[event] for event in decision.broken.events))
            runs = TimedRuns(
                self.protocol, LatePolicy(self.options.late), FirePolicy(self.options.fire)
            )
            try:
                trace = runs.breaking(
                    formula,
                    run.events,
                    scenario.text,
                    contradicted(name),
                    minimal=is_minimal(run, answer.found),
                )
            except AmbiguousRun as error:
                return TemporalAnswer(Unknown(str(error), UNSUPPORTED.number), statistics)
            refuted = Refuted(PROPERTY_BROKEN.number, trace, Method.SEARCH)
            return TemporalAnswer(refuted, statistics)
        if not decision.finished:
            unknown = Unknown(decision.limit, STEP_LIMIT.number, "configurations")
            return TemporalAnswer(unknown, statistics)
        outcome = _unbroken(answer, cut=decision.cut, is_faulty=bool(scenario.rules))
        return TemporalAnswer(outcome, statistics)

    def _undecided(self, formula: Formula, scenario: Scenario) -> Outcome | None:
        """Why the formula is not searched for, None when it is."""
        if not is_safety(formula):
            return Skipped(_WAITS, UNSUPPORTED.number)
        if any(isinstance(one, BranchAtom | FinishedAtom | OfferAtom) for one in formula.atoms):
            return Skipped(_OF_STATES, UNSUPPORTED.number)
        reason = undecided_with_timers(scenario)
        if reason:
            return Skipped(reason, UNSUPPORTED.number)
        if len(self.protocol.roles) > _MOST_ROLES:
            return Unknown("the protocol is too large to be searched", STEP_LIMIT.number)
        return None

    def _searched(self, scenario: Scenario) -> tuple[TimedAnswer, TimedConfigurations] | None:
        protocol, options = self.protocol, self.options
        allowed = resolved(scenario, protocol.roles, timed_channels(protocol))
        if allowed is None:
            return None
        settings = TimedSettings(
            LatePolicy(options.late),
            FirePolicy(options.fire),
            loss=allowed.loss,
            duplicate=allowed.duplicate,
        )
        found, search, bound = searched_timed(
            protocol, settings, options.queue_limit, options.search_limit
        )
        return TimedAnswer(found, bound), TimedConfigurations(search)


def _unbroken(answer: TimedAnswer, *, cut: bool, is_faulty: bool) -> Outcome:
    """What the search says of a formula that no run breaks."""
    outcome = covered(answer)
    limit = f"sums of counts within {COUNT_LIMIT}"
    match outcome:
        case Proved() if cut:
            return Bounded(limit, Method.SEARCH)
        case Proved():
            failures = ", with every set of failures" if is_faulty else ""
            return Proved(Method.SEARCH, f"all runs searched{failures}")
        case Bounded(bound=bound) if cut:
            return Bounded(f"{bound}, {limit}", Method.SEARCH)
        case Bounded() | Unknown() | Refuted() | Skipped() | Assumed():
            return outcome
