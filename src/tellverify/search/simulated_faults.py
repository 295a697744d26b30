"""From a simulated run with a fault to one that is shown: cut to its cause, and a shortest one.

A run that breaks a decision or leaves a message behind is cut to the causal past of the events
that show it. Then all runs with fewer events are searched breadth-first for the same fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from tellverify.evidence.fault_run import unshown_in_scenario
from tellverify.model.decision import DecisionKind, DecisionRule, breaking_roles, decided
from tellverify.model.defect import Defect
from tellverify.model.failure import OutageKind
from tellverify.model.fault import Fault
from tellverify.model.run_end import origins
from tellverify.model.step import Step
from tellverify.model.trace import Trace
from tellverify.search.scenario_search import (
    ScenarioCheck,
    check_scenario,
    explained_run,
    without_failed,
)
from tellverify.search.simulated_run import SimulatedRun
from tellverify.search.simulation import Simulator
from tellverify.search.traces import build_trace, dependencies


def shown_run(simulator: Simulator, run: SimulatedRun, budget: int) -> Trace:
    """The run of a fault as it is shown, replayed by the reference semantics.

    `budget` bounds the configurations of the search for a shorter one. Raises Defect when the run
    does not show its fault, and ValueError when it has none.
    """
    if run.fault is None:
        raise ValueError("a run without a fault")
    rule = simulator.decisions[run.decision] if run.decision >= 0 else None
    steps = simulator.steps(run)
    kept = _cause(run, steps, rule)
    trace = _trace(simulator, run, kept, rule)
    check = check_scenario(
        simulator.machines,
        simulator.scenario,
        simulator.decisions,
        graph=simulator.graph,
        largest_bound=max(8, len(kept)),
        budget=budget,
        depth=max(0, len(kept) - 1),
    )
    shorter = None if check is None else _same(check, run)
    if shorter is not None and len(shorter.steps) < len(trace.steps):
        return shorter
    exact = check is not None and not check.overflow
    return msgspec.structs.replace(trace, minimal=exact)


def _same(check: ScenarioCheck, run: SimulatedRun) -> Trace | None:
    """The run that a search found for the fault of a simulated one."""
    match run.fault:
        case Fault.ORPHAN_MESSAGE:
            return check.orphan
        case Fault.UNSPECIFIED_RECEPTION:
            return check.reception
        case Fault.STUCK_ROLE:
            return check.stuck.get(run.culprits[0])
        case Fault.DISAGREEMENT | Fault.REPETITION:
            return check.decisions.get(run.decision)
        case Fault.DEADLOCK | Fault.STARVATION | Fault.INFIDELITY | Fault.UNBOUNDED_QUEUE:
            return None
        case Fault.NO_TERMINATION | Fault.ENDLESS_RUN | Fault.PROPERTY | Fault.WITNESS | None:
            return None
        case Fault.TIMEOUT_DISAGREEMENT | Fault.STALE_MESSAGE:
            return None


def _cause(run: SimulatedRun, steps: Sequence[Step], rule: DecisionRule | None) -> list[Step]:
    """The events that cause a fault; all of them when it is that no role can act."""
    if rule is not None:
        return past(steps, _deciding(rule, steps))
    if run.fault in (Fault.ORPHAN_MESSAGE, Fault.UNSPECIFIED_RECEPTION):
        role = run.culprits[0]
        taken = set(origins(steps).values())
        last = {}
        for index, step in enumerate(steps):
            left = step.send and step.receiver == role and index not in taken
            if step.actor == role:
                last["", ""] = index
            elif left and not step.delivery:
                last.setdefault((step.sender, role), index)
        return past(steps, last.values())
    return list(steps)


def _deciding(rule: DecisionRule, steps: Sequence[Step]) -> list[int]:
    """The numbers of the events by which the roles that break `rule` do so."""
    roles = breaking_roles(rule, steps)
    mine = [n for n, step in enumerate(steps) if step.label in rule.labels]
    if rule.kind is DecisionKind.AT_MOST_ONCE:
        return [n for n in mine if steps[n].actor == roles[0]][:2]
    first = decided(steps, rule.labels)
    return [next(n for n in mine if steps[n].actor == r and first[r]) for r in roles]


def past(steps: Sequence[Step], events: Iterable[int]) -> list[Step]:
    """The events that some of `events` depend on, and these, in the order of the run."""
    before = dependencies(steps)
    kept = set(events)
    for index in range(len(steps) - 1, -1, -1):
        if index in kept:
            kept.update(before[index])
    return [steps[index] for index in sorted(kept)]


def _trace(
    simulator: Simulator, run: SimulatedRun, steps: Sequence[Step], rule: DecisionRule | None
) -> Trace:
    fault = run.fault or Fault.STUCK_ROLE
    machines = simulator.machines
    trace = build_trace(
        fault,
        steps,
        {machine.role: machine for machine in machines}.__getitem__,
        simulator.roles,
        minimal=False,
        culprits=run.culprits if rule is None else breaking_roles(rule, steps),
        explanation="",
    )
    outages = run.outages
    if fault is not Fault.STUCK_ROLE:  # only who lies has a part in it
        outages = tuple(one for one in outages if one.kind is OutageKind.BYZANTINE)
    trace = msgspec.structs.replace(
        trace,
        outages=outages,
        scenario=simulator.scenario.text,
        decision="" if rule is None else rule.text,
    )
    trace = without_failed(trace)
    trace = msgspec.structs.replace(trace, explanation=explained_run(trace, rule))
    reason = unshown_in_scenario(trace, machines)
    if reason:
        raise Defect(f"a simulated run does not show {fault}: {reason}")
    return trace
