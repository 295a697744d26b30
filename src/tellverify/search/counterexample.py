"""Shortest runs of machines that show a fault.

Breadth-first layers make a run minimal: no run with fewer events shows the same fault. Deadlock,
orphan messages, unspecified receptions and stuck roles are faults of configurations; infidelity
is a fault of histories and has a separate search (`tellverify.search.history_search`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from tellverify.model.fault import Fault
from tellverify.model.graph import ProtocolGraph
from tellverify.model.machine import Machine
from tellverify.model.parallel_order import ParallelOrder
from tellverify.model.step import Step
from tellverify.model.trace import Trace, Waiting
from tellverify.search.breadth_first import LayeredSearch, Layers, advanced
from tellverify.search.encoding import CompiledSystem, EncodedMove
from tellverify.search.history_search import HistorySearch
from tellverify.search.starvation import stuck_lassos
from tellverify.search.terminal import TerminalEnding
from tellverify.search.traces import (
    build_trace,
    explain_deadlock,
    explain_infidelity,
    explain_orphans,
    explain_reception,
    explain_starved,
    explain_stuck,
    last_events,
    replayed,
    steps_of,
    waiting,
)

SEARCHED: Final = (
    Fault.DEADLOCK,
    Fault.UNSPECIFIED_RECEPTION,
    Fault.ORPHAN_MESSAGE,
    Fault.INFIDELITY,
    Fault.STUCK_ROLE,
)
_FIRST_BOUND: Final = 4


class SearchCoverage(msgspec.Struct, frozen=True):
    """How far the search for a fault went.

    `complete`: all runs there are; then a fault that was not found does not exist. Otherwise all
    runs of up to `depth` events.
    """

    fault: Fault
    complete: bool
    depth: int


class FaultSearch(msgspec.Struct, frozen=True):
    """Minimal runs, one for each fault that was found (for stuck roles one for each role).

    A role that waits forever while others go on is shown by a lasso; it is not called minimal.
    Lassos are looked for only when all configurations were visited.

    `coverage` has one entry for each wanted fault, in the order of `SEARCHED`. `configurations`
    and `histories` count what was visited. `search` is the one that visited all configurations, if
    one did.
    """

    traces: tuple[Trace, ...]
    coverage: tuple[SearchCoverage, ...]
    configurations: int
    histories: int
    search: Layers | None = None

    def trace(self, fault: Fault) -> Trace | None:
        """The run that shows `fault`, if one was found."""
        return next((trace for trace in self.traces if trace.fault is fault), None)

    def covered(self, fault: Fault) -> SearchCoverage:
        """How far runs were searched for `fault`. Raises KeyError when it was not wanted."""
        for coverage in self.coverage:
            if coverage.fault is fault:
                return coverage
        raise KeyError(fault)


def find_faults(
    graph: ProtocolGraph | None,
    machines: Sequence[Machine],
    *,
    wanted: frozenset[Fault],
    depth_limit: int | None,
    budget: int,
    order: ParallelOrder | None = None,
    lassos: bool = True,
) -> FaultSearch:
    """A minimal run for each fault of `wanted` that the machines of `graph` show.

    Without a graph the machines come from elsewhere, and infidelity must not be wanted. `graph` has
    the interleavings of `order` where this is given, and infidelity is to these partial orders.
    Roles that wait while others go on are left out unless `lassos`.
    Searches all runs of up to `depth_limit` events, or all runs if it is None, and gives up before
    the layer that takes it beyond `budget` configurations (or histories, for infidelity); 1,024
    bits count as one. Faults not in `SEARCHED` are ignored. Raises ValueError when machines do not
    fit together (see `CompiledSystem`) and Defect when a run does not replay.
    """
    finder = _CounterexampleFinder(graph, machines, depth_limit, budget, order)
    finder.lassos = lassos
    plain = [fault for fault in SEARCHED if fault in wanted and fault is not Fault.INFIDELITY]
    coverage: dict[Fault, SearchCoverage] = {}
    if plain:
        finder.search_configurations(plain, coverage)
    if Fault.INFIDELITY in wanted:
        coverage[Fault.INFIDELITY] = finder.search_histories()
    traces = [
        trace for fault in SEARCHED for (found, _), trace in finder.traces.items() if found is fault
    ]
    return FaultSearch(
        traces=tuple(traces),
        coverage=tuple(coverage[fault] for fault in SEARCHED if fault in coverage),
        configurations=finder.configurations,
        histories=finder.histories,
        search=finder.search,
    )


class _CounterexampleFinder:
    def __init__(
        self,
        graph: ProtocolGraph | None,
        machines: Sequence[Machine],
        depth_limit: int | None,
        budget: int,
        order: ParallelOrder | None,
    ) -> None:
        self.graph = graph
        self.order = order
        self.machines = tuple(machines)
        self.machine_of = {machine.role: machine for machine in machines}.__getitem__
        self.roles = tuple(machine.role for machine in machines)
        self.depth_limit = depth_limit
        self.budget = budget
        self.traces: dict[tuple[Fault, str], Trace] = {}
        self.configurations = 0
        self.histories = 0
        self.lassos = True
        self.search: Layers | None = None

    def search_configurations(
        self, wanted: Sequence[Fault], coverage: dict[Fault, SearchCoverage]
    ) -> None:
        """Layers of configurations, until all is found or everything is visited.

        No queue may bound a run, so when a send was blocked the search starts again with twice
        the room; what the layers up to there have shown stays true.
        """
        bound, complete, depth = _FIRST_BOUND, False, 0
        while True:
            search: Layers = LayeredSearch(CompiledSystem(self.machines, bound), self.budget)
            while True:
                self._note(search, wanted)
                depth = max(depth, search.depth)
                complete = search.exhausted and not search.system.blocked
                done = complete or search.depth == self.depth_limit
                done = done or self._all_found(wanted) or search.overflow
                if done or search.system.blocked:
                    break
                search = advanced(search)
            self.configurations += search.count
            if done:
                break
            bound *= 2
        self.search = search if complete else None
        if complete and self.lassos and Fault.STUCK_ROLE in wanted:
            self._note_lassos(search)
        for fault in wanted:
            coverage[fault] = SearchCoverage(fault, complete, depth)

    def _note_lassos(self, search: Layers) -> None:
        """Lassos of the roles that no ending has shown to be stuck."""
        keys = self.traces.keys()
        left = [n for n, role in enumerate(self.roles) if (Fault.STUCK_ROLE, role) not in keys]
        for lasso in stuck_lassos(search, left):
            steps = self._steps_of(search.system, lasso.moves)
            machine = self.machines[lasso.role]
            state = replayed(self.machine_of, steps).states.get(machine.role, 0)
            self.traces[Fault.STUCK_ROLE, machine.role] = build_trace(
                Fault.STUCK_ROLE,
                steps,
                self.machine_of,
                self.roles,
                minimal=False,
                culprits=(machine.role,),
                explanation=explain_starved(waiting(machine, state)),
                loop=lasso.loop,
            )

    def search_histories(self) -> SearchCoverage:
        """Layers of faithful histories, until one is not, or everything is visited."""
        if self.graph is None:
            raise ValueError("infidelity to no graph")
        bound = _FIRST_BOUND
        while True:
            system = CompiledSystem(self.machines, bound)
            search = HistorySearch(system, self.graph, self.depth_limit, self.budget, self.order)
            while True:
                complete = search.exhausted and not system.blocked
                broken = search.unfaithful
                done = broken is not None or complete or search.depth == self.depth_limit
                done = done or search.overflow
                if done or system.blocked:
                    break
                search.advance()
            self.histories += len(search.parents)
            if done:
                break
            bound *= 2
        if broken:
            self._add_infidelity(system, *broken)
        return SearchCoverage(Fault.INFIDELITY, complete and not broken, search.depth)

    def _all_found(self, wanted: Sequence[Fault]) -> bool:
        keys = self.traces.keys()
        return all(
            all((fault, role) in keys for role in self.roles)
            if fault is Fault.STUCK_ROLE
            else (fault, "") in keys
            for fault in wanted
        )

    def _note(self, search: Layers, wanted: Sequence[Fault]) -> None:
        """Keep the first run of every kind that the last layer shows."""
        for ending in search.endings:
            if ending.depth == search.depth:
                self._note_ending(search, ending, wanted)
        for fault, shown in (
            (Fault.UNSPECIFIED_RECEPTION, search.unspecified),
            (Fault.ORPHAN_MESSAGE, search.orphaned),
        ):
            if fault in wanted and (fault, "") not in self.traces and shown:
                first = min(shown.values(), key=lambda each: (each.depth, each.role))
                steps = self._steps(search, first.configuration, first.depth)
                state = search.system.state(first.role, first.configuration)
                wait = waiting(self.machines[first.role], state)
                self._add((fault, ""), steps, (self.roles[first.role],), wait=wait)

    def _note_ending(self, search: Layers, ending: TerminalEnding, wanted: Sequence[Fault]) -> None:
        rows = [
            waiting(machine, search.system.state(role, ending.configuration))
            for role, machine in enumerate(self.machines)
        ]
        keys: list[tuple[Fault, str]] = []
        if ending.fault is Fault.DEADLOCK and ending.fault in wanted:
            keys.append((ending.fault, ""))
        if Fault.STUCK_ROLE in wanted:
            waits = (row for row in rows if row.awaits or not row.finished)
            keys += [(Fault.STUCK_ROLE, row.role) for row in waits]
        keys = [key for key in keys if key not in self.traces]
        if not keys:
            return
        steps = self._steps(search, ending.configuration, ending.depth)
        for key in keys:
            if key[1]:
                wait = next(row for row in rows if row.role == key[1])
                self._add(key, steps, (key[1],), wait=wait)
            else:
                stuck = [row for row in rows if not row.finished]
                culprits = tuple(row.role for row in stuck)
                self._add(key, steps, culprits, explanation=explain_deadlock(stuck))

    def _add(
        self,
        key: tuple[Fault, str],
        steps: list[Step],
        culprits: tuple[str, ...],
        *,
        wait: Waiting | None = None,
        explanation: str = "",
    ) -> None:
        fault = key[0]
        queues = [(p, q, content) for (p, q), content in replayed(self.machine_of, steps).queues]
        if fault is Fault.ORPHAN_MESSAGE:
            explanation = explain_orphans([each for each in queues if each[1] in culprits])
        elif wait is not None:
            explanation = (
                explain_stuck(wait)
                if fault is Fault.STUCK_ROLE
                else explain_reception(wait, queues)
            )
        self.traces[key] = build_trace(
            fault,
            steps,
            self.machine_of,
            self.roles,
            minimal=True,
            culprits=culprits,
            explanation=explanation,
        )

    def _add_infidelity(
        self, system: CompiledSystem, moves: list[EncodedMove], stopped: bool
    ) -> None:
        steps = self._steps_of(system, moves)
        self.traces[Fault.INFIDELITY, ""] = explain_unfaithful(
            self.machines, steps, stopped=stopped, minimal=True
        )

    def _steps(self, search: Layers, configuration: int, depth: int) -> list[Step]:
        return self._steps_of(search.system, search.run_to(configuration, depth))

    def _steps_of(self, system: CompiledSystem, moves: list[EncodedMove]) -> list[Step]:
        return steps_of(system, moves, self.graph)


def explain_unfaithful(
    machines: Sequence[Machine], steps: Sequence[Step], *, stopped: bool, minimal: bool
) -> Trace:
    """The trace of a history that the protocol does not have; `stopped`: it lacks an end."""
    roles = tuple(machine.role for machine in machines)
    if stopped:
        culprits = roles
        explanation = "all roles may have finished, but the protocol has not reached its end"
    else:
        culprits = tuple(dict.fromkeys(step.actor for step in last_events(steps)))
        explanation = explain_infidelity(steps)
    return build_trace(
        Fault.INFIDELITY,
        steps,
        {machine.role: machine for machine in machines}.__getitem__,
        roles,
        minimal=minimal,
        culprits=culprits,
        explanation=explanation,
    )
