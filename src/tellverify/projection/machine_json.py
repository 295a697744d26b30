"""Machines as JSON, schema `tellverify/machine-1`."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from tellverify.core.machine import Action, Machine

SCHEMA: Final = "tellverify/machine-1"


class _Move(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    action: Literal["send", "receive"]
    peer: str
    label: str
    to: int


class _State(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    final: bool
    moves: list[_Move]


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema: Literal["tellverify/machine-1"]
    role: str
    states: list[_State]


class NotAMachine(msgspec.Struct, frozen=True):
    """A text is no machine; `reason` says why, in words."""

    reason: str


def write_machine(machine: Machine) -> str:
    """`machine` as one line of JSON; states are numbered by position, 0 is initial."""
    states = [
        _State(
            final,
            [_Move("send" if a.send else "receive", a.peer, a.label, to) for a, to in row],
        )
        for row, final in zip(machine.moves, machine.final, strict=True)
    ]
    return msgspec.json.encode(_Document("tellverify/machine-1", machine.role, states)).decode()


def read_machine(text: str | bytes) -> Machine | NotAMachine:
    """The machine that `text` says. Deterministic, with targets in range and no own messages."""
    try:
        found = msgspec.json.decode(text, type=_Document)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        return NotAMachine(str(error))
    if not found.states:
        return NotAMachine("there is no state")
    moves: list[tuple[tuple[Action, int], ...]] = []
    for number, state in enumerate(found.states):
        row: dict[Action, int] = {}
        for move in state.moves:
            action = Action(move.action == "send", move.peer, move.label)
            if not 0 <= move.to < len(found.states):
                return NotAMachine(f"state {number} moves to {move.to}, which does not exist")
            if move.peer == found.role:
                return NotAMachine(f"state {number} has a message of the role to itself")
            if action in row:
                return NotAMachine(f"state {number} has two moves `{action}`")
            row[action] = move.to
        moves.append(tuple(row.items()))
    final = tuple(state.final for state in found.states)
    return Machine(role=found.role, moves=tuple(moves), final=final)
