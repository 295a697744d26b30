"""What a configuration is in which nobody can move."""

from __future__ import annotations

from typing import NamedTuple

from tellverify.model.trace import Fault
from tellverify.search.encoding import CompiledSystem


class Ending(NamedTuple):
    """A configuration in which nobody can move; `fault` is None when all went well."""

    configuration: int
    depth: int
    fault: Fault | None


class Spoilt(NamedTuple):
    """A first configuration with an unspecified reception of `role`, though others may move."""

    role: int
    configuration: int
    depth: int


def ending_of(system: CompiledSystem, configuration: int, depth: int) -> Ending | None:
    """What an idle configuration is; None when only the queue bound blocks it."""
    states = [system.state(role, configuration) for role in range(len(system.machines))]
    rows = list(zip(system.machines, states, strict=True))
    if any(action.send for machine, state in rows for action, _ in machine.moves[state]):
        return None
    fault: Fault | None = None
    if not all(machine.final[state] for machine, state in rows):
        spoilt = any(system.is_spoilt(role, configuration) for role in range(len(rows)))
        fault = Fault.UNSPECIFIED_RECEPTION if spoilt else Fault.DEADLOCK
    elif any(configuration >> q.content & q.mask for q in system.queues.values()):
        fault = Fault.ORPHAN_MESSAGE
    return Ending(configuration, depth, fault)
