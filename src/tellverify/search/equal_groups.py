"""Groups of machines that differ only in the names of roles and labels."""

from __future__ import annotations

from collections.abc import Sequence

from tellverify.model.machine import Action, Machine
from tellverify.model.step import Step


def without_names(machines: Sequence[Machine]) -> tuple[Machine, ...]:
    """`machines` with numbers for roles, and for the labels of each channel as they occur."""
    number = {machine.role: str(n) for n, machine in enumerate(machines)}
    labels: dict[tuple[str, str], dict[str, str]] = {}

    def plain(role: str, action: Action) -> Action:
        channel = (role, action.peer) if action.send else (action.peer, role)
        known = labels.setdefault(channel, {})
        label = known.setdefault(action.label, str(len(known)))
        return Action(action.send, number.get(action.peer, ""), label)

    return tuple(
        Machine(
            number[machine.role],
            tuple(
                tuple((plain(machine.role, action), target) for action, target in row)
                for row in machine.moves
            ),
            machine.final,
        )
        for machine in machines
    )


def renamed_run(
    steps: Sequence[Step], machines: Sequence[Machine], others: Sequence[Machine]
) -> tuple[Step, ...]:
    """A run of `machines` as one of `others`, which differ from them in names alone."""
    number = {machine.role: n for n, machine in enumerate(machines)}
    states = [0] * len(machines)
    found = []
    for step in steps:
        role = number[step.actor]
        peer = step.receiver if step.send else step.sender
        row = machines[role].moves[states[role]]
        action = Action(step.send, peer, step.label)
        place = next(n for n, (offered, _) in enumerate(row) if offered == action)
        other, target = others[role].moves[states[role]][place]
        states[role] = target
        name = others[role].role
        ends = (name, other.peer) if other.send else (other.peer, name)
        found.append(Step(other.send, *ends, other.label))
    return tuple(found)
