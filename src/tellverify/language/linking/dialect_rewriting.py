"""A protocol as Telltale itself would run it: its silent rewriting done on the tree.

Calls are replaced by what they call, except inside `case`, `timeout` and `let ... in`, where they
have no effect. Then every block is turned, back to front, into a chain of continuations: what
follows a statement that has no continuation is dropped, and a `loop decide by` becomes a recursion
whose name is always the same, with the rest of the block in its branch `Done`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from tellverify.language.checks.walk import (
    DONE,
    Walk,
    child_blocks,
    drive,
    is_desugared,
    preorder,
    role_text,
    with_blocks,
)
from tellverify.language.lowering.program import OverBudget
from tellverify.language.syntax import ast
from tellverify.source.span import Span

RECURSION: Final = "RoleDecidesLoop"
_FAR: Final = 1 << 62


class Upstream(msgspec.Struct, frozen=True):
    """A protocol with the statements that Telltale keeps, and where the others stand.

    `dropped` has the places of the statements that are in no block any more, in source order, of
    those inside each other the outer one. Where they were called, calls are among them.
    """

    protocol: ast.Protocol
    dropped: tuple[Span, ...]


def as_run_upstream(
    protocol: ast.Protocol, budget: int, swallowed: Sequence[Span] = ()
) -> Upstream:
    """`protocol` in the form that Telltale gives it.

    The result calls only protocols that call themselves. Statements that begin in one of the places
    `swallowed`, which stand in the order of the source, belong to the payload above. Raises
    OverBudget when the calls unfold to more than `budget` statements.
    """
    rewriting = _Rewriting(protocol, budget, swallowed)
    drive(rewriting.block(protocol.body, (), inlined=True))
    kept = {statement.span for statement in preorder(rewriting.done)}
    dropped: list[Span] = []
    for block in (protocol.body, *(local.body for local in protocol.locals)):
        for statement in preorder(block):
            span = statement.span
            if span not in kept and not (dropped and span.end <= dropped[-1].end):
                dropped.append(span)
    rewritten = msgspec.structs.replace(protocol, body=rewriting.done)
    return Upstream(rewritten, tuple(sorted(dropped, key=lambda span: span.start)))


def within(span: Span, places: Sequence[Span]) -> bool:
    """True when `span` begins in one of `places`, which are apart and in order."""
    at = bisect_right(places, Span(span.start, _FAR)) - 1
    return at >= 0 and span.start < places[at].end


class _Rewriting:
    """Rewrites block by block; `done` is the block that was finished last."""

    def __init__(self, protocol: ast.Protocol, budget: int, swallowed: Sequence[Span]) -> None:
        self.done: ast.Block = ()
        self._locals: dict[str, ast.LocalProtocol] = {}
        for local in protocol.locals:
            self._locals.setdefault(local.name.text, local)
        self._name = protocol.name.text
        self._budget = budget
        self._swallowed = swallowed
        self._read = 0
        self._calling: set[str] = set()  # around the block that is being rewritten

    def block(self, block: ast.Block, tail: Sequence[ast.Statement], inlined: bool) -> Walk:
        """Rewrites `block` with `tail` behind it, which is in its final form."""
        kept = list(reversed(tail))  # last statement first
        for statement in self._backwards(block, inlined):
            match statement:
                case ast.Loop() if is_desugared(statement):
                    yield self._decide(statement, tuple(reversed(kept)), inlined)
                    kept = list(self.done)
                case ast.Continue():
                    kept = [statement]
                case ast.Let(body=None):
                    kept.append(statement)
                case ast.Choice() | ast.Case() | ast.Par() | ast.Loop() | ast.Rec() | ast.Timeout():
                    yield self._compound(statement, inlined)
                    kept = list(self.done)
                case ast.Let():
                    yield self._compound(statement, inlined)
                    kept = list(self.done)
                case ast.Send() | ast.Broadcast() | ast.Call() | ast.OperationStatement():
                    kept.append(statement)
        self.done = tuple(reversed(kept))

    def _backwards(self, block: ast.Block, inlined: bool) -> Iterator[ast.Statement]:
        """The statements from the last to the first, with calls replaced or left out."""
        stack: list[tuple[str, Iterator[ast.Statement]]] = [("", reversed(block))]
        while stack:
            name, statements = stack[-1]
            statement = next(statements, None)
            if statement is None:
                stack.pop()
                self._calling.discard(name)
                continue
            self._read += 1
            if self._read > self._budget:
                raise OverBudget(
                    f"the calls of `{self._name}` unfold to more than {self._budget:,} statements"
                )
            if within(statement.span, self._swallowed):
                continue
            if not isinstance(statement, ast.Call):
                yield statement
            elif inlined:
                called = statement.name.text
                local = self._locals.get(called)
                if local is None or called in self._calling:
                    yield statement  # a fault, which is reported where it stands
                else:
                    self._calling.add(called)
                    stack.append((called, reversed(local.body)))

    def _decide(self, loop: ast.Loop, rest: ast.Block, inlined: bool) -> Walk:
        first = loop.body[0]
        assert isinstance(first, ast.Send)
        head = loop.head
        name = ast.Name(RECURSION, head)
        yield self.block(loop.body, (ast.Continue(name, head),), inlined)
        again = ast.Branch(first.message.label, self.done, None, first.span)
        done = ast.Name(DONE, head)
        end = ast.Send(first.sender, first.receiver, ast.Message(done, span=head), None, head)
        leave = ast.Branch(done, (end, *rest), None, head)
        choice = ast.Choice(first.sender, (again, leave), head)
        self.done = (ast.Rec(name, (choice,), loop.span),)

    def _compound(self, statement: ast.Statement, inlined: bool) -> Walk:
        hides = isinstance(statement, ast.Case | ast.Timeout | ast.Let)
        bodies: list[ast.Block] = []
        for inner in child_blocks(statement):
            yield self.block(inner, (), inlined and not hides)
            bodies.append(self.done)
        if isinstance(statement, ast.Loop) and isinstance(statement.kind, ast.Decide):
            # Kept as a loop whose end no role announces, whatever its body begins with.
            kind = ast.While(f"{role_text(statement.kind.decider)} decides")
            statement = msgspec.structs.replace(statement, kind=kind)
        self.done = (with_blocks(statement, bodies),)
