"""How tests come to the canonical machine of a role."""

from __future__ import annotations

from tellverify.model.graph import ProtocolGraph
from tellverify.model.machine import Machine
from tellverify.projection.subset import bounded_machine


def canonical_machine(graph: ProtocolGraph, role: str) -> Machine:
    """The canonical machine of `role`, which must not be huge."""
    machine = bounded_machine(graph, role, 1_000_000)
    assert machine is not None
    return machine
