"""One group of machines that speak to each other: all that search decides of it.

Queues are bounded by 1, 2, 4, .. messages in turn. A bound that no run meets, or under which the
group is k-multiparty compatible, says all; else the answers are those for the largest bound that
could be searched, and say so. Each configuration within a bound is tested for each fault whose
absence is claimed there. A run that is shown is a run whatever the bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Final

import msgspec

from tellverify.model.fault import Fault
from tellverify.model.machine import Machine
from tellverify.model.step import Step
from tellverify.model.trace import Waiting
from tellverify.search.breadth_first import Layers, explored
from tellverify.search.counterexample import find_faults
from tellverify.search.encoding import Channel, CompiledSystem
from tellverify.search.group_answer import (
    PROVED,
    SAFE,
    GroupCheck,
    Reached,
    SearchScope,
    of_runs,
)
from tellverify.search.group_runs import GroupRuns
from tellverify.search.k_compatibility import are_directed_session_automata, is_compatible
from tellverify.search.layering import is_acyclic
from tellverify.search.liveness import LivenessSearch
from tellverify.search.reachability import Reach
from tellverify.search.reduction import ReducedSearch, Reduction, first_mutual_wait
from tellverify.search.sends import longest_burst, most_sent
from tellverify.search.terminal import Shown
from tellverify.search.terminal_faults import idle_faults
from tellverify.search.traces import (
    steps_of,
    waiting,
)
from tellverify.search.unbounded_queues import Growth, growing_channels, longest_queue

_GRAPH_BUDGET: Final = 60_000  # configurations that are kept with all moves between them
_LARGEST_BOUND: Final = 4_096


def check_group(
    machines: Sequence[Machine],
    *,
    largest_bound: int,
    budget: int,
    ends: bool,
    progress: bool = False,
) -> GroupCheck:
    """Decide all faults of `machines` but infidelity; see `check_system` for the limits."""
    checker = _Checker(machines, largest_bound, budget)
    checker.search_faults()
    checker.iterate()
    checker.judge_lasting(ends, progress)
    if checker.reached[Fault.DEADLOCK].scope is not SearchScope.ALL:
        checker.reduce()
        checker.judge_growth(ends)
    return checker.result()


class _Checker:
    def __init__(self, machines: Sequence[Machine], largest_bound: int, budget: int) -> None:
        self.machines = tuple(machines)
        self.roles = tuple(machine.role for machine in machines)
        self.shown = GroupRuns(self.machines)
        self.largest_bound = largest_bound
        self.budget = budget
        self.traces = self.shown.traces
        self.reached: dict[Fault, Reached] = {}
        self.unjudged: set[str] = set()
        self.longest: tuple[tuple[Channel, int], ...] = ()
        self.search: Layers | None = None
        self.complete = False
        self.within = Reached(SearchScope.RUNS, 0, 0, 0)
        self.rest: tuple[Step, ...] | None = None
        self.has_end = all(any(machine.final) for machine in machines)
        self.acyclic = all(map(is_acyclic, self.machines))
        limits = {(m.role, peer): n for m in self.machines for peer, n in most_sent(m).items()}
        self.limits = {channel: n for channel, n in limits.items() if n is not None}
        self.is_limited = len(self.limits) == len(limits)

    def result(self) -> GroupCheck:
        """All that was found out."""
        return GroupCheck(
            roles=self.roles,
            machines=self.machines,
            traces=tuple(self.traces.values()),
            reached=self.reached,
            unjudged=frozenset(self.unjudged),
            longest=self.longest,
            has_end=self.has_end,
            rest=self.rest,
            never_rests=self.rest is None and (self.complete or self._always_sends()),
        )

    def _always_sends(self) -> bool:
        """Some role can send wherever it comes to."""
        return any(
            all(any(action.send for action, _ in row) for row in machine.moves)
            for machine in self.machines
        )

    @cached_property
    def growth(self) -> list[Growth]:
        """Queues that were found to grow without limit."""
        return [] if self.is_limited else growing_channels(self.machines)

    def search_faults(self) -> None:
        """Shortest runs, without any bound on queues, as far as the budget goes."""
        found = find_faults(
            None,
            self.machines,
            wanted=frozenset(SAFE),
            depth_limit=None,
            budget=self.budget,
            lassos=False,
        )
        for trace in found.traces:
            self.shown.keep_shorter(trace)
        for fault in SAFE:
            self.reached[fault] = of_runs(found, found.covered(fault))
        self.search = found.search

    def iterate(self) -> None:
        """Search with bounds until one says all, and keep the last that could be searched."""
        if self.search is not None:
            self._take(self.search, self.search.system.queue_bound)
            return
        bound = 1
        while True:
            search = explored(CompiledSystem(self.machines, bound), self.budget)
            if search.overflow:
                return
            self._take(search, bound)
            if self.complete or self._is_enough(bound):
                return
            bound *= 2

    def _take(self, search: Layers, bound: int) -> None:
        self.search = search
        self.complete = not search.system.blocked
        self.longest = search.longest()
        scope = SearchScope.ALL if self.complete else SearchScope.QUEUES
        self.within = Reached(scope, bound, search.depth, search.count)
        self._note_faults(search)
        if self.complete or self.reached[Fault.DEADLOCK].scope is not SearchScope.COMPATIBLE:
            answer = self.within
            small = search.count <= _GRAPH_BUDGET and not self.traces
            if not self.complete and small and self._is_directed and is_compatible(Reach(search)):
                answer = msgspec.structs.replace(answer, scope=SearchScope.COMPATIBLE)
            self.reached.update(dict.fromkeys(SAFE, answer))

    @cached_property
    def _is_directed(self) -> bool:
        return are_directed_session_automata(self.machines)

    def _is_enough(self, bound: int) -> bool:
        """Larger bounds are not to be searched: nothing is to be expected of them.

        A sender sends at most `longest_burst` messages before it returns to a state; when
        queues of that length do not make the group compatible, longer ones do not either.
        """
        if bound >= _LARGEST_BOUND:
            return True
        if bound < max(self.largest_bound, *self.limits.values(), 1):
            return False
        if self.growth:
            if bound < max(map(longest_queue, self.growth)):
                return False  # what comes behind the burst was not searched yet
            return bound >= max(map(longest_burst, self.machines)) or not self._is_directed
        return False

    def _note_faults(self, search: Layers) -> None:
        """Faults of the configurations within the bound that short runs do not show."""
        for fault, shown in (
            (Fault.UNSPECIFIED_RECEPTION, search.unspecified),
            (Fault.ORPHAN_MESSAGE, search.orphaned),
        ):
            if shown and (fault, "") not in self.traces:
                first = min(shown.values(), key=lambda each: (each.depth, each.role))
                self.shown.add_of_role(fault, self._steps(search, first), first.role)
        if search.endings:
            nearest = min(search.endings, key=lambda each: each.depth)
            steps = self._steps(search, Shown(0, nearest.configuration, nearest.depth))
            if self.rest is None or len(steps) < len(self.rest):
                self.rest = tuple(steps)
        dead = [ending for ending in search.endings if ending.fault is Fault.DEADLOCK]
        if dead and (Fault.DEADLOCK, "") not in self.traces:
            here = min(dead, key=lambda each: each.depth)
            steps = self._steps(search, Shown(0, here.configuration, here.depth))
            self.shown.add_deadlock(steps)

    def _steps(self, search: Layers, shown: Shown) -> list[Step]:
        return steps_of(search.system, search.run_to(shown.configuration, shown.depth))

    def judge_lasting(self, ends: bool, progress: bool) -> None:
        """Stuck roles, ends that can no longer be reached, and roles that are kept waiting."""
        wanted = [Fault.UNBOUNDED_QUEUE, Fault.NO_TERMINATION]
        wanted += [Fault.ENDLESS_RUN] * ends + [Fault.STARVATION] * progress
        if self.search is None:
            self.reached.update(dict.fromkeys(wanted, self.reached[Fault.DEADLOCK]))
            self._by_structure(ends)
            return
        self.reached.update(dict.fromkeys(wanted, self.within))
        if self.complete and not self.traces and self.acyclic:
            return  # every run ends, and all ends are good ones
        lasting = LivenessSearch(self.search, self.complete)
        if self.reached[Fault.STUCK_ROLE].scope is not SearchScope.COMPATIBLE:
            traces, self.unjudged = lasting.stuck_roles(self.roles)
            for trace in traces:
                self.shown.keep_shorter(trace)
            self.unjudged -= {role for fault, role in self.traces if fault is Fault.STUCK_ROLE}
        if progress:
            for number in range(len(self.roles)):
                self.shown.keep_shorter(lasting.starved(number))
        if self.has_end:
            trap, is_judged = lasting.trap()
            self.shown.keep_shorter(trap)
            if not is_judged:
                self._leave_open(Fault.NO_TERMINATION)
        if ends:
            self.shown.keep_shorter(lasting.endless())
            if not self.complete and lasting.stops_at_bound:
                self._leave_open(Fault.ENDLESS_RUN)
            self._by_structure(ends)

    def _leave_open(self, fault: Fault) -> None:
        self.reached[fault] = msgspec.structs.replace(self.within, scope=SearchScope.OPEN)

    def _by_structure(self, ends: bool) -> None:
        """What follows from the absence of cycles in machines."""
        answer = msgspec.structs.replace(self.within, scope=SearchScope.STRUCTURE)
        if self.is_limited and not self.complete:
            self.longest = tuple(sorted(self.limits.items()))
            self.reached[Fault.UNBOUNDED_QUEUE] = answer
        if ends and self.acyclic and not self.complete:
            self.reached[Fault.ENDLESS_RUN] = answer

    def reduce(self) -> None:
        """What persistent sets and symmetry decide although the search was not complete."""
        bound = self._reduced_bound()
        found = idle_faults(self.machines, None, bound=bound, budget=self.budget // 4)
        for fault, trace in found.traces.items():
            self.traces.setdefault((fault, ""), trace)
        if self.rest is None:
            self.rest = found.rest
        if found.exhausted:
            self._claim(Fault.DEADLOCK, SearchScope.ENDINGS, found.complete, found.configurations)
            if self.acyclic:
                self._claim(
                    Fault.ORPHAN_MESSAGE, SearchScope.ENDINGS, found.complete, found.configurations
                )
        if found.complete and not found.traces and not found.someone_waits:
            self._claim_ends(found.configurations)
        if self.search is None:
            self._search_representatives()
            for number, role in enumerate(self.roles):
                known = self.reached[Fault.STUCK_ROLE].scope is SearchScope.ENDINGS
                if not known and (Fault.STUCK_ROLE, role) not in self.traces:
                    self._mutual_wait(number)

    def _search_representatives(self) -> None:
        """Unspecified receptions and messages left to terminated roles: once there, they stay."""
        system = CompiledSystem(self.machines, self._reduced_bound())
        search = ReducedSearch(system, Reduction.STABLE, self.budget // 4)
        roles = range(len(self.roles))
        for configuration, _ in search.configurations():
            unspecified = next(
                (r for r in roles if system.has_unspecified_reception(r, configuration)), None
            )
            gone = next((r for r in roles if system.has_orphan(r, configuration)), None)
            for fault, role in (
                (Fault.UNSPECIFIED_RECEPTION, unspecified),
                (Fault.ORPHAN_MESSAGE, gone),
            ):
                if role is not None and (fault, "") not in self.traces:
                    steps = steps_of(system, search.run_to(configuration))
                    self.shown.add_of_role(fault, steps, role)
        if not search.overflow:
            complete, count = not search.blocked, len(search.parents)
            self._claim(Fault.UNSPECIFIED_RECEPTION, SearchScope.REDUCED, complete, count)
            self._claim(Fault.ORPHAN_MESSAGE, SearchScope.REDUCED, complete, count)

    def _reduced_bound(self) -> int:
        limit = max(self.limits.values(), default=0)
        return max(self.largest_bound, 2, min(limit, _LARGEST_BOUND))

    def _claim(self, fault: Fault, scope: SearchScope, complete: bool, count: int) -> None:
        """No fault was found by a reduced search that came to its end."""
        known = self.reached[fault]
        if complete and known.scope not in PROVED:
            self.reached[fault] = Reached(scope, self._reduced_bound(), 0, count)
        elif not complete and known.scope is SearchScope.RUNS:
            self.reached[fault] = Reached(SearchScope.QUEUES, self._reduced_bound(), 0, count)

    def _claim_ends(self, count: int) -> None:
        """All ends are good; where every run ends, no role is stuck on the way either."""
        if self.acyclic:
            for fault in (
                Fault.STUCK_ROLE,
                Fault.NO_TERMINATION,
                Fault.ENDLESS_RUN,
                Fault.STARVATION,
            ):
                if fault in self.reached:
                    self._claim(fault, SearchScope.ENDINGS, True, count)
            self.unjudged.clear()

    def _mutual_wait(self, number: int) -> None:
        system = CompiledSystem(self.machines, self._reduced_bound())
        search = ReducedSearch(system, Reduction.ENDINGS, self.budget // 16)
        end = first_mutual_wait(search, number)
        if end is None:
            return
        steps = steps_of(system, search.run_to(end))
        wait: Waiting = waiting(self.machines[number], system.state(number, end))
        self.shown.add_stuck(steps, wait)

    def judge_growth(self, ends: bool) -> None:
        """Queues that grow without limit, and runs that never end because of them."""
        for growth in self.growth:
            self.shown.add_growth(growth)
            if ends and (Fault.ENDLESS_RUN, "") not in self.traces:
                self.shown.add_endless(growth)
