"""The graph of what sessions wait for, and its cycles. The home of networkx among workflows.

A session waits for those that some agent runs before it, and for those that hold a link bundle
which it needs. Without a cycle no deadlock is possible: a session that is minimal among the
unfinished ones can go on (the theorem on parallel composition, docs/workflows.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise, permutations, product

import msgspec

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
    shared = _shared(edges, uses)
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


def _shared(edges: Iterable[OrderEdge], uses: Sequence[BundleUse]) -> list[tuple[int, int]]:
    """Pairs of sessions of which either may wait for a bundle that the other holds."""
    if not uses:
        return []
    after: dict[str, dict[int, list[int]]] = {}
    for edge in edges:
        after.setdefault(edge.agent, {}).setdefault(edge.before, []).append(edge.after)
    found: dict[tuple[int, int], None] = {}
    by_bundle: dict[str, list[BundleUse]] = {}
    for use in uses:
        for bundle in use.bundles:
            by_bundle.setdefault(bundle, []).append(use)
    for sharing in by_bundle.values():
        for number, left in enumerate(sharing):
            for right in sharing[number + 1 :]:
                one_agent = left.agent == right.agent
                own = after.get(left.agent, {})
                if one_agent and (
                    leads(own, left.session, right.session)
                    or leads(own, right.session, left.session)
                ):
                    continue
                if left.session != right.session:
                    found[left.session, right.session] = None
    return list(found)


def leads(after: Mapping[int, Sequence[int]], start: int, goal: int) -> bool:
    """Whether one node is reached from another."""
    seen = {start}
    work = [start]
    while work:
        for below in after.get(work.pop(), ()):
            if below == goal:
                return True
            if below not in seen:
                seen.add(below)
                work.append(below)
    return False


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
