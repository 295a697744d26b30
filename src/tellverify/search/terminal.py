"""The fault of a configuration in which no role can move."""

from __future__ import annotations

from typing import NamedTuple

from tellverify.model.fault import Fault
from tellverify.search.encoding import CompiledSystem


class TerminalEnding(NamedTuple):
    """A configuration in which no role can move; `fault` is None when all may stop."""

    configuration: int
    depth: int
    fault: Fault | None


class Shown(NamedTuple):
    """A first configuration that shows a fault of `role`, though others may move."""

    role: int
    configuration: int
    depth: int


def ending_of(system: CompiledSystem, configuration: int, depth: int) -> TerminalEnding | None:
    """What an idle configuration is; None when only the queue bound blocks it."""
    states = [system.state(role, configuration) for role in range(len(system.machines))]
    rows = list(zip(system.machines, states, strict=True))
    if any(action.send for machine, state in rows for action, _ in machine.moves[state]):
        return None
    finished = all(machine.final[state] for machine, state in rows)
    return TerminalEnding(configuration, depth, None if finished else Fault.DEADLOCK)
