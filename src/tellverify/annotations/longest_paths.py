"""The largest total cost of a run of a protocol, where every event has a cost.

Costs are natural numbers of any size, so the worst case of a graph is a longest path over its
strongly connected components: a loop with a cost makes it unbounded, a loop without one adds
nothing. The potential of a state is the most that can still be added from there on; it is the
certificate, since p(s) >= cost + p(t) for every event from s to t can be checked event by event.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

import msgspec

from tellverify.model.components import strongly_connected
from tellverify.model.graph import ProtocolGraph

UNBOUNDED: Final = -1
Payer: TypeAlias = tuple[int, int]
"""A role and the receiver it pays for, -1 for all of them."""


class PathShape:
    """What the meters of one graph share: its components, from the final states to the start."""

    __slots__ = ("component", "graph", "order")

    def __init__(self, graph: ProtocolGraph) -> None:
        self.graph = graph
        self.order = list(strongly_connected(graph.first, graph.target, [0]))
        self.component = [-1] * graph.state_count
        for number, states in enumerate(self.order):
            for state in states:
                self.component[state] = number


class WorstPath(msgspec.Struct, frozen=True):
    """The worst case of one meter.

    `potential` has for every state the most that runs from it add up to, or UNBOUNDED; states that
    are not reached have 0. `total` is that of the initial state.
    """

    total: int
    potential: tuple[int, ...]

    @property
    def is_bounded(self) -> bool:
        """Whether all runs stay below some number."""
        return self.total != UNBOUNDED


def worst_case(shape: PathShape, costs: Sequence[int]) -> WorstPath:
    """The worst case of all runs, ended or not; `costs` has a natural number for every event."""
    graph, component = shape.graph, shape.component
    first, target = graph.first, graph.target
    potential = [0] * graph.state_count
    for number, states in enumerate(shape.order):
        best = 0
        for state in states:
            for event in range(first[state], first[state + 1]):
                after = target[event]
                if component[after] == number:
                    if costs[event]:
                        best = UNBOUNDED
                        break
                elif potential[after] == UNBOUNDED:
                    best = UNBOUNDED
                    break
                else:
                    best = max(best, costs[event] + potential[after])
            if best == UNBOUNDED:
                break
        for state in states:
            potential[state] = best
    return WorstPath(potential[0], tuple(potential))


def worst_totals(shape: PathShape, weights: Mapping[int, tuple[Payer, int]]) -> dict[Payer, int]:
    """The worst case of every payer at once; payers that never pay are left out.

    `weights` has, for events that cost something, who pays and how much. Each payer's worst case is
    that of `worst_case` with its own events alone. The totals of a component are those behind it,
    united small into large, so that a payer is touched where it pays and where branches meet.
    """
    graph, component = shape.graph, shape.component
    behind: list[dict[Payer, int] | None] = [None] * len(shape.order)
    waiting = [0] * len(shape.order)
    for event in range(graph.event_count):
        waiting[component[graph.target[event]]] += 1
    for number, states in enumerate(shape.order):
        events = [e for state in states for e in range(graph.first[state], graph.first[state + 1])]
        leaving: dict[int, list[int]] = {}
        endless: list[Payer] = []
        for event in events:
            after = component[graph.target[event]]
            if after != number:
                leaving.setdefault(after, []).append(event)
            elif event in weights:
                endless.append(weights[event][0])
        totals = _united(behind, waiting, leaving, weights)
        for payer in endless:
            _raise(totals, payer, UNBOUNDED)
        behind[number] = totals
    return behind[component[0]] or {}


def _united(
    behind: list[dict[Payer, int] | None],
    waiting: list[int],
    leaving: Mapping[int, Sequence[int]],
    weights: Mapping[int, tuple[Payer, int]],
) -> dict[Payer, int]:
    """The totals of a component from those after it, which are freed after their last use."""
    paid = [
        (payer, UNBOUNDED if (rest := (behind[after] or {}).get(payer, 0)) < 0 else rest + cost)
        for after, events in leaving.items()
        for payer, cost in (weights[event] for event in events if event in weights)
    ]
    merged: dict[Payer, int] = {}
    for after in sorted(leaving, key=lambda one: -len(behind[one] or {})):
        totals = behind[after] or {}
        waiting[after] -= len(leaving[after])
        if not merged:
            merged = dict(totals) if waiting[after] else totals
        else:
            for payer, total in totals.items():
                _raise(merged, payer, total)
        if not waiting[after]:
            behind[after] = None
    for payer, total in paid:
        _raise(merged, payer, total)
    return merged


def _raise(totals: dict[Payer, int], payer: Payer, total: int) -> None:
    """Let a payer have at least a total; without limit is more than any."""
    known = totals.get(payer, 0)
    if known != UNBOUNDED:
        totals[payer] = total if total == UNBOUNDED else max(known, total)


def worst_run(shape: PathShape, costs: Sequence[int], worst: WorstPath) -> tuple[int, ...]:
    """Events of a run that adds up to a bounded worst case, and ends with its last cost."""
    graph, potential = shape.graph, worst.potential
    run: list[int] = []
    state = 0
    while potential[state]:
        leg = _leg(shape, state, costs, potential)
        run.extend(leg)
        state = graph.target[leg[-1]]
    return tuple(run)


def _leg(shape: PathShape, start: int, costs: Sequence[int], potential: Sequence[int]) -> list[int]:
    """The shortest way inside the component of a state to an event that keeps to the potential."""
    graph, component = shape.graph, shape.component
    came: dict[int, int] = {start: -1}
    source: dict[int, int] = {}
    work = deque([start])
    while work:
        state = work.popleft()
        for event in range(graph.first[state], graph.first[state + 1]):
            after = graph.target[event]
            leaves = component[after] != component[state]
            if leaves and costs[event] + potential[after] == potential[state]:
                path = [event]
                while state != start:
                    path.append(came[state])
                    state = source[state]
                return path[::-1]
            if not leaves and after not in came:
                came[after], source[after] = event, state
                work.append(after)
    raise ValueError("no event keeps to the potential")


class CostLasso(msgspec.Struct, frozen=True):
    """A run that reaches a loop and takes it; each round of the loop adds to the cost."""

    stem: tuple[int, ...]
    loop: tuple[int, ...]


def costly_loop(shape: PathShape, costs: Sequence[int]) -> CostLasso:
    """The loop with a cost that takes the fewest events to reach, and a shortest one there.

    Raises ValueError when no loop that can be reached has a cost.
    """
    graph, component = shape.graph, shape.component
    came: dict[int, int] = {0: -1}
    source: dict[int, int] = {}
    work = deque([0])
    while work:
        state = work.popleft()
        for event in range(graph.first[state], graph.first[state + 1]):
            after = graph.target[event]
            if component[after] == component[state] and costs[event]:
                back = _path_back(shape, after, state)
                return CostLasso(_unwound(state, came, source), (event, *back))
            if after not in came:
                came[after], source[after] = event, state
                work.append(after)
    raise ValueError("no loop has a cost")


def _path_back(shape: PathShape, start: int, goal: int) -> tuple[int, ...]:
    """The shortest way between two states of one component."""
    graph, component = shape.graph, shape.component
    came: dict[int, int] = {start: -1}
    source: dict[int, int] = {}
    work = deque([start])
    while goal not in came:
        state = work.popleft()
        for event in range(graph.first[state], graph.first[state + 1]):
            after = graph.target[event]
            if component[after] == component[start] and after not in came:
                came[after], source[after] = event, state
                work.append(after)
    return _unwound(goal, came, source)


def _unwound(state: int, came: dict[int, int], source: dict[int, int]) -> tuple[int, ...]:
    path: list[int] = []
    while came[state] >= 0:
        path.append(came[state])
        state = source[state]
    return tuple(reversed(path))


def shortest_over(
    graph: ProtocolGraph, costs: Sequence[int], worst: WorstPath, limit: int, most_steps: int
) -> tuple[int, ...] | None:
    """The events of a shortest run that adds up to more than `limit`; None after `most_steps`.

    The best sum for each number of events and state, keeping only what can still get over the
    limit and is better than what was there with fewer events. There must be such a run.
    """
    first, target, potential = graph.first, graph.target, worst.potential
    best: dict[int, int] = {0: 0}
    layer: dict[int, int] = {0: 0}
    back: list[dict[int, int]] = []
    steps = 0
    while layer:
        reached: dict[int, int] = {}
        by: dict[int, int] = {}
        for state, total in layer.items():
            for event in range(first[state], first[state + 1]):
                steps += 1
                after, more = target[event], total + costs[event]
                if more > limit:
                    back.append({after: event})
                    return _traced(graph, back, after)
                rest = potential[after]
                hopeless = rest != UNBOUNDED and more + rest <= limit
                if hopeless or more <= max(best.get(after, -1), reached.get(after, -1)):
                    continue
                reached[after], by[after] = more, event
        if steps > most_steps:
            return None
        best.update(reached)
        back.append(by)
        layer = reached
    return None


def _traced(graph: ProtocolGraph, back: list[dict[int, int]], state: int) -> tuple[int, ...]:
    source = _sources(graph)
    run: list[int] = []
    for by in reversed(back):
        run.append(by[state])
        state = source[by[state]]
    return tuple(reversed(run))


def _sources(graph: ProtocolGraph) -> list[int]:
    """For every event the state that it leaves."""
    first = graph.first
    return [s for s in range(graph.state_count) for _ in range(first[s], first[s + 1])]


def rounds_over(costs: Sequence[int], lasso: CostLasso, limit: int) -> int:
    """The number of rounds of a costly loop after which a run first exceeds `limit`."""
    stem = sum(costs[event] for event in lasso.stem)
    lap = sum(costs[event] for event in lasso.loop)
    return max(limit - stem, -1) // lap + 1


def shortest_to(graph: ProtocolGraph, is_wanted: Callable[[int], bool]) -> tuple[int, ...]:
    """A shortest path to a wanted event, which is its last. Raises ValueError without any."""
    came: dict[int, int] = {0: -1}
    source: dict[int, int] = {}
    work = deque([0])
    while work:
        state = work.popleft()
        for event in range(graph.first[state], graph.first[state + 1]):
            if is_wanted(event):
                return (*_unwound(state, came, source), event)
            after = graph.target[event]
            if after not in came:
                came[after], source[after] = event, state
                work.append(after)
    raise ValueError("no such event is reached")


def shortest_pair(
    graph: ProtocolGraph, is_first: Callable[[int], bool], is_second: Callable[[int], bool]
) -> tuple[int, ...] | None:
    """The fewest events with a first one and later a second one at the end; None without any."""
    came: dict[tuple[int, bool], tuple[int, tuple[int, bool]] | None] = {(0, False): None}
    work = deque([(0, False)])
    while work:
        node = work.popleft()
        state, met = node
        for event in range(graph.first[state], graph.first[state + 1]):
            if met and is_second(event):
                run = [event]
                step = came[node]
                while step is not None:
                    run.append(step[0])
                    step = came[step[1]]
                return tuple(reversed(run))
            after = (graph.target[event], met or is_first(event))
            if after not in came:
                came[after] = (event, node)
                work.append(after)
    return None
