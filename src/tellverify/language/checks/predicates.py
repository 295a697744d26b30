"""The shape of predicates: what may stand in `when (...)` and in `loop while "..."`."""

from __future__ import annotations

from collections.abc import Iterator

from tellverify.diagnostics import declarations as say
from tellverify.diagnostics import guards as limits
from tellverify.diagnostics.model import Diagnostic, Where
from tellverify.language.checks.walk import preorder
from tellverify.language.syntax import ast
from tellverify.model.predicate_text import PredicateFault, read_predicate
from tellverify.source.span import Span


def check_predicates(where: Where, protocol: ast.Protocol, source: str) -> Iterator[Diagnostic]:
    """The guards and loop conditions that are not predicates."""
    for body in (protocol.body, *(local.body for local in protocol.locals)):
        for statement in preorder(body):
            match statement:
                case ast.Choice(branches=branches):
                    for branch in branches:
                        if isinstance(branch.guard, ast.WhenPredicate):
                            text, place = branch.guard.text, branch.guard.span
                            yield from _judged(where, "the guard", text, place)
                case ast.Loop(ast.While(text), head=head):
                    start = max(source.find(f'"{text}"', head.start, head.end), head.start) + 1
                    place = Span(start, start + len(text))
                    yield from _judged(where, "the condition", text, place)
                case ast.Send() | ast.Broadcast() | ast.Par() | ast.Loop() | ast.Rec():
                    pass
                case ast.Continue() | ast.Call() | ast.Let() | ast.Case() | ast.Timeout():
                    pass
                case ast.OperationStatement():
                    pass


def _judged(where: Where, what: str, text: str, place: Span) -> Iterator[Diagnostic]:
    fault = read_predicate(text, place.start)
    if not isinstance(fault, PredicateFault):
        return
    shown = text if len(text) <= 60 else f"{text[:57]}..."
    if fault.is_limit:
        yield limits.unread_predicate(where, what, shown, fault.span, fault.text)
    else:
        yield say.predicate_shape(where, what, shown, fault.span, fault.text)
