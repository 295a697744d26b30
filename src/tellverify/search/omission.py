"""Crashes and cut channels by omission: failures need no additional states.

A crashed role is one that no longer moves, and a cut channel one from which no role receives any
more. So every run with such failures is a run without them that stops early for some roles, and
the configurations of the search without failures are all there are. For each of them: when only
roles that may all crash can still move, they may have crashed, and every other role that may not
stop is stuck. Where runs need not end, a role is also stuck when no moves of the others
lead to one of its own moves (backward reachability).

Moves that are not owed, such as the messages of a Byzantine role, count as disabled when it is
decided whether a role waits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import IntEnum
from functools import cached_property
from itertools import repeat
from typing import Final, NamedTuple, TypeAlias

import msgspec

from tellverify.model.decision import DecisionKind, DecisionRule
from tellverify.model.delivery import Delivery
from tellverify.model.faulty_channels import OWED
from tellverify.model.scenario import Channel, Omission, ResolvedScenario, TooManyFaultSets
from tellverify.search.breadth_first import Layers
from tellverify.search.computed_table import ComputedTable
from tellverify.search.encoding import CompiledSystem, EncodedMove
from tellverify.search.layering import is_acyclic
from tellverify.search.omission_edges import OmissionEdges
from tellverify.search.scenario_machines import ScenarioMachines

_NARROW: Final = 10  # bits of the segment of a role that shares a table
_GROUPED: Final = 4  # roles that share one
_BATCH: Final = 200  # configurations of short levels that are looked at together
_FEW: Final = 300  # configurations up to which no role has a table of whole segments
_MANY: Final = 10_000  # configurations from which a shared table is worth its entries
_MOST_WORK: Final = 40_000_000  # configurations looked at for sets of failed roles, all together


class OmissionRun(NamedTuple):
    """A configuration that shows a fault, and the failures that it takes.

    `roles` are the numbers of the roles that are concerned. `way` are moves behind the
    configuration, from `loop` on repeated without end unless that is -1.
    """

    configuration: int
    depth: int
    failed: Omission
    roles: tuple[int, ...]
    way: tuple[EncodedMove, ...] = ()
    loop: int = -1


class OmissionFindings(msgspec.Struct, frozen=True):
    """First runs to faults. `deadlock`: no role can move and some role is stuck; `stuck` by
    role, `by_failure` the first run for each set of failures, without which no role would wait;
    `decisions` by the number of the decision. `unjudged` are roles of which the queue bound leaves
    open whether they are stuck, `given_up` those with too many sets of failures.
    """

    deadlock: OmissionRun | None
    stuck: dict[int, OmissionRun]
    by_failure: dict[Omission, OmissionRun]
    decisions: dict[int, OmissionRun]
    unjudged: frozenset[int]
    given_up: frozenset[int]


def omission_findings(
    search: Layers,
    machines: ScenarioMachines,
    scenario: ResolvedScenario,
    liars: frozenset[str],
    decisions: Sequence[DecisionRule] = (),
) -> OmissionFindings:
    """What the configurations of `search` show under all admissible failures."""
    return _OmissionAnalysis(search, machines, scenario, liars, decisions).findings()


class StateKind(IntEnum):
    """What decides whether a role may move in a state."""

    IDLE = 0  # it has no moves
    SENDS = 1  # it may send, even if only the bound forbids it
    RECEIVES = 2  # it takes a head, or does nothing
    FAULTY = 3  # some of its moves are those of faults


class _OmissionAnalysis:
    def __init__(
        self,
        search: Layers,
        machines: ScenarioMachines,
        scenario: ResolvedScenario,
        liars: frozenset[str],
        decisions: Sequence[DecisionRule],
    ) -> None:
        self.search = search
        self.system: CompiledSystem = search.system
        self.machines = machines
        self.scenario = scenario
        self.liars = liars
        self.rules = decisions
        self.names = self.system.roles
        self.count = len(self.names)
        self.everyone = (1 << self.count) - 1
        # Bits of a decision: one for each label of an agreement, one for a second event.
        self.offsets: list[tuple[int, int]] = []
        at = 2 * self.count
        for rule in decisions:
            width = len(rule.labels) if rule.kind is DecisionKind.AGREEMENT else 1
            self.offsets.append((at, width))
            at += width
        self.stuck: dict[int, OmissionRun] = {}
        self.deadlock: OmissionRun | None = None
        self._may_crash: dict[int, frozenset[str] | None] = {}
        self.by_failure: dict[Omission, OmissionRun] = {}
        self.broken: dict[int, OmissionRun] = {}
        self._kinds: list[dict[int, StateKind]] = [{} for _ in self.names]
        self._values: list[dict[int, int]] = [{} for _ in self.names]

    def findings(self) -> OmissionFindings:
        """First configurations in which no role can move, then roles that are starved by others."""
        for cut in self.scenario.cut_sets():
            self._endings(cut)
        unjudged, given_up = self._starved()
        return OmissionFindings(
            self.deadlock, self.stuck, self.by_failure, self.broken, unjudged, given_up
        )

    # Where no role can move

    def _endings(self, cut: frozenset[Channel]) -> None:
        groups, singles = _tables(self, cut)
        seen: set[int] = set()
        everyone = self.everyone  # where more than `most` can move, no role is stuck
        most = self.count if self.rules else self.scenario.most_crashes
        for start, levels in _in_batches(self.search.levels):
            level = levels[0] if len(levels) == 1 else [c for level in levels for c in level]
            pairs: list[tuple[int, int]] | None = None
            for shift, mask, known in groups:
                pairs = [
                    (w, c)
                    for v, c in (zip(repeat(0), level) if pairs is None else pairs)
                    if ((w := v | known[(c >> shift) & mask]) & everyone).bit_count() <= most
                ]
            for shift, mask, states in singles:
                pairs = [
                    (w, c)
                    for v, c in (zip(repeat(0), level) if pairs is None else pairs)
                    for s, m, known in (states[(c >> shift) & mask],)
                    if ((w := v | known[(c >> s) & m]) & everyone).bit_count() <= most
                ]
            pairs = pairs or []
            first = dict(reversed(pairs))
            found = [
                (
                    start + next(at for at, level in enumerate(levels) if first[value] in level),
                    value,
                )
                for value in first.keys() - seen
            ]
            for depth, value in sorted(found):
                self._note(value, first[value], depth, cut)
            seen |= first.keys()

    def value(self, role: int, segment: int, cut: frozenset[Channel]) -> int:
        """What the segment of a role adds to the value of a configuration."""
        state = segment & self.system.state_mask[role]
        value = self._values[role].get(state)
        if value is None:
            value = self._values[role][state] = self._value_of_state(role, state)
        return value | 1 << role if self._may_move(role, segment, cut) else value

    def _value_of_state(self, role: int, state: int) -> int:
        """What a local state adds, whatever is queued."""
        engaged = self.machines.acted[role][state] or not self.scenario.engaged_only
        waits = engaged and not self.system.machines[role].final[state]
        value = 1 << (self.count + role) if waits else 0
        for mark, (at, width) in zip(self.machines.marks[role][state], self.offsets, strict=True):
            if width > 1 and mark:
                value |= 1 << (at + mark - 1)
            elif mark > 1:
                value |= 1 << at
        return value

    def _may_move(self, role: int, segment: int, cut: frozenset[Channel]) -> bool:
        """Whether the role has a move that is owed, or one that only the bound forbids."""
        state = segment & self.system.state_mask[role]
        kind = self.kind(role, state)
        if kind is StateKind.RECEIVES:
            return self.system.takes_head(role, segment, cut)
        if kind is not StateKind.FAULTY:
            return kind is StateKind.SENDS
        row, name = self.system.machines[role].moves[state], self.names[role]
        for move in self.system.moves(role, segment):
            action = row[move.place][0]
            if action.delivery not in OWED:
                continue
            if action.send or (action.peer, name) not in cut:
                return True
        return False

    def kind(self, role: int, state: int) -> StateKind:
        """What decides whether a role may move in a state."""
        found = self._kinds[role].get(state)
        if found is None:
            found = self._kinds[role][state] = self._find_kind(role, state)
        return found

    def _find_kind(self, role: int, state: int) -> StateKind:
        kind = StateKind.IDLE
        for action, _ in self.system.machines[role].moves[state]:
            if action.delivery is not Delivery.FIFO:
                kind = StateKind.FAULTY
            elif action.send:
                return StateKind.SENDS
            elif kind is StateKind.IDLE:
                kind = StateKind.RECEIVES
        return kind

    def _note(self, value: int, configuration: int, depth: int, cut: frozenset[Channel]) -> None:
        for number, (at, width) in enumerate(self.offsets):
            bits = (value >> at) & ((1 << width) - 1)
            if number not in self.broken and bits and (width == 1 or bits & (bits - 1)):
                found = OmissionRun(configuration, depth, Omission(), ())
                self.broken[number] = found
        able = value & self.everyone
        waits = (value >> self.count) & self.everyone & ~able
        if not waits:
            return
        if able not in self._may_crash:
            names = frozenset(self.names[r] for r in range(self.count) if able >> r & 1)
            self._may_crash[able] = names if self.scenario.may_crash(names) else None
        crashed = self._may_crash[able]
        if crashed is None:
            return
        roles = tuple(r for r in range(self.count) if waits >> r & 1)
        failed = Omission(crashed, cut)
        found = OmissionRun(configuration, depth, failed, roles)
        self.by_failure.setdefault(failed, found)
        if self.deadlock is None or depth < self.deadlock.depth:
            self.deadlock = found
        for role in roles:
            if role not in self.stuck or depth < self.stuck[role].depth:
                self.stuck[role] = found._replace(roles=(role,))

    # Where others go on

    def _starved(self) -> tuple[frozenset[int], frozenset[int]]:
        """Note roles that others leave waiting without end; those left open, and given up."""
        if all(map(is_acyclic, self.system.machines)) or not self.search.exhausted:
            return frozenset(), frozenset()
        left = [r for r in range(self.count) if r not in self.stuck and not self._is_idle(r)]
        unjudged, given_up, work = set(), set(), 0
        for cut in self.scenario.cut_sets():
            for role in left:
                try:
                    sets = list(self.scenario.crash_sets(self.names[role]))
                except TooManyFaultSets:
                    given_up.add(role)
                    continue
                for crashed in sets:
                    work += len(self.edges.configurations)
                    if work > _MOST_WORK:
                        given_up.add(role)
                        break
                    if self._starve(role, Omission(crashed, cut)):
                        unjudged.add(role)
        found = self.stuck.keys()
        return frozenset(unjudged - found), frozenset(given_up - found)

    def _is_idle(self, role: int) -> bool:
        return self.names[role] in self.liars

    @cached_property
    def edges(self) -> OmissionEdges:
        """The moves between all configurations that are owed."""
        return OmissionEdges(self.search)

    def _starve(self, role: int, failed: Omission) -> bool:
        """Note a first configuration from which no run of the others serves `role`.

        True when some configuration would be one, but for a send that the bound forbids.
        """
        edges = self.edges
        gone = {n for n, name in enumerate(self.names) if name in failed.crashed}
        open_ones = edges.blocked_for(gone)
        serves = edges.that_reach(edges.movers(role, failed.cut), gone, failed.cut)
        final = self.system.machines[role].final
        acted = self.machines.acted[role]
        states = edges.states(role)
        waiting = [
            n
            for n, state in enumerate(states)
            if not serves[n]
            and not final[state]
            and (acted[state] or not self.scenario.engaged_only)
        ]
        if not waiting:
            return False
        leaves = edges.that_reach(open_ones, gone, failed.cut) if open_ones else b""
        for n in waiting:
            if leaves and leaves[n]:
                continue
            depth = edges.depth[n]
            known = self.stuck.get(role)
            if known is not None and known.depth <= depth:
                return False
            way, loop = edges.fair_way(n, gone, failed.cut)
            here = edges.configurations[n]
            self.stuck[role] = OmissionRun(here, depth, failed, (role,), tuple(way), loop)
            return False
        return True


_Lookup: TypeAlias = tuple[int, int, ComputedTable[int]]
_ByState: TypeAlias = tuple[int, int, list[_Lookup]]


def _tables(
    analysis: _OmissionAnalysis, cut: frozenset[Channel]
) -> tuple[list[_Lookup], list[_ByState]]:
    """Tables that cover all roles: those of narrow neighbours together, and one for each other.

    Narrow ones come first: they leave few configurations for the others to look at.
    """
    system = analysis.system
    groups: list[_Lookup] = []
    singles: list[_ByState] = []
    group: list[int] = []
    count = analysis.search.count
    grouped = _GROUPED if count > _MANY else 1
    for role in range(analysis.count + 1):
        narrow = (
            count > _FEW and role < analysis.count and system.mask[role].bit_length() <= _NARROW
        )
        if group and (not narrow or len(group) == grouped):
            groups.append(_group(analysis, group, cut))
            group = []
        if narrow:
            group.append(role)
        elif role < analysis.count:
            singles.append(_by_state(analysis, role, cut))
    return groups, singles


def _by_state(analysis: _OmissionAnalysis, role: int, cut: frozenset[Channel]) -> _ByState:
    """The values of one role, by local state and then by the channels that matter there."""
    system = analysis.system
    base, state_mask = system.shift[role], system.state_mask[role]
    states: list[_Lookup] = []
    for state in range(system.machines[role].state_count):
        matters = analysis.kind(role, state) not in (StateKind.IDLE, StateKind.SENDS)
        mask = system.relevant(role, state) & ~state_mask if matters else 0
        low = (mask & -mask).bit_length() - 1 if mask else 0

        def compute(key: int, low: int = low, state: int = state) -> int:
            return analysis.value(role, (key << low) | state, cut)

        states.append((base + low, mask >> low, ComputedTable(compute)))
    return base, state_mask, states


def _group(analysis: _OmissionAnalysis, roles: Sequence[int], cut: frozenset[Channel]) -> _Lookup:
    """The values of neighbouring roles with few segments: one look-up for all of them."""
    system = analysis.system
    base = system.shift[roles[0]]
    parts = [(role, system.shift[role] - base, system.mask[role]) for role in roles]

    def compute(key: int) -> int:
        value = 0
        for role, shift, mask in parts:
            value |= analysis.value(role, (key >> shift) & mask, cut)
        return value

    _, low, last = parts[-1]
    return base, (1 << (low + last.bit_length())) - 1, ComputedTable(compute)


def _in_batches(levels: Sequence[Sequence[int]]) -> Iterator[tuple[int, list[Sequence[int]]]]:
    """Levels in order, short ones together, and the depth of the first of them."""
    batch: list[Sequence[int]] = []
    size = start = 0
    for depth, level in enumerate(levels):
        if batch and size + len(level) > _BATCH:
            yield start, batch
            batch, size, start = [], 0, depth
        batch.append(level)
        size += len(level)
    if batch:
        yield start, batch
