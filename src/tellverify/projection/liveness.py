"""Runs after which a role waits forever, and points from which the end is out of reach."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from tellverify.model.components import endless_components, reaching
from tellverify.model.graph import ProtocolGraph, acting_roles
from tellverify.projection.availability import AvailabilityBudget, OutOfBudget
from tellverify.projection.exact import BranchPlaces, SubsetConstruction
from tellverify.projection.positions import RolePositions


class StuckRun(msgspec.Struct, frozen=True):
    """A run of the protocol after which `roles` still wait; it is a shortest one for the first.

    `loop` is the index in `transitions` from which the run repeats forever without the roles, or
    -1 when everyone else has finished.
    """

    roles: tuple[int, ...]
    transitions: tuple[int, ...]
    loop: int = -1


def stuck_run(graph: ProtocolGraph, role: int, budget: AvailabilityBudget) -> StuckRun | None:
    """A shortest run after which `role` waits forever, or None. Raises OutOfBudget.

    The role waits when its state of the subset construction has moves, all of them receives,
    while the protocol may end, or in a loop that the role takes no part in and that nothing
    leaves.
    """
    views = SubsetConstruction(graph, role, budget)
    endless = _endless_without(graph, role)
    places = BranchPlaces(views)
    lasso = None
    for place in places.nearest():
        state, number = place
        if not _only_receives(views, number):
            continue
        if _may_end(graph, state):
            return StuckRun((role,), tuple(places.run_to(place)))
        if lasso is None and any(state in loop for loop in endless):
            lasso = place
    if lasso is None:
        return None
    stem = places.run_to(lasso)
    loop = next(loop for loop in endless if lasso[0] in loop)
    return StuckRun((role,), (*stem, *fair_round(graph, loop, lasso[0], role)), len(stem))


_MOST_WAYS: Final = 300


def ways_to_wait(
    graph: ProtocolGraph, role: int, budget: AvailabilityBudget
) -> list[tuple[int, ...]]:
    """For each event on a run to a place where `role` waits forever, a shortest run up to it.

    Such places are those of `stuck_run`. Raises OutOfBudget, also where there are too many events.
    """
    views = SubsetConstruction(graph, role, budget)
    places = BranchPlaces(views)
    order = list(places.nearest())
    endless = {state for loop in _endless_without(graph, role) for state in loop}
    work = [
        place
        for place in order
        if _only_receives(views, place[1]) and (place[0] in endless or _may_end(graph, place[0]))
    ]
    before: dict[tuple[int, int], list[tuple[tuple[int, int], int]]] = {}
    for place in order:
        for e, below in places.after(place):
            before.setdefault(below, []).append((place, e))
    reached = set(work)
    found: list[tuple[int, ...]] = []
    while work:
        for place, e in before.get(work.pop(), ()):
            if len(found) == _MOST_WAYS:
                raise OutOfBudget
            found.append((*places.run_to(place), e))
            if place not in reached:
                reached.add(place)
                work.append(place)
    return found


def _only_receives(views: SubsetConstruction, number: int) -> bool:
    """Whether the role waits in a state of the subset construction."""
    moves = views.moves[number]
    return bool(moves) and not any(sends for sends, _, _ in moves)


def _may_end(graph: ProtocolGraph, state: int) -> bool:
    return bool(graph.final[state]) or graph.first[state] == graph.first[state + 1]


def waiting_after(
    run: StuckRun,
    roles: tuple[int, ...],
    found: RolePositions,
    acts: bytearray,
    graph: ProtocolGraph,
) -> list[int]:
    """Those of `roles` that certainly wait at the end of `run`, when everyone has finished.

    Along tree edges the position of a role is exactly what it can know, so a position with an
    action at the end of such a run is one where the role waits, unless it may send. Other runs
    give no answer.
    """
    if run.loop >= 0 or not set(run.transitions).isdisjoint(found.chords):
        return []
    here: dict[int, int] = {}
    for e in run.transitions:
        here[graph.sender[e]] = found.sender_to[e]
        here[graph.receiver[e]] = found.receiver_to[e]
    return [role for role in roles if acts[here.get(role, role)]]


def _endless_without(graph: ProtocolGraph, role: int) -> list[set[int]]:
    """The loops that nothing leaves and that `role` takes no part in, each as its states."""
    return [
        set(component)
        for component in endless_components(graph.first, graph.target)
        if role not in acting_roles(graph, component)
    ]


def events_within(graph: ProtocolGraph, states: Iterable[int], role: int) -> dict[int, int]:
    """The transitions from `states` to `states` without `role`, each with its source."""
    inside = set(states)
    return {
        e: s
        for s in sorted(inside)
        for e in range(graph.first[s], graph.first[s + 1])
        if graph.target[e] in inside and role not in (graph.sender[e], graph.receiver[e])
    }


def fair_round(graph: ProtocolGraph, loop: Iterable[int], start: int, role: int) -> list[int]:
    """A closed walk from `start` in which every role of a `loop` without `role` takes part.

    It goes to the nearest event of a role that has had none, as often as there is one, and back.
    """
    source = events_within(graph, loop, role)
    after: dict[int, list[int]] = {}
    for e, state in source.items():
        after.setdefault(state, []).append(e)
    left = {role for e in source for role in (graph.sender[e], graph.receiver[e])}
    walk: list[int] = []
    here = start
    while left or here != start:
        before: dict[int, tuple[int, int]] = {}
        goal = -1
        order = [here]
        for state in order:
            for e in after[state]:
                below = graph.target[e]
                acts = not left.isdisjoint((graph.sender[e], graph.receiver[e]))
                if acts or (not left and below == start):
                    goal = e
                    break
                if below not in before and below != here:
                    before[below] = (state, e)
                    order.append(below)
            if goal >= 0:
                break
        walk += [*unwound(before, here, source[goal]), goal]
        left -= {graph.sender[goal], graph.receiver[goal]}
        here = graph.target[goal]
    return walk


def unwound(before: Mapping[int, tuple[int, int]], start: int, state: int) -> list[int]:
    """The transitions from `start` to `state`, given the last one to every state on the way."""
    way = []
    while state != start:
        state, e = before[state]
        way.append(e)
    return way[::-1]


def cycle_through(graph: ProtocolGraph, start: int) -> list[int]:
    """A shortest cycle through `start`."""
    first, target = graph.first, graph.target
    before: dict[int, tuple[int, int]] = {}
    order = [start]
    for state in order:
        for e in range(first[state], first[state + 1]):
            below = target[e]
            if below == start:
                cycle = [e]
                while state != start:
                    state, e = before[state]
                    cycle.append(e)
                return cycle[::-1]
            if below not in before:
                before[below] = (state, e)
                order.append(below)
    raise ValueError(f"state {start} is on no cycle")


class LivenessEnding(msgspec.Struct, frozen=True):
    """Whether the end stays in reach.

    `has_end` is False for endless services. `run` is a shortest run to a place from which no end
    can be reached although the protocol has one: a loop that nothing leaves, given by `loop`, or
    a state without events. None when there is no such place.
    """

    has_end: bool
    run: tuple[int, ...] | None = None
    loop: tuple[int, ...] = ()


def ending(graph: ProtocolGraph, *, must_end: bool = False) -> LivenessEnding:
    """Decide whether the protocol can always still end; linear.

    One that `must_end` and has no end is treated as one whose end is out of reach.
    """
    first, target, final = graph.first, graph.target, graph.final
    states = range(graph.state_count)
    ends = [s for s in states if final[s]]
    if not ends and not must_end:
        return LivenessEnding(False)
    if ends and all(reaching(first, target, ends)):
        return LivenessEnding(True)
    looping = {s for component in endless_components(first, target) for s in component}
    traps = looping | {s for s in states if first[s] == first[s + 1] and not final[s]}
    before: dict[int, tuple[int, int]] = {}
    order = [0]
    for state in order:
        if state in traps:
            run: list[int] = []
            at = state
            while at in before:
                at, e = before[at]
                run.append(e)
            run.reverse()
            loop = cycle_through(graph, state) if state in looping else []
            return LivenessEnding(True, tuple(run), tuple(loop))
        for e in range(first[state], first[state + 1]):
            if target[e] != 0 and target[e] not in before:
                before[target[e]] = (state, e)
                order.append(target[e])
    raise ValueError("a state of the graph cannot be reached")
