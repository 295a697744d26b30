"""From a simulated run of a protocol with timeouts that has a fault to one that is shown."""

from __future__ import annotations

from tellverify.model.defect import AmbiguousRun
from tellverify.model.failure import OutageKind
from tellverify.model.fault import Fault
from tellverify.model.scenario import Omission, TooManyFaultSets
from tellverify.model.trace import Trace
from tellverify.obligations.options import Options
from tellverify.obligations.timed_scenarios import ScenarioRuns, check_timed_scenario
from tellverify.search.scenario_search import ScenarioCheck
from tellverify.search.simulated_run import SimulatedRun
from tellverify.search.timed_failures import TimedFailureRun
from tellverify.search.timed_simulation import TimedSimulator


def shown_timed_run(simulator: TimedSimulator, run: SimulatedRun, options: Options) -> Trace:
    """A shortest run with the fault of `run` where a search finds one, else the run itself.

    It is replayed by the reference meaning. Raises AmbiguousRun for a run that its steps do not
    tell from another one, Defect for any other that does not show its fault, and ValueError when
    `run` has none.
    """
    if run.fault is None:
        raise ValueError("a run without a fault")
    protocol, scenario = simulator.protocol, simulator.scenario
    try:
        check = check_timed_scenario(protocol, scenario, simulator.decisions, options)
    except (TooManyFaultSets, AmbiguousRun):
        check = None
    found = None if check is None else _same(check, run)
    if found is not None and len(found.steps) <= len(run.moves):
        return found
    crashed = frozenset(o.role for o in run.outages if o.kind is OutageKind.CRASH)
    cut = frozenset((o.role, o.peer) for o in run.outages if o.kind is OutageKind.CUT)
    events = tuple(simulator.system.events[number] for number in run.moves)
    rule = simulator.decisions[run.decision] if run.decision >= 0 else None
    failed = Omission() if rule is not None else Omission(crashed, cut)
    made = TimedFailureRun(events, run.culprits, failed)
    return ScenarioRuns(protocol, scenario, None, options).trace(run.fault, made, rule)


def _same(check: ScenarioCheck, run: SimulatedRun) -> Trace | None:
    if run.decision >= 0:
        return check.decisions.get(run.decision)
    if run.fault is Fault.ORPHAN_MESSAGE:
        return check.orphan
    if run.fault is Fault.UNSPECIFIED_RECEPTION:
        return check.reception
    return check.stuck.get(run.culprits[0])
