"""What the text of a timeout shows without a search: who is never told, who continues unsure.

A participant is *told* of a failure when its first action in every alternative and what follows is
a receive from the owner of the timer or from a role that was told before. It is *sure* of success
when it acts behind the body only once it knows that the body is complete, or by receiving from a
role that knows. The findings are advice: the search decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple, assert_never

import msgspec

from tellverify.model.timed_text import (
    BranchNode,
    EndNode,
    EnterNode,
    ExitNode,
    MessageNode,
    TimedProtocol,
)
from tellverify.search.timed_places import TimedPlaces


class TimeoutAdvice(StrEnum):
    """What a finding says of a role and a scope."""

    BLIND = "blind"  # begins an alternative with a send, so it cannot know that it should
    NOT_TOLD = "not-told"  # acts in the body, and never learns of it from a role that knows
    GOES_ON_UNSURE = "goes-on-unsure"  # acts behind the body before it knows it to be complete
    DEAD_TIMER = "dead-timer"  # the owner never waits, or the timer outlasts the one around it
    INSTANT_TIMER = "instant-timer"  # the owner does not wait before it fires
    SOME_ROUNDS_ONLY = "some-rounds-only"  # does not act in every round, so it loses count


class TimeoutFinding(msgspec.Struct, frozen=True, order=True):
    """`label` and `site` of the message at which it shows, empty and -1 where there is none.

    `clause` is the alternative that it is about, empty for none. `outer` is the scope whose timer
    fires before a dead one, -1 for none.
    """

    scope: int
    advice: TimeoutAdvice
    role: str
    label: str = ""
    site: int = -1
    clause: str = ""
    outer: int = -1


class _Failure(NamedTuple):
    """A path behind a failure: who was told, and who has not acted yet."""

    node: int
    told: frozenset[str]
    pending: frozenset[str]


class _Success(NamedTuple):
    """A path through a body and behind it.

    `knows` are pairs of an entered scope and a role that knows that the entry is complete; `left`:
    the body is left. `done` are participants that have acted since then.
    """

    node: int
    left: bool
    entered: frozenset[int]
    knows: frozenset[tuple[int, str]]
    done: frozenset[str]


def timeout_findings(protocol: TimedProtocol) -> tuple[TimeoutFinding, ...]:
    """All findings, ordered by scope."""
    text = _Text(protocol)
    found: set[TimeoutFinding] = set()
    for scope in range(len(protocol.scopes)):
        found.update(text.useless_timers(scope))
        for name, node in protocol.scopes[scope].alternatives:
            found.update(text.untold(scope, name, node))
        found.update(text.unsure(scope))
        found.update(text.uncounted(scope))
    return tuple(sorted(found))


class _Text:
    """Walks over the graph of one protocol."""

    def __init__(self, protocol: TimedProtocol) -> None:
        self.protocol = protocol
        self.places = TimedPlaces(protocol)
        self.jumps = [self._alternatives_at(node) for node in range(len(protocol.nodes))]

    def useless_timers(self, scope: int) -> Iterator[TimeoutFinding]:
        """The timer of a scope when it never fires, or fires at once."""
        row = self.protocol.scopes[scope]
        around, first = row.around, -1
        while around >= 0:
            outer = self.protocol.scopes[around]
            if outer.owner == row.owner and row.duration is not None and outer.duration is not None:
                first = around if row.duration >= outer.duration and first < 0 else first
            around = outer.around
        waits = self.places.owner_waits(row.body, scope)
        if first >= 0 or not waits:
            outer_scope = first if waits else -1
            yield TimeoutFinding(scope, TimeoutAdvice.DEAD_TIMER, row.owner, outer=outer_scope)
        elif row.duration == 0:
            yield TimeoutFinding(scope, TimeoutAdvice.INSTANT_TIMER, row.owner)

    # Who is told

    def _alternatives_at(self, node: int) -> tuple[int, ...]:
        """First nodes of alternatives of inner timers that may fire when a path is at `node`."""
        return tuple(
            first
            for number, scope in enumerate(self.protocol.scopes)
            if node in self._body(number) and self._next_is_receive(scope.owner, node, number)
            for _, first in scope.alternatives
        )

    def _body(self, scope: int) -> set[int]:
        """Nodes of the body, without the exit."""
        return self._reachable(self.protocol.scopes[scope].body, scope)

    def _following(self, node: int) -> tuple[int, ...]:
        row = self.protocol.nodes[node]
        match row:
            case MessageNode(_, _, _, after) | ExitNode(_, after):
                return (after,)
            case BranchNode(branches):
                return branches
            case EnterNode(scope):
                return (self.protocol.scopes[scope].body,)
            case EndNode():
                return ()
            case _:
                assert_never(row)

    def _reachable(self, start: int, scope: int, unless: str = "") -> set[int]:
        """Nodes from `start` on before the exit of `scope`, not beyond actions of `unless`."""
        seen = {start}
        work = [start]
        while work:
            node = work.pop()
            row = self.protocol.nodes[node]
            if isinstance(row, ExitNode) and row.scope == scope:
                continue
            if isinstance(row, MessageNode) and unless in (row.sender, row.receiver):
                continue
            following = list(self._following(node))
            if isinstance(row, EnterNode):
                following += [first for _, first in self.protocol.scopes[row.scope].alternatives]
            for successor in following:
                if successor not in seen:
                    seen.add(successor)
                    work.append(successor)
        return seen

    def _next_is_receive(self, owner: str, node: int, scope: int) -> bool:
        rows = [self.protocol.nodes[n] for n in self._reachable(node, scope, owner)]
        return any(isinstance(row, MessageNode) and row.receiver == owner for row in rows)

    def untold(self, scope: int, name: str, first: int) -> Iterator[TimeoutFinding]:
        """Participants that are not told on some path that begins with this alternative."""
        row = self.protocol.scopes[scope]
        actors = row.actors - {row.owner}
        inside = self._alternative_nodes(scope, first)
        start = _Failure(first, frozenset({row.owner}), actors)
        seen = {start}
        work = [start]
        while work:
            path = work.pop()
            node = self.protocol.nodes[path.node]
            told, pending = path.told, path.pending
            if isinstance(node, EndNode):
                for role in pending:
                    yield TimeoutFinding(scope, TimeoutAdvice.NOT_TOLD, role, clause=name)
            if isinstance(node, MessageNode):
                for found in self._untold_at(scope, path, node, path.node in inside):
                    yield msgspec.structs.replace(found, site=node.site, clause=name)
                if node.sender in told:
                    told = told | {node.receiver}
                pending = pending - {node.sender, node.receiver}
            for successor in (*self._following(path.node), *self.jumps[path.node]):
                following = _Failure(successor, told, pending)
                if following not in seen:
                    seen.add(following)
                    work.append(following)

    def _untold_at(
        self, scope: int, path: _Failure, message: MessageNode, is_inside: bool
    ) -> Iterator[TimeoutFinding]:
        sender, receiver = message.sender, message.receiver
        participants = self.protocol.scopes[scope].participants
        if sender not in path.told:
            if is_inside and sender in participants:
                yield TimeoutFinding(scope, TimeoutAdvice.BLIND, sender, message.label)
            elif sender in path.pending:
                yield TimeoutFinding(scope, TimeoutAdvice.NOT_TOLD, sender, message.label)
            if receiver in path.pending:
                yield TimeoutFinding(scope, TimeoutAdvice.NOT_TOLD, receiver, message.label)

    def _alternative_nodes(self, scope: int, first: int) -> set[int]:
        """Nodes of an alternative that are no nodes of what follows the body."""
        exits = [n for n in self.protocol.nodes if isinstance(n, ExitNode) and n.scope == scope]
        behind: set[int] = set()
        for node in exits:
            behind |= self._reachable(node.after, -1)
        return self._reachable(first, -1) - behind

    # Who is sure

    def unsure(self, scope: int) -> Iterator[TimeoutFinding]:
        """Participants that act behind the body before they know that it is complete."""
        row = self.protocol.scopes[scope]
        start = _Success(row.body, False, frozenset({scope}), frozenset(), frozenset({row.owner}))
        seen = {start}
        work = [start]
        while work:
            path = work.pop()
            node = self.protocol.nodes[path.node]
            if isinstance(node, MessageNode):
                if path.left:
                    yield from self._unsure_at(scope, path, node)
                path = self._after_message(path, node)
            if isinstance(node, ExitNode) and node.scope == scope:
                path = path._replace(left=True)
            if isinstance(node, EnterNode):
                if node.scope == scope and path.done >= row.participants:
                    continue
                path = path._replace(entered=path.entered | {node.scope})
            following = [*self._following(path.node)]
            if isinstance(node, EnterNode):
                following += [n for _, n in self.protocol.scopes[node.scope].alternatives]
            for successor in following:
                step = path._replace(node=successor)
                if step not in seen:
                    seen.add(step)
                    work.append(step)

    def _unsure_at(
        self, scope: int, path: _Success, message: MessageNode
    ) -> Iterator[TimeoutFinding]:
        participants = self.protocol.scopes[scope].participants
        if (scope, message.sender) in path.knows:
            return
        for role in (message.sender, message.receiver):
            is_sure = (scope, role) in path.knows or role in path.done
            if role in participants and not is_sure:
                advice = TimeoutAdvice.GOES_ON_UNSURE
                yield TimeoutFinding(scope, advice, role, message.label, message.site)

    def _after_message(self, path: _Success, message: MessageNode) -> _Success:
        sender, receiver = message.sender, message.receiver
        knows = set(path.knows)
        for scope in path.entered:
            if (scope, sender) in path.knows:
                knows.add((scope, receiver))
            owner = self.protocol.scopes[scope].owner
            if owner in (sender, receiver) and self._completes(scope, message.after, path):
                knows.add((scope, owner))
        done = path.done | {sender, receiver} if path.left else path.done
        return path._replace(knows=frozenset(knows), done=done)

    def _completes(self, scope: int, node: int, path: _Success) -> bool:
        """Whether the owner has nothing to wait for, even in alternatives of inner timers."""
        scopes = self.protocol.scopes
        if node in self._body(scope) and self.places.owner_waits(node, scope):
            return False
        owner = scopes[scope].owner
        return not any(
            self._is_inside(inner, scope)
            and scopes[inner].owner != owner
            and (inner, owner) not in path.knows
            and any(
                self.places.owner_waits(first, scope) for _, first in scopes[inner].alternatives
            )
            for inner in path.entered
        )

    def _is_inside(self, inner: int, scope: int) -> bool:
        while inner >= 0:
            inner = self.protocol.scopes[inner].around
            if inner == scope:
                return True
        return False

    # Who keeps count

    def uncounted(self, scope: int) -> Iterator[TimeoutFinding]:
        """Participants that may pass a body without an action, and then the next one."""
        row = self.protocol.scopes[scope]
        for role in sorted(row.participants - {row.owner}):
            for node in self._reachable(row.body, -1, role):
                entered = self.protocol.nodes[node]
                if isinstance(entered, EnterNode) and entered.scope == scope:
                    yield TimeoutFinding(scope, TimeoutAdvice.SOME_ROUNDS_ONLY, role)
