"""The graph of what sessions wait for, and its cycles. The home of networkx among workflows.

A session waits for those that some agent runs before it, and for those that hold a link bundle
which it needs. Without a cycle no deadlock is possible: a session that is minimal among the
unfinished ones can go on (the theorem on parallel composition, docs/workflows.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise, permutations, product

import msgspec

from tellverify.model.components import strongly_connected
from tellverify.workflows.orders import OrderEdge


class BundleUse(msgspec.Struct, frozen=True):
    """An `agent` holds `bundles` during a session, and asks for them in this order."""

    session: int
    agent: str
    bundles: tuple[str, ...]


class WaitCycle(msgspec.Struct, frozen=True):
    """Sessions that may wait for each other, ascending, and the edges among them."""

    sessions: tuple[int, ...]
    edges: tuple[OrderEdge, ...]
    bundles: tuple[str, ...] = ()


def wait_cycles(
    count: int, edges: Sequence[OrderEdge], uses: Sequence[BundleUse]
) -> list[WaitCycle]:
    """The strongly connected parts of the graph that may deadlock, by their first session.

    Sessions that share bundles wait for each other in either direction, unless one agent holds
    them in both and orders the two. A part in which nothing but bundles is waited for, all of them
    in one order, is none.
    """
    shared = _shared(count, edges, uses)
    if not shared and all(edge.before < edge.after for edge in edges):
        return []  # the order of the file is one for all
    import networkx as nx

    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(range(count))
    graph.add_edges_from((edge.before, edge.after) for edge in edges)
    for left, right in shared:
        graph.add_edge(left, right)
        graph.add_edge(right, left)
    found: list[WaitCycle] = []
    for part in nx.strongly_connected_components(graph):
        if len(part) < 2:
            continue
        inner = tuple(e for e in edges if e.before in part and e.after in part)
        own = [use for use in uses if use.session in part]
        if not inner and _is_ordered(own):
            continue
        bundles = tuple(dict.fromkeys(b for use in own for b in use.bundles))
        found.append(WaitCycle(tuple(sorted(part)), inner, bundles))
    return sorted(found, key=lambda one: one.sessions)


def _shared(
    count: int, edges: Iterable[OrderEdge], uses: Sequence[BundleUse]
) -> list[tuple[int, int]]:
    """Pairs of sessions of which either may wait for a bundle that the other holds."""
    if not uses:
        return []
    own: dict[str, list[OrderEdge]] = {use.agent: [] for use in uses}
    for edge in edges:
        if edge.agent in own:
            own[edge.agent].append(edge)
    order = {agent: SessionOrder(count, found) for agent, found in own.items()}
    found: dict[tuple[int, int], None] = {}
    by_bundle: dict[str, list[BundleUse]] = {}
    for use in uses:
        for bundle in use.bundles:
            by_bundle.setdefault(bundle, []).append(use)
    for sharing in by_bundle.values():
        for number, left in enumerate(sharing):
            for right in sharing[number + 1 :]:
                if left.session == right.session or (
                    left.agent == right.agent
                    and order[left.agent].is_ordered(left.session, right.session)
                ):
                    continue
                found[left.session, right.session] = None
    return list(found)


class SessionOrder:
    """Which of `count` sessions come behind which, along the edges."""

    def __init__(self, count: int, edges: Iterable[OrderEdge]) -> None:
        after: list[list[int]] = [[] for _ in range(count)]
        for edge in edges:
            after[edge.before].append(edge.after)
        first, target = [0], []
        for own in after:
            target += own
            first.append(len(target))
        self._behind = [0] * count  # a bit for each session
        for part in strongly_connected(first, target, range(count)):
            behind = 0
            for session in part:
                for one in after[session]:
                    behind |= self._behind[one] | 1 << one
            for session in part:
                self._behind[session] = behind

    def leads(self, before: int, after: int) -> bool:
        """Whether one session comes behind another."""
        return bool(self._behind[before] >> after & 1)

    def is_ordered(self, one: int, other: int) -> bool:
        """Whether two sessions come one behind the other."""
        return self.leads(one, other) or self.leads(other, one)


def _is_ordered(uses: Sequence[BundleUse]) -> bool:
    """Whether all bundles are asked for in one order.

    Agents of one session do not wait for each other before they ask, so that their bundles come in
    any order.
    """
    import networkx as nx

    graph: nx.DiGraph[str] = nx.DiGraph()
    by_session: dict[int, list[BundleUse]] = {}
    for use in uses:
        graph.add_edges_from(pairwise(use.bundles))
        by_session.setdefault(use.session, []).append(use)
    for own in by_session.values():
        for one, other in permutations(own, 2):
            graph.add_edges_from(product(one.bundles, other.bundles))
    return nx.is_directed_acyclic_graph(graph)


def topological(numbers: Sequence[int], edges: Iterable[OrderEdge]) -> list[int] | None:
    """`numbers` in an order that follows the edges among them, None when there is a cycle."""
    wanted = set(numbers)
    waits: dict[int, set[int]] = {number: set() for number in numbers}
    after: dict[int, list[int]] = {}
    for edge in edges:
        if edge.before in wanted and edge.after in wanted and edge.before != edge.after:
            waits[edge.after].add(edge.before)
            after.setdefault(edge.before, []).append(edge.after)
    ready = sorted((n for n in numbers if not waits[n]), reverse=True)
    queued = set(ready)
    order: list[int] = []
    while ready:
        number = ready.pop()
        order.append(number)
        for below in after.get(number, ()):
            waits[below].discard(number)
            if not waits[below] and below not in queued:
                queued.add(below)
                ready.append(below)
        ready.sort(reverse=True)
    return order if len(order) == len(numbers) else None


def in_parts(numbers: Sequence[int], edges: Sequence[OrderEdge]) -> list[list[int]]:
    """`numbers` in an order that follows the edges among them, those on cycles together."""
    order = topological(numbers, edges)
    if order is not None:
        return [[number] for number in order]
    place = {number: index for index, number in enumerate(numbers)}
    after: list[list[int]] = [[] for _ in numbers]
    for edge in edges:
        if edge.before in place and edge.after in place:
            after[place[edge.before]].append(place[edge.after])
    first, target = [0], []
    for own in after:
        target += own
        first.append(len(target))
    parts = list(strongly_connected(first, target, range(len(numbers))))
    return [sorted(numbers[index] for index in part) for part in reversed(parts)]
