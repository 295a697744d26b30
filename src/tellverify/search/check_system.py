"""Machines that come from anywhere: all that search decides of them, with bounds where needed.

Queues are bounded by 1, 2, 4, .. messages in turn. A bound that no run meets, or under which the
system is k-multiparty compatible, says all; else the answers are those for the largest bound that
could be searched, and say so. A run that is shown is a run whatever the bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import msgspec

from tellverify.model.graph import ProtocolGraph
from tellverify.model.machine import Machine
from tellverify.model.step import Step
from tellverify.model.trace import Fault, Trace, Waiting
from tellverify.search.breadth_first import Layers, explored
from tellverify.search.counterexample import Coverage, FaultSearch, find_faults
from tellverify.search.encoding import Channel, CompiledSystem
from tellverify.search.history_search import HistorySearch
from tellverify.search.k_compatibility import is_compatible
from tellverify.search.layering import is_acyclic
from tellverify.search.liveness import Lasting
from tellverify.search.orphans import Abandoned
from tellverify.search.reachability import Reach
from tellverify.search.reduction import ReducedSearch, Reduction, first_mutual_wait
from tellverify.search.terminal_faults import idle_faults
from tellverify.search.traces import (
    build_trace,
    explain_reception,
    explain_stuck,
    replayed,
    steps_of,
    waiting,
)
from tellverify.search.unbounded_queues import growing_channels

_GRAPH_BUDGET: Final = 60_000  # configurations that are kept with all moves between them
_HISTORY_SHARE: Final = 4
SAFE: Final = (Fault.DEADLOCK, Fault.UNSPECIFIED_RECEPTION, Fault.ORPHAN_MESSAGE, Fault.STUCK_ROLE)


class Scope(StrEnum):
    """What was searched for a fault: how far an answer that nothing was found reaches."""

    ALL = "all"  # every configuration there is
    COMPATIBLE = "compatible"  # k-multiparty compatible: all, by the theorem
    ENDINGS = "endings"  # every configuration in which nobody can move, by persistent sets
    REDUCED = "reduced"  # representatives of every configuration, by persistent sets
    QUEUES = "queues"  # all with queues of up to `bound` messages
    RUNS = "runs"  # all runs of up to `depth` events


class Reached(msgspec.Struct, frozen=True):
    """The scope of an answer with its bound, depth, and the configurations that were visited."""

    scope: Scope
    bound: int
    depth: int
    configurations: int


class SystemCheck(msgspec.Struct, frozen=True):
    """What was found out about a system.

    `traces` has at most one run for each fault, for stuck roles one for each role and for queues
    that grow one for each channel. `reached` says how far each fault was searched for. `longest`
    are exact where the scope is `ALL`. `has_end`: every role may stop somewhere.
    """

    traces: tuple[Trace, ...]
    reached: dict[Fault, Reached]
    longest: tuple[tuple[Channel, int], ...]
    has_end: bool


def check_system(
    machines: Sequence[Machine],
    *,
    graph: ProtocolGraph | None,
    largest_bound: int,
    budget: int,
    ends: bool,
) -> SystemCheck:
    """Decide all faults of `machines`, infidelity to `graph` if there is one.

    `ends` asks for runs that never end as well. At most `budget` configurations are kept at a time.
    Raises ValueError when machines do not fit together (see `CompiledSystem`) and Defect when a
    run does not replay.
    """
    checker = _Checker(machines, largest_bound, budget)
    checker.search_faults()
    checker.iterate()
    checker.judge_lasting(ends)
    if checker.reached[Fault.DEADLOCK].scope is not Scope.ALL:
        checker.reduce()
        checker.find_growth()
    if graph is not None:
        checker.compare(graph)
    traces = [trace for _, trace in sorted(checker.traces.items(), key=_rank)]
    return SystemCheck(tuple(traces), checker.reached, checker.longest, checker.has_end)


def _rank(item: tuple[tuple[Fault, str], Trace]) -> tuple[int, int]:
    return list(Fault).index(item[0][0]), 0


class _Checker:
    def __init__(self, machines: Sequence[Machine], largest_bound: int, budget: int) -> None:
        self.machines = tuple(machines)
        self.roles = tuple(machine.role for machine in machines)
        self.machine_of = {machine.role: machine for machine in machines}.__getitem__
        self.largest_bound = largest_bound
        self.budget = budget
        self.traces: dict[tuple[Fault, str], Trace] = {}
        self.reached: dict[Fault, Reached] = {}
        self.longest: tuple[tuple[Channel, int], ...] = ()
        self.has_end = all(any(machine.final) for machine in machines)
        self.search: Layers | None = None
        self.complete = False
        self.within = Reached(Scope.RUNS, 0, 0, 0)

    def search_faults(self) -> None:
        """Shortest runs, without any bound on queues, as far as the budget goes."""
        found = find_faults(
            None, self.machines, wanted=frozenset(SAFE), depth_limit=None, budget=self.budget
        )
        for trace in found.traces:
            self.traces[trace.fault, _about(trace)] = trace
        for fault in SAFE:
            self.reached[fault] = _of_runs(found, found.covered(fault))

    def iterate(self) -> None:
        """Search with bounds until one says all, and keep the last that could be searched."""
        bound = 1
        while True:
            search = explored(CompiledSystem(self.machines, bound), self.budget)
            if search.overflow:
                return
            self.search = search
            self.complete = not search.system.blocked
            self.longest = search.longest()
            self.within = self._answer(search, bound)
            if self.complete or self.reached[Fault.DEADLOCK].scope is not Scope.COMPATIBLE:
                answer = self.within
                small = search.count <= _GRAPH_BUDGET and not self.traces
                if not self.complete and small and is_compatible(Reach(search)):
                    answer = msgspec.structs.replace(answer, scope=Scope.COMPATIBLE)
                self.reached.update(dict.fromkeys(SAFE, answer))
            if self.complete or bound >= self.largest_bound:
                return
            bound = min(2 * bound, self.largest_bound)

    def _answer(self, search: Layers, bound: int) -> Reached:
        scope = Scope.ALL if self.complete else Scope.QUEUES
        return Reached(scope, bound, search.depth, search.count)

    def judge_lasting(self, ends: bool) -> None:
        """What holds for ever: roles that wait, messages that stay, ends that are out of reach."""
        wanted = [Fault.UNBOUNDED_QUEUE, Fault.NO_TERMINATION, *([Fault.ENDLESS_RUN] * ends)]
        if self.search is None:
            self.reached.update(dict.fromkeys(wanted, self.reached[Fault.DEADLOCK]))
            return
        self.reached.update(dict.fromkeys(wanted, self.within))
        if self.complete and not self.traces and all(map(is_acyclic, self.machines)):
            return  # every run ends, and all ends are good ones
        lasting = Lasting(self.search, self.complete)
        self._keep_shorter(lasting.orphan())
        for trace in lasting.stuck_roles(
            [role for role in self.roles if (Fault.STUCK_ROLE, role) not in self.traces]
        ):
            self._keep_shorter(trace)
        if self.has_end:
            self._keep_shorter(lasting.trap())
        if ends:
            self._keep_shorter(lasting.endless())

    def _keep_shorter(self, trace: Trace | None) -> None:
        if trace is None:
            return
        key = (trace.fault, _about(trace))
        known = self.traces.get(key)
        if known is None or len(trace.steps) < len(known.steps):
            self.traces[key] = trace

    def reduce(self) -> None:
        """What persistent sets and symmetry decide although the search was not complete."""
        bound = self._reduced_bound()
        found = idle_faults(self.machines, None, bound=bound, budget=self.budget // 4)
        for fault, trace in found.traces.items():
            self.traces.setdefault((fault, ""), trace)
        if found.exhausted:
            self._claim(Fault.DEADLOCK, Scope.ENDINGS, found.complete, found.configurations)
        if found.complete and not found.traces and not found.someone_waits:
            self._claim_ends(found.configurations)
        if self.search is None:
            self._search_representatives(all_endings=found.exhausted)
            for number, role in enumerate(self.roles):
                known = self.reached[Fault.STUCK_ROLE].scope is Scope.ENDINGS
                if not known and (Fault.STUCK_ROLE, role) not in self.traces:
                    self._mutual_wait(number)

    def _search_representatives(self, *, all_endings: bool) -> None:
        """Unspecified receptions and messages left to who has finished: once there, they stay.

        There is no other orphan message when `all_endings` were looked at.
        """
        system = CompiledSystem(self.machines, self._reduced_bound())
        search = ReducedSearch(system, Reduction.STABLE, self.budget // 4)
        gone = Abandoned(system)
        for configuration, _ in search.configurations():
            roles = range(len(self.roles))
            spoilt = next((r for r in roles if system.is_spoilt(r, configuration)), None)
            if spoilt is not None and (Fault.UNSPECIFIED_RECEPTION, "") not in self.traces:
                steps = steps_of(system, search.run_to(configuration))
                self._add_spoilt(
                    steps, waiting(self.machines[spoilt], system.state(spoilt, configuration))
                )
            left = gone.receiver(configuration)
            if left is not None and (Fault.ORPHAN_MESSAGE, "") not in self.traces:
                steps = steps_of(system, search.run_to(configuration))
                self.traces[Fault.ORPHAN_MESSAGE, ""] = gone.trace(left, steps, minimal=False)
        if not search.overflow:
            complete, count = not search.blocked, len(search.parents)
            self._claim(Fault.UNSPECIFIED_RECEPTION, Scope.REDUCED, complete, count)
            if all_endings:
                self._claim(Fault.ORPHAN_MESSAGE, Scope.REDUCED, complete, count)

    def _add_spoilt(self, steps: list[Step], wait: Waiting) -> None:
        queues = [(p, q, content) for (p, q), content in replayed(self.machine_of, steps).queues]
        self.traces[Fault.UNSPECIFIED_RECEPTION, ""] = build_trace(
            Fault.UNSPECIFIED_RECEPTION,
            steps,
            self.machine_of,
            self.roles,
            minimal=False,
            culprits=(wait.role,),
            explanation=explain_reception(wait, queues),
        )

    def _reduced_bound(self) -> int:
        return max(self.largest_bound, 2)

    def _claim(self, fault: Fault, scope: Scope, complete: bool, count: int) -> None:
        """No fault was found by a reduced search that came to its end."""
        known = self.reached[fault]
        if complete and known.scope in (Scope.RUNS, Scope.QUEUES):
            self.reached[fault] = Reached(scope, self._reduced_bound(), 0, count)
        elif not complete and known.scope is Scope.RUNS:
            self.reached[fault] = Reached(Scope.QUEUES, self._reduced_bound(), 0, count)

    def _claim_ends(self, count: int) -> None:
        """All ends are good; where every run ends, nobody waits for ever on the way either."""
        if all(map(is_acyclic, self.machines)):
            for fault in (Fault.STUCK_ROLE, Fault.NO_TERMINATION, Fault.ENDLESS_RUN):
                if fault in self.reached:
                    self._claim(fault, Scope.ENDINGS, True, count)

    def _mutual_wait(self, number: int) -> None:
        system = CompiledSystem(self.machines, self._reduced_bound())
        search = ReducedSearch(system, Reduction.ENDINGS, self.budget // 16)
        end = first_mutual_wait(search, number)
        if end is None:
            return
        steps = steps_of(system, search.run_to(end))
        wait = waiting(self.machines[number], system.state(number, end))
        self.traces[Fault.STUCK_ROLE, wait.role] = build_trace(
            Fault.STUCK_ROLE,
            steps,
            self.machine_of,
            self.roles,
            minimal=False,
            culprits=(wait.role,),
            explanation=explain_stuck(wait),
        )

    def find_growth(self) -> None:
        """Queues that were found to grow without limit."""
        for growth in growing_channels(self.machines):
            sender, receiver = growth.channel
            self.traces[Fault.UNBOUNDED_QUEUE, f"{sender} -> {receiver}"] = build_trace(
                Fault.UNBOUNDED_QUEUE,
                growth.steps,
                self.machine_of,
                self.roles,
                minimal=False,
                culprits=growth.channel,
                explanation=f"the queue from `{sender}` to `{receiver}` grows in every round",
                loop=growth.loop,
            )

    def compare(self, graph: ProtocolGraph) -> None:
        """Histories that `graph` does not have."""
        wanted = frozenset({Fault.INFIDELITY})
        budget = self.budget // _HISTORY_SHARE
        found = find_faults(graph, self.machines, wanted=wanted, depth_limit=None, budget=budget)
        for trace in found.traces:
            self.traces[trace.fault, ""] = trace
        answer = _of_runs(found, found.covered(Fault.INFIDELITY))
        self.reached[Fault.INFIDELITY] = answer
        bound = 1
        while answer.scope is Scope.RUNS and not found.traces and bound <= self.largest_bound:
            search = HistorySearch(CompiledSystem(self.machines, bound), graph, None, budget)
            while not search.exhausted and not search.overflow and search.unfaithful is None:
                search.advance()
            if search.overflow or search.unfaithful is not None:
                return  # what breaks it would have been found among short runs, or is too far
            count = len(search.parents)
            self.reached[Fault.INFIDELITY] = Reached(Scope.QUEUES, bound, search.depth, count)
            bound *= 2


def _about(trace: Trace) -> str:
    return trace.culprits[0] if trace.fault is Fault.STUCK_ROLE else ""


def _of_runs(found: FaultSearch, covered: Coverage) -> Reached:
    scope = Scope.ALL if covered.complete else Scope.RUNS
    return Reached(scope, 0, covered.depth, found.configurations + found.histories)
