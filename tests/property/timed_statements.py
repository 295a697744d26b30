"""Protocols with timeouts as statements, and their graphs, made without the parser."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias, assert_never

import msgspec

from tellverify.model.timed_text import (
    ON_CANCEL,
    ON_TIMEOUT,
    BranchNode,
    EndNode,
    EnterNode,
    ExitNode,
    MessageNode,
    TimedNode,
    TimedProtocol,
    TimerScope,
)


class TimedMessage(msgspec.Struct, frozen=True):
    """`sender` sends `label` to `receiver`, who takes it before its next action in the text."""

    sender: str
    receiver: str
    label: str


class TimedBranches(msgspec.Struct, frozen=True):
    """One of several texts; the sender of their first messages chooses."""

    branches: tuple[TimedText, ...]


class TimedLoop(msgspec.Struct, frozen=True):
    """`body`, in which `TimedContinue(name)` begins it again."""

    name: str
    body: TimedText


class TimedContinue(msgspec.Struct, frozen=True):
    """Begin the loop around this statement with that name again."""

    name: str


class TimedStop(msgspec.Struct, frozen=True):
    """The end of the protocol, wherever it stands."""


class TimedBlock(msgspec.Struct, frozen=True):
    """`body` under a timer of `owner`; `late` when it fires, `cancel` when it is cancelled.

    `duration` is in milliseconds and orders nothing; it is compared by the static rules alone.
    """

    owner: str
    body: TimedText
    late: TimedText
    cancel: TimedText | None = None
    duration: int | None = None
    line: int = 0


TimedStatement: TypeAlias = (
    "TimedMessage | TimedBranches | TimedLoop | TimedContinue | TimedStop | TimedBlock"
)


TimedText: TypeAlias = tuple[TimedStatement, ...]


def actors_of(text: TimedText) -> frozenset[str]:
    """Who sends or receives in `text`, or owns a timer in it."""
    found: set[str] = set()
    for statement in text:
        match statement:
            case TimedMessage(sender, receiver, _):
                found |= {sender, receiver}
            case TimedBranches(branches):
                found = found.union(*(actors_of(branch) for branch in branches))
            case TimedLoop(_, body):
                found |= actors_of(body)
            case TimedBlock(owner, body, late, cancel):
                found |= {owner} | actors_of(body) | actors_of(late) | actors_of(cancel or ())
            case TimedContinue() | TimedStop():
                pass
            case _:
                assert_never(statement)
    return frozenset(found)


def _roles_in_order(text: TimedText, found: dict[str, None]) -> None:
    for statement in text:
        match statement:
            case TimedMessage(sender, receiver, _):
                found.update({sender: None, receiver: None})
            case TimedBranches(branches):
                for branch in branches:
                    _roles_in_order(branch, found)
            case TimedLoop(_, body):
                _roles_in_order(body, found)
            case TimedBlock(owner, body, late, cancel):
                found[owner] = None
                for part in (body, late, cancel or ()):
                    _roles_in_order(part, found)
            case TimedContinue() | TimedStop():
                pass
            case _:
                assert_never(statement)


class _Loops(msgspec.Struct, frozen=True):
    """Where `continue` leads: the first node of every loop around, and the bodies around it."""

    heads: Mapping[str, tuple[int, tuple[int, ...]]]
    bodies: tuple[int, ...]  # the scopes whose bodies are around, innermost last


class _TimedGraph:
    """A graph that grows statement by statement, from what follows to what comes first."""

    def __init__(self) -> None:
        self.nodes: list[TimedNode] = []
        self.scopes: list[TimerScope | None] = []

    def add(self, node: TimedNode) -> int:
        self.nodes.append(node)
        return len(self.nodes) - 1

    def leave(self, bodies: Sequence[int], after: int) -> int:
        """A node that leaves `bodies`, innermost (the last) first, and goes on at `after`."""
        for scope in bodies:
            after = self.add(ExitNode(scope, after))
        return after

    def text(self, text: TimedText, after: int, loops: _Loops) -> int:
        """The first node of `text` with `after` behind it."""
        for statement in reversed(text):
            after = self._statement(statement, after, loops)
        return after

    def _statement(self, statement: TimedStatement, after: int, loops: _Loops) -> int:
        match statement:
            case TimedMessage(sender, receiver, label):
                return self.add(MessageNode(sender, receiver, label, after))
            case TimedBranches(branches):
                return self.add(BranchNode(tuple(self.text(b, after, loops) for b in branches)))
            case TimedLoop(name, body):
                head = self.add(BranchNode(()))
                heads = {**loops.heads, name: (head, loops.bodies)}
                first = self.text(body, after, _Loops(heads, loops.bodies))
                self.nodes[head] = BranchNode((first,))
                return head
            case TimedContinue(name):
                head, bodies = loops.heads[name]
                return self.leave(loops.bodies[len(bodies) :], head)
            case TimedStop():
                return self.leave(loops.bodies, self.add(EndNode()))
            case TimedBlock():
                return self._guarded(statement, after, loops)
            case _:
                assert_never(statement)

    def _guarded(self, statement: TimedBlock, after: int, loops: _Loops) -> int:
        scope = len(self.scopes)
        self.scopes.append(None)
        inside = _Loops(loops.heads, (*loops.bodies, scope))
        body = self.text(statement.body, self.add(ExitNode(scope, after)), inside)
        alternatives = [(ON_TIMEOUT, self.text(statement.late, after, loops))]
        participants = actors_of((statement,))
        if statement.cancel is not None:
            alternatives.append((ON_CANCEL, self.text(statement.cancel, after, loops)))
        self.scopes[scope] = TimerScope(
            owner=statement.owner,
            around=loops.bodies[-1] if loops.bodies else -1,
            body=body,
            alternatives=tuple(alternatives),
            actors=actors_of(statement.body),
            participants=participants,
            duration=statement.duration,
            line=statement.line,
        )
        return self.add(EnterNode(scope))


def timed_protocol(text: TimedText) -> TimedProtocol:
    """The graph of `text`.

    The end of a body, and a `TimedContinue` or `TimedStop` that leaves bodies, passes an exit node
    for each, innermost first.
    """
    roles: dict[str, None] = {}
    _roles_in_order(text, roles)
    graph = _TimedGraph()
    start = graph.text(text, graph.add(EndNode()), _Loops({}, ()))
    scopes = tuple(scope for scope in graph.scopes if scope is not None)
    return TimedProtocol(tuple(roles), tuple(graph.nodes), scopes, start)
