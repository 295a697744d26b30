"""Traces as files: Apalache's Informal Trace Format, ITF JSON (Apalache ADR 015).

State 0 is where every machine begins; state i is what step i leads to. `at` maps a role to the
number of its local state, `queue` maps a channel to the labels in it. A long run of many roles has
the form `changes`: a state lists only what differs from the state before it.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias

import msgspec

from tellverify.evidence.graph_file import MOST_BYTES as MOST_BYTES
from tellverify.evidence.trace_replay import Stepper
from tellverify.model.delivery import Delivery
from tellverify.model.fault import Fault
from tellverify.model.site import Site
from tellverify.model.step import Step

if TYPE_CHECKING:
    from tellverify.model.failure import Outage

_FULL_ENTRIES: Final = 200_000

Form: TypeAlias = Literal["states", "changes"]
_Several: TypeAlias = Annotated[tuple[str, ...], msgspec.Meta(min_length=2)]
_Index: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]


class ItfError(Exception):
    """A file that is not a trace as we write them; the message says where and why."""


class ItfInt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    text: Annotated[str, msgspec.Meta(pattern="^(0|[1-9][0-9]{0,8})$")] = msgspec.field(
        name="#bigint"
    )


class ItfPair(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    items: tuple[str, str] = msgspec.field(name="#tup")


class ItfAt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    entries: list[tuple[str, ItfInt]] = msgspec.field(name="#map")


class ItfQueue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    entries: list[tuple[ItfPair, list[str]]] = msgspec.field(name="#map")


class ItfStateMeta(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    index: _Index
    action: Literal["send", "receive", "timeout", "cancel", ""] = ""
    sender: str = ""
    receiver: str = ""
    label: str = ""
    path: str = ""
    line: _Index = 0
    scope: _Index | msgspec.UnsetType = msgspec.UNSET
    delivery: Delivery = Delivery.FIFO


class ItfState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    meta: ItfStateMeta = msgspec.field(name="#meta")
    at: ItfAt
    queue: ItfQueue


class TraceSubject(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a trace is evidence for: a file, a protocol, an obligation and the fault it shows.

    A property of the user has its `formula`, in JSON as `evidence.formula_run` reads it; so has an
    event that a witness reaches. `dialect` and
    `files` are unset for the strict dialect and for a protocol that stands in `source` alone.
    `late` and `fire` are set of a protocol with timeouts: its policies.
    `scenario` has the rules of the faults that the run keeps to, `outages` what fails in it beside
    messages, in JSON as `evidence.fault_run` reads it, and `decision` what it breaks, where that is
    about decisions of roles.
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
    formula: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    dialect: Literal["faithful"] | msgspec.UnsetType = msgspec.UNSET
    files: _Several | msgspec.UnsetType = msgspec.UNSET
    late: Literal["attempts", "keep", "own"] | msgspec.UnsetType = msgspec.UNSET
    fire: Literal["waits", "any"] | msgspec.UnsetType = msgspec.UNSET
    scenario: str | msgspec.UnsetType = msgspec.UNSET
    outages: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    decision: str | msgspec.UnsetType = msgspec.UNSET


def basis_of(subject: TraceSubject) -> tuple[str, tuple[str, ...]]:
    """The dialect in which the protocol of a trace was read, and the files that it is made of."""
    dialect = "strict" if subject.dialect is msgspec.UNSET else subject.dialect
    return dialect, (subject.source,) if subject.files is msgspec.UNSET else subject.files


class ItfMeta(TraceSubject, frozen=True, forbid_unknown_fields=True):
    var_types: dict[str, str] = msgspec.field(name="varTypes", default_factory=dict)
    form: Form = "states"


class ItfFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    meta: ItfMeta = msgspec.field(name="#meta")
    vars: tuple[str, ...]
    states: list[ItfState]
    loop: _Index | None = None
    params: tuple[str, ...] = ()


class TraceFile(msgspec.Struct, frozen=True):
    """A trace as read: steps, the index of the step where a lasso closes or -1, and its file."""

    subject: ItfMeta
    steps: tuple[Step, ...]
    loop: int
    filed: ItfFile
    outages: tuple[Outage, ...] = ()

    @property
    def has_faults(self) -> bool:
        """True of a run of a scenario, or one that breaks a decision of roles."""
        of = self.subject
        stated = [one is not msgspec.UNSET for one in (of.scenario, of.outages, of.decision)]
        return any(stated) or any(step.delivery for step in self.steps)


VAR_TYPES: Final = {"at": "Str -> Int", "queue": "<<Str, Str>> -> Seq(Str)"}
VARS: Final = ("at", "queue")


def form_of(steps: int, roles: int) -> Form:
    """The form of a run with these numbers of steps and roles."""
    return "states" if (steps + 1) * roles <= _FULL_ENTRIES else "changes"


def state_of(
    meta: ItfStateMeta, stepper: Stepper, form: Form, roles: Sequence[str], step: Step | None
) -> ItfState:
    """What a file in `form` says behind `step`, None at the beginning, where `stepper` is now."""
    queues: Sequence[tuple[tuple[str, str], tuple[str, ...]]] = sorted(stepper.queues.items())
    if form == "changes":
        channels = [] if step is None else [(step.sender, step.receiver)]
        roles = [] if step is None else [step.actor]
        queues = [(channel, stepper.queues.get(channel, ())) for channel in channels]
    at = ItfAt([(role, ItfInt(str(stepper.state(role)))) for role in roles])
    return ItfState(meta, at, ItfQueue([(ItfPair(pair), list(queue)) for pair, queue in queues]))


def rendered(meta: ItfMeta, states: Sequence[ItfState], loop: int) -> str:
    """The one text of a file: a line for each state."""
    lines = [msgspec.json.encode(state).decode() for state in states]
    head = msgspec.json.encode(meta).decode()
    parts = [f'"#meta": {head}', f'"vars": {msgspec.json.encode(VARS).decode()}']
    parts.append('"states": [\n' + ",\n".join(lines) + "\n]")
    if loop >= 0:
        parts.append(f'"loop": {loop}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def read_itf(text: str | bytes) -> TraceFile:
    """The trace in `text`, not replayed. Raises ItfError for what `write_itf` does not write."""
    if len(text) > MOST_BYTES:
        raise ItfError(f"the trace is larger than {MOST_BYTES} bytes")
    try:
        content = text.encode() if isinstance(text, str) else text
        file = msgspec.json.decode(content.removeprefix(BOM_UTF8), type=ItfFile)
    except msgspec.ValidationError as error:
        raise ItfError(f"not a trace: {_first_line(error)}") from None
    except msgspec.DecodeError as error:
        raise ItfError(f"not JSON: {_first_line(error)}") from None
    except UnicodeError:
        raise ItfError("not UTF-8") from None
    except RecursionError:
        raise ItfError("not a trace: nested too deeply") from None
    if file.vars != VARS:
        raise ItfError("not a trace: `vars` must be `at` and `queue`")
    if not file.states:
        raise ItfError("not a trace: there is no state")
    loop = -1 if file.loop is None else file.loop
    last = len(file.states) - 2
    if loop > last:
        raise ItfError(f"not a trace: `loop` is {loop}, but the last step is {last}")
    steps = tuple(_step(state, index) for index, state in enumerate(file.states))[1:]
    if isinstance(file.meta.outages, msgspec.UnsetType):
        return TraceFile(file.meta, steps, loop, file)
    from tellverify.evidence.fault_run import outages_of

    return TraceFile(file.meta, steps, loop, file, outages_of(file.meta.outages))


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:200]


def _step(state: ItfState, index: int) -> Step:
    meta = state.meta
    if meta.index != index:
        raise ItfError(f"not a trace: state {index} has the index {meta.index}")
    if index == 0 and meta.action:
        raise ItfError("not a trace: state 0 is the beginning and has no action")
    if index > 0 and not (meta.action and meta.sender and meta.receiver and meta.label):
        raise ItfError(f"not a trace: state {index} lacks its action, sender, receiver or label")
    for entries in (state.at.entries, state.queue.entries):
        if len({key for key, _ in entries}) != len(entries):
            raise ItfError(f"not a trace: state {index} maps a key twice")
    site = Site(path=meta.path, line=meta.line)
    if (meta.action in ("timeout", "cancel")) == (meta.scope is msgspec.UNSET):
        raise ItfError(f"not a trace: state {index} lacks its scope, or has no timer")
    ends = (meta.sender, meta.receiver)
    if meta.scope is not msgspec.UNSET:
        return Step(False, *ends, meta.label, site, meta.action, meta.scope)
    return Step(meta.action == "send", *ends, meta.label, site, delivery=meta.delivery)
