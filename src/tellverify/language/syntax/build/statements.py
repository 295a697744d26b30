"""Builders of statements."""

from __future__ import annotations

from tellverify.language.syntax import ast
from tellverify.language.syntax.build.reductions import (
    builds,
    keyword,
    raw,
    require_elements,
    text_of,
)
from tellverify.language.syntax.token_lists import Tokens
from tellverify.source.span import Span


@builds("add_stmt")
def _add_stmt(
    _: Tokens, _end: int, stmts: list[ast.Statement], stmt: ast.Statement | tuple[ast.Statement]
) -> list[ast.Statement]:
    if stmt.__class__ is tuple:
        stmts.extend(stmt)  # the statements of a made-up construct
    else:
        stmts.append(stmt)  # type: ignore[arg-type]
    return stmts


@builds("suite")
def _suite(_: Tokens, _end: int, _open: int, stmts: list[ast.Statement], _close: int) -> ast.Block:
    return tuple(stmts)


@builds("suite_parens")
def _suite_parens(
    tokens: Tokens, end: int, opening: int, stmts: list[ast.Statement], closing: int
) -> ast.Block:
    require_elements(tokens, opening, closing, "statement")
    return tuple(stmts)


@builds("single")
def _single(_: Tokens, _end: int, stmt: ast.Statement | tuple[ast.Statement, ...]) -> ast.Block:
    return stmt if isinstance(stmt, tuple) else (stmt,)


# Choice, case and par


@builds("choice")
def _choice(
    tokens: Tokens,
    end: int,
    word: int,
    decider: ast.RoleRef,
    _at: int,
    _open: int,
    branches: list[ast.Branch],
    _close: int,
) -> ast.Choice | ast.Block:
    if not decider.name.text:
        return ()
    return ast.Choice(decider, tuple(branches), Span(tokens.starts[word], end))


@builds("choice_parens")
def _choice_parens(
    tokens: Tokens,
    end: int,
    word: int,
    decider: ast.RoleRef,
    _at: int,
    opening: int,
    branches: list[ast.Branch],
    closing: int,
) -> ast.Choice:
    require_elements(tokens, opening, closing, "branch")
    return ast.Choice(decider, tuple(branches), Span(tokens.starts[word], end))


@builds("branch")
def _branch(
    tokens: Tokens, end: int, bar: int, label: ast.Name, _arrow: int, body: ast.Block
) -> ast.Branch | None:
    if not label.text:
        return None
    return ast.Branch(label, body, None, Span(tokens.starts[bar], end))


@builds("branch_guard")
def _branch_guard(
    tokens: Tokens,
    end: int,
    bar: int,
    label: ast.Name,
    guard: ast.Guard,
    _arrow: int,
    body: ast.Block,
) -> ast.Branch:
    return ast.Branch(label, body, guard, Span(tokens.starts[bar], end))


@builds("when_predicate")
def _when_predicate(
    tokens: Tokens, _end: int, _when: int, opening: int, _raw: int, closing: int
) -> ast.Guard:
    return ast.WhenPredicate(*raw(tokens, opening, closing))


@builds("when_check")
def _when_check(
    tokens: Tokens,
    end: int,
    when: int,
    _check: int,
    call: ast.EffectCall,
    _yields: int,
    witness: ast.Name,
) -> ast.Guard:
    return ast.WhenCheck(call, witness, Span(tokens.starts[when], end))


@builds("par")
def _par(
    tokens: Tokens, end: int, word: int, _open: int, branches: list[ast.Block], _close: int
) -> ast.Par:
    return ast.Par(tuple(branches), Span(tokens.starts[word], end))


@builds("par_parens")
def _par_parens(
    tokens: Tokens, end: int, word: int, opening: int, branches: list[ast.Block], closing: int
) -> ast.Par:
    require_elements(tokens, opening, closing, "branch")
    return ast.Par(tuple(branches), Span(tokens.starts[word], end))


