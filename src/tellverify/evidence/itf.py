"""Traces as files: Apalache's Informal Trace Format, ITF JSON (Apalache ADR 015).

State 0 is where every machine begins; state i is what step i leads to. `at` maps a role to the
number of its local state, `queue` maps a channel to the labels in it. A run of many steps and many
roles would need a file that grows with their product: it is written with the form `changes`, where
a state lists only what differs from the state before it and roles at 0 need not be listed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from tellverify.evidence.trace_replay import Stepper
from tellverify.model.defect import Defect
from tellverify.model.fault import Fault
from tellverify.model.formula import Formula, malformed
from tellverify.model.machine import Machine
from tellverify.model.site import Site
from tellverify.model.step import Step
from tellverify.model.trace import Trace
from tellverify.source.files import Unreadable, read_bytes, without_mark

SUFFIX: Final = ".itf.json"
_FULL_ENTRIES: Final = 200_000
MOST_BYTES: Final = 256 * 1024 * 1024
_LONGEST_NAME: Final = 100

Form: TypeAlias = Literal["states", "changes"]
_Several: TypeAlias = Annotated[tuple[str, ...], msgspec.Meta(min_length=2)]
_Index: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]


class ItfError(Exception):
    """A file that is not a trace as we write them; the message says where and why."""


class _Int(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    text: Annotated[str, msgspec.Meta(pattern="^(0|[1-9][0-9]{0,8})$")] = msgspec.field(
        name="#bigint"
    )


class _Pair(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    items: tuple[str, str] = msgspec.field(name="#tup")


class _At(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    entries: list[tuple[str, _Int]] = msgspec.field(name="#map")


class _Queue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    entries: list[tuple[_Pair, list[str]]] = msgspec.field(name="#map")


class _StateMeta(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    index: _Index
    action: Literal["send", "receive", ""] = ""
    sender: str = ""
    receiver: str = ""
    label: str = ""
    path: str = ""
    line: _Index = 0


class _State(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    meta: _StateMeta = msgspec.field(name="#meta")
    at: _At
    queue: _Queue


class TraceSubject(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a trace is evidence for: a file, a protocol, an obligation and the fault it shows.

    A property of the user has its `formula`; so has an event that a witness reaches. `dialect` and
    `files` are unset for the strict dialect and for a protocol that stands in `source` alone.
    """

    source: str
    protocol: str
    obligation: str
    statement: str
    code: str
    fault: Fault
    culprits: tuple[str, ...] = ()
    explanation: str = ""
    minimal: bool = False
    instance: str = ""
    formula: Formula | msgspec.UnsetType = msgspec.UNSET
    dialect: Literal["faithful"] | msgspec.UnsetType = msgspec.UNSET
    files: _Several | msgspec.UnsetType = msgspec.UNSET


def basis_of(subject: TraceSubject) -> tuple[str, tuple[str, ...]]:
    """The dialect in which the protocol of a trace was read, and the files that it is made of."""
    dialect = "strict" if subject.dialect is msgspec.UNSET else subject.dialect
    return dialect, (subject.source,) if subject.files is msgspec.UNSET else subject.files


class _Meta(TraceSubject, frozen=True, forbid_unknown_fields=True):
    var_types: dict[str, str] = msgspec.field(name="varTypes", default_factory=dict)
    form: Form = "states"


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    meta: _Meta = msgspec.field(name="#meta")
    vars: tuple[str, ...]
    states: list[_State]
    loop: _Index | None = None
    params: tuple[str, ...] = ()


class Moment(msgspec.Struct, frozen=True):
    """What a file claims of one state; in the form `changes` only what differs from before."""

    at: tuple[tuple[str, int], ...]
    queues: tuple[tuple[tuple[str, str], tuple[str, ...]], ...]


class TraceFile(msgspec.Struct, frozen=True):
    """A trace as read: steps, the index of the step where a lasso closes or -1, and its claims."""

    subject: TraceSubject
    steps: tuple[Step, ...]
    loop: int
    form: Form
    moments: tuple[Moment, ...]


_VAR_TYPES: Final = {"at": "Str -> Int", "queue": "<<Str, Str>> -> Seq(Str)"}
_VARS: Final = ("at", "queue")


