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
from functools import cached_property
from itertools import repeat
from typing import Final, NamedTuple

import msgspec

from tellverify.model.decision import DecisionRule
from tellverify.model.scenario import Channel, Omission, ResolvedScenario, TooManyFaultSets
from tellverify.search.breadth_first import Layers
from tellverify.search.encoding import CompiledSystem, EncodedMove
from tellverify.search.layering import is_acyclic
from tellverify.search.omission_edges import OmissionEdges
from tellverify.search.omission_values import OmissionValues
from tellverify.search.scenario_machines import ScenarioMachines

_BATCH: Final = 200  # configurations of short levels that are looked at together
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
        self.values = OmissionValues(self.system, machines, scenario, decisions)
        self.offsets = self.values.offsets
        self.stuck: dict[int, OmissionRun] = {}
        self.deadlock: OmissionRun | None = None
        self._crashed: dict[int, frozenset[str] | None] = {}
        self._failures: dict[tuple[int, frozenset[Channel]], Omission] = {}
        self.by_failure: dict[Omission, OmissionRun] = {}
        self.broken: dict[int, OmissionRun] = {}

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
        groups, singles = self.values.tables(self.search, cut)
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
            telling = {first[v]: v for v in first.keys() - seen if self._tells(v)}
            depths = {
                c: start + at
                for at, level in reversed([*enumerate(levels)] if len(levels) > 1 else [])
                for c in level
                if c in telling
            }
            found = [(depths.get(c, start), value) for c, value in telling.items()]
            for depth, value in sorted(found):
                self._note(value, first[value], depth, cut)
            seen |= first.keys()

    def _tells(self, value: int) -> bool:
        """Whether a value may show a fault: a decision, or a role that waits and cannot move."""
        return bool(self.rules or (value >> self.count) & self.everyone & ~value)

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
        if able not in self._crashed:
            names = frozenset(self.names[r] for r in range(self.count) if able >> r & 1)
            self._crashed[able] = names if self.scenario.may_crash(names) else None
        crashed = self._crashed[able]
        if crashed is None:
            return
        if (able, cut) not in self._failures:
            self._failures[able, cut] = Omission(crashed, cut)
        failed = self._failures[able, cut]
        roles = [r for r in range(self.count) if waits >> r & 1]
        if failed not in self.by_failure or self.deadlock is None or depth < self.deadlock.depth:
            found = OmissionRun(configuration, depth, failed, tuple(roles))
            self.by_failure.setdefault(failed, found)
            if self.deadlock is None or depth < self.deadlock.depth:
                self.deadlock = found
        for role in roles:
            if role not in self.stuck or depth < self.stuck[role].depth:
                self.stuck[role] = OmissionRun(configuration, depth, failed, (role,))

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
