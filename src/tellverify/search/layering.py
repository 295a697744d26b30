"""Machines whose runs end, and systems in which a configuration says how many moves led to it."""

from __future__ import annotations

from tellverify.model.machine import Machine


def is_graded(machine: Machine) -> bool:
    """True when all ways to a state are equally long.

    When all machines are graded, a configuration says how many moves led to it, and no layer of a
    breadth-first search meets a configuration of an earlier one: nothing has to be looked up. When
    they are not, it still says whether the moves were even or odd in number, since every move
    makes one message more or less.
    """
    rank = {0: 0}
    order = [0]
    for state in order:
        for _, target in machine.moves[state]:
            if target not in rank:
                rank[target] = rank[state] + 1
                order.append(target)
            elif rank[target] != rank[state] + 1:
                return False
    return True


def is_acyclic(machine: Machine) -> bool:
    """True when the role makes finitely many moves in every run."""
    entering = [0] * machine.state_count
    for row in machine.moves:
        for _, target in row:
            entering[target] += 1
    free = [state for state, count in enumerate(entering) if not count]
    for state in free:
        for _, target in machine.moves[state]:
            entering[target] -= 1
            if not entering[target]:
                free.append(target)
    return len(free) == machine.state_count
