"""Deadlocks and messages that are left at the end, by a reduced search."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tellverify.model.graph import ProtocolGraph
from tellverify.model.machine import Machine
from tellverify.model.step import Step
from tellverify.model.trace import Fault, Trace
from tellverify.search.encoding import CompiledSystem
from tellverify.search.reduction import ReducedSearch, Reduction, idle_configurations
from tellverify.search.symmetry import symmetry_of
from tellverify.search.traces import (
    build_trace,
    explain_deadlock,
    explain_orphans,
    replayed,
    steps_of,
    waiting,
)


class IdleFaults(msgspec.Struct, frozen=True):
    """Runs to configurations in which nobody can move and not all is well, one for each fault.

    `exhausted`: all such configurations with queues up to the bound were met. `complete`: all that
    there are. The runs are shortest ones among queues of that bound. `someone_waits`: in one of
    the configurations some role has moves, though it may stop.
    """

    traces: dict[Fault, Trace]
    exhausted: bool
    complete: bool
    configurations: int
    someone_waits: bool


def idle_faults(
    machines: Sequence[Machine], graph: ProtocolGraph | None, *, bound: int, budget: int
) -> IdleFaults:
    """Search for deadlocks, and for messages left when all have finished and nobody can move.

    `graph` gives steps their places. Unspecified receptions are no deadlocks.
    """
    system = CompiledSystem(machines, bound)
    search = ReducedSearch(system, Reduction.ENDINGS, budget, symmetry_of(system))
    traces: dict[Fault, Trace] = {}
    someone_waits = False
    for idle in idle_configurations(search):
        someone_waits = someone_waits or any(
            machine.moves[system.state(role, idle.configuration)]
            for role, machine in enumerate(machines)
        )
        fault = Fault.ORPHAN_MESSAGE if idle.is_finished else Fault.DEADLOCK
        if fault in traces or (idle.is_finished and not idle.has_messages):
            continue
        roles = range(len(machines))
        if not idle.is_finished and any(system.is_spoilt(r, idle.configuration) for r in roles):
            continue
        steps = steps_of(system, search.run_to(idle.configuration), graph)
        traces[fault] = _trace(machines, fault, steps)
    ended = not search.overflow
    complete = ended and not search.blocked
    return IdleFaults(traces, ended, complete, len(search.parents), someone_waits)


def _trace(machines: Sequence[Machine], fault: Fault, steps: list[Step]) -> Trace:
    machine_of = {machine.role: machine for machine in machines}.__getitem__
    ended = replayed(machine_of, steps)
    rows = [waiting(m, ended.states.get(m.role, 0)) for m in machines]
    queues = [(p, q, content) for (p, q), content in ended.queues]
    left = [row for row in rows if not row.finished]
    orphaned = tuple(dict.fromkeys(q for _, q, _ in queues))
    return build_trace(
        fault,
        steps,
        machine_of,
        [machine.role for machine in machines],
        minimal=False,
        culprits=tuple(row.role for row in left) if left else orphaned,
        explanation=explain_deadlock(left) if left else explain_orphans(queues),
    )
