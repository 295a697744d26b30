"""Roles that wait forever while others go on: lassos."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tellverify.search.breadth_first import Layers
from tellverify.search.encoding import EncodedMove
from tellverify.search.layering import is_acyclic


class StarvationLasso(NamedTuple):
    """A run whose part from `loop` on may be repeated forever; `role` can never move again."""

    role: int
    moves: list[EncodedMove]
    loop: int


def stuck_lassos(search: Layers, roles: Iterable[int]) -> Iterator[StarvationLasso]:
    """For each of `roles` a lasso on which it waits forever, if there is one.

    The run leads on a shortest way to a configuration from which no run lets the role move, and
    continues until a configuration is met again. `search` must have visited all configurations.
    Roles for which such a run ends, since all roles stop, have no lasso here.
    """
    wanted = list(roles)
    if not wanted or all(map(is_acyclic, search.system.machines)):
        return
    before, movers = _reversed(search)
    for role in wanted:
        moves_again = set(movers[role])
        stack = list(moves_again)
        while stack:
            for configuration in before.get(stack.pop(), ()):
                if configuration not in moves_again:
                    moves_again.add(configuration)
                    stack.append(configuration)
        lasso = _first_lasso(search, role, moves_again)
        if lasso is not None:
            yield lasso


def _reversed(search: Layers) -> tuple[dict[int, list[int]], list[list[int]]]:
    """Predecessors of every configuration, and for every role where it can move."""
    before: dict[int, list[int]] = {}
    movers: list[list[int]] = [[] for _ in search.system.machines]
    for level in search.levels:
        for configuration in level:
            for move in search.system.enabled(configuration):
                movers[move.role].append(configuration)
                before.setdefault(configuration + move.delta, []).append(configuration)
    return before, movers


def _first_lasso(search: Layers, role: int, moves_again: set[int]) -> StarvationLasso | None:
    system = search.system
    machine = system.machines[role]
    for depth, level in enumerate(search.levels):
        for configuration in level:
            state = system.state(role, configuration)
            waits = machine.moves[state] or not machine.final[state]
            if configuration in moves_again or not waits:
                continue
            moves = search.run_to(configuration, depth)
            roles, turn = len(system.machines), 0
            met = {(configuration, turn): len(moves)}
            while enabled := system.enabled(configuration):
                # All take turns: whoever can move stays able to, and is not left out.
                move = min(enabled, key=lambda each: (each.role - turn) % roles)
                moves.append(move)
                configuration += move.delta
                turn = (move.role + 1) % roles
                if (configuration, turn) in met:
                    return StarvationLasso(role, moves, met[configuration, turn])
                met[configuration, turn] = len(moves)
            return None
    return None
