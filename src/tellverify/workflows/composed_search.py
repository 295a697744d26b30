"""All configurations of sessions that run together, breadth first: the exact decision.

A configuration has a state for each machine and the contents of each channel of each session.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeAlias

import msgspec

from tellverify.model.fault import Fault
from tellverify.workflows.composed_machines import (
    ComposedMove,
    ComposedSystem,
    MoveKind,
    RoleMachine,
)
from tellverify.workflows.persistent_sets import PersistentSets, finds_all_faults

States: TypeAlias = tuple[int, ...]
ComposedQueues: TypeAlias = tuple[tuple[str, ...], ...]
Node: TypeAlias = tuple[States, ComposedQueues]


class MachineMove(NamedTuple):
    """Machine number `machine` makes `move`."""

    machine: int
    move: ComposedMove


class ComposedFault(msgspec.Struct, frozen=True):
    """A shortest run that ends in a fault, and the machines that it is about."""

    fault: Fault
    run: tuple[MachineMove, ...]
    machines: tuple[int, ...]


class ComposedAnswer(msgspec.Struct, frozen=True):
    """What a search found. It `is_complete` when all configurations were visited, or a fault was
    found; `configurations` counts them. `queue` is the bound of the queues where some queue would
    have grown beyond it, else 0. A run is shortest unless a longer queue might give a shorter one.
    `by_persistent_sets` says that not every move was followed.
    """

    fault: ComposedFault | None
    is_complete: bool
    configurations: int
    queue: int = 0
    is_shortest: bool = True
    by_persistent_sets: bool = False


class ComposedSearch:
    """One search of at most `limit` configurations, with queues of up to `bound` messages.

    Where all protocols `hold` by themselves and nothing but a deadlock can go wrong, only the moves
    of a persistent set are followed.
    """

    def __init__(
        self, system: ComposedSystem, limit: int, bound: int, *, hold: bool = False
    ) -> None:
        self._system = system
        self._persistent: PersistentSets | None = None
        if hold and finds_all_faults(system):
            self._persistent = PersistentSets(system, self._is_free, self._waits_for)
        self._limit = limit
        self._bound = bound
        self._blocked: list[Node] = []  # where a send was left out
        self._channel: dict[tuple[int, int], int] = {}
        for number, machine in enumerate(system.machines):
            for row in machine.moves:
                for move in row:
                    if move.kind is MoveKind.SEND:
                        self._channel.setdefault((number, move.peer), len(self._channel))
                    elif move.kind is MoveKind.RECEIVE:
                        self._channel.setdefault((move.peer, number), len(self._channel))
        self._into: list[list[int]] = [[] for _ in system.machines]
        for (_, receiver), channel in self._channel.items():
            self._into[receiver].append(channel)
        self._holders: list[list[int]] = [
            [m for m, one in enumerate(system.machines) if any(b in held for held in one.held)]
            for b in range(len(system.bundles))
        ]
        self._staged = [s for s, earlier in enumerate(system.earlier) if earlier]

    def decide(self) -> ComposedAnswer:
        """The first fault in breadth-first order, or that there is none."""
        answer = self._decided()
        if self._blocked and self._persistent is not None:  # sends that are left out disable others
            self._persistent = None
            self._blocked.clear()
            answer = self._decided()
        followed = self._persistent is not None
        return msgspec.structs.replace(answer, by_persistent_sets=followed)

    def _decided(self) -> ComposedAnswer:
        start: Node = ((0,) * len(self._system.machines), ((),) * len(self._channel))
        number: dict[Node, int] = {start: 0}
        order = [start]
        before: list[tuple[int, MachineMove | None]] = [(0, None)]
        below: list[list[int]] = []
        for index, node in enumerate(order):
            held = len(self._blocked)
            moves = list(self._moves(node))
            shown = self._fault(node, moves) if len(self._blocked) == held else None
            if shown is not None:
                fault, machines = shown
                run = _run_to(index, before)
                found = ComposedFault(fault, run, machines)
                shortest = not self._blocked or len(run) <= self._depth(number, before) + 1
                return ComposedAnswer(found, True, len(order), 0, shortest)
            row: list[int] = []
            for move in self._followed(node, moves):
                successor = self._after(node, move)
                at = number.get(successor)
                if at is None:
                    at = number[successor] = len(order)
                    order.append(successor)
                    before.append((index, move))
                row.append(at)
            below.append(row)
            if len(order) > self._limit:
                return ComposedAnswer(None, False, len(order), self._bound)
        trapped = self._endless_before(order)
        if trapped is None and not self._blocked:
            trapped = self._trapped(order, below)
        if trapped is not None:
            index, machines = trapped
            fault_found = ComposedFault(Fault.STUCK_ROLE, _run_to(index, before), machines)
            return ComposedAnswer(fault_found, True, len(order))
        return ComposedAnswer(None, True, len(order), self._bound if self._blocked else 0)

    def completion(self) -> tuple[MachineMove, ...] | None:
        """A shortest run after which the workflow continues behind every session and no message is
        queued; None where there is none within the limit.
        """
        machines = self._system.machines
        start: Node = ((0,) * len(machines), ((),) * len(self._channel))
        seen = {start}
        order = [start]
        before: list[tuple[int, MachineMove | None]] = [(0, None)]
        for index, node in enumerate(order):
            states, queues = node
            if not any(queues) and all(
                one.goes_on[state] for one, state in zip(machines, states, strict=True)
            ):
                return _run_to(index, before)
            for move in self._moves(node):
                successor = self._after(node, move)
                if successor not in seen:
                    seen.add(successor)
                    order.append(successor)
                    before.append((index, move))
            if len(order) > self._limit:
                return None
        return None

    def _depth(self, number: dict[Node, int], before: list[tuple[int, MachineMove | None]]) -> int:
        """The events before the first send that was left out."""
        return len(_run_to(number[self._blocked[0]], before))

    # Moves

    def _followed(self, node: Node, moves: list[MachineMove]) -> list[MachineMove]:
        """The moves that suffice."""
        if self._persistent is None or len(moves) < 2:
            return moves
        states, queues = node

        def has_message(sender: int, receiver: int) -> bool:
            return bool(queues[self._channel[sender, receiver]])

        enabled = Counter(number for number, _ in moves)
        chosen = self._persistent.smallest(states, has_message, enabled)
        return [move for move in moves if move.machine in chosen]

    def _moves(self, node: Node) -> Iterator[MachineMove]:
        states, queues = node
        for number, machine in enumerate(self._system.machines):
            row = machine.moves[states[number]]
            if not row or self._is_left(number, states) or not self._may_begin(number, states):
                continue
            for move in row:
                match move.kind:
                    case MoveKind.SEND:
                        if len(queues[self._channel[number, move.peer]]) < self._bound:
                            yield MachineMove(number, move)
                        else:
                            self._blocked.append(node)
                    case MoveKind.ASK:
                        yield MachineMove(number, move)
                    case MoveKind.RECEIVE:
                        queue = queues[self._channel[move.peer, number]]
                        if queue and queue[0] == move.label:
                            yield MachineMove(number, move)
                    case MoveKind.GRANT:
                        if self._is_free(move.peer, states):
                            yield MachineMove(number, move)

    def _after(self, node: Node, made: MachineMove) -> Node:
        states, queues = node
        number, move = made
        changed = (*states[:number], move.target, *states[number + 1 :])
        match move.kind:
            case MoveKind.SEND:
                channel = self._channel[number, move.peer]
                queue: tuple[str, ...] = (*queues[channel], move.label)
            case MoveKind.RECEIVE:
                channel = self._channel[move.peer, number]
                queue = queues[channel][1:]
            case MoveKind.ASK | MoveKind.GRANT:
                return changed, queues
        return changed, (*queues[:channel], queue, *queues[channel + 1 :])

    def _is_left(self, number: int, states: Sequence[int]) -> bool:
        """Whether the agent has begun a session behind this one."""
        return any(states[one] for one in self._system.after[number])

    def _may_begin(self, number: int, states: States) -> bool:
        return bool(states[number]) or self._waits_for(number, states) is None

    def _waits_for(self, number: int, states: Sequence[int]) -> int | None:
        """The first machine before one that has to be over when it begins, and is not."""
        same = self._system.phases_before[number]
        for one in self._system.before[number]:
            machine = self._system.machines[one]
            if one in same:
                if not machine.goes_on[states[one]]:
                    return one
            elif not (machine.is_final(states[one]) or self._knows_stop(one, states)):
                return one
        return None

    def _knows_stop(self, number: int, states: Sequence[int]) -> bool:
        """Whether the agent may take it that the session never begins: an earlier phase stopped."""
        if states[number]:
            return False
        machines = self._system.machines
        return any(machines[one].stops[states[one]] for one in self._system.phases_before[number])

    def _is_free(self, bundle: int, states: Sequence[int]) -> bool:
        machines = self._system.machines
        return not any(
            bundle in machines[one].held[states[one]] and not self._is_left(one, states)
            for one in self._holders[bundle]
        )

    # Faults

    def _fault(self, node: Node, moves: list[MachineMove]) -> tuple[Fault, tuple[int, ...]] | None:
        states, queues = node
        system = self._system
        for session in self._staged:
            begun = [m for m in system.machines_of[session] if states[m]]
            if begun and self._is_cancelled(session, states):
                return Fault.INFIDELITY, tuple(begun)
        for number, channels in enumerate(self._into):
            if any(queues[one] for one in channels) and self._is_over(number, states):
                return Fault.ORPHAN_MESSAGE, (number,)
        if moves:
            return None
        waiting: list[int] = []
        unsure: list[int] = []
        for number, machine in enumerate(system.machines):
            state = states[number]
            if machine.is_final(state):
                if machine.moves[state] and not self._is_left(number, states):
                    unsure.append(number)
            elif not state and self._is_cancelled(machine.session, states):
                if not self._is_told(number, states):
                    unsure.append(number)
            else:
                waiting.append(number)
        if waiting:
            return Fault.DEADLOCK, tuple(waiting)
        return (Fault.STUCK_ROLE, (unsure[0],)) if unsure else None

    def _is_cancelled(self, session: int, states: States) -> bool:
        """Whether an earlier phase can only come to an end that ends the workflow."""
        system = self._system
        return any(
            not system.machines[m].can_go[states[m]]
            for earlier in system.earlier[session]
            for m in system.machines_of[earlier]
        )

    def _is_told(self, number: int, states: States) -> bool:
        """Whether the agent knows of an earlier phase that it has ended the workflow."""
        machines = self._system.machines
        return any(
            machines[one].stops[states[one]] and not machines[one].goes_on[states[one]]
            for one in self._system.phases_before[number]
        )

    def _is_over(self, number: int, states: States) -> bool:
        """Whether a machine makes no move any more, whatever happens."""
        machine = self._system.machines[number]
        state = states[number]
        return (machine.is_final(state) and not machine.moves[state]) or self._is_left(
            number, states
        )

    def _endless_before(self, order: list[Node]) -> tuple[int, tuple[int, ...]] | None:
        """The first configuration where a session cannot end for an agent, and its successors."""
        system = self._system
        can_end = [_can_end(machine) for machine in system.machines]
        lost = [n for n, row in enumerate(can_end) if not all(row) and system.after[n]]
        for index, (states, _) in enumerate(order):
            for number in lost:
                if not can_end[number][states[number]]:
                    idle = [one for one in system.after[number] if not states[one]]
                    if idle:
                        return index, (idle[0],)
        return None

    def _trapped(
        self, order: list[Node], below: list[list[int]]
    ) -> tuple[int, tuple[int, ...]] | None:
        """The first configuration from which some session cannot end any more, and who waits.

        Of sessions that may continue forever by themselves only the beginning is asked for.
        """
        system = self._system
        every = range(len(system.machines))
        into: list[list[int]] = [[] for _ in order]
        for index, row in enumerate(below):
            for one in row:
                into[one].append(index)

        def is_done(number: int, states: States) -> bool:
            machine = system.machines[number]
            if machine.is_final(states[number]):
                return True
            if not states[number] and self._is_cancelled(machine.session, states):
                return True
            return system.endless[machine.session] and self._may_begin(number, states)

        good = [all(is_done(n, states) for n in every) for states, _ in order]
        work = [index for index, one in enumerate(good) if one]
        while work:
            for index in into[work.pop()]:
                if not good[index]:
                    good[index] = True
                    work.append(index)
        for index, one in enumerate(good):
            if not one:
                waiting = [n for n in every if not is_done(n, order[index][0])]
                idle = [n for n in waiting if not order[index][0][n]]
                return index, tuple((idle or waiting)[:1])
        return None


def _can_end(machine: RoleMachine) -> list[bool]:
    """From which states of a machine some final state is reached."""
    found = [machine.is_final(state) for state in range(len(machine.moves))]
    changed = True
    while changed:
        changed = False
        for state, row in enumerate(machine.moves):
            if not found[state] and any(found[move.target] for move in row):
                found[state] = changed = True
    return found


def _run_to(index: int, before: list[tuple[int, MachineMove | None]]) -> tuple[MachineMove, ...]:
    run: list[MachineMove] = []
    index, move = before[index]
    while move is not None:
        run.append(move)
        index, move = before[index]
    return tuple(run[::-1])
