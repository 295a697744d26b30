"""The laws of a structure, decided by a solver; every counterexample is evaluated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

import msgspec

from tellverify.models.evaluation import Value, evaluate, shown
from tellverify.models.expressions import Expression, Type
from tellverify.models.extents import TooLarge
from tellverify.models.lattice_laws import Changed, Law, LawVariable, Merge, Neutral, Side
from tellverify.models.structures import Structure
from tellverify.models.symbolic import translate, truth
from tellverify.models.symbols import Symbol, equal, size_of, unknown, value_of
from tellverify.models.universes import universe_of
from tellverify.solver.port import GaveUp, Premise, Sat, Solver, SolverBudget, Unsat
from tellverify.solver.term import Add, Int, Less, NegatedTerm, Term

_TRIES: Final = 40


class Kept(msgspec.Struct, frozen=True, tag=True):
    """The law holds; `within` names the universes it was shown for, empty for all."""

    within: str = ""


class BrokenLaw(msgspec.Struct, frozen=True, tag=True):
    """The law does not hold for these values; `is_smallest` if no smaller ones break it.

    `left` and `right` are both sides of it, or where the structure has a view, their views.
    """

    values: tuple[tuple[str, str], ...]
    left: str
    right: str
    is_smallest: bool


class UndecidedLaw(msgspec.Struct, frozen=True, tag=True):
    """The solver gave up, or its answer failed the evaluation."""

    reason: str


Ruling: TypeAlias = Kept | BrokenLaw | UndecidedLaw


def judge(structure: Structure, law: Law, solver: Solver, budget: SolverBudget) -> Ruling:
    """Decide one law of a structure. A counterexample is as small as the budget allows."""
    return _LawJudge(structure, law, solver, budget).ruling()


def shows_nothing(structure: Structure, solver: Solver, budget: SolverBudget) -> bool:
    """Whether all states have one view, so that every law that compares views holds of itself."""
    if structure.view is None:
        return False
    same = Law("", LawVariable("a"), LawVariable("b"), structure.view.span)
    return isinstance(judge(structure, same, solver, budget), Kept)


class _LawJudge:
    def __init__(
        self, structure: Structure, law: Law, solver: Solver, budget: SolverBudget
    ) -> None:
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
            goal = symbols.alike(left, symbols.side(law.right, self._unknowns))
        self._premises = [
            *(Premise(f"condition {i}", term) for i, term in enumerate(conditions)),
            Premise("the law is broken", NegatedTerm(goal)),
        ]

    def ruling(self) -> Ruling:
        answer = self._solver.check(self._premises, self._budget)
        match answer:
            case GaveUp(reason):
                return UndecidedLaw(reason)
            case Unsat():
                return Kept(universe_of(self._structure))
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
        try:
            ends = breaks(self._structure, self._law, values)
        except TooLarge as error:
            return UndecidedLaw(str(error))
        if ends is None:
            return UndecidedLaw("an answer of the solver does not hold when it is evaluated")
        structure = self._structure
        kind = structure.state if structure.view is None or self._law.holds else structure.view.kind
        given = tuple((name, shown(value, self._kinds[name])) for name, value in values.items())
        left, right = (shown(value, kind) for value in ends)
        return BrokenLaw(given, left, right, is_smallest)


def breaks(
    structure: Structure, law: Law, values: Mapping[str, Value]
) -> tuple[Value, Value] | None:
    """Both sides of a law for these values when they break it, by evaluation alone.

    Where the structure has a view, the views of both sides are compared and returned. For laws that
    an invariant holds, both are the state that it does not hold of.
    """
    plain = _Plain(structure)
    for one, other in law.alike:
        if plain.viewed(values[one.name]) != plain.viewed(values[other.name]):
            return None
    for condition, scope in _scopes(structure, law):
        names = {name: plain.side(side, values) for name, side in scope.items()}
        if not evaluate(condition, names):
            return None
    left = plain.side(law.left, values)
    if law.holds and structure.invariant is not None:
        return None if evaluate(structure.invariant, {"x": left}) else (left, left)
    ends = plain.viewed(left), plain.viewed(plain.side(law.right, values))
    return None if ends[0] == ends[1] else ends


def _variables(structure: Structure, law: Law) -> Iterator[tuple[str, Type]]:
    """The variables of a law by name, states first."""
    states: dict[str, Type] = {}
    parameters: dict[str, Type] = {}
    stack: list[Side] = [law.right, law.left]
    while stack:
        match stack.pop():
            case LawVariable(name):
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
            case LawVariable(name) if name not in seen and structure.invariant is not None:
                seen.add(name)
                yield structure.invariant, {"x": LawVariable(name)}
            case Merge(left, right):
                stack += [right, left]
            case Changed(update, state, given, _):
                if update.when is not None:
                    names: dict[str, Side] = {name: LawVariable(as_) for name, as_ in given}
                    yield update.when, {**names, "x": state}
                stack.append(state)
            case LawVariable() | Neutral():
                pass


def _conditions(
    structure: Structure, law: Law, unknowns: Mapping[str, Symbol], symbols: _Symbols
) -> Iterator[Term]:
    for condition, scope in _scopes(structure, law):
        names = {name: symbols.side(side, unknowns) for name, side in scope.items()}
        yield truth(condition, names)
    for one, other in law.alike:
        yield symbols.alike(unknowns[one.name], unknowns[other.name])


class _Symbols:
    """Sides of laws as unknown values."""

    def __init__(self, structure: Structure) -> None:
        self._structure = structure

    def alike(self, left: Symbol, right: Symbol) -> Term:
        """Whether two states are equal, or their views where there is a view."""
        view = self._structure.view
        if view is None:
            return equal(left, right)
        return equal(translate(view.of, {"x": left}), translate(view.of, {"x": right}))

    def side(self, side: Side, unknowns: Mapping[str, Symbol]) -> Symbol:
        match side:
            case LawVariable(name):
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

    def viewed(self, state: Value) -> Value:
        """The view of a state; without a view the state."""
        view = self._structure.view
        return state if view is None else evaluate(view.of, {"x": state})

    def side(self, side: Side, values: Mapping[str, Value]) -> Value:
        match side:
            case LawVariable(name):
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
