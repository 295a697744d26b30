"""Breadth-first search by numpy: a layer is a sorted array of 64-bit ints.

The same layers, counts and faults as `tellverify.search.breadth_first.LayeredSearch`, several times
faster on large systems. A configuration holds the local states and the contents of all channels,
label by label; lengths are not kept, since an empty slot is 0. Systems that need more than 63 bits
are left to the other search. The only module that imports numpy.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from tellverify.model.configuration import Configuration
from tellverify.model.machine import Machine
from tellverify.search.encoding import Channel, CompiledSystem, EncodedMove
from tellverify.search.layering import is_graded
from tellverify.search.terminal import Shown, TerminalEnding, ending_of

Layer: TypeAlias = npt.NDArray[np.int64]
Rows: TypeAlias = npt.NDArray[np.intp]

_BITS: Final = 63
_SLICE: Final = 1 << 18  # configurations whose successors are computed at once


class _Place(NamedTuple):
    """Where a channel stands: the offset of its head, bits of a slot, a mask of all slots."""

    at: int
    slot: int
    mask: int


class _Rule(NamedTuple):
    """A move of a local state: what it adds for the state, the channel, the code of the label."""

    change: int
    channel: _Place
    code: int
    is_send: bool


class _SearchState(NamedTuple):
    """The moves of a local state; `awaits` lists the channels of one with an unspecified reception.

    `inbound` is a mask of all that is queued for the role, 0 unless it has terminated here.
    """

    rules: tuple[_Rule, ...]
    awaits: tuple[_Place, ...]
    inbound: int


class NumpyLayout:
    """Bits of 64-bit configurations. `width` may be more than fits."""

    def __init__(self, system: CompiledSystem) -> None:
        self.system = system
        self.shift: list[int] = []
        at = 0
        for machine in system.machines:
            self.shift.append(at)
            at += max(machine.state_count - 1, 1).bit_length()
        self.state_mask = list(system.state_mask)
        self.channels: dict[tuple[str, str], _Place] = {}
        for channel, queue in system.queues.items():
            slots = queue.slot * system.queue_bound
            self.channels[channel] = _Place(at, queue.slot, ((1 << slots) - 1) << at)
            at += slots
        self.width = at

    @property
    def fits(self) -> bool:
        """True when a configuration is one 64-bit int."""
        return self.width <= _BITS

    def encode(self, configuration: Configuration) -> int:
        """A configuration as an int."""
        value = 0
        for role, state in enumerate(configuration.states):
            value |= state << self.shift[role]
        for channel, content in configuration.queues:
            place, labels = self.channels[channel], self.system.queues[channel].labels
            for number, label in enumerate(content):
                value |= (labels.index(label) + 1) << (place.at + number * place.slot)
        return value

    def decode(self, value: int) -> Configuration:
        """Inverse of `encode`."""
        states = tuple(
            (value >> at) & mask for at, mask in zip(self.shift, self.state_mask, strict=True)
        )
        queues = []
        for channel, place in self.channels.items():
            content = (value & place.mask) >> place.at
            labels = []
            while content:
                code = content & ((1 << place.slot) - 1)
                labels.append(self.system.queues[channel].labels[code - 1])
                content >>= place.slot
            if labels:
                queues.append((channel, tuple(labels)))
        return Configuration(states, tuple(sorted(queues)))


class DenseSearch:
    """Search by layers, in the place of `LayeredSearch`. Raises ValueError unless it fits."""

    def __init__(self, system: CompiledSystem, budget: int) -> None:
        self.system = system
        self.layout = NumpyLayout(system)
        if not self.layout.fits:
            raise ValueError(f"a configuration has {self.layout.width} bits")
        self.overflow = False
        self.endings: list[TerminalEnding] = []
        self.unspecified: dict[int, Shown] = {}
        self.orphaned: dict[int, Shown] = {}
        self.arrays: list[Layer] = [np.zeros(1, dtype=np.int64)]
        self.count = 1
        self.budget = budget
        self._states = [
            [self._state(role, machine, state) for state in range(machine.state_count)]
            for role, machine in enumerate(system.machines)
        ]
        self._met: tuple[_Met, _Met] | None = None
        if not all(map(is_graded, system.machines)):
            self._met = (_Met(), _Met())
            self._met[0].add(self.arrays[0])
        self._successors = self.arrays[0][:0]
        self._expand()

    def _state(self, role: int, machine: Machine, state: int) -> _SearchState:
        rules, awaits = [], []
        for action, target in machine.moves[state]:
            ends = (machine.role, action.peer)
            channel = ends if action.send else (ends[1], ends[0])
            place = self.layout.channels[channel]
            code = self.system.queues[channel].labels.index(action.label) + 1
            change = (target - state) << self.layout.shift[role]
            rules.append(_Rule(change, place, code, action.send))
            if not action.send:
                awaits.append(place)
        only_receives = bool(rules) and not any(rule.is_send for rule in rules)
        may_spoil = only_receives and not machine.final[state]
        inbound = 0
        if machine.final[state] and not rules:
            for (_, receiver), place in self.layout.channels.items():
                inbound |= place.mask if receiver == machine.role else 0
        return _SearchState(
            tuple(rules), tuple(dict.fromkeys(awaits)) if may_spoil else (), inbound
        )

    @property
    def depth(self) -> int:
        """The number of moves to the last layer."""
        return len(self.arrays) - 1

    @property
    def exhausted(self) -> bool:
        """True when the last layer leads to nothing new."""
        return not self._successors.size and not self.overflow

    @cached_property
    def levels(self) -> list[list[int]]:
        """The layers in the form of the other search. Costly; for searches that have ended."""
        return [sorted(map(self._compiled, array.tolist())) for array in self.arrays]

    def _compiled(self, value: int) -> int:
        return self.system.encode(self.layout.decode(value))

    def advance(self) -> None:
        """Visit the next layer."""
        self.arrays.append(self._successors)
        self.count += int(self._successors.size)
        if self._met is not None:
            self._met[self.depth % 2].add(self._successors)
        self._expand()

    def longest(self) -> tuple[tuple[Channel, int], ...]:
        """For every channel the most messages it holds in a configuration that was visited."""
        together = 0
        for array in self.arrays:
            together |= int(np.bitwise_or.reduce(array))
        found = []
        for channel, place in self.layout.channels.items():
            bits = ((together & place.mask) >> place.at).bit_length()
            found.append((channel, -(-bits // place.slot)))
        return tuple(found)

    def _expand(self) -> None:
        """Classify the last layer and compute what follows it."""
        layer = self.arrays[-1]
        found: list[Layer] = []
        for start in range(0, layer.size, _SLICE):
            part = layer[start : start + _SLICE]
            idle = np.ones(part.size, dtype=np.bool_)
            pieces = [after for _, after in self._moves(part, idle)]
            if pieces:
                found.append(_unique(np.concatenate(pieces)))
            for value in part[idle].tolist():
                ending = ending_of(self.system, self._compiled(value), self.depth)
                if ending is not None:
                    self.endings.append(ending)
        following = _unique(np.concatenate(found)) if found else layer[:0]
        if self._met is not None:
            following = self._met[(self.depth + 1) % 2].new(following)
        self.overflow = self.count + following.size > self.budget
        self._successors = layer[:0] if self.overflow else following

    def _moves(self, part: Layer, idle: npt.NDArray[np.bool_]) -> Iterator[tuple[Layer, Layer]]:
        """Configurations and what follows them, move by move; clears `idle` where there is one."""
        for role, states in enumerate(self._states):
            here = (part >> self.layout.shift[role]) & self.layout.state_mask[role]
            local = here.astype(np.uint8 if len(states) <= 256 else np.int32)
            for state, count in enumerate(np.bincount(local, minlength=len(states)).tolist()):
                rules, awaits, inbound = states[state]
                if not count or not (rules or inbound):
                    continue
                rows = np.flatnonzero(local == state)
                values = part[rows]
                if inbound and role not in self.orphaned:
                    self._note_orphan(role, inbound, values)
                if awaits and role not in self.unspecified:
                    self._note_unspecified_reception(role, rules, awaits, values)
                for rule in rules:
                    for chosen, after in self._made(rule, values):
                        if chosen is not None:
                            idle[rows[chosen]] = False
                            yield values[chosen], after
                        else:
                            idle[rows] = False
                            yield values, after

    def _made(self, rule: _Rule, values: Layer) -> Iterator[tuple[Rows | None, Layer]]:
        """Which of `values` make a move, None for all, and what comes of it."""
        place = rule.channel
        content = values & place.mask
        if not rule.is_send:
            head = ((1 << place.slot) - 1) << place.at
            rows = np.flatnonzero((content & head) == rule.code << place.at)
            if rows.size:
                taken = content[rows]
                yield (
                    rows,
                    values[rows] + ((taken >> place.slot) & place.mask) - taken + rule.change,
                )
            return
        below = 0
        for number in range(self.system.queue_bound):
            at = place.at + number * place.slot
            here = ((1 << place.slot) - 1) << at
            free = (content & (place.mask & ~below)) == 0
            if below:
                free &= (content & (here >> place.slot)) != 0
            rows = np.flatnonzero(free)
            below |= here
            if rows.size:
                yield rows, values[rows] + (rule.change + (rule.code << at))
        if not self.system.blocked:
            self.system.blocked = bool(((content & here) != 0).any())

    def _note_unspecified_reception(
        self, role: int, rules: tuple[_Rule, ...], awaits: tuple[_Place, ...], values: Layer
    ) -> None:
        """A configuration in which no awaited channel begins with what the role can take."""
        bad = np.ones(values.size, dtype=np.bool_)
        for place in awaits:
            head = values & (((1 << place.slot) - 1) << place.at)
            bad &= head != 0
            for rule in rules:
                if rule.channel == place:
                    bad &= head != rule.code << place.at
        rows = np.flatnonzero(bad)
        if rows.size:
            first = self._compiled(int(values[rows[0]]))
            self.unspecified[role] = Shown(role, first, self.depth)
            self.system.unspecified.add(role)

    def _note_orphan(self, role: int, inbound: int, values: Layer) -> None:
        """A configuration in which a message is queued for a role that has terminated."""
        rows = np.flatnonzero(values & inbound)
        if rows.size:
            first = self._compiled(int(values[rows[0]]))
            self.orphaned[role] = Shown(role, first, self.depth)
            self.system.orphaned.add(role)

    def run_to(self, configuration: int, depth: int) -> list[EncodedMove]:
        """The moves of a shortest run to a configuration of the layer at `depth`."""
        here = self.layout.encode(self.system.decode(configuration))
        way = [here]
        for level in range(depth - 1, -1, -1):
            layer = self.arrays[level]
            ignored = np.ones(layer.size, dtype=np.bool_)
            before = [
                int(values[after == here].min())
                for values, after in self._moves(layer, ignored)
                if (after == here).any()
            ]
            here = min(before)
            way.append(here)
        way.reverse()
        compiled = list(map(self._compiled, way))
        moves = []
        for place, after in enumerate(compiled[1:]):
            enabled = self.system.enabled(compiled[place])
            moves.append(next(m for m in enabled if compiled[place] + m.delta == after))
        return moves


class _Met:
    """Configurations that were met, as sorted arrays of about doubling sizes."""

    def __init__(self) -> None:
        self._runs: list[Layer] = []

    def add(self, layer: Layer) -> None:
        """Take over a sorted array."""
        while self._runs and self._runs[-1].size <= 2 * layer.size:
            layer = np.sort(np.concatenate((self._runs.pop(), layer)))
        self._runs.append(layer)

    def new(self, layer: Layer) -> Layer:
        """What of a sorted array was not met."""
        for run in self._runs:
            if not layer.size:
                break
            place = np.searchsorted(run, layer)
            place[place == run.size] = 0
            layer = layer[run[place] != layer]
        return layer


def _unique(values: Layer) -> Layer:
    """`values` sorted, each once."""
    values.sort()
    if values.size < 2:
        return values
    keep = np.empty(values.size, dtype=np.bool_)
    keep[0] = True
    np.not_equal(values[1:], values[:-1], out=keep[1:])
    return values[keep]
