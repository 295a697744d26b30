"""Certificates for every size: made from the grid of sizes, and compared with the graphs of a text.

A certificate shows what holds of all expansions of its graphs. That those are the graphs of the
text at larger sizes is a claim of the lowering, and comes from a comparison with the text.
"""

from __future__ import annotations

import itertools

from tellverify.evidence.certificate import Certificate
from tellverify.evidence.graph_file import NeutralGraph
from tellverify.model.graph import ProtocolGraph
from tellverify.model.site import Site
from tellverify.model.sizes import sizes_text
from tellverify.projection.every_size import GraphAt
from tellverify.projection.generic_member import expand, same_runs


def differs_from_text(certificate: Certificate, graph_at: GraphAt) -> str:
    """Where the graphs of a certificate are not those of the text; empty when they all are.

    Each instance is compared, and with `every` also one more member of each generic family alone
    and of all of them, with the expansion. The certificate has been checked by itself before.
    """
    most: dict[str, int] = {}
    rows = [_instance(part.instance) for part in certificate.instances]
    for row in rows:
        most.update({f: max(n, most.get(f, 0)) for f, n in row.items()})
    for part, row in zip(certificate.instances, rows, strict=True):
        graph = _protocol_graph(part.graph)
        for grown in _grown(certificate, row, most):
            larger = {family: size + (family in grown) for family, size in row.items()}
            lowered = graph_at(larger)
            generic = {family: most[family] - 1 for family in grown}
            expanded = expand(graph, generic, dict.fromkeys(grown, 2))
            if lowered is None or not same_runs(lowered, expanded):
                at = f" at {sizes_text(larger.items())}" if larger else ""
                return f"the graph{at} is not that of the text"
    return ""


def _grown(
    certificate: Certificate, row: dict[str, int], most: dict[str, int]
) -> list[tuple[str, ...]]:
    """The groups of families to be compared with one more member; first of all none."""
    groups = [tuple(member.partition("[")[0] for member in group) for group in certificate.every]
    last = [group for group in groups if all(row[family] == most[family] for family in group)]
    together = tuple(family for group in last for family in group)
    return list(dict.fromkeys([(), *last, together]))


def _instance(text: str) -> dict[str, int]:
    pairs = [size.split(" = ") for size in text.split(", ") if size]
    return {family: int(size) for family, size in pairs}


def _protocol_graph(graph: NeutralGraph) -> ProtocolGraph:
    first = [0] * (graph.states + 1)
    for event in graph.events:
        first[event[0] + 1] += 1
    final = bytearray(graph.states)
    for state in graph.final:
        final[state] = 1
    return ProtocolGraph(
        name="",
        roles=graph.roles,
        labels=graph.labels,
        first=list(itertools.accumulate(first)),
        sender=[event[1] for event in graph.events],
        receiver=[event[2] for event in graph.events],
        label=[event[3] for event in graph.events],
        target=[event[4] for event in graph.events],
        site=[0] * len(graph.events),
        final=final,
        sites=(Site(),),
    )
