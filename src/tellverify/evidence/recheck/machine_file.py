"""The machines in a file, in order and with the sources that they were read from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tellverify.evidence import machines_file as filed
from tellverify.evidence.itf import TraceSubject, basis_of
from tellverify.evidence.recheck.evidence_files import check_source, load
from tellverify.evidence.recheck.graph import check_graph, require
from tellverify.model.configuration import Configuration
from tellverify.model.fault import Fault
from tellverify.model.machine import Machine

_MOST_CONFIGURATIONS: Final = 500_000


def recheck_machines(path: str) -> str:
    """What a file of machines has, in words. Raises Rejected."""
    return f"machines: {len(read_machines(path).machines)} roles"


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


def machines_for(path: str, subject: TraceSubject) -> filed.MachinesFile:
    """The machines that a trace beside them is a run of. Raises Rejected when they are others."""
    system = read_machines(path)
    same = (system.protocol, system.sources[0][0]) == (subject.protocol, subject.source)
    plain = basis_of(subject) == ("strict", (subject.source,))
    require(same and plain, "protocol", "not that of the machines")
    require(not subject.instance, "instance", "machines have no families")
    return system


def is_shown_by(
    machines: list[Machine], fault: Fault, culprits: Sequence[str], end: Configuration
) -> bool:
    """No run of the machines serves the culprits any more, or comes to an end."""
    if fault is Fault.STUCK_ROLE:
        return filed.can_be_served(machines, end, culprits, _MOST_CONFIGURATIONS) is False
    return (
        fault is Fault.NO_TERMINATION
        and filed.can_end(machines, end, _MOST_CONFIGURATIONS) is False
    )
