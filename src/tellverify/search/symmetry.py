"""Role families whose members may be exchanged: one configuration for all that differ in names.

The members `Workers[0]`, `Workers[1]`, .. are exchangeable when renaming two of them into each
other, in every family at once, gives the same machines again. Then so is every configuration, and
whatever a property that names no member says of one holds of the other (Clarke, Enders, Filkorn,
Jha, Formal Methods in System Design 9, 1996, section 3). A coordinator that serves its workers in
order tells them apart; there is no symmetry then.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from tellverify.model.machine import Action, Machine
from tellverify.search.encoding import CompiledSystem

_MEMBER: Final = re.compile(r"(.*)\[(\d{1,6})\]")


class Symmetry:
    """Representatives of orbits: the columns of bits of all members in ascending order.

    Channels between different members stay where they are told by position; where there are some,
    an orbit may have several representatives, which costs configurations but no answer.
    """

    def __init__(self, system: CompiledSystem, members: Sequence[int]) -> None:
        fields = _fields(system, members)
        self._columns = tuple(tuple(fields[member]) for member in members)
        self._rest = (1 << system.width) - 1
        for column in self._columns:
            for offset, width in column:
                self._rest &= ~(((1 << width) - 1) << offset)

    def representative(self, configuration: int) -> int:
        """The configuration that stands for all that differ from this one by exchanged members."""
        values = [
            [(configuration >> offset) & ((1 << width) - 1) for offset, width in column]
            for column in self._columns
        ]
        ordered = sorted(values)
        if ordered == values:
            return configuration
        found = configuration & self._rest
        for column, content in zip(self._columns, ordered, strict=True):
            for (offset, _), value in zip(column, content, strict=True):
                found |= value << offset
        return found


def symmetry_of(system: CompiledSystem) -> Symmetry | None:
    """The symmetry of the role families, or None when members are not exchangeable.

    Members that talk to other members are not taken, since their channels cannot be sorted.
    """
    members = sorted({number for number in map(_index, system.roles) if number is not None})
    if len(members) < 2:
        return None
    for p, q in system.queues:
        if None not in (_index(p), _index(q)) and _index(p) != _index(q):
            return None
    machines = {machine.role: machine for machine in system.machines}
    for left, right in pairwise(members):
        swapped = {left: right, right: left}
        for machine in machines.values():
            role = _renamed(machine.role, swapped)
            if role not in machines or not _is_same(machine, machines[role], swapped):
                return None
    return Symmetry(system, members) if _fits(system, members) else None


def _index(role: str) -> int | None:
    match = _MEMBER.fullmatch(role)
    return int(match[2]) if match else None


def _family(role: str) -> str:
    match = _MEMBER.fullmatch(role)
    return f"{match[1]}[]" if match else role


def _renamed(role: str, swapped: dict[int, int]) -> str:
    match = _MEMBER.fullmatch(role)
    if match is None or int(match[2]) not in swapped:
        return role
    return f"{match[1]}[{swapped[int(match[2])]}]"


def _is_same(machine: Machine, other: Machine, swapped: dict[int, int]) -> bool:
    """True when `machine` with names exchanged is `other`, state for state.

    A machine with a separate state for each member differs from itself with two exchanged,
    unless its states are exchanged too; that is not tried.
    """
    if machine.final != other.final:
        return False
    for row, theirs in zip(machine.moves, other.moves, strict=True):
        mine = {(Action(a.send, _renamed(a.peer, swapped), a.label), to) for a, to in row}
        if mine != set(theirs):
            return False
    return True


def _fields(system: CompiledSystem, members: Sequence[int]) -> dict[int, list[tuple[int, int]]]:
    """The bits that belong to each member, in the same order for all: `(offset, width)`."""
    found: dict[int, dict[tuple[str, ...], tuple[int, int]]] = {member: {} for member in members}
    width_of_length = system.queue_bound.bit_length()
    for number, role in enumerate(system.roles):
        member = _index(role)
        if member is not None:
            width = system.state_mask[number].bit_length()
            found[member][("state", _family(role))] = (system.shift[number], width)
    for (p, q), queue in system.queues.items():
        member = _index(p) if _index(p) is not None else _index(q)
        if member is not None:
            name = (_family(p), _family(q))
            found[member][("content", *name)] = (queue.content, queue.mask.bit_length())
            found[member][("length", *name)] = (queue.length, width_of_length)
    return {member: [row[key] for key in sorted(row)] for member, row in found.items()}


def _fits(system: CompiledSystem, members: Sequence[int]) -> bool:
    """True when all members have alike bits, and labels of alike channels have the same numbers."""
    fields = _fields(system, members)
    shapes = {tuple(width for _, width in column) for column in fields.values()}
    labels: dict[tuple[str, str], set[tuple[str, ...]]] = {}
    for (p, q), queue in system.queues.items():
        if _index(p) is not None or _index(q) is not None:
            name = (_family(p), _family(q))
            labels.setdefault(name, set()).add(queue.labels)
    return len(shapes) == 1 and all(len(each) == 1 for each in labels.values())
