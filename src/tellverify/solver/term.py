"""Terms over truth values and integers of any size."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import TypeAlias, TypeVar

import msgspec

_T = TypeVar("_T")


class TermSort(StrEnum):
    """What a variable ranges over."""

    BOOL = "Bool"
    INT = "Int"


class TermVariable(msgspec.Struct, frozen=True, tag=True):
    """A variable; names are unique over sorts."""

    name: str
    sort: TermSort


class Bool(msgspec.Struct, frozen=True, tag=True):
    """A truth value."""

    value: bool


class Int(msgspec.Struct, frozen=True, tag=True):
    """An integer."""

    value: int


class NegatedTerm(msgspec.Struct, frozen=True, tag=True):
    """Negation."""

    inner: Term


class Conjunction(msgspec.Struct, frozen=True, tag=True):
    """Conjunction; true when empty."""

    parts: tuple[Term, ...]


class Disjunction(msgspec.Struct, frozen=True, tag=True):
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


class Add(msgspec.Struct, frozen=True, tag=True):
    """The sum of integers; 0 when empty."""

    parts: tuple[Term, ...]


class Scale(msgspec.Struct, frozen=True, tag=True):
    """An integer times a constant."""

    factor: int
    inner: Term


class If(msgspec.Struct, frozen=True, tag=True):
    """One of two terms of one sort, by a condition."""

    condition: Term
    then: Term
    otherwise: Term


Term: TypeAlias = (
    TermVariable
    | Bool
    | Int
    | NegatedTerm
    | Conjunction
    | Disjunction
    | Equal
    | Less
    | TwoOf
    | Add
    | Scale
    | If
)


def inner_terms(term: Term) -> tuple[Term, ...]:
    """The terms directly inside a term, in order."""
    match term:
        case TermVariable() | Bool() | Int():
            return ()
        case NegatedTerm(inner) | Scale(_, inner):
            return (inner,)
        case Conjunction(parts) | Disjunction(parts) | TwoOf(parts) | Add(parts):
            return parts
        case Equal(left, right) | Less(left, right):
            return (left, right)
        case If(condition, then, otherwise):
            return (condition, then, otherwise)


def folded(term: Term, build: Callable[[Term, Sequence[_T]], _T]) -> _T:
    """The value that `build` gives a term from the values of its parts; shared parts once."""
    values: dict[int, _T] = {}
    stack = [term]
    while stack:
        one = stack[-1]
        inner = inner_terms(one)
        missing = [part for part in inner if id(part) not in values]
        if missing:
            stack.extend(missing)
            continue
        stack.pop()
        if id(one) not in values:
            values[id(one)] = build(one, [values[id(part)] for part in inner])
    return values[id(term)]


def variables_of(terms: Iterable[Term]) -> dict[str, TermVariable]:
    """All variables by name, in the order in which they first occur."""
    found: dict[str, TermVariable] = {}
    stack = list(terms)
    stack.reverse()
    seen: set[int] = set()
    while stack:
        term = stack.pop()
        if isinstance(term, TermVariable):
            found.setdefault(term.name, term)
        elif id(term) not in seen:  # terms share parts
            seen.add(id(term))
            stack.extend(reversed(inner_terms(term)))
    return found
