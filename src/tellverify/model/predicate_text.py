"""The text of a guard or loop condition as an expression, or what keeps it from being one.

Comparisons of atoms, joined by `&&`, `||`, `!` and parentheses. An atom is a path, field, index,
call, macro call or literal; a literal that is no truth value is an operand only. Tokens and
precedence are those of Rust, in which Telltale reads predicates.
"""

from __future__ import annotations

import re
from typing import Final, TypeAlias

import msgspec

from tellverify.model.predicate import (
    And,
    Atom,
    Comparison,
    Not,
    Number,
    Opaque,
    Operand,
    Or,
    Predicate,
    Sign,
    Text,
    Truth,
)
from tellverify.source.precedence import END, PrecedenceReader, Token, scan
from tellverify.source.span import Span

MAX_NESTING: Final = 64
# Quotes that nothing closes take time with the square of the length.
MAX_LENGTH: Final = 10_000

_TOKEN: Final = re.compile(
    r'\s*(?:(?P<literal>(?:[bcr]|br)?"(?:[^"\\]|\\.)*"|b?\'(?:[^\'\\]|\\[^\']+|\\\')\''
    r"|\d[\d_]*(?:\.\d[\d_]*)?[eE][+-]?\d\w*|\d\w*(?:\.\d\w*)?)"
    r"|(?P<name>[^\W\d]\w*)"
    r"|(?P<sign>&&|\|\||==|!=|<=|>=|<<|>>|::|\.\.|=>|->|\S))",
    re.DOTALL,
)
_INTEGER: Final = re.compile(
    r"(0x[0-9a-fA-F_]+?|0o[0-7_]+|0b[01_]+|[0-9][0-9_]*)(?:[iu](?:8|16|32|64|128|size))?"
)
_ESCAPE: Final = re.compile(r"\\(?:u\{([0-9a-fA-F_]{1,8})\}|x([0-7][0-9a-fA-F])|(.))", re.DOTALL)
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", "0": "\0", "'": "'", '"': '"'}
_SIGNS: Final = {sign.value: sign for sign in Sign}
_OPENING: Final = ("(", "[", "{")
_CLOSING: Final = (")", "]", "}")
_OR, _AND, _COMPARISON = 1, 2, 3
_BEGIN_NO_CONDITION: Final = frozenset(
    ("if", "match", "loop", "while", "for", "let", "return", "unsafe", "move", "async", "break")
)
_ARITHMETIC: Final = frozenset(("+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>"))
# Longer digit strings are not even converted: conversion takes time with the square of the length.
_MAX_DIGITS: Final = 200
_LARGEST: Final = 2**128


class PredicateFault(msgspec.Struct, frozen=True):
    """An error in a predicate, and its place.

    `is_limit`: nothing may be wrong, but the text is nested too deep to be read.
    """

    text: str
    span: Span
    is_limit: bool = False


Reading: TypeAlias = Predicate | PredicateFault


class _Stop(Exception):
    """Ends the reading at a fault."""

    def __init__(self, fault: PredicateFault) -> None:
        self.fault = fault


def read_predicate(text: str, offset: int = 0) -> Reading:
    """The predicate that `text` is; spans are shifted by `offset`, where the text begins."""
    if len(text) > MAX_LENGTH:
        why = f"it is longer than {MAX_LENGTH} characters"
        return PredicateFault(why, Span(offset, offset + len(text)), True)
    tokens = scan(_TOKEN, text, offset=offset).tokens  # every sign is a token
    if len(tokens) == 1:
        return PredicateFault("it is empty", Span(offset, offset + len(text)))
    try:
        return _PredicateReader(tokens, MAX_NESTING).predicate()
    except _Stop as stop:
        return stop.fault


