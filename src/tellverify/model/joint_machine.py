"""The machines of several versions of one role, run side by side on the same actions.

The *pair machine* of a role has states (a, b): a of the old machine or missing, b of the new one
or missing. Action x leads to (a after x, b after x), where a version that cannot do x goes
missing. A run of the pair machine that ends in a state with version v is exactly a run of version
v, so one search with such machines is a search of every combination of versions at once
(family-based model checking of featured transition systems: Classen et al., ICSE 2010).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from tellverify.model.machine import Action, Machine

MISSING: Final = -1  # in the place of a version that has no such run


class JointMachine(msgspec.Struct, frozen=True):
    """Versions of one role and the machine that runs them side by side.

    `states[s][v]` is the state of version v in state s of `machine`, or `MISSING`; `alive[s]` has
    bit v for the versions that are there. The machine may stop where one of the versions may.
    """

    machine: Machine
    versions: tuple[Machine, ...]
    states: tuple[tuple[int, ...], ...]
    alive: tuple[int, ...]

    @property
    def role(self) -> str:
        """The role that all versions play."""
        return self.machine.role

    @property
    def whole(self) -> int:
        """The mask of all versions."""
        return (1 << len(self.versions)) - 1

    @property
    def are_alike(self) -> bool:
        """True when all versions have the same runs and may stop after the same ones."""
        return all(
            MISSING not in row
            and len({v.final[s] for v, s in zip(self.versions, row, strict=True)}) == 1
            for row in self.states
        )


def joint_machine(versions: Sequence[Machine]) -> JointMachine:
    """The joint machine of `versions`, which all play one role.

    States are numbered breadth-first, in the order in which the versions list their moves. Raises
    ValueError when there is no version, or when they play different roles.
    """
    roles = {version.role for version in versions}
    if len(roles) != 1:
        raise ValueError("the versions of one role are needed")
    if len(versions) == 1:
        only = versions[0]
        states = tuple((state,) for state in range(only.state_count))
        return JointMachine(only, (only,), states, (1,) * only.state_count)
    rows = [[dict(row) for row in version.moves] for version in versions]
    start = (0,) * len(versions)
    number = {start: 0}
    order = [start]
    moves: list[tuple[tuple[Action, int], ...]] = []
    for here in order:
        actions = {
            action: None
            for version, state in zip(versions, here, strict=True)
            if state != MISSING
            for action, _ in version.moves[state]
        }
        row = []
        for action in actions:
            target = tuple(
                MISSING if state == MISSING else rows[v][state].get(action, MISSING)
                for v, state in enumerate(here)
            )
            if target not in number:
                number[target] = len(order)
                order.append(target)
            row.append((action, number[target]))
        moves.append(tuple(row))
    alive = tuple(sum(1 << v for v, s in enumerate(here) if s != MISSING) for here in order)
    final = tuple(
        any(s != MISSING and version.final[s] for version, s in zip(versions, here, strict=True))
        for here in order
    )
    machine = Machine(versions[0].role, tuple(moves), final)
    return JointMachine(machine, tuple(versions), tuple(order), alive)


def absent_machine(role: str) -> Machine:
    """What a role does in a version that does not have it: nothing, and it has terminated."""
    return Machine(role, ((),), (True,))
