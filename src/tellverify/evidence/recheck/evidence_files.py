"""One file of evidence: what it is, whether its source is still the same, and whether it holds."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from tellverify.evidence import graph_file as form
from tellverify.evidence.recheck.graph import Rejected, check_graph, check_instance, require
from tellverify.source.files import Unreadable, read_bytes

if TYPE_CHECKING:
    from tellverify.evidence.certificate import Certificate
    from tellverify.evidence.itf import TraceSubject
    from tellverify.evidence.machines_file import MachinesFile
    from tellverify.evidence.timed_file import TimedGraphFile

_Kind = TypeVar("_Kind", "Certificate", "form.GraphFile", "MachinesFile", "TimedGraphFile")
# The ends of the names of certificates, graphs, machines and traces.
ENDINGS: Final = (
    form.CERTIFICATE_NAME,
    form.GRAPH_SUFFIX,
    form.TIMED_SUFFIX,
    form.MACHINES_NAME,
    form.TRACE_SUFFIX,
)


def recheck(path: str) -> str:
    """What a file shows, in words; what only some kinds need is loaded there. Raises Rejected."""
    if path.endswith(form.TRACE_SUFFIX):
        from tellverify.evidence.itf import ItfError, read_itf
        from tellverify.evidence.recheck.traces import check_trace

        content = _read(path)
        try:
            trace = read_itf(content)
        except ItfError as error:
            raise Rejected("the file", str(error)) from None
        if trace.subject.late is not msgspec.UNSET:
            from tellverify.evidence.recheck.timed_traces import check_timed_trace

            check_timed_trace(trace, content, path)
        else:
            check_trace(trace, content, _basis_of(path, trace.subject))
        return f"{trace.subject.obligation}: {len(trace.steps)} steps show {trace.subject.fault}"
    if path.endswith(form.GRAPH_SUFFIX):
        file = _read_graph(path)
        return f"graph: {len(file.graph.roles)} roles, {len(file.graph.events)} events"
    if path.endswith(form.TIMED_SUFFIX):
        from tellverify.evidence.recheck.timed_traces import recheck_timed

        return recheck_timed(path)
    if path.endswith(form.MACHINES_NAME):
        from tellverify.evidence.recheck.machine_file import read_machines

        return f"machines: {len(read_machines(path).machines)} roles"
    from tellverify.evidence.recheck.certificate_file import recheck_certificate

    return recheck_certificate(path)


def needs_source(path: str) -> bool:
    """Whether a run that was accepted is against fidelity of branches that mean partial orders.

    The graph in a file has their interleavings alone: what is no run of it may be one of the text.
    """
    from tellverify.evidence.itf import read_itf
    from tellverify.model.fault import Fault

    subject = read_itf(_read(path)).subject
    if subject.fault is not Fault.INFIDELITY or subject.late is not msgspec.UNSET:
        return False
    basis = _basis_of(path, subject)
    return isinstance(basis, form.GraphFile) and basis.parallel


def _read(path: str) -> bytes:
    try:
        return read_bytes(path, form.MOST_BYTES)
    except Unreadable as error:
        raise Rejected("the file", str(error)) from None


def load(path: str, kind: type[_Kind], schema: str, write: Callable[[_Kind], str]) -> _Kind:
    """The content of a file in its one form. Raises Rejected."""
    content = _read(path)
    try:
        file = msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Rejected("the file", str(error)[:200].partition("\n")[0]) from None
    require(file.schema == schema, "schema", f"not `{schema}`")
    require(write(file).encode() == content, "the file", "not in canonical form")
    return file


def _read_graph(path: str) -> form.GraphFile:
    file = load(path, form.GraphFile, form.GRAPH_SCHEMA, form.write_graph)
    require(bool(file.files), "files", "there are none")
    check_sources(path, file.files, file.protocol)
    check_graph(file.graph, "graph")
    known = all(at < len(file.files) for at, _ in file.sites)
    require(known and len(file.sites) == len(file.graph.events), "sites", "not one for each event")
    check_instance(file.instance, file.graph.roles, "instance")
    return file


def _basis_of(trace: str, subject: TraceSubject) -> form.GraphFile | MachinesFile:
    """The one graph beside a trace that is of its protocol and instance, or the machines."""
    from tellverify.evidence.itf import basis_of

    folder = os.path.dirname(trace)
    machines = os.path.join(folder, form.MACHINES_NAME)
    if os.path.isfile(machines):
        from tellverify.evidence.recheck.machine_file import read_machines

        system = read_machines(machines)
        same = (system.protocol, system.sources[0][0]) == (subject.protocol, subject.source)
        plain = basis_of(subject) == ("strict", (subject.source,))
        require(same and plain, "protocol", "not that of the machines")
        require(not subject.instance, "instance", "machines have no families")
        return system
    names = sorted(n for n in os.listdir(folder or ".") if n.endswith(form.GRAPH_SUFFIX))
    files = [_read_graph(os.path.join(folder, name)) for name in names]
    named = (subject.protocol, subject.instance)
    fitting = [f for f in files if (f.protocol, f.instance) == named]
    require(len(fitting) == 1, "the folder", f"not one graph of `{named[0]}` {named[1]}")
    paths = tuple(name for name, _ in fitting[0].files)
    same = basis_of(subject) == (fitting[0].dialect, paths) and subject.source == paths[0]
    require(same, "source", "not that of the graph")
    return fitting[0]


def check_sources(path: str, files: Sequence[form.FileSum], protocol: str) -> None:
    """The files of a protocol, its own first, are those that evidence was made of."""
    require(bool(protocol), "protocol", "it has no name")
    for number, (source, sha256) in enumerate(files):
        check_source(path, source, sha256, "" if number else protocol)


def check_source(
    path: str, source: str, sha256: str, protocol: str | None, again: str = ""
) -> None:
    """The source, when it is there, is the one that evidence was made of, with this protocol.

    `again` is the command that makes evidence like this one; empty: `check`.
    """
    require(bool(re.fullmatch("[0-9a-f]{64}", sha256)), "sha256", "no such sum")
    if not os.path.isfile(source):
        return
    text = _read(source)
    if hashlib.sha256(text).hexdigest() != sha256:
        evidence = os.path.dirname(os.path.dirname(path)) or "."
        named = (os.path.dirname(source) or ".") if protocol is not None else f"--machines {source}"
        again = again or f"tellverify check {named} --evidence {evidence}"
        raise Rejected("source", f"{source} changed since its proof was made: run {again}")
    if not protocol:
        return
    own = protocol.rpartition(".")[2].encode("utf-8", "surrogatepass")
    found = own and re.search(rb"\bprotocol\s+" + re.escape(own) + rb"\b", text)
    require(bool(found), "protocol", f"`{source}` has no protocol of this name")
