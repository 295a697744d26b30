"""The size of a type and the work of an expression, measured before either is used."""

from __future__ import annotations

from typing import Final

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

LARGEST_UNIVERSE: Final = 8
MOST_SCALARS: Final = 256
MOST_WORK: Final = 50_000
MOST_LEVELS: Final = 120  # chains of operators count too, and all functions on trees are recursive


class TooLarge(Exception):
    """There are more values, or larger numbers, than are examined; the text says which."""


def scalar_count(kind: Type) -> int:
    """How many numbers and truth values describe a value of this type."""
    match kind:
        case Nat() | Integer() | TruthExpression() | Enum():
            return 1
        case SetOf(size):
            return size
        case ListOf(size):
            return size + 1
        case MapOf(size, of):
            return size * (1 + scalar_count(of))
        case RecordOf(fields):
            return sum(scalar_count(of) for _, of in fields)


def value_count(kind: Type, largest: int) -> int:
    """How many values a type has, with numbers up to `largest`."""
    match kind:
        case Nat():
            return largest + 1
        case Integer():
            return 2 * largest + 1
        case TruthExpression():
            return 2
        case Enum(names):
            return len(names)
        case SetOf(size):
            return int(2**size)
        case ListOf(size):
            return sum(int((largest + 1) ** length) for length in range(size + 1))
        case MapOf(size, of):
            return int((1 + value_count(of, largest)) ** size)
        case RecordOf(fields):
            count = 1
            for _, of in fields:
                count *= value_count(of, largest)
            return count


def parts_of(expression: Expression) -> tuple[Expression, ...]:
    """The expressions directly inside of one."""
    match expression:
        case NumberExpression() | ConstantExpression() | Quoted() | NameExpression():
            return ()
        case FieldExpression(inner, _, _) | Negation(inner, _) | Lambda(_, _, inner, _):
            return (inner,)
        case CallExpression(_, arguments, _):
            return arguments
        case RecordExpression(fields, base, _):
            return (*(value for _, value in fields), *(() if base is None else (base,)))
        case ConditionalExpression(condition, then, otherwise, _):
            return condition, then, otherwise
        case BinaryExpression(_, left, right, _):
            return left, right


def is_affordable(expression: Expression) -> bool:
    """Whether an expression has few levels and few operations.

    Operations on each key of a map count once for each key.
    """
    stack = [(expression, 1, 1)]
    work = 0
    while stack:
        one, level, times = stack.pop()
        work += times
        if work > MOST_WORK or level > MOST_LEVELS:
            return False
        inner = times * LARGEST_UNIVERSE if isinstance(one, Lambda) else times
        stack.extend((part, level + 1, inner) for part in parts_of(one))
    return True
