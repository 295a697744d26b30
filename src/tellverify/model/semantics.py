"""The reference meaning of communicating machines: configurations and their step relation.

Written for reading, not for speed: asynchronous, one unbounded FIFO channel per ordered pair of
roles, no loss (Brand and Zafiropulo, JACM 1983, section 2). Every run that is shown to a user is
replayed here first, and the fast searches are tested against it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from tellverify.model.machine import Action, Machine
from tellverify.model.step import Step


class Configuration(msgspec.Struct, frozen=True):
    """The state of every role and the contents of every channel that is not empty.

    `states` follows the order of the machines; `queues` is sorted by channel.
    """

    states: tuple[int, ...]
    queues: tuple[tuple[tuple[str, str], tuple[str, ...]], ...] = ()


class System:
    """Machines that run together. Raises ValueError when two machines have one role."""

    def __init__(self, machines: Sequence[Machine]) -> None:
        self.machines = tuple(machines)
        self.index: Mapping[str, int] = {m.role: i for i, m in enumerate(self.machines)}
        if len(self.index) != len(self.machines):
            raise ValueError("two machines of one role")

    @property
    def initial(self) -> Configuration:
        """Every machine in its initial state, all channels empty."""
        return Configuration(tuple(0 for _ in self.machines))

    def enabled(self, configuration: Configuration) -> Iterator[tuple[Step, Configuration]]:
        """Every step that some role can make, in the order of machines and their moves."""
        queues = dict(configuration.queues)
        for index, machine in enumerate(self.machines):
            for action, target in machine.moves[configuration.states[index]]:
                step = self._step(machine.role, action)
                channel = (step.sender, step.receiver)
                queue = queues.get(channel, ())
                if action.send:
                    changed = (*queue, action.label)
                elif queue and queue[0] == action.label:
                    changed = queue[1:]
                else:
                    continue
                yield step, self._moved(configuration, index, target, channel, changed)

    def after(self, configuration: Configuration, step: Step) -> Configuration | None:
        """The configuration after `step`, or None when `step` is not enabled."""
        for enabled, successor in self.enabled(configuration):
            if (enabled.send, enabled.sender, enabled.receiver, enabled.label) == (
                step.send,
                step.sender,
                step.receiver,
                step.label,
            ):
                return successor
        return None

    def is_final(self, configuration: Configuration) -> bool:
        """True when every role may stop; channels may still hold messages."""
        return all(
            machine.final[state]
            for machine, state in zip(self.machines, configuration.states, strict=True)
        )

    @staticmethod
    def _step(role: str, action: Action) -> Step:
        if action.send:
            return Step(send=True, sender=role, receiver=action.peer, label=action.label)
        return Step(send=False, sender=action.peer, receiver=role, label=action.label)

    @staticmethod
    def _moved(
        configuration: Configuration,
        index: int,
        target: int,
        channel: tuple[str, str],
        queue: tuple[str, ...],
    ) -> Configuration:
        states = list(configuration.states)
        states[index] = target
        queues = dict(configuration.queues)
        if queue:
            queues[channel] = queue
        else:
            queues.pop(channel, None)
        return Configuration(tuple(states), tuple(sorted(queues.items())))


class Ended(msgspec.Struct, frozen=True):
    """Where a run has led to: states of the roles that occur in it, channels not empty, sorted."""

    states: Mapping[str, int]
    queues: tuple[tuple[tuple[str, str], tuple[str, ...]], ...]


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
        if target is None or not (step.send or (queue and queue[0] == step.label)):
            return index
        states[step.actor] = target
        if step.send:
            queue.append(step.label)
        else:
            queue.popleft()
    full = sorted((channel, tuple(queue)) for channel, queue in queues.items() if queue)
    return Ended(dict(sorted(states.items())), tuple(full))
