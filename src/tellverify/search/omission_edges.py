"""The moves between the configurations of a search that are owed, for roles that others starve."""

from __future__ import annotations

from collections.abc import Iterable

from tellverify.model.delivery import Delivery
from tellverify.model.faulty_channels import OWED
from tellverify.model.scenario import Channel
from tellverify.search.breadth_first import Layers
from tellverify.search.encoding import CompiledSystem, EncodedMove


class OmissionEdges:
    """All configurations of a search by number, and the owed moves that lead to each."""

    def __init__(self, search: Layers) -> None:
        system: CompiledSystem = search.system
        self.system = system
        self.configurations = [c for level in search.levels for c in level]
        self.depth = [d for d, level in enumerate(search.levels) for _ in level]
        self.number = {c: n for n, c in enumerate(self.configurations)}
        self.before: list[list[tuple[int, Channel | None, int]]] = [[] for _ in self.configurations]
        self.blocked: list[int] = []
        self._known: list[dict[int, tuple[list[tuple[EncodedMove, Channel | None]], bool]]] = [
            {} for _ in system.machines
        ]
        for n, configuration in enumerate(self.configurations):
            blocked = 0
            for role in range(len(system.machines)):
                moves, is_blocked = self._owed(role, configuration)
                blocked |= is_blocked << role
                for move, channel in moves:
                    target = self.number.get(configuration + move.delta)
                    if target is not None:
                        self.before[target].append((role, channel, n))
            self.blocked.append(blocked)

    def _owed(
        self, role: int, configuration: int
    ) -> tuple[list[tuple[EncodedMove, Channel | None]], bool]:
        """The owed moves of a role with the channels they receive from; whether one is blocked."""
        system = self.system
        segment = (configuration >> system.shift[role]) & system.mask[role]
        found = self._known[role].get(segment)
        if found is None:
            machine = system.machines[role]
            row = machine.moves[segment & system.state_mask[role]]
            enabled = system.moves(role, segment)
            places = {move.place for move in enabled}
            blocked = any(
                action.send and action.delivery is Delivery.FIFO and place not in places
                for place, (action, _) in enumerate(row)
            )
            moves: list[tuple[EncodedMove, Channel | None]] = []
            for move in enabled:
                action = row[move.place][0]
                if action.delivery in OWED:
                    channel = None if action.send else (action.peer, machine.role)
                    moves.append((move, channel))
            found = self._known[role][segment] = (moves, blocked)
        return found

    def states(self, role: int) -> list[int]:
        """The local state of a role in every configuration."""
        return [self.system.state(role, c) for c in self.configurations]

    def movers(self, role: int, cut: frozenset[Channel]) -> list[int]:
        """Where a role can move, or could but for the bound."""
        return [
            n
            for n, c in enumerate(self.configurations)
            if self.blocked[n] >> role & 1
            or any(channel not in cut for _, channel in self._owed(role, c)[0])
        ]

    def blocked_for(self, gone: set[int]) -> list[int]:
        """Where the bound alone forbids a send of a role that has not crashed."""
        alive = ~sum(1 << role for role in gone)
        return [n for n, blocked in enumerate(self.blocked) if blocked & alive]

    def that_reach(
        self, goals: Iterable[int], gone: set[int], cut: frozenset[Channel]
    ) -> bytearray:
        """A flag for every configuration from which moves of the others lead to one of `goals`."""
        flags = bytearray(len(self.configurations))
        stack = []
        for goal in goals:
            if not flags[goal]:
                flags[goal] = 1
                stack.append(goal)
        while stack:
            for role, channel, source in self.before[stack.pop()]:
                if not flags[source] and role not in gone and channel not in cut:
                    flags[source] = 1
                    stack.append(source)
        return flags

    def fair_way(
        self, start: int, gone: set[int], cut: frozenset[Channel]
    ) -> tuple[list[EncodedMove], int]:
        """Moves from `start` on in which all take turns, and where they repeat; -1: they end."""
        roles = len(self.system.machines)
        here, turn = self.configurations[start], 0
        met = {(here, turn): 0}
        way: list[EncodedMove] = []
        while True:
            able = [
                (role, move)
                for role in range(roles)
                if role not in gone
                for move, channel in self._owed(role, here)[0]
                if channel not in cut
            ]
            if not able:
                return way, -1
            role, move = min(able, key=lambda one: ((one[0] - turn) % roles, one[1].place))
            way.append(move)
            here, turn = here + move.delta, (role + 1) % roles
            if (here, turn) in met:
                return way, met[here, turn]
            met[here, turn] = len(way)