@builds("case")
def _case(
    tokens: Tokens,
    end: int,
    word: int,
    scrutinee: ast.Expression,
    _of: int,
    _open: int,
    arms: list[ast.Arm],
    _close: int,
) -> ast.Case | ast.Block:
    if isinstance(scrutinee, ast.Path) and scrutinee.parts == ("",):
        return ()
    return ast.Case(scrutinee, tuple(arms), Span(tokens.starts[word], end))


@builds("case_parens")
def _case_parens(
    tokens: Tokens,
    end: int,
    word: int,
    scrutinee: ast.Expression,
    _of: int,
    opening: int,
    arms: list[ast.Arm],
    closing: int,
) -> ast.Case:
    require_elements(tokens, opening, closing, "branch")
    return ast.Case(scrutinee, tuple(arms), Span(tokens.starts[word], end))


@builds("arm")
def _arm(
    tokens: Tokens, end: int, bar: int, constructor: ast.Name, _arrow: int, body: ast.Block
) -> ast.Arm | None:
    if not constructor.text:
        return None
    return ast.Arm(constructor, body, (), Span(tokens.starts[bar], end))


@builds("arm_binders")
def _arm_binders(
    tokens: Tokens,
    end: int,
    bar: int,
    constructor: ast.Name,
    _open: int,
    binders: list[ast.Name],
    _close: int,
    _arrow: int,
    body: ast.Block,
) -> ast.Arm:
    return ast.Arm(constructor, body, tuple(binders), Span(tokens.starts[bar], end))


# Loops, recursion and calls


@builds("loop_decide")
def _loop_decide(
    tokens: Tokens, end: int, word: int, _decide: int, _by: int, decider: ast.RoleRef
) -> tuple[ast.LoopKind, Span]:
    return ast.Decide(decider), Span(tokens.starts[word], end)


@builds("loop_repeat")
def _loop_repeat(
    tokens: Tokens, end: int, word: int, _repeat: int, count: int | str
) -> tuple[ast.LoopKind, Span]:
    return ast.Repeat(count), Span(tokens.starts[word], end)


@builds("loop_while")
def _loop_while(
    tokens: Tokens, end: int, word: int, _while: int, text: int
) -> tuple[ast.LoopKind, Span]:
    return ast.While(text_of(tokens, text)), Span(tokens.starts[word], end)


@builds("loop_forever")
def _loop_forever(tokens: Tokens, end: int, word: int, _forever: int) -> tuple[ast.LoopKind, Span]:
    return ast.Forever(), Span(tokens.starts[word], end)


@builds("loop")
def _loop(_: Tokens, end: int, head: tuple[ast.LoopKind, Span], body: ast.Block) -> ast.Loop:
    return ast.Loop(head[0], body, head[1], Span(head[1].start, end))


@builds("rec")
def _rec(
    tokens: Tokens, end: int, word: int, name: ast.Name, body: ast.Block
) -> ast.Rec | ast.Block:
    if not name.text:
        return body
    return ast.Rec(name, body, Span(tokens.starts[word], end))


@builds("continue")
def _continue(tokens: Tokens, end: int, word: int, name: ast.Name) -> ast.Continue:
    return ast.Continue(name, Span(tokens.starts[word], end))


@builds("call")
def _call(tokens: Tokens, end: int, word: int, name: ast.Name) -> ast.Call:
    return ast.Call(name, Span(tokens.starts[word], end))


# Bindings


@builds("let_mode")
def _let_mode(tokens: Tokens, _end: int, first: int, *more: int) -> tuple[str, int]:
    return tokens.texts[first] if more else "", tokens.starts[first]


@builds("let")
def _let(
    _: Tokens,
    end: int,
    mode: tuple[str, int],
    name: ast.Name,
    _equal: int,
    value: ast.Expression,
) -> ast.Let:
    return ast.Let(name, value, mode[0], None, Span(mode[1], end))


