"""Breadth-first search for infidelity, through pairs of a configuration and a monitor state."""

from __future__ import annotations

from typing import Final

from tellverify.model.graph import ProtocolGraph
from tellverify.model.parallel_order import ParallelOrder
from tellverify.search.encoding import CompiledSystem, EncodedMove
from tellverify.search.fidelity import DEAD, FOREIGN, FidelityMonitor
from tellverify.search.parallel_fidelity import ParallelMonitor
from tellverify.source.activity import ACTIVITY

_EXPLANATIONS: Final = 6


class HistorySearch:
    """Layers of histories that are still faithful, until one is not.

    Faithful to `graph`, or to `order` where that is given: the partial orders of a protocol with
    parallel branches, whose graph has more order than it means.

    A history is kept as the pair of where the machines are and what the monitor knows; histories
    with the same pair have the same future. The pair is one int, the monitor state above the
    configuration. `unfaithful` is the first history found that is no start of a run of `graph`:
    its moves, and whether it is complete (all roles have stopped, yet the protocol has not ended).
    What follows the layer at `depth_limit` is not computed. At most `budget` histories are kept,
    1,024 bits counting as one, and a multiple of it bounds the explanations;
    when a layer would not fit it is dropped and `overflow` set.
    """

    def __init__(
        self,
        system: CompiledSystem,
        graph: ProtocolGraph,
        depth_limit: int | None,
        budget: int,
        order: ParallelOrder | None = None,
    ) -> None:
        self.system = system
        self.overflow = False
        self._room = budget // (1 + system.width // 1024)
        self._work = budget * _EXPLANATIONS
        self.depth_limit = depth_limit
        self.monitor: FidelityMonitor | ParallelMonitor
        self.monitor = FidelityMonitor(graph) if order is None else ParallelMonitor(order)
        index = {role: number for number, role in enumerate(graph.roles)}
        self._role = [index.get(role, FOREIGN) for role in system.roles]
        self._moves: dict[int, dict[int, tuple[tuple[EncodedMove, int], ...]]] = {
            role: {} for role in range(len(system.roles))
        }
        start = self.monitor.initial << system.width | system.initial
        self.depth = 0
        self.layer = [start]
        self.parents = {start: start}
        self.unfaithful: tuple[list[EncodedMove], bool] | None = None
        self._following: list[int] = []
        self._cut = False
        self._expand()

    @property
    def exhausted(self) -> bool:
        """True when there are no further faithful histories."""
        return not (self._following or self._cut or self.overflow)

    def advance(self) -> None:
        """Go on to histories with one more event."""
        self.layer = self._following
        self.depth += 1
        self._expand()
        ACTIVITY.search(len(self.parents), self.depth, self._room)

    def _expand(self) -> None:
        system, after, parents = self.system, self.monitor.after, self.parents
        width = system.width
        below = (1 << width) - 1
        self._following = following = []
        parts = list(zip(self._role, system.shift, system.mask, self._moves.values(), strict=True))
        last = self.depth == self.depth_limit
        broken: tuple[int, EncodedMove] | None = None
        for node in self.layer:
            state, configuration = node >> width, node & below
            idle = True
            for role, (graph_role, shift, mask, table) in enumerate(parts):
                segment = (configuration >> shift) & mask
                moves = table.get(segment)
                if moves is None:
                    moves = table[segment] = self._numbered(role, segment)
                if moves:
                    idle = False
                if last or self.overflow:
                    self._cut = self._cut or not idle
                    continue
                for move, action in moves:
                    reached = after(state, graph_role, action)
                    if reached == DEAD:
                        broken = broken or (node, move)
                        continue
                    successor = reached << width | (configuration + move.delta)
                    if successor not in parents:
                        parents[successor] = node
                        following.append(successor)
            self.overflow = (
                self.overflow or len(parents) > self._room or self.monitor.work > self._work
            )
            if idle and self._stops_early(state, configuration):
                self.unfaithful = (self._run_to(node), True)
                return
        if broken is not None:
            self.unfaithful = ([*self._run_to(broken[0]), broken[1]], False)

    def _numbered(self, role: int, segment: int) -> tuple[tuple[EncodedMove, int], ...]:
        machine = self.system.machines[role]
        row = machine.moves[segment & self.system.state_mask[role]]
        return tuple(
            (move, self.monitor.action(machine.role, row[move.place][0]))
            for move in self.system.moves(role, segment)
        )

    def _stops_early(self, state: int, configuration: int) -> bool:
        """True when all roles may stop and all channels are empty, but the protocol continues."""
        system = self.system
        return (
            all(
                m.final[system.state(role, configuration)] for role, m in enumerate(system.machines)
            )
            and not any(configuration >> q.content & q.mask for q in system.queues.values())
            and not self.monitor.is_complete(state)
        )

    def _run_to(self, node: int) -> list[EncodedMove]:
        below = (1 << self.system.width) - 1
        moves: list[EncodedMove] = []
        while self.parents[node] != node:
            before = self.parents[node]
            delta = (node & below) - (before & below)
            enabled = self.system.enabled(before & below)
            moves.append(next(move for move in enabled if move.delta == delta))
            node = before
        moves.reverse()
        return moves
