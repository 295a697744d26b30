"""Local machines of a protocol graph, to check traces against."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tellverify.core.machine import Action, Machine
from tellverify.evidence.certificate import NeutralGraph
from tellverify.recheck.graph import Rejected

_MOST: Final = 2_000_000


def machine_of(graph: NeutralGraph, first: Sequence[int], role: int) -> Machine:
    """The machine of a role by subset construction; states are numbered breadth-first.

    Sets with equal events of the role, and equal ends, are one state: they allow the same for ever.
    """
    number: dict[tuple[object, ...], int] = {}
    owns: list[list[int]] = []
    final: list[bool] = []
    ends, cost = set(graph.final), 0

    def state_of(seeds: set[int]) -> int:
        nonlocal cost
        found, work, own = set(seeds), list(seeds), []
        while work:
            state = work.pop()
            for e in range(first[state], first[state + 1]):
                _, sender, receiver, _, target = graph.events[e]
                if role in (sender, receiver):
                    own.append(e)
                elif target not in found:
                    found.add(target)
                    work.append(target)
        cost += len(found)
        if cost > _MOST:
            raise Rejected(f"role `{graph.roles[role]}`", "its machine is too large")
        own.sort()
        stops = found & ends
        key = (*own, frozenset(s for s in stops if first[s] < first[s + 1]), bool(stops))
        if key not in number:
            number[key] = len(owns)
            owns.append(own)
            final.append(bool(stops))
        return number[key]

    state_of({0})
    moves = []
    for own in owns:
        targets: dict[Action, set[int]] = {}
        for e in own:
            _, sender, receiver, label, target = graph.events[e]
            peer = graph.roles[receiver if sender == role else sender]
            action = Action(sender == role, peer, graph.labels[label])
            targets.setdefault(action, set()).add(target)
        moves.append(tuple((action, state_of(to)) for action, to in targets.items()))
    return Machine(graph.roles[role], tuple(moves), tuple(final))
