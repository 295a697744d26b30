"""Strongly connected components and reachability on graphs given as flat arrays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def strongly_connected(
    first: Sequence[int], target: Sequence[int], roots: Iterable[int]
) -> list[list[int]]:
    """The components reachable from `roots`, each after all components it leads to.

    Edges of state s are `target[first[s]:first[s+1]]`. Tarjan (SIAM J. Comput. 1972), iterative.
    """
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    open_states: list[int] = []
    is_open: set[int] = set()
    components: list[list[int]] = []
    for root in roots:
        if root in index:
            continue
        work = [(root, first[root])]
        index[root] = low[root] = len(index)
        open_states.append(root)
        is_open.add(root)
        while work:
            state, edge = work.pop()
            if edge < first[state + 1]:
                work.append((state, edge + 1))
                below = target[edge]
                if below not in index:
                    index[below] = low[below] = len(index)
                    open_states.append(below)
                    is_open.add(below)
                    work.append((below, first[below]))
                elif below in is_open:
                    low[state] = min(low[state], index[below])
                continue
            if work:
                low[work[-1][0]] = min(low[work[-1][0]], low[state])
            if low[state] == index[state]:
                component = []
                while True:
                    member = open_states.pop()
                    is_open.discard(member)
                    component.append(member)
                    if member == state:
                        break
                components.append(component)
    return components


def reaching(first: Sequence[int], target: Sequence[int], goals: Iterable[int]) -> bytearray:
    """For every state 1 when it is a goal or leads to one."""
    states = len(first) - 1
    before: list[list[int]] = [[] for _ in range(states)]
    for state in range(states):
        for edge in range(first[state], first[state + 1]):
            before[target[edge]].append(state)
    reaches = bytearray(states)
    work = list(goals)
    for state in work:
        reaches[state] = 1
    while work:
        for state in before[work.pop()]:
            if not reaches[state]:
                reaches[state] = 1
                work.append(state)
    return reaches


def endless_components(first: Sequence[int], target: Sequence[int]) -> list[list[int]]:
    """Every loop that nothing leaves, as the sorted list of its states."""
    states = len(first) - 1
    ending = reaching(first, target, [s for s in range(states) if first[s] == first[s + 1]])
    if all(ending):
        return []
    trapped = [s for s in range(states) if not ending[s]]
    found = []
    for component in strongly_connected(first, target, trapped):
        members = set(component)
        if all(target[e] in members for s in component for e in range(first[s], first[s + 1])):
            found.append(sorted(component))
    return found
