"""All evidence of a check as files."""

from __future__ import annotations

from tellverify.engine.certificates import certificate_files, graph_files
from tellverify.engine.pipeline import Checked
from tellverify.engine.traces import trace_files
from tellverify.evidence.itf import folder_name


def evidence_files(checked: Checked) -> list[tuple[str, str, str]]:
    """Certificates, graphs, traces and scripts: what each belongs to, its name, its text."""
    sums = {read.path: read.sha256 for read in checked.run.inputs}
    found = []
    for protocol in checked.run.protocols:
        key = (protocol.path, protocol.name)
        graphs = checked.graphs.get(key, {})
        found += trace_files(protocol, graphs)
        found += graph_files(protocol, graphs, sums[protocol.path])
        found += certificate_files(protocol, graphs, sums[protocol.path])
        folder = folder_name(protocol.name)
        found += [(of, f"{folder}/{name}", text) for of, name, text in checked.files.get(key, ())]
    return found