class _PredicateReader(PrecedenceReader[Operand]):
    """By precedence; the depth follows parentheses."""

    def predicate(self) -> Predicate:
        """All tokens as one predicate."""
        found = self._condition(self.expression())
        if self.here.kind != END:
            raise self._no_operator()
        return found

    def too_deep(self) -> _Stop:
        why = f"it is nested more than {MAX_NESTING} deep"
        return _Stop(PredicateFault(why, self.here.span, True))

    def _fault(self, text: str, token: Token) -> _Stop:
        return _Stop(PredicateFault(text, token.span))

    def _no_operator(self) -> _Stop:
        token = self.here
        if token.text in _SIGNS:
            return self._fault("comparisons do not chain", token)
        if token.text in _ARITHMETIC:
            return self._fault(f"`{token.text}` is arithmetic", token)
        if token.text == "=":
            return self._fault("`=` compares nothing", token)
        return self._fault(f"`{_shown(token.text)}` joins no conditions", token)

    def _condition(self, operand: Operand) -> Predicate:
        match operand:
            case Number() | Text() | Opaque():
                first = next(t for t in self._tokens if t.start == operand.span.start)
                raise self._fault(f"`{_shown(first.text)}` is no truth value", first)
            case Truth() | Atom() | Not() | And() | Or() | Comparison():
                return operand

    def joined(self, left: Operand, least: int) -> Operand | None:
        text = self.here.text
        if text == "||" and least <= _OR:
            parts = self._parts(left, "||", _AND)
            return Or(parts, parts[0].span.to(parts[-1].span))
        if text == "&&" and least <= _AND:
            parts = self._parts(left, "&&", _COMPARISON)
            return And(parts, parts[0].span.to(parts[-1].span))
        if text not in _SIGNS or least > _COMPARISON:
            return None
        self.advance()
        right = self.operand()
        if self.here.text in _SIGNS:
            raise self._no_operator()
        return Comparison(left, _SIGNS[text], right, left.span.to(right.span))

    def _parts(self, first: Operand, sign: str, least: int) -> tuple[Operand, ...]:
        parts: list[Operand] = [self._condition(first)]
        while self.has(sign):
            parts.append(self._condition(self.expression(least)))
        return tuple(parts)

    def operand(self) -> Operand:
        first = self.here
        count = 0
        while self.has("!"):
            count += 1
        operand = self._value()
        if not count:
            return operand
        inner = self._condition(operand)
        return Not(inner, Span(first.start, inner.span.end)) if count % 2 else inner

    def _value(self) -> Operand:
        token = self.here
        if token.kind == END:
            raise self._fault("it ends too early", self.peek(-1))
        if token.text == "(":
            return self._group(token)
        if token.kind == "literal":
            self._at += 1
            return self._behind(self._at - 1, _literal(token))
        if token.kind == "name" and token.text not in _BEGIN_NO_CONDITION:
            self._at += 1
            truth = Truth(token.text == "true", token.span)
            named = truth if token.text in ("true", "false") else None
            return self._behind(self._at - 1, named or Atom(token.text, truth.span))
        if token.kind == "name":
            raise self._fault(f"`{token.text}` does not begin a condition", token)
        raise self._fault(f"`{_shown(token.text)}` stands where a value is expected", token)

    def _group(self, opening: Token) -> Operand:
        self.enter()
        first = self._at
        self.advance()
        inner = self.expression()
        if self.here.kind == END:
            raise self._fault("a parenthesis is not closed", opening)
        if not self.has(")"):
            raise self._no_operator()
        self.leave()
        return self._behind(first, inner)

    def _behind(self, first: int, operand: Operand) -> Operand:
        """`operand` itself, or the atom that fields, calls and indexes behind it make of it."""
        start = self._at
        while self.here.kind != END:
            text, ahead = self.here.text, self.peek(1)
            if text in (".", "::") and self._may_follow(text, ahead):
                self._at += 2
                if ahead.text == "<":
                    self._at -= 1
                    self._bracket("<", ">")
            elif text in ("(", "["):
                self._bracket(text, _CLOSING[_OPENING.index(text)])
            elif text == "!" and ahead.text in _OPENING:
                self._at += 1
                self._bracket(ahead.text, _CLOSING[_OPENING.index(ahead.text)])
            else:
                break
        if self._at == start:
            return operand
        made = self._tokens[first : self._at]
        return Atom(_joined(made), Span(made[0].start, made[-1].end))

    def _may_follow(self, text: str, ahead: Token) -> bool:
        if text == "::":
            return ahead.kind == "name" or ahead.text == "<"
        return ahead.kind == "name" or ahead.text[:1].isdigit()

    def _bracket(self, opening: str, closing: str) -> None:
        """Go behind the bracket that begins here."""
        begin = self.here
        depth = 0
        while self.here.kind != END:
            text = self.advance().text
            if opening == "<":
                depth += (text == "<") - (text == ">") - 2 * (text == ">>")
            else:
                depth += (text in _OPENING) - (text in _CLOSING)
            if depth <= 0:
                return
        raise self._fault("a bracket is not closed", begin)


def _joined(tokens: list[Token]) -> str:
    """The tokens in a form that does not depend on blanks in the source."""
    parts: list[str] = []
    before: Token | None = None
    for token in tokens:
        if before is not None and (
            before.text == "," or (before.kind != "sign" and token.kind != "sign")
        ):
            parts.append(" ")
        parts.append(token.text)
        before = token
    return "".join(parts)


def _literal(token: Token) -> Operand:
    span = token.span
    if token.text[0] == '"':
        value = _unescaped(token.text[1:-1])
        return Opaque(token.text, span) if value is None else Text(value, span)
    match = _INTEGER.fullmatch(token.text)
    if match is None or len(token.text) > _MAX_DIGITS:
        return Opaque(token.text, span)
    digits = match[1].replace("_", "")
    base = {"0x": 16, "0o": 8, "0b": 2}.get(digits[:2], 10)
    try:
        number = int(digits, base)
    except ValueError:  # no digit behind the prefix
        return Opaque(token.text, span)
    return Number(number, span) if number < _LARGEST else Opaque(token.text, span)


def _unescaped(text: str) -> str | None:
    """The characters that the inside of a string literal stands for; None if that is unknown."""
    parts: list[str] = []
    end = 0
    for match in _ESCAPE.finditer(text):
        parts.append(text[end : match.start()])
        end = match.end()
        code = match[1] or match[2]
        if code:
            digits = code.replace("_", "")
            number = int(digits, 16) if digits else 0x110000
            if number > 0x10FFFF or 0xD800 <= number < 0xE000:
                return None
            parts.append(chr(number))
        elif match[3] in _ESCAPES:
            parts.append(_ESCAPES[match[3]])
        else:
            return None
    parts.append(text[end:])
    return "".join(parts)


def _shown(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}..."


__all__ = ["MAX_NESTING", "PredicateFault", "Reading", "read_predicate"]
