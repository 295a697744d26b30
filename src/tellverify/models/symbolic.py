"""Typed expressions translated into terms over unknown values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import msgspec

from tellverify.models.evaluation import Value
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
            return Add((length, *(_placed(places, length, i, ZERO) for i in range(len(places)))))
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


def translate(expression: Expression, scope: Mapping[str, Symbol]) -> Symbol:
    """The value of a typed expression for unknown values of its variables."""
    match expression:
        case NumberExpression(value, _):
            return Scalar(Int(value))
        case ConstantExpression(value, _):
            return Scalar(Bool(value))
        case NameExpression(name, _):
            return scope[name]
        case FieldExpression(inner, name, _):
            return _fields(translate(inner, scope))[name]
        case RecordExpression(fields, base, _):
            changed = {name: translate(value, scope) for name, value in fields}
            return Fields(
                {**(_fields(translate(base, scope)) if base is not None else {}), **changed}
            )
        case ConditionalExpression(condition, then, otherwise, _):
            test = truth(condition, scope)
            return _either(test, translate(then, scope), translate(otherwise, scope))
        case Negation() | BinaryExpression():
            return _operation(expression, scope)
        case CallExpression():
            return _call(expression, scope)
        case Quoted() | Lambda():
            raise TypeError(type(expression).__name__)


def truth(expression: Expression, scope: Mapping[str, Symbol]) -> Term:
    """A truth value as a term."""
    return _term(translate(expression, scope))


def _term(symbol: Symbol) -> Term:
    if not isinstance(symbol, Scalar):
        raise TypeError("no number and no truth value")
    return symbol.term


def _fields(symbol: Symbol) -> dict[str, Symbol]:
    if not isinstance(symbol, Fields):
        raise TypeError("no record")
    return symbol.values


def _either(test: Term, then: Symbol, otherwise: Symbol) -> Symbol:
    match then, otherwise:
        case Scalar(one), Scalar(other):
            return Scalar(If(test, one, other))
        case Members(one), Members(other):
            there = tuple(If(test, a, b) for a, b in zip(one, other, strict=True))
            return Members(there)
        case Entries(), Entries():
            keys = zip(then.there, otherwise.there, strict=True)
            values = zip(then.values, otherwise.values, strict=True)
            return Entries(
                tuple(If(test, a, b) for a, b in keys),
                tuple(_either(test, a, b) for a, b in values),
            )
        case Items(), Items():
            most = max(len(then.places), len(otherwise.places))
            first, second = _padded(then.places, most), _padded(otherwise.places, most)
            places = tuple(If(test, a, b) for a, b in zip(first, second, strict=True))
            return Items(If(test, then.length, otherwise.length), places)
        case Fields(one), Fields(other):
            return Fields({name: _either(test, one[name], other[name]) for name in one})
        case _:
            raise TypeError("values of different types")


def _padded(places: Sequence[Term], size: int) -> list[Term]:
    return [*places, *[ZERO] * (size - len(places))]


def _operation(expression: Negation | BinaryExpression, scope: Mapping[str, Symbol]) -> Symbol:
    if isinstance(expression, Negation):
        return Scalar(NegatedTerm(truth(expression.inner, scope)))
    left, right = translate(expression.left, scope), translate(expression.right, scope)
    sign = expression.sign
    if sign in ("==", "!="):
        same = equal(left, right)
        return Scalar(same if sign == "==" else NegatedTerm(same))
    if isinstance(left, Members) and isinstance(right, Members):
        return Scalar(_subset(sign, left, right))
    one, other = _term(left), _term(right)
    match sign:
        case "and":
            return Scalar(Conjunction((one, other)))
        case "or":
            return Scalar(Disjunction((one, other)))
        case "<":
            return Scalar(Less(one, other))
        case ">":
            return Scalar(Less(other, one))
        case "<=":
            return Scalar(NegatedTerm(Less(other, one)))
        case ">=":
            return Scalar(NegatedTerm(Less(one, other)))
        case "+":
            return Scalar(Add((one, other)))
        case "-":
            return Scalar(Add((one, Scale(-1, other))))
        case _:
            number, factor = (one, other) if isinstance(other, Int) else (other, one)
            return Scalar(Scale(factor.value if isinstance(factor, Int) else 0, number))


def _subset(sign: str, left: Members, right: Members) -> Term:
    if sign in (">", ">="):
        left, right, sign = right, left, sign.replace(">", "<")
    pairs = list(zip(left.there, right.there, strict=True))
    inside = Conjunction(tuple(Disjunction((NegatedTerm(a), b)) for a, b in pairs))
    return inside if sign == "<=" else Conjunction((inside, NegatedTerm(equal(left, right))))


def _call(expression: CallExpression, scope: Mapping[str, Symbol]) -> Symbol:
    function = expression.function
    match expression.arguments:
        case (NumberExpression(size, _),) if " " in function:
            return _constant(function, size)
        case (NumberExpression(size, _), zero) if function == "empty map":
            return Entries((Bool(False),) * size, (translate(zero, scope),) * size)
        case (left, right, Lambda() as join):
            return _merged(function, translate(left, scope), translate(right, scope), join, scope)
        case _:
            pass
    values = [translate(one, scope) for one in expression.arguments]
    match values:
        case [Scalar(one), Scalar(other)]:  # min, max
            first = Less(other, one) if function == "min" else Less(one, other)
            return Scalar(If(first, other, one))
        case [Members(one), Members(other)]:
            return Members(tuple(_member(function, a, b) for a, b in zip(one, other, strict=True)))
        case [Members(there), Scalar(index), *_]:
            return _indexed(function, there, index)
        case [Members(there)]:
            return Scalar(Add(tuple(If(one, ONE, ZERO) for one in there)))
        case [Items() as one, Items() as other]:
            return _concatenated(one, other)
        case [Items() as one]:
            return Scalar(one.length) if function == "length" else _sorted_unique(one)
        case _:
            raise TypeError(function)


def _indexed(function: str, there: Sequence[Term], index: Term) -> Symbol:
    """One element of a set, by a number that may be unknown: is it there, with it, without it."""
    here = [Equal(index, Int(i)) for i in range(len(there))]
    pairs = list(zip(here, there, strict=True))
    match function:
        case "has":
            return Scalar(Disjunction(tuple(Conjunction(pair) for pair in pairs)))
        case "insert":
            return Members(tuple(Disjunction(pair) for pair in pairs))
        case _:
            return Members(tuple(Conjunction((NegatedTerm(is_it), one)) for is_it, one in pairs))


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


def _member(function: str, left: Term, right: Term) -> Term:
    match function:
        case "union":
            return Disjunction((left, right))
        case "intersection":
            return Conjunction((left, right))
        case _:
            return Conjunction((left, NegatedTerm(right)))


def _constant(function: str, size: int) -> Symbol:
    match function:
        case "empty list":
            return Items(ZERO, ())
        case _:
            return Members(tuple(Bool(function == "full set") for _ in range(size)))


def _merged(
    function: str, left: Symbol, right: Symbol, join: Lambda, scope: Mapping[str, Symbol]
) -> Symbol:
    if not isinstance(left, Entries) or not isinstance(right, Entries):
        raise TypeError("no map")
    there: list[Term] = []
    values: list[Symbol] = []
    for a, b, x, y in zip(left.there, right.there, left.values, right.values, strict=True):
        both = translate(join.body, {**scope, join.left: x, join.right: y})
        if function == "intersect_with":
            there.append(Conjunction((a, b)))
            values.append(both)
        else:
            there.append(Disjunction((a, b)))
            values.append(_either(a, _either(b, both, x), y))
    return Entries(tuple(there), tuple(values))


def _placed(places: Sequence[Term], length: Term, index: int, otherwise: Term) -> Term:
    """What stands in a place of a list, or `otherwise` past its end."""
    return If(Less(Int(index), length), places[index], otherwise)


def _concatenated(left: Items, right: Items) -> Items:
    size = len(left.places) + len(right.places)
    places = []
    for i in range(size):
        here: Term = ZERO
        for length in range(len(left.places), -1, -1):
            if 0 <= i - length < len(right.places):
                here = If(Equal(left.length, Int(length)), right.places[i - length], here)
        places.append(_placed(left.places, left.length, i, here) if i < len(left.places) else here)
    return Items(Add((left.length, right.length)), tuple(places))


def _sorted_unique(items: Items) -> Items:
    """Insertion of one place after the other into the part that is already sorted."""
    length: Term = ZERO
    places: list[Term] = []
    for index, new in enumerate(items.places):
        lower = [Conjunction((Less(Int(i), length), Less(at, new))) for i, at in enumerate(places)]
        known = Disjunction(
            tuple(
                Conjunction((Less(Int(i), length), Equal(at, new))) for i, at in enumerate(places)
            )
        )
        used = Conjunction((Less(Int(index), items.length), NegatedTerm(known)))
        moved: list[Term] = []
        for i in range(len(places) + 1):
            before = places[i - 1] if i else ZERO
            here = If(lower[i - 1], new, before) if i else new
            if i < len(places):
                here = If(lower[i], places[i], here)
            moved.append(If(used, here, places[i] if i < len(places) else ZERO))
        places = moved
        length = If(used, Add((length, ONE)), length)
    return Items(length, tuple(places))
