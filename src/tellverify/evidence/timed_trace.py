"""Traces of protocols with timeouts as files, and what a file claims that a replay does not give.

The format is that of other traces (`tellverify.evidence.itf`). The number of a role's state counts
the states that it has been in, in the order in which it was first in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from tellverify.evidence.itf import (
    VAR_TYPES,
    ItfAt,
    ItfInt,
    ItfMeta,
    ItfPair,
    ItfQueue,
    ItfState,
    ItfStateMeta,
    TraceFile,
    TraceSubject,
    rendered,
)
from tellverify.evidence.timed_replay import TimedRunReplay
from tellverify.model.defect import Defect
from tellverify.model.fault import Fault
from tellverify.model.step import Step
from tellverify.model.timed_text import FirePolicy, LatePolicy, TimedProtocol


def timed_run(subject: TraceSubject, protocol: TimedProtocol, events: int) -> TimedRunReplay:
    """The beginning of a replay of a trace of that length."""
    late = "attempts" if subject.late is msgspec.UNSET else subject.late
    fire = "waits" if subject.fire is msgspec.UNSET else subject.fire
    return TimedRunReplay(protocol, LatePolicy(late), FirePolicy(fire), events)


def write_timed_itf(steps: Sequence[Step], protocol: TimedProtocol, subject: TraceSubject) -> str:
    """The text of the ITF file of a run, which is replayed on the way. Raises Defect."""
    replay = timed_run(subject, protocol, len(steps))
    states = []
    for index, step in enumerate((None, *steps)):
        made = None if step is None else replay.make(step)
        if step is not None and made is None:
            raise Defect(f"step {index} of a trace does not replay: {step}")
        states.append(_state(_meta(index, made), replay))
    names = TraceSubject.__struct_fields__
    meta = ItfMeta(**{name: getattr(subject, name) for name in names}, var_types=VAR_TYPES)
    return rendered(meta, states, -1)


def _state(meta: ItfStateMeta, replay: TimedRunReplay) -> ItfState:
    at = [(role, ItfInt(str(replay.number(role)))) for role in replay.protocol.roles]
    queues = [(ItfPair((p, q)), list(labels)) for p, q, labels in replay.queues()]
    return ItfState(meta, ItfAt(at), ItfQueue(queues))


def _meta(index: int, step: Step | None) -> ItfStateMeta:
    if step is None:
        return ItfStateMeta(index)
    scope = step.scope if step.timer else msgspec.UNSET
    ends = (step.sender, step.receiver, step.label)
    path = step.site.path.encode("utf-8", "backslashreplace").decode()
    if step.timer:
        return ItfStateMeta(index, step.timer, *ends, path, step.site.line, scope)  # type: ignore[arg-type]
    action: Literal["send", "receive"] = "send" if step.send else "receive"
    return ItfStateMeta(index, action, *ends, path, step.site.line, delivery=step.delivery)


class FalseStep(msgspec.Struct, frozen=True):
    """The first state of a file that a replay does not give, None for its end, and why."""

    state: int | None
    reason: str
    possible: tuple[Step, ...] = ()


def false_claim_of(trace: TraceFile, protocol: TimedProtocol) -> FalseStep | None:
    """What a file says falsely: a step, a state, a place, or the fault at its end."""
    subject = trace.subject
    if trace.loop >= 0 or trace.subject.form != "states":
        return FalseStep(0, "a trace of a protocol with timeouts has no loop, and all states")
    replay = timed_run(subject, protocol, len(trace.steps))
    for index, state in enumerate(trace.filed.states):
        if index:
            step = trace.steps[index - 1]
            made = replay.make(step)
            if made is None:
                return FalseStep(index, f"{step} is not possible here", tuple(replay.possible()))
            if made.label != step.label or (made.site.path, made.site.line) != (
                step.site.path,
                step.site.line,
            ):
                return FalseStep(index, "no such event in that line of the source")
        if state != _state(state.meta, replay):
            return FalseStep(index, "the states or queues are others")
    if trace.has_faults:
        from tellverify.evidence.timed_fault_run import unshown_in_timed_scenario

        reason = unshown_in_timed_scenario(trace, replay)
    elif subject.fault is Fault.PROPERTY:
        from tellverify.evidence.fault_run import scenario_run_of
        from tellverify.evidence.formula_fault_run import uncontradicted

        reason = uncontradicted(scenario_run_of(trace), None)
    else:
        reason = replay.unshown(subject.fault, subject.culprits)
    return FalseStep(None, reason) if reason else None