def write_itf(trace: Trace, machines: Sequence[Machine], subject: TraceSubject) -> str:
    """The text of the ITF file of `trace`, which is replayed on the way.

    Equal inputs give equal text. Raises Defect when `machines` cannot make the steps, since then
    the trace is no evidence.
    """
    form: Form = "states" if (len(trace.steps) + 1) * len(machines) <= _FULL_ENTRIES else "changes"
    stepper = Stepper(machines)
    roles = [machine.role for machine in machines]
    first = _at(stepper, roles) if form == "states" else _At([])
    lines = [_encoded(_State(_StateMeta(0), first, _Queue([])))]
    for index, step in enumerate(trace.steps, start=1):
        divergence = stepper.make(step)
        if divergence is not None:
            raise Defect(f"step {index} of a trace does not replay: {divergence.reason}")
        changed = [(step.sender, step.receiver)]
        state = _State(
            _StateMeta(
                index,
                "send" if step.send else "receive",
                step.sender,
                step.receiver,
                step.label,
                _encodable(step.site.path),
                step.site.line,
            ),
            _at(stepper, roles if form == "states" else [step.actor]),
            _queue(stepper, sorted(stepper.queues) if form == "states" else changed),
        )
        lines.append(_encoded(state))
    meta = _Meta(
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
        files=subject.files
        if subject.files is msgspec.UNSET
        else tuple(map(_encodable, subject.files)),
        var_types=_VAR_TYPES,
        form=form,
    )
    parts = [f'"#meta": {_encoded(meta)}', f'"vars": {_encoded(_VARS)}']
    parts.append('"states": [\n' + ",\n".join(lines) + "\n]")
    if trace.loop >= 0:
        parts.append(f'"loop": {trace.loop}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _encoded(value: _State | _Meta | tuple[str, ...]) -> str:
    return msgspec.json.encode(value).decode()


def _encodable(path: str) -> str:
    """A path with the bytes that are not UTF-8 written out."""
    return path.encode("utf-8", "backslashreplace").decode()


def _at(stepper: Stepper, roles: Sequence[str]) -> _At:
    return _At([(role, _Int(str(stepper.state(role)))) for role in roles])


def _queue(stepper: Stepper, channels: Sequence[tuple[str, str]]) -> _Queue:
    return _Queue([(_Pair(channel), list(stepper.queues.get(channel, ()))) for channel in channels])


def read_trace(path: str) -> tuple[TraceFile, bytes]:
    """The trace in a file, and its content. Raises ItfError, also for what cannot be read."""
    try:
        content = read_bytes(path, MOST_BYTES)
    except Unreadable as error:
        raise ItfError(str(error)) from None
    return read_itf(content), content


def read_itf(text: str | bytes) -> TraceFile:
    """The trace in `text`. Raises ItfError for whatever `write_itf` would not have written.

    Nothing is replayed here: the steps and the claims about states are as the file has them.
    """
    if len(text) > MOST_BYTES:
        raise ItfError(f"the trace is larger than {MOST_BYTES} bytes")
    try:
        content = text.encode() if isinstance(text, str) else text
        file = msgspec.json.decode(without_mark(content), type=_File)
    except msgspec.ValidationError as error:
        raise ItfError(f"not a trace: {_first_line(error)}") from None
    except msgspec.DecodeError as error:
        raise ItfError(f"not JSON: {_first_line(error)}") from None
    except UnicodeError:
        raise ItfError("not UTF-8") from None
    except RecursionError:
        raise ItfError("not a trace: nested too deeply") from None
    if file.vars != _VARS:
        raise ItfError("not a trace: `vars` must be `at` and `queue`")
    if not file.states:
        raise ItfError("not a trace: there is no state")
    if isinstance(file.meta.formula, Formula) and (wrong := malformed(file.meta.formula)):
        raise ItfError(f"not a trace: in the formula, {wrong}")
    loop = -1 if file.loop is None else file.loop
    if loop >= len(file.states) - 1 and loop != -1:
        raise ItfError(
            f"not a trace: `loop` is {loop}, but the last step is {len(file.states) - 2}"
        )
    steps = tuple(_step(state.meta, index) for index, state in enumerate(file.states))[1:]
    moments = tuple(_moment(state, index) for index, state in enumerate(file.states))
    return TraceFile(file.meta, steps, loop, file.meta.form, moments)


def _first_line(error: Exception) -> str:
    words = str(error).partition("\n")[0]
    return words if len(words) <= 200 else f"{words[:200]}…"


def _step(meta: _StateMeta, index: int) -> Step:
    if meta.index != index:
        raise ItfError(f"not a trace: state {index} has the index {meta.index}")
    if index == 0 and meta.action:
        raise ItfError("not a trace: state 0 is the beginning and has no action")
    if index > 0 and not (meta.action and meta.sender and meta.receiver and meta.label):
        raise ItfError(f"not a trace: state {index} lacks its action, sender, receiver or label")
    site = Site(path=meta.path, line=meta.line)
    return Step(meta.action == "send", meta.sender, meta.receiver, meta.label, site)


def _moment(state: _State, index: int) -> Moment:
    at = tuple((role, int(number.text)) for role, number in state.at.entries)
    queues = tuple((pair.items, tuple(labels)) for pair, labels in state.queue.entries)
    if len(dict(at)) != len(at) or len(dict(queues)) != len(queues):
        raise ItfError(f"not a trace: state {index} maps a key twice")
    return Moment(at, queues)


def disagreement(file: TraceFile, machines: Sequence[Machine]) -> tuple[int, str] | None:
    """The first state of which `file` claims what a replay of its steps does not give.

    The index of the state and a sentence; None when all claims are true. Steps that cannot be
    made end the comparison: see `tellverify.evidence.trace_replay.replay`.
    """
    stepper = Stepper(machines)
    known = {machine.role for machine in machines}
    for index, moment in enumerate(file.moments):
        if index and stepper.make(file.steps[index - 1]) is not None:
            return None
        for role, state in moment.at:
            if role not in known:
                return index, f"the protocol has no role `{role}`"
            if stepper.state(role) != state:
                return index, f"`{role}` is in state {stepper.state(role)}, not {state}"
        for (sender, receiver), labels in moment.queues:
            if stepper.queues.get((sender, receiver), ()) != labels:
                return index, f"the queue from `{sender}` to `{receiver}` holds something else"
        if file.form == "states" and len([q for _, q in moment.queues if q]) != len(stepper.queues):
            return index, "a queue that is not empty is missing"
    return None


def trace_name(obligation: str) -> str:
    """The name of the trace of an obligation in the folder of its subject.

    `no-stuck-role.Courier.itf.json`. Names that a file name cannot hold are replaced, with a digest
    that keeps different obligations apart.
    """
    plain = obligation.replace(" -> ", "-to-").replace("[", ".").replace("]", "")
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
