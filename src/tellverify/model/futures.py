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
    number = {machine.role: n for n, machine in enumerate(machines)}
    queues = dict(configuration.queues)
    reached = [{state} for state in configuration.states]
    moved = [False] * len(machines)
    sendable: set[tuple[str, str, str]] = set()
    work = list(enumerate(configuration.states))

    def is_possible(role: int, action: Action) -> bool:
        name = machines[role].role
        queue = queues.get((action.peer, name), ())
        if action.send or (queue and not moved[role]):
            return action.send or queue[0] == action.label
        return action.label in queue or (action.peer, name, action.label) in sendable

    while work:
        role, state = work.pop()
        for action, target in machines[role].moves[state]:
            if not is_possible(role, action):
                continue
            if not moved[role]:
                moved[role] = True
                work.append((role, state))  # messages behind the heads may come up now
            if target not in reached[role]:
                reached[role].add(target)
                work.append((role, target))
            message = (machines[role].role, action.peer, action.label)
            if action.send and message not in sendable:
                sendable.add(message)
                peer = number.get(action.peer)
                work += [] if peer is None else [(peer, each) for each in reached[peer]]
    return Futures(tuple(map(frozenset, reached)), tuple(moved))


def connected_groups(machines: Sequence[Machine]) -> list[tuple[str, ...]]:
    """The roles that exchange messages, even by way of others; each group in the given order."""
    group = {machine.role: [machine.role] for machine in machines}
    for machine in machines:
        for peer in {action.peer for row in machine.moves for action, _ in row}:
            mine, theirs = sorted((group[machine.role], group.get(peer, [])), key=len, reverse=True)
            if theirs and theirs is not mine:
                mine += theirs
                group.update(dict.fromkeys(theirs, mine))
    order = {machine.role: n for n, machine in enumerate(machines)}
    found = {id(roles): tuple(sorted(roles, key=order.__getitem__)) for roles in group.values()}
    return sorted(found.values(), key=lambda roles: order[roles[0]])
