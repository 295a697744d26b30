"""The types of expressions. A typed expression can be evaluated and translated without failing.

Typed expressions are smaller: names of enumerations have become their numbers, and `empty()` and
`full()` know how large they are.
"""

from __future__ import annotations

from collections.abc import Mapping
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
    LanguageError,
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

_ARITY: Final = {
    "min": 2,
    "max": 2,
    "union": 2,
    "intersection": 2,
    "difference": 2,
    "has": 2,
    "insert": 2,
    "remove": 2,
    "size": 1,
    "concat": 2,
    "sorted_unique": 1,
    "length": 1,
    "empty": 0,
    "full": 0,
    "union_with": 3,
    "intersect_with": 3,
}
_LONGEST_LIST: Final = 24


def check(expression: Expression, wanted: Type, names: Mapping[str, Type]) -> Expression:
    """The expression as one of the type wanted. Raises LanguageError if it is none."""
    match expression, wanted:
        case RecordExpression(fields, None, at), RecordOf(parts):
            return _record(fields, parts, names, at)
        case ConditionalExpression(condition, then, otherwise, at), _:
            return ConditionalExpression(
                check(condition, TruthExpression(), names),
                check(then, wanted, names),
                check(otherwise, wanted, names),
                at,
            )
        case Quoted(name, at), Enum(known):
            if name not in known:
                raise LanguageError(f"`{name}` is none of {', '.join(known)}", at)
            return NumberExpression(known.index(name), at)
        case CallExpression("empty" | "full", (), at), SetOf(size) | MapOf(size) | ListOf(size):
            if expression.function == "full" and not isinstance(wanted, SetOf):
                raise LanguageError("`full()` is a set", at)
            if expression.function == "full":
                return CallExpression("full set", (NumberExpression(size, at),), at)
            return _zero(wanted, at)
        case _:
            pass
    typed, found = type_of(expression, names)
    if not _fits(found, wanted):
        shown = f"this is {written(found)} where {written(wanted)} is wanted"
        raise LanguageError(shown, expression.at)
    return typed


def _zero(kind: Type, at: int) -> Expression:
    """The smallest value of a type."""
    match kind:
        case TruthExpression():
            return ConstantExpression(False, at)
        case SetOf(size):
            return CallExpression("empty set", (NumberExpression(size, at),), at)
        case MapOf(size, of):
            return CallExpression("empty map", (NumberExpression(size, at), _zero(of, at)), at)
        case ListOf(size):
            return CallExpression("empty list", (NumberExpression(size, at),), at)
        case RecordOf(fields):
            return RecordExpression(tuple((name, _zero(of, at)) for name, of in fields), None, at)
        case Nat() | Integer() | Enum():
            return NumberExpression(0, at)


def _record(
    fields: tuple[tuple[str, Expression], ...],
    parts: tuple[tuple[str, Type], ...],
    names: Mapping[str, Type],
    at: int,
) -> Expression:
    given = dict(fields)
    typed = []
    for name, kind in parts:
        if name not in given:
            raise LanguageError(f"the field `{name}` is missing", at)
        typed.append((name, check(given.pop(name), kind, names)))
    for name in given:
        raise LanguageError(f"there is no field `{name}`", at)
    return RecordExpression(tuple(typed), None, at)


def _fits(found: Type, wanted: Type) -> bool:
    """Whether a value of one type is one of the other; what may be negative is no `nat`."""
    if isinstance(wanted, Integer):
        return isinstance(found, Nat | Integer)
    if isinstance(wanted, ListOf):
        return isinstance(found, ListOf)  # results may be longer than what they are made of
    if isinstance(wanted, MapOf):
        return isinstance(found, MapOf) and found.size == wanted.size and _fits(found.of, wanted.of)
    if isinstance(wanted, RecordOf) and isinstance(found, RecordOf):
        have, want = dict(found.fields), dict(wanted.fields)
        return have.keys() == want.keys() and all(_fits(have[name], want[name]) for name in want)
    return found == wanted


