"""Where statements mention bound names: real uses of a receipt, and those that Telltale counts.

Real uses are identifiers. A receipt is consumed by a `handoff` with it, by a message that carries
it, by `transfer`, `dependent work` and `case` on it, by an argument of a check, observation,
call or constructor, by `let y = x` (it moves to `y`, which is not followed further), and by
arguments of `begin` and `resolve`, which put it into the hands of an operation. Publishing a
receipt and naming it in a guard do not consume it. Sender records, message labels and names of
operations, roles and goals are not mentions. A local protocol is a separate text: names of the
caller are not known in it, and a `call` consumes nothing.

Telltale looks for the letters of the name instead, in the texts of the same statements, in type
paths, and in the names of operations, roles and goals; it looks neither at `begin` and `resolve`
nor at published names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from tellverify.language.checks.walk import role_text
from tellverify.language.syntax import ast
from tellverify.source.span import Span

_TOKEN: Final = re.compile(r'"[^"]*"|\'[^\']\'|\d[\w.]*|([A-Za-z_]\w*)|::|\.\.|\.|\S')


class Mention(NamedTuple):
    """A name at a place. `counted`: Telltale looks for uses there."""

    name: str
    span: Span
    counted: bool = True


class ReceiptText(NamedTuple):
    """A text in which Telltale looks for uses; `exact`: the text must be the name."""

    text: str
    span: Span
    exact: bool = False


def words(text: str) -> Iterator[tuple[str, int]]:
    """The free names of opaque text with their offsets: no fields, path parts, keys or calls."""
    before = ""
    pending: tuple[str, int] | None = None
    for token in _TOKEN.finditer(text):
        written = token[0]
        if pending is not None and written not in ("::", "(", "!", ":"):
            yield pending
        name = token[1]
        pending = (name, token.start()) if name and before not in (".", "::") else None
        before = written
    if pending is not None:
        yield pending


def consumed(statement: ast.Statement, source: str) -> Iterator[Mention]:
    """The names whose receipt `statement` itself would consume, in the order of the source."""
    match statement:
        case ast.Send(message=message) | ast.Broadcast(message=message):
            yield from _in_payload(message, source)
        case ast.Let(value=value) | ast.Case(scrutinee=value):
            yield from in_expression(value)
        case ast.Handoff(receipt=receipt):
            yield Mention(receipt.text, receipt.span)
        case ast.DependentWork(argument=argument):
            yield from _path(argument)
        case ast.Begin(arguments=arguments):
            yield from _atoms(arguments, False)
        case ast.Resolve(argument=argument):
            yield from _path(argument, False)
        case ast.Choice() | ast.Par() | ast.Loop() | ast.Rec() | ast.Continue() | ast.Call():
            pass
        case ast.Timeout() | ast.Await() | ast.Invalidate() | ast.Publish() | ast.PublishAs():
            pass
        case ast.Materialize():
            pass


def _in_payload(message: ast.Message, source: str) -> Iterator[Mention]:
    if message.bracket:
        start = payload_start(message, source)
        for word, offset in words(message.payload):
            yield Mention(word, Span(start + offset, start + offset + len(word)))


def payload_start(message: ast.Message, source: str) -> int:
    """Where the payload of a message begins in the source."""
    start = source.find(message.payload, message.label.span.end + 1, message.span.end)
    return max(start, message.label.span.start)


def in_expression(value: ast.Expression) -> Iterator[Mention]:
    """The names that evaluating an expression uses."""
    match value:
        case ast.Check(call) | ast.Observe(call):
            yield from _atoms(call.arguments, True)
        case ast.Transfer(asset):
            yield Mention(asset.text, asset.span)
        case ast.Construct(argument=argument):
            yield from _path(argument)
        case ast.Apply(arguments=arguments):
            yield from _atoms(arguments, True)
        case ast.Path():
            yield from _path(value)


def _path(path: ast.Path | None, counted: bool = True) -> Iterator[Mention]:
    if path is not None:
        yield Mention(path.parts[0], path.span, counted)


def _atoms(atoms: tuple[ast.Atom, ...], counted: bool) -> Iterator[Mention]:
    pending = list(reversed(atoms))
    while pending:
        atom = pending.pop()
        match atom:
            case ast.EffectCall(arguments=arguments):
                pending.extend(reversed(arguments))
            case ast.Path():
                yield from _path(atom, counted)
            case ast.TextAtom() | ast.IntAtom():
                pass


def counted_texts(statement: ast.Statement) -> Iterator[ReceiptText]:
    """The texts of `statement` itself in which Telltale looks for the names of receipts."""
    match statement:
        case ast.Send(message=message) | ast.Broadcast(message=message):
            if message.bracket:
                yield ReceiptText(message.payload, message.span)
            elif message.type is not None:
                yield ReceiptText(_type_text(message.type), message.type.span)
        case ast.Let(value=value):
            yield from _expression_texts(value)
        case ast.Case(scrutinee):
            yield from _expression_texts(scrutinee)
        case ast.Handoff(operation, target, receipt):
            yield ReceiptText(operation.text, operation.span)
            yield ReceiptText(role_text(target), target.span)
            yield ReceiptText(receipt.text, receipt.span)
        case ast.DependentWork(goal=goal, argument=argument):
            if argument is not None:
                yield ReceiptText(".".join(argument.parts), argument.span)
            yield ReceiptText(goal.text, goal.span)
        case ast.Choice() | ast.Par() | ast.Loop() | ast.Rec() | ast.Continue() | ast.Call():
            pass
        case ast.Timeout() | ast.Begin() | ast.Await() | ast.Resolve() | ast.Invalidate():
            pass
        case ast.Publish() | ast.PublishAs() | ast.Materialize():
            pass


def _type_text(path: ast.TypePath) -> str:
    parts: list[str] = []
    pending = [path]
    while pending:
        each = pending.pop()
        parts.append("::".join(each.parts))
        pending.extend(reversed(each.arguments))
    return " ".join(parts)


def _expression_texts(value: ast.Expression) -> Iterator[ReceiptText]:
    match value:
        case ast.Check(call) | ast.Observe(call):
            yield from _atom_texts(call.arguments)
        case ast.Transfer(asset, source, target):
            yield ReceiptText(asset.text, asset.span)
            yield ReceiptText(role_text(source), source.span)
            yield ReceiptText(role_text(target), target.span)
        case ast.Construct(argument=argument):
            if argument is not None:
                yield ReceiptText(".".join(argument.parts), argument.span)
        case ast.Apply(arguments=arguments):
            yield from _atom_texts(arguments)
        case ast.Path(parts, span):
            yield ReceiptText(".".join(parts), span, True)


def _atom_texts(atoms: tuple[ast.Atom, ...]) -> Iterator[ReceiptText]:
    pending = list(reversed(atoms))
    while pending:
        atom = pending.pop()
        match atom:
            case ast.EffectCall(effect, operation, arguments):
                yield ReceiptText(f"{effect.text}.{operation.text}", effect.span.to(operation.span))
                pending.extend(reversed(arguments))
            case ast.Path(parts, span):
                yield ReceiptText(".".join(parts), span)
            case ast.TextAtom(text, span):
                yield ReceiptText(text, span)
            case ast.IntAtom(value, span):
                yield ReceiptText(str(value), span)
