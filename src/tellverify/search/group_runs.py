"""The runs that show the faults of a group of machines, each with its explanation."""

from __future__ import annotations

from collections.abc import Sequence

from tellverify.evidence.trace_replay import Stepper, fault_shown
from tellverify.model.configuration import Configuration
from tellverify.model.fault import Fault
from tellverify.model.machine import Machine
from tellverify.model.step import Step
from tellverify.model.trace import Trace, Waiting
from tellverify.search.group_answer import OF_ROLES
from tellverify.search.traces import (
    build_trace,
    explain_deadlock,
    explain_orphans,
    explain_reception,
    explain_stuck,
    replayed,
    waiting,
)
from tellverify.search.unbounded_queues import Growth


class GroupRuns:
    """One run for each fault; for a fault of single roles, one for each role that it befalls."""

    def __init__(self, machines: Sequence[Machine]) -> None:
        self.traces: dict[tuple[Fault, str], Trace] = {}
        self._machines = machines
        self._roles = tuple(machine.role for machine in machines)
        self._machine_of = {machine.role: machine for machine in machines}.__getitem__

    def keep_shorter(self, trace: Trace | None) -> None:
        """Keep a run that was found, unless a shorter one shows the same."""
        if trace is None:
            return
        key = (trace.fault, trace.culprits[0] if trace.fault in OF_ROLES else "")
        known = self.traces.get(key)
        if known is None or len(trace.steps) < len(known.steps):
            self.traces[key] = trace

    def add_of_role(self, fault: Fault, steps: Sequence[Step], role: int) -> None:
        """An unspecified reception of `role`, or a message left to it, at the end of `steps`."""
        ended = replayed(self._machine_of, steps)
        name = self._roles[role]
        queues = [(p, q, content) for (p, q), content in ended.queues]
        if fault is Fault.ORPHAN_MESSAGE:
            explanation = explain_orphans([each for each in queues if each[1] == name])
        else:
            wait = waiting(self._machines[role], ended.states.get(name, 0))
            explanation = explain_reception(wait, queues)
        self._add(fault, steps, (name,), explanation)

    def add_deadlock(self, steps: Sequence[Step]) -> None:
        """The deadlock at the end of `steps`."""
        states = replayed(self._machine_of, steps).states
        rows = [waiting(m, states.get(m.role, 0)) for m in self._machines]
        left = [row for row in rows if not row.finished]
        culprits = tuple(row.role for row in left)
        self._add(Fault.DEADLOCK, steps, culprits, explain_deadlock(left))

    def add_stuck(self, steps: Sequence[Step], wait: Waiting) -> None:
        """The role that waits in vain at the end of `steps`."""
        self._add(Fault.STUCK_ROLE, steps, (wait.role,), explain_stuck(wait), about=wait.role)

    def add_growth(self, growth: Growth) -> None:
        """The run in which a queue grows without limit."""
        sender, receiver = growth.channel
        self._add(
            Fault.UNBOUNDED_QUEUE,
            growth.steps,
            growth.channel,
            f"the queue from `{sender}` to `{receiver}` grows in every round",
            about=f"{sender} -> {receiver}",
            loop=growth.loop,
        )

    def add_endless(self, growth: Growth) -> None:
        """The run in which a queue grows, when every role that can act takes part in it."""
        stepper = Stepper(self._machines, Configuration(tuple(0 for _ in self._machines)))
        for step in growth.steps:
            stepper.make(step)
        lap = growth.steps[growth.loop :]
        if fault_shown(stepper.configuration(), self._machines, Fault.ENDLESS_RUN, (), lap=lap):
            return
        acting = {step.actor for step in lap}
        culprits = tuple(role for role in self._roles if role in acting)
        explanation = "the roles have a fair run that never terminates"
        self._add(Fault.ENDLESS_RUN, growth.steps, culprits, explanation, loop=growth.loop)

    def _add(
        self,
        fault: Fault,
        steps: Sequence[Step],
        culprits: tuple[str, ...],
        explanation: str,
        *,
        about: str = "",
        loop: int = -1,
    ) -> None:
        self.traces[fault, about] = build_trace(
            fault,
            steps,
            self._machine_of,
            self._roles,
            minimal=False,
            culprits=culprits,
            explanation=explanation,
            loop=loop,
        )
