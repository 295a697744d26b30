"""The machines in a file, in order and with the sources that they were read from."""

from __future__ import annotations

from tellverify.evidence import machines_file as filed
from tellverify.evidence.recheck.evidence_files import check_source, load
from tellverify.evidence.recheck.graph import check_graph, require


def read_machines(path: str) -> filed.MachinesFile:
    """The content of a file of machines. Raises Rejected."""
    file = load(path, filed.MachinesFile, filed.MACHINES_SCHEMA, filed.write_machines)
    require(bool(file.sources), "sources", "there are none")
    for source, sha256 in file.sources:
        check_source(path, source, sha256, None)
    found = filed.machines_of(file)
    require(not isinstance(found, str), "machines", str(found)[:200])
    if file.graph:
        check_graph(file.graph, "graph")
    return file
