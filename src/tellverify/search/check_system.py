"""Machines that come from anywhere: all that search decides of them, group by group.

Roles that exchange no message, even by way of others, cannot disturb each other. So a system is
decided by its connected groups (`tellverify.search.check_group`), and its verdict follows:

- an unspecified reception, a message to a terminated role, a role that is stuck, a queue that grows
  and an end that is out of reach are faults of the system when they are faults of a group;
- no role can act when in each group no role can, so the system deadlocks when one group does and no
  role of the others can act;
- a run of a group that never ends fairly is one of the system, mixed with whatever the others do.

Fidelity is decided for the whole, since a choreography orders what its groups do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from tellverify.model.fault import Fault
from tellverify.model.futures import connected_groups
from tellverify.model.graph import ProtocolGraph
from tellverify.model.machine import Machine
from tellverify.model.parallel_order import ParallelOrder
from tellverify.model.trace import Trace
from tellverify.search.check_group import check_group
from tellverify.search.counterexample import explain_unfaithful, find_faults
from tellverify.search.encoding import Channel, CompiledSystem
from tellverify.search.equal_groups import renamed_run, without_names
from tellverify.search.group_answer import (
    OF_ROLES,
    PROVED,
    GroupCheck,
    Reached,
    SearchScope,
    of_runs,
)
from tellverify.search.history_search import HistorySearch
from tellverify.search.traces import (
    build_trace,
    explain_deadlock,
    explain_starved,
    replayed,
    steps_of,
    waiting,
)

_HISTORY_SHARE: Final = 4
_WEAKEST_FIRST: Final = (
    SearchScope.RUNS,
    SearchScope.OPEN,
    SearchScope.QUEUES,
    SearchScope.STRUCTURE,
    SearchScope.ENDINGS,
    SearchScope.REDUCED,
    SearchScope.COMPATIBLE,
    SearchScope.ALL,
)


class SystemCheck(msgspec.Struct, frozen=True):
    """What was found out about a system.

    `traces` has at most one run for each fault, for stuck roles and starved ones one for each role
    and for queues that grow one for each channel. `reached` says how far each fault was searched
    for, `roles` for each role how far runs were searched that leave it stuck, or starve it.
    `longest` are exact where the scope is `ALL`, upper bounds where it is `STRUCTURE`. `has_end`:
    every role may stop somewhere.
    """

    traces: tuple[Trace, ...]
    reached: dict[Fault, Reached]
    roles: dict[Fault, dict[str, Reached]]
    longest: tuple[tuple[Channel, int], ...]
    has_end: bool


def check_system(
    machines: Sequence[Machine],
    *,
    graph: ProtocolGraph | None,
    largest_bound: int,
    budget: int,
    ends: bool,
    progress: bool = False,
    order: ParallelOrder | None = None,
) -> SystemCheck:
    """Decide all faults of `machines`, infidelity to `graph` if there is one.

    Or to the partial orders of `order`, whose interleavings are in `graph`.
    `ends` asks for runs that never end as well, `progress` for such that keep a role waiting.
    Queues of more than `largest_bound` messages are searched where the group may turn out to need
    no longer ones. At most `budget` configurations are kept at a time. Raises ValueError when
    machines do not fit together (see `CompiledSystem`) and Defect when a run does not replay.
    """
    number = {machine.role: n for n, machine in enumerate(machines)}
    if len(number) != len(machines):
        raise ValueError("two machines of one role")
    groups: list[GroupCheck] = []
    known: dict[tuple[Machine, ...], GroupCheck] = {}
    for roles in connected_groups(machines):
        group = [machines[n] for n in map(number.__getitem__, roles)]
        alike = without_names(group)
        twin = known.get(alike)
        if twin is not None and not twin.traces:
            groups.append(_renamed(twin, group))
            continue
        known[alike] = check_group(
            group, largest_bound=largest_bound, budget=budget, ends=ends, progress=progress
        )
        groups.append(known[alike])
    whole = _Whole(machines, groups)
    traces = [*whole.traces()]
    reached = {fault: whole.reached(fault) for fault in groups[0].reached} if groups else {}
    if groups:
        deadlock, reached[Fault.DEADLOCK] = whole.deadlock()
        traces += [deadlock] if deadlock is not None else []
    if graph is not None:
        found, reached[Fault.INFIDELITY] = _compared(machines, graph, order, largest_bound, budget)
        traces += [found] if found is not None else []
    rank = {fault: n for n, fault in enumerate(Fault)}
    has_end = all(group.has_end for group in groups)
    traces = [t for t in traces if has_end or t.fault is not Fault.NO_TERMINATION]
    traces.sort(key=lambda trace: (rank[trace.fault], [number[role] for role in trace.culprits]))
    return SystemCheck(
        tuple(traces),
        reached,
        {fault: whole.of_roles(fault) for fault in OF_ROLES if fault in reached},
        tuple(each for group in groups for each in group.longest),
        has_end,
    )


def _renamed(found: GroupCheck, machines: Sequence[Machine]) -> GroupCheck:
    """What `found` says, of a group that differs from its own in names alone."""
    names = dict(zip(found.roles, (machine.role for machine in machines), strict=True))
    rest = None
    if found.rest is not None:  # the same moves, found again by the places they have
        rest = renamed_run(found.rest, found.machines, machines)
    return msgspec.structs.replace(
        found,
        roles=tuple(names.values()),
        machines=tuple(machines),
        unjudged=frozenset(names[role] for role in found.unjudged),
        longest=tuple(((names[p], names[q]), n) for (p, q), n in found.longest),
        rest=rest,
    )


class _Whole:
    """A system as its groups make it up."""

    def __init__(self, machines: Sequence[Machine], groups: Sequence[GroupCheck]) -> None:
        self.machines = tuple(machines)
        self.machine_of = {machine.role: machine for machine in machines}.__getitem__
        self.roles = tuple(machine.role for machine in machines)
        self.groups = groups

    def traces(self) -> list[Trace]:
        """The runs that show faults of groups, except for deadlocks; the shortest of each fault."""
        kept: dict[tuple[Fault, tuple[str, ...]], Trace] = {}
        for group in self.groups:
            for trace in group.traces:
                if trace.fault is Fault.DEADLOCK:
                    continue
                many = trace.fault in (*OF_ROLES, Fault.UNBOUNDED_QUEUE)
                key = (trace.fault, trace.culprits if many else ())
                if key not in kept or len(trace.steps) < len(kept[key].steps):
                    kept[key] = self._of_all(trace, group)
        return list(kept.values())

    def _of_all(self, trace: Trace, group: GroupCheck) -> Trace:
        """`trace` as one of the whole system: the roles of other groups have not moved."""
        if len(self.groups) == 1:
            return trace
        known = {each.role: each for each in trace.waiting}
        rows = tuple(known.get(m.role) or waiting(m, 0) for m in self.machines)
        minimal, explanation = trace.minimal, trace.explanation
        if trace.fault in OF_ROLES:  # the others need not have finished
            minimal = False
            wait = known[trace.culprits[0]]
            explanation = explain_starved(wait)
        for other in self.groups:
            if other is not group and minimal:
                rival = next((t for t in other.traces if t.fault is trace.fault), None)
                sure = (
                    other.reached[trace.fault].scope in PROVED if rival is None else rival.minimal
                )
                minimal = sure
        return msgspec.structs.replace(
            trace, waiting=rows, minimal=minimal, explanation=explanation
        )

    def reached(self, fault: Fault) -> Reached:
        """How far all groups were searched for a fault: as far as the one that was least."""
        parts = [group.reached[fault] for group in self.groups]
        scope = min((part.scope for part in parts), key=_WEAKEST_FIRST.index)
        least = [part for part in parts if part.scope is scope]
        return Reached(
            scope,
            min(part.bound for part in least),
            min(part.depth for part in least),
            sum(part.configurations for part in parts),
        )

    def of_roles(self, fault: Fault) -> dict[str, Reached]:
        """For each role how far its group was searched for runs that show `fault` of it."""
        found = {}
        for group in self.groups:
            reached = group.reached[fault]
            left_open = msgspec.structs.replace(reached, scope=SearchScope.OPEN)
            for role in group.roles:
                is_open = fault is Fault.STUCK_ROLE and role in group.unjudged
                found[role] = left_open if is_open else reached
        return {role: found[role] for role in self.roles}

    def deadlock(self) -> tuple[Trace | None, Reached]:
        """A run to where no role can act and some role has not terminated.

        It is a run of one group to a deadlock, and of all others to where no role can act.
        """
        reached = self.reached(Fault.DEADLOCK)
        shown = [(g, t) for g in self.groups for t in g.traces if t.fault is Fault.DEADLOCK]
        if len(self.groups) == 1:
            return (shown[0][1] if shown else None), reached
        if any(group.never_rests for group in self.groups):
            return None, msgspec.structs.replace(reached, scope=SearchScope.ALL)
        if not shown:
            return None, reached
        if any(group.rest is None for group in self.groups):
            return None, Reached(SearchScope.OPEN, 0, 0, reached.configurations)
        rests = {id(group): group.rest or () for group in self.groups}
        group, trace = min(shown, key=lambda each: len(each[1].steps) - len(rests[id(each[0])]))
        steps = [
            step
            for each in self.groups
            for step in (trace.steps if each is group else rests[id(each)])
        ]
        states = replayed(self.machine_of, steps).states
        rows = [waiting(m, states.get(m.role, 0)) for m in self.machines]
        left = [row for row in rows if not row.finished]
        exact = all(each.reached[Fault.DEADLOCK].scope is SearchScope.ALL for each in self.groups)
        whole = build_trace(
            Fault.DEADLOCK,
            steps,
            self.machine_of,
            self.roles,
            minimal=exact,
            culprits=tuple(row.role for row in left),
            explanation=explain_deadlock(left),
        )
        return whole, reached


def _compared(
    machines: Sequence[Machine],
    graph: ProtocolGraph,
    order: ParallelOrder | None,
    largest_bound: int,
    budget: int,
) -> tuple[Trace | None, Reached]:
    """A history that `graph` does not have, and how far was searched for one."""
    wanted = frozenset({Fault.INFIDELITY})
    budget //= _HISTORY_SHARE
    found = find_faults(
        graph, machines, wanted=wanted, depth_limit=None, budget=budget, order=order
    )
    answer = of_runs(found, found.covered(Fault.INFIDELITY))
    trace = found.trace(Fault.INFIDELITY)
    bound = 1
    while answer.scope is not SearchScope.ALL and trace is None and bound <= largest_bound:
        system = CompiledSystem(machines, bound)
        search = HistorySearch(system, graph, None, budget, order)
        while not search.exhausted and not search.overflow and search.unfaithful is None:
            search.advance()
        if search.unfaithful is not None:
            moves, stopped = search.unfaithful
            steps = steps_of(system, moves, graph)
            return explain_unfaithful(machines, steps, stopped=stopped, minimal=False), answer
        if search.overflow:
            break
        scope = SearchScope.QUEUES if system.blocked else SearchScope.ALL
        answer = Reached(scope, bound, search.depth, len(search.parents))
        bound *= 2
    return trace, answer
