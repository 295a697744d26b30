"""What the command line says about an event log, and what the log is followed by."""

from __future__ import annotations

from collections.abc import Mapping

import click
import msgspec

from tellverify.cli.opening import chosen_roles
from tellverify.cli.selection import settings_here
from tellverify.evidence.monitor import LogMonitor
from tellverify.model.graph import ProtocolGraph
from tellverify.model.timed_text import TimedProtocol
from tellverify.verification.log_monitors import monitor_of_graph, monitor_of_timed


class ReplayRequest(msgspec.Struct, frozen=True):
    """What the command line says about a log."""

    log: str
    file: str
    protocol: str | None
    sizes: Mapping[str, int]
    roles: tuple[str, ...]
    complete: bool
    anywhere: bool = False
    sends_only: bool = False


def monitor_of(asked: ReplayRequest, protocol: ProtocolGraph | TimedProtocol) -> LogMonitor:
    """The monitor of a log. Ends the command where the options do not fit the protocol."""
    if isinstance(protocol, ProtocolGraph):
        recorded = chosen_roles(protocol, asked.roles) if asked.roles else ()
        return monitor_of_graph(
            protocol, recorded, anywhere=asked.anywhere, sends_only=asked.sends_only
        )
    given = (
        ("--roles", bool(asked.roles)),
        ("--from", asked.anywhere),
        ("--sends-only", asked.sends_only),
    )
    for option in (name for name, is_given in given if is_given):
        raise click.UsageError(
            f"{option} is not possible with a protocol that has a `timeout` (line "
            f"{protocol.scopes[0].line}): timers are inferred from all events of all roles"
        )
    return monitor_of_timed(protocol, settings_here().options)
