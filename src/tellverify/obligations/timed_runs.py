"""Runs of protocols with timeouts: replayed by the reference meaning, with what their ends show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tellverify.evidence.timed_fault_run import unshown_timed
from tellverify.evidence.timed_replay import TimedRunReplay
from tellverify.model.defect import AmbiguousRun, Defect
from tellverify.model.fault import Fault
from tellverify.model.formula import Formula
from tellverify.model.site import Site
from tellverify.model.step import Step
from tellverify.model.timed_text import (
    FirePolicy,
    LatePolicy,
    MessageNode,
    TimedProtocol,
)
from tellverify.model.trace import Trace, Waiting
from tellverify.search.timed_events import TimedEvent, timed_step
from tellverify.search.traces import (
    awaited,
    explain_deadlock,
    explain_orphans,
    explain_reception,
)

_SHOWN: Final = 64  # roles of whose ends a trace tells


def refusal(replay: TimedRunReplay, reason: str) -> Exception:
    """The exception for a run that does not replay as the search made it."""
    if replay.is_ambiguous:
        return AmbiguousRun(
            "a run that refutes it cannot be shown: its steps do not tell in which attempt of a"
            " timeout they are made"
        )
    return Defect(reason)


class TimedRuns:
    """Makes traces of the runs of one protocol.

    Raises AmbiguousRun, and Defect for any other run that does not replay.
    """

    def __init__(self, protocol: TimedProtocol, late: LatePolicy, fire: FirePolicy) -> None:
        self.protocol = protocol
        self.late = late
        self.fire = fire

    def trace(
        self, fault: Fault, events: Sequence[TimedEvent], *, minimal: bool, role: str = ""
    ) -> Trace:
        """The trace of a run that shows `fault`, of `role` where the fault is about one."""
        replay, steps, states = self.replayed(events)
        culprits = (role,) if role else self.culprits(replay, fault)
        complaint = replay.unshown(fault, culprits)
        if complaint:
            raise refusal(replay, f"a run does not show {fault}: {complaint}")
        waiting = tuple(map(replay.waiting, self.told(steps, culprits)))
        return Trace(
            fault=fault,
            steps=tuple(steps),
            culprits=culprits,
            explanation=self._explained(replay, fault, culprits, waiting, steps),
            minimal=minimal,
            queues=replay.queues(),
            waiting=waiting,
            place=self.place(replay, fault, culprits, steps),
            states=tuple(states),
        )

    def breaking(
        self,
        formula: Formula,
        events: Sequence[TimedEvent],
        scenario: str,
        explanation: str,
        *,
        minimal: bool,
    ) -> Trace:
        """The trace of a run whose events break a formula; `scenario` has its rules, if any."""
        replay, steps, states = self.replayed(events)
        trace = Trace(
            fault=Fault.PROPERTY,
            steps=tuple(steps),
            culprits=(),
            explanation=explanation,
            minimal=minimal,
            queues=replay.queues(),
            waiting=tuple(map(replay.waiting, self.told(steps, ()))),
            states=tuple(states),
            formula=formula,
            scenario=scenario,
        )
        reason = unshown_timed(trace, replay)
        if reason:
            raise refusal(replay, f"a run does not break a property: {reason}")
        return trace

    def replayed(
        self, events: Sequence[TimedEvent]
    ) -> tuple[TimedRunReplay, list[Step], list[int]]:
        """The end of a run, its steps, and the state of each actor behind its step."""
        replay = TimedRunReplay(self.protocol, self.late, self.fire, len(events))
        steps: list[Step] = []
        states: list[int] = []
        for event in events:
            made = replay.make(timed_step(event))
            if made is None:
                reason = f"event {len(steps)} of a run is not enabled: {timed_step(event)}"
                raise refusal(replay, reason)
            steps.append(made)
            states.append(replay.number(made.actor))
        return replay, steps, states

    def told(self, steps: Sequence[Step], culprits: Sequence[str]) -> list[str]:
        """The roles of whose ends a trace tells: all, or in large protocols those concerned."""
        if len(self.protocol.roles) <= _SHOWN:
            return list(self.protocol.roles)
        named = {step.actor for step in steps}.union(culprits)
        return [role for role in self.protocol.roles if role in named]

    @staticmethod
    def culprits(replay: TimedRunReplay, fault: Fault) -> tuple[str, ...]:
        """The roles that the fault at the end of a run is about."""
        if fault in (Fault.WITNESS, Fault.NO_TERMINATION):
            return ()
        if fault is Fault.STALE_MESSAGE:
            return () if replay.last is None else (replay.last.event.role,)
        return tuple(role for role in replay.protocol.roles if not replay.unshown(fault, (role,)))

    def _explained(
        self,
        replay: TimedRunReplay,
        fault: Fault,
        culprits: Sequence[str],
        waiting: Sequence[Waiting],
        steps: Sequence[Step],
    ) -> str:
        waits = [one for one in waiting if one.role in culprits]
        match fault:
            case Fault.DEADLOCK:
                return explain_deadlock(waits)
            case Fault.ORPHAN_MESSAGE:
                queues = [queue for queue in replay.queues() if queue[1] == culprits[0]]
                return explain_orphans(queues)
            case Fault.UNSPECIFIED_RECEPTION:
                return explain_reception(waits[0], replay.queues())
            case Fault.STUCK_ROLE:
                return (
                    f"`{culprits[0]}` waits for {awaited(waits[0])} and is never served again,"
                    " whatever the other roles do"
                )
            case Fault.TIMEOUT_DISAGREEMENT:
                owner = next(step.actor for step in reversed(steps) if step.timer)
                return (
                    f"the timer of `{owner}` has fired, and `{culprits[0]}` ends in the body"
                    " without knowing it"
                )
            case Fault.STALE_MESSAGE:
                last = steps[-1]
                return (
                    f"`{last.receiver}` takes `{last.label}` from `{last.sender}`, which belongs"
                    " to an attempt that has failed"
                )
            case Fault.NO_TERMINATION:
                return "from here on the protocol can no longer terminate"
            case (
                Fault.INFIDELITY
                | Fault.STARVATION
                | Fault.UNBOUNDED_QUEUE
                | Fault.ENDLESS_RUN
                | Fault.PROPERTY
                | Fault.DISAGREEMENT
                | Fault.REPETITION
                | Fault.WITNESS
            ):
                return ""

    def place(
        self, replay: TimedRunReplay, fault: Fault, culprits: Sequence[str], steps: Sequence[Step]
    ) -> Site:
        """Where the source shows the fault: what a stuck role waits for, the end of the others."""
        if fault is Fault.STUCK_ROLE:
            nodes = replay.semantics.own_messages(culprits[0], replay.state, lambda _: True)
            sites = sorted(node.site for node in nodes if node.site >= 0)
            if sites:
                return self.protocol.sites[sites[0]]
        if fault is Fault.ORPHAN_MESSAGE:
            sender, receiver, labels = next(q for q in replay.queues() if q[1] == culprits[0])
            for step in reversed(steps):
                is_it = (step.sender, step.receiver, step.label) == (sender, receiver, labels[0])
                if step.send and is_it:
                    return step.site
        if fault is Fault.TIMEOUT_DISAGREEMENT:
            return next(step.site for step in reversed(steps) if step.timer)
        return Site()


def site_of_message(protocol: TimedProtocol, sender: str, label: str) -> Site:
    """The first statement in which `sender` sends `label`."""
    sites = [
        node.site
        for node in protocol.nodes
        if isinstance(node, MessageNode) and (node.sender, node.label) == (sender, label)
    ]
    return protocol.site(min(sites, default=-1))
