"""The order of things that depend on each other, and the cycles among them: imports and calls.

The home of networkx, which takes 150 ms to load: a graph without edges is answered without it.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import networkx as nx

Node = TypeVar("Node", bound=Hashable)


def in_order(needs: Mapping[Node, Collection[Node]]) -> Iterator[Node]:
    """Every key after the keys that it needs at any distance, except those it is in a cycle with.

    `needs` lists what each key needs, keys only. The order is depth first, in the order of `needs`.
    """
    if not any(needs.values()):
        return iter(needs)
    import networkx as nx

    return nx.dfs_postorder_nodes(_graph(needs))


def circles(needs: Mapping[Node, Collection[Node]]) -> Iterator[tuple[Node, ...]]:
    """The cycles that a depth-first search closes, in its order, each as a list of keys.

    Each key of a cycle needs the next one, and the last needs the first: the edge that closes it.
    There are none if and only if no key needs itself at any distance.
    """
    if not any(needs.values()):
        return
    import networkx as nx

    path: dict[Node, None] = {}
    for _source, target, kind in nx.dfs_labeled_edges(_graph(needs)):
        if kind == "forward":
            path[target] = None
        elif kind == "reverse":
            path.popitem()
        elif target in path:
            way = list(path)
            yield tuple(way[way.index(target) :])


def needed_by(key: Node, needs: Mapping[Node, Collection[Node]]) -> set[Node]:
    """The keys that `key` needs at any distance; itself only where it needs itself directly."""
    direct = set(needs[key])
    if not any(needs[one] for one in direct):
        return direct
    import networkx as nx

    return direct | nx.descendants(_graph(needs), key)


def reduced(needs: Mapping[Node, Collection[Node]]) -> dict[Node, set[Node]]:
    """What each key needs directly: without what follows from the needs of others.

    The transitive reduction; needs with a cycle are returned unchanged.
    """
    plain = {key: set(others) for key, others in needs.items()}
    if not any(needs[other] for others in needs.values() for other in others):
        return plain
    import networkx as nx

    graph = _graph(needs)
    if not nx.is_directed_acyclic_graph(graph):
        return plain
    kept = nx.transitive_reduction(graph)
    return {key: set(kept.successors(key)) for key in needs}


def _graph(needs: Mapping[Node, Collection[Node]]) -> nx.DiGraph[Node]:
    import networkx as nx

    graph: nx.DiGraph[Node] = nx.DiGraph()
    graph.add_nodes_from(needs)
    graph.add_edges_from((source, target) for source in needs for target in needs[source])
    return graph
