"""What machines may still do, whatever the queues come to hold: an over-approximation.

Only the order of messages behind the head of a queue is forgotten, and how many copies of a label
it holds. What this rules out therefore happens in no run, with queues of any length.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tellverify.model.configuration import Configuration
from tellverify.model.machine import Action, Machine


class Futures(msgspec.Struct, frozen=True):
    """For each machine the local states it may come to, and whether it may move at all."""

    states: tuple[frozenset[int], ...]
    moves: tuple[bool, ...]


def futures(configuration: Configuration, machines: Sequence[Machine]) -> Futures:
    """What each of `machines` may still do from `configuration` on.

    A send is possible wherever its state is. A reception is possible when the queue holds the
    label or its sender may still send it; before the receiver has moved, the head of a queue that
    is not empty must have the label.
    """
    found = _Futures(configuration, machines)
    found.explore()
    return Futures(tuple(map(frozenset, found.reached)), tuple(found.moved))


class _Futures:
    def __init__(self, configuration: Configuration, machines: Sequence[Machine]) -> None:
        self.machines = tuple(machines)
        self.number = {machine.role: n for n, machine in enumerate(self.machines)}
        self.queues = dict(configuration.queues)
        self.reached = [{state} for state in configuration.states]
        self.moved = [False] * len(self.machines)
        self.sendable: set[tuple[str, str, str]] = set()
        self.work = list(enumerate(configuration.states))

    def explore(self) -> None:
        """Follow all moves that may be possible until nothing new is met."""
        while self.work:
            role, state = self.work.pop()
            machine = self.machines[role]
            for action, target in machine.moves[state]:
                if not self._is_possible(role, action):
                    continue
                if not self.moved[role]:
                    self.moved[role] = True
                    self.work.append((role, state))  # messages behind the heads may come up now
                if target not in self.reached[role]:
                    self.reached[role].add(target)
                    self.work.append((role, target))
                message = (machine.role, action.peer, action.label)
                if action.send and message not in self.sendable:
                    self.sendable.add(message)
                    peer = self.number.get(action.peer)
                    if peer is not None:
                        self.work += [(peer, each) for each in self.reached[peer]]

    def _is_possible(self, role: int, action: Action) -> bool:
        if action.send:
            return True
        name = self.machines[role].role
        queue = self.queues.get((action.peer, name), ())
        if queue and not self.moved[role]:
            return queue[0] == action.label
        return action.label in queue or (action.peer, name, action.label) in self.sendable


def connected_groups(machines: Sequence[Machine]) -> list[tuple[str, ...]]:
    """The roles that exchange messages, even by way of others; each group in the given order."""
    group = {machine.role: [machine.role] for machine in machines}
    for machine in machines:
        for peer in {action.peer for row in machine.moves for action, _ in row}:
            mine, theirs = group[machine.role], group.get(peer)
            if theirs is None or theirs is mine:
                continue
            if len(mine) < len(theirs):
                mine, theirs = theirs, mine
            mine += theirs
            group.update(dict.fromkeys(theirs, mine))
    order = {machine.role: n for n, machine in enumerate(machines)}
    found = {id(roles): tuple(sorted(roles, key=order.__getitem__)) for roles in group.values()}
    return sorted(found.values(), key=lambda roles: order[roles[0]])
