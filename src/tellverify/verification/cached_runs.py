"""Stored refutations replayed by the reference semantics, on machines that are built anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tellverify.language.instances import combinations, instance_name
from tellverify.language.workspace import Workspace, named_protocols
from tellverify.model.defect import Defect
from tellverify.model.fault import Fault
from tellverify.model.graph import ProtocolGraph
from tellverify.model.trace import Trace
from tellverify.obligations.graph_runs import replayed
from tellverify.obligations.machines import Machines
from tellverify.obligations.options import DEFAULT_SIZES, Options
from tellverify.search.fidelity import is_faithful
from tellverify.verdict.run import ProtocolReport
from tellverify.verification.stored_results import refutations


def confirmed(
    workspace: Workspace, index: int, reports: Sequence[ProtocolReport], options: Options
) -> bool:
    """Whether every refutation of the reports on one file still shows what it did."""
    graphs: Mapping[tuple[str, str], ProtocolGraph] | None = None
    for report, outcome in refutations(reports):
        if graphs is None:
            graphs = _graphs(workspace, index, options)
        graph = graphs.get((report.name, outcome.instance))
        trace = outcome.evidence
        if graph is None or not isinstance(trace, Trace) or not _shows(graph, trace):
            return False
    return True


def _graphs(
    workspace: Workspace, index: int, options: Options
) -> dict[tuple[str, str], ProtocolGraph]:
    """The protocol graphs of one file, by the names of protocol and instance."""
    found: dict[tuple[str, str], ProtocolGraph] = {}
    names: set[str] = set()
    for judged in workspace.opened_at(index)[1]:
        for one in named_protocols(judged, names):
            for sizes in combinations(one.protocol, dict(options.instances), DEFAULT_SIZES):
                graph = workspace.graph(one, sizes).graph
                if graph is not None:
                    found[one.name, instance_name(sizes)] = graph
    return found


def _shows(graph: ProtocolGraph, trace: Trace) -> bool:
    def judge() -> bool:
        return trace.fault is Fault.INFIDELITY and not is_faithful(graph, trace.steps)

    try:
        replayed(Machines(graph), trace, judge)
    except (Defect, KeyError, IndexError):
        return False
    return True
