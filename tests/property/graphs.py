"""Random protocol graphs: a hypothesis strategy and a seeded generator for mass runs."""

from __future__ import annotations

import random

from hypothesis import strategies as st

from tellverify.model.graph import ProtocolGraph, graph_from_edges

ROLES = ("A", "B", "C", "D", "E")
LABELS = ("a", "b", "c")


def random_graph(
    seed: int,
    *,
    max_roles: int = 5,
    max_states: int = 10,
    in_class: bool = True,
) -> ProtocolGraph:
    """A small deterministic graph, equal for equal seeds; all states are reachable.

    With `in_class`, all events that leave a state have one sender and final states have no
    successors; without it, states may mix senders and final states may go on.
    """
    rng = random.Random(seed)
    roles = ROLES[: rng.randint(2, max_roles)]
    states = rng.randint(3, max_states)
    labels = LABELS[: rng.randint(1, 3)]
    loops = rng.choice((0.0, 0.1, 0.3))
    branching = rng.choice((0.2, 0.4, 0.6))
    edges: list[tuple[int, str, str, str, int]] = []
    final: set[int] = set()
    for state in range(states):
        if state == states - 1 or (state > 1 and rng.random() < 0.1):
            final.add(state)
            if in_class or rng.random() < 0.5:
                continue
        sender = rng.choice(roles)
        taken: set[tuple[str, str, str]] = set()
        while True:
            if not in_class and rng.random() < 0.4:
                sender = rng.choice(roles)
            receiver = rng.choice([role for role in roles if role != sender])
            label = rng.choice(labels)
            if rng.random() < loops or state == states - 1:
                target = rng.randrange(states)
            else:
                target = min(states - 1, state + rng.choice((1, 1, 1, 2, 3)))
            if (sender, receiver, label) not in taken:
                taken.add((sender, receiver, label))
                edges.append((state, sender, receiver, label, target))
            if rng.random() > branching:
                break
    return _trimmed(edges, final)


def _trimmed(edges: list[tuple[int, str, str, str, int]], final: set[int]) -> ProtocolGraph:
    """The reachable part, renumbered breadth-first; every state without successor is final."""
    number = {0: 0}
    order = [0]
    for state in order:
        for source, _, _, _, target in edges:
            if source == state and target not in number:
                number[target] = len(order)
                order.append(target)
    kept = [(number[e[0]], e[1], e[2], e[3], number[e[4]]) for e in edges if e[0] in number]
    ends = {number[state] for state in final if state in number}
    sources = {e[0] for e in kept}
    ends |= {number[state] for state in order if number[state] not in sources}
    return graph_from_edges(kept, final=ends)


def protocol_graphs(
    *, max_roles: int = 5, max_states: int = 10, in_class: bool = True
) -> st.SearchStrategy[ProtocolGraph]:
    """Graphs of `random_graph`, by seed."""
    return st.builds(
        lambda seed: random_graph(
            seed, max_roles=max_roles, max_states=max_states, in_class=in_class
        ),
        st.integers(min_value=0, max_value=2**31),
    )
