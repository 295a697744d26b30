"""Which messages may be first on a channel while a role waits.

Li, Stutz, Wies, Zufferey, OOPSLA 2025 (arXiv 2411.05722), Definition 4.2: `p -> r : l` is
available from a state while r is blocked when some run from there has it as the first message on
the channel p, r, sent by a p that does not depend on r. Dependence is a growing set of blocked
roles. Deciding it is NP-complete, hence the budget.
"""

from __future__ import annotations

from tellverify.model.graph import ProtocolGraph


class OutOfBudget(Exception):
    """The work allowed for one check is used up; the answer is unknown."""


class AvailabilityBudget:
    """Steps that remain for one check. Equal on every machine, unlike seconds."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def spend(self, steps: int) -> None:
        """Use up `steps`. Raises OutOfBudget when they are not there."""
        self.left -= steps
        if self.left < 0:
            raise OutOfBudget


class Availability:
    """Availability queries on one graph; answers are shared between queries."""

    def __init__(self, graph: ProtocolGraph, budget: AvailabilityBudget) -> None:
        self.graph = graph
        self.budget = budget
        self._possible: dict[tuple[int, int], frozenset[tuple[int, int]]] = {}

    def possible(self, state: int, role: int) -> frozenset[tuple[int, int]]:
        """All `(p, label)` some run from `state` sends to the waiting `role`, first or not.

        Contains everything that is available, and more; one search answers for all senders.
        """
        known = self._possible.get((state, role))
        if known is not None:
            return known
        graph = self.graph
        first, target, sender, receiver = graph.first, graph.target, graph.sender, graph.receiver
        found: set[tuple[int, int]] = set()
        seen: dict[int, list[int]] = {}
        work = [(state, 1 << role)]
        while work:
            at, blocked = work.pop()
            if _covered(seen, at, blocked):
                continue
            self.budget.spend(first[at + 1] - first[at] + 1)
            for e in range(first[at], first[at + 1]):
                p, q = sender[e], receiver[e]
                if blocked >> p & 1:
                    work.append((target[e], blocked | 1 << q))
                else:
                    if q == role:
                        found.add((p, graph.label[e]))
                    work.append((target[e], blocked))
        answer = frozenset(found)
        self._possible[state, role] = answer
        return answer

    def path(self, state: int, role: int, peer: int, label: int) -> list[int] | None:
        """A shortest run from `state` that makes `peer -> role : label` available, or None.

        The last transition is the message itself; blocked roles' events are in the run.
        """
        graph = self.graph
        first, target, sender, receiver = graph.first, graph.target, graph.sender, graph.receiver
        seen: dict[int, list[int]] = {}
        nodes: list[tuple[int, int]] = [(-1, -1)]
        layer = [(state, 1 << role, 0)]
        while layer:
            following: list[tuple[int, int, int]] = []
            for at, blocked, node in layer:
                if _covered(seen, at, blocked):
                    continue
                self.budget.spend(first[at + 1] - first[at] + 1)
                for e in range(first[at], first[at + 1]):
                    p, q = sender[e], receiver[e]
                    is_blocked = blocked >> p & 1
                    if p == peer and q == role:
                        if not is_blocked and graph.label[e] == label:
                            return [*_unwind(nodes, node), e]
                        continue
                    nodes.append((node, e))
                    after = blocked | 1 << q if is_blocked else blocked
                    following.append((target[e], after, len(nodes) - 1))
            layer = following
        return None


def _covered(seen: dict[int, list[int]], state: int, blocked: int) -> bool:
    """True when `state` was seen with a subset of `blocked`; otherwise remember it."""
    known = seen.setdefault(state, [])
    if any(other & blocked == other for other in known):
        return True
    known[:] = [other for other in known if other & blocked != blocked]
    known.append(blocked)
    return False


def _unwind(nodes: list[tuple[int, int]], node: int) -> list[int]:
    path = []
    while node > 0:
        node, e = nodes[node]
        path.append(e)
    return path[::-1]
