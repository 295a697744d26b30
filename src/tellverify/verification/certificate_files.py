"""Certificates of implementable protocols, and the graphs that traces are runs of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tellverify.evidence.certificate import (
    CERTIFICATE_NAME,
    CERTIFICATE_SCHEMA,
    Certificate,
    write_certificate,
)
from tellverify.evidence.graph_file import GRAPH_SCHEMA, GraphFile, write_graph
from tellverify.evidence.neutral import graph_name, neutral, sites
from tellverify.model.graph import ProtocolGraph
from tellverify.projection.availability import OutOfBudget
from tellverify.projection.certify import certify
from tellverify.verdict.identity import CERTIFICATE
from tellverify.verdict.methods import CertificateKind
from tellverify.verdict.outcome import Bounded, Outcome, Proved
from tellverify.verdict.properties import Property
from tellverify.verdict.run import ProtocolReport
from tellverify.verification.checked import CheckedOrigin
from tellverify.verification.trace_files import rests_on_annotations, run_of

_STEPS: Final = 10_000_000  # roles times events, about


def certificate_files(
    protocol: ProtocolReport, graphs: Mapping[str, ProtocolGraph], origin: CheckedOrigin
) -> list[tuple[str, str, str]]:
    """The certificate of a protocol that was found implementable by coherence, as `trace_files`.

    A claim of every size rests on the instances of its grid alone; any other on all that were
    tried. There is none when it is too large, was searched, or composed of parallel branches, and
    none of graphs without an event: there is nothing to show of them.
    """
    by_coherence = [
        v.outcome
        for v in protocol.verdicts
        if v.property is Property.IMPLEMENTABLE and _is_certifiable(v.outcome)
    ]
    every = () if any(isinstance(one, Bounded) for one in by_coherence) else origin.generic
    if every:
        graphs = {instance: graphs[instance] for instance in origin.grid}
    if not by_coherence or not any(graph.event_count for graph in graphs.values()):
        return []
    try:
        parts = [certify(graph, instance, _STEPS) for instance, graph in graphs.items()]
    except OutOfBudget:
        return []
    certificate = Certificate(
        schema=CERTIFICATE_SCHEMA,
        source=protocol.path,
        sha256=origin.files[0][1],
        protocol=protocol.name,
        claim="implementable",
        imported=list(origin.files[1:]),
        every=every,
        instances=parts,
    )
    return [(CERTIFICATE, CERTIFICATE_NAME, write_certificate(certificate))]


def graph_files(
    protocol: ProtocolReport, graphs: Mapping[str, ProtocolGraph], origin: CheckedOrigin
) -> list[tuple[str, str, str]]:
    """The graphs of the instances that some trace belongs to."""
    runs = map(run_of, protocol.verdicts)
    shown = {at for trace, at, _ in runs if trace is not None and not rests_on_annotations(trace)}
    found = []
    for instance, graph in graphs.items():
        if instance in shown:
            file = GraphFile(
                GRAPH_SCHEMA,
                list(origin.files),
                "faithful" if origin.dialect == "faithful" else "strict",
                protocol.name,
                instance,
                neutral(graph),
                sites(graph, origin.paths),
                instance in origin.parallel,
            )
            found.append((f"graph[{instance}]", graph_name(instance), write_graph(file)))
    return found


def _is_certifiable(outcome: Outcome) -> bool:
    if not isinstance(outcome, Proved | Bounded):
        return False
    return outcome.method.row.certificate is CertificateKind.COHERENCE
