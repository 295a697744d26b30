"""Protocol graphs in the neutral form that certificates and graph files hold."""

from __future__ import annotations

from collections.abc import Sequence

from tellverify.evidence.graph_file import GRAPH_SUFFIX, NeutralGraph
from tellverify.model.graph import ProtocolGraph


def neutral(graph: ProtocolGraph) -> NeutralGraph:
    """`graph` in the neutral form, states and transitions in the same order."""
    first = graph.first
    source = [s for s in range(graph.state_count) for _ in range(first[s], first[s + 1])]
    return NeutralGraph(
        roles=graph.roles,
        labels=graph.labels,
        states=graph.state_count,
        final=tuple(s for s, is_final in enumerate(graph.final) if is_final),
        events=list(
            zip(source, graph.sender, graph.receiver, graph.label, graph.target, strict=True)
        ),
    )


def sites(graph: ProtocolGraph, files: Sequence[str]) -> list[tuple[int, int]]:
    """For every event the number of its file in `files`, and the line that it comes from."""
    number = {path: index for index, path in enumerate(files)}
    rows = [(number[site.path], site.line) for site in graph.sites]
    return [rows[site] for site in graph.site]


def graph_name(instance: str) -> str:
    """The name of the graph file of an instance such as `Devices = 2`."""
    sizes = "".join(c if c.isascii() and (c.isalnum() or c == "_") else " " for c in instance)
    return ("-".join(sizes.split()) or "protocol") + GRAPH_SUFFIX
