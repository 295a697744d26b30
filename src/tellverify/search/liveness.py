"""What stays so for ever, read off all configurations of a search."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import pairwise

from tellverify.model.graph import ProtocolGraph
from tellverify.model.trace import Fault, Trace
from tellverify.search.breadth_first import Layers
from tellverify.search.encoding import Move
from tellverify.search.orphans import Abandoned
from tellverify.search.reachability import Reach, fair_component, fair_round
from tellverify.search.traces import build_trace, explain_starved, explain_stuck, steps_of, waiting


class Lasting:
    """Faults of a search that visited all configurations within its bound.

    When it is not `complete`, a send that only the bound forbids might change everything, so what
    such a send could still follow is not judged. What is found is therefore always certain. `graph`
    gives the steps of runs their places in the source.
    """

    def __init__(self, search: Layers, complete: bool, graph: ProtocolGraph | None = None) -> None:
        self.search = search
        self.system = search.system
        self.complete = complete
        self.graph = graph
        self.machines = search.system.machines
        self.machine_of = {m.role: m for m in self.machines}.__getitem__

    @cached_property
    def reach(self) -> Reach:
        """All configurations with their moves."""
        return Reach(self.search)

    @cached_property
    def open(self) -> list[int]:
        """Configurations in which only the bound forbids a send."""
        return [n for n, blocked in enumerate(self.reach.blocked) if blocked]

    @cached_property
    def ends(self) -> list[int]:
        """Configurations in which all have finished and nothing is queued."""
        system = self.system
        contents = sum(q.mask << q.content for q in system.queues.values())
        final = [machine.final for machine in self.machines]
        return [
            n
            for n, c in enumerate(self.reach.configurations)
            if not c & contents and all(f[system.state(r, c)] for r, f in enumerate(final))
        ]

    @cached_property
    def can_end(self) -> bytearray:
        """A flag for every configuration from which an end may be reached."""
        return self.reach.that_reach([*self.ends, *self.open])

    def orphan(self) -> Trace | None:
        """A shortest run to a role that has finished for good, with a message to it left."""
        gone = Abandoned(self.system)
        for depth, level in enumerate(self.search.levels):
            for configuration in level:
                role = gone.receiver(configuration)
                if role is not None:
                    steps = steps_of(
                        self.system, self.search.run_to(configuration, depth), self.graph
                    )
                    minimal = self.complete or depth <= self.system.queue_bound
                    return gone.trace(role, steps, minimal=minimal)
        return None

    def stuck_roles(self, roles: Sequence[str]) -> Iterator[Trace]:
        """For each of `roles` a run after which no run lets it move, while others go on or stop."""
        reach = self.reach
        ends_are_final = all(
            not row
            for machine in self.machines
            for row, is_final in zip(machine.moves, machine.final, strict=True)
            if is_final
        )
        if self.complete and ends_are_final and all(self.can_end):
            return  # whoever waits has not finished, and so moves on every way to an end
        for role, name in enumerate(self.system.roles):
            if name not in roles:
                continue
            moves_again = reach.that_reach([*reach.movers(role), *self.open])
            waits = reach.waits(role)
            stuck = next(
                (
                    n
                    for n in range(len(reach))
                    if not moves_again[n] and waits[reach.state(role, n)]
                ),
                None,
            )
            if stuck is None:
                continue
            wait = waiting(self.machines[role], reach.state(role, stuck))
            lasso = reach.fair_lasso(stuck)
            explanation = explain_stuck(wait) if lasso is None else explain_starved(wait)
            way, loop = lasso if lasso is not None else (self._to_an_end(stuck), -1)
            yield self._trace(Fault.STUCK_ROLE, stuck, way, loop, (name,), explanation)

    def _to_an_end(self, start: int) -> list[int]:
        way = [start]
        while self.reach.after[way[-1]]:
            way.append(self.reach.after[way[-1]][0][1])
        return way

    def trap(self) -> Trace | None:
        """A shortest run to where no end can be reached any more."""
        reach = self.reach
        lost = next((n for n in range(len(reach)) if not self.can_end[n]), None)
        if lost is None:
            return None
        lasso = reach.fair_lasso(lost)
        if lasso is None:
            explanation = (
                "no run terminates from here on: some role waits for a message that never comes"
            )
            return self._trace(
                Fault.NO_TERMINATION, lost, self._to_an_end(lost), -1, (), explanation
            )
        explanation = "from here on the roles loop and can no longer terminate"
        return self._trace(Fault.NO_TERMINATION, lost, *lasso, (), explanation)

    def endless(self) -> Trace | None:
        """A run that goes on for ever and leaves nobody out who can move."""
        component = fair_component(self.reach)
        if component is None:
            return None
        way = fair_round(self.reach, component)
        acting = self._moves(way)
        culprits = tuple(self.system.roles[role] for role in sorted({m.role for m in acting}))
        explanation = "the roles have a fair run that never terminates"
        return self._trace(Fault.ENDLESS_RUN, way[0], way, 0, culprits, explanation)

    def _moves(self, way: Sequence[int]) -> list[Move]:
        """The moves along configurations by number, each of which follows the one before."""
        configurations = self.reach.configurations
        moves = []
        for here, after in pairwise(way):
            delta = configurations[after] - configurations[here]
            enabled = self.system.enabled(configurations[here])
            moves.append(next(move for move in enabled if move.delta == delta))
        return moves

    def _trace(
        self,
        fault: Fault,
        start: int,
        way: Sequence[int],
        loop: int,
        culprits: tuple[str, ...],
        explanation: str,
    ) -> Trace:
        """The run to `start` and on along `way`, which closes at place `loop` unless that is -1."""
        reach = self.reach
        stem = self.search.run_to(reach.configurations[start], reach.depth[start])
        steps = steps_of(self.system, [*stem, *self._moves(way)], self.graph)
        return build_trace(
            fault,
            steps,
            self.machine_of,
            self.system.roles,
            minimal=False,
            culprits=culprits,
            explanation=explanation,
            loop=len(stem) + loop if loop >= 0 else -1,
        )
