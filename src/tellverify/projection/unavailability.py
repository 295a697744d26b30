"""Sets of points, closed under events, that show that messages are not available.

A point is a state with a set of blocked roles, a mask. A point with fewer blocked roles allows
more, so it may stand for those with more: of every state only the smallest masks are kept.
"""

from __future__ import annotations

from tellverify.evidence.certificate import Closed, Range
from tellverify.model.graph import ProtocolGraph
from tellverify.projection.availability import AvailabilityBudget

_Message = tuple[int, int]  # sender, label


def closed_points(
    graph: ProtocolGraph,
    role: int,
    awaited: set[_Message],
    starts: set[tuple[int, int]],
    budget: AvailabilityBudget,
) -> list[Closed]:
    """Closed sets that cover all `starts`: states behind a receive from the given sender.

    One set for all of them when no awaited message comes at all; else one for each sender that
    was received from; else one for each message, where the first event on its channel ends a run.
    """
    found: list[Closed] = []
    points = _explore(graph, role, {state for state, _ in starts}, -1, budget)
    if not _delivered(graph, role, points) & awaited:
        return [_closed(awaited, points)]
    for peer in sorted({peer for _, peer in starts}):
        mine = {state for state, sender in starts if sender == peer}
        others = {message for message in awaited if message[0] != peer}
        points = _explore(graph, role, mine, -1, budget)
        early = _delivered(graph, role, points) & others
        if others - early:
            found.append(_closed(others - early, points))
        for sender, label in sorted(early):
            points = _explore(graph, role, mine, sender, budget)
            found.append(_closed({(sender, label)}, points))
    return found


def _explore(
    graph: ProtocolGraph, role: int, starts: set[int], channel: int, budget: AvailabilityBudget
) -> dict[int, list[int]]:
    """All points from `starts`; events from `channel` to `role` are not followed."""
    first, target, sender, receiver = graph.first, graph.target, graph.sender, graph.receiver
    points: dict[int, list[int]] = {}
    work = [(state, 1 << role) for state in sorted(starts, reverse=True)]
    while work:
        state, blocked = work.pop()
        known = points.setdefault(state, [])
        if any(other & blocked == other for other in known):
            continue
        known[:] = [other for other in known if other & blocked != blocked]
        known.append(blocked)
        budget.spend(first[state + 1] - first[state] + 1)
        for e in range(first[state], first[state + 1]):
            if sender[e] == channel and receiver[e] == role:
                continue
            after = blocked | 1 << receiver[e] if blocked >> sender[e] & 1 else blocked
            work.append((target[e], after))
    return points


def _delivered(graph: ProtocolGraph, role: int, points: dict[int, list[int]]) -> set[_Message]:
    """Messages to `role` that a sender who is not blocked sends somewhere in `points`."""
    found = set()
    for state, masks in points.items():
        for e in range(graph.first[state], graph.first[state + 1]):
            p = graph.sender[e]
            if graph.receiver[e] == role and any(not blocked >> p & 1 for blocked in masks):
                found.add((p, graph.label[e]))
    return found


def _closed(never: set[_Message], points: dict[int, list[int]]) -> Closed:
    """Points in ascending order; consecutive states with one mask are one row."""
    rows: list[tuple[int, int, int]] = []
    for state in sorted(points):
        for blocked in sorted(points[state]):
            if rows and rows[-1][1:] == (state - 1, blocked):
                rows[-1] = (rows[-1][0], state, blocked)
            else:
                rows.append((state, state, blocked))
    return Closed(
        sorted(never), [(low, high, _role_ranges(blocked)) for low, high, blocked in rows]
    )


def _role_ranges(mask: int) -> list[Range]:
    found: list[Range] = []
    role = 0
    while mask:
        skip = (mask & -mask).bit_length() - 1
        mask >>= skip
        role += skip
        length = (~mask & mask + 1).bit_length() - 1
        found.append((role, role + length - 1))
        mask >>= length
        role += length
    return found
