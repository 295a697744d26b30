"""Machines as files of evidence: what traces of `check --machines` are runs of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final, TypeAlias

import msgspec

from tellverify.evidence.graph_file import MACHINES_NAME as MACHINES_NAME
from tellverify.evidence.graph_file import NeutralGraph, Number
from tellverify.model.configuration import Configuration
from tellverify.model.futures import connected_groups, futures
from tellverify.model.graph import ProtocolGraph
from tellverify.model.machine import Action, Machine
from tellverify.model.semantics import System
from tellverify.model.site import Site

MACHINES_SCHEMA: Final = "tellverify/machines-1"

_MOST_ENTRIES: Final = 10_000_000

Message: TypeAlias = tuple[str, str, str, int, str]  # roles, label, and the line and file it is in
_Direction: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=1)]


class MachineRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The machine of a role, state 0 initial.

    A move is `(1 for a send or 0, peer, label, state)`.
    """

    role: str
    final: list[Number]
    moves: list[list[tuple[_Direction, str, str, Number]]]


class MachinesFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Machines with the files they were read from, and the graph they were compared with."""

    schema: str
    protocol: str
    sources: list[tuple[str, str]]  # paths and SHA-256 sums
    machines: list[MachineRow]
    graph: NeutralGraph | None = None


def row_of(machine: Machine) -> MachineRow:
    """A machine as a row of a file."""
    return MachineRow(
        machine.role,
        [state for state, is_final in enumerate(machine.final) if is_final],
        [[(int(a.send), a.peer, a.label, to) for a, to in row] for row in machine.moves],
    )


def write_machines(file: MachinesFile) -> str:
    """The text of a file of machines, a line for each machine."""
    head = msgspec.json.encode(msgspec.structs.replace(file, machines=[], graph=None)).decode()
    rows = ",\n".join(msgspec.json.encode(row).decode() for row in file.machines)
    graph = f',"graph":{msgspec.json.encode(file.graph).decode()}' if file.graph else ""
    return head.removesuffix("]}") + f"\n{rows}\n]{graph}}}\n"


def machines_of(file: MachinesFile) -> list[Machine] | str:
    """The machines of a file, or why some row is none: the first one, in words."""
    roles = [row.role for row in file.machines]
    if len(set(roles)) != len(roles) or not all(roles):
        return "a role is listed twice or has no name"
    for row in file.machines:
        count = len(row.moves)
        actions = [[move[:3] for move in state] for state in row.moves]
        peers = {move[1] for state in row.moves for move in state}
        targets = [move[3] for state in row.moves for move in state]
        known = peers <= set(roles) - {row.role}
        ordered = sorted(set(row.final)) == row.final
        if not (count and known and ordered) or max([*targets, *row.final, 0]) >= count:
            return f"the machine of `{row.role}` names roles or states that do not exist"
        if any(len(set(state)) < len(state) for state in actions):
            return f"the machine of `{row.role}` has two equal moves"
    return [
        Machine(
            row.role,
            tuple(
                tuple((Action(bool(send), peer, label), to) for send, peer, label, to in state)
                for state in row.moves
            ),
            tuple(state in set(row.final) for state in range(len(row.moves))),
        )
        for row in file.machines
    ]


def graph_of(neutral: NeutralGraph, name: str) -> ProtocolGraph:
    """A graph in the neutral form as a protocol graph without places."""
    first = [0] * (neutral.states + 1)
    for source, *_ in neutral.events:
        first[source + 1] += 1
    for state in range(neutral.states):
        first[state + 1] += first[state]
    return ProtocolGraph(
        name=name,
        roles=neutral.roles,
        labels=neutral.labels,
        first=first,
        sender=[event[1] for event in neutral.events],
        receiver=[event[2] for event in neutral.events],
        label=[event[3] for event in neutral.events],
        target=[event[4] for event in neutral.events],
        site=[0] * len(neutral.events),
        final=bytearray(state in set(neutral.final) for state in range(neutral.states)),
        sites=(Site(),),
    )


def messages_of(file: MachinesFile) -> tuple[list[Machine], set[Message]]:
    """The machines, and their messages `(sender, receiver, label, 0, "")`, which stand nowhere.

    Raises ValueError when a row is no machine.
    """
    machines = machines_of(file)
    if isinstance(machines, str):
        raise ValueError(machines)
    actions = [(m.role, a) for m in machines for row in m.moves for a, _ in row]
    ends = [(role, a.peer) if a.send else (a.peer, role) for role, a in actions]
    return machines, {(*pair, a.label, 0, "") for pair, (_, a) in zip(ends, actions, strict=True)}


def can_end(machines: list[Machine], start: Configuration, most: int) -> bool | None:
    """Whether some run from `start` ends with all finished and nothing queued.

    None when that is not known after `most` configurations, or a total of `_MOST_ENTRIES` states
    and queued messages in them: where a queue grows, each configuration is longer than the last.
    Roles that exchange no message are looked at group by group.
    """
    found = futures(start, machines)
    for machine, states in zip(machines, found.states, strict=True):
        if not any(machine.final[state] for state in states):
            return False
    number = {machine.role: n for n, machine in enumerate(machines)}
    answers = []
    for roles in connected_groups(machines):
        group = [machines[number[role]] for role in roles]
        queues = tuple(each for each in start.queues if each[0][0] in set(roles))
        here = Configuration(tuple(start.states[number[role]] for role in roles), queues)
        answers.append(_can_end(group, here, most))
    if False in answers:
        return False
    return None if None in answers else True


def can_be_served(
    machines: Sequence[Machine], start: Configuration, roles: Sequence[str], most: int
) -> bool | None:
    """Whether some run from `start` lets one of `roles` move; None as for `can_end`."""
    number = {machine.role: n for n, machine in enumerate(machines)}
    system = System(machines)
    wanted = {number[role] for role in roles if role in number}
    seen = {start}
    work = [start]
    entries = 0
    for configuration in work:
        entries += len(configuration.states) + sum(len(queue) for _, queue in configuration.queues)
        for step, successor in system.enabled(configuration):
            if number[step.actor] in wanted:
                return True
            if successor not in seen:
                seen.add(successor)
                work.append(successor)
        if len(seen) > most or entries > _MOST_ENTRIES:
            return None
    return False


def _can_end(machines: list[Machine], start: Configuration, most: int) -> bool | None:
    system = System(machines)
    seen = {start}
    work = [start]
    entries = 0
    for configuration in work:
        entries += len(configuration.states) + sum(len(queue) for _, queue in configuration.queues)
        if not configuration.queues and system.is_final(configuration):
            return True
        for _, successor in system.enabled(configuration):
            if successor not in seen:
                seen.add(successor)
                work.append(successor)
        if len(seen) > most or entries > _MOST_ENTRIES:
            return None
    return False
