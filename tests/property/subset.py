"""A plain subset construction, so that tests of the search do not rest on the projection."""

from __future__ import annotations

from tellverify.model.graph import ProtocolGraph
from tellverify.model.machine import Action, Machine


def subset_machine(graph: ProtocolGraph, role: str) -> Machine:
    """The machine of `role`: events it takes no part in are silent, then subset construction."""
    if role not in graph.roles:
        return Machine(role, ((),), (True,), ((),))
    me = graph.roles.index(role)

    def closure(states: set[int]) -> frozenset[int]:
        stack, seen = list(states), set(states)
        while stack:
            state = stack.pop()
            for t in range(graph.first[state], graph.first[state + 1]):
                if me not in (graph.sender[t], graph.receiver[t]) and graph.target[t] not in seen:
                    seen.add(graph.target[t])
                    stack.append(graph.target[t])
        return frozenset(seen)

    start = closure({0})
    number, order = {start: 0}, [start]
    moves, sites = [], []
    for subset in order:
        steps: dict[Action, tuple[set[int], int]] = {}
        for state in sorted(subset):
            for t in range(graph.first[state], graph.first[state + 1]):
                p, q = graph.sender[t], graph.receiver[t]
                if me in (p, q):
                    peer = graph.roles[q if p == me else p]
                    action = Action(p == me, peer, graph.labels[graph.label[t]])
                    steps.setdefault(action, (set(), graph.site[t]))[0].add(graph.target[t])
        row = []
        for action, (targets, _) in steps.items():
            target = closure(targets)
            if target not in number:
                number[target] = len(order)
                order.append(target)
            row.append((action, number[target]))
        moves.append(tuple(row))
        sites.append(tuple(site for _, site in steps.values()))
    final = tuple(any(graph.final[state] for state in subset) for subset in order)
    return Machine(role, tuple(moves), final, tuple(sites))


def subset_machines(graph: ProtocolGraph) -> tuple[Machine, ...]:
    """One machine for each role of `graph`, in its order."""
    return tuple(subset_machine(graph, role) for role in graph.roles)
