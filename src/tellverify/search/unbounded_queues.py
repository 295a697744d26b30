"""Channels that grow without limit: runs that come back to where they were, with more in queues.

When a run leads from a configuration to one with the same local states and each channel as before
or longer, its last part may be repeatable forever (Karp and Miller, JCSS 3, 1969, for counters).
With FIFO contents that has to be checked, and is, by the reference semantics: see
`tellverify.evidence.trace_replay.fault_shown`. Faults found are certain; not all are found,
since boundedness of communicating machines is undecidable (Brand and Zafiropulo, JACM 30, 1983).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from tellverify.evidence.trace_replay import fault_shown
from tellverify.model.configuration import Configuration
from tellverify.model.fault import Fault
from tellverify.model.machine import Machine
from tellverify.model.step import Step
from tellverify.search.encoding import Channel, CompiledSystem, EncodedMove
from tellverify.search.traces import step_of

_BOUNDS: Final = (4, 16, 64)  # a loop may come behind a burst of messages that are not taken
_BUDGET: Final = 20_000
_MOST_TRIED: Final = 2_000


class Growth(NamedTuple):
    """A run whose part from `loop` on can be repeated forever and makes `channel` longer."""

    channel: Channel
    steps: tuple[Step, ...]
    loop: int


def growing_channels(machines: Sequence[Machine]) -> list[Growth]:
    """For each channel that was found to grow the run that was met first."""
    for bound in _BOUNDS:
        system = CompiledSystem(machines, bound)
        finder = _QueueFinder(system)
        finder.search()
        if finder.found or not system.blocked:
            return [finder.found[channel] for channel in system.queues if channel in finder.found]
    return []


def longest_queue(growth: Growth) -> int:
    """The most messages in one queue on the run of a growth."""
    lengths: dict[Channel, int] = {}
    longest = 0
    for step in growth.steps:
        channel = (step.sender, step.receiver)
        lengths[channel] = lengths.get(channel, 0) + (1 if step.send else -1)
        longest = max(longest, lengths[channel])
    return longest


class _QueueFinder:
    def __init__(self, system: CompiledSystem) -> None:
        self.system = system
        self.found: dict[Channel, Growth] = {}
        self.tried = 0
        self.parents: dict[int, tuple[int, EncodedMove | None]] = {0: (0, None)}
        self.states = 0
        for shift, mask in zip(system.shift, system.state_mask, strict=True):
            self.states |= mask << shift
        size = (1 << system.queue_bound.bit_length()) - 1
        self.lengths = [(queue.length, size) for queue in system.queues.values()]

    def search(self) -> None:
        """Breadth-first, comparing every configuration with those on the way to it."""
        system, parents = self.system, self.parents
        met = {0}
        queue = [0]
        for here in queue:
            for move in system.enabled(here):
                after = here + move.delta
                if after in parents:
                    continue
                parents[after] = (here, move)
                queue.append(after)
                control = after & self.states
                if control in met:
                    self._compare(after, control)
                met.add(control)
            if len(parents) > _BUDGET or self.tried > _MOST_TRIED:
                return
            if len(self.found) == len(system.queues):
                return

    def _compare(self, after: int, control: int) -> None:
        here = after
        while parents_move := self.parents[here][1]:
            here -= parents_move.delta
            if here & self.states != control:
                continue
            changes = [((after >> at) & m) - ((here >> at) & m) for at, m in self.lengths]
            if min(changes) >= 0 and max(changes) > 0:
                channels = list(self.system.queues)
                grown = [c for c, d in zip(channels, changes, strict=True) if d > 0]
                if any(channel not in self.found for channel in grown):
                    self._try(here, after, grown)

    def _try(self, start: int, end: int, grown: list[Channel]) -> None:
        self.tried += 1
        stem, whole = self._moves(start), self._moves(end)
        steps = self._steps(whole)
        lap = steps[len(stem) :]
        begin: Configuration = self.system.decode(start)
        if not fault_shown(begin, self.system.machines, Fault.UNBOUNDED_QUEUE, (), lap=lap):
            for channel in grown:
                self.found.setdefault(channel, Growth(channel, tuple(steps), len(stem)))

    def _moves(self, here: int) -> list[EncodedMove]:
        moves = []
        while move := self.parents[here][1]:
            moves.append(move)
            here -= move.delta
        moves.reverse()
        return moves

    def _steps(self, moves: list[EncodedMove]) -> list[Step]:
        here, steps = self.system.initial, []
        for move in moves:
            machine = self.system.machines[move.role]
            steps.append(step_of(machine, self.system.state(move.role, here), move.place, None))
            here += move.delta
        return steps
