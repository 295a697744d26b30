"""Obligations under scenarios with faults, and decisions of roles with and without them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeAlias

import msgspec

from tellverify.diagnostics import faults as say
from tellverify.diagnostics.limits import OUTSIDE_CLASS, STEP_LIMIT, UNSUPPORTED
from tellverify.diagnostics.model import Diagnostic
from tellverify.diagnostics.wording import counted
from tellverify.model.decision import DecisionKind
from tellverify.model.defect import AmbiguousRun
from tellverify.model.limits import MachineTooLarge
from tellverify.model.machine import Machine
from tellverify.model.roles import family_of
from tellverify.model.scenario import Scenario, TooManyFaultSets
from tellverify.model.timed_text import TimedProtocol
from tellverify.model.trace import Trace
from tellverify.obligations.across_sizes import InstanceOutcomes
from tellverify.obligations.across_sizes import verdicts as across_sizes
from tellverify.obligations.context import Context, Decision, Instance, sizes_of, without_graph
from tellverify.obligations.fault_helps import FaultAdvice, advice_for
from tellverify.obligations.instance_outcome import InstanceFinding
from tellverify.obligations.machines import machines_under_faults
from tellverify.obligations.options import Options
from tellverify.obligations.stated_decisions import (
    StatedDecision,
    decisions_of_machines,
    stated_decisions,
)
from tellverify.obligations.stated_scenarios import (
    StatedScenario,
    scenarios_of_machines,
    stated_scenarios,
    subject_of_machines,
)
from tellverify.obligations.temporal_answers import TemporalAnswer, united
from tellverify.projection.availability import OutOfBudget
from tellverify.search.scenario_search import ScenarioCheck, check_scenario
from tellverify.verdict.identity import ObligationScope
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Bounded, Outcome, Proved, Refuted, Skipped, Unknown
from tellverify.verdict.properties import Property, code_of_fault
from tellverify.verdict.run import NamedScenario, Verdict

UNDER_FAULTS: Final = (
    Property.NO_DEADLOCK,
    Property.NO_ORPHAN_MESSAGE,
    Property.NO_UNSPECIFIED_RECEPTION,
    Property.NO_STUCK_ROLE,
)
"""The properties decided for every protocol under a scenario."""
_MOST_ROLES: Final = 64
_MOST_EVENTS: Final = 20_000
_KINDS: Final = {
    DecisionKind.AGREEMENT: Property.AGREEMENT,
    DecisionKind.AT_MOST_ONCE: Property.AT_MOST_ONCE,
}


_START: Final = (1, 1)
_TOO_FEW: Final = Skipped("a gather needs more answers than it has members", UNSUPPORTED.number)
Advise: TypeAlias = Callable[[Trace], FaultAdvice]


def _no_advice(trace: Trace) -> FaultAdvice:
    return FaultAdvice()


class _Answer(msgspec.Struct, frozen=True):
    """What a search found out at some sizes, or why there was none."""

    instance: Instance
    check: ScenarioCheck | None
    reason: Outcome | None = None

    @property
    def statistics(self) -> tuple[tuple[str, int], ...]:
        """How much was searched."""
        return () if self.check is None else (("configurations", self.check.configurations),)


def decide_scenarios(context: Context) -> Decision:
    """Decide decisions without faults, and all that faults concern under every scenario."""
    said: list[Diagnostic] = []
    decisions = stated_decisions(context, said)
    scenarios = stated_scenarios(context, said)
    verdicts: list[Verdict] = []
    if decisions:
        answers = _answers(context, Scenario(), decisions)
        verdicts += _decided(context, "", decisions, answers)
    for stated in scenarios:
        answers = _answers(context, stated.scenario, decisions)
        if not answers:
            continue
        name = stated.scenario.name
        verdicts += _of_protocol(context, name, answers)
        verdicts += _decided(context, name, decisions, answers)
        said += _undecided(context, stated, answers)
    names = tuple(NamedScenario(s.scenario.name, s.scenario.text) for s in scenarios)
    files: tuple[tuple[str, str, str], ...] = ()
    if context.options.keep_graphs:
        from tellverify.obligations.timed_evidence import evidence_of_verdicts

        files = evidence_of_verdicts(context, verdicts)
    return Decision(tuple(verdicts), tuple(said), files, scenarios=names)


def _answers(
    context: Context, scenario: Scenario, decisions: Sequence[StatedDecision]
) -> list[_Answer]:
    """One answer for each size at which the family has the members that the scenario names.

    Sizes with fewer members than some statement needs answers have no such run, unless all have.
    """
    found = []
    for instance in context.instances:
        answer = _answer(context, instance, scenario, decisions)
        if answer is not None:
            found.append(answer)
    enough = [answer for answer in found if answer.reason != _TOO_FEW]
    return enough or found


def _answer(
    context: Context, instance: Instance, scenario: Scenario, decisions: Sequence[StatedDecision]
) -> _Answer | None:
    graph, lowered = instance.lowered.graph, instance.lowered
    if lowered.timed is not None:
        return _timed_answer(context, instance, lowered.timed, scenario, decisions)
    if graph is None:
        return _Answer(instance, None, without_graph(instance))
    if lowered.parallel and lowered.order is None:
        reason = "the parallel branches are too large for a search of their orders"
        return _Answer(instance, None, Unknown(reason, OUTSIDE_CLASS.number))
    if len(graph.roles) > _MOST_ROLES or graph.event_count > _MOST_EVENTS:
        return _Answer(instance, None, _too_large("the protocol is too large to be searched"))
    options = context.options
    try:
        machines = machines_under_faults(graph, options.step_limit)
        if machines is None:
            return _Answer(instance, None, _TOO_FEW)
        check = check_scenario(
            machines,
            scenario,
            [one.rule for one in decisions],
            graph=graph,
            largest_bound=options.queue_limit,
            budget=options.search_limit,
        )
    except MachineTooLarge as error:
        return _Answer(instance, None, _too_large(str(error)))
    except OutOfBudget:
        return _Answer(instance, None, _too_large("the orders of answers take too many steps"))
    except TooManyFaultSets:
        return _Answer(instance, None, _too_large("too many sets of roles may fail together"))
    return None if check is None else _Answer(instance, check)


def _timed_answer(
    context: Context,
    instance: Instance,
    timed: TimedProtocol,
    scenario: Scenario,
    decisions: Sequence[StatedDecision],
) -> _Answer | None:
    from tellverify.obligations.timed_scenarios import check_timed_scenario
    from tellverify.search.timed_failures import undecided_with_timers

    reason = undecided_with_timers(scenario)
    if reason:
        return _Answer(instance, None, Skipped(reason, UNSUPPORTED.number))
    if len(timed.roles) > _MOST_ROLES:
        return _Answer(instance, None, _too_large("the protocol is too large to be searched"))
    try:
        check = check_timed_scenario(
            timed, scenario, [one.rule for one in decisions], context.options
        )
    except TooManyFaultSets:
        return _Answer(instance, None, _too_large("too many sets of roles may fail together"))
    except AmbiguousRun as error:
        return _Answer(instance, None, Unknown(str(error), UNSUPPORTED.number))
    return None if check is None else _Answer(instance, check)


def _too_large(reason: str) -> Unknown:
    return Unknown(reason, STEP_LIMIT.number)


def _unrefuted(check: ScenarioCheck) -> Outcome:
    """The outcome when no run was found."""
    if check.complete:
        faulty = ", with every set of failures" if check.has_failures else ""
        return Proved(Method.SEARCH, f"all runs searched{faulty}")
    if check.overflow:
        known = f"; decided with `{check.decided}`" if check.decided else ""
        return Unknown(f"too large to be searched{known}", STEP_LIMIT.number, "configurations")
    if check.events >= 0:
        return Bounded(f"runs of up to {counted(check.events, 'event')}", Method.SEARCH)
    return Bounded(f"queues of at most {counted(check.bound, 'message')}", Method.SEARCH)


def _refuted(trace: Trace, advise: Advise = _no_advice) -> Refuted:
    helps, caution = advise(trace)
    code = code_of_fault(trace.fault)
    return Refuted(code, trace, Method.SEARCH, reason=caution, helps=helps)


def _of_protocol(context: Context, name: str, answers: Sequence[_Answer]) -> Iterator[Verdict]:
    """The verdicts that every protocol has under a scenario."""
    outcomes = []
    advise = _of_first_members(context)
    for answer in answers:
        lowered = answer.instance.lowered
        subject = lowered.timed if lowered.timed is not None else lowered.graph
        if answer.check is None or subject is None:
            reason = answer.reason or _too_large("it was not searched")
            findings = [InstanceFinding(prop, reason) for prop in UNDER_FAULTS]
        else:
            findings = list(findings_of(answer.check, subject.roles, advise))
        outcomes.append(InstanceOutcomes(answer.instance.name, tuple(findings)))
    bound = sizes_of([answer.instance for answer in answers])
    for verdict in across_sizes(outcomes, bound, context.place):
        yield _under(verdict, name)


def _of_first_members(context: Context) -> Advise:
    """Advice on the first member of a family that waits, since the others are much like it."""
    advised: set[str] = set()

    def advise(trace: Trace) -> FaultAdvice:
        role = trace.culprits[0]
        if family_of(role) in advised:
            return FaultAdvice()
        advised.add(family_of(role))
        return advice_for(context, trace)

    return advise


def _under(verdict: Verdict, scenario: str) -> Verdict:
    """A verdict as one under a scenario, which is not required unless the configuration says so."""
    if not scenario:
        return verdict
    scope = msgspec.structs.replace(verdict.scope, scenario=scenario)
    return msgspec.structs.replace(verdict, scope=scope, required=False)


def findings_of(
    check: ScenarioCheck, roles: Sequence[str], advise: Advise = _no_advice
) -> Iterator[InstanceFinding]:
    """The outcome of a search on deadlocks, messages and each stuck role."""
    statistics = (("configurations", check.configurations),)
    traces = (check.deadlock, check.orphan, check.reception)
    for prop, trace in zip(UNDER_FAULTS, traces, strict=False):
        outcome = _unrefuted(check) if trace is None else _refuted(trace)
        yield InstanceFinding(prop, outcome, statistics=statistics)
    prop = Property.NO_STUCK_ROLE
    for role, trace in check.stuck.items():
        yield InstanceFinding(prop, _refuted(trace, advise), (role,), statistics=statistics)
    left = [role for role in roles if role not in check.stuck]
    is_open = frozenset[str]() if check.overflow else check.open_roles
    unjudged = tuple(role for role in left if role in is_open)
    others = tuple(role for role in left if role not in is_open)
    if unjudged:
        bound = counted(check.bound, "message")
        reason = f"it depends on queues of more than {bound}, or on too many sets of failures"
        yield InstanceFinding(prop, _too_large(reason), unjudged, statistics=statistics)
    if others:
        yield InstanceFinding(prop, _unrefuted(check), others, statistics=statistics)


def _decided(
    context: Context, scenario: str, decisions: Sequence[StatedDecision], answers: Sequence[_Answer]
) -> Iterator[Verdict]:
    """The verdicts on decisions, with or without faults."""
    for number, stated in enumerate(decisions):
        found = []
        for answer in answers:
            check = answer.check
            if check is None:
                outcome = answer.reason or _too_large("it was not searched")
            elif number in check.decisions:
                outcome = _refuted(check.decisions[number])
            elif number in check.open_decisions:
                outcome = _too_large("what every role has decided is too much to be searched")
            else:
                outcome = _unrefuted(check)
            found.append((answer.instance, TemporalAnswer(outcome, answer.statistics)))
        outcome, statistics = united(context, found)
        yield _decision_verdict(stated, scenario, outcome, statistics)


def _decision_verdict(
    stated: StatedDecision,
    scenario: str,
    outcome: Outcome,
    statistics: tuple[tuple[str, int], ...],
) -> Verdict:
    """The verdict on a decision; one that is named as its kind needs no name."""
    prop = _KINDS[stated.rule.kind]
    scope = ObligationScope(item="" if stated.name == prop else stated.name)
    return _under(Verdict.of(prop, scope, outcome, stated.place, statistics), scenario)


def verdicts_of_machines(
    name: str, machines: Sequence[Machine], options: Options, said: list[Diagnostic]
) -> tuple[list[Verdict], tuple[NamedScenario, ...]]:
    """The decisions and scenarios of the configuration decided on machines from files."""
    decisions = decisions_of_machines(options, name, machines)
    subject = subject_of_machines(name, machines)
    scenarios = scenarios_of_machines(options.scenarios, subject, options.faults, said)
    verdicts: list[Verdict] = []
    stated = [one.scenario for one in scenarios]
    for scenario in [*([Scenario()] if decisions else []), *stated]:
        try:
            check = check_scenario(
                machines,
                scenario,
                [one.rule for one in decisions],
                largest_bound=options.queue_limit,
                budget=options.search_limit,
            )
        except (MachineTooLarge, TooManyFaultSets) as error:
            reason = _too_large(str(error) or "too many sets of roles may fail together")
            for prop in UNDER_FAULTS if scenario.name else ():
                verdict = Verdict.of(prop, ObligationScope(), reason, _START)
                verdicts.append(_under(verdict, scenario.name))
            continue
        if check is None:
            continue
        if scenario.name:
            found = InstanceOutcomes("", tuple(findings_of(check, subject.roles)))
            plain = across_sizes([found], "", _START)
            verdicts += [_under(verdict, scenario.name) for verdict in plain]
        statistics = (("configurations", check.configurations),)
        for number, one in enumerate(decisions):
            trace = check.decisions.get(number)
            outcome = _unrefuted(check) if trace is None else _refuted(trace)
            verdicts.append(_decision_verdict(one, scenario.name, outcome, statistics))
    return verdicts, tuple(NamedScenario(one.name, one.text) for one in stated)


def _undecided(
    context: Context, stated: StatedScenario, answers: Sequence[_Answer]
) -> Iterator[Diagnostic]:
    """A warning at the scenario when nothing at all is decided under it."""
    if any(answer.check is not None for answer in answers):
        return
    reason = answers[0].reason
    why = reason.reason if isinstance(reason, Skipped | Unknown) else "it was not searched"
    yield say.undecided_scenario(stated.path, stated.scenario.name, stated.span, why, context.name)
