"""Runs that refute the safety of a protocol: minimal ones where a search can find them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from tellverify.model.fault import Fault
from tellverify.model.graph import ProtocolGraph
from tellverify.model.machine import Action, Machine
from tellverify.model.parallel_order import ParallelOrder
from tellverify.model.trace import Trace
from tellverify.obligations.machines import Machines
from tellverify.obligations.options import Options
from tellverify.projection.exact import Violation
from tellverify.search.counterexample import FaultSearch, find_faults
from tellverify.search.run_from_violation import seed_run
from tellverify.search.terminal_faults import idle_faults

CONFIGURATION_FAULTS: Final = frozenset(
    {Fault.DEADLOCK, Fault.UNSPECIFIED_RECEPTION, Fault.ORPHAN_MESSAGE}
)
_AT_THE_END: Final = (Fault.DEADLOCK, Fault.ORPHAN_MESSAGE)
_REDUCED_SHARE: Final = 10  # a step of a reduced search costs about as much as this many others
_SEARCHED_ROLES: Final = 32
_SEARCHED_EVENTS: Final = 5_000
_LONGEST: Final = 400  # events of a run; what grows without limit is not followed further
_HISTORY_SHARE: Final = 8  # a history costs about as much as this many configurations


class Refutations(msgspec.Struct, frozen=True):
    """Runs by fault, and for the faults that no run shows how far was searched.

    `depth` of a fault is None when all runs were searched. `stuck` has a run for each role that
    a search found waiting forever. `longest` is the longest queue where all configurations were
    visited. `limited` tells that a search ended at its number of configurations.
    """

    traces: dict[Fault, Trace]
    depth: dict[Fault, int | None]
    configurations: int
    stuck: tuple[Trace, ...] = ()
    longest: int | None = None
    limited: bool = False


def refute(machines: Machines, violations: tuple[Violation, ...], options: Options) -> Refutations:
    """Runs that show why a protocol with `violations` of coherence is not implementable.

    Small protocols are searched breadth-first, which makes the runs minimal. Otherwise the
    violations themselves are exploited, and the run is the shortest known. There may be none
    within the limits; then nothing is refuted, and nothing is proved either.
    """
    found = Refutations({}, {}, 0)
    if _is_small(machines):
        found = _search(machines, CONFIGURATION_FAULTS | {Fault.INFIDELITY}, options)
    if not found.traces:
        graph = machines.graph
        for violation in violations:
            event = graph.event(violation.transition)
            sends = graph.sender[violation.transition] == violation.role
            action = Action(sends, event.receiver if sends else event.sender, event.label)
            role = graph.roles[violation.role]
            onward = violation.onward or None
            machine_of = machines.along(_events(graph, violation), (role,))
            trace = seed_run(graph, _remembered(machine_of), violation.run, role, action, onward)
            if trace is not None:
                return msgspec.structs.replace(found, traces={trace.fault: trace})
        faults = sorted(CONFIGURATION_FAULTS | {Fault.INFIDELITY})
        return msgspec.structs.replace(found, depth={**dict.fromkeys(faults, 0), **found.depth})
    return found


def _events(graph: ProtocolGraph, violation: Violation) -> tuple[int, ...]:
    """The events of the protocol that a run made from `violation` takes part in."""
    state = graph.target[violation.run[-1]] if violation.run else 0
    here = range(graph.first[state], graph.first[state + 1])
    awaited = [e for e in here if graph.receiver[e] == violation.role][:1]
    return (*violation.run, *(violation.onward or awaited))


def _remembered(machine_of: Callable[[str], Machine]) -> Callable[[str], Machine]:
    """`machine_of` that builds each machine once."""
    built: dict[str, Machine] = {}

    def of(role: str) -> Machine:
        if role not in built:
            built[role] = machine_of(role)
        return built[role]

    return of


def search_all(
    machines: Machines,
    options: Options,
    *,
    order: ParallelOrder | None = None,
    fidelity: bool = True,
) -> Refutations:
    """Search the machines of a graph outside the class for all faults, stuck roles included.

    Infidelity is to the partial orders in `order` where these are given, and is not searched for
    without `fidelity`.
    """
    wanted = CONFIGURATION_FAULTS | {Fault.STUCK_ROLE}
    wanted |= {Fault.INFIDELITY} if fidelity else frozenset()
    if not _is_small(machines):
        return Refutations({}, dict.fromkeys(sorted(wanted), 0), 0)
    return _with_endings(machines, _search(machines, wanted, options, order), options)


def without_fidelity(found: Refutations) -> Refutations:
    """`found` without what it says of fidelity."""
    depth = {fault: d for fault, d in found.depth.items() if fault is not Fault.INFIDELITY}
    traces = {fault: t for fault, t in found.traces.items() if fault is not Fault.INFIDELITY}
    return msgspec.structs.replace(found, depth=depth, traces=traces)


def _with_endings(machines: Machines, found: Refutations, options: Options) -> Refutations:
    """`found`, with what persistent sets say of faults for which not all runs were searched."""
    left = [f for f in _AT_THE_END if found.depth[f] is not None and f not in found.traces]
    if not left:
        return found
    idle = idle_faults(
        machines.all(),
        machines.graph,
        bound=options.queue_limit,
        budget=options.search_limit // _REDUCED_SHARE,
    )
    more = {fault: idle.traces[fault] for fault in left if fault in idle.traces}
    decided = {fault: None for fault in left if idle.complete and fault not in more}
    return Refutations(
        {**found.traces, **more},
        {**found.depth, **decided},
        found.configurations + idle.configurations,
        found.stuck,
        found.longest,
        found.limited,
    )


def _is_small(machines: Machines) -> bool:
    graph = machines.graph
    return len(graph.roles) <= _SEARCHED_ROLES and graph.event_count <= _SEARCHED_EVENTS


def _search(
    machines: Machines,
    wanted: frozenset[Fault],
    options: Options,
    order: ParallelOrder | None = None,
) -> Refutations:
    graph, built = machines.graph, machines.all()
    limit = options.search_limit
    histories = wanted & {Fault.INFIDELITY}
    parts = ((histories, limit // _HISTORY_SHARE), (wanted - histories, limit))
    asked = [(part, budget) for part, budget in parts if part]
    searches = [
        find_faults(graph, built, wanted=part, depth_limit=_LONGEST, budget=budget, order=order)
        for part, budget in asked
    ]
    limited = any(
        search.configurations + search.histories >= budget
        for search, (_, budget) in zip(searches, asked, strict=True)
    )
    traces: dict[Fault, Trace] = {}
    stuck: list[Trace] = []
    for trace in (trace for search in searches for trace in search.traces):
        if trace.fault is Fault.STUCK_ROLE:
            stuck.append(trace)
        else:
            traces[trace.fault] = trace
    depth = {fault: d for search in searches for fault, d in _depths(search)}
    visited = sum(search.configurations + search.histories for search in searches)
    lengths = [n for s in searches if s.search is not None for _, n in s.search.longest()]
    whole = any(search.search is not None for search in searches)
    longest = max(lengths, default=0) if whole else None
    return Refutations(traces, depth, visited, tuple(stuck), longest, limited)


def _depths(search: FaultSearch) -> list[tuple[Fault, int | None]]:
    return [(each.fault, None if each.complete else each.depth) for each in search.coverage]
