"""Values of laws and models as terms: unknown and known ones, their sizes, and equality."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import msgspec

from tellverify.models.evaluation import Value
from tellverify.models.expressions import (
    Enum,
    Integer,
    ListOf,
    MapOf,
    Nat,
    RecordOf,
    SetOf,
    TruthExpression,
    Type,
)
from tellverify.solver.term import (
    Add,
    Bool,
    Conjunction,
    Disjunction,
    Equal,
    If,
    Int,
    Less,
    NegatedTerm,
    Scale,
    Term,
    TermSort,
    TermVariable,
)

ZERO, ONE = Int(0), Int(1)


class Scalar(msgspec.Struct, frozen=True, tag=True):
    """A number, a truth value, or one of an enumeration."""

    term: Term


class Members(msgspec.Struct, frozen=True, tag=True):
    """A set: for each element whether it is there."""

    there: tuple[Term, ...]


class Entries(msgspec.Struct, frozen=True, tag=True):
    """A map: for each key whether it is there, and its value if it is."""

    there: tuple[Term, ...]
    values: tuple[Symbol, ...]


class Items(msgspec.Struct, frozen=True, tag=True):
    """A list: its length, and what stands in its places."""

    length: Term
    places: tuple[Term, ...]


class Fields(msgspec.Struct, frozen=True, tag=True):
    """A record."""

    values: dict[str, Symbol]


Symbol: TypeAlias = Scalar | Members | Entries | Items | Fields


def unknown(kind: Type, name: str, range_: list[Term]) -> Symbol:
    """An unknown value of a type; what its variables must fulfil is added to `range_`."""
    match kind:
        case Nat():
            number = TermVariable(name, TermSort.INT)
            range_.append(NegatedTerm(Less(number, ZERO)))
            return Scalar(number)
        case Integer():
            return Scalar(TermVariable(name, TermSort.INT))
        case TruthExpression():
            return Scalar(TermVariable(name, TermSort.BOOL))
        case Enum(names):
            number = TermVariable(name, TermSort.INT)
            range_ += [NegatedTerm(Less(number, ZERO)), Less(number, Int(len(names)))]
            return Scalar(number)
        case SetOf(size):
            return Members(tuple(TermVariable(f"{name}.{i}", TermSort.BOOL) for i in range(size)))
        case MapOf(size, of):
            there = tuple(TermVariable(f"{name}.{i}?", TermSort.BOOL) for i in range(size))
            return Entries(there, tuple(unknown(of, f"{name}.{i}", range_) for i in range(size)))
        case ListOf(size):
            length = TermVariable(f"{name}#", TermSort.INT)
            range_ += [NegatedTerm(Less(length, ZERO)), NegatedTerm(Less(Int(size), length))]
            places = tuple(TermVariable(f"{name}.{i}", TermSort.INT) for i in range(size))
            range_ += [NegatedTerm(Less(place, ZERO)) for place in places]
            return Items(length, places)
        case RecordOf(fields):
            return Fields({part: unknown(of, f"{name}.{part}", range_) for part, of in fields})


def value_of(kind: Type, name: str, found: Mapping[str, bool | int]) -> Value:
    """The value that an answer of the solver gives an unknown; variables it lacks are zero."""
    match kind:
        case Nat() | Integer() | Enum():
            return int(found.get(name, 0))
        case TruthExpression():
            return bool(found.get(name, False))
        case SetOf(size):
            return frozenset(i for i in range(size) if found.get(f"{name}.{i}", False))
        case MapOf(size, of):
            return {
                i: value_of(of, f"{name}.{i}", found)
                for i in range(size)
                if found.get(f"{name}.{i}?", False)
            }
        case ListOf():
            length = int(found.get(f"{name}#", 0))
            return tuple(int(found.get(f"{name}.{i}", 0)) for i in range(length))
        case RecordOf(fields):
            return {part: value_of(of, f"{name}.{part}", found) for part, of in fields}


def size_of(symbol: Symbol) -> Term:
    """The size of a value, which is minimised to show small ones."""
    match symbol:
        case Scalar(TermVariable(_, TermSort.INT) as number):
            return If(Less(number, ZERO), Scale(-2, number), number)
        case Scalar(term):
            return If(term, ONE, ZERO)
        case Members(there):
            return Add(tuple(If(one, ONE, ZERO) for one in there))
        case Entries(there, values):
            parts = zip(there, values, strict=True)
            return Add(tuple(If(one, Add((ONE, size_of(part))), ZERO) for one, part in parts))
        case Items(length, places):
            return Add((length, *(placed(places, length, i, ZERO) for i in range(len(places)))))
        case Fields(values):
            return Add(tuple(size_of(part) for part in values.values()))


def equal(left: Symbol, right: Symbol) -> Term:
    """Whether two values of one type are equal."""
    match left, right:
        case Scalar(one), Scalar(other):
            return Equal(one, other)
        case Members(one), Members(other):
            return Conjunction(tuple(Equal(a, b) for a, b in zip(one, other, strict=True)))
        case Entries(), Entries():
            same: list[Term] = []
            for a, b, x, y in zip(left.there, right.there, left.values, right.values, strict=True):
                same += [Equal(a, b), Disjunction((NegatedTerm(a), equal(x, y)))]
            return Conjunction(tuple(same))
        case Items(), Items():
            most = min(len(left.places), len(right.places))
            pairs = zip(left.places[:most], right.places[:most], strict=True)
            alike = [
                Disjunction((NegatedTerm(Less(Int(i), left.length)), Equal(a, b)))
                for i, (a, b) in enumerate(pairs)
            ]
            return Conjunction((Equal(left.length, right.length), *alike))
        case Fields(one), Fields(other):
            return Conjunction(tuple(equal(one[name], other[name]) for name in one))
        case _:
            raise TypeError("values of different types")


def constant(kind: Type, value: Value) -> Symbol:
    """A known value of a type."""
    match kind, value:
        case TruthExpression(), _:
            return Scalar(Bool(bool(value)))
        case SetOf(size), frozenset():
            return Members(tuple(Bool(i in value) for i in range(size)))
        case ListOf(), tuple():
            return Items(Int(len(value)), tuple(Int(one) for one in value))
        case MapOf(size, of), dict():
            known = {int(key): part for key, part in value.items()}
            rest = constant(of, _smallest(of))
            return Entries(
                tuple(Bool(i in known) for i in range(size)),
                tuple(constant(of, known[i]) if i in known else rest for i in range(size)),
            )
        case RecordOf(fields), dict():
            named = {str(key): part for key, part in value.items()}
            return Fields({name: constant(of, named[name]) for name, of in fields})
        case _, int():
            return Scalar(Int(value))
        case _:
            raise TypeError("a value of another type")


def _smallest(kind: Type) -> Value:
    match kind:
        case RecordOf(fields):
            return {name: _smallest(of) for name, of in fields}
        case MapOf():
            return {}
        case SetOf():
            return frozenset()
        case ListOf():
            return ()
        case Nat() | Integer() | TruthExpression() | Enum():
            return 0


def placed(places: Sequence[Term], length: Term, index: int, otherwise: Term) -> Term:
    """What stands in a place of a list, or `otherwise` past its end."""
    return If(Less(Int(index), length), places[index], otherwise)
