"""Which moves suffice at a configuration to reach every deadlock, on a run as short as any.

A set of machines is *persistent* (Godefroid, LNCS 1032, 1996; here computed from the moves that may
come next, as Valmari's stubborn sets, LNCS 483, 1990) when no other machine can take a move of them
away, or make one possible. Then each run to a deadlock has a move of the set, and the first of them
can as well be made at once. So lengths stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tellverify.workflows.composed_machines import ComposedMove, ComposedSystem, MoveKind


def finds_all_faults(system: ComposedSystem) -> bool:
    """Whether deadlocks are the only faults that a system of protocols which hold can have.

    So it is where no phase may end the workflow, every run is finite, and no role may go on from an
    end: then no agent leaves a session too early, and a stuck agent is at a deadlock.
    """
    return not any(system.earlier) and all(
        all(not row or not machine.is_final(state) for state, row in enumerate(machine.moves))
        and _is_finite(machine.moves)
        for machine in system.machines
    )


def _is_finite(rows: Sequence[Sequence[ComposedMove]]) -> bool:
    """Whether no state is reached from itself."""
    into = [0] * len(rows)
    for row in rows:
        for move in row:
            into[move.target] += 1
    work = [state for state, count in enumerate(into) if not count]
    left = len(rows)
    while work:
        left -= 1
        for move in rows[work.pop()]:
            into[move.target] -= 1
            if not into[move.target]:
                work.append(move.target)
    return not left


class PersistentSets:
    """The persistent sets of machines of a system for which `finds_all_faults`.

    `is_free` says of a bundle whether it can be granted, and `waits_for` of a machine that may not
    begin yet which one before it is not over.
    """

    def __init__(
        self,
        system: ComposedSystem,
        is_free: Callable[[int, Sequence[int]], bool],
        waits_for: Callable[[int, Sequence[int]], int | None],
    ) -> None:
        self._system = system
        self._is_free = is_free
        self._waits_for = waits_for
        self._ahead = [_grants_ahead(machine.moves) for machine in system.machines]

    def smallest(
        self,
        states: Sequence[int],
        heads: Callable[[int, int], bool],
        enabled: Mapping[int, int],
    ) -> set[int]:
        """The set with the fewest moves, at least one; the first machine decides between equals.

        `enabled` counts the moves that each machine can make, `heads` says whether a message from
        the first machine to the second one is queued.
        """
        best: set[int] = set()
        fewest = 0
        for seed in enabled:
            found = self._closed(seed, states, heads)
            count = sum(enabled.get(one, 0) for one in found)
            if not best or count < fewest:
                best, fewest = found, count
            if fewest == 1:
                break
        return best

    def _closed(
        self, seed: int, states: Sequence[int], heads: Callable[[int, int], bool]
    ) -> set[int]:
        found = {seed}
        work = [seed]
        while work:
            number = work.pop()
            for one in self._interfering(number, states, heads):
                if one not in found:
                    found.add(one)
                    work.append(one)
        return found

    def _interfering(
        self, number: int, states: Sequence[int], heads: Callable[[int, int], bool]
    ) -> list[int]:
        """The machines that may take away a move that this one can make, or enable another."""
        row = self._system.machines[number].moves[states[number]]
        if not row:
            return []
        if not states[number]:
            waited = self._waits_for(number, states)
            if waited is not None:
                return [waited]
        found: list[int] = []
        for move in row:
            match move.kind:
                case MoveKind.SEND | MoveKind.ASK:
                    pass
                case MoveKind.RECEIVE:
                    if not heads(move.peer, number):
                        found.append(move.peer)
                case MoveKind.GRANT:
                    found += self._rivals(number, move.peer, states)
        return found

    def _rivals(self, number: int, bundle: int, states: Sequence[int]) -> list[int]:
        """The machines that hold a bundle; where it is free, those that may still take it."""
        machines = self._system.machines
        if not self._is_free(bundle, states):
            return [one for one, m in enumerate(machines) if bundle in m.held[states[one]]]
        return [
            one
            for one, ahead in enumerate(self._ahead)
            if one != number and bundle in ahead[states[one]]
        ]


def _grants_ahead(rows: Sequence[Sequence[ComposedMove]]) -> list[frozenset[int]]:
    """The bundles that a machine may still be granted from each state on."""
    found: list[set[int]] = [
        {move.peer for move in row if move.kind is MoveKind.GRANT} for row in rows
    ]
    changed = True
    while changed:
        changed = False
        for state in range(len(rows) - 1, -1, -1):
            for move in rows[state]:
                if not found[move.target] <= found[state]:
                    found[state] |= found[move.target]
                    changed = True
    return list(map(frozenset, found))
