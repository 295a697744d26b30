"""What a role of a graph in the neutral form does: the machine that its events leave when all other
events are silent (Li, Stutz, Wies, Zufferey, CAV 2023, section 5).

Written to be read, and apart from the projection that checks use.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tellverify.evidence.graph_file import NeutralGraph
from tellverify.evidence.recheck.graph import Rejected
from tellverify.model.machine import Action, Machine

_MOST_MEMBERS: Final = 4_000_000


def machine_of(graph: NeutralGraph, first: Sequence[int], role: int) -> Machine:
    """The machine of a role by subset construction; states are numbered breadth-first.

    `first[s]` is the index of the first event of state s. Sets with equal events of the role, and
    equal ends, are one state: they allow the same events from there on. A state without moves is
    final unless the graph has states without events that are no ends. Raises
    Rejected when the sets and the events that leave them are together more than is
    looked at.
    """
    number: dict[tuple[object, ...], int] = {}
    owns: list[list[int]] = []
    final: list[bool] = []
    ends, cost = set(graph.final), 0
    is_done = all(first[s] < first[s + 1] or s in ends for s in range(graph.states))

    def state_of(seeds: set[int]) -> int:
        nonlocal cost
        found, work, own = set(seeds), list(seeds), []
        while work:
            state = work.pop()
            cost += first[state + 1] - first[state]
            for e in range(first[state], first[state + 1]):
                _, sender, receiver, _, target = graph.events[e]
                if role in (sender, receiver):
                    own.append(e)
                elif target not in found:
                    found.add(target)
                    work.append(target)
        cost += len(found)
        if cost > _MOST_MEMBERS:
            raise Rejected(f"role `{graph.roles[role]}`", "its machine is too large")
        own.sort()
        stops = found & ends
        key = (*own, frozenset(s for s in stops if first[s] < first[s + 1]), bool(stops))
        if key not in number:
            number[key] = len(owns)
            owns.append(own)
            final.append(bool(stops) or (is_done and not own))
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
