"""Roles that a fair run can keep waiting without end, read off the protocol graph.

Weak fairness is that of roles: a role that can move stays able to, so it moves. What a
role chooses is free. Of an implementable graph in which no run leaves role R stuck:

- When no loop without R has an event of R ahead, R never waits forever. Let a fair run leave R
  waiting. Each start of it is part of a path of the graph, and on these paths the next event of R
  comes after a bounded number of events, since R is in every loop before it. So infinitely many of
  them share the path up to that event. Each event of this path is made in the run: of the first
  one that is not, the sender, or after it the receiver, could move and in a fair run would, and
  can do nothing else by the paths. Hence R was served.
- A role that receives nothing never waits.
- When there is such a loop, R receives next, and no role outside the loop can send, then all
  these wait with empty queues. The run into the loop and round it, in which every role of the loop
  takes part, is fair, and R waits.

What a role can send at a state depends on the state alone: it is what the role sends next on some
path from there, since in an implementable graph it can do so wherever it cannot tell the state
from this one. Loops in which a role outside may still send are left open here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property

import msgspec

from tellverify.model.components import reaching, strongly_connected
from tellverify.model.graph import ProtocolGraph
from tellverify.projection.availability import AvailabilityBudget
from tellverify.projection.liveness import StuckRun, events_within, fair_round, unwound


class ProgressAnswer(msgspec.Struct, frozen=True):
    """`holds` is None where the graph does not tell; `run` keeps the role waiting."""

    holds: bool | None
    run: StuckRun | None = None


class ProgressOnGraph:
    """Progress of the roles of one implementable graph in the class of the complete theory."""

    def __init__(self, graph: ProtocolGraph, budget: AvailabilityBudget) -> None:
        self.graph = graph
        self.budget = budget
        self._senders: dict[int, bytearray] = {}

    @cached_property
    def has_loops(self) -> bool:
        """True when some run of the protocol never ends."""
        return any(True for _ in self._loops_without(-1))

    @cached_property
    def _receivers(self) -> frozenset[int]:
        return frozenset(self.graph.receiver)

    def of(self, role: int) -> ProgressAnswer:
        """Whether a role that is never stuck makes progress. Raises OutOfBudget."""
        graph = self.graph
        if not self.has_loops or role not in self._receivers:
            return ProgressAnswer(True)
        ahead = self._next(role, lambda e: role in (graph.sender[e], graph.receiver[e]))
        loops = [loop for loop in self._loops_without(role) if ahead[loop[0]]]
        if not loops:
            return ProgressAnswer(True)
        certain = [loop for loop in loops if self._keeps_waiting(role, loop)]
        if not certain:
            return ProgressAnswer(None)
        stem, start = self._way_to({state for loop in certain for state in loop})
        loop = next(loop for loop in certain if start in loop)
        return ProgressAnswer(
            False, StuckRun((role,), (*stem, *fair_round(graph, loop, start, role)), len(stem))
        )

    def _keeps_waiting(self, role: int, loop: list[int]) -> bool:
        """No role outside `loop` can send at it; `role`, which acts after it, then receives."""
        graph = self.graph
        edges = events_within(graph, loop, role)
        acting = {graph.sender[e] for e in edges} | {graph.receiver[e] for e in edges}
        return not any(
            self._can_send(other)[loop[0]]
            for other in range(len(graph.roles))
            if other not in acting
        )

    def _can_send(self, role: int) -> bytearray:
        """For every state 1 when the next event of `role` on some path is a send."""
        known = self._senders.get(role)
        if known is None:
            sender = self.graph.sender
            known = self._senders[role] = self._next(role, lambda e: sender[e] == role)
        return known

    def _next(self, role: int, is_goal: Callable[[int], bool]) -> bytearray:
        """For every state 1 when on some path the next event of `role` is one that `is_goal`."""
        graph = self.graph
        first, target = self._without(role)
        states = range(graph.state_count)
        goals = [s for s in states if any(map(is_goal, range(graph.first[s], graph.first[s + 1])))]
        return reaching(first, target, goals)

    def _without(self, role: int) -> tuple[list[int], list[int]]:
        """The events without `role`, as flat arrays."""
        graph = self.graph
        self.budget.spend(graph.event_count + 1)
        first: list[int] = [0]
        target: list[int] = []
        for state in range(graph.state_count):
            target += [
                graph.target[e]
                for e in range(graph.first[state], graph.first[state + 1])
                if role not in (graph.sender[e], graph.receiver[e])
            ]
            first.append(len(target))
        return first, target

    def _loops_without(self, role: int) -> Iterator[list[int]]:
        """The components of the graph without the events of `role` in which a run can stay."""
        first, target = self._without(role)
        for component in strongly_connected(first, target, range(self.graph.state_count)):
            state = component[0]
            if len(component) > 1 or state in target[first[state] : first[state + 1]]:
                yield component

    def _way_to(self, goals: set[int]) -> tuple[list[int], int]:
        """A shortest way to a state of `goals`, and that state."""
        if 0 in goals:
            return [], 0
        graph = self.graph
        before: dict[int, tuple[int, int]] = {}
        order = [0]
        for state in order:
            for e in range(graph.first[state], graph.first[state + 1]):
                below = graph.target[e]
                if below == 0 or below in before:
                    continue
                before[below] = (state, e)
                if below in goals:
                    return unwound(before, 0, below), below
                order.append(below)
        raise ValueError("no state of a loop can be reached")
