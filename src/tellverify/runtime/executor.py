"""Local machines executed over FIFO channels, in rounds or waves, deterministically.

In every wave some roles that are able make one step each, decided by the configuration before the
wave: their own state and the heads of their own channels. Steps of one wave are independent,
because a step only adds to the tail of another role's channel. So the order in which they are
written down, that of the roles, is one of the orders in which they may happen.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from enum import StrEnum

import msgspec

from tellverify.model.configuration import Configuration
from tellverify.model.machine import Action, Machine
from tellverify.model.site import Site
from tellverify.model.step import Step
from tellverify.runtime.chooser import Chooser, Option, draw
from tellverify.runtime.mode import ExecutionPolicy, Mode


class ExecutionEnding(StrEnum):
    """How an execution stopped."""

    COMPLETE = "complete"  # every role may stop, all channels are empty
    STUCK = "stuck"  # no role can act, and some role has not terminated or a message is left
    LIMIT = "limit"  # as many steps as were allowed
    STALE = "stale-owner"  # the session was given to another owner


class Execution(msgspec.Struct, frozen=True):
    """What was executed: the steps as they were written down, and the width of every wave."""

    steps: tuple[Step, ...]
    waves: tuple[int, ...]
    ending: ExecutionEnding
    configuration: Configuration
    branches: tuple[tuple[str, str], ...] = ()


class Executor:
    """One session of local machines. Raises ValueError when two machines have one role.

    `sites` are those of the graph that the machines are from, and may be empty.
    """

    def __init__(self, machines: Sequence[Machine], sites: Sequence[Site] = ()) -> None:
        self._machines = tuple(machines)
        self._number = {machine.role: index for index, machine in enumerate(machines)}
        if len(self._number) != len(self._machines):
            raise ValueError("two machines of one role")
        self._sites = sites
        self._state = [0] * len(self._machines)
        self._turn = [0] * len(self._machines)
        self._queues: dict[tuple[str, str], deque[str]] = {}
        self._ready: deque[int] = deque()
        self._waiting = [False] * len(self._machines)
        self.steps: list[Step] = []
        self.waves: list[int] = []
        self._branches: list[tuple[str, str]] = []
        for index in range(len(self._machines)):
            self._offer(index)

    # Possible moves

    def _options(self, index: int) -> list[int]:
        """The moves that a role can make now, as indices into its row."""
        machine = self._machines[index]
        queues, role = self._queues, machine.role
        found = []
        for number, (action, _) in enumerate(machine.moves[self._state[index]]):
            if action.send:
                found.append(number)
            else:
                queue = queues.get((action.peer, role))
                if queue and queue[0] == action.label:
                    found.append(number)
        return found

    def _offer(self, index: int) -> None:
        """Let a role wait for its turn, once."""
        if not self._waiting[index] and self._options(index):
            self._waiting[index] = True
            self._ready.append(index)

    def _site(self, index: int, number: int) -> Site:
        rows = self._machines[index].sites
        if not rows or not self._sites:
            return Site()
        site = rows[self._state[index]][number]
        return self._sites[site] if 0 <= site < len(self._sites) else Site()

    # Executing

    def run(
        self,
        policy: ExecutionPolicy,
        chooser: Chooser,
        *,
        seed: int = 0,
        limit: int = 100_000,
        owned: Callable[[], bool] | None = None,
    ) -> Execution:
        """Execute until no role can act, or for `limit` steps in all.

        `owned` is asked before every wave whether the session still has its owner. Errors of
        `chooser` propagate; the steps up to there are in `steps`.
        """
        ending = ExecutionEnding.LIMIT
        while len(self.steps) < limit:
            if owned is not None and not owned():
                ending = ExecutionEnding.STALE
                break
            wave = self._wave(policy, seed, limit - len(self.steps))
            if not wave:
                ending = ExecutionEnding.COMPLETE if self._is_complete() else ExecutionEnding.STUCK
                break
            self._make([index for index in wave if not self._stops(index, chooser)], chooser)
        return Execution(
            tuple(self.steps),
            tuple(self.waves),
            ending,
            self.configuration(),
            tuple(self._branches),
        )

    def _wave(self, policy: ExecutionPolicy, seed: int, room: int) -> list[int]:
        """The roles of the next wave, in the order of the machines."""
        bound = min(policy.waves, room)
        match policy.mode:
            case Mode.COOPERATIVE:
                taken = self._take(1)
            case Mode.REPLAY_DETERMINISTIC:
                taken = self._take(bound)
            case Mode.ENVELOPE_BOUNDED:
                offered = self._take(2 * bound)
                turn = len(self.waves)
                width = 1 + draw(seed, "width", turn) % bound
                order = sorted(offered, key=lambda index: draw(seed, "wave", turn, index))
                taken = order[:width]
                left = [index for index in offered if index not in taken]
                self._ready.extendleft(reversed(left))
                for index in left:
                    self._waiting[index] = True
        return sorted(taken)

    def _take(self, most: int) -> list[int]:
        """Roles that have waited longest. A role that is able to act stays so until it does."""
        taken: list[int] = []
        while self._ready and len(taken) < most:
            index = self._ready.popleft()
            self._waiting[index] = False
            taken.append(index)
        return taken

    def _make(self, wave: Sequence[int], chooser: Chooser) -> None:
        """Decide the steps of a wave, then make them."""
        decided = [(index, self._decided(index, chooser)) for index in wave]
        if wave:
            self.waves.append(len(wave))
        reached = [self._move(index, number) for index, number in decided]
        for index in (*wave, *reached):
            if index >= 0:
                self._offer(index)

    def _stops(self, index: int, chooser: Chooser) -> bool:
        """Whether a role that may stop does so; it is asked again when something reaches it."""
        machine = self._machines[index]
        final = machine.final[self._state[index]]
        return final and chooser.stops(machine.role, self._turn[index])

    def _decided(self, index: int, chooser: Chooser) -> int:
        numbers = self._options(index)
        if len(numbers) == 1:
            return numbers[0]
        machine = self._machines[index]
        row = machine.moves[self._state[index]]
        options = [Option(row[n][0], self._site(index, n).branch) for n in numbers]
        chosen = chooser.pick(machine.role, self._turn[index], options)
        if len({option.branch for option in options}) > 1:
            self._branches.append((machine.role, options[chosen].branch))
        return numbers[chosen]

    def _move(self, index: int, number: int) -> int:
        """Make a step; the role that it sent something to, or -1."""
        machine = self._machines[index]
        action, target = machine.moves[self._state[index]][number]
        step = _step(machine.role, action, self._site(index, number))
        channel = (step.sender, step.receiver)
        self._state[index] = target
        self._turn[index] += 1
        self.steps.append(step)
        if action.send:
            self._queues.setdefault(channel, deque()).append(action.label)
            return self._number.get(action.peer, -1)
        queue = self._queues[channel]
        queue.popleft()
        if not queue:
            del self._queues[channel]
        return -1

    # The configuration

    def configuration(self) -> Configuration:
        """The states of all roles and the channels that are not empty."""
        queues = sorted((channel, tuple(queue)) for channel, queue in self._queues.items())
        return Configuration(tuple(self._state), tuple(queues))

    def _is_complete(self) -> bool:
        return not self._queues and all(
            machine.final[state] for machine, state in zip(self._machines, self._state, strict=True)
        )


def _step(role: str, action: Action, site: Site) -> Step:
    if action.send:
        return Step(True, role, action.peer, action.label, site)
    return Step(False, action.peer, role, action.label, site)
