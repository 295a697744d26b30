"""The obligation that the end of a protocol stays in reach."""

from __future__ import annotations

from tellverify.diagnostics.codes import NO_TERMINATION
from tellverify.engine.findings import Finding
from tellverify.engine.machines import Machines
from tellverify.projection.liveness import ending
from tellverify.verdict.outcome import Outcome, Proved, Refuted, Skipped
from tellverify.verdict.property import Property


def ending_obligation(machines: Machines) -> list[Finding]:
    """Whether the end stays in reach; the same for graphs in and outside the class."""
    answer = ending(machines.graph)
    outcome: Outcome
    if not answer.has_end:
        outcome = Skipped("the protocol has no end: it is meant to go on for ever")
    elif answer.run is None:
        outcome = Proved("reachability")
    else:
        from tellverify.engine.runs import trapped_trace

        outcome = Refuted(NO_TERMINATION.number, trapped_trace(machines, answer), "reachability")
    return [Finding(Property.CAN_TERMINATE, outcome)]
