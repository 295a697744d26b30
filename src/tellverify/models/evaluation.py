"""Typed expressions evaluated on values, to judge counterexamples.

Numbers and truth values are Python's, sets frozensets, maps and records dictionaries, lists tuples.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from itertools import chain, combinations, product
from typing import Final, TypeAlias

from tellverify.models.expressions import (
    BinaryExpression,
    CallExpression,
    ConditionalExpression,
    ConstantExpression,
    Enum,
    Expression,
    FieldExpression,
    Integer,
    Lambda,
    ListOf,
    MapOf,
    NameExpression,
    Nat,
    Negation,
    NumberExpression,
    Quoted,
    RecordExpression,
    RecordOf,
    SetOf,
    TruthExpression,
    Type,
)
from tellverify.models.extents import TooLarge

Value: TypeAlias = (
    "int | bool | frozenset[int] | tuple[int, ...] | dict[int, Value] | dict[str, Value]"
)
Scope: TypeAlias = Mapping[str, Value]
_MOST_DIGITS: Final = 100
_LARGEST: Final = 10**_MOST_DIGITS
_SIGNS: Final[dict[str, Callable[..., Value]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "min": min,
    "max": max,
    "union": operator.or_,
    "intersection": operator.and_,
    "difference": operator.sub,
    "concat": operator.add,
    "has": operator.contains,
    "size": len,
    "remove": lambda found, one: found - {one},
    "length": len,
    "sorted_unique": lambda items: tuple(sorted(set(items))),
    "empty set": lambda size: frozenset(),
    "empty map": lambda size, zero: {},
    "empty list": lambda size: (),
    "full set": lambda size: frozenset(range(size)),
}


def evaluate(expression: Expression, scope: Scope) -> Value:
    """The value of a typed expression, with the values of its variables.

    Raises TooLarge for numbers of more than 100 digits.
    """
    match expression:
        case NumberExpression(value, _) | ConstantExpression(value, _):
            return value
        case NameExpression(name, _):
            return scope[name]
        case FieldExpression(inner, name, _):
            return _fields(evaluate(inner, scope))[name]
        case RecordExpression(fields, base, _):
            changed = {name: evaluate(value, scope) for name, value in fields}
            return {**(_fields(evaluate(base, scope)) if base is not None else {}), **changed}
        case ConditionalExpression(condition, then, otherwise, _):
            return evaluate(then if evaluate(condition, scope) else otherwise, scope)
        case Negation(inner, _):
            return not evaluate(inner, scope)
        case BinaryExpression("and", left, right, _):
            return bool(evaluate(left, scope)) and bool(evaluate(right, scope))
        case BinaryExpression("or", left, right, _):
            return bool(evaluate(left, scope)) or bool(evaluate(right, scope))
        case BinaryExpression(sign, left, right, _):
            return _limited(_SIGNS[sign](evaluate(left, scope), evaluate(right, scope)))
        case CallExpression():
            return _called(expression, scope)
        case Quoted() | Lambda():
            raise TypeError(type(expression).__name__)


def _limited(value: Value) -> Value:
    if isinstance(value, int) and not -_LARGEST < value < _LARGEST:
        raise TooLarge(f"numbers grow longer than {_MOST_DIGITS} digits")
    return value


def _called(expression: CallExpression, scope: Scope) -> Value:
    match expression.arguments:
        case (found, index, universe) if expression.function == "insert":
            one = evaluate(index, scope)
            return _elements(evaluate(found, scope), one, evaluate(universe, scope))
        case (left, right, Lambda() as join):
            first, second = evaluate(left, scope), evaluate(right, scope)
            return _merged(expression.function, first, second, join, scope)
        case arguments:
            return _SIGNS[expression.function](*[evaluate(one, scope) for one in arguments])


def _fields(value: Value) -> dict[str, Value]:
    if not isinstance(value, dict):
        raise TypeError("no record")
    return {str(key): part for key, part in value.items()}


def _elements(value: Value, one: Value, universe: Value) -> Value:
    """A set with one more element, if the universe has it."""
    if (
        not isinstance(value, frozenset)
        or not isinstance(one, int)
        or not isinstance(universe, int)
    ):
        raise TypeError("no set")
    return value | {one} if one in range(universe) else value


def _keys(value: Value) -> dict[int, Value]:
    if not isinstance(value, dict):
        raise TypeError("no map")
    return {int(key): part for key, part in value.items()}


def _merged(function: str, left: Value, right: Value, join: Lambda, scope: Scope) -> Value:
    first, second = _keys(left), _keys(right)
    merged: dict[int, Value] = {} if function == "intersect_with" else {**first, **second}
    for key in sorted(first.keys() & second.keys()):
        inner = {**scope, join.left: first[key], join.right: second[key]}
        merged[key] = evaluate(join.body, inner)
    return merged


def values_of(kind: Type, largest: int) -> list[Value]:
    """All values of a type, with numbers up to `largest`; for exhaustive comparison."""
    match kind:
        case Nat():
            return list(range(largest + 1))
        case Integer():
            return list(range(-largest, largest + 1))
        case TruthExpression():
            return [False, True]
        case Enum(names):
            return list(range(len(names)))
        case SetOf(size):
            chosen = chain.from_iterable(combinations(range(size), n) for n in range(size + 1))
            return [frozenset(some) for some in chosen]
        case MapOf(size, of):
            one: list[Value | None] = [None, *values_of(of, largest)]
            return [
                {key: part for key, part in enumerate(parts) if part is not None}
                for parts in product(one, repeat=size)
            ]
        case ListOf(size):
            items = range(largest + 1)
            return [some for n in range(size + 1) for some in product(items, repeat=n)]
        case RecordOf(fields):
            keys = [name for name, _ in fields]
            return [
                dict(zip(keys, parts, strict=True))
                for parts in product(*(values_of(of, largest) for _, of in fields))
            ]


def shown(value: Value, kind: Type) -> str:
    """A value in words, as the language writes it."""
    match kind, value:
        case TruthExpression(), _:
            return "true" if value else "false"
        case Enum(names), int():
            return f"'{names[value]}'"
        case RecordOf(fields), dict():
            parts = _fields(value)
            return "{" + ", ".join(f"{name}: {shown(parts[name], of)}" for name, of in fields) + "}"
        case MapOf(_, of), dict():
            entries = sorted(_keys(value).items())
            return "{" + ", ".join(f"{key} => {shown(part, of)}" for key, part in entries) + "}"
        case SetOf(), frozenset():
            return "{" + ", ".join(map(str, sorted(value))) + "}"
        case ListOf(), tuple():
            return "[" + ", ".join(map(str, value)) + "]"
        case _:
            return str(value)
