"""The reference meaning of communicating machines: configurations and their step relation.

Written for reading, not for speed: asynchronous, one unbounded FIFO channel per ordered pair of
roles, no loss (Brand and Zafiropulo, JACM 1983, section 2). Every run that is shown to a user is
replayed here first, and the fast searches are tested against it. Steps with faults are those of
`tellverify.model.delivery`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tellverify.model.configuration import Configuration as Configuration
from tellverify.model.delivery import Delivery, channel_after
from tellverify.model.machine import Action, Machine
from tellverify.model.step import Step


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
        """The configuration after `step`, or None when `step` is not enabled.

        A step with a fault is one of the same machines; what `delivery` makes of its message is
        the only difference.
        """
        if step.delivery is not Delivery.FIFO:
            return self._after_fault(configuration, step)
        for enabled, successor in self.enabled(configuration):
            if (enabled.send, enabled.sender, enabled.receiver, enabled.label) == (
                step.send,
                step.sender,
                step.receiver,
                step.label,
            ):
                return successor
        return None

    def _after_fault(self, configuration: Configuration, step: Step) -> Configuration | None:
        index = self.index.get(step.actor)
        if index is None or step.peer not in self.index:
            return None
        row = self.machines[index].moves[configuration.states[index]]
        target = dict(row).get(Action(step.send, step.peer, step.label))
        channel = (step.sender, step.receiver)
        queue = dict(configuration.queues).get(channel, ())
        changed = channel_after(queue, step.send, step.label, step.delivery)
        if target is None or changed is None:
            return None
        return self._moved(configuration, index, target, channel, changed)

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
