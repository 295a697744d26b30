"""A stepper for any protocol, passing ones too: every enabled event is a button.

The page carries the machines as data; the script that plays them is `assets/player.js`, with the
meaning of `model.semantics`: one queue for each ordered pair of roles, sends always enabled.
"""

from __future__ import annotations

import json
from typing import Final

from tellverify.model.roles import family_of
from tellverify.report.escape import printable
from tellverify.report.tags import EMPTY, Html, element, escaped
from tellverify.verdict.drawing import Drawing, Drawings, Move

_MOST_ROLES: Final = 16


def player(drawings: Drawings, roles: tuple[str, ...], title: str) -> Html:
    """The stepper, or nothing where a machine is missing or the roles are too many."""
    machines = {role: machine for one in drawings.machines for role, machine in _each(one)}
    acting = [role for role in roles if role in machines]
    partners = {
        partner
        for machine in machines.values()
        for move in machine.moves
        for partner in (move.sender, move.receiver)
    }
    if not acting or len(acting) > _MOST_ROLES or not partners <= set(acting):
        return EMPTY
    data = {
        "roles": [printable(role) for role in acting],
        "machines": [_machine(machines[role], role, acting) for role in acting],
    }
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c")
    at = f" with {drawings.instance}" if drawings.instance else ""
    summary = element("summary", escaped(f"Step through the protocol{at}"))
    lead = element(
        "p",
        escaped("Each button is an event that is possible now. "),
        escaped("With faults, the head of a queue may be lost and a role may crash."),
        class_="quiet",
    )
    return element(
        "details",
        summary,
        lead,
        element("div", class_="player", role="group", aria_label=f"Steps of {title}"[:80]),
        element("script", Html(text), type="application/json"),
        class_="playing",
    )


def _each(machine: Drawing) -> list[tuple[str, Drawing]]:
    """The machine of each role that `machine` stands for, as far as renaming gives it."""
    first, *others = machine.roles
    family = family_of(first)
    found = [(first, machine)]
    if others and any(
        name != first and family_of(name) == family
        for move in machine.moves
        for name in (move.sender, move.receiver)
    ):
        return found
    for other in others:
        moves = tuple(_renamed(move, first, other) for move in machine.moves)
        found.append((other, Drawing((other,), machine.states, machine.final, moves)))
    return found


def _renamed(move: Move, old: str, new: str) -> Move:
    sender = new if move.sender == old else move.sender
    receiver = new if move.receiver == old else move.receiver
    return Move(move.source, move.target, sender, receiver, move.label, move.line)


def _machine(machine: Drawing, role: str, roles: list[str]) -> dict[str, object]:
    """`moves[i]` is [source, target, 1 if it sends, partner, label, line]."""
    number = {name: at for at, name in enumerate(roles)}
    moves = []
    for move in machine.moves:
        sends = move.sender == role
        partner = number[move.receiver if sends else move.sender]
        moves.append(
            [move.source, move.target, int(sends), partner, printable(move.label), move.line]
        )
    return {"final": list(machine.final), "moves": moves}