def type_of(expression: Expression, names: Mapping[str, Type]) -> tuple[Expression, Type]:
    """The typed expression and its type. Raises LanguageError where it has none."""
    match expression:
        case NumberExpression(value, _):
            return expression, Nat() if value >= 0 else Integer()
        case ConstantExpression():
            return expression, TruthExpression()
        case NameExpression(name, at):
            if name not in names:
                raise LanguageError(f"nothing here is called `{name}`", at)
            return expression, names[name]
        case FieldExpression(inner, name, at):
            typed, kind = type_of(inner, names)
            return FieldExpression(typed, name, at), _field(kind, name, at)
        case RecordExpression(fields, base, at):
            return _fields_of(fields, base, names, at)
        case ConditionalExpression(condition, then, otherwise, at):
            condition = check(condition, TruthExpression(), names)
            then, otherwise, kind = _same(then, otherwise, names)
            return ConditionalExpression(condition, then, otherwise, at), kind
        case Negation(inner, at):
            return Negation(check(inner, TruthExpression(), names), at), TruthExpression()
        case BinaryExpression():
            return _binary(expression, names)
        case CallExpression():
            return _call(expression, names)
        case Quoted() | Lambda():
            raise LanguageError("this has no meaning here", expression.at)


def _fields_of(
    fields: tuple[tuple[str, Expression], ...],
    base: Expression | None,
    names: Mapping[str, Type],
    at: int,
) -> tuple[Expression, Type]:
    if base is None:
        found = [(name, *type_of(value, names)) for name, value in fields]
        typed = RecordExpression(tuple((name, value) for name, value, _ in found), None, at)
        return typed, RecordOf(tuple((name, kind) for name, _, kind in found))
    base, kind = type_of(base, names)
    changed = tuple((name, check(value, _field(kind, name, at), names)) for name, value in fields)
    return RecordExpression(changed, base, at), kind


def _field(kind: Type, name: str, at: int) -> Type:
    if isinstance(kind, RecordOf):
        for known, of in kind.fields:
            if known == name:
                return of
    raise LanguageError(f"{written(kind)} has no field `{name}`", at)


def _same(
    left: Expression, right: Expression, names: Mapping[str, Type]
) -> tuple[Expression, Expression, Type]:
    """Two expressions that must have the same type, and that."""
    if isinstance(left, Quoted) or (isinstance(left, CallExpression) and not left.arguments):
        typed, kind = type_of(right, names)
        return check(left, kind, names), typed, kind
    typed, kind = type_of(left, names)
    if isinstance(kind, Nat | Integer):
        other, second = type_of(right, names)  # once: operands are nested in operands
        if isinstance(second, Nat | Integer):
            return typed, other, kind if isinstance(kind, Integer) else second
    return typed, check(right, kind, names), kind


def _binary(expression: BinaryExpression, names: Mapping[str, Type]) -> tuple[Expression, Type]:
    sign, left, right, at = expression.sign, expression.left, expression.right, expression.at
    if sign in ("and", "or"):
        both = check(left, TruthExpression(), names), check(right, TruthExpression(), names)
        return BinaryExpression(sign, *both, at), TruthExpression()
    left, right, kind = _same(left, right, names)
    typed = BinaryExpression(sign, left, right, at)
    if sign in ("==", "!="):
        return typed, TruthExpression()
    if sign in ("<", "<=", ">", ">="):
        if not isinstance(kind, Nat | Integer | Enum | SetOf):
            raise LanguageError(f"{written(kind)} has no order", at)
        return typed, TruthExpression()
    if not isinstance(kind, Nat | Integer):
        raise LanguageError(f"`{sign}` is for numbers", at)
    if (
        sign == "*"
        and not isinstance(left, NumberExpression)
        and not isinstance(right, NumberExpression)
    ):
        raise LanguageError("one side of `*` must be a number", at)
    return typed, Integer() if sign == "-" else kind


