"""Search through fewer configurations: persistent sets, needs of one role, and symmetry.

What a role can do is never taken from it by others: its sends do not wait, and what heads its
channels stays there. So the moves of a set of roles are *persistent* (Godefroid, LNCS 1032, 1996,
Definition 4.1) when no role outside can add to them, that is when every channel that one of the set
awaits holds a message already, or is filled by a role of the set. Every run to a goal that needs a
move of the set can then begin with it, at no more events.

Which answers each reduction keeps, also when queues are not bounded and there are infinitely many
configurations:

- `Reduction.ENDINGS`, one persistent role wherever there is one: every configuration in which
  no role can move, with the length of its shortest runs. So *deadlock*, and *orphan messages* when
  all have stopped. Nothing else: a role may be left out forever.
- `Reduction.STABLE`, with the condition that some successor was never met, else all roles
  (Bosnacki, Leue, Lluch-Lafuente, STTT 11(2), 2009, condition C2' for breadth-first search):
  moreover whether something happens that stays so: *unspecified reception*, *stuck role*,
  *can-terminate*. Runs may be longer than needed.
- `needs_of`, the roles that one role waits for: whether, and how soon, it waits forever in a set
  of roles that all wait for each other.

Lengths of queues, and what holds only for a while, are not kept by any of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import NamedTuple

import msgspec

from tellverify.search.encoding import CompiledSystem, EncodedMove
from tellverify.search.symmetry import Symmetry


class Reduction(StrEnum):
    """How much is left out; see the text of the module."""

    NONE = "none"
    ENDINGS = "endings"
    STABLE = "stable"


class _ReductionPart(NamedTuple):
    """What one role can do here.

    `is_settled`: it can do something, and others cannot add to that. `is_blocked`: only the bound
    forbids a send. `waits_for`: the senders of empty channels that it awaits.
    """

    moves: tuple[EncodedMove, ...]
    is_settled: bool
    is_blocked: bool
    waits_for: tuple[int, ...]


class ReducedSearch:
    """Breadth-first search with a reduction, up to `budget` configurations.

    `parents` maps every configuration that was met to the one before it; with `symmetry` they are
    representatives of their orbits. `blocked` is set when a send was forbidden by the bound only:
    without it the answers hold for queues of any length.
    """

    def __init__(
        self,
        system: CompiledSystem,
        reduction: Reduction,
        budget: int,
        symmetry: Symmetry | None = None,
    ) -> None:
        self.system = system
        self.reduction = reduction
        self.symmetry = symmetry
        self.budget = budget
        self.blocked = False
        self.overflow = False
        self.parents: dict[int, int] = {}
        self._number = {role: number for number, role in enumerate(system.roles)}
        self._parts: list[dict[int, _ReductionPart]] = [{} for _ in system.roles]

    def configurations(
        self, expand: Expansion | None = None
    ) -> Iterator[tuple[int, list[_ReductionPart]]]:
        """Every configuration that is met, layer by layer, with what each role can do there.

        `expand` chooses the roles whose moves are followed instead of the reduction.
        """
        start = self.system.initial if self.symmetry is None else self._same(self.system.initial)
        self.parents = {start: start}
        layer = [start]
        while layer and not self.overflow:
            following: list[int] = []
            for configuration in layer:
                parts = self.parts(configuration)
                yield configuration, parts
                chosen = (
                    self._successors(configuration, parts)
                    if expand is None
                    else self._of(configuration, parts, expand(configuration, parts))
                )
                for successor in chosen:
                    if successor not in self.parents:
                        self.parents[successor] = configuration
                        following.append(successor)
                if len(self.parents) > self.budget:
                    self.overflow = True
                    return
            layer = following

    def parts(self, configuration: int) -> list[_ReductionPart]:
        """What each role can do."""
        system, found = self.system, []
        for role, (shift, mask) in enumerate(zip(system.shift, system.mask, strict=True)):
            segment = (configuration >> shift) & mask
            part = self._parts[role].get(segment)
            if part is None:
                part = self._parts[role][segment] = self._part(role, segment)
            found.append(part)
        return found

    def _part(self, role: int, segment: int) -> _ReductionPart:
        system = self.system
        machine = system.machines[role]
        moves = system.moves(role, segment)
        row = machine.moves[segment & system.state_mask[role]]
        sends = sum(action.send for action, _ in row)
        enabled = sum(row[move.place][0].send for move in moves)
        empty: dict[int, None] = {}
        for action, _ in row:
            if not action.send:
                queue = system.queues[action.peer, machine.role]
                if not segment >> queue.local_content & queue.mask:
                    empty[self._number[action.peer]] = None
        is_blocked = enabled < sends
        return _ReductionPart(
            moves, bool(moves) and not empty and not is_blocked, is_blocked, tuple(empty)
        )

    def _successors(self, configuration: int, parts: list[_ReductionPart]) -> list[int]:
        if self.reduction is not Reduction.NONE:
            settled = [part for part in parts if part.is_settled]
            # Receives first: messages taken at once keep queues short.
            settled.sort(key=lambda part: (self._sends(configuration, part), len(part.moves)))
            for part in settled:
                found = self._after(configuration, part)
                if self.reduction is Reduction.ENDINGS or any(c not in self.parents for c in found):
                    return found
        return self._of(configuration, parts, range(len(parts)))

    def _of(
        self, configuration: int, parts: list[_ReductionPart], roles: range | list[int]
    ) -> list[int]:
        chosen = [parts[role] for role in roles]
        self.blocked = self.blocked or any(part.is_blocked for part in chosen)
        return [c for part in chosen for c in self._after(configuration, part)]

    def _after(self, configuration: int, part: _ReductionPart) -> list[int]:
        found = [configuration + move.delta for move in part.moves]
        return found if self.symmetry is None else [self._same(c) for c in found]

    def _same(self, configuration: int) -> int:
        assert self.symmetry is not None
        return self.symmetry.representative(configuration)

    def _sends(self, configuration: int, part: _ReductionPart) -> bool:
        move = part.moves[0]
        machine = self.system.machines[move.role]
        state = self.system.state(move.role, configuration)
        return machine.moves[state][move.place][0].send

    def run_to(self, configuration: int) -> list[EncodedMove]:
        """The moves of a run to `configuration`, or with symmetry to one that is like it."""
        way = [configuration]
        while self.parents[way[-1]] != way[-1]:
            way.append(self.parents[way[-1]])
        way.reverse()
        here = self.system.initial
        moves: list[EncodedMove] = []
        for following in way[1:]:
            for move in self.system.enabled(here):
                after = here + move.delta
                if (after if self.symmetry is None else self._same(after)) == following:
                    moves.append(move)
                    here = after
                    break
        return moves


def needs_of(role: int, parts: list[_ReductionPart]) -> list[int]:
    """The roles whose moves `role` may be waiting for, itself among them, ascending.

    No role outside can add to what these can do; when none of them can move, none ever will.
    """
    needed = {role}
    pending = [role]
    while pending:
        for each in parts[pending.pop()].waits_for:
            if each not in needed:
                needed.add(each)
                pending.append(each)
    return sorted(needed)


Expansion = Callable[[int, list[_ReductionPart]], list[int]]


class Idle(msgspec.Struct, frozen=True):
    """A configuration in which no role can move."""

    configuration: int
    is_finished: bool
    has_messages: bool


def idle_configurations(search: ReducedSearch) -> Iterator[Idle]:
    """All configurations in which no role can move, nearest first; sends that wait are moves."""
    system = search.system
    for configuration, parts in search.configurations():
        if any(part.moves or part.is_blocked for part in parts):
            continue
        finished = all(
            machine.final[system.state(role, configuration)]
            for role, machine in enumerate(system.machines)
        )
        left = any(configuration >> q.content & q.mask for q in system.queues.values())
        yield Idle(configuration, finished, left)


def first_mutual_wait(search: ReducedSearch, role: int) -> int | None:
    """The nearest configuration in which `role` waits among roles that all wait for each other."""
    system = search.system
    machine = system.machines[role]
    found: list[int] = []

    def expand(configuration: int, parts: list[_ReductionPart]) -> list[int]:
        needed = needs_of(role, parts)
        waits = bool(machine.moves[system.state(role, configuration)])
        if waits and not any(parts[each].moves or parts[each].is_blocked for each in needed):
            found.append(configuration)
        return needed

    for _ in search.configurations(expand):
        if found:
            break
    return found[0] if found else None
