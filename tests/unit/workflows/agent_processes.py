"""Workflows decided from the runs of their texts: a second reference, for joins and bundles too.

Protocols are trees without loops. A local state is what a role has done so far, and what it may do
next is read off the runs of the text that agree with it. Nothing is shared with the program.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import NamedTuple, TypeAlias

Action: TypeAlias = tuple[bool, str, str]  # whether it sends, the peer, the label
Local: TypeAlias = tuple[int, tuple[Action, ...]]  # steps for bundles, and actions
Queues: TypeAlias = tuple[tuple[tuple[int, str, str], tuple[str, ...]], ...]


class TreeMessage(NamedTuple):
    """One message of a text."""

    sender: str
    receiver: str
    label: str


class TreeChoice(NamedTuple):
    """The end of a text: one of two branches."""

    decider: str
    branches: tuple[tuple[str, tuple[TreeMessage, ...]], ...]


Tree: TypeAlias = tuple[TreeMessage | TreeChoice, ...]


def random_tree(rng: random.Random, roles: Sequence[str]) -> Tree:
    """Some messages, and often a choice of which most roles are told."""
    count = 0

    def messages(number: int) -> list[TreeMessage]:
        nonlocal count
        found = []
        for _ in range(number):
            count += 1
            found.append(TreeMessage(*rng.sample(roles, 2), f"M{count}"))
        return found

    tree: list[TreeMessage | TreeChoice] = [*messages(rng.randint(0, 2))]
    if tree and rng.random() < 0.4:
        return tuple(tree)
    decider = rng.choice(roles)
    others = [role for role in roles if role != decider]
    rng.shuffle(others)
    branches = []
    for name in ("Yes", "No"):
        told = [one for n, one in enumerate(others) if n == 0 or rng.random() < 0.75]
        body: list[TreeMessage] = []
        by = decider
        for role in told:
            sender = by if by != role and rng.random() < 0.3 else decider
            body.append(TreeMessage(sender, role, name))
            by = role
        branches.append((name, tuple(body + messages(rng.choice((0, 0, 1))))))
    return (*tree, TreeChoice(decider, tuple(branches)))


def roles_of(tree: Tree) -> list[str]:
    """The roles in the order of the text."""
    found: dict[str, None] = {}
    for one in tree:
        if isinstance(one, TreeMessage):
            found |= {one.sender: None, one.receiver: None}
        else:
            found[one.decider] = None
            for _, body in one.branches:
                found |= dict.fromkeys(roles_of(body))
    return list(found)


def text_of(name: str, tree: Tree) -> str:
    """The tree as a choreography in a module of its own."""
    lines = [f"module {name} exposing ({name.title()})", "", f"protocol {name.title()} ="]
    lines.append(f"  roles {', '.join(roles_of(tree))}")
    for one in tree:
        if isinstance(one, TreeMessage):
            lines.append(f"  {one.sender} -> {one.receiver} : {one.label}")
            continue
        lines.append(f"  choice {one.decider} at")
        for branch, body in one.branches:
            lines.append(f"    | {branch} =>")
            lines += [f"      {m.sender} -> {m.receiver} : {m.label}" for m in body]
    return "\n".join(lines) + "\n"


def runs_of(tree: Tree) -> list[tuple[tuple[TreeMessage, ...], str]]:
    """All runs of the text, each with the branch that it takes."""
    plain = tuple(one for one in tree if isinstance(one, TreeMessage))
    choices = [one for one in tree if isinstance(one, TreeChoice)]
    if not choices:
        return [(plain, "")]
    return [(plain + body, name) for name, body in choices[0].branches]


@dataclass
class ProcessSession:
    """A session: who plays which role, where it stands, and which bundles its agents hold."""

    workflow: str
    tree: Tree
    agents: Mapping[str, str]
    go_on: str = ""
    group: int = 0
    thread: str = ""
    holds: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def own(self, role: str) -> list[tuple[tuple[Action, ...], bool]]:
        """The actions of a role in each run, and whether the workflow goes on after it."""
        return [
            (
                tuple(
                    (m.sender == role, m.receiver if m.sender == role else m.sender, m.label)
                    for m in run
                    if role in (m.sender, m.receiver)
                ),
                not self.go_on or branch == self.go_on,
            )
            for run, branch in runs_of(self.tree)
        ]

    @property
    def may_stop(self) -> bool:
        """Whether some run of it ends the workflow."""
        return any(self.go_on and branch != self.go_on for _, branch in runs_of(self.tree))

    def precedes(self, other: ProcessSession, numbers: tuple[int, int]) -> bool:
        """Whether its workflow runs it before another session; `numbers` are those of both."""
        if self.workflow != other.workflow or self.group > other.group:
            return False
        return self.group < other.group or (self.thread == other.thread and numbers[0] < numbers[1])


class ProcessJoin(NamedTuple):
    """How many threads of a group the agent that joins waits for, and whether its time may end."""

    workflow: str
    group: int
    agent: str
    needed: int
    may_time_out: bool


class ProcessNode(NamedTuple):
    """What all parts have done, the queues, and the sessions that each join has given up."""

    locals: tuple[Local, ...]
    queues: Queues
    given_up: tuple[frozenset[int] | None, ...]


class TooManyNodes(Exception):
    """The workflow is too large for this."""


class AgentProcesses:
    """All configurations of sessions; `orders` lists workflows by agent."""

    def __init__(
        self,
        sessions: Sequence[ProcessSession],
        orders: Mapping[str, Sequence[str]],
        joins: Sequence[ProcessJoin] = (),
        limit: int = 30_000,
    ) -> None:
        self.sessions, self.joins, self.limit = sessions, joins, limit
        self.parts = [(n, role) for n, one in enumerate(sessions) for role in one.agents]
        self.agent = [sessions[n].agents[role] for n, role in self.parts]
        self.own = [sessions[n].own(role) for n, role in self.parts]
        self.bundles = [
            list(sessions[n].holds.get(sessions[n].agents[role], ())) for n, role in self.parts
        ]
        every = range(len(self.parts))
        first = [[self._is_first(a, b, orders) for b in every] for a in every]
        for k, a, b in product(every, repeat=3):
            first[a][b] = first[a][b] or (first[a][k] and first[k][b])
        self.before = [[a for a in every if first[a][b]] for b in every]
        self.after = [[b for b in every if first[a][b]] for a in every]
        self.stopping = [
            [n for n, e in enumerate(sessions) if e.may_stop and e.precedes(one, (n, number))]
            for number, one in enumerate(sessions)
        ]

    def _is_first(self, a: int, b: int, orders: Mapping[str, Sequence[str]]) -> bool:
        if a == b or self.agent[a] != self.agent[b]:
            return False
        (left, _), (right, _) = self.parts[a], self.parts[b]
        one, other = self.sessions[left], self.sessions[right]
        if one.workflow == other.workflow:
            return one.precedes(other, (left, right))
        order = list(orders.get(self.agent[a], ()))
        if one.workflow not in order or other.workflow not in order:
            return False
        return order.index(one.workflow) < order.index(other.workflow)

    # What a part knows

    def _same(self, p: int, q: int) -> bool:
        one, other = self.sessions[self.parts[p][0]], self.sessions[self.parts[q][0]]
        return one.workflow == other.workflow

    def _begun(self, at: ProcessNode, p: int) -> bool:
        return at.locals[p] != (0, ())

    def _kinds(self, at: ProcessNode, p: int) -> set[bool]:
        asked, done = at.locals[p]
        if asked < 2 * len(self.bundles[p]):
            return set()
        return {goes for own, goes in self.own[p] if own == done}

    def _next(self, at: ProcessNode, p: int) -> set[Action]:
        done = at.locals[p][1]
        size = len(done)
        return {own[size] for own, _ in self.own[p] if own[:size] == done and len(own) > size}

    def _over(self, at: ProcessNode, p: int) -> bool:
        return bool(self._kinds(at, p)) and not self._next(at, p)

    def _gone(self, at: ProcessNode, p: int) -> bool:
        number = self.parts[p][0]
        return any(
            given is not None and number in given and join.agent == self.agent[p]
            for join, given in zip(self.joins, at.given_up, strict=True)
        )

    def _left(self, at: ProcessNode, p: int) -> bool:
        return self._gone(at, p) or any(self._begun(at, q) for q in self.after[p])

    def _stopped(self, at: ProcessNode, p: int) -> bool:
        return not self._begun(at, p) and any(
            False in self._kinds(at, q) for q in self.before[p] if self._same(p, q)
        )

    def _passed(self, at: ProcessNode, q: int, *, same: bool) -> bool:
        if self._gone(at, q):
            return True
        kinds = self._kinds(at, q)
        return True in kinds if same else bool(kinds) or self._stopped(at, q)

    def _cancelled(self, at: ProcessNode, session: int) -> bool:
        for p, (number, _) in enumerate(self.parts):
            if number in self.stopping[session]:
                done = at.locals[p][1]
                if not any(goes and own[: len(done)] == done for own, goes in self.own[p]):
                    return True
        return False

    def _held(self, at: ProcessNode, bundle: str) -> bool:
        return any(
            bundle in own
            and at.locals[p][0] // 2 > own.index(bundle)
            and not self._over(at, p)
            and not self._left(at, p)
            for p, own in enumerate(self.bundles)
        )

    # Moves

    def moves(self, at: ProcessNode) -> list[tuple[ProcessNode, int]]:
        """What follows, and whether it counts as an event: a join that is given up does not."""
        found: list[tuple[ProcessNode, int]] = []
        for p in range(len(self.parts)):
            if self._left(at, p):
                continue
            if not self._begun(at, p) and not all(
                self._passed(at, q, same=self._same(p, q)) for q in self.before[p]
            ):
                continue
            found += [(node, 1) for node in self._own_moves(at, p)]
        for number, join in enumerate(self.joins):
            if at.given_up[number] is None:
                found += [(node, 0) for node in self._given_up(at, number, join)]
        return found

    def _own_moves(self, at: ProcessNode, p: int) -> list[ProcessNode]:
        (number, role), (asked, done) = self.parts[p], at.locals[p]
        queues = dict(at.queues)

        def after(local: Local, changed: Mapping[tuple[int, str, str], tuple[str, ...]]) -> None:
            every = (*at.locals[:p], local, *at.locals[p + 1 :])
            kept = tuple(sorted((c, q) for c, q in {**queues, **changed}.items() if q))
            found.append(ProcessNode(every, kept, at.given_up))

        found: list[ProcessNode] = []
        if asked < 2 * len(self.bundles[p]):
            if asked % 2 == 0 or not self._held(at, self.bundles[p][asked // 2]):
                after((asked + 1, done), {})
            return found
        for action in sorted(self._next(at, p)):
            sends, peer, label = action
            local = (asked, (*done, action))
            if sends:
                channel = (number, role, peer)
                lost = self._gone(at, self.parts.index((number, peer)))
                after(local, {} if lost else {channel: (*queues.get(channel, ()), label)})
            elif queues.get((number, peer, role), ())[:1] == (label,):
                channel = (number, peer, role)
                after(local, {channel: queues[channel][1:]})
        return found

    def _given_up(self, at: ProcessNode, number: int, join: ProcessJoin) -> list[ProcessNode]:
        def inside(p: int) -> bool:
            one = self.sessions[self.parts[p][0]]
            return (one.workflow, one.group) == (join.workflow, join.group)

        own = [p for p, a in enumerate(self.agent) if a == join.agent and inside(p)]
        ahead = {q for p in own for q in self.before[p] if not inside(q)}
        if not all(self._passed(at, q, same=self._same(own[0], q)) for q in ahead):
            return []
        threads: dict[str, list[bool]] = {}
        for p in own:
            thread = self.sessions[self.parts[p][0]].thread
            threads.setdefault(thread, []).append(self._over(at, p))
        if not join.may_time_out and sum(map(all, threads.values())) < join.needed:
            return []
        left = {self.parts[p] for p in own if not self._over(at, p)}
        if not left:
            return []
        queues = tuple((c, q) for c, q in at.queues if not {(c[0], c[1]), (c[0], c[2])} & left)
        given = frozenset(session for session, _ in left)
        every = (*at.given_up[:number], given, *at.given_up[number + 1 :])
        return [ProcessNode(at.locals, queues, every)]

    # Faults

    def _is_done(self, at: ProcessNode, p: int) -> bool:
        cancelled = not self._begun(at, p) and self._cancelled(at, self.parts[p][0])
        return self._gone(at, p) or bool(self._kinds(at, p)) or cancelled

    def fault(self, at: ProcessNode, moves: Sequence[tuple[ProcessNode, int]]) -> str:
        """What is wrong with a configuration, empty for nothing."""
        for p, (number, _) in enumerate(self.parts):
            if self._begun(at, p) and self._cancelled(at, number):
                return "infidelity"
        for (number, _, receiver), _queue in at.queues:
            p = self.parts.index((number, receiver))
            if self._over(at, p) or self._left(at, p):
                return "orphan-message"
        if moves:
            return ""
        if not all(self._is_done(at, p) for p in range(len(self.parts))):
            return "deadlock"
        return "stuck-role" if any(map(lambda p: self._is_unsure(at, p), self._every)) else ""

    @property
    def _every(self) -> range:
        return range(len(self.parts))

    def _is_unsure(self, at: ProcessNode, p: int) -> bool:
        if self._gone(at, p):
            return False
        if self._kinds(at, p):
            return bool(self._next(at, p)) and not self._left(at, p)
        return not any(self._kinds(at, q) == {False} for q in self.before[p] if self._same(p, q))

    def decide(self) -> tuple[str, int]:
        """The first fault and the events before it. Raises TooManyNodes."""
        start = ProcessNode(((0, ()),) * len(self.parts), (), (None,) * len(self.joins))
        events = {start: 0}
        above: dict[ProcessNode, list[ProcessNode]] = {start: []}
        visited: list[ProcessNode] = []
        work = deque([start])
        while work:
            at = work.popleft()
            moves = self.moves(at)
            fault = self.fault(at, moves)
            if fault:
                return fault, events[at]
            visited.append(at)
            for node, cost in moves:
                if node not in events:
                    events[node] = events[at] + cost
                    above[node] = []
                    (work.append if cost else work.appendleft)(node)
                above[node].append(at)
            if len(events) > self.limit:
                raise TooManyNodes
        good = {at for at in visited if all(self._is_done(at, p) for p in self._every)}
        work = deque(good)
        while work:
            for node in above[work.pop()]:
                if node not in good:
                    good.add(node)
                    work.append(node)
        lost = [events[at] for at in visited if at not in good]
        return ("stuck-role", min(lost)) if lost else ("", 0)
