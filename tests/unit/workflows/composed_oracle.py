"""Sessions that run together, decided from the definitions: the reference for the search.

A local state is the set of graph states that a role cannot tell apart. Nothing is shared with the
program but the graphs of the protocols.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tellverify.model.graph import ProtocolGraph

Belief = frozenset[int]


class OracleSession(NamedTuple):
    """A graph, the kinds of its ends, the agent of each role, and its place in a workflow."""

    graph: ProtocolGraph
    goes_on: Sequence[bool]
    agents: Mapping[str, str]
    workflow: str
    position: int


class OracleAnswer(NamedTuple):
    """The fault found first, with the length of its run; empty when there is none."""

    fault: str
    length: int


class Oracle:
    """`orders` lists for each agent the sessions that it runs, by number, in its order."""

    def __init__(
        self, sessions: Sequence[OracleSession], orders: Mapping[str, Sequence[int]]
    ) -> None:
        self.sessions = sessions
        self.parts = [(number, role) for number, one in enumerate(sessions) for role in one.agents]
        self.orders = orders
        self._seen: dict[tuple[int, str, Belief], object] = {}

    # Beliefs

    def closure(self, part: tuple[int, str], states: set[int]) -> Belief:
        graph, role = self.sessions[part[0]].graph, part[1]
        found, work = set(states), list(states)
        while work:
            state = work.pop()
            for e in range(graph.first[state], graph.first[state + 1]):
                event = graph.event(e)
                if role not in (event.sender, event.receiver) and graph.target[e] not in found:
                    found.add(graph.target[e])
                    work.append(graph.target[e])
        return frozenset(found)

    def actions(self, part: tuple[int, str], belief: Belief) -> dict[tuple[bool, str, str], Belief]:
        key = (*part, belief)
        if key not in self._seen:
            graph, role = self.sessions[part[0]].graph, part[1]
            rows: dict[tuple[bool, str, str], set[int]] = {}
            for state in sorted(belief):
                for e in range(graph.first[state], graph.first[state + 1]):
                    event = graph.event(e)
                    if event.sender == role:
                        rows.setdefault((True, event.receiver, event.label), set()).add(
                            graph.target[e]
                        )
                    elif event.receiver == role:
                        rows.setdefault((False, event.sender, event.label), set()).add(
                            graph.target[e]
                        )
            self._seen[key] = {a: self.closure(part, to) for a, to in rows.items()}
        return self._seen[key]  # type: ignore[return-value]

    def kinds(self, part: tuple[int, str], belief: Belief) -> set[bool]:
        session = self.sessions[part[0]]
        return {bool(session.goes_on[s]) for s in belief if session.graph.final[s]}

    def may_go_on(self, part: tuple[int, str], belief: Belief) -> bool:
        seen, work = {belief}, [belief]
        while work:
            one = work.pop()
            if True in self.kinds(part, one):
                return True
            for below in self.actions(part, one).values():
                if below not in seen:
                    seen.add(below)
                    work.append(below)
        return False

    # Configurations: per part a belief and whether it has acted; queues by session and roles

    def decide(self, limit: int = 60_000) -> OracleAnswer | None:
        """The first fault breadth first, or None when there are too many configurations."""
        start = (
            tuple((self.closure(part, {0}), False) for part in self.parts),
            (),
        )
        length = {start: 0}
        below: dict[object, list[object]] = {}
        work = deque([start])
        while work:
            node = work.popleft()
            moves = self.moves(node)
            fault = self.fault(node, moves)
            if fault:
                return OracleAnswer(fault, length[node])
            below[node] = moves
            for successor in moves:
                if successor not in length:
                    length[successor] = length[node] + 1
                    work.append(successor)
            if len(length) > limit:
                return None
        return self.trapped(length, below)

    def acted(self, node, number: int) -> bool:
        return node[0][number][1]

    def behind(self, number: int) -> list[int]:
        session, role = self.parts[number]
        agent = self.sessions[session].agents[role]
        order = list(self.orders[agent])
        later = order[order.index(session) + 1 :]
        return [n for n, (s, r) in enumerate(self.parts)
                if s in later and self.sessions[s].agents[r] == agent]  # fmt: skip

    def ahead(self, number: int) -> list[int]:
        return [n for n in range(len(self.parts)) if number in self.behind(n)]

    def gate(self, node, number: int) -> bool:
        if any(self.acted(node, n) for n in self.behind(number)):
            return False
        if self.acted(node, number):
            return True
        return all(self.is_over(node, n, number) for n in self.ahead(number))

    def is_over(self, node, one: int, behind: int) -> bool:
        kinds = self.kinds(self.parts[one], node[0][one][0])
        if self.same_workflow(one, behind):
            return True in kinds
        return bool(kinds) or (not self.acted(node, one) and self.told(node, one, surely=False))

    def same_workflow(self, one: int, other: int) -> bool:
        return (
            self.sessions[self.parts[one][0]].workflow
            == self.sessions[self.parts[other][0]].workflow
        )

    def told(self, node, number: int, *, surely: bool) -> bool:
        for n in self.ahead(number):
            if self.same_workflow(n, number):
                kinds = self.kinds(self.parts[n], node[0][n][0])
                if kinds == {False} or (not surely and False in kinds):
                    return True
        return False

    def cancelled(self, node, number: int) -> bool:
        mine = self.sessions[self.parts[number][0]]
        for n, part in enumerate(self.parts):
            session = self.sessions[part[0]]
            if session.workflow == mine.workflow and session.position < mine.position:
                stops = any(
                    session.graph.final[s] and not session.goes_on[s]
                    for s in range(session.graph.state_count)
                )
                if stops and not self.may_go_on(part, node[0][n][0]):
                    return True
        return False

    def moves(self, node) -> list:
        found = []
        queues = dict(node[1])
        for number, part in enumerate(self.parts):
            if not self.gate(node, number):
                continue
            for (sends, peer, label), below in self.actions(part, node[0][number][0]).items():
                channel = (part[0], part[1], peer) if sends else (part[0], peer, part[1])
                queue = queues.get(channel, ())
                if not sends and queue[:1] != (label,):
                    continue
                changed = (*queue, label) if sends else queue[1:]
                after = {**queues, channel: changed}
                locals_ = list(node[0])
                locals_[number] = (below, True)
                rows = tuple(sorted((c, q) for c, q in after.items() if q))
                found.append((tuple(locals_), rows))
        return found

    def fault(self, node, moves) -> str:
        for number in range(len(self.parts)):
            if self.acted(node, number) and self.cancelled(node, number):
                return "infidelity"
        for (session, _, receiver), _queue in node[1]:
            number = self.parts.index((session, receiver))
            belief = node[0][number][0]
            done = self.kinds(self.parts[number], belief) and not self.actions(
                self.parts[number], belief
            )
            if done or any(self.acted(node, n) for n in self.behind(number)):
                return "orphan-message"
        if moves:
            return ""
        stuck = False
        for number, part in enumerate(self.parts):
            belief = node[0][number][0]
            if self.kinds(part, belief):
                left = any(self.acted(node, n) for n in self.behind(number))
                stuck = stuck or (bool(self.actions(part, belief)) and not left)
            elif not self.acted(node, number) and self.cancelled(node, number):
                stuck = stuck or not self.told(node, number, surely=True)
            else:
                return "deadlock"
        return "stuck-role" if stuck else ""

    def trapped(self, length, below) -> OracleAnswer:
        """Whether all parts can end from everywhere; graphs here can all terminate."""
        good = set()
        into: dict[object, list[object]] = {}
        for node, row in below.items():
            for one in row:
                into.setdefault(one, []).append(node)
            if all(
                self.kinds(part, node[0][n][0])
                or (not self.acted(node, n) and self.cancelled(node, n))
                for n, part in enumerate(self.parts)
            ):
                good.add(node)
        work = list(good)
        while work:
            for one in into.get(work.pop(), ()):
                if one not in good:
                    good.add(one)
                    work.append(one)
        bad = [length[node] for node in below if node not in good]
        return OracleAnswer("stuck-role", min(bad)) if bad else OracleAnswer("", 0)
