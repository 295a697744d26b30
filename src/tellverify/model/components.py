"""Strongly connected components and reachability on graphs given as flat arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence


def strongly_connected(
    first: Sequence[int], target: Sequence[int], roots: Iterable[int]
) -> Iterator[list[int]]:
    """The components reachable from `roots`, each after all components it leads to.

    Edges of state s are `target[first[s]:first[s+1]]`. Tarjan (SIAM J. Comput. 1972), iterative.
    """
    low = [0] * (len(first) - 1)  # 0 before a state is visited
    closed = bytearray(len(low))
    clock = 0
    pending: list[int] = []  # visited states of no component yet
    for root in roots:
        if low[root]:
            continue
        clock += 1
        low[root] = clock
        pending.append(root)
        path = [(root, first[root], clock)]
        while path:
            state, edge, number = path.pop()
            end = first[state + 1]
            least = low[state]
            while edge < end:
                below = target[edge]
                found = low[below]
                if not found:
                    low[state] = least
                    path.append((state, edge, number))
                    clock += 1
                    low[below] = clock
                    pending.append(below)
                    path.append((below, first[below], clock))
                    break
                if found < least and not closed[below]:
                    least = found
                edge += 1
            else:
                low[state] = least
                if least == number:
                    yield _closed_at(state, pending, closed)


def _closed_at(root: int, pending: list[int], closed: bytearray) -> list[int]:
    """The component that `root` opened, taken off `pending`; the states visited last come first."""
    if pending[-1] == root:
        closed[root] = 1
        return [pending.pop()]
    cut = len(pending) - 1
    while pending[cut] != root:
        cut -= 1
    component = pending[cut:][::-1]
    del pending[cut:]
    for state in component:
        closed[state] = 1
    return component


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
