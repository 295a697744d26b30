"""Messages to roles that have finished for good."""

from __future__ import annotations

from collections.abc import Sequence

from tellverify.model.step import Step
from tellverify.model.trace import Fault, Trace
from tellverify.search.encoding import CompiledSystem
from tellverify.search.traces import build_trace, explain_abandoned, replayed


class Abandoned:
    """Finds configurations in which a message waits for a role that has no moves any more."""

    def __init__(self, system: CompiledSystem) -> None:
        self.system = system
        self.machine_of = {machine.role: machine for machine in system.machines}.__getitem__
        self._gone = [
            [is_final and not row for is_final, row in zip(m.final, m.moves, strict=True)]
            for m in system.machines
        ]
        self._inbound = [
            sum(queue.mask << queue.content for (_, q), queue in system.queues.items() if q == role)
            for role in system.roles
        ]

    def receiver(self, configuration: int) -> int | None:
        """The first role that has finished and has messages left, or None."""
        for role, states in enumerate(self._gone):
            left = configuration & self._inbound[role]
            if left and states[self.system.state(role, configuration)]:
                return role
        return None

    def trace(self, role: int, steps: Sequence[Step], *, minimal: bool) -> Trace:
        """The run `steps`, at whose end messages are left to `role`."""
        ended = replayed(self.machine_of, steps)
        name = self.system.roles[role]
        left = [(p, q, content) for (p, q), content in ended.queues if q == name]
        return build_trace(
            Fault.ORPHAN_MESSAGE,
            steps,
            self.machine_of,
            self.system.roles,
            minimal=minimal,
            culprits=(name,),
            explanation=explain_abandoned(left),
        )
