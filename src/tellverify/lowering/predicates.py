"""The shape of predicates: what may stand in `when (...)` and in `loop while "..."`.

Comparisons of atoms, joined by `&&`, `||`, `!` and parentheses. An atom is a path, field, index,
call, macro call or literal; a literal that is no truth value is an operand only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from tellverify.diagnostics.build import declarations as say
from tellverify.diagnostics.build.where import Where
from tellverify.diagnostics.model import Diagnostic
from tellverify.lowering.walk import preorder
from tellverify.source.span import Span
from tellverify.syntax import ast

_TOKEN: Final = re.compile(
    r'\s*(?:(?P<literal>\d[\w.]*|"[^"]*"|\'[^\']\')|(?P<name>[A-Za-z_]\w*)'
    r"|(?P<sign>&&|\|\||==|!=|<=|>=|<<|>>|::|\.\.|[^\s]))"
)
_COMPARISONS: Final = ("==", "!=", "<=", ">=", "<", ">")
_OPENING: Final = {"(": ")", "[": "]", "{": "}"}
_EXPRESSIONS: Final = ("if", "match", "loop", "while", "for", "let", "return", "unsafe", "move")


class Fault(NamedTuple):
    """What is wrong with a predicate, and where in its text."""

    text: str
    start: int
    end: int


class _Token(NamedTuple):
    kind: str
    text: str
    start: int
    end: int


class _Group:
    """What is known inside one pair of parentheses."""

    __slots__ = ("compared", "literal")

    def __init__(self) -> None:
        self.compared = False
        self.literal: _Token | None = None


def check_predicates(where: Where, protocol: ast.Protocol, source: str) -> Iterator[Diagnostic]:
    """The guards and loop conditions that are no predicates."""
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
                case _:
                    pass


def _judged(where: Where, what: str, text: str, place: Span) -> Iterator[Diagnostic]:
    fault = shape_fault(text)
    if fault is not None:
        span = Span(place.start + fault.start, place.start + fault.end)
        shown = text if len(text) <= 60 else f"{text[:57]}..."
        yield say.predicate_shape(where, what, shown, span, fault.text)


def shape_fault(text: str) -> Fault | None:
    """The first thing that keeps `text` from being a predicate."""
    tokens = [
        _Token(
            match.lastgroup or "", match[match.lastgroup or 0], *match.span(match.lastgroup or 0)
        )
        for match in _TOKEN.finditer(text)
    ]
    groups = [_Group()]
    index = 0
    wants_operand = True
    fault: Fault | str | None
    while index < len(tokens):
        token = tokens[index]
        if wants_operand:
            index, fault, wants_operand = _operand(tokens, index, groups)
        else:
            index, fault, wants_operand = _operator(token, index, groups)
        if fault is not None:
            return fault if isinstance(fault, Fault) else Fault(fault, token.start, token.end)
    if wants_operand:
        last = tokens[-1] if tokens else _Token("", "", 0, 0)
        return Fault("it ends too early", last.start, last.end)
    if len(groups) > 1:
        return Fault("a parenthesis is not closed", 0, len(text))
    return _no_condition(groups[-1])


def _operand(
    tokens: Sequence[_Token], index: int, groups: list[_Group]
) -> tuple[int, str | None, bool]:
    """The next place, a fault, and whether an operand is still wanted."""
    token = tokens[index]
    group = groups[-1]
    if token.text == "!":
        return index + 1, None, True
    if token.text == "(":
        groups.append(_Group())
        return index + 1, None, True
    if token.kind == "literal":
        if not group.compared:
            group.literal = token
        return index + 1, None, False
    if token.kind == "name" and token.text not in _EXPRESSIONS:
        end = _behind_atom(tokens, index + 1)
        return (index, "a bracket is not closed", True) if end < 0 else (end, None, False)
    if token.kind == "name":
        return index, f"`{token.text}` begins no condition", True
    return index, f"`{token.text}` stands where a value is expected", True


def _behind_atom(tokens: Sequence[_Token], index: int) -> int:
    """The place behind fields, calls and indexes; -1 when a bracket does not end."""
    while index < len(tokens):
        text = tokens[index].text
        following = tokens[index + 1].text if index + 1 < len(tokens) else ""
        if text in (".", "::") and following:
            index += 2
        elif text == "!" and following in _OPENING:
            index += 1
        elif text in ("(", "[") or (text == "{" and tokens[index - 1].text == "!"):
            depth = 0
            while index < len(tokens):
                depth += (tokens[index].text in _OPENING) - (tokens[index].text in ")]}")
                index += 1
                if depth == 0:
                    break
            else:
                return -1
        else:
            break
    return index


def _operator(
    token: _Token, index: int, groups: list[_Group]
) -> tuple[int, Fault | str | None, bool]:
    group = groups[-1]
    if token.text in _COMPARISONS:
        if group.compared:
            return index, "comparisons do not chain", False
        group.compared, group.literal = True, None
        return index + 1, None, True
    if token.text in ("&&", "||"):
        fault = _no_condition(group)
        groups[-1] = _Group()
        return index + 1, fault, True
    if token.text == ")" and len(groups) > 1:
        groups.pop()
        outer = groups[-1]
        if not outer.compared:
            outer.literal = group.literal
        return index + 1, None, False
    if token.text in ("+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>"):
        return index, f"`{token.text}` is arithmetic", False
    return index, f"`{token.text}` joins no conditions", False


def _no_condition(group: _Group) -> Fault | None:
    literal = group.literal
    if literal is None:
        return None
    return Fault(f"`{literal.text}` is no truth value", literal.start, literal.end)
