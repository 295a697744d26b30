"""One file of evidence: what it is, whether its source is still the same, and whether it holds."""

from __future__ import annotations

import hashlib
import os
import re
from typing import Final, TypeVar

import msgspec

from tellverify.evidence import certificate as form
from tellverify.evidence.itf import SUFFIX, ItfError, read_itf
from tellverify.recheck.coherence import check_certificate
from tellverify.recheck.graph import Rejected, check_graph, check_instance, require
from tellverify.recheck.traces import check_trace

_Kind = TypeVar("_Kind")
_MOST_BYTES: Final = 256 * 1024 * 1024
# The ends of the names of certificates, graphs and traces.
ENDINGS: Final = (form.CERTIFICATE_NAME, form.GRAPH_SUFFIX, SUFFIX)


def recheck(path: str) -> str:
    """What a file shows, in words. Raises Rejected, or OSError when it cannot be read."""
    content = _read(path)
    if path.endswith(SUFFIX):
        try:
            trace = read_itf(content)
        except ItfError as error:
            raise Rejected("the file", str(error)) from None
        subject = trace.subject
        graph = _graph_of(path, subject.protocol, subject.instance)
        require(graph.source == subject.source, "source", "not that of the graph")
        check_trace(trace, content, graph)
        return f"{subject.obligation}: {len(trace.steps)} steps show {subject.fault}"
    if path.endswith(form.GRAPH_SUFFIX):
        file = _read_graph(path)
        return f"graph: {len(file.graph.roles)} roles, {len(file.graph.events)} events"
    found = _decode(content, form.Certificate)
    require(found.schema == form.CERTIFICATE_SCHEMA, "schema", f"not `{form.CERTIFICATE_SCHEMA}`")
    require(form.write_certificate(found).encode() == content, "the file", "not in its one form")
    _check_source(path, found.source, found.sha256, found.protocol)
    check_certificate(found)
    names = [part.instance for part in found.instances if part.instance]
    there = "" if os.path.isfile(found.source) else " (its source is not here)"
    return "implementable" + (f" for {'; '.join(names)}" if names else "") + there


def _read(path: str) -> bytes:
    require(os.path.isfile(path), "the file", "it is no regular file")
    with open(path, "rb") as file:
        content = file.read(_MOST_BYTES + 1)
    require(len(content) <= _MOST_BYTES, "the file", f"it is larger than {_MOST_BYTES} bytes")
    return content


def _decode(content: bytes, kind: type[_Kind]) -> _Kind:
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Rejected("the file", str(error)[:200].partition("\n")[0]) from None


def _read_graph(path: str) -> form.GraphFile:
    content = _read(path)
    file = _decode(content, form.GraphFile)
    require(file.schema == form.GRAPH_SCHEMA, "schema", f"not `{form.GRAPH_SCHEMA}`")
    require(form.write_graph(file).encode() == content, "the file", "not in its one form")
    require(len(file.graph.lines) == len(file.graph.events), "lines", "not one for each event")
    _check_source(path, file.source, file.sha256, file.protocol)
    check_graph(file.graph, "graph")
    check_instance(file.instance, file.graph.roles, "instance")
    return file


def _graph_of(trace: str, protocol: str, instance: str) -> form.GraphFile:
    """The one graph beside a trace that is of its protocol and instance."""
    folder = os.path.dirname(trace)
    names = sorted(n for n in os.listdir(folder or ".") if n.endswith(form.GRAPH_SUFFIX))
    files = [_read_graph(os.path.join(folder, name)) for name in names]
    fitting = [f for f in files if (f.protocol, f.instance) == (protocol, instance)]
    require(len(fitting) == 1, "the folder", f"not one graph of `{protocol}` {instance}")
    return fitting[0]


def _check_source(path: str, source: str, sha256: str, protocol: str) -> None:
    """The source, when it is there, is the one that evidence was made of."""
    require(bool(re.fullmatch("[0-9a-f]{64}", sha256)), "sha256", "no such sum")
    if not os.path.isfile(source):
        return
    text = _read(source)
    if hashlib.sha256(text).hexdigest() != sha256:
        evidence = os.path.dirname(os.path.dirname(path)) or "."
        again = f"tellverify check {os.path.dirname(source) or '.'} --evidence {evidence}"
        raise Rejected("source", f"{source} changed since its proof was made: run {again}")
    own = protocol.rpartition(".")[2].encode("utf-8", "surrogatepass")
    found = own and re.search(rb"\bprotocol\s+" + re.escape(own) + rb"\b", text)
    require(bool(found), "protocol", f"`{source}` has no protocol of this name")
