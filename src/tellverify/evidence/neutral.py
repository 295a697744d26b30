"""Protocol graphs in the neutral form that certificates and graph files hold."""

from __future__ import annotations

from tellverify.evidence.certificate import NeutralGraph
from tellverify.model.graph import ProtocolGraph


def neutral(graph: ProtocolGraph, *, lines: bool = False) -> NeutralGraph:
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
        lines=[graph.site_of(e).line for e in range(graph.event_count)] if lines else [],
    )
