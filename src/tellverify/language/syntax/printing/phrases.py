"""The parts of a line in canonical spelling: roles, records, messages, types, expressions."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final, assert_never

from tellverify.language.syntax import ast

_QUIET: Final = re.compile(r'"[^"]*"|\{-(?s:.)*?-\}|(--[^\r\n]*)')


def names(words: Iterable[ast.Name]) -> str:
    """Names with commas between them."""
    return ", ".join(word.text for word in words)


# Roles


def index(value: ast.Index | None) -> str:
    """The index of a role with its brackets; empty without one."""
    match value:
        case None:
            return ""
        case ast.AnyIndex():
            return "[*]"
        case ast.ConstIndex(value=number):
            return f"[{number}]"
        case ast.NameIndex(name=name):
            return f"[{name}]"
        case ast.RangeIndex(low=low, high=high):
            return f"[{low}..{high}]"


def role(value: ast.RoleRef) -> str:
    """A role where it is used."""
    return value.name.text + index(value.index)


def roles(declared: Iterable[ast.RoleDecl]) -> str:
    """Declared roles with commas between them."""
    return ", ".join(one.name.text + index(one.size) for one in declared)


# Records and messages


def value(given: ast.Value) -> str:
    """The value of an entry."""
    match given:
        case ast.TextValue(text=text):
            return f'"{text}"'
        case ast.DurationValue():
            return duration(given)
        case ast.IntsValue(values=numbers):
            return f"[{', '.join(map(str, numbers))}]"
        case ast.NamesValue(names=words):
            return f"({', '.join(words)})"
        case ast.IntValue(value=number):
            return str(number)
        case ast.WordValue(word=word):
            return word


def duration(given: ast.DurationValue) -> str:
    """`5s`"""
    return f"{given.amount}{given.unit}"


def entries(record: ast.Record) -> list[str]:
    """Each `key : value`."""
    return [f"{entry.key.text} : {value(entry.value)}" for entry in record.entries]


def opaque(text: str) -> str:
    """Opaque text such that a closing bracket may follow it."""
    if "--" in text:
        last = deque(_QUIET.finditer(text), 1)
        if last and last[0][1] and last[0].end() == len(text):
            return f"{text}\n"
    return text


def braced(text: str) -> str:
    """Opaque text in braces."""
    if not text:
        return "{}"
    inner = opaque(text)
    return f"{{ {inner}}}" if inner.endswith("\n") else f"{{ {inner} }}"


def message(given: ast.Message) -> str:
    """A label with its type and its payload."""
    parts = [given.label.text]
    if given.type is not None:
        parts.append(f" of {type_path(given.type)}")
    if given.bracket == "(":
        parts.append(f"({opaque(given.payload)})")
    elif given.bracket:
        parts.append(f" {braced(given.payload)}")
    return "".join(parts)


def type_path(given: ast.TypePath) -> str:
    """`a.b.Box<c.D>`"""
    out: list[str] = []
    todo: list[ast.TypePath | str] = [given]
    while todo:
        part = todo.pop()
        if isinstance(part, str):
            out.append(part)
            continue
        out.append(".".join(part.parts))
        if part.arguments:
            out.append("<")
            todo.append(">")
            _push_list(todo, part.arguments)
    return "".join(out)


def _push_list(todo: list[ast.TypePath | str], parts: Sequence[ast.TypePath]) -> None:
    for place in range(len(parts) - 1, -1, -1):
        todo.append(parts[place])
        if place:
            todo.append(", ")


def type_expression(given: ast.TypeExpression) -> str:
    """A type of a declaration."""
    out: list[str] = []
    todo = [given]
    while todo:
        part = todo.pop()
        match part.constructor:
            case "record":
                out.append(braced(part.text))
            case "path":
                out.append(part.text)
            case _:
                out.append(part.constructor)
                todo.extend(reversed(part.arguments))
    return " ".join(out)


# Expressions and guards


def atoms(given: Sequence[ast.Atom]) -> str:
    """Arguments in their parentheses."""
    out: list[str] = []
    todo: list[ast.Atom | str] = []
    _push_atoms(todo, given)
    while todo:
        part = todo.pop()
        match part:
            case str():
                out.append(part)
            case ast.Path(parts=parts):
                out.append(".".join(parts))
            case ast.TextAtom(text=text):
                out.append(f'"{text}"')
            case ast.IntAtom(value=number):
                out.append(str(number))
            case ast.EffectCall(effect=effect, operation=operation, arguments=arguments):
                out.append(f"{effect.text}.{operation.text}")
                _push_atoms(todo, arguments)
    return "".join(out)


def _push_atoms(todo: list[ast.Atom | str], given: Sequence[ast.Atom]) -> None:
    todo.append(")")
    for place in range(len(given) - 1, -1, -1):
        todo.append(given[place])
        if place:
            todo.append(", ")
    todo.append("(")


def call(given: ast.EffectCall) -> str:
    """`E.op(args)`"""
    return f"{given.effect.text}.{given.operation.text}{atoms(given.arguments)}"


def path(given: ast.Path | None) -> str:
    """A path in parentheses; empty without one."""
    return "" if given is None else f"({'.'.join(given.parts)})"


def expression(given: ast.Expression) -> str:
    """The right-hand side of a `let`."""
    match given:
        case ast.Check(call=inner):
            return f"check {call(inner)}"
        case ast.Observe(call=inner):
            return f"observe {call(inner)}"
        case ast.Transfer(asset=asset, source=source, target=target):
            return f"transfer {asset.text} from {role(source)} to {role(target)}"
        case ast.Construct(constructor=constructor, argument=argument):
            return constructor.text + path(argument)
        case ast.Apply(function=function, arguments=arguments):
            return function.text + atoms(arguments)
        case ast.Path(parts=parts):
            return ".".join(parts)


def guard(given: ast.Guard | None) -> str:
    """` when ...`; empty without a guard."""
    match given:
        case None:
            return ""
        case ast.WhenPredicate(text=text):
            return f" when ({opaque(text)})"
        case ast.WhenCheck(call=inner, witness=witness):
            return f" when check {call(inner)} yields {witness.text}"


def progress(given: ast.Progress | None) -> str:
    """` progress ...`; empty without a contract."""
    if given is None:
        return ""
    parts = [f" progress {given.contract.text}"]
    for word, name in (
        ("requires", given.requires),
        ("within", given.within),
        ("on timeout =>", given.on_timeout),
        ("on stall =>", given.on_stall),
    ):
        if name is not None:
            parts.append(f" {word} {name.text}")
    return "".join(parts)


# Statements of one line


def simple(statement: ast.Statement) -> str:
    """A statement without a body. Raises TypeError for one that has bodies or a record."""
    match statement:
        case ast.Continue(name=name):
            return f"continue {name.text}"
        case ast.Call(name=name):
            return f"call {name.text}"
        case ast.Let(body=None, name=name, value=bound):
            return f"{let_head(statement.mode)} {name.text} = {expression(bound)}"
        case ast.Send() | ast.Broadcast() | ast.Choice() | ast.Par() | ast.Loop() | ast.Rec():
            return _of_operations(statement)
        case ast.Let() | ast.Case() | ast.Timeout() | ast.OperationStatement():
            return _of_operations(statement)


def let_head(mode: str) -> str:
    """`let` with the word before it."""
    return f"{mode} let" if mode else "let"


def _of_operations(statement: ast.Statement) -> str:
    match statement:
        case ast.Begin(name=name, arguments=arguments, progress=contract):
            return f"begin {name.text}{atoms(arguments) if arguments else ''}{progress(contract)}"
        case ast.Await(name=name):
            return f"await {name.text}"
        case ast.Resolve(name=name, result=result, argument=argument):
            return f"resolve {name.text} as {result.text}{path(argument)}"
        case ast.Invalidate(name=name):
            return f"invalidate {name.text}"
        case ast.Publish(name=name, argument=argument):
            return f"publish {name.text}{path(argument)}"
        case ast.PublishAs(witness=witness, publication=publication):
            return f"publish {witness.text} as {publication.text}"
        case ast.Materialize(proof=proof, publication=publication):
            return f"materialize {proof.text} from {publication.text}"
        case ast.Handoff(operation=operation, target=target, receipt=receipt):
            return f"handoff {operation.text} to {role(target)} with {receipt.text}"
        case ast.DependentWork(name=name, goal=goal, argument=argument):
            return f"dependent work {name.text}{path(argument)} required for {goal.text}"
        case ast.Send() | ast.Broadcast() | ast.Choice() | ast.Par() | ast.Loop() | ast.Rec():
            raise TypeError(f"not a statement of one line: {statement!r}")
        case ast.Continue() | ast.Call() | ast.Let() | ast.Case() | ast.Timeout():
            raise TypeError(f"not a statement of one line: {statement!r}")
        case unreachable:
            assert_never(unreachable)
