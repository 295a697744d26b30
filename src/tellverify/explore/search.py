"""Breadth-first search through all configurations of communicating machines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from tellverify.core.machine import Machine
from tellverify.evidence.trace import Fault
from tellverify.explore.system import Channel, CompiledSystem, Move
from tellverify.explore.views import Views

_SLICE: Final = 50_000  # successors computed at once, about; bounds the memory for duplicates
_FIRST_REGROUP: Final = 1_000


class Ending(NamedTuple):
    """A configuration in which nobody can move; `fault` is None when all went well."""

    configuration: int
    depth: int
    fault: Fault | None


class Spoilt(NamedTuple):
    """A first configuration with an unspecified reception of `role`, though others may move."""

    role: int
    configuration: int
    depth: int


class Exploration(msgspec.Struct, frozen=True):
    """The result of an exhaustive search.

    `exhausted`: every configuration within the queue bound was visited. `complete`: moreover no
    send was ever blocked by the bound, so these are all configurations there are. `levels[n]`
    are the configurations first reached by n moves, ascending.
    """

    system: CompiledSystem
    configurations: int
    depth: int
    exhausted: bool
    complete: bool
    longest_queue: tuple[tuple[Channel, int], ...]
    endings: tuple[Ending, ...]
    spoilt: tuple[Spoilt, ...]
    levels: list[list[int]]

    def run_to(self, configuration: int, depth: int) -> list[Move]:
        """The moves of a shortest run to a configuration of `levels[depth]`."""
        return run_to(Views(self.system), self.levels, configuration, depth)


class LayeredSearch:
    """Search by layers; `advance` adds one. `endings` and `spoilt` grow with the layers.

    At most `budget` configurations are kept, fewer if they are long: 1,024 bits count as one. When
    the next layer would not fit it is dropped and `overflow` set; the layers before are complete.
    """

    def __init__(self, system: CompiledSystem, budget: int) -> None:
        self.system = system
        self.overflow = False
        weight = 1 + system.width // 1024
        self._room = budget // weight
        self._slice = max(1, _SLICE // (weight * (1 + len(system.machines) // 8)))
        self.views = Views(system)
        self.levels: list[list[int]] = [[system.initial]]
        self.seen = {system.initial}
        self.endings: list[Ending] = []
        self.spoilt: dict[int, Spoilt] = {}
        self._regroup_at = _FIRST_REGROUP
        self._successors: set[int] = set()
        self._expand()

    @property
    def depth(self) -> int:
        """The number of moves to the last layer."""
        return len(self.levels) - 1

    @property
    def count(self) -> int:
        """How many configurations were visited."""
        return len(self.seen)

    @property
    def exhausted(self) -> bool:
        """True when the last layer leads to nothing new."""
        return not self._successors and not self.overflow

    def advance(self) -> None:
        """Visit the next layer."""
        self.levels.append(sorted(self._successors))
        self.seen |= self._successors
        if len(self.seen) > self._regroup_at:
            self._regroup_at *= 8
            self.views.regroup(self.levels[-1])
        self._expand()

    def run_to(self, configuration: int, depth: int) -> list[Move]:
        """The moves of a shortest run to a configuration of the layer at `depth`."""
        return run_to(self.views, self.levels, configuration, depth)

    def _expand(self) -> None:
        """Classify the last layer and compute what follows it."""
        layer, views = self.levels[-1], self.views
        following: set[int] = set()
        for start in range(0, len(layer), self._slice):
            part = layer[start : start + self._slice]
            found = views.successors(part)
            if not self.overflow:
                found -= self.seen
                following |= found
                self.overflow = len(self.seen) + len(following) > self._room
            for configuration in views.idle(part):
                ending = self._ending(configuration)
                if ending is not None:
                    self.endings.append(ending)
        self._successors = set() if self.overflow else following
        for role in sorted(self.system.spoilt - self.spoilt.keys()):
            first = next(c for c in layer if self.system.is_spoilt(role, c))
            self.spoilt[role] = Spoilt(role, first, self.depth)

    def _ending(self, configuration: int) -> Ending | None:
        """What an idle configuration is; None when only the queue bound blocks it."""
        system = self.system
        states = [system.state(role, configuration) for role in range(len(system.machines))]
        rows = list(zip(system.machines, states, strict=True))
        if any(action.send for machine, state in rows for action, _ in machine.moves[state]):
            return None
        fault: Fault | None = None
        if not all(machine.final[state] for machine, state in rows):
            spoilt = any(system.is_spoilt(role, configuration) for role in range(len(rows)))
            fault = Fault.UNSPECIFIED_RECEPTION if spoilt else Fault.DEADLOCK
        elif any(configuration >> q.content & q.mask for q in system.queues.values()):
            fault = Fault.ORPHAN_MESSAGE
        return Ending(configuration, self.depth, fault)


def explore(machines: Sequence[Machine], *, queue_bound: int, budget: int) -> Exploration:
    """Visit every configuration with at most `queue_bound` messages in each channel.

    Stops before the layer that exceeds `budget` (see `LayeredSearch`); `exhausted` is false then.
    Raises ValueError when machines do not fit together (see `CompiledSystem`).
    """
    search = LayeredSearch(CompiledSystem(machines, queue_bound), budget)
    while not search.exhausted and not search.overflow:
        search.advance()
    system = search.system
    return Exploration(
        system=system,
        configurations=len(search.seen),
        depth=search.depth,
        exhausted=search.exhausted,
        complete=search.exhausted and not system.blocked,
        longest_queue=longest_queues(system, search.levels),
        endings=tuple(search.endings),
        spoilt=tuple(search.spoilt[role] for role in sorted(search.spoilt)),
        levels=search.levels,
    )


def explore_iterated(
    machines: Sequence[Machine], *, largest_bound: int, budget: int
) -> Exploration:
    """`explore` with queue bounds 1, 2, 4, ... until it is complete or a limit is reached."""
    bound = 1
    while True:
        exploration = explore(machines, queue_bound=bound, budget=budget)
        if exploration.complete or not exploration.exhausted or bound >= largest_bound:
            return exploration
        bound = min(2 * bound, largest_bound)


def longest_queues(
    system: CompiledSystem, levels: Sequence[Sequence[int]]
) -> tuple[tuple[Channel, int], ...]:
    """For every channel the most messages it holds in a configuration of `levels`."""
    longest = []
    for channel, queue in system.queues.items():
        at, mask = queue.length, (1 << system.queue_bound.bit_length()) - 1
        lengths: set[int] = set()
        for level in levels:
            lengths.update([(c >> at) & mask for c in level])
        longest.append((channel, max(lengths)))
    return tuple(longest)


def run_to(
    views: Views, levels: Sequence[Sequence[int]], configuration: int, depth: int
) -> list[Move]:
    """The moves of a shortest run, found backwards: the least predecessor in each layer."""
    moves: list[Move] = []
    for level in range(depth - 1, -1, -1):
        before = min(views.predecessors(levels[level], configuration))
        delta = configuration - before
        moves.append(next(m for m in views.system.enabled(before) if m.delta == delta))
        configuration = before
    moves.reverse()
    return moves
