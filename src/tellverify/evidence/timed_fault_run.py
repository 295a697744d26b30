"""Runs of protocols with timeouts under a scenario: do they keep to it, and show a fault?"""

from __future__ import annotations

from tellverify.evidence.fault_run import scenario_run_of, stated_of
from tellverify.evidence.formula_fault_run import uncontradicted
from tellverify.evidence.itf import TraceFile
from tellverify.evidence.timed_replay import TimedRunReplay
from tellverify.model.decision import breaking_roles
from tellverify.model.fault import Fault
from tellverify.model.outage import departure_of_roles
from tellverify.model.timed_text import timed_channels
from tellverify.model.trace import Trace


def unshown_in_timed_scenario(file: TraceFile, replay: TimedRunReplay) -> str:
    """Why the run of `file`, which `replay` is at the end of, is none of its scenario.

    Or why its end does not show its fault; empty when it does.
    """
    return unshown_timed(scenario_run_of(file), replay)


def unshown_timed(trace: Trace, replay: TimedRunReplay) -> str:
    """The same of a run that has no file."""
    stated = stated_of(trace)
    if isinstance(stated, str):
        return stated
    scenario, rule = stated
    protocol = replay.protocol
    reason = departure_of_roles(
        scenario, protocol.roles, timed_channels(protocol), trace.steps, trace.outages
    )
    if reason:
        return reason
    if trace.loop >= 0:
        return "a run of a protocol with timeouts has no loop"
    if trace.fault is Fault.PROPERTY:
        return uncontradicted(trace, None)
    if rule is not None:
        kept = not trace.culprits or breaking_roles(rule, trace.steps) != trace.culprits
        return "the roles keep to it" if kept else ""
    acted = {step.actor for step in trace.steps}
    waits = trace.fault in (Fault.DEADLOCK, Fault.STUCK_ROLE)
    if waits and scenario.spares_idle_roles and not acted.issuperset(trace.culprits):
        return "a role that has not acted does not count as waiting"
    replay.fail(trace.outages)
    return replay.unshown(trace.fault, trace.culprits)
