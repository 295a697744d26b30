"""All configurations of a protocol's machines, once for all properties.

Breadth first on the packed configurations of `tellverify.search.encoding`. Numbers follow the
order in which they are met, so a shortest run to a configuration uses smaller numbers only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from tellverify.model.machine import Machine
from tellverify.search.encoding import CompiledSystem, EncodedMove

FIRST_BOUND: Final = 2


class SearchedRuns(Protocol):
    """What the product with a formula reads of configurations, as in `Configurations`."""

    machines: tuple[Machine, ...]
    events: list[tuple[int, int, int]]
    edges: list[list[tuple[int, int]]]
    obliged: list[int]
    overflow: bool

    def state(self, role: int, configuration: int) -> int:
        """The local state of a role in a configuration."""


class Configurations:
    """The configurations with at most `queue_bound` messages in each channel.

    `edges[c]` lists `(event, successor)`; an event is the number of a move of `events`: role,
    local state and place. `obliged[c]` are the roles, as bits, that cannot wait forever: those that
    can receive a message, and those that can send and may not stop, even where only the bound
    blocks them. `complete`: the bound blocked no role. `overflow`: the budget ended the search, and
    then configurations that are reached by `depth` moves or more may have no edges. `depth` is None
    without overflow.
    """

    def __init__(self, machines: Sequence[Machine], queue_bound: int, budget: int) -> None:
        self.machines = tuple(machines)
        self.system = CompiledSystem(machines, queue_bound)
        self.queue_bound = queue_bound
        self.events: list[tuple[int, int, int]] = []
        self.codes: list[int] = [self.system.initial]
        self.edges: list[list[tuple[int, int]]] = []
        self.obliged: list[int] = []
        self.overflow = False
        self.depth: int | None = None
        self.complete = True
        self._event_of: dict[tuple[int, int, int], int] = {}
        self._known: list[dict[int, tuple[tuple[tuple[int, int], ...], bool, bool]]] = [
            {} for _ in machines
        ]
        self._search(budget // (1 + self.system.width // 1024))

    def _search(self, budget: int) -> None:
        system, codes = self.system, self.codes
        number = {codes[0]: 0}
        segments = list(zip(range(len(self.machines)), system.shift, system.mask, strict=True))
        at, depth, layer_end = 0, 0, 1
        while at < len(codes):
            if at == layer_end:
                depth, layer_end = depth + 1, len(codes)
            if len(codes) > budget:
                self.overflow, self.depth = True, depth
                return
            code = codes[at]
            at += 1
            row: list[tuple[int, int]] = []
            obliged = 0
            for role, shift, mask in segments:
                segment = (code >> shift) & mask
                known = self._known[role].get(segment)
                if known is None:
                    known = self._known[role][segment] = self._local(role, segment)
                moves, must, blocked = known
                if must:
                    obliged |= 1 << role
                if blocked:
                    self.complete = False
                for event, delta in moves:
                    after = code + delta
                    target = number.get(after)
                    if target is None:
                        target = number[after] = len(codes)
                        codes.append(after)
                    row.append((event, target))
            self.edges.append(row)
            self.obliged.append(obliged)

    def _local(self, role: int, segment: int) -> tuple[tuple[tuple[int, int], ...], bool, bool]:
        """The moves of a role, whether it must continue, and whether the bound blocks one."""
        system = self.system
        system.blocked = False
        moves = system.moves(role, segment)
        blocked, state = system.blocked, segment & system.state_mask[role]
        final = self.machines[role].final[state]
        takes = any(not self.machines[role].moves[state][move.place][0].send for move in moves)
        must = takes if final else bool(moves) or blocked
        return tuple((self._event(move, state), move.delta) for move in moves), must, blocked

    def _event(self, move: EncodedMove, state: int) -> int:
        key = (move.role, state, move.place)
        number = self._event_of.get(key)
        if number is None:
            number = self._event_of[key] = len(self.events)
            self.events.append(key)
        return number

    def has_all_runs(self, events: int) -> bool:
        """True when all runs of up to this number of events are among the edges.

        A run of n events never needs room for more than n messages in a queue.
        """
        within = self.complete or events <= self.queue_bound
        return within and (self.depth is None or events < self.depth)

    def state(self, role: int, configuration: int) -> int:
        """The local state of a role in a configuration."""
        return self.system.state(role, self.codes[configuration])


def all_configurations(
    machines: Sequence[Machine], largest_bound: int, budget: int
) -> Configurations:
    """With queue bounds 2, 4, 8, ... until the bound blocks no role, or a limit is reached.

    Raises ValueError when machines do not fit together (see `CompiledSystem`).
    """
    bound = FIRST_BOUND
    while True:
        found = Configurations(machines, bound, budget)
        if found.complete or found.overflow or bound >= largest_bound:
            return found
        bound = min(2 * bound, largest_bound)
