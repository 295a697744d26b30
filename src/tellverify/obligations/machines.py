"""One protocol graph as deciders see it, and its canonical machines."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cached_property
from typing import Final

from tellverify.model.graph import ProtocolGraph, partial_sites
from tellverify.model.limits import MachineTooLarge
from tellverify.model.machine import Action, Machine
from tellverify.model.parallel_order import ParallelOrder
from tellverify.model.run_end import state_after
from tellverify.model.step import Step
from tellverify.obligations.options import Options
from tellverify.projection.acyclic_machines import TreeMachines
from tellverify.projection.implementability import Implementability, check_graph
from tellverify.projection.subset import bounded_machine
from tellverify.projection.threshold_machines import has_thresholds, threshold_machines
from tellverify.verdict.outcome import Outcome

ALL_MACHINES: Final = 64  # protocols of up to this many roles are replayed with every machine


_MOST_STATES: Final = 50_000  # of a machine, beside two for each event of the protocol


class Machines:
    """The canonical machines of a graph, built when they are asked for.

    Whatever asks for one raises MachineTooLarge when it is too large to be built. A role that goes
    on after some of the answers of a gather has a machine that does, except `in_full`.
    """

    def __init__(self, graph: ProtocolGraph, *, in_full: bool = False) -> None:
        self.graph = graph
        self._built: dict[str, Machine] = {}
        self._too_large: set[str] = set()
        self._index = {role: index for index, role in enumerate(graph.roles)}
        self._tree: TreeMachines | None = None
        self._is_partial = not in_full and bool(partial_sites(graph))
        self._done: dict[str, frozenset[int]] = {}

    def of(self, role: str) -> Machine:
        """The machine of `role`. Raises KeyError when there is no such role."""
        machine = self._built.get(role)
        if machine is None:
            machine = self._built[role] = self._build(role)
        return machine

    def is_done(self, role: str, steps: Sequence[Step]) -> bool:
        """True when all that `role` still does after a run is to discard late answers."""
        return state_after(self.of(role), steps) in self._done.get(role, ())

    def all(self) -> list[Machine]:
        """The machines of all roles."""
        return [self.of(role) for role in self.graph.roles]

    @property
    def are_cheap(self) -> bool:
        """True when the machines of all roles together cost no more than a pass or two."""
        if self._is_partial:
            return len(self.graph.roles) <= ALL_MACHINES
        return len(self.graph.roles) <= ALL_MACHINES or self._trees().fits

    def along(self, transitions: Iterable[int], exact: Collection[str]) -> Callable[[str], Machine]:
        """Machines for a run of the protocol; canonical ones where that is cheap.

        Otherwise a role that is not in `exact` gets the part of its canonical machine that takes
        part in the run: a path. What such machines do, the canonical ones do too.
        """
        if self.are_cheap:
            return self.of
        graph = self.graph
        paths: dict[str, list[tuple[Action, int]]] = {}
        for e in transitions:
            p, q, label = graph.event(e)
            paths.setdefault(p, []).append((Action(True, q, label), graph.site[e]))
            paths.setdefault(q, []).append((Action(False, p, label), graph.site[e]))
        return lambda role: (
            self.of(role) if role in exact else path_machine(role, paths.get(role, []))
        )

    def _trees(self) -> TreeMachines:
        if self._tree is None:
            self._tree = TreeMachines(self.graph)
        return self._tree

    def _build(self, role: str) -> Machine:
        if self._is_partial:
            from tellverify.projection.gather_machines import gather_machine

            gathers = gather_machine(self.graph, role, _MOST_STATES)
            if gathers is not None:
                self._done[role] = gathers.done
                return gathers.machine
        elif len(self.graph.roles) > ALL_MACHINES and self._trees().fits:
            return self._trees().machine(self._index[role])
        limit = _MOST_STATES + 2 * self.graph.event_count
        if role in self._too_large:
            raise MachineTooLarge(role, limit)
        machine = bounded_machine(self.graph, role, limit)
        if machine is None:
            self._too_large.add(role)
            raise MachineTooLarge(role, limit)
        return machine


class GraphContext:
    """What the deciders of one graph share; each part is computed when it is first asked for.

    `outside` says why the graph is outside the class of the complete theory, None if it is in it.
    `order` is what its parallel branches mean. What one decider has found and later ones rest on:
    `implementable`, the outcome of that property, and `longest`, the longest queue of a search
    that visited all configurations.
    """

    def __init__(
        self,
        graph: ProtocolGraph,
        options: Options,
        outside: str | None,
        order: ParallelOrder | None = None,
    ) -> None:
        self.graph = graph
        self.options = options
        self.outside = outside
        self.order = order
        self.machines = Machines(graph)
        self.implementable: Outcome | None = None
        self.longest: int | None = None

    @cached_property
    def implementability(self) -> Implementability:
        """Coherence of the local types, for a graph in the class."""
        return check_graph(self.graph, self.options.step_limit)


def machines_under_faults(graph: ProtocolGraph, steps: int) -> list[Machine] | None:
    """The machines of all roles for runs with faults, and for simulation.

    With `min_responses` the answers come in any order, and late ones are dropped; None when a
    statement needs more answers than it has members. Raises MachineTooLarge and OutOfBudget.
    """
    if has_thresholds(graph):
        return threshold_machines(graph, steps)
    return Machines(graph).all()


def path_machine(role: str, actions: list[tuple[Action, int]]) -> Machine:
    """The machine that does `actions` one after another."""
    moves = tuple(((action, number),) for number, (action, _) in enumerate(actions, 1))
    sites = tuple((site,) for _, site in actions)
    return Machine(role, (*moves, ()), (False,) * (len(moves) + 1), (*sites, ()))
