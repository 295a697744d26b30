"""Protocol graphs of messages and loops one after another, in which roles are kept waiting."""

from __future__ import annotations

import random

from tellverify.model.graph import ProtocolGraph, graph_from_edges


class _Growing:
    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.roles = "ABCDE"[: self.rng.randint(3, 5)]
        self.edges: list[tuple[int, str, str, str, int]] = []
        self.states = 1

    def message(self, source: int, pair: tuple[str, str] | None = None, label: str = "") -> int:
        """A message from `source` on; gives the state behind it."""
        sender, receiver = pair or tuple(self.rng.sample(self.roles, 2))
        label = label or self.rng.choice(("a", "b", f"m{len(self.edges)}", f"n{len(self.edges)}"))
        self.edges.append((source, sender, receiver, label, self.states))
        self.states += 1
        return self.states - 1

    def loop(self, head: int) -> int:
        """A loop at `head` that one role decides about; gives the state behind it."""
        sender, receiver = self.rng.sample(self.roles, 2)
        inside = self.message(head, (sender, receiver), "more")
        for _ in range(self.rng.randint(0, 2)):
            answers = self.rng.random() < 0.5
            inside = self.message(inside, (receiver, sender) if answers else None)
        *before, label, _ = self.edges[-1]
        self.edges[-1] = (*before, label, head)
        behind = self.message(head, (sender, receiver), "stop")
        if self.rng.random() < 0.3:
            told = self.rng.choice([role for role in self.roles if role != sender])
            behind = self.message(behind, (sender, told), "told")
        return behind


def looping_graph(seed: int) -> ProtocolGraph:
    """Two to five messages and loops between three to five roles, equal for equal seeds."""
    made = _Growing(seed)
    here = 0
    for _ in range(made.rng.randint(2, 5)):
        here = made.message(here) if made.rng.random() < 0.5 else made.loop(here)
    number = {0: 0}
    for source, *_, target in made.edges:
        number.setdefault(source, len(number))
        number.setdefault(target, len(number))
    edges = [(number[s], p, q, label, number[t]) for s, p, q, label, t in made.edges]
    return graph_from_edges(edges, final={number[here]}, roles=tuple(made.roles))
