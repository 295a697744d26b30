"""The language of structures: types, and expressions over their values."""

from __future__ import annotations

from typing import TypeAlias

import msgspec


class Nat(msgspec.Struct, frozen=True, tag=True):
    """Whole numbers from 0."""


class Integer(msgspec.Struct, frozen=True, tag=True):
    """Whole numbers."""


class TruthExpression(msgspec.Struct, frozen=True, tag=True):
    """True or false."""


class Enum(msgspec.Struct, frozen=True, tag=True):
    """One of some names, ordered as they are listed."""

    names: tuple[str, ...]


class SetOf(msgspec.Struct, frozen=True, tag=True):
    """Sets of elements 0 to `size` - 1."""

    size: int


class MapOf(msgspec.Struct, frozen=True, tag=True):
    """Maps from some of the keys 0 to `size` - 1."""

    size: int
    of: Type


class ListOf(msgspec.Struct, frozen=True, tag=True):
    """Lists of at most `size` whole numbers from 0; results of operations may be longer."""

    size: int


class RecordOf(msgspec.Struct, frozen=True, tag=True):
    """A value for each field."""

    fields: tuple[tuple[str, Type], ...]


Type: TypeAlias = Nat | Integer | TruthExpression | Enum | SetOf | MapOf | ListOf | RecordOf


class NumberExpression(msgspec.Struct, frozen=True, tag=True):
    """A whole number."""

    value: int
    at: int


class ConstantExpression(msgspec.Struct, frozen=True, tag=True):
    """`true` or `false`."""

    value: bool
    at: int


class Quoted(msgspec.Struct, frozen=True, tag=True):
    """A name of an enumeration, in single quotes."""

    name: str
    at: int


class NameExpression(msgspec.Struct, frozen=True, tag=True):
    """A variable."""

    name: str
    at: int


class FieldExpression(msgspec.Struct, frozen=True, tag=True):
    """A field of a record."""

    inner: Expression
    name: str
    at: int


class CallExpression(msgspec.Struct, frozen=True, tag=True):
    """A function of the language with its arguments."""

    function: str
    arguments: tuple[Expression, ...]
    at: int


class Lambda(msgspec.Struct, frozen=True, tag=True):
    """How two values of one key become one; only as the last argument of a function of maps."""

    left: str
    right: str
    body: Expression
    at: int


class RecordExpression(msgspec.Struct, frozen=True, tag=True):
    """A record by its fields; with `base`, that record with some fields changed."""

    fields: tuple[tuple[str, Expression], ...]
    base: Expression | None
    at: int


class ConditionalExpression(msgspec.Struct, frozen=True, tag=True):
    """`if condition then one else other`."""

    condition: Expression
    then: Expression
    otherwise: Expression
    at: int


class BinaryExpression(msgspec.Struct, frozen=True, tag=True):
    """Two operands with `+ - * == != < <= > >= and or` between them."""

    sign: str
    left: Expression
    right: Expression
    at: int


class Negation(msgspec.Struct, frozen=True, tag=True):
    """`not` a truth value."""

    inner: Expression
    at: int


Expression: TypeAlias = (
    NumberExpression
    | ConstantExpression
    | Quoted
    | NameExpression
    | FieldExpression
    | CallExpression
    | Lambda
    | RecordExpression
    | ConditionalExpression
    | BinaryExpression
    | Negation
)


class LanguageError(Exception):
    """Why a text has no meaning, and at which character."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.message = message
        self.at = at
