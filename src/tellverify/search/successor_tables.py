"""Successors of many configurations at once, by tables that fill as configurations are met.

Speed comes from three things. What a role can do depends on its segment only, so its moves are
looked up, not computed. Neighbouring roles with few segments share one table, so one look-up
serves several roles; a role with many segments, as a coordinator whose channels fill in any
order, is looked up by its local state first and then by the channels that matter there. And the
loops are comprehensions over a whole layer, with sets to remove duplicates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from tellverify.search.computed_table import ComputedTable
from tellverify.search.encoding import CompiledSystem, EncodedMove

_GROUP_LIMIT: Final = 4096  # entries of a table that several roles share
_ROLE_LIMIT: Final = 200  # segments of a role that may share a table
_SAMPLE: Final = 4000


SuccessorTable: TypeAlias = ComputedTable[tuple[int, ...]]

# What a role can do when its segment is known.
Moves: TypeAlias = Callable[[int, int], "tuple[EncodedMove, ...]"]
# A shift, a mask, and the table for what they cut out.
Lookup: TypeAlias = tuple[int, int, SuccessorTable]


class SuccessorViews:
    """The moves of all configurations of `system`; `regroup` adapts the tables to these.

    `moves` stands in for those of the system where something else is asked of each segment.
    """

    def __init__(self, system: CompiledSystem, moves: Moves | None = None) -> None:
        self.system = system
        self._moves = moves or system.moves
        self._is_regrouped = False
        self._groups: list[Lookup] = []
        self._singles = [self._by_state(role) for role in range(len(system.machines))]

    def of_role(self, role: int) -> Sequence[Lookup]:
        """The tables of a role by local state, with all that was looked up; empty after `regroup`,
        since then tables begin anew.
        """
        return () if self._is_regrouped else self._singles[role][2]

    def successors(self, layer: Sequence[int]) -> set[int]:
        """All configurations one move after one of `layer`."""
        found: set[int] = set()
        for shift, mask, table in self._groups:
            found.update([c + d for c in layer for d in table[(c >> shift) & mask]])
        for shift, mask, states in self._singles:
            found.update(
                [
                    c + d
                    for c in layer
                    for s, m, table in (states[(c >> shift) & mask],)
                    for d in table[(c >> s) & m]
                ]
            )
        return found

    def idle(self, layer: Sequence[int]) -> list[int]:
        """Configurations of `layer` in which no role can move, in the same order.

        Some may be blocked by the queue bound only.
        """
        idle = list(layer)
        for shift, mask, table in self._groups:
            idle = [c for c in idle if not table[(c >> shift) & mask]]
        for shift, mask, states in self._singles:
            idle = [
                c
                for c in idle
                for s, m, table in (states[(c >> shift) & mask],)
                if not table[(c >> s) & m]
            ]
        return idle

    def movable(self, layer: Sequence[int]) -> list[int]:
        """Configurations of `layer` in which some role can move, ascending."""
        found: set[int] = set()
        for shift, mask, table in self._groups:
            found.update([c for c in layer if table[(c >> shift) & mask]])
        for shift, mask, states in self._singles:
            found.update(
                [
                    c
                    for c in layer
                    for s, m, table in (states[(c >> shift) & mask],)
                    if table[(c >> s) & m]
                ]
            )
        return sorted(found)

    def predecessors(self, layer: Sequence[int], target: int) -> list[int]:
        """Configurations of `layer` that have a move to `target`, possibly with repetitions."""
        found: list[int] = []
        for shift, mask, table in self._groups:
            found += [c for c in layer for d in table[(c >> shift) & mask] if c + d == target]
        for shift, mask, states in self._singles:
            found += [
                c
                for c in layer
                for s, m, table in (states[(c >> shift) & mask],)
                for d in table[(c >> s) & m]
                if c + d == target
            ]
        return found

    def regroup(self, sample: Sequence[int]) -> None:
        """Choose the tables anew, by how many segments of each role occur in `sample`."""
        system = self.system
        sample = sample[-_SAMPLE:]
        sizes = [
            len({(c >> shift) & mask for c in sample})
            for shift, mask in zip(system.shift, system.mask, strict=True)
        ]
        self._is_regrouped = True
        self._groups, self._singles = [], []
        role = 0
        while role < len(sizes):
            if sizes[role] > _ROLE_LIMIT:
                self._singles.append(self._by_state(role))
                role += 1
                continue
            end, product = role + 1, sizes[role]
            while end < len(sizes) and product * sizes[end] <= _GROUP_LIMIT:
                product *= sizes[end]
                end += 1
            self._groups.append(self._group(role, end))
            role = end

    def _role_table(self, role: int, low: int = 0, state: int = 0) -> SuccessorTable:
        """The table of one role; keys are shifted by `low` bits and lack the local state."""
        moves = self._moves
        return SuccessorTable(lambda key: tuple(m.delta for m in moves(role, (key << low) | state)))

    def _by_state(self, role: int) -> tuple[int, int, list[Lookup]]:
        system = self.system
        base, state_mask = system.shift[role], system.state_mask[role]
        states: list[Lookup] = []
        for state in range(system.machines[role].state_count):
            mask = system.relevant(role, state) & ~state_mask
            low = (mask & -mask).bit_length() - 1 if mask else 0
            states.append((base + low, mask >> low, self._role_table(role, low, state)))
        return base, state_mask, states

    def _group(self, start: int, end: int) -> Lookup:
        system = self.system
        base = system.shift[start]
        parts = [
            (system.shift[role] - base, system.mask[role], self._role_table(role))
            for role in range(start, end)
        ]
        shift, mask, _ = parts[-1]

        def compute(key: int) -> tuple[int, ...]:
            return tuple(d for s, m, table in parts for d in table[(key >> s) & m])

        return base, (1 << (shift + mask.bit_length())) - 1, SuccessorTable(compute)
