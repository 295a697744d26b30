"""Traces written as files, the names of these, and what a file claims that a replay does not give.

The format and its reader stand in `tellverify.evidence.itf`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from tellverify.evidence.graph_file import TRACE_SUFFIX as SUFFIX
from tellverify.evidence.itf import (
    VAR_TYPES,
    ItfMeta,
    ItfStateMeta,
    TraceFile,
    TraceSubject,
    form_of,
    rendered,
    state_of,
)
from tellverify.evidence.trace_replay import Stepper
from tellverify.model.defect import Defect
from tellverify.model.failure import Outage
from tellverify.model.machine import Machine
from tellverify.model.step import Step
from tellverify.model.trace import Trace

_LONGEST_NAME: Final = 100


def write_itf(trace: Trace, machines: Sequence[Machine], subject: TraceSubject) -> str:
    """The text of the ITF file of `trace`, which is replayed on the way.

    Equal inputs give equal text. Raises Defect when `machines` cannot make the steps, since then
    the trace is no evidence.
    """
    form = form_of(len(trace.steps), len(machines))
    stepper = Stepper(machines)
    roles = [machine.role for machine in machines]
    states = []
    for index, step in enumerate((None, *trace.steps)):
        divergence = None if step is None else stepper.make(step)
        if divergence is not None:
            raise Defect(f"step {index} of a trace does not replay: {divergence.reason}")
        states.append(state_of(_meta_of(index, step), stepper, form, roles, step))
    files = subject.files
    if not isinstance(files, msgspec.UnsetType):
        files = tuple(map(_encodable, files))
    meta = ItfMeta(
        source=_encodable(subject.source),
        protocol=subject.protocol,
        obligation=subject.obligation,
        statement=subject.statement,
        code=subject.code,
        fault=subject.fault,
        culprits=subject.culprits,
        explanation=subject.explanation,
        minimal=subject.minimal,
        instance=subject.instance,
        formula=subject.formula,
        dialect=subject.dialect,
        files=files,
        scenario=trace.scenario or msgspec.UNSET,
        outages=filed_outages(trace.outages),
        decision=trace.decision or msgspec.UNSET,
        var_types=VAR_TYPES,
        form=form,
    )
    return rendered(meta, states, trace.loop)


def filed_outages(outages: tuple[Outage, ...]) -> msgspec.Raw | msgspec.UnsetType:
    """What fails in a run beside messages, as a trace file holds it."""
    return msgspec.Raw(msgspec.json.encode(outages)) if outages else msgspec.UNSET


def _meta_of(index: int, step: Step | None) -> ItfStateMeta:
    if step is None:
        return ItfStateMeta(index)
    return ItfStateMeta(
        index,
        "send" if step.send else "receive",
        step.sender,
        step.receiver,
        step.label,
        _encodable(step.site.path),
        step.site.line,
        delivery=step.delivery,
    )


def _encodable(path: str) -> str:
    """A path with the bytes that are not UTF-8 written out."""
    return path.encode("utf-8", "backslashreplace").decode()


def disagreement(file: TraceFile, machines: Sequence[Machine]) -> tuple[int, str] | None:
    """The first state of which `file` claims what a replay of its steps does not give.

    The index of the state and a sentence; None when all claims are true. Steps that cannot be
    made end the comparison: see `tellverify.evidence.trace_replay.replay`.
    """
    stepper = Stepper(machines)
    known = {machine.role for machine in machines}
    for index, state in enumerate(file.filed.states):
        if index and stepper.make(file.steps[index - 1]) is not None:
            return None
        for role, number in state.at.entries:
            if role not in known:
                return index, f"the protocol has no role `{role}`"
            if stepper.state(role) != int(number.text):
                return index, f"`{role}` is in state {stepper.state(role)}, not {number.text}"
        for pair, labels in state.queue.entries:
            if stepper.queues.get(pair.items, ()) != tuple(labels):
                sender, receiver = pair.items
                return index, f"the queue from `{sender}` to `{receiver}` holds something else"
        full = [labels for _, labels in state.queue.entries if labels]
        if file.subject.form == "states" and len(full) != len(stepper.queues):
            return index, "a queue that is not empty is missing"
    return None


def trace_name(obligation: str) -> str:
    """The name of the trace of an obligation in the folder of its subject.

    `no-stuck-role.Courier.itf.json`. Names that a file name cannot hold are replaced, with a digest
    that keeps different obligations apart.
    """
    plain = obligation.replace(" -> ", "-to-").replace(" @ ", ".under.")
    plain = plain.replace("[", ".").replace("]", "")
    return f"{_file_name(plain, obligation)}{SUFFIX}"


def file_stem(name: str) -> str:
    """A name as a part of the name of a file."""
    return _file_name(name, name)


def _file_name(plain: str, identity: str) -> str:
    clean = re.sub(r"[^A-Za-z0-9._-]", "_", plain)[:_LONGEST_NAME]
    if clean == plain and clean and not clean.startswith("."):
        return clean
    import hashlib  # only for odd names: loading it costs more than the rest of a small file

    digest = hashlib.sha256(identity.encode("utf-8", "backslashreplace")).hexdigest()
    return f"{clean.lstrip('.')}-{digest[:8]}"