@builds("let_in")
def _let_in(
    _: Tokens,
    end: int,
    mode: tuple[str, int],
    name: ast.Name,
    _equal: int,
    value: ast.Expression,
    _in: int,
    body: ast.Block,
) -> ast.Let:
    return ast.Let(name, value, mode[0], body, Span(mode[1], end))


# Timeouts


@builds("timeout_head")
def _timeout_head(
    tokens: Tokens, end: int, word: int, duration: ast.DurationValue, owner: ast.RoleRef
) -> tuple[ast.DurationValue, ast.RoleRef, Span]:
    return duration, owner, Span(tokens.starts[word], end)


@builds("timeout", "timeout_cancel")
def _timeout(
    _: Tokens,
    end: int,
    head: tuple[ast.DurationValue, ast.RoleRef, Span],
    _at: int,
    body: ast.Block,
    on_timeout: ast.Block,
    on_cancel: ast.Block | None = None,
) -> ast.Timeout:
    duration, owner, place = head
    span = Span(place.start, end)
    return ast.Timeout(duration, owner, body, on_timeout, on_cancel, place, span)


# Operations, authority and evidence


@builds("begin")
def _begin(
    tokens: Tokens,
    end: int,
    word: int,
    name: ast.Name,
    arguments: list[ast.Atom] | None,
    progress: ast.Progress | None,
) -> ast.Begin:
    return ast.Begin(name, tuple(arguments or ()), progress, Span(tokens.starts[word], end))


@builds("await")
def _await(tokens: Tokens, end: int, word: int, name: ast.Name) -> ast.Await:
    return ast.Await(name, Span(tokens.starts[word], end))


@builds("outcome")
def _outcome(
    tokens: Tokens, _end: int, word: int, argument: ast.Path | None
) -> tuple[ast.Name, ast.Path | None]:
    return keyword(tokens, word), argument


@builds("outcome_cancelled")
def _outcome_cancelled(tokens: Tokens, _end: int, word: int) -> tuple[ast.Name, ast.Path | None]:
    return keyword(tokens, word), None


@builds("resolve")
def _resolve(
    tokens: Tokens,
    end: int,
    word: int,
    name: ast.Name,
    _as: int,
    outcome: tuple[ast.Name, ast.Path | None],
) -> ast.Resolve:
    return ast.Resolve(name, outcome[0], outcome[1], Span(tokens.starts[word], end))


@builds("invalidate")
def _invalidate(tokens: Tokens, end: int, word: int, name: ast.Name) -> ast.Invalidate:
    return ast.Invalidate(name, Span(tokens.starts[word], end))


@builds("publish")
def _publish(
    tokens: Tokens, end: int, word: int, name: ast.Name, argument: ast.Path | None
) -> ast.Publish:
    return ast.Publish(name, argument, Span(tokens.starts[word], end))


@builds("publish_as")
def _publish_as(
    tokens: Tokens, end: int, word: int, witness: ast.Name, _as: int, publication: ast.Name
) -> ast.PublishAs:
    return ast.PublishAs(witness, publication, Span(tokens.starts[word], end))


@builds("materialize")
def _materialize(
    tokens: Tokens, end: int, word: int, proof: ast.Name, _from: int, publication: ast.Name
) -> ast.Materialize:
    return ast.Materialize(proof, publication, Span(tokens.starts[word], end))


@builds("handoff")
def _handoff(
    tokens: Tokens,
    end: int,
    word: int,
    operation: ast.Name,
    _to: int,
    target: ast.RoleRef,
    _with: int,
    receipt: ast.Name,
) -> ast.Handoff:
    return ast.Handoff(operation, target, receipt, Span(tokens.starts[word], end))


@builds("dependent_work")
def _dependent_work(
    tokens: Tokens,
    end: int,
    word: int,
    _work: int,
    name: ast.Name,
    argument: ast.Path | None,
    _required: int,
    _for: int,
    goal: ast.Name,
) -> ast.DependentWork:
    return ast.DependentWork(name, goal, argument, Span(tokens.starts[word], end))
