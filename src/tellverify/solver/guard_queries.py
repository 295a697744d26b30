"""Guards of one choice that are contradictory, always true, overlapping or incomplete.

Names, fields and calls in guards may have any value of their type, independent of each other, and
integers may have any size. Every example is evaluated on the guards before it is returned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

import msgspec

from tellverify.model.predicate import Operand, Predicate, Value, atoms, conjuncts, inside, truth
from tellverify.solver.encode import Encoding, SortClash, Unmodelled, encode
from tellverify.solver.port import GaveUp, Premise, Sat, Solver, SolverBudget, Unsat
from tellverify.solver.term import Conjunction, Disjunction, Int, Less, NegatedTerm, Term, TwoOf
from tellverify.source.span import Span

_MAX_OVERLAPS: Final = 20
_MAX_CORE: Final = 20
_MAX_NEEDED: Final = 100
_MAX_SEEN: Final = 8
_MAX_PARTS: Final = 20_000
Valuation: TypeAlias = tuple[tuple[str, Value], ...]


class Contradictory(msgspec.Struct, frozen=True, tag=True):
    """Guard `index` never holds, because the conditions at `spans` exclude each other."""

    index: int
    spans: tuple[Span, ...]


class GuardConstant(msgspec.Struct, frozen=True, tag=True):
    """Guard `index` always holds."""

    index: int


class Overlap(msgspec.Struct, frozen=True, tag=True):
    """Two guards both hold with the values of `witness`."""

    first: int
    second: int
    witness: Valuation


class GuardGap(msgspec.Struct, frozen=True, tag=True):
    """No guard holds with the values of `witness`."""

    witness: Valuation


Remark: TypeAlias = Contradictory | GuardConstant | Overlap | GuardGap


class GuardJudgement(msgspec.Struct, frozen=True):
    """The results on the guards of a choice.

    `unknown` says why some may be missing. Only when it is empty, every guard that is not
    contradictory can hold.
    """

    remarks: tuple[Remark, ...] = ()
    unknown: str = ""
    queries: int = 0


def judge(
    guards: Sequence[Predicate],
    solver: Solver,
    budget: SolverBudget,
    queries: int,
    *,
    complete: bool,
) -> GuardJudgement | SortClash | Unmodelled:
    """Judge the guards of one choice with a bounded number of queries.

    With `complete`, the guards are all the branches there are, so one of them should hold.
    """
    if sum(1 for guard in guards for _ in inside(guard)) > _MAX_PARTS:
        return GuardJudgement(unknown=f"the guards of a choice have more than {_MAX_PARTS} parts")
    encoding = encode(guards)
    if not isinstance(encoding, Encoding):
        return encoding
    return _GuardJudge(guards, encoding, solver, budget, queries).judge(complete)


class _GuardJudge:
    def __init__(
        self,
        guards: Sequence[Predicate],
        encoding: Encoding,
        solver: Solver,
        budget: SolverBudget,
        queries: int,
    ) -> None:
        self._guards = guards
        self._encoding = encoding
        self._terms = [encoding.term(guard) for guard in guards]
        self._solver = solver
        self._budget = budget
        self._most = queries
        self._queries = 0
        self._unknown = ""
        self._remarks: list[Remark] = []
        self._seen: list[dict[str, Value]] = []

    def judge(self, complete: bool) -> GuardJudgement:
        bad: list[int] = []
        constant: list[int] = []
        for index in range(len(self._guards)):
            clash = None if self._is_seen(index, True) else self._contradiction(index)
            if clash is not None:
                bad.append(index)
                self._remarks.append(Contradictory(index, clash))
            elif not self._is_seen(index, False) and self._is_constant(index):
                constant.append(index)
                self._remarks.append(GuardConstant(index))
        usual = [i for i in range(len(self._guards)) if i not in {*bad, *constant}]
        self._overlaps(usual)
        if complete and not bad and not constant:
            self._gap()
        return GuardJudgement(tuple(self._remarks), self._unknown, self._queries)

    def _ask(self, terms: Sequence[Term]) -> Sat | Unsat | None:
        """The answer, with premises named by their positions; None after a note on why not."""
        if self._queries >= self._most:
            self._unknown = f"more than {self._most} queries to the solver are needed"
            return None
        self._queries += 1
        premises = [Premise(str(i), term) for i, term in enumerate(terms)]
        answer = self._solver.check(premises, self._budget)
        if isinstance(answer, GaveUp):
            self._unknown = answer.reason
            return None
        return answer

    def _is_seen(self, index: int, value: bool) -> bool:
        """Whether values from earlier answers show that a guard may have this truth value."""
        return any([truth(self._guards[index], seen) is value for seen in self._seen])

    def _see(self, values: dict[str, Value]) -> None:
        self._seen = [self._encoding.completed(values), *self._seen[: _MAX_SEEN - 1]]

    def _is_constant(self, index: int) -> bool:
        answer = self._ask((NegatedTerm(self._terms[index]),))
        if isinstance(answer, Sat):
            values = self._encoding.values(answer.values)
            if truth(self._guards[index], values) is not False:
                self._unknown = "an answer of the solver does not hold"
            self._see(values)
        return isinstance(answer, Unsat)

    def _is_unsat(self, terms: Sequence[Term]) -> bool:
        return isinstance(self._ask(terms), Unsat)

    def _contradiction(self, index: int) -> tuple[Span, ...] | None:
        """The places of a smallest set of conditions that exclude each other; None if it holds."""
        parts = conjuncts(self._guards[index])
        answer = self._ask([self._encoding.term(part) for part in parts])
        if isinstance(answer, Sat):
            values = self._encoding.values(answer.values)
            if truth(self._guards[index], values) is not True:
                self._unknown = "an answer of the solver does not hold"
            self._see(values)
        if not isinstance(answer, Unsat):
            return None
        core: list[Operand] = [parts[int(name)] for name in answer.core]
        for part in core[:_MAX_CORE]:
            rest = [other for other in core if other is not part]
            if len(core) > 1 and self._is_unsat([self._encoding.term(one) for one in rest]):
                core = rest
        return tuple(part.span for part in core)

    def _witness(self, terms: Sequence[Term]) -> dict[str, Value] | None:
        """Values that make the terms true, without negative numbers if that is possible."""
        natural = [NegatedTerm(Less(variable, Int(0))) for variable in self._encoding.numbers()]
        answer = self._ask([*terms, *natural])
        if isinstance(answer, Unsat) and natural:
            answer = self._ask(terms)
        return self._encoding.values(answer.values) if isinstance(answer, Sat) else None

    def _overlaps(self, indices: Sequence[int]) -> None:
        """Guards that hold together with an earlier one, each pair reported once.

        When there is any such pair, one is told; pairs that overlap only where told ones do, are
        not.
        """
        if len(indices) < 2:
            return
        goals: list[Term] = [TwoOf(tuple([self._terms[i] for i in indices]))]
        told: list[Overlap] = []
        while len(told) < _MAX_OVERLAPS:
            values = self._witness(goals)
            if values is None:
                break
            first, *others = [i for i in indices if truth(self._guards[i], values)] or [-1]
            if not others:
                self._unknown = "an answer of the solver does not hold"
                break
            for second in others:
                told.append(Overlap(first, second, self._shown((first, second), values)))
                goals.append(NegatedTerm(Conjunction((self._terms[first], self._terms[second]))))
        told.sort(key=lambda one: (one.second, one.first))
        self._remarks.extend(told[:_MAX_OVERLAPS])

    def _gap(self) -> None:
        values = self._witness([NegatedTerm(Disjunction(tuple(self._terms)))])
        if values is None:
            return
        if any([truth(guard, values) is not False for guard in self._guards]):
            self._unknown = "an answer of the solver does not hold"
            return
        self._remarks.append(GuardGap(self._shown(range(len(self._guards)), values)))

    def _shown(self, indices: Sequence[int], values: Mapping[str, Value]) -> Valuation:
        """The values that the truth of some guards rests on, in source order."""
        guards = [self._guards[i] for i in indices]
        wanted = [truth(guard, values) for guard in guards]
        names = tuple(dict.fromkeys(name for guard in guards for name in atoms(guard)))
        needed = {name: values[name] for name in names}
        for name in reversed(names[:_MAX_NEEDED]):
            value = needed.pop(name)
            if [truth(guard, needed) for guard in guards] != wanted:
                needed[name] = value
        return tuple((name, needed[name]) for name in names if name in needed)
