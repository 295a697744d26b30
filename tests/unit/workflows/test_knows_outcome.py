"""What a role knows at the end of a phase, against the definition by pairs of runs."""

from __future__ import annotations

import random

import pytest

from tellverify.model.graph import ProtocolGraph, graph_from_edges
from tellverify.obligations.options import Options
from tellverify.workflows.interfaces import session_interface
from tellverify.workflows.outcomes import PhaseGraph


def _random_phase(seed: random.Random) -> PhaseGraph:
    """A random tree with joins and loops in which every state decides by one sender."""
    roles = ("A", "B", "C")
    states = seed.randint(3, 7)
    edges: list[tuple[int, str, str, str, int]] = []
    for state in range(states - 1):
        sender = seed.choice(roles)
        seen: set[tuple[str, str]] = set()
        for number in range(seed.choice((1, 1, 2))):
            receiver = seed.choice([role for role in roles if role != sender])
            label = seed.choice(("x", "y"))
            if (receiver, label) in seen:
                continue
            seen.add((receiver, label))
            target = state + 1 if number == 0 else seed.randint(0, states - 1)
            edges.append((state, sender, receiver, label, target))
    leaving = {edge[0] for edge in edges}
    ends = {state for state in range(states) if state not in leaving}
    graph = graph_from_edges(edges, final=ends, roles=roles)
    extra = {state for state in range(graph.state_count) if seed.random() < 0.3} | ends
    final = bytearray(state in extra for state in range(graph.state_count))
    marked = ProtocolGraph(
        graph.name, graph.roles, graph.labels, graph.first, graph.sender, graph.receiver,
        graph.label, graph.target, graph.site, final, graph.sites,
    )  # fmt: skip
    goes_on = bytearray(one and seed.random() < 0.5 for one in final)
    return PhaseGraph(marked, goes_on)


def _pairs(graph: ProtocolGraph, role: str) -> set[tuple[int, int]]:
    """All pairs of states that two runs with the same actions of `role` lead to."""
    seen, work = {(0, 0)}, [(0, 0)]

    def steps(state: int) -> list[tuple[tuple[bool, str, str] | None, int]]:
        found = []
        for e in range(graph.first[state], graph.first[state + 1]):
            event = graph.event(e)
            action = None
            if event.sender == role:
                action = (True, event.receiver, event.label)
            elif event.receiver == role:
                action = (False, event.sender, event.label)
            found.append((action, graph.target[e]))
        return found

    while work:
        left, right = work.pop()
        below = [(to, right) for action, to in steps(left) if action is None]
        below += [(left, to) for action, to in steps(right) if action is None]
        below += [
            (to, other)
            for action, to in steps(left)
            for same, other in steps(right)
            if action is not None and action == same
        ]
        for pair in below:
            if pair not in seen:
                seen.add(pair)
                work.append(pair)
    return seen


@pytest.mark.parametrize("batch", range(4))
def test_unsure_roles_are_those_of_the_definition(batch: int) -> None:
    seed = random.Random(f"outcome {batch}")
    counts = {"unsure": 0, "sure": 0}
    for _ in range(100):
        phase = _random_phase(seed)
        graph = phase.graph
        found = session_interface(phase, (), Options(), parallel=True)
        reached = {left for left, _ in _pairs(graph, "nobody")}
        stops = any(graph.final[s] and not phase.goes_on[s] for s in reached)
        for role in graph.roles:
            pairs = _pairs(graph, role)
            unsure = any(
                graph.final[a] and graph.final[b] and phase.goes_on[a] and not phase.goes_on[b]
                for a, b in pairs
            )
            if stops:
                assert (role in found.unsure) == unsure
                counts["unsure" if unsure else "sure"] += 1
            ends = any(
                graph.final[a]
                and any(
                    role in graph.event(e)[:2] for e in range(graph.first[b], graph.first[b + 1])
                )
                for a, b in pairs
            )
            assert (role in found.open_ends) == ends
    assert min(counts.values()) > 20