def _call(expression: CallExpression, names: Mapping[str, Type]) -> tuple[Expression, Type]:
    function, given, at = expression.function, expression.arguments, expression.at
    if function not in _ARITY:
        raise LanguageError(f"there is no function `{function}`", at)
    if len(given) != _ARITY[function]:
        raise LanguageError(f"`{function}` takes {_ARITY[function]} values", at)
    match function:
        case "empty" | "full":
            raise LanguageError(f"the type of `{function}()` cannot be told here", at)
        case "union_with" | "intersect_with":
            return _map_call(expression, names)
        case "has" | "insert" | "remove" | "size":
            return _set_call(expression, names)
        case "concat" | "sorted_unique" | "length":
            return _list_call(expression, names)
        case _:
            pass
    left, right, kind = _same(given[0], given[1], names)
    fitting = (Nat | Integer | Enum) if function in ("min", "max") else SetOf
    if not isinstance(kind, fitting):
        raise LanguageError(f"`{function}` is not for {written(kind)}", at)
    if function == "max" and isinstance(kind, Integer):  # at least what cannot be negative
        kind = Nat() if _is_nat(left, names) or _is_nat(right, names) else kind
    return CallExpression(function, (left, right), at), kind


def _is_nat(typed: Expression, names: Mapping[str, Type]) -> bool:
    """Whether a typed number cannot be negative by its form alone."""
    match typed:
        case NumberExpression(value, _):
            return value >= 0
        case NameExpression(name, _):
            return isinstance(names[name], Nat)
        case FieldExpression():
            return isinstance(type_of(typed, names)[1], Nat)
        case CallExpression("max", arguments, _):
            return any(_is_nat(one, names) for one in arguments)
        case CallExpression("min", arguments, _):
            return all(_is_nat(one, names) for one in arguments)
        case CallExpression("size" | "length", _, _):
            return True
        case BinaryExpression("+" | "*", left, right, _):
            return _is_nat(left, names) and _is_nat(right, names)
        case ConditionalExpression(_, then, otherwise, _):
            return _is_nat(then, names) and _is_nat(otherwise, names)
        case CallExpression() | BinaryExpression() | ConstantExpression() | Quoted() | Lambda():
            return False
        case RecordExpression() | Negation():
            return False


def _set_call(expression: CallExpression, names: Mapping[str, Type]) -> tuple[Expression, Type]:
    function, at = expression.function, expression.at
    found, *rest = expression.arguments
    typed, kind = type_of(found, names)
    if not isinstance(kind, SetOf):
        raise LanguageError(f"`{function}` takes a set", at)
    for index in rest:
        if isinstance(index, NumberExpression) and index.value not in range(kind.size):
            raise LanguageError(f"the elements are 0 to {kind.size - 1}", index.at)
    number = tuple(check(index, Integer(), names) for index in rest)
    results: dict[str, Type] = {"has": TruthExpression(), "size": Nat()}
    if function == "insert":  # nothing outside of the universe becomes an element
        number = (*number, NumberExpression(kind.size, at))
    return CallExpression(function, (typed, *number), at), results.get(function, kind)


def _list_call(expression: CallExpression, names: Mapping[str, Type]) -> tuple[Expression, Type]:
    typed = []
    size = 0
    for one in expression.arguments:
        value, kind = type_of(one, names)
        if not isinstance(kind, ListOf):
            raise LanguageError(f"`{expression.function}` takes lists", expression.at)
        typed.append(value)
        size += kind.size
    if size > _LONGEST_LIST:
        raise LanguageError("this list grows too long", expression.at)
    call = CallExpression(expression.function, tuple(typed), expression.at)
    return call, Nat() if expression.function == "length" else ListOf(size)


def _map_call(expression: CallExpression, names: Mapping[str, Type]) -> tuple[Expression, Type]:
    left, right, join = expression.arguments
    left, right, kind = _same(left, right, names)
    if not isinstance(kind, MapOf) or not isinstance(join, Lambda):
        shown = f"`{expression.function}` takes two maps and `(x, y) => value`"
        raise LanguageError(shown, expression.at)
    body = check(join.body, kind.of, {**names, join.left: kind.of, join.right: kind.of})
    typed = Lambda(join.left, join.right, body, join.at)
    return CallExpression(expression.function, (left, right, typed), expression.at), kind


def written(kind: Type) -> str:
    """A type in words."""
    match kind:
        case Nat():
            return "a number from 0"
        case Integer():
            return "a number"
        case TruthExpression():
            return "true or false"
        case Enum(names):
            return f"one of {', '.join(names)}"
        case SetOf():
            return "a set"
        case MapOf():
            return "a map"
        case ListOf():
            return "a list"
        case RecordOf():
            return "a record"
