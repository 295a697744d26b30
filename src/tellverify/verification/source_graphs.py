"""Are the graphs of evidence those of its source? The second step of `recheck`.

The rechecker judges what follows from the graph in a file; here the source is read and lowered
again, by the same parser and lowering as in `check`. A certificate for every size is also compared
one member beyond its largest instance, and the machines of `check --machines` with their files.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias, TypeVar

import msgspec

from tellverify.diagnostics.model import Severity
from tellverify.evidence.acceptance import ACCEPTANCE_SUFFIX, AcceptanceFile
from tellverify.evidence.budgets import BUDGET_NAME, BudgetCertificate
from tellverify.evidence.certificate import Certificate
from tellverify.evidence.graph_file import (
    GRAPH_SUFFIX,
    TIMED_SUFFIX,
    GraphFile,
    NeutralGraph,
)
from tellverify.evidence.graph_file import TRACE_SUFFIX as SUFFIX
from tellverify.evidence.itf import MOST_BYTES, basis_of, read_itf
from tellverify.evidence.machines_file import MACHINES_NAME, MachinesFile, row_of
from tellverify.evidence.neutral import neutral, sites
from tellverify.evidence.recheck.every_size import every_size_of
from tellverify.evidence.recheck.evidence_files import read
from tellverify.evidence.recheck.graph import Rejected, require
from tellverify.evidence.recheck.traces import basis_beside
from tellverify.evidence.timed_file import TimedGraphFile, timed_graph_file
from tellverify.language.files.inputs import read_any
from tellverify.language.instances import instance_name, sizes_of, smallest_sizes
from tellverify.language.lowering.cutoffs import size_faults, size_symbols
from tellverify.language.lowering.lower import Lowered
from tellverify.language.workspace import (
    FAITHFUL,
    STRICT,
    SourceProtocol,
    Unopened,
    Workspace,
    opened,
)
from tellverify.model.fault import Fault
from tellverify.model.graph import ProtocolGraph
from tellverify.obligations.machines import Machines
from tellverify.obligations.options import Options
from tellverify.projection.certified_sizes import differs_from_text
from tellverify.projection.every_size import GraphAt
from tellverify.source.builtin_policies import located
from tellverify.source.files import Unreadable, read_bytes
from tellverify.verification.machine_system import choreography, put_together
from tellverify.verification.stated_formulas import has_claim, other_formula
from tellverify.verification.trace_judgement import departs, other_scenario, read_trace

_Differs: TypeAlias = Callable[[Workspace, GraphAt], str]
_File = TypeVar(
    "_File",
    Certificate,
    GraphFile,
    TimedGraphFile,
    MachinesFile,
    BudgetCertificate,
    AcceptanceFile,
)


class _NoGraph(Exception):
    """The source has no graph at the sizes of an instance; the text says why."""


def bases_of(path: str) -> list[str]:
    """The files whose graphs an accepted file of evidence rests on: itself, or those beside it."""
    if not path.endswith(SUFFIX):
        return [path]
    folder = os.path.dirname(path)
    machines = os.path.join(folder, MACHINES_NAME)
    if os.path.isfile(machines):
        return [machines]
    suffixes = (GRAPH_SUFFIX, TIMED_SUFFIX)
    names = sorted(name for name in os.listdir(folder or ".") if name.endswith(suffixes))
    return [os.path.join(folder, name) for name in names]


def compare_with_source(path: str) -> str:
    """What was found equal, in words; `path` was accepted by the rechecker before.

    Raises Rejected where the source is missing, has no such protocol or has another graph.
    """
    if path.endswith(GRAPH_SUFFIX):
        return _graph_file(_decoded(path, GraphFile))
    if path.endswith(TIMED_SUFFIX):
        return _timed_file(_decoded(path, TimedGraphFile))
    if path.endswith(MACHINES_NAME):
        return _machines(_decoded(path, MachinesFile))
    if path.endswith(BUDGET_NAME):
        budgets = _decoded(path, BudgetCertificate)
        said = _compared((budgets.source,), budgets.protocol, _other_budgets(budgets))
        return f"{said}, and so are the costs that it states"
    if path.endswith(ACCEPTANCE_SUFFIX):
        record = _decoded(path, AcceptanceFile)
        for policy in record.policy:
            require_file(policy.path)
        graphs = [(part.instance, part.graph) for part in record.instances]
        return _compared((record.source,), record.protocol, _other_graph(graphs))
    certificate = _decoded(path, Certificate)
    paths = (certificate.source, *(name for name, _ in certificate.imported))

    def differs(workspace: Workspace, graph_at: GraphAt) -> str:
        wrong = _wrong_members(workspace, certificate) if certificate.every else ""
        return wrong or differs_from_text(certificate, graph_at)

    said = _compared(paths, certificate.protocol, differs)
    if not certificate.every:
        return said
    sizes = every_size_of(certificate.every, certificate.instances)
    return f"{said}, also with one member more: {sizes}"


def _wrong_members(workspace: Workspace, certificate: Certificate) -> str:
    """Why the text does not allow the generic members of a certificate, empty when it does.

    Graphs at a few sizes do not show it: `D[5..N]` is empty at all sizes below six, and families
    with size symbols of their own may have equal sizes in all instances.
    """
    found = _protocol(workspace, certificate.protocol)
    if found is None:
        return ""  # the comparison of graphs says so
    judged, protocol = found.judged, found.protocol
    faults = size_faults(judged.source, protocol, judged.linked)
    if faults:
        return f"it does not treat members alike at every size: {faults[0]}"
    symbols = size_symbols(
        protocol, lambda sizes: workspace.graph(found, sizes), smallest_sizes(protocol)
    )
    generic = dict(member[:-1].split("[") for group in certificate.every for member in group)
    own = _size_text([member.partition("[")[0] for member in group] for group in certificate.every)
    other = _size_text(symbol.families for symbol in symbols)
    if own != other:
        return f"the certificate is for the sizes `{own}`, the text has `{other}`"
    for symbol in symbols:
        for family in symbol.families:
            if int(generic[family]) < symbol.cutoff:
                first = f"members are treated alike from `{family}[{symbol.cutoff}]` on"
                return f"`{family}[{generic[family]}]` is not generic: {first}"
    return ""


def _size_text(groups: Iterable[Sequence[str]]) -> str:
    """Which families have one size: `Clients = Servers, Devices`."""
    return ", ".join(sorted(" = ".join(sorted(group)) for group in groups))


def compare_run_with_source(path: str) -> None:
    """Raise Rejected where the text allows a run against fidelity, or states something else.

    That is another scenario, or another formula or decision under the name of the property. The
    graph in a file has the interleavings of parallel branches, and with them more order than the
    text means. What is no run of the graph is therefore compared with the partial orders of the
    text.
    """
    trace, _ = read_trace(path)
    subject = trace.subject
    has_scenario = subject.scenario is not msgspec.UNSET
    is_parallel = subject.fault is Fault.INFIDELITY and subject.late is msgspec.UNSET
    if not has_scenario and not is_parallel and not has_claim(subject):
        return
    dialect, paths = basis_of(subject)
    workspace = opened(subject.source, dialect, paths)
    found = _protocol(workspace, subject.protocol)
    if has_scenario and found is not None:
        other = other_scenario(found, subject)
        require(not other, "scenario", other)
    if has_claim(subject):
        meant = lowered_in(workspace, subject.protocol, sizes_of(subject.instance))
        if found is None or meant is None:
            raise Rejected("source", f"it has no protocol `{subject.protocol}` of these sizes")
        other = other_formula(found, meant, subject)
        require(not other, "formula", other)
    if not is_parallel:
        return
    lowered = lowered_in(workspace, subject.protocol, sizes_of(subject.instance))
    if lowered is None or lowered.order is None or lowered.graph is None:
        return
    machines = Machines(lowered.graph).all()
    allowed = not departs(lowered.order, trace.steps, machines)
    require(not allowed, "the last state, `infidelity`", "the parallel branches allow this run")


def require_file(path: str) -> None:
    """Raise Rejected where a file that evidence was made of is missing."""
    reason = f"there is no {path} here: run this in its folder, or with --without-sources"
    require(os.path.isfile(located(path)), "source", reason)


def require_decisive_graph(path: str) -> None:
    """Raise Rejected for a run against fidelity of branches that mean partial orders.

    `path` was accepted. The graph in a file has the interleavings of the branches alone: what is no
    run of it may be one of the text.
    """
    subject = read_itf(read(path)).subject
    if subject.fault is Fault.INFIDELITY and subject.late is msgspec.UNSET:
        basis = basis_beside(path, subject)
        decisive = not (isinstance(basis, GraphFile) and basis.parallel)
        reason = "without the text it is not known whether its parallel branches allow this"
        require(decisive, "source", reason)


def _decoded(path: str, kind: type[_File]) -> _File:
    try:
        return msgspec.json.decode(read_bytes(path, MOST_BYTES), type=kind)
    except (Unreadable, msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Rejected("the file", str(error)[:200].partition("\n")[0]) from None


def _graph_file(file: GraphFile) -> str:
    paths = tuple(name for name, _ in file.files)

    def differs(workspace: Workspace, graph_at: GraphAt) -> str:
        graph = graph_at(sizes_of(file.instance))
        if graph is None or neutral(graph) != file.graph:
            return f"the graph{_at(file.instance)} is not that of the text"
        lowered = lowered_in(workspace, file.protocol, sizes_of(file.instance))
        if lowered is None or file.parallel != (lowered.order is not None):
            return f"whether branches run in parallel{_at(file.instance)} is not as in the text"
        known = {site.path for site in graph.sites} <= set(paths)
        same = known and sites(graph, paths) == file.sites
        return "" if same else "an event does not come from the line that is given"

    return _compared(paths, file.protocol, differs, (file.dialect,))


def _timed_file(file: TimedGraphFile) -> str:
    paths = tuple(name for name, _ in file.files)

    def differs(workspace: Workspace, _: GraphAt) -> str:
        lowered = lowered_in(workspace, file.protocol, sizes_of(file.instance))
        timed = None if lowered is None else lowered.timed
        if timed is None or not {site.path for site in timed.sites} <= set(paths):
            return f"it has no timed graph{_at(file.instance)}"
        named = msgspec.structs.replace(timed, name=file.protocol)
        same = timed_graph_file(named, file.files, file.dialect, file.instance) == file
        return "" if same else f"the graph{_at(file.instance)} is not that of the text"

    return _compared(paths, file.protocol, differs, (file.dialect,))


def lowered_in(workspace: Workspace, protocol: str, sizes: Mapping[str, int]) -> Lowered | None:
    """What a protocol of a workspace means at given sizes, None where it has other families."""
    found = _protocol(workspace, protocol)
    if found is None or set(sizes) != set(found.families):
        return None
    return workspace.graph(found, {family: sizes[family] for family in found.families})


def _protocol(workspace: Workspace, name: str) -> SourceProtocol | None:
    return next((one for one in workspace.protocols() if one.name == name), None)


def _other_graph(graphs: Sequence[tuple[str, NeutralGraph]]) -> _Differs:
    def differs(_: Workspace, graph_at: GraphAt) -> str:
        for instance, graph in graphs:
            if instance_name(sizes_of(instance)) != instance:
                return f"`{instance}` is no choice of sizes"
            found = graph_at(sizes_of(instance))
            if found is None or neutral(found) != graph:
                return f"the graph{_at(instance)} is not that of the text"
        return ""

    return differs


def _other_budgets(file: BudgetCertificate) -> _Differs:
    from tellverify.verification.stated_costs import other_costs

    graphs = _other_graph([(part.instance, part.graph) for part in file.instances])

    def differs(workspace: Workspace, graph_at: GraphAt) -> str:
        reason = graphs(workspace, graph_at)
        for part in () if reason else file.instances:
            graph = graph_at(sizes_of(part.instance))
            reason = reason or ("" if graph is None else other_costs(part, graph))
        return reason

    return differs


def _at(instance: str) -> str:
    return f" at {instance}" if instance else ""


def _compared(
    paths: Sequence[str],
    protocol: str,
    differs: _Differs,
    dialects: Sequence[str] = (STRICT, FAITHFUL),
) -> str:
    """The words for a protocol that does not differ in one of the dialects. Raises Rejected."""
    for path in paths:
        require_file(path)
    reasons = []
    for dialect in dialects:
        try:
            workspace = opened(paths[0], dialect, paths)
            reason = differs(workspace, _graphs_of(workspace, paths[0], protocol))
        except Unopened as fault:
            reason = fault.diagnostic.message
        except _NoGraph as none:
            reason = str(none)
        if not reason:
            read_as = "" if dialect == STRICT else f", read in the {dialect} dialect"
            return f"the graph is that of `{protocol}` in {paths[0]}{read_as}"
        reasons.append(reason)
    raise Rejected("source", f"{paths[0]}: {reasons[0]}")


def _graphs_of(workspace: Workspace, path: str, protocol: str) -> GraphAt:
    """The graphs of a protocol by the sizes of its families; these raise _NoGraph."""
    found = _protocol(workspace, protocol)
    said = workspace.diagnostics() if found is None else found.errors
    errors = [one for one in said if one.severity is Severity.ERROR]
    if errors:
        raise _NoGraph(f"it has errors: {errors[0].message}")
    if found is None:
        raise _NoGraph(f"it has no protocol `{protocol}`")

    def graph_at(sizes: Mapping[str, int]) -> ProtocolGraph | None:
        if set(sizes) != set(found.families):
            raise _NoGraph("its families are not those of the file")
        lowered = workspace.graph(found, {family: sizes[family] for family in found.families})
        wrong = [one.message for one in lowered.diagnostics if one.severity is Severity.ERROR]
        if lowered.graph is None or wrong:
            reasons = [*wrong, *(skip.reason for skip in lowered.skipped), lowered.limit]
            raise _NoGraph(f"there is no graph to compare with: {next(filter(None, reasons), '')}")
        return lowered.graph

    return graph_at


def _machines(file: MachinesFile) -> str:
    """Machines are those of their files; of a choreography, the last file, the graph is compared.

    Without a graph in the file the machines were compared with nothing that a run depends on.
    """
    paths = [path for path, _ in file.sources]
    for path in paths:
        require_file(path)
    system = put_together([read_any(path) for path in paths])
    if system.diagnostics and len(paths) > 1:
        system = put_together([read_any(path) for path in paths[:-1]])
    wrong = [one.message for one in system.diagnostics]
    require(not wrong, "source", f"{paths[0]}: it has errors: {wrong[:1]}")
    same = [row_of(machine) for machine in system.machines] == file.machines
    require(same, "source", f"{paths[0]}: the machines are not those of the file")
    if file.graph is None:
        return f"the machines are those in {paths[0]}"
    roles = [machine.role for machine in system.machines]
    for dialect in (STRICT, FAITHFUL):
        wanted = choreography(read_any(paths[-1]), roles, Options(dialect=dialect))
        if wanted is not None and wanted.graph and neutral(wanted.graph) == file.graph:
            return f"the machines are those in {paths[0]}, and the graph is that of {paths[-1]}"
    raise Rejected("source", f"{paths[-1]}: the graph is not that of the text")
