"""Ways through a syntax tree that need no recursion, however deep the source is nested."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias, assert_never

import msgspec

from tellverify.language.syntax import ast
from tellverify.source.span import Span
from tellverify.source.text import SourceFile

Walk: TypeAlias = "Iterator[Walk]"
DONE: Final = "Done"  # the message by which Telltale ends a loop that a role decides


def drive(root: Walk) -> None:
    """Run `root` to its end; a walk that yields another one is resumed when that has ended.

    Walks are written like recursive functions with `yield` for the call, and use a list where
    those would use the interpreter's stack.
    """
    stack = [root]
    while stack:
        inner = next(stack[-1], None)
        if inner is None:
            stack.pop()
        else:
            stack.append(inner)


def child_blocks(statement: ast.Statement) -> tuple[ast.Block, ...]:
    """The blocks directly inside `statement`, in source order."""
    match statement:
        case ast.Choice():
            return tuple(branch.body for branch in statement.branches)
        case ast.Case():
            return tuple(arm.body for arm in statement.arms)
        case ast.Par():
            return statement.branches
        case ast.Loop() | ast.Rec():
            return (statement.body,)
        case ast.Let():
            return () if statement.body is None else (statement.body,)
        case ast.Timeout():
            if statement.on_cancel is None:
                return (statement.body, statement.on_timeout)
            return (statement.body, statement.on_timeout, statement.on_cancel)
        case ast.Send() | ast.Broadcast() | ast.Continue() | ast.Call() | ast.OperationStatement():
            return ()
        case _:
            assert_never(statement)


def with_blocks(statement: ast.Statement, blocks: Sequence[ast.Block]) -> ast.Statement:
    """`statement` with other blocks inside, in the order of `child_blocks`."""
    replace = msgspec.structs.replace
    match statement:
        case ast.Choice(branches=branches):
            bodies = zip(branches, blocks, strict=True)
            return replace(
                statement, branches=tuple(replace(branch, body=body) for branch, body in bodies)
            )
        case ast.Case(arms=arms):
            taken = zip(arms, blocks, strict=True)
            return replace(statement, arms=tuple(replace(arm, body=body) for arm, body in taken))
        case ast.Par():
            return replace(statement, branches=tuple(blocks))
        case ast.Loop() | ast.Rec() | ast.Let():
            return replace(statement, body=blocks[0]) if blocks else statement
        case ast.Timeout():
            cancel = blocks[2] if len(blocks) == 3 else None
            return replace(statement, body=blocks[0], on_timeout=blocks[1], on_cancel=cancel)
        case ast.Send() | ast.Broadcast() | ast.Continue() | ast.Call() | ast.OperationStatement():
            return statement
        case _:
            assert_never(statement)


def preorder(block: ast.Block) -> Iterator[ast.Statement]:
    """Every statement of `block` at any depth, each one before those inside it."""
    stack = [iter(block)]
    while stack:
        statement = next(stack[-1], None)
        if statement is None:
            stack.pop()
            continue
        yield statement
        if not isinstance(statement, ast.Send):
            stack.extend(iter(inner) for inner in reversed(child_blocks(statement)))


def same_role(left: ast.RoleRef, right: ast.RoleRef) -> bool:
    """True when both references are written alike, index included."""
    return left.name.text == right.name.text and left.index == right.index


def names_one(send: ast.Send) -> bool:
    """True when neither role reference can stand for several members."""
    return all(
        index is None or isinstance(index, ast.ConstIndex)
        for index in (send.sender.index, send.receiver.index)
    )


def role_text(ref: ast.RoleRef) -> str:
    """A role reference as written."""
    return ref.name.text + index_text(ref.index)


def index_text(index: ast.Index | None) -> str:
    """An index with its brackets, empty for None."""
    match index:
        case None:
            return ""
        case ast.AnyIndex():
            return "[*]"
        case ast.ConstIndex():
            return f"[{index.value}]"
        case ast.NameIndex():
            return f"[{index.name}]"
        case ast.RangeIndex():
            return f"[{index.low}..{index.high}]"


def loop_text(kind: ast.LoopKind) -> str:
    """The head of a loop as written."""
    match kind:
        case ast.Decide():
            return f"loop decide by {role_text(kind.decider)}"
        case ast.Repeat():
            return f"loop repeat {kind.count}"
        case ast.While():
            return f'loop while "{kind.text}"'
        case ast.Forever():
            return "loop forever"


def is_desugared(loop: ast.Loop) -> bool:
    """True for a deciding loop that Telltale turns into a choice."""
    if not isinstance(loop.kind, ast.Decide) or not loop.body:
        return False
    start = loop.body[0]
    return isinstance(start, ast.Send) and same_role(start.sender, loop.kind.decider)


def leading_send(body: ast.Block) -> ast.Send | None:
    """The send that `body` begins with, after statements without communication."""
    for statement in body:
        match statement:
            case ast.Send():
                return statement
            case ast.Let(body=None) | ast.Begin() | ast.Await() | ast.Resolve() | ast.Invalidate():
                continue
            case ast.Publish() | ast.PublishAs() | ast.Materialize() | ast.Handoff():
                continue
            case ast.DependentWork():
                continue
            case ast.Broadcast() | ast.Choice() | ast.Par() | ast.Loop() | ast.Rec():
                return None
            case ast.Continue() | ast.Call() | ast.Let() | ast.Case() | ast.Timeout():
                return None
            case unreachable:
                assert_never(unreachable)
    return None


def statement_text(statement: ast.Statement) -> str:
    """The words that name a kind of statement."""
    match statement:
        case ast.Send() | ast.Broadcast():
            return statement.message.label.text
        case ast.Loop(kind):
            return loop_text(kind)
        case ast.Continue(name):
            return f"continue {name.text}"
        case ast.Call(name):
            return f"call {name.text}"
        case ast.Rec(name):
            return f"rec {name.text}"
        case ast.Let(mode=mode):
            return f"{mode} let" if mode else "let"
        case ast.PublishAs():
            return "publish"
        case ast.DependentWork():
            return "dependent work"
        case (
            ast.Choice()
            | ast.Par()
            | ast.Case()
            | ast.Timeout()
            | ast.Begin()
            | ast.Await()
            | ast.Resolve()
            | ast.Invalidate()
            | ast.Publish()
            | ast.Materialize()
            | ast.Handoff()
        ):
            return type(statement).__name__.lower()
        case _:
            assert_never(statement)


def head_place(statement: ast.Statement) -> Span:
    """The words that begin a statement; all of it where no other statement is inside."""
    span = statement.span
    match statement:
        case ast.Send() | ast.Broadcast():
            return statement.sender.span.to(statement.message.span)
        case ast.Loop(head=head) | ast.Timeout(head=head):
            return head
        case ast.Choice(decider):
            return span_between(span, decider.span)
        case ast.Rec(name) | ast.Let(name):
            return span_between(span, name.span)
        case ast.Case() | ast.Par():
            return Span(span.start, min(span.end, span.start + len(statement_text(statement))))
        case ast.Continue() | ast.Call() | ast.OperationStatement():
            return span
        case _:
            assert_never(statement)


def span_between(whole: Span, inner: Span) -> Span:
    """From the start of `whole` to the end of `inner`."""
    return Span(whole.start, max(whole.start, inner.end))


def guarded_choices(protocol: ast.Protocol, source: SourceFile) -> list[ast.Choice]:
    """The choices of a protocol and its local protocols that have a predicate for a guard.

    Each place of the text counts once, also where calls were replaced by what they call.
    """
    if "when" not in source.text:
        return []
    found = {
        statement.span: statement
        for body in (protocol.body, *(local.body for local in protocol.locals))
        for statement in preorder(body)
        if isinstance(statement, ast.Choice)
        and any(isinstance(branch.guard, ast.WhenPredicate) for branch in statement.branches)
    }
    return [found[span] for span in sorted(found)]
