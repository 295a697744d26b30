"""Runs of a scenario with faults: whether one keeps to its scenario, and what its end shows.

The steps are those of `tellverify.model.delivery` on the machines of the protocol. Whoever has
crashed does nothing behind that point, so the end is judged by the machines of the survivors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from tellverify.evidence.divergence import replay
from tellverify.evidence.itf import ItfError, TraceFile, TraceSubject
from tellverify.evidence.trace_replay import fault_shown
from tellverify.model.decision import (
    DecisionError,
    DecisionKind,
    DecisionRule,
    breaking_roles,
    parse_decision,
)
from tellverify.model.failure import Outage, OutageKind
from tellverify.model.fault import Fault
from tellverify.model.formula import Formula
from tellverify.model.machine import Machine
from tellverify.model.outage import departure_from, survivors
from tellverify.model.scenario import Scenario
from tellverify.model.scenario_text import ScenarioError, parse_scenario
from tellverify.model.step import Step
from tellverify.model.trace import Trace

_MOST_CONFIGURATIONS: Final = 200_000
OF_DECISIONS: Final = (Fault.DISAGREEMENT, Fault.REPETITION)
_KIND: Final = {
    Fault.DISAGREEMENT: DecisionKind.AGREEMENT,
    Fault.REPETITION: DecisionKind.AT_MOST_ONCE,
}
_UNDER_FAULTS: Final = (
    *OF_DECISIONS,
    Fault.DEADLOCK,
    Fault.STUCK_ROLE,
    Fault.UNSPECIFIED_RECEPTION,
    Fault.ORPHAN_MESSAGE,
    Fault.PROPERTY,
)


def scenario_run_of(file: TraceFile) -> Trace:
    """The run of a file as one of a scenario."""
    subject = file.subject
    return Trace(
        subject.fault,
        file.steps,
        subject.culprits,
        subject.explanation,
        subject.minimal,
        file.loop,
        outages=file.outages,
        scenario="" if subject.scenario is msgspec.UNSET else subject.scenario,
        decision="" if subject.decision is msgspec.UNSET else subject.decision,
        formula=_formula_of(subject),
    )


def _formula_of(subject: TraceSubject) -> Formula | None:
    """The formula that a file holds in its one form, None when it holds none."""
    if subject.formula is msgspec.UNSET:
        return None
    from tellverify.evidence.formula_run import formula_of

    found = formula_of(subject.formula)
    return None if isinstance(found, str) else found


def outages_of(filed: msgspec.Raw) -> tuple[Outage, ...]:
    """What fails in the run of a trace file. Raises ItfError unless that has its one form."""
    try:
        found = msgspec.json.decode(filed, type=tuple[Outage, ...])
    except msgspec.DecodeError as error:
        raise ItfError(f"not a trace: `outages`: {error}") from None
    if not found or bytes(filed) != msgspec.json.encode(found):
        raise ItfError("not a trace: `outages` are not in canonical form")
    return found


def is_of_scenario(trace: Trace) -> bool:
    """True of a run that only a scenario or a decision gives a meaning to."""
    return bool(trace.scenario or trace.decision or trace.outages)


def unshown_in_scenario(
    trace: Trace, machines: Sequence[Machine], judge: Callable[[], bool] | None = None
) -> str:
    """Why `trace` is no run of its scenario, or its end does not show its fault; empty if it does.

    `machines` are those of all roles, without faults. `judge` says that no run serves the culprits
    of a loop again; without it all runs from there are looked at.
    """
    stated = stated_of(trace)
    if isinstance(stated, str):
        return stated
    scenario, rule = stated
    reason = departure_from(scenario, machines, trace.steps, trace.outages)
    return reason or _unshown(trace, scenario, rule, machines, judge)


def stated_of(trace: Trace) -> tuple[Scenario, DecisionRule | None] | str:
    """The scenario and the decision that a run is about, or why its fault is none of them."""
    if trace.fault not in _UNDER_FAULTS:
        return f"`{trace.fault}` is not decided under faults"
    try:
        scenario = parse_scenario("", trace.scenario) if trace.scenario else Scenario()
        rule = parse_decision(trace.decision) if trace.decision else None
    except (ScenarioError, DecisionError) as error:
        return f"its scenario or decision cannot be read: {error}"
    if (trace.fault in OF_DECISIONS) != (rule is not None):
        return "a decision belongs to a run that breaks one"
    if rule is not None and _KIND.get(trace.fault) is not rule.kind:
        return f"`{trace.fault}` is not a fault of `{rule.text}`"
    return scenario, rule


def _unshown(
    trace: Trace,
    scenario: Scenario,
    rule: DecisionRule | None,
    machines: Sequence[Machine],
    judge: Callable[[], bool] | None,
) -> str:
    steps: tuple[Step, ...] = trace.steps
    if not -1 <= trace.loop < max(1, len(steps)) or (trace.loop >= 0 and rule is not None):
        return "its loop is not one"
    stem = steps[: trace.loop] if trace.loop >= 0 else steps
    whole = replay(steps, machines)
    if whole.divergence is not None:
        return whole.divergence.reason
    if trace.fault is Fault.PROPERTY:
        from tellverify.evidence.formula_fault_run import uncontradicted

        return uncontradicted(trace, machines)
    if rule is not None:
        kept = not trace.culprits or breaking_roles(rule, steps) != trace.culprits
        return "the roles keep to it" if kept else ""
    waits = trace.fault in (Fault.DEADLOCK, Fault.STUCK_ROLE)
    acted = {step.actor for step in steps}
    if waits and scenario.spares_idle_roles and not acted.issuperset(trace.culprits):
        return "a role that has not acted does not count as waiting"
    if waits and not _wait_in_vain(trace, machines):
        return "a role that may stop is not stuck"
    # That a message stays in a cut channel does not say that its receiver does not expect it.
    about_messages = trace.fault in (Fault.ORPHAN_MESSAGE, Fault.UNSPECIFIED_RECEPTION)
    failed = [one for one in trace.outages if not (about_messages and one.kind is OutageKind.CUT)]
    left = survivors(machines, failed)
    lap = steps[trace.loop :] if trace.loop >= 0 else ()
    if any(step.delivery for step in lap):
        return "a loop of faults is not fair"
    end = replay(stem, machines).configuration if lap else whole.configuration

    def is_unserved() -> bool:
        if trace.fault is not Fault.STUCK_ROLE:
            return False
        if judge is not None:
            return judge()
        from tellverify.evidence.machines_file import can_be_served

        return can_be_served(left, end, trace.culprits, _MOST_CONFIGURATIONS) is False

    return fault_shown(end, left, trace.fault, trace.culprits, lap=lap, judge=is_unserved)


def _wait_in_vain(trace: Trace, machines: Sequence[Machine]) -> bool:
    """Whether every culprit is in a state in which it may not stop."""
    end = replay(trace.steps, machines).configuration
    state = {m.role: (m, s) for m, s in zip(machines, end.states, strict=True)}
    for role in trace.culprits:
        if role in state:
            machine, at = state[role]
            if machine.final[at]:
                return False
    return bool(trace.culprits)


def moments(outages: Sequence[Outage]) -> dict[int, list[Outage]]:
    """The outages by the number of the event that they follow."""
    found: dict[int, list[Outage]] = {}
    for one in outages:
        found.setdefault(one.after, []).append(one)
    return found
