"""Language tiers: what Telltale claims to do with a protocol, and the construct that prevents more.

Every accepted file has the full specification. It is executable by the protocol machine when all
operations have explicit progress, and session projectable when it also has no `begin`, `await`,
`resolve` and `invalidate`; without explicit progress it is proof only. These are statements about
constructs: whether projection succeeds is another question. Convertible to the global types of
the theory is what consists of sends, well-shaped choices, recursion, counted loops and bindings.
The text counts as written, with the local protocols that are called; that Telltale drops
statements and calls in some places is reported elsewhere.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final, assert_never

import msgspec

from tellverify.language.checks.walk import (
    head_place,
    preorder,
    role_text,
    same_role,
    statement_text,
)
from tellverify.language.syntax import ast
from tellverify.source.span import Span

SESSION: Final = "session projectable"
MACHINE: Final = "machine executable"
PROOF: Final = "proof only"
FULL: Final = "full spec"
THEORY: Final = "theory convertible"

COORDINATION: Final = "session-typed coordination"
EVIDENCE: Final = "evidence and publication"
RUNTIME: Final = "runtime semantics only"


class Blocker(msgspec.Struct, frozen=True):
    """A construct that keeps a protocol from a tier, and why."""

    construct: str
    span: Span
    reason: str


class Tiers(msgspec.Struct, frozen=True):
    """The tier of a protocol. A blocker of None means that nothing prevents that tier.

    `claims` is the metatheory that speaks about it, `claims_by` the construct that decides that.
    """

    strongest: str
    session: Blocker | None
    machine: Blocker | None
    theory: Blocker | None
    claims: str
    claims_by: Blocker | None

    @property
    def next_blocker(self) -> Blocker | None:
        """The construct that prevents the next stronger tier."""
        return self.machine if self.strongest == PROOF else self.session


def tiers_of(file: ast.File, protocol: ast.Protocol) -> Tiers:
    """The tiers of a protocol of a file, with the first construct that prevents each."""
    session: Blocker | None = _open_family(protocol)
    theory: Blocker | None = None
    claims_by: Blocker | None = None
    rank = 0
    for body in _bodies(protocol):
        for statement in preorder(body):
            if isinstance(statement, ast.Send):
                continue
            session = session or _no_session(statement)
            theory = theory or _no_theory(statement)
            if rank < 2 and (higher := _claims(statement)) > rank:
                rank = higher
                reason = f"it is {(COORDINATION, EVIDENCE, RUNTIME)[rank]}"
                claims_by = Blocker(_text(statement), head_place(statement), reason)
    machine = _no_machine(file.declarations)
    strongest = PROOF if machine else MACHINE if session else SESSION
    claims = (COORDINATION, EVIDENCE, RUNTIME)[rank]
    return Tiers(strongest, session, machine, theory, claims, claims_by)


def _bodies(protocol: ast.Protocol) -> Iterator[ast.Block]:
    """The body of a protocol and those of the local protocols it calls, in the order of calls."""
    known: dict[str, ast.Block] = {}
    for local in protocol.locals:
        known.setdefault(local.name.text, local.body)
    pending = deque([protocol.body])
    while pending:
        body = pending.popleft()
        yield body
        pending.extend(
            known.pop(statement.name.text)
            for statement in preorder(body)
            if isinstance(statement, ast.Call) and statement.name.text in known
        )


def _text(statement: ast.Statement) -> str:
    match statement:
        case (
            ast.Begin(name)
            | ast.Await(name)
            | ast.Resolve(name)
            | ast.Invalidate(name)
            | ast.Publish(name)
            | ast.DependentWork(name)
        ):
            return f"{statement_text(statement)} {name.text}"
        case ast.Choice(decider):
            return f"choice {role_text(decider)}"
        case ast.Broadcast(message=message):
            return f"->* : {message.label.text}"
        case ast.Send() | ast.Par() | ast.Loop() | ast.Rec() | ast.Continue() | ast.Call():
            return statement_text(statement)
        case ast.Let() | ast.Case() | ast.Timeout() | ast.PublishAs() | ast.Materialize():
            return statement_text(statement)
        case ast.Handoff():
            return statement_text(statement)


def _open_family(protocol: ast.Protocol) -> Blocker | None:
    """The first family that is declared as `X[*]`."""
    for role in (*(protocol.header_roles or ()), *(protocol.roles or ())):
        if isinstance(role.size, ast.AnyIndex):
            return Blocker(
                f"{role.name.text}[*]", role.span, "Telltale never projects such a family"
            )
    return None


def _no_session(statement: ast.Statement) -> Blocker | None:
    if isinstance(statement, ast.Begin | ast.Await | ast.Resolve | ast.Invalidate):
        return _blocker(statement, "operations in progress have no place in a session type")
    return None


def _no_machine(declarations: Sequence[ast.Declaration]) -> Blocker | None:
    for each in declarations:
        if isinstance(each, ast.Operation):
            progress = each.progress
            clauses = (
                ()
                if progress is None
                else (progress.requires, progress.within, progress.on_timeout, progress.on_stall)
            )
            if not any(clauses):
                name = each.name
                return Blocker(f"operation {name.text}", name.span, "it has no explicit progress")
    return None


def _no_theory(statement: ast.Statement) -> Blocker | None:
    match statement:
        case ast.Choice():
            return _choice_shape(statement)
        case ast.Rec() | ast.Continue() | ast.Call() | ast.Let() | ast.Send():
            return None
        case ast.Loop(ast.Repeat(count=int())):
            return None
        case ast.Loop(ast.Decide(decider), body=body):
            start = body[0] if body else None
            if isinstance(start, ast.Send) and same_role(start.sender, decider):
                return None
            return _blocker(statement, "its decider does not begin it")
        case ast.Loop():
            return _blocker(statement, "only counted and deciding loops have a global type")
        case ast.Broadcast() | ast.Par() | ast.Case() | ast.Timeout() | ast.OperationStatement():
            return _blocker(statement, "the global types of the theory have no such construct")


def _choice_shape(choice: ast.Choice) -> Blocker | None:
    """Every branch must begin with a send by the chooser, and all toward one role."""
    receiver = ""
    for branch in choice.branches:
        start = branch.body[0] if branch.body else None
        if isinstance(start, ast.Call):
            continue  # what it calls is judged by the structural rules
        label = branch.label
        if not isinstance(start, ast.Send) or start.sender.name.text != choice.decider.name.text:
            reason = f"branch `{label.text}` does not begin with a send by the decider"
            return Blocker(_text(choice), label.span, reason)
        receiver = receiver or start.receiver.name.text
        if start.receiver.name.text != receiver:
            reason = f"branch `{label.text}` begins toward another role"
            return Blocker(_text(choice), start.receiver.span, reason)
    return None


def _claims(statement: ast.Statement) -> int:
    """0 for plain communication, 1 for evidence and publication, 2 for runtime semantics."""
    match statement:
        case ast.Let(value=ast.Transfer()):
            return 2
        case ast.Let(value=ast.Check() | ast.Observe()):
            return 1
        case ast.Publish() | ast.PublishAs() | ast.Materialize():
            return 1
        case ast.Choice(branches=branches):
            return int(any(isinstance(branch.guard, ast.WhenCheck) for branch in branches))
        case ast.Begin() | ast.Await() | ast.Resolve() | ast.Invalidate():
            return 2
        case ast.Case() | ast.Timeout() | ast.Handoff() | ast.DependentWork() | ast.Par():
            return 2
        case ast.Send() | ast.Broadcast() | ast.Let() | ast.Loop():
            return 0
        case ast.Rec() | ast.Continue() | ast.Call():
            return 0
        case unreachable:
            assert_never(unreachable)


def _blocker(statement: ast.Statement, reason: str) -> Blocker:
    return Blocker(_text(statement), head_place(statement), reason)
