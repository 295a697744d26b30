"""Monitors of event logs: machines of roles, or the moves of a protocol with timeouts."""

from __future__ import annotations

from collections.abc import Sequence

from tellverify.evidence.monitor import Monitor
from tellverify.evidence.partial_log import PartialMonitor
from tellverify.model.graph import ProtocolGraph
from tellverify.model.timed_text import FirePolicy, LatePolicy, TimedProtocol
from tellverify.obligations.machines import Machines
from tellverify.obligations.options import Options
from tellverify.search.timed_events import TimedSettings
from tellverify.search.timed_monitor import TimedMonitor


def monitor_of_graph(
    graph: ProtocolGraph,
    recorded: Sequence[str] = (),
    *,
    anywhere: bool = False,
    sends_only: bool = False,
) -> Monitor:
    """What follows a log of `recorded`, all roles when it names none.

    Of a log that begins `anywhere`, or that has `sends_only`, more is inferred. Raises ValueError
    for a role without a machine, and TooManyLogPlaces where too much may have happened.
    """
    machines = Machines(graph).all()
    if not anywhere and not sends_only:
        return Monitor(machines, recorded)
    return PartialMonitor(machines, recorded, anywhere=anywhere, sends_only=sends_only)


def monitor_of_timed(protocol: TimedProtocol, options: Options) -> TimedMonitor:
    """What follows a log of all roles, with the meaning of timers that is configured."""
    late, fire = LatePolicy(options.late), FirePolicy(options.fire)
    return TimedMonitor(protocol, TimedSettings(late=late, fire=fire))
