"""Typed expressions translated into terms over unknown values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tellverify.models.expressions import (
    BinaryExpression,
    CallExpression,
    ConditionalExpression,
    ConstantExpression,
    Expression,
    FieldExpression,
    Lambda,
    NameExpression,
    Negation,
    NumberExpression,
    Quoted,
    RecordExpression,
)
from tellverify.models.symbols import (
    ONE,
    ZERO,
    Entries,
    Fields,
    Items,
    Members,
    Scalar,
    Symbol,
    equal,
    placed,
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
)


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


def _concatenated(left: Items, right: Items) -> Items:
    size = len(left.places) + len(right.places)
    places = []
    for i in range(size):
        here: Term = ZERO
        for length in range(len(left.places), -1, -1):
            if 0 <= i - length < len(right.places):
                here = If(Equal(left.length, Int(length)), right.places[i - length], here)
        places.append(placed(left.places, left.length, i, here) if i < len(left.places) else here)
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
