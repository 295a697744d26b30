"""Orders of ranges that show how silent events lead down to an event of a role."""

from __future__ import annotations

from collections import deque

from tellverify.evidence.certificate import Range
from tellverify.model.graph import ProtocolGraph


def ranges_of(members: list[int]) -> list[Range]:
    """Ascending states as ranges."""
    found: list[Range] = []
    start = members[0]
    for state, following in zip(members, [*members[1:], -1], strict=True):
        if following != state + 1:
            found.append((start, state))
            start = following
    return found


def descending(
    graph: ProtocolGraph, role: int, members: list[int], sources: set[int]
) -> list[Range] | None:
    """Ranges of `members` such that every state is a source or goes down by a silent event.

    Down means to the next state of the same range, or into an earlier range. None when silent
    events do not lead from every member to a source. Linear in the members and their events.
    """
    silent = {s: _silent(graph, role, s) for s in members}
    whole = ranges_of(members)
    return _ranked(whole, silent, sources) or _along_shortest(members, silent, sources)


def _silent(graph: ProtocolGraph, role: int, state: int) -> list[int]:
    return [
        graph.target[e]
        for e in range(graph.first[state], graph.first[state + 1])
        if role not in (graph.sender[e], graph.receiver[e])
    ]


def _ranked(
    ranges: list[Range], silent: dict[int, list[int]], sources: set[int]
) -> list[Range] | None:
    """Order whole ranges: one comes when each of its loose states leads into one before it."""
    home = {s: i for i, (low, high) in enumerate(ranges) for s in range(low, high + 1)}
    into: list[list[int]] = [[] for _ in ranges]
    left = [0] * len(ranges)
    for i, (low, high) in enumerate(ranges):
        for s in range(low, high + 1):
            if s in sources or (s < high and s + 1 in silent[s]):
                continue
            left[i] += 1
            for t in silent[s]:
                into[home[t]].append(s)
    order = [i for i, count in enumerate(left) if not count]
    settled: set[int] = set()
    for i in order:
        for s in into[i]:
            if s not in settled:
                settled.add(s)
                left[home[s]] -= 1
                if not left[home[s]]:
                    order.append(home[s])
    return [ranges[i] for i in order] if len(order) == len(ranges) else None


def _along_shortest(
    members: list[int], silent: dict[int, list[int]], sources: set[int]
) -> list[Range] | None:
    """Cut the members where the shortest silent way to a source leaves the numbering."""
    before: dict[int, list[int]] = {}
    for s in members:
        for t in silent[s]:
            before.setdefault(t, []).append(s)
    distance = dict.fromkeys(sorted(sources), 0)
    work = deque(distance)
    while work:
        t = work.popleft()
        for s in before.get(t, ()):
            if s not in distance:
                distance[s] = distance[t] + 1
                work.append(s)
    if len(distance) < len(members):
        return None
    found: list[Range] = []
    start = members[0]
    for s, following in zip(members, [*members[1:], -1], strict=True):
        stays = following == s + 1 and s not in sources
        if not (stays and following in silent[s] and distance[following] < distance[s]):
            found.append((start, s))
            start = following
    found.sort(key=lambda piece: (distance[piece[1]], piece))
    return found
