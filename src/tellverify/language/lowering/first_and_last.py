"""The first events of every statement of a protocol, and how it ends."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from tellverify.language.checks.walk import child_blocks, leading_send, preorder, same_role
from tellverify.language.syntax import ast
from tellverify.source.dependencies import in_order


class Summary(NamedTuple):
    """`first`: the sends or broadcasts that may come first, at most two, with different senders.

    `silent`: the end can be reached without a communication. `ends`: it can be reached at all.
    """

    first: tuple[ast.Send | ast.Broadcast, ...] = ()
    silent: bool = True
    ends: bool = True


NOTHING = Summary()


class Summaries:
    """Summaries of all statements of a protocol; a call stands for the protocol it calls.

    A protocol that calls itself counts as one that communicates and ends, so that this fault is
    not reported in other words.
    """

    def __init__(self, protocol: ast.Protocol) -> None:
        self._of: dict[int, Summary] = {}
        self._locals: dict[str, ast.LocalProtocol] = {}
        self._called: dict[str, Summary] = {}
        for local in protocol.locals:
            self._locals.setdefault(local.name.text, local)
        for name in self._callees_first():
            self._called[name] = self._summarise(self._locals[name].body)
        self._summarise(protocol.body)
        for local in protocol.locals:
            if self._locals[local.name.text] is not local:
                self._summarise(local.body)

    def of(self, statement: ast.Statement) -> Summary:
        """The summary of a statement of the protocol or of one of its local protocols."""
        if isinstance(statement, ast.Send):
            return Summary((statement,), False, True)
        return self._of[id(statement)]

    def of_block(self, block: ast.Block) -> Summary:
        """The summary of statements in a row."""
        first: tuple[ast.Send | ast.Broadcast, ...] = ()
        silent = True
        for statement in block:
            if isinstance(statement, ast.Send) and not silent:
                continue
            summary = self.of(statement)
            if silent and summary.first:
                first = _united((first, summary.first))
            silent = silent and summary.silent
            if not summary.ends:
                return Summary(first, False, False)
        return Summary(first, silent, True)

    def suffixes(self, block: ast.Block, after: Summary) -> list[Summary]:
        """What comes at each place of a block, with `after` behind its end."""
        found = [after]
        for statement in reversed(block):
            summary, rest = self.of(statement), found[-1]
            if summary.silent:
                first = _united((summary.first, rest.first))
                found.append(Summary(first, rest.silent, summary.ends and rest.ends))
            else:
                found.append(summary)
        found.reverse()
        return found

    def begins(self, block: ast.Block) -> ast.Statement | None:
        """The first statement of a block; a call stands for what it calls."""
        for _ in range(len(self._locals) + 1):
            if not block:
                return None
            statement = block[0]
            if not isinstance(statement, ast.Call):
                return statement
            local = self._locals.get(statement.name.text)
            if local is None:
                return statement
            block = local.body
        return block[0] if block else None

    def _summarise(self, block: ast.Block) -> Summary:
        inside = [item for item in preorder(block) if not isinstance(item, ast.Send)]
        for statement in reversed(inside):
            self._of[id(statement)] = self._statement(statement)
        return self.of_block(block)

    def _callees_first(self) -> list[str]:
        calls = {
            name: [
                statement.name.text
                for statement in preorder(local.body)
                if isinstance(statement, ast.Call) and statement.name.text in self._locals
            ]
            for name, local in self._locals.items()
        }
        return list(in_order(calls))

    def _statement(self, statement: ast.Statement) -> Summary:
        match statement:
            case ast.Broadcast():
                return Summary((statement,), False, True)
            case ast.Choice() | ast.Case():
                return self._alternatives(child_blocks(statement))
            case ast.Timeout():
                united = self._alternatives(child_blocks(statement))
                # An alternative begins with the event of the timer.
                return united._replace(silent=self.of_block(statement.body).silent)
            case ast.Par():
                parts = [self.of_block(body) for body in statement.branches]
                return Summary(
                    _united(part.first for part in parts),
                    all(part.silent for part in parts),
                    all(part.ends for part in parts),
                )
            case ast.Loop():
                return self._loop(statement)
            case ast.Rec():
                return self.of_block(statement.body)
            case ast.Continue():
                return Summary((), False, False)
            case ast.Call():
                return self._called.get(statement.name.text, Summary((), False, True))
            case ast.Let(body=body) if body is not None:
                return self.of_block(body)
            case ast.Send() | ast.Let() | ast.OperationStatement():
                return NOTHING

    def _alternatives(self, blocks: tuple[ast.Block, ...]) -> Summary:
        parts = [self.of_block(body) for body in blocks]
        if not parts:
            return NOTHING
        return Summary(
            _united(part.first for part in parts),
            any(part.silent for part in parts),
            any(part.ends for part in parts),
        )

    def _loop(self, loop: ast.Loop) -> Summary:
        body = self.of_block(loop.body)
        match loop.kind:
            case ast.Forever():
                return Summary(body.first, False, False)
            case ast.Repeat(count=0):
                return NOTHING
            case ast.Repeat(count=int()):
                return body
            case ast.Decide(decider):
                send = leading_send(loop.body)
                silent = send is None or not same_role(send.sender, decider)
                return Summary(body.first, silent, True)
            case ast.Repeat() | ast.While():
                return Summary(body.first, True, True)


def _united(
    parts: Iterable[tuple[ast.Send | ast.Broadcast, ...]],
) -> tuple[ast.Send | ast.Broadcast, ...]:
    found: list[ast.Send | ast.Broadcast] = []
    for part in parts:
        for send in part:
            if not any(same_role(send.sender, other.sender) for other in found):
                found.append(send)
                if len(found) == 2:
                    return tuple(found)
    return tuple(found)
