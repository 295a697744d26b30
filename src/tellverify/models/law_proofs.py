"""The laws of a structure, decided by a solver; every counterexample is evaluated.

Laws of join semilattices: Shapiro, Preguiça, Baquero, Zawirski, *Conflict-free Replicated Data
Types*, SSS 2011, Definition 2 (state-based); of delta-mutators: Almeida, Shoker, Baquero, *Delta
State Replicated Data Types*, JPDC 2018, Definition 3. Meet structures have the same laws with the
order turned round.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

import msgspec

from tellverify.models.evaluation import Value, evaluate, shown
from tellverify.models.expressions import (
    Binary,
    Call,
    Choice,
    Expression,
    Field,
    Lambda,
    ListOf,
    MapOf,
    Name,
    Negation,
    Record,
    RecordOf,
    SetOf,
    Type,
)
from tellverify.models.structures import Structure, Update
from tellverify.models.symbolic import Symbol, equal, size_of, translate, truth, unknown, value_of
from tellverify.solver.port import Budget, GaveUp, Premise, Sat, Solver, Unsat
from tellverify.solver.term import Add, Int, Less, Not, Term
from tellverify.source.span import Span

_TRIES: Final = 40


class Variable(msgspec.Struct, frozen=True, tag=True):
    """Any state, or any value of a parameter."""

    name: str


class Merge(msgspec.Struct, frozen=True, tag=True):
    """Two states merged."""

    left: Side
    right: Side


class Neutral(msgspec.Struct, frozen=True, tag=True):
    """The neutral element."""


class Changed(msgspec.Struct, frozen=True, tag=True):
    """A state after an update, or with `delta` what the update adds."""

    update: Update
    state: Side
    parameters: tuple[tuple[str, str], ...]
    delta: bool = False


Side: TypeAlias = Variable | Merge | Neutral | Changed


class Law(msgspec.Struct, frozen=True):
    """Two sides that must be equal for all states (and parameters) that meet its conditions.

    With `holds` the law is that the invariant of the structure holds of the left side instead.
    """

    name: str
    left: Side
    right: Side
    span: Span
    holds: bool = False


class Kept(msgspec.Struct, frozen=True, tag=True):
    """The law holds; `within` names the universes it was shown for, empty for all."""

    within: str = ""


class Broken(msgspec.Struct, frozen=True, tag=True):
    """The law does not hold for these values; `is_smallest` if no smaller ones break it."""

    values: tuple[tuple[str, str], ...]
    left: str
    right: str
    is_smallest: bool


class Undecided(msgspec.Struct, frozen=True, tag=True):
    """The solver gave up, or an answer of it did not stand."""

    reason: str


Ruling: TypeAlias = Kept | Broken | Undecided


def laws_of(structure: Structure) -> Iterator[Law]:
    """All laws that the structure must keep."""
    a, b, c, x = (Variable(name) for name in "abcx")
    span = structure.span
    yield Law("commutative", Merge(a, b), Merge(b, a), span)
    yield Law("associative", Merge(a, Merge(b, c)), Merge(Merge(a, b), c), span)
    yield Law("idempotent", Merge(a, a), a, span)
    if structure.neutral is not None:
        yield Law("neutral", Merge(Neutral(), a), a, span)
    if structure.invariant is not None:
        yield Law("closed", Merge(a, b), a, span, holds=True)
    for update in structure.updates:
        first = tuple((name, name) for name, _ in update.parameters)
        changed = Changed(update, x, first)
        yield Law(f"monotone {update.name}", Merge(x, changed), changed, update.span)
        if structure.invariant is not None:
            yield Law(f"closed {update.name}", changed, x, update.span, holds=True)
        if update.delta is not None:
            delta = Merge(x, Changed(update, x, first, delta=True))
            yield Law(f"delta {update.name}", delta, changed, update.span)
        for other in structure.updates:
            if other.name in update.concurrent:
                second = tuple((name, f"{name}'") for name, _ in other.parameters)
                both = Merge(changed, Changed(other, x, second))
                name = f"concurrent {update.name}"
                name = name if other is update else f"{name} and {other.name}"
                yield Law(name, both, Changed(other, changed, second), update.span)


def judge(structure: Structure, law: Law, solver: Solver, budget: Budget) -> Ruling:
    """Decide one law of a structure. A counterexample is as small as the budget lets it be."""
    return _Judge(structure, law, solver, budget).ruling()


class _Judge:
    def __init__(self, structure: Structure, law: Law, solver: Solver, budget: Budget) -> None:
        self._structure = structure
        self._law = law
        self._solver = solver
        self._budget = budget
        self._kinds = dict(_variables(structure, law))
        ranges: list[Term] = []
        self._unknowns = {name: unknown(kind, name, ranges) for name, kind in self._kinds.items()}
        symbols = _Symbols(structure)
        left = symbols.side(law.left, self._unknowns)
        conditions = [*ranges, *_conditions(structure, law, self._unknowns, symbols)]
        if law.holds and structure.invariant is not None:
            goal = truth(structure.invariant, {"x": left})
        else:
            goal = equal(left, symbols.side(law.right, self._unknowns))
        self._premises = [
            *(Premise(f"condition {i}", term) for i, term in enumerate(conditions)),
            Premise("the law is broken", Not(goal)),
        ]

    def ruling(self) -> Ruling:
        answer = self._solver.check(self._premises, self._budget)
        match answer:
            case GaveUp(reason):
                return Undecided(reason)
            case Unsat():
                return Kept(_universe(self._structure))
            case Sat():
                return self._smallest(answer)

    def _smallest(self, answer: Sat) -> Ruling:
        size = Add(tuple(size_of(symbol) for symbol in self._unknowns.values()))
        is_smallest = False
        found = self._values(answer)
        for _ in range(_TRIES):
            limit = Premise("smaller", Less(size, Int(_weight(found, self._kinds))))
            smaller = self._solver.check([*self._premises, limit], self._budget)
            if not isinstance(smaller, Sat):
                is_smallest = isinstance(smaller, Unsat)
                break
            found = self._values(smaller)
        return self._broken(found, is_smallest)

    def _values(self, answer: Sat) -> dict[str, Value]:
        known = dict(answer.values)
        return {name: value_of(kind, name, known) for name, kind in self._kinds.items()}

    def _broken(self, values: Mapping[str, Value], is_smallest: bool) -> Ruling:
        ends = breaks(self._structure, self._law, values)
        if ends is None:
            return Undecided("an answer of the solver does not hold when it is evaluated")
        kind = self._structure.state
        given = tuple((name, shown(value, self._kinds[name])) for name, value in values.items())
        left, right = (shown(value, kind) for value in ends)
        return Broken(given, left, right, is_smallest)


def breaks(
    structure: Structure, law: Law, values: Mapping[str, Value]
) -> tuple[Value, Value] | None:
    """Both sides of a law for these values when they break it, by evaluation alone.

    For laws that an invariant holds, both are the state that it does not hold of.
    """
    plain = _Plain(structure)
    for condition, scope in _scopes(structure, law):
        names = {name: plain.side(side, values) for name, side in scope.items()}
        if not evaluate(condition, names):
            return None
    left = plain.side(law.left, values)
    if law.holds and structure.invariant is not None:
        return None if evaluate(structure.invariant, {"x": left}) else (left, left)
    right = plain.side(law.right, values)
    return None if left == right else (left, right)


def _variables(structure: Structure, law: Law) -> Iterator[tuple[str, Type]]:
    """The variables of a law by name, states first."""
    states: dict[str, Type] = {}
    parameters: dict[str, Type] = {}
    stack: list[Side] = [law.right, law.left]
    while stack:
        match stack.pop():
            case Variable(name):
                states[name] = structure.state
            case Merge(left, right):
                stack += [right, left]
            case Changed(update, state, given, _):
                kinds = dict(update.parameters)
                parameters.update((as_, kinds[name]) for name, as_ in given)
                stack.append(state)
            case Neutral():
                pass
    yield from states.items()
    yield from parameters.items()


def _scopes(structure: Structure, law: Law) -> Iterator[tuple[Expression, dict[str, Side]]]:
    """What a law presupposes: invariants of its states, and that its updates may happen."""
    seen: set[str] = set()
    stack: list[Side] = [law.right, law.left]
    while stack:
        match stack.pop():
            case Variable(name) if name not in seen and structure.invariant is not None:
                seen.add(name)
                yield structure.invariant, {"x": Variable(name)}
            case Merge(left, right):
                stack += [right, left]
            case Changed(update, state, given, _):
                if update.when is not None:
                    names: dict[str, Side] = {name: Variable(as_) for name, as_ in given}
                    yield update.when, {**names, "x": state}
                stack.append(state)


def _conditions(
    structure: Structure, law: Law, unknowns: Mapping[str, Symbol], symbols: _Symbols
) -> Iterator[Term]:
    for condition, scope in _scopes(structure, law):
        names = {name: symbols.side(side, unknowns) for name, side in scope.items()}
        yield truth(condition, names)


class _Symbols:
    """Sides of laws as unknown values."""

    def __init__(self, structure: Structure) -> None:
        self._structure = structure

    def side(self, side: Side, unknowns: Mapping[str, Symbol]) -> Symbol:
        match side:
            case Variable(name):
                return unknowns[name]
            case Merge(left, right):
                both = {"a": self.side(left, unknowns), "b": self.side(right, unknowns)}
                return translate(self._structure.merge, both)
            case Changed(update, state, given, delta):
                names = {name: unknowns[as_] for name, as_ in given}
                body = update.delta if delta and update.delta is not None else update.to
                return translate(body, {**names, "x": self.side(state, unknowns)})
            case Neutral():
                return translate(self._structure.neutral or self._structure.merge, {})


class _Plain:
    """Sides of laws as values."""

    def __init__(self, structure: Structure) -> None:
        self._structure = structure

    def side(self, side: Side, values: Mapping[str, Value]) -> Value:
        match side:
            case Variable(name):
                return values[name]
            case Merge(left, right):
                both = {"a": self.side(left, values), "b": self.side(right, values)}
                return evaluate(self._structure.merge, both)
            case Changed(update, state, given, delta):
                names = {name: values[as_] for name, as_ in given}
                body = update.delta if delta and update.delta is not None else update.to
                return evaluate(body, {**names, "x": self.side(state, values)})
            case Neutral():
                return evaluate(self._structure.neutral or self._structure.merge, {})


def written(side: Side) -> str:
    """One side of a law in words."""
    match side:
        case Variable(name):
            return name
        case Merge(left, right):
            return f"merge({written(left)}, {written(right)})"
        case Neutral():
            return "neutral"
        case Changed(update, state, given, delta):
            values = ", ".join([written(state), *(as_ for _, as_ in given)])
            return f"{'delta of ' if delta else ''}{update.name}({values})"


def _weight(values: Mapping[str, Value], kinds: Mapping[str, Type]) -> int:
    """The size of values, as `symbolic.size_of` counts it."""

    def of(value: Value) -> int:
        match value:
            case bool():
                return int(value)
            case int():
                return value if value >= 0 else -2 * value
            case frozenset():
                return len(value)
            case tuple():
                return len(value) + sum(value)
            case _:
                keys = sum(isinstance(key, int) for key in value)
                return keys + sum(of(part) for part in value.values())

    return sum(of(values[name]) for name in kinds)


def _universe(structure: Structure) -> str:
    """For which universes a proof about this structure is one; empty for all.

    Operations that treat each element or key on its own keep a law in every universe when they
    keep it for one element: the law is an equation between elements.
    """
    kinds = list(_inside(structure.state))
    for update in structure.updates:
        for _, kind in update.parameters:
            kinds += _inside(kind)
    lists = [kind.size for kind in kinds if isinstance(kind, ListOf)]
    sizes = [kind.size for kind in kinds if isinstance(kind, SetOf | MapOf)]
    parts = []
    if lists:
        parts.append(f"lists of at most {max(lists)} numbers")
    if sizes and not _is_pointwise(structure):
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


def _names(expression: Expression) -> set[str]:
    """The variables of an expression."""
    found: set[str] = set()
    stack: list[Expression] = [expression]
    while stack:
        match stack.pop():
            case Name(name, _):
                found.add(name)
            case Call(_, parts, _):
                stack.extend(parts)
            case Lambda(_, _, inner, _) | Field(inner, _, _) | Negation(inner, _):
                stack.append(inner)
            case Binary(_, left, right, _):
                stack += [left, right]
            case Choice(one, two, three, _):
                stack += [one, two, three]
            case Record(fields, base, _):
                stack.extend(value for _, value in fields)
                stack.extend(() if base is None else (base,))
    return found


def _is_pointwise(structure: Structure) -> bool:
    """Whether nothing compares, tests or chooses but the numbers of one key with each other."""
    nested = any(
        isinstance(inner, SetOf | MapOf | ListOf)
        for kind in _inside(structure.state)
        if isinstance(kind, MapOf)
        for inner in _inside(kind.of)
    )
    found: list[Expression | None] = [structure.merge, structure.neutral, structure.invariant]
    for update in structure.updates:
        found += [update.to, update.when, update.delta]
    stack = [one for one in found if one is not None]
    while stack:
        match stack.pop():
            case (
                Binary()
                | Choice()
                | Negation()
                | Call("has" | "insert" | "remove" | "size" | "length")
            ):
                return False
            case Call(_, arguments, _):
                for one in arguments:
                    if not isinstance(one, Lambda):
                        stack.append(one)
                    elif nested:
                        stack.append(one.body)
                    elif not _names(one.body) <= {one.left, one.right}:
                        return False
            case Field(inner, _, _):
                stack.append(inner)
            case Record(fields, base, _):
                stack.extend(value for _, value in fields)
                stack.extend(() if base is None else (base,))
    return True
