"""Runs built from violated coherence conditions: each is a run, and unfaithful by definition."""

from __future__ import annotations

from collections import deque

from graphs import protocol_graphs
from hypothesis import given, settings
from plain_search import is_start_of_run
from reference_conditions import Failure, reference_failures
from subset import subset_machines

from tellverify.model.fault import Fault
from tellverify.model.graph import ProtocolGraph
from tellverify.model.machine import Action
from tellverify.model.semantics import System
from tellverify.model.trace import Trace
from tellverify.search.counterexample import find_faults
from tellverify.search.run_from_violation import seed_run


def run_to_pair(graph: ProtocolGraph, role: str, left: int, right: int) -> list[int]:
    """The second of two runs to `left` and `right` in which `role` acts alike."""
    seen: dict[tuple[int, int], tuple[tuple[int, int], int]] = {(0, 0): ((0, 0), -1)}
    queue = deque([(0, 0)])
    me = graph.roles.index(role)

    def out(state: int) -> range:
        return range(graph.first[state], graph.first[state + 1])

    def silent(t: int) -> bool:
        return me not in (graph.sender[t], graph.receiver[t])

    while queue:
        a, b = pair = queue.popleft()
        if pair == (left, right):
            path = []
            while pair != (0, 0):
                pair, t = seen[pair]
                path.append(t)
            return [t for t in reversed(path) if t >= 0]
        steps = [((graph.target[t], b), -1) for t in out(a) if silent(t)]
        steps += [((a, graph.target[t]), t) for t in out(b) if silent(t)]
        steps += [
            ((graph.target[t], graph.target[u]), u)
            for t in out(a)
            for u in out(b)
            if not silent(t) and graph.event(t) == graph.event(u)
        ]
        for successor, t in steps:
            if successor not in seen:
                seen[successor] = (pair, t)
                queue.append(successor)
    raise AssertionError("the pair is not simultaneously reachable")


def vector(graph: ProtocolGraph, trace: Trace) -> tuple[tuple[str, ...], ...]:
    local: dict[str, tuple[str, ...]] = dict.fromkeys(graph.roles, ())
    for step in trace.steps:
        action = f"{step.receiver}!{step.label}" if step.send else f"{step.sender}?{step.label}"
        local[step.actor] = (*local[step.actor], action)
    return tuple(local.values())


def seeded(graph: ProtocolGraph, failure: Failure) -> Trace | None:
    machines = {machine.role: machine for machine in subset_machines(graph)}
    event = failure.event
    send = event.sender == failure.role
    action = Action(send, event.receiver if send else event.sender, event.label)
    path = run_to_pair(graph, failure.role, failure.left, failure.right)
    return seed_run(graph, machines.__getitem__, path, failure.role, action)


def check(graph: ProtocolGraph, limit: int = 20) -> int:
    """Seed a run for each violated condition; the number of runs."""
    failures = list(reference_failures(graph))[:limit]
    shortest = None
    if failures:
        wanted = frozenset({Fault.INFIDELITY})
        found = find_faults(
            graph, subset_machines(graph), wanted=wanted, depth_limit=14, budget=20_000
        ).trace(Fault.INFIDELITY)
        shortest = len(found.steps) if found else 0
    for failure in failures:
        trace = seeded(graph, failure)
        assert trace is not None, failure
        assert not trace.minimal
        system = System(subset_machines(graph))
        configuration = system.initial
        for step in trace.steps:
            successor = system.after(configuration, step)
            assert successor is not None
            configuration = successor
        assert not is_start_of_run(graph, vector(graph, trace))
        assert shortest is not None and len(trace.steps) >= shortest
    return len(failures)


@settings(max_examples=150)
@given(protocol_graphs())
def test_every_violated_condition_gives_an_unfaithful_run(graph: ProtocolGraph) -> None:
    check(graph)
