"""Predicates of guards and loop conditions: their expressions, and their truth for given values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import TypeAlias

import msgspec

from tellverify.source.span import NOWHERE, Span

Value: TypeAlias = bool | int | str


class Sign(StrEnum):
    """The six comparisons."""

    EQUAL = "=="
    UNEQUAL = "!="
    LESS = "<"
    AT_MOST = "<="
    GREATER = ">"
    AT_LEAST = ">="


class Truth(msgspec.Struct, frozen=True, tag=True):
    """`true` or `false`"""

    value: bool
    span: Span = NOWHERE


class Number(msgspec.Struct, frozen=True, tag=True):
    """An integer literal."""

    value: int
    span: Span = NOWHERE


class Text(msgspec.Struct, frozen=True, tag=True):
    """A string literal, without quotes and escapes."""

    value: str
    span: Span = NOWHERE


class Opaque(msgspec.Struct, frozen=True, tag=True):
    """A literal whose values are not modelled: a fraction, a character, bytes, a huge integer."""

    text: str
    span: Span = NOWHERE


class Atom(msgspec.Struct, frozen=True, tag=True):
    """A path, field, index, call or macro call. The same `text` has the same value everywhere."""

    text: str
    span: Span = NOWHERE


class Not(msgspec.Struct, frozen=True, tag=True):
    """`!inner`"""

    inner: Operand
    span: Span = NOWHERE


class And(msgspec.Struct, frozen=True, tag=True):
    """`a && b && c`, two parts at least"""

    parts: tuple[Operand, ...]
    span: Span = NOWHERE


class Or(msgspec.Struct, frozen=True, tag=True):
    """`a || b || c`, two parts at least"""

    parts: tuple[Operand, ...]
    span: Span = NOWHERE


class Comparison(msgspec.Struct, frozen=True, tag=True):
    """`left sign right`"""

    left: Operand
    sign: Sign
    right: Operand
    span: Span = NOWHERE


Predicate: TypeAlias = Truth | Atom | Not | And | Or | Comparison
Operand: TypeAlias = Predicate | Number | Text | Opaque


def parts_of(operand: Operand) -> tuple[Operand, ...]:
    """The expressions directly inside one."""
    match operand:
        case Not(inner):
            return (inner,)
        case And(parts) | Or(parts):
            return parts
        case Comparison(left, _, right):
            return (left, right)
        case Truth() | Number() | Text() | Opaque() | Atom():
            return ()


def inside(operand: Operand) -> Iterator[Operand]:
    """The expression and all expressions in it, in source order."""
    stack = [operand]
    while stack:
        one = stack.pop()
        yield one
        stack.extend(reversed(parts_of(one)))


def atoms(operand: Operand) -> tuple[str, ...]:
    """The texts of the atoms, each once, in source order."""
    return tuple(dict.fromkeys(one.text for one in inside(operand) if isinstance(one, Atom)))


def conjuncts(operand: Operand) -> tuple[Operand, ...]:
    """The parts that must all hold."""
    found: list[Operand] = []
    stack = [operand]
    while stack:
        one = stack.pop()
        if isinstance(one, And):
            stack.extend(reversed(one.parts))
        else:
            found.append(one)
    return tuple(found)


def truth(operand: Operand, values: Mapping[str, Value]) -> bool | None:
    """Whether a predicate is true when its atoms have `values`; None if that does not tell.

    Kleene's three-valued logic: atoms without a value and opaque literals may be anything.
    """
    found = _value(operand, values)
    return None if found is None else bool(found)


def _value(operand: Operand, values: Mapping[str, Value]) -> Value | None:
    match operand:
        case Truth(value) | Number(value) | Text(value):
            return value
        case Atom(text):
            return values.get(text)
        case Opaque():
            return None
        case Not(inner):
            found = _value(inner, values)
            return None if found is None else not found
        case And(parts):
            return _joined(parts, values, False)
        case Or(parts):
            return _joined(parts, values, True)
        case Comparison(left, sign, right):
            one, other = _value(left, values), _value(right, values)
            return None if one is None or other is None else _compared(one, sign, other)


def _joined(parts: Sequence[Operand], values: Mapping[str, Value], decisive: bool) -> bool | None:
    """One `decisive` part decides; without any, one that is not known leaves it open."""
    found: bool | None = not decisive
    for part in parts:
        one = _value(part, values)
        if one is None:
            found = None
        elif bool(one) is decisive:
            return decisive
    return found


def _compared(left: Value, sign: Sign, right: Value) -> bool:
    same = left == right
    if isinstance(left, str) and isinstance(right, str):
        below = left < right
    else:
        below = not isinstance(left, str) and not isinstance(right, str) and left < right
    match sign:
        case Sign.EQUAL:
            return same
        case Sign.UNEQUAL:
            return not same
        case Sign.LESS:
            return below
        case Sign.AT_MOST:
            return below or same
        case Sign.GREATER:
            return not below and not same
        case Sign.AT_LEAST:
            return not below
