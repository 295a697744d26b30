"""Deadlocks and messages to roles that have terminated, by a reduced search."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tellverify.model.fault import Fault
from tellverify.model.graph import ProtocolGraph
from tellverify.model.machine import Machine
from tellverify.model.step import Step
from tellverify.model.trace import Trace
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
    """Runs to configurations in which no role can move and not all is well, one for each fault.

    `exhausted`: all such configurations with queues up to the bound were met. `complete`: all that
    there are. A run to a deadlock is a shortest one among queues of that bound. A message to a
    role that has terminated stays; but where runs need not end, one may be missed. `someone_waits`:
    in one of the configurations some role has moves, though it may stop. `rest` is a run to the
    nearest of the configurations.
    """

    traces: dict[Fault, Trace]
    exhausted: bool
    complete: bool
    configurations: int
    someone_waits: bool
    rest: tuple[Step, ...] | None


def idle_faults(
    machines: Sequence[Machine], graph: ProtocolGraph | None, *, bound: int, budget: int
) -> IdleFaults:
    """Search for deadlocks, and for messages to terminated roles that are left at the end.

    `graph` gives steps their places.
    """
    system = CompiledSystem(machines, bound)
    search = ReducedSearch(system, Reduction.ENDINGS, budget, symmetry_of(system))
    traces: dict[Fault, Trace] = {}
    someone_waits = False
    rest: tuple[Step, ...] | None = None
    for idle in idle_configurations(search):
        someone_waits = someone_waits or any(
            machine.moves[system.state(role, idle.configuration)]
            for role, machine in enumerate(machines)
        )
        gone = idle.has_messages and any(
            system.has_orphan(role, idle.configuration) for role in range(len(machines))
        )
        shown = [Fault.DEADLOCK] * (not idle.is_finished) + [Fault.ORPHAN_MESSAGE] * gone
        if rest is not None and all(fault in traces for fault in shown):
            continue
        steps = steps_of(system, search.run_to(idle.configuration), graph)
        rest = rest or tuple(steps)
        for fault in shown:
            if fault not in traces:
                traces[fault] = _trace(machines, fault, steps)
    ended = not search.overflow
    complete = ended and not search.blocked
    return IdleFaults(traces, ended, complete, len(search.parents), someone_waits, rest)


def _trace(machines: Sequence[Machine], fault: Fault, steps: list[Step]) -> Trace:
    machine_of = {machine.role: machine for machine in machines}.__getitem__
    ended = replayed(machine_of, steps)
    rows = [waiting(m, ended.states.get(m.role, 0)) for m in machines]
    queues = [(p, q, content) for (p, q), content in ended.queues]
    left = [row for row in rows if not row.finished]
    gone = {r.role for r in rows if r.finished and not r.awaits}
    orphaned = next(((q,) for _, q, _ in queues if q in gone), ())
    messages = [each for each in queues if each[1] in orphaned]
    is_deadlock = fault is Fault.DEADLOCK
    return build_trace(
        fault,
        steps,
        machine_of,
        [machine.role for machine in machines],
        minimal=False,
        culprits=tuple(row.role for row in left) if is_deadlock else orphaned,
        explanation=explain_deadlock(left) if is_deadlock else explain_orphans(messages),
    )
