"""Our own terms, over truth values and integers of any size."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

import msgspec


class Sort(StrEnum):
    """What a variable ranges over."""

    BOOL = "Bool"
    INT = "Int"


class Variable(msgspec.Struct, frozen=True, tag=True):
    """A variable; names are unique over sorts."""

    name: str
    sort: Sort


class Bool(msgspec.Struct, frozen=True, tag=True):
    """A truth value."""

    value: bool


class Int(msgspec.Struct, frozen=True, tag=True):
    """An integer."""

    value: int


class Not(msgspec.Struct, frozen=True, tag=True):
    """Negation."""

    inner: Term


class And(msgspec.Struct, frozen=True, tag=True):
    """Conjunction; true when empty."""

    parts: tuple[Term, ...]


class Or(msgspec.Struct, frozen=True, tag=True):
    """Disjunction; false when empty."""

    parts: tuple[Term, ...]


class Equal(msgspec.Struct, frozen=True, tag=True):
    """Equality of two terms of one sort."""

    left: Term
    right: Term


class Less(msgspec.Struct, frozen=True, tag=True):
    """Strict order of two integers."""

    left: Term
    right: Term


class TwoOf(msgspec.Struct, frozen=True, tag=True):
    """At least two of the parts are true; there are two parts or more."""

    parts: tuple[Term, ...]


Term: TypeAlias = Variable | Bool | Int | Not | And | Or | Equal | Less | TwoOf
