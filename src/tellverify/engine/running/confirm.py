"""Stored refutations replayed by the reference semantics, on machines that are built anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tellverify.core.defect import Defect
from tellverify.core.graph import ProtocolGraph
from tellverify.engine.graphs.machines import Machines
from tellverify.engine.graphs.runs import replayed
from tellverify.engine.options import Options
from tellverify.engine.pipeline import Batch, graphs_of
from tellverify.engine.running.stored import refutations
from tellverify.evidence.trace import Fault, Trace
from tellverify.explore.fidelity import is_faithful
from tellverify.verdict.run import ProtocolReport


def confirmed(
    batch: Batch, index: int, reports: Sequence[ProtocolReport], options: Options
) -> bool:
    """Whether every refutation of the reports on one file still shows what it did."""
    graphs: Mapping[tuple[str, str], ProtocolGraph] | None = None
    for report, outcome in refutations(reports):
        if graphs is None:
            graphs = graphs_of(batch.judged(index, options), options)
        graph = graphs.get((report.name, outcome.instance))
        trace = outcome.evidence
        if graph is None or not isinstance(trace, Trace) or not _shows(graph, trace):
            return False
    return True


def _shows(graph: ProtocolGraph, trace: Trace) -> bool:
    def judge() -> bool:
        return trace.fault is Fault.INFIDELITY and not is_faithful(graph, trace.steps)

    try:
        replayed(Machines(graph), trace, judge)
    except (Defect, KeyError, IndexError):
        return False
    return True
