"""Where a given run of communicating machines leads, in time linear in the run."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from tellverify.model.delivery import Delivery, channel_after
from tellverify.model.faulty_channels import UNQUEUED
from tellverify.model.machine import Action, Machine
from tellverify.model.step import Step


class Ended(msgspec.Struct, frozen=True):
    """Where a run has led to: states of the roles that occur in it, channels not empty, sorted."""

    states: Mapping[str, int]
    queues: tuple[tuple[tuple[str, str], tuple[str, ...]], ...]


def origins(steps: Sequence[Step]) -> dict[int, int]:
    """For every receive the index of the send whose message it takes; none for one made up."""
    return _paired(steps)[0]


def discarded(steps: Sequence[Step]) -> frozenset[int]:
    """The indices of the sends whose messages vanish with a later event, or with their own."""
    return frozenset(_paired(steps)[1])


def _paired(steps: Sequence[Step]) -> tuple[dict[int, int], set[int]]:
    queued: dict[tuple[str, str, str], list[int]] = {}
    found: dict[int, int] = {}
    gone: set[int] = set()
    for index, step in enumerate(steps):
        if step.delivery not in UNQUEUED and not step.timer:
            queue = queued.setdefault((step.sender, step.receiver, step.session), [])
            if step.send:
                queue += [index] * (2 if step.delivery is Delivery.DUPLICATED else 1)
            elif step.delivery is Delivery.REORDERED:
                later = range(1, len(queue))
                at = next(n for n in later if steps[queue[n]].label == step.label)
                found[index] = queue.pop(at)
            elif queue:
                found[index] = queue.pop(0)
        for one in reversed(step.discards):
            other = queued.get((one.sender, one.receiver, step.session), [])
            if one.position < len(other):
                gone.add(other.pop(one.position))
    return found, gone


def replay(machine_of: Callable[[str], Machine], steps: Sequence[Step]) -> Ended | int:
    """Where `steps` lead from the initial configuration, or the index of the first that cannot be.

    The step relation of `System` for one given run, in time linear in the run. `machine_of` is
    asked for the roles that occur in the run and for no others.
    """
    states: dict[str, int] = {}
    queues: dict[tuple[str, str], deque[str]] = {}
    for index, step in enumerate(steps):
        peer = step.receiver if step.send else step.sender
        action = Action(step.send, peer, step.label)
        moves = machine_of(step.actor).moves[states.get(step.actor, 0)]
        target = next((target for offered, target in moves if offered == action), None)
        queue = queues.setdefault((step.sender, step.receiver), deque())
        if target is not None and step.delivery is not Delivery.FIFO:
            changed = channel_after(tuple(queue), step.send, step.label, step.delivery)
            if changed is None:
                return index
            queues[step.sender, step.receiver] = deque(changed)
            states[step.actor] = target
            continue
        if target is None or not (step.send or (queue and queue[0] == step.label)):
            return index
        states[step.actor] = target
        if step.send:
            queue.append(step.label)
        else:
            queue.popleft()
    full = sorted((channel, tuple(queue)) for channel, queue in queues.items() if queue)
    return Ended(dict(sorted(states.items())), tuple(full))


def state_after(machine: Machine, steps: Iterable[Step]) -> int:
    """The state after what its role does in a run. Raises KeyError where it cannot do that."""
    state = 0
    for step in steps:
        if step.actor == machine.role:
            state = dict(machine.moves[state])[Action(step.send, step.peer, step.label)]
    return state
