"""What local states and queues add to the value of a configuration, in the search for omissions.

The value of a configuration joins those of all roles: a bit for each role that may move, one for
each that may not stop, then the bits of what has been decided.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from functools import cached_property
from typing import Final, NamedTuple, TypeAlias

from tellverify.model.decision import DecisionKind, DecisionRule
from tellverify.model.delivery import Delivery
from tellverify.model.faulty_channels import OWED
from tellverify.model.scenario import Channel, ResolvedScenario
from tellverify.search.breadth_first import LayeredSearch, Layers
from tellverify.search.computed_table import ComputedTable
from tellverify.search.encoding import CompiledSystem
from tellverify.search.scenario_machines import ScenarioMachines
from tellverify.search.successor_tables import Lookup

_NARROW: Final = 10  # bits of the segment of a role that shares a table
_GROUPED: Final = 4  # roles that share one
_FEW: Final = 300  # configurations up to which no role has a table of whole segments
_MANY: Final = 10_000  # configurations from which a shared table is worth its entries

_Lookup: TypeAlias = tuple[int, int, dict[int, int]]
_ByState: TypeAlias = tuple[int, int, list[_Lookup]]


class StateKind(IntEnum):
    """What decides whether a role may move in a state."""

    IDLE = 0  # it has no moves
    SENDS = 1  # it may send, even if only the bound forbids it
    RECEIVES = 2  # it takes a head, or does nothing
    FAULTY = 3  # some of its moves are those of faults


class StateView(NamedTuple):
    """A local state: what it adds to the value of a configuration, and what else decides.

    `shift` and `mask` cut the channels that decide whether the role may move out of a
    configuration, `low` are the bits below them in its segment; the mask is 0 where none do.
    """

    kind: StateKind
    value: int
    shift: int
    mask: int
    low: int


class OmissionValues:
    """The values of all local states of a system under a scenario.

    `offsets` are the places and widths of the bits of each decision: one for each label of an
    agreement, one for a second event.
    """

    def __init__(
        self,
        system: CompiledSystem,
        machines: ScenarioMachines,
        scenario: ResolvedScenario,
        decisions: Sequence[DecisionRule],
    ) -> None:
        self.system = system
        self.machines = machines
        self.scenario = scenario
        self.decisions = decisions
        self.names = system.roles
        self.count = len(self.names)
        self.offsets: list[tuple[int, int]] = []
        at = 2 * self.count
        for rule in decisions:
            width = len(rule.labels) if rule.kind is DecisionKind.AGREEMENT else 1
            self.offsets.append((at, width))
            at += width

    @cached_property
    def views(self) -> list[list[StateView]]:
        """Every local state of every role."""
        return [
            [self._view(role, state) for state in range(machine.state_count)]
            for role, machine in enumerate(self.system.machines)
        ]

    def _view(self, role: int, state: int) -> StateView:
        system, value = self.system, self.of_states[role][state]
        base, kind = system.shift[role], self._kind(role, state)
        if kind is StateKind.IDLE or kind is StateKind.SENDS:
            able = kind is StateKind.SENDS
            return StateView(kind, value | able << role, base, 0, 0)
        mask = system.relevant(role, state) & ~system.state_mask[role]
        low = (mask & -mask).bit_length() - 1 if mask else 0
        return StateView(kind, value, base + low, mask >> low, low)

    def value(self, role: int, segment: int, cut: frozenset[Channel]) -> int:
        """What the segment of a role adds to the value of a configuration."""
        view = self.views[role][segment & self.system.state_mask[role]]
        return view.value | self.may_move(role, view.kind, segment, cut) << role

    @cached_property
    def of_states(self) -> list[list[int]]:
        """What each local state of every role adds, whatever is queued."""
        every = not self.scenario.engaged_only
        found = []
        for role, (machine, acted) in enumerate(
            zip(self.system.machines, self.machines.acted, strict=True)
        ):
            waits = 1 << (self.count + role)
            pairs = zip(machine.final, acted, strict=True)
            found.append([0 if final or not (every or has) else waits for final, has in pairs])
            if self.decisions:
                marks = self.machines.marks[role]
                found[role] = [
                    v | self._decided(m) for v, m in zip(found[role], marks, strict=True)
                ]
        return found

    def _decided(self, marks: Sequence[int]) -> int:
        """The bits of what a role has decided."""
        value = 0
        for mark, (at, width) in zip(marks, self.offsets, strict=True):
            if width > 1 and mark:
                value |= 1 << (at + mark - 1)
            elif mark > 1:
                value |= 1 << at
        return value

    def may_move(self, role: int, kind: StateKind, segment: int, cut: frozenset[Channel]) -> bool:
        """Whether the role has a move that is owed, or one that only the bound forbids."""
        if kind is StateKind.RECEIVES:
            return self.system.takes_head(role, segment, cut)
        if kind is not StateKind.FAULTY:
            return kind is StateKind.SENDS
        name = self.names[role]
        row = self.system.machines[role].moves[segment & self.system.state_mask[role]]
        for move in self.system.moves(role, segment):
            action = row[move.place][0]
            if action.delivery not in OWED:
                continue
            if action.send or (action.peer, name) not in cut:
                return True
        return False

    def _kind(self, role: int, state: int) -> StateKind:
        """What decides whether a role may move in a state."""
        system, kind = self.system, StateKind.IDLE
        if not system.has_faults:
            if system.sends(role, state):
                return StateKind.SENDS
            return StateKind.RECEIVES if system.machines[role].moves[state] else kind
        for action, _ in system.machines[role].moves[state]:
            if action.delivery is not Delivery.FIFO:
                kind = StateKind.FAULTY
            elif action.send:
                return StateKind.SENDS
            elif kind is StateKind.IDLE:
                kind = StateKind.RECEIVES
        return kind

    def tables(
        self, search: Layers, cut: frozenset[Channel]
    ) -> tuple[list[_Lookup], list[_ByState]]:
        """Tables that cover all roles: those of narrow neighbours together, and one for each other.

        Narrow ones come first: they leave few configurations for the others to look at.
        """
        system = self.system
        groups: list[_Lookup] = []
        singles: list[_ByState] = []
        group: list[int] = []
        count = search.count
        may_reuse = not cut and not system.has_faults and count <= _FEW
        views = search.views if may_reuse and isinstance(search, LayeredSearch) else None
        grouped = _GROUPED if count > _MANY else 1
        for role in range(self.count + 1):
            narrow = (
                count > _FEW and role < self.count and system.mask[role].bit_length() <= _NARROW
            )
            if group and (not narrow or len(group) == grouped):
                groups.append(self._group(group, cut))
                group = []
            if narrow:
                group.append(role)
            elif role < self.count:
                known = views.of_role(role) if views else ()
                singles.append(
                    self._as_searched(role, known) if known else self._by_state(role, cut)
                )
        return groups, singles

    def _by_state(self, role: int, cut: frozenset[Channel]) -> _ByState:
        """The values of one role, by local state and then by the channels that matter there."""
        system = self.system
        states: list[_Lookup] = []
        for state, (kind, value, shift, mask, low) in enumerate(self.views[role]):
            if kind is StateKind.IDLE or kind is StateKind.SENDS:
                states.append((shift, 0, {0: value}))
                continue

            def compute(
                key: int,
                state: int = state,
                kind: StateKind = kind,
                value: int = value,
                low: int = low,
            ) -> int:
                segment = (key << low) | state
                return value | self.may_move(role, kind, segment, cut) << role

            states.append((shift, mask, ComputedTable(compute)))
        return system.shift[role], system.state_mask[role], states

    def _as_searched(self, role: int, known: Sequence[Lookup]) -> _ByState:
        """The values of one role from what the search has looked up, where all moves are owed."""
        system, bit = self.system, 1 << role
        base, state_mask = system.shift[role], system.state_mask[role]
        states: list[_Lookup] = []
        for state, ((shift, mask, table), value) in enumerate(
            zip(known, self.of_states[role], strict=True)
        ):
            able = value | bit
            if system.sends(role, state):
                states.append((base, 0, {0: able}))
            else:
                values = {key: able if moves else value for key, moves in table.items()}
                states.append((shift, mask, values))
        return base, state_mask, states

    def _group(self, roles: Sequence[int], cut: frozenset[Channel]) -> _Lookup:
        """The values of neighbouring roles with few segments: one look-up for all of them."""
        system = self.system
        base = system.shift[roles[0]]
        parts = [(role, system.shift[role] - base, system.mask[role]) for role in roles]

        def compute(key: int) -> int:
            value = 0
            for role, shift, mask in parts:
                value |= self.value(role, (key >> shift) & mask, cut)
            return value

        _, low, last = parts[-1]
        return base, (1 << (low + last.bit_length())) - 1, ComputedTable(compute)
