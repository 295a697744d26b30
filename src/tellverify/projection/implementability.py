"""Is a protocol implementable, and which role cannot play its part?

The congruence settles almost all roles of almost all protocols in near-linear time; the rest is
decided exactly, role by role, within a budget of steps.
"""

from __future__ import annotations

import msgspec

from tellverify.model.graph import ProtocolGraph, leaves_class
from tellverify.projection.availability import Availability, AvailabilityBudget, OutOfBudget
from tellverify.projection.congruence import Doubts, doubts
from tellverify.projection.exact import Violation, violations
from tellverify.projection.liveness import StuckRun, stuck_run, waiting_after

DEFAULT_BUDGET = 20_000_000
_REFUTED_ROLES = 8  # further roles are not examined once this many are refuted


class Implementability(msgspec.Struct, frozen=True):
    """The complete answer for one graph of the class.

    `implementable` is None when the budget ran out before anything was refuted. `violations`
    holds the refuted roles that were examined, shortest first. `stuck` are runs after
    which a role waits forever; roles in `undecided` may or may not have one.
    """

    implementable: bool | None
    violations: tuple[Violation, ...]
    stuck: tuple[StuckRun, ...]
    undecided: tuple[int, ...]
    settled_by_congruence: int


def check_graph(
    graph: ProtocolGraph, steps: int = DEFAULT_BUDGET, *, first_only: bool = False
) -> Implementability:
    """Decide implementability, and whether a role can wait forever.

    With `first_only` nothing is examined behind the first role that is refuted. Sound and complete
    for graphs of the class (Li, Stutz, Wies, Zufferey, OOPSLA 2025, arXiv 2411.05722, Theorem 4.4).
    Raises ValueError for others.
    """
    fault = leaves_class(graph)
    if fault is not None:
        raise ValueError(f"state {fault.state}: {fault.reason}")
    doubted = doubts(graph)
    budget = AvailabilityBudget(steps)
    available = Availability(graph, budget)
    refuted: list[Violation] = []
    unknown = False
    suspects = _suspects(graph, doubted, available)
    most = 1 if first_only else _REFUTED_ROLES
    for role in suspects:
        if len(refuted) >= most:
            break
        try:
            violation = violations(graph, role, budget, available)
        except OutOfBudget:
            unknown = True
            break
        if violation is not None:
            refuted.append(violation)
    stuck: tuple[StuckRun, ...] = ()
    undecided: tuple[int, ...] = ()
    if not (refuted and first_only):
        stuck, undecided = _stuck(graph, doubted, AvailabilityBudget(steps))
    refuted.sort(key=lambda v: (v.length, v.role))
    verdict = False if refuted else None if unknown else True
    settled = len(graph.roles) - len({*suspects, *doubted.waiting})
    return Implementability(verdict, tuple(refuted), stuck, undecided, settled)


def violation_of(graph: ProtocolGraph, role: int, steps: int) -> Violation | None:
    """The shortest violation of one role of a graph of the class, None when there is none.

    None as well when the budget runs out.
    """
    budget = AvailabilityBudget(steps)
    try:
        return violations(graph, role, budget, Availability(graph, budget))
    except OutOfBudget:
        return None


def _suspects(graph: ProtocolGraph, doubted: Doubts, available: Availability) -> list[int]:
    """Roles that need the exact check: a message that is awaited too may really be sent."""
    suspects = set(doubted.incoherent)
    for role, rows in doubted.receives.items():
        if role in suspects:
            continue
        for e, awaited in rows:
            try:
                possible = available.possible(graph.target[e], role)
            except OutOfBudget:
                suspects.add(role)
                break
            mine = graph.sender[e]
            if any(message[0] != mine and message in awaited for message in possible):
                suspects.add(role)
                break
    return sorted(suspects)


def _stuck(
    graph: ProtocolGraph, doubted: Doubts, budget: AvailabilityBudget
) -> tuple[tuple[StuckRun, ...], tuple[int, ...]]:
    """Shortest runs after which roles wait forever, and the roles left undecided.

    A run that is found for one role is used for all others that wait at its end as well.
    """
    found: list[StuckRun] = []
    covered: set[int] = set()
    coherent = tuple(role for role in doubted.waiting if role not in set(doubted.incoherent))
    for role in doubted.waiting:
        if role in covered:
            continue
        try:
            run = stuck_run(graph, role, budget)
        except OutOfBudget:
            return tuple(found), tuple(r for r in doubted.waiting if r >= role and r not in covered)
        if run is not None:
            others = waiting_after(run, coherent, doubted.found, doubted.acts, graph)
            roles = (role, *(other for other in others if other not in covered and other != role))
            covered.update(roles)
            found.append(StuckRun(roles, run.transitions, run.loop))
    return tuple(found), ()
