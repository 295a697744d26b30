"""Machines from files: local types in the JSON forms of Telltale and Aura, and our own machines.

A file holds one or more JSON values:

- an object that maps roles to local types, as `project --format bridge` and `derived` write it;
- `{"role": .., "local_type": ..}`, or a list of such objects (`localType` is read as well);
- a validator's answer, an object with one of these under `projections`;
- machines of the schema `tellverify/machine-1`, as `project --format machine` writes them.

Forms may be mixed: each type is read in the form it is written in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, TypeAlias

import msgspec

from tellverify.formats.interchange import DEEPEST, InterchangeForm, ReadFault, read_value
from tellverify.formats.json_places import (
    Document,
    Json,
    NotJson,
    Pointer,
    Repeated,
    locate,
    read_documents,
    written,
)
from tellverify.formats.machine_json import SCHEMA, MachineFault, machine_of_value
from tellverify.formats.type_terms import after_messages, first_arm, first_fault, first_mention
from tellverify.model.local_type import ExternalChoice, InternalChoice, LocalType, Sort
from tellverify.model.machine import Action, Machine
from tellverify.model.run_end import state_after
from tellverify.model.step import Step
from tellverify.projection.unfold import NoMachine, machine_of_type
from tellverify.source.span import Span

_DERIVED: Final = frozenset({"Send", "Recv", "Mu", "Var"})
_TYPE_KEYS: Final = ("local_type", "localType")
_GLOBAL: Final = frozenset({"comm", "Comm"})


class FileFault(msgspec.Struct, frozen=True):
    """The error in the first wrong entry of a file, and its place.

    `kind` is "file", "term" or "conflict". `pointer` is the entry as a JSON pointer, with the
    number of the document where a file holds several.
    """

    kind: str
    reason: str
    pointer: str
    span: Span


class PayloadSort(NamedTuple):
    """The sort that a role gives to the payload of a label towards, or from, a peer."""

    send: bool
    peer: str
    label: str
    sort: Sort


class FiledMachine(msgspec.Struct, frozen=True):
    """A machine with the entry of the file it was read from.

    `sorts` has, where the form states them, the sorts of payloads in the order of the type.
    """

    machine: Machine
    value: Json
    pointer: Pointer
    document: Document
    number: int  # of the document, or 0 when the file holds one
    sorts: tuple[PayloadSort, ...] = ()

    def place(self, text: str, peer: str | None = None) -> tuple[str, Span]:
        """The entry as pointer and span; with `peer` its first message to or from that role."""
        return self._located(text, () if peer is None else first_mention(self.value, peer))

    def place_after(self, text: str, steps: Sequence[Step]) -> tuple[str, Span]:
        """Where the role is after its part in a run, as pointer and span."""
        if not isinstance(self.value, dict) or "schema" not in self.value:
            own = [(s.peer, s.label) for s in steps if s.actor == self.machine.role]
            return self._located(text, after_messages(self.value, own))
        return self._located(text, ("states", state_after(self.machine, steps)))

    def place_of_arm(self, text: str, peer: str, label: str) -> tuple[str, Span]:
        """The first arm that receives a message, as pointer and span."""
        if not isinstance(self.value, dict) or "schema" not in self.value:
            return self._located(text, first_arm(self.value, peer, label))
        wanted = Action(False, peer, label)
        inner: Pointer = ()
        for state, row in enumerate(self.machine.moves):
            for place, (action, _) in enumerate(row):
                if action == wanted and not inner:
                    inner = ("states", state, "moves", place)
        return self._located(text, inner)

    def _located(self, text: str, inner: Pointer) -> tuple[str, Span]:
        pointer = self.pointer + inner
        return _numbered(self.number, pointer), locate(text, self.document.start, pointer)


class _WrongFile(Exception):
    def __init__(self, kind: str, reason: str, pointer: Pointer) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason
        self.pointer = pointer


_Entry: TypeAlias = tuple[str, Json, Pointer]  # a role, its type or machine, and where that stands


def read_machines(text: str) -> list[FiledMachine] | FileFault:
    """The machines of a file in the order in which they stand there, or its first fault."""
    documents = read_documents(text)
    if isinstance(documents, NotJson):
        end = min(len(text), documents.offset + 1)
        return FileFault("file", f"no JSON: {documents.reason}", "", Span(documents.offset, end))
    found: list[FiledMachine] = []
    for place, document in enumerate(documents, 1):
        number = place if len(documents) > 1 else 0
        try:
            for role, value, pointer in _entries(document.value, ()):
                machine, sorts = _machine(role, value, pointer)
                found.append(FiledMachine(machine, value, pointer, document, number, sorts))
        except _WrongFile as wrong:
            span = locate(text, document.start, wrong.pointer)
            pointer_text = _numbered(number, wrong.pointer)
            return FileFault(wrong.kind, wrong.reason, pointer_text, span)
    if not found:
        return FileFault("file", "no role", "/", Span(0, min(1, len(text))))
    return found


def _numbered(number: int, pointer: Pointer) -> str:
    return f"{written(pointer)} of document {number}" if number else written(pointer)


def _entries(value: Json, pointer: Pointer) -> Iterator[_Entry]:
    """Roles and what stands for them in one document."""
    if isinstance(value, list):
        for place, each in enumerate(value):
            yield _record(each, (*pointer, place))
        return
    if not isinstance(value, dict):
        raise _WrongFile("file", "no machine and no object of local types by role", pointer)
    if isinstance(value, Repeated):
        raise _WrongFile("conflict", f"a second entry `{value.name}`", (*pointer, value.name))
    inner = value.get("projections")
    if isinstance(inner, dict | list) and not _is_type(inner):
        yield from _entries(inner, (*pointer, "projections"))
    elif isinstance(value.get("role"), str) or isinstance(value.get("schema"), str):
        yield _record(value, pointer)
    elif _is_type(value):
        raise _WrongFile("file", 'a type without a role; write `{"ROLE": TYPE}`', pointer)
    else:
        for role, each in value.items():
            yield role, each, (*pointer, role)


def _record(value: Json, pointer: Pointer) -> _Entry:
    """`{"role": .., "local_type": ..}`, or a machine of ours, which names its role itself."""
    if not isinstance(value, dict) or isinstance(value, Repeated):
        raise _WrongFile("file", "no object of a role and its local type", pointer)
    role = value.get("role")
    if not isinstance(role, str):
        raise _WrongFile("file", "an entry without the name of its `role`", pointer)
    if isinstance(value.get("schema"), str):
        return role, value, pointer
    keys = [key for key in _TYPE_KEYS if key in value]
    if len(keys) != 1:
        raise _WrongFile("file", f"not one `local_type` of `{role}`", pointer)
    for key in value:
        if key not in ("role", *keys):
            raise _WrongFile("file", f"the unknown field `{key}`", (*pointer, key))
    return role, value[keys[0]], (*pointer, keys[0])


def _is_type(value: Json) -> bool:
    if value == "End":
        return True
    if not isinstance(value, dict):
        return False
    is_derived = len(value) == 1 and bool(_DERIVED & value.keys())
    return isinstance(value.get("kind"), str) or (
        is_derived and not any(map(_is_type, value.values()))
    )


def _machine(role: str, value: Json, pointer: Pointer) -> tuple[Machine, tuple[PayloadSort, ...]]:
    if not role or any("\ud800" <= char <= "\udfff" for char in role):
        raise _WrongFile("file", "a role without a name that can be written", pointer)
    if isinstance(value, dict) and "schema" in value:
        return _own(role, value, pointer), ()
    is_bridge = isinstance(value, dict) and "kind" in value
    local = read_value(value, InterchangeForm.BRIDGE if is_bridge else InterchangeForm.DERIVED)
    if isinstance(local, ReadFault):
        inner = _pointer_of(local.path)
        reason = _words(local.reason, inner, value)
        if local.reason == "missing-field":
            inner = inner[:-1]
        raise _WrongFile("file", reason, (*pointer, *inner))
    machine = machine_of_type(local, role)
    if isinstance(machine, NoMachine):
        kind = "conflict" if machine.reason == "own-partner" else "term"
        where = first_fault(value, machine.reason, machine.name)
        raise _WrongFile(
            kind, _TERM_FAULTS[machine.reason].format(name=machine.name), pointer + where
        )
    return machine, _sorts(local)


def _sorts(local: LocalType) -> tuple[PayloadSort, ...]:
    found: dict[PayloadSort, None] = {}
    for node in local.nodes:
        if isinstance(node, InternalChoice | ExternalChoice):
            send = isinstance(node, InternalChoice)
            for each in node.alternatives:
                found[PayloadSort(send, node.partner, each.label, each.sort)] = None
    return tuple(found)


def _own(role: str, value: dict[str, Json], pointer: Pointer) -> Machine:
    if value["schema"] != SCHEMA:
        raise _WrongFile("file", f"a schema other than `{SCHEMA}`", (*pointer, "schema"))
    machine = machine_of_value(value)
    if isinstance(machine, MachineFault):
        kind = "conflict" if machine.contradicts else "file"
        raise _WrongFile(kind, machine.reason, pointer + machine.pointer)
    if machine.role != role:
        reason = f"a machine of `{machine.role}` under the name of `{role}`"
        raise _WrongFile("conflict", reason, (*pointer, "role"))
    return machine


_TERM_FAULTS: Final = {
    "unbound-variable": "the variable `{name}`, which nothing binds",
    "unguarded": "the variable `{name}` leads back to itself without a message",
    "empty-choice": "a choice without branches",
    "label-twice": "a second branch with the label `{name}`",
    "own-partner": "a message of `{name}` to itself",
    "too-large": "giving every binder its own name makes the type too large",
}
_READ_FAULTS: Final = {
    "too-deep": f"a type of more than {DEEPEST} levels",
    "missing-field": "the field `{name}` is missing",
    "unexpected-field": "the unknown field `{name}`",
    "repeated-field": "a second field `{name}`",
    "unknown-kind": "no local type: it neither sends, receives, repeats nor ends",
    "invalid-sort": "no sort of a payload",
    "invalid-value": "a value of another kind than the form has here",
    "expected-object": "no object, where the form has one",
}


def _words(reason: str, inner: Pointer, value: Json) -> str:
    if reason == "unknown-kind" and isinstance(value, dict):
        kinds = {value.get("kind") if isinstance(value.get("kind"), str) else "", *value}
        if not inner[:-1] and kinds & _GLOBAL:
            return "a global type, where the local type of a role belongs"
    return _READ_FAULTS[reason].format(name=inner[-1] if inner else "")


def _pointer_of(path: str) -> Pointer:
    """`$.branches[0].label` as a pointer; only the last name may be one that no form has."""
    parts: list[str | int] = []
    rest = path[1:]
    while rest:
        if rest[0] == "[":
            number, _, rest = rest[1:].partition("]")
            parts.append(int(number))
            continue
        name = next((n for n in _NAMES if rest[1:].startswith(n) and _ends(rest, n)), rest[1:])
        parts.append(name)
        rest = rest[1 + len(name) :]
    return tuple(parts)


_NAMES: Final = (
    *("kind", "name", "var", "body", "partner", "branches", "label", "continuation", "sort"),
    *("Var", "Mu", "Send", "Recv"),
)


def _ends(rest: str, name: str) -> bool:
    return rest[1 + len(name) :][:1] in ("", ".", "[")
