"""For which universes of elements and keys a proof about a structure is valid.

Operations that treat each element or key on its own keep a law in every universe when they keep it
for one element: the law is an equation between elements. Numbers and truth values that no set, map
or list goes into are the same for all elements, so conditions on them are harmless: they choose one
way for all elements at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

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
from tellverify.models.extents import parts_of
from tellverify.models.structures import Structure

_Scope: TypeAlias = Mapping[str, Type]


def universe_of(structure: Structure) -> str:
    """The universes that proofs are limited to, in words; empty when they hold for all."""
    kinds = list(_inside(structure.state))
    for update in structure.updates:
        for _, kind in update.parameters:
            kinds += _inside(kind)
    lists = [kind.size for kind in kinds if isinstance(kind, ListOf)]
    sizes = [kind.size for kind in kinds if isinstance(kind, SetOf | MapOf)]
    parts = []
    if lists:
        parts.append(f"lists of at most {max(lists)} numbers")
    if sizes and not all(_is_pointwise(*one) for one in _expressions(structure)):
        parts.append(f"universes of {max(sizes)} elements")
    return " and ".join(parts)


def _inside(kind: Type) -> Iterator[Type]:
    yield kind
    match kind:
        case MapOf(_, of):
            yield from _inside(of)
        case RecordOf(fields):
            for _, of in fields:
                yield from _inside(of)
        case Nat() | Integer() | TruthExpression() | Enum() | SetOf() | ListOf():
            pass


def _expressions(structure: Structure) -> Iterator[tuple[Expression, _Scope]]:
    """All expressions of a structure with the types of their variables."""
    state = {"x": structure.state}
    yield structure.merge, {"a": structure.state, "b": structure.state}
    if structure.neutral is not None:
        yield structure.neutral, {}
    if structure.invariant is not None:
        yield structure.invariant, state
    if structure.view is not None:
        yield structure.view.of, state
    for update in structure.updates:
        scope = {**dict(update.parameters), **state}
        for one in (update.to, update.when, update.delta):
            if one is not None:
                yield one, scope


def _is_pointwise(expression: Expression, scope: _Scope) -> bool:
    """Whether each element of its sets and maps depends on this element alone."""
    match expression:
        case NumberExpression() | ConstantExpression() | NameExpression():
            return True
        case FieldExpression(inner, _, _):
            return _is_pointwise(inner, scope)
        case RecordExpression(fields, base, _):
            parts = [value for _, value in fields] + ([] if base is None else [base])
            return all(_is_pointwise(part, scope) for part in parts)
        case ConditionalExpression(condition, then, otherwise, _):
            both = _is_pointwise(then, scope) and _is_pointwise(otherwise, scope)
            return both and _is_uniform(condition, scope)
        case CallExpression("has" | "insert" | "remove" | "size" | "length", _, _):
            return False
        case CallExpression(_, (left, right, Lambda() as join), _):
            sides = _is_pointwise(left, scope) and _is_pointwise(right, scope)
            return sides and _is_pointwise_join(join, _type_of(left, scope), scope)
        case CallExpression(_, arguments, _):
            return all(_is_pointwise(one, scope) for one in arguments)
        case Negation() | BinaryExpression() | Quoted() | Lambda():
            return _is_uniform(expression, scope)


def _is_pointwise_join(join: Lambda, kind: Type | None, scope: _Scope) -> bool:
    """The same of what becomes of two values of one key.

    Values without sets inside are equations between the numbers of one key, whatever compares
    them; nothing else may go into them.
    """
    if not isinstance(kind, MapOf):
        return False
    if any(isinstance(inner, SetOf | MapOf | ListOf) for inner in _inside(kind.of)):
        return _is_pointwise(join.body, {**scope, join.left: kind.of, join.right: kind.of})
    return _names(join.body) <= {join.left, join.right}


def _is_uniform(expression: Expression, scope: _Scope) -> bool:
    """Whether no set, map or list goes into a number or truth value."""
    match expression:
        case NumberExpression() | ConstantExpression():
            return True
        case NameExpression() | FieldExpression():
            kind = _type_of(expression, scope)
            return isinstance(kind, Nat | Integer | TruthExpression | Enum)
        case Negation(inner, _):
            return _is_uniform(inner, scope)
        case BinaryExpression(_, left, right, _):
            return _is_uniform(left, scope) and _is_uniform(right, scope)
        case ConditionalExpression(condition, then, otherwise, _):
            return all(_is_uniform(part, scope) for part in (condition, then, otherwise))
        case CallExpression("min" | "max", arguments, _):
            return all(_is_uniform(part, scope) for part in arguments)
        case CallExpression() | RecordExpression() | Quoted() | Lambda():
            return False


def _type_of(expression: Expression, scope: _Scope) -> Type | None:
    """The type of a variable, of a field of one, or of maps that are merged; None of others."""
    match expression:
        case NameExpression(name, _):
            return scope.get(name)
        case FieldExpression(inner, name, _):
            kind = _type_of(inner, scope)
            return dict(kind.fields).get(name) if isinstance(kind, RecordOf) else None
        case CallExpression("union_with" | "intersect_with", (left, right, _), _):
            return _type_of(left, scope) or _type_of(right, scope)
        case CallExpression() | NumberExpression() | ConstantExpression() | Quoted() | Lambda():
            return None
        case RecordExpression() | BinaryExpression() | ConditionalExpression() | Negation():
            return None


def _names(expression: Expression) -> set[str]:
    """The variables of an expression."""
    found: set[str] = set()
    stack: list[Expression] = [expression]
    while stack:
        one = stack.pop()
        if isinstance(one, NameExpression):
            found.add(one.name)
        stack.extend(parts_of(one))
    return found
