"""What a certificate claims, decided straight from the definitions by other means.

Shares no code with the certifier, the rechecker or the check: sets instead of ranges, reachability
instead of orders, and availability by walking all points.
"""

from __future__ import annotations

from tellverify.evidence.certificate import InstancePart
from tellverify.evidence.graph_file import NeutralGraph


class Plain:
    """A graph as rows."""

    def __init__(self, graph: NeutralGraph) -> None:
        self.rows = [tuple(event) for event in graph.events]
        self.out: dict[int, list[tuple[int, ...]]] = {}
        for row in self.rows:
            self.out.setdefault(row[0], []).append(row)
        self.final = set(graph.final)
        self.roles = range(len(graph.roles))

    def silent_closure(self, states: set[int], role: int) -> frozenset[int]:
        seen, work = set(states), list(states)
        while work:
            for _, p, q, _, target in self.out.get(work.pop(), ()):
                if role not in (p, q) and target not in seen:
                    seen.add(target)
                    work.append(target)
        return frozenset(seen)

    def subsets(self, role: int) -> list[frozenset[int]]:
        """All sets that the role may face, by subset construction."""
        found = [self.silent_closure({0}, role)]
        for subset in found:
            moves: dict[tuple[int, int, int], set[int]] = {}
            for s in subset:
                for _, p, q, label, target in self.out.get(s, ()):
                    if role in (p, q):
                        moves.setdefault((p, q, label), set()).add(target)
            for targets in moves.values():
                closed = self.silent_closure(targets, role)
                if closed not in found:
                    found.append(closed)
        return found

    def available(self, start: int, role: int, peer: int, label: int) -> bool:
        """Is `peer -> role : label` available from `start` while `role` is blocked?"""
        seen = {(start, frozenset({role}))}
        work = list(seen)
        while work:
            state, blocked = work.pop()
            for _, p, q, message, target in self.out.get(state, ()):
                if p == peer and q == role:
                    if p not in blocked and message == label:
                        return True
                    continue
                point = (target, blocked | {q} if p in blocked else blocked)
                if point not in seen:
                    seen.add(point)
                    work.append(point)
        return False

    def is_coherent(self, role: int) -> bool:
        return all(self.fits(role, subset) for subset in self.subsets(role))

    def fits(self, role: int, subset: frozenset[int]) -> bool:
        """The three conditions for one set of states that the role cannot tell apart."""
        rows = [row for s in subset for row in self.out.get(s, ()) if role in row[1:3]]
        sends = {row[1:4] for row in rows if row[1] == role}
        receives = [row for row in rows if row[2] == role]
        if sends and receives:
            return False
        for event in sends:
            sources = {row[0] for row in rows if row[1:4] == event}
            if any(not self.silent_closure({s}, role) & sources for s in subset):
                return False
        return not any(
            one[1] != other[1] and self.available(other[4], role, one[1], one[3])
            for one in receives
            for other in receives
        )

    def never_stuck(self, role: int) -> bool:
        """From every state of a set with moves silent events lead to some own event."""
        for subset in self.subsets(role):
            own = {row[0] for s in subset for row in self.out.get(s, ()) if role in row[1:3]}
            if own and any(not self.silent_closure({s}, role) & own for s in subset):
                return False
        return True


def claims_hold(part: InstancePart) -> bool:
    """Is the graph of `part` in the class, implementable, and are its never stuck roles that?"""
    graph = part.graph
    plain = Plain(graph)
    for state in range(graph.states):
        rows = plain.out.get(state, [])
        if len({row[1] for row in rows}) > 1 or bool(rows) == (state in plain.final):
            return False
        if len({row[1:4] for row in rows}) < len(rows) or any(row[1] == row[2] for row in rows):
            return False
    if not all(plain.is_coherent(role) for role in plain.roles):
        return False
    named = [graph.roles.index(role) for role in part.never_stuck if role in graph.roles]
    return len(named) == len(part.never_stuck) and all(plain.never_stuck(r) for r in named)


def is_supported(part: InstancePart) -> bool:
    """Do the local states of `part` cover what each role may face, with the three conditions?"""
    plain = Plain(part.graph)
    for role, each in enumerate(part.roles):
        sets = [
            frozenset(s for low, high in state.behind for s in range(low, high + 1))
            for state in each.states
        ]
        moves = [
            {(bool(send), peer, label): to for send, peer, label, to in state.moves}
            for state in each.states
        ]
        if 0 not in sets[0]:
            return False
        for number, members in enumerate(sets):
            if plain.silent_closure(set(members), role) != members:
                return False
            if not plain.fits(role, members):
                return False
            offered = set()
            for s in members:
                for _, p, q, label, target in plain.out.get(s, ()):
                    if role not in (p, q):
                        continue
                    key = (p == role, q if p == role else p, label)
                    offered.add(key)
                    if key not in moves[number] or target not in sets[moves[number][key]]:
                        return False
            if offered != set(moves[number]):
                return False
    return True
