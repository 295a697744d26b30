"""The canonical machines of a protocol graph."""

from __future__ import annotations

from typing import Final

from tellverify.core.graph import ProtocolGraph
from tellverify.core.machine import Machine
from tellverify.projection.subset import canonical_machine
from tellverify.projection.tree_machines import TreeMachines

ALL_MACHINES: Final = 64  # protocols of up to this many roles are replayed with every machine


class Machines:
    """The canonical machines of a graph, built when they are asked for."""

    def __init__(self, graph: ProtocolGraph) -> None:
        self.graph = graph
        self._built: dict[str, Machine] = {}
        self._index = {role: index for index, role in enumerate(graph.roles)}
        self._tree: TreeMachines | None = None

    def of(self, role: str) -> Machine:
        """The machine of `role`. Raises KeyError when there is no such role."""
        machine = self._built.get(role)
        if machine is None:
            machine = self._built[role] = self._build(role)
        return machine

    def all(self) -> list[Machine]:
        """The machines of all roles."""
        return [self.of(role) for role in self.graph.roles]

    def _build(self, role: str) -> Machine:
        if len(self.graph.roles) > ALL_MACHINES:
            if self._tree is None:
                self._tree = TreeMachines(self.graph)
            if self._tree.fits:
                return self._tree.machine(self._index[role])
        return canonical_machine(self.graph, role)
