"""What stays so forever, read off all configurations of a search."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, partial
from itertools import pairwise
from typing import Final

from tellverify.model.fault import Fault
from tellverify.model.futures import Futures, futures
from tellverify.model.graph import ProtocolGraph
from tellverify.model.trace import Trace
from tellverify.search.breadth_first import Layers
from tellverify.search.encoding import EncodedMove
from tellverify.search.reachability import Reach, fair_component, fair_round
from tellverify.search.traces import (
    build_trace,
    explain_kept_waiting,
    explain_starved,
    explain_stuck,
    steps_of,
    waiting,
)

_MOST_TRIED: Final = 300  # configurations that are judged by what machines may still do


class LivenessSearch:
    """Faults of a search that visited all configurations within its bound.

    When it is not `complete`, a send that only the bound forbids might change everything. Where
    such a send may follow, a configuration is judged by what the machines may still do whatever
    the queues come to hold (`tellverify.model.futures`), and what that leaves open is said to be
    unjudged. What is found is therefore always certain, and so is its absence. `graph` gives the
    steps of runs their places in the source.
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
        """A flag for every configuration from which an end can be reached within the bound."""
        return self.reach.that_reach(self.ends)

    def stuck_roles(self, roles: Sequence[str]) -> tuple[list[Trace], set[str]]:
        """Runs after which no run lets one of `roles` move, and the roles that were not judged.

        There is at most one run for each. A role is not judged when it may wait until a queue
        grows beyond the bound.
        """
        reach = self.reach
        if self.complete and self._ends_are_final and all(self.can_end):
            return [], set()  # whoever waits has not finished, and so moves on every way to an end
        traces, unjudged = [], set()
        for number, name in enumerate(self.system.roles):
            if name not in roles:
                continue
            blocked = (n for n, b in enumerate(reach.blocked) if b >> number & 1)
            moves_again = reach.that_reach([*reach.movers(number), *blocked])
            waits = reach.waits(number)
            left = [
                n for n in range(len(reach)) if not moves_again[n] and waits[reach.state(number, n)]
            ]
            stuck = self._certain(left, partial(_is_cut_off, number))
            if stuck is not None:
                traces.append(self._stuck(number, stuck))
            elif left:
                unjudged.add(name)
        return traces, unjudged

    @cached_property
    def _ends_are_final(self) -> bool:
        return all(
            not row
            for machine in self.machines
            for row, is_final in zip(machine.moves, machine.final, strict=True)
            if is_final
        )

    @cached_property
    def _leads_out(self) -> bytearray:
        """A flag for every configuration from which a run may leave the bound."""
        return self.reach.that_reach(self.open)

    def _certain(self, left: Sequence[int], is_shown: Callable[[Futures], bool]) -> int | None:
        """The first of `left` from which no run leaves the bound, or that shows it all the same."""
        tried = 0
        for n in left:
            if not self._leads_out[n]:
                return n
            if tried < _MOST_TRIED:
                tried += 1
                here = self.system.decode(self.reach.configurations[n])
                if is_shown(futures(here, self.machines)):
                    return n
        return None

    def _stuck(self, role: int, stuck: int) -> Trace:
        reach = self.reach
        wait = waiting(self.machines[role], reach.state(role, stuck))
        if self._leads_out[stuck]:
            way, loop, explanation = [stuck], -1, explain_starved(wait)
        else:
            lasso = reach.fair_lasso(stuck)
            explanation = explain_stuck(wait) if lasso is None else explain_starved(wait)
            way, loop = lasso if lasso is not None else (self._to_an_end(stuck), -1)
        return self._trace(Fault.STUCK_ROLE, stuck, way, loop, (wait.role,), explanation)

    def _to_an_end(self, start: int) -> list[int]:
        way = [start]
        while self.reach.after[way[-1]]:
            way.append(self.reach.after[way[-1]][0][1])
        return way

    def trap(self) -> tuple[Trace | None, bool]:
        """A run to where no end can be reached any more, and whether this was judged."""
        reach = self.reach
        left = [n for n in range(len(reach)) if not self.can_end[n]]
        lost = self._certain(left, self._is_trap)
        if lost is None:
            return None, not left
        lasso = None if self._leads_out[lost] else reach.fair_lasso(lost)
        if lasso is not None:
            explanation = "from here on the roles loop and can no longer terminate"
            return self._trace(Fault.NO_TERMINATION, lost, *lasso, (), explanation), True
        explanation = (
            "no run terminates from here on: some role waits for a message that never comes"
        )
        way = [lost] if self._leads_out[lost] else self._to_an_end(lost)
        return self._trace(Fault.NO_TERMINATION, lost, way, -1, (), explanation), True

    def _is_trap(self, found: Futures) -> bool:
        """Some role cannot come to a state in which it may stop."""
        return any(
            not any(machine.final[state] for state in states)
            for machine, states in zip(self.machines, found.states, strict=True)
        )

    @property
    def stops_at_bound(self) -> bool:
        """True when somewhere only sends go on, and the bound forbids them all."""
        reach = self.reach
        return any(not after and out for after, out in zip(reach.after, reach.blocked, strict=True))

    def endless(self) -> Trace | None:
        """An infinite run that leaves out no role that can move."""
        component = fair_component(self.reach)
        if component is None:
            return None
        way = fair_round(self.reach, component)
        acting = self._moves(way)
        culprits = tuple(self.system.roles[role] for role in sorted({m.role for m in acting}))
        explanation = "the roles have a fair run that never terminates"
        return self._trace(Fault.ENDLESS_RUN, way[0], way, 0, culprits, explanation)

    def starved(self, role: int) -> Trace | None:
        """A fair run in which a role waits forever: it repeats, or nothing can go on.

        While the role waits its channels only grow, so it is in configurations in which it cannot
        move from some point on.
        """
        reach = self.reach
        waits = reach.waits(role)
        without = {
            n
            for n in range(len(reach))
            if waits[reach.state(role, n)] and role not in reach.able(n)
        }
        rest = next((n for n in sorted(without) if not reach.able(n)), None)
        component = fair_component(reach, without)
        if rest is None and component is None:
            return None
        is_nearer = component is None or (rest is not None and rest <= component[0])
        if rest is not None and is_nearer:
            way, loop = [rest], -1
        else:
            way, loop = fair_round(reach, component or []), 0
        start = way[0]
        wait = waiting(self.machines[role], reach.state(role, start))
        explanation = explain_kept_waiting(wait) if loop == 0 else explain_stuck(wait)
        return self._trace(Fault.STARVATION, start, way, loop, (wait.role,), explanation)

    def _moves(self, way: Sequence[int]) -> list[EncodedMove]:
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


def _is_cut_off(role: int, found: Futures) -> bool:
    """`role` moves in no run, whatever the queues come to hold."""
    return not found.moves[role]
