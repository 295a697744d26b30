"""Machines as JSON, schema `tellverify/machine-1`."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from tellverify.formats.json_places import Json, Pointer, Repeated
from tellverify.model.machine import Action, Machine

SCHEMA: Final = "tellverify/machine-1"


class _Move(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    action: Literal["send", "receive"]
    peer: str
    label: str
    to: int


class _JsonState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    final: bool
    moves: list[_Move]


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema: Literal["tellverify/machine-1"]
    role: str
    states: list[_JsonState]


class MachineFault(msgspec.Struct, frozen=True):
    """The first entry of a value that keeps it from being a machine, and where it stands.

    `contradicts` is False when the entry has the wrong form, True when it cannot be meant.
    """

    reason: str
    pointer: Pointer
    contradicts: bool = False


class _WrongJson(Exception):
    def __init__(self, reason: str, *pointer: str | int, contradicts: bool = False) -> None:
        super().__init__(reason)
        self.fault = MachineFault(reason, pointer, contradicts)


def write_machine(machine: Machine) -> str:
    """`machine` as one line of JSON; states are numbered by position, 0 is initial."""
    states = [
        _JsonState(
            final,
            [_Move("send" if a.send else "receive", a.peer, a.label, to) for a, to in row],
        )
        for row, final in zip(machine.moves, machine.final, strict=True)
    ]
    return msgspec.json.encode(_Document("tellverify/machine-1", machine.role, states)).decode()


def machine_of_value(value: Json) -> Machine | MachineFault:
    """The machine that a JSON value says; `Repeated` objects are faults.

    It is deterministic, its targets exist, and no message is of the role to itself.
    """
    try:
        return _machine(value)
    except _WrongJson as error:
        return error.fault


def _machine(value: Json) -> Machine:
    record = _record(value, ("schema", "role", "states"))
    if record["schema"] != SCHEMA:
        raise _WrongJson(f"a schema other than `{SCHEMA}`", "schema")
    role, states = record["role"], record["states"]
    if not _is_name(role):
        raise _WrongJson("no name of a role", "role")
    if not isinstance(states, list):
        raise _WrongJson("no list of states", "states")
    if not states:
        raise _WrongJson("there is no state", "states", contradicts=True)
    final: list[bool] = []
    moves: list[tuple[tuple[Action, int], ...]] = []
    for number, each in enumerate(states):
        state = _record(each, ("final", "moves"), "states", number)
        is_final, row = state["final"], state["moves"]
        if not isinstance(is_final, bool):
            raise _WrongJson("neither true nor false", "states", number, "final")
        if not isinstance(row, list):
            raise _WrongJson("no list of moves", "states", number, "moves")
        final.append(is_final)
        moves.append(_row(row, str(role), number, len(states)))
    return Machine(role=str(role), moves=tuple(moves), final=tuple(final))


def _row(row: list[Json], role: str, number: int, count: int) -> tuple[tuple[Action, int], ...]:
    found: dict[Action, int] = {}
    for place, each in enumerate(row):
        where = ("states", number, "moves", place)
        move = _record(each, ("action", "peer", "label", "to"), *where)
        kind, peer, label, to = (move[name] for name in ("action", "peer", "label", "to"))
        if kind not in ("send", "receive"):
            raise _WrongJson("an action that is neither `send` nor `receive`", *where, "action")
        if not _is_name(peer):
            raise _WrongJson("no name of a role", *where, "peer")
        if not _is_name(label):
            raise _WrongJson("no name of a message", *where, "label")
        if not isinstance(to, int) or isinstance(to, bool):
            raise _WrongJson("no number of a state", *where, "to")
        if not 0 <= to < count:
            reason = f"state {number} moves to {to}, which does not exist"
            raise _WrongJson(reason, *where, "to", contradicts=True)
        if peer == role:
            reason = f"state {number} has a message of the role to itself"
            raise _WrongJson(reason, *where, "peer", contradicts=True)
        action = Action(kind == "send", str(peer), str(label))
        if action in found:
            raise _WrongJson(f"state {number} has two moves `{action}`", *where, contradicts=True)
        found[action] = to
    return tuple(found.items())


def _record(value: Json, names: tuple[str, ...], *where: str | int) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise _WrongJson("no object, where the form has one", *where)
    if isinstance(value, Repeated):
        raise _WrongJson(f"a second field `{value.name}`", *where, value.name)
    for name in value:
        if name not in names:
            raise _WrongJson(f"the unknown field `{name}`", *where, name)
    for name in names:
        if name not in value:
            raise _WrongJson(f"the field `{name}` is missing", *where)
    return value


def _is_name(value: Json) -> bool:
    return (
        isinstance(value, str)
        and bool(value)
        and not any("\ud800" <= char <= "\udfff" for char in value)
    )
