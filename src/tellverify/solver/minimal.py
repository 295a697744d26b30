"""Smallest answers by repeated queries: minimal cores, and minimal models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from tellverify.solver.port import GaveUp, Premise, Sat, Solver, SolverBudget, Unsat
from tellverify.solver.term import Disjunction, NegatedTerm, TermVariable

_BLOCK: Final = "block"


class MinimisationStopped(Exception):
    """The solver gave up; says why."""


def shrink(
    solver: Solver, premises: Sequence[Premise], budget: SolverBudget
) -> tuple[Premise, ...] | None:
    """A core of premises: they clash, and without any one of them the others do not.

    None if the premises hold together. Premises at the front are given up first. By deletion
    (Marques-Silva, Lynce: On improving MUS extraction algorithms, SAT 2011, section 2).
    Raises MinimisationStopped.
    """
    answer = _ask(solver, premises, budget)
    if isinstance(answer, Sat):
        return None
    core = [premise for premise in premises if premise.name in set(answer.core)]
    for premise in tuple(core):
        rest = [other for other in core if other is not premise]
        if isinstance(_ask(solver, rest, budget), Unsat):
            core = rest
    return tuple(core)


def minimal_models(
    solver: Solver, premises: Sequence[Premise], over: Sequence[TermVariable], budget: SolverBudget
) -> Iterator[tuple[str, ...]]:
    """The sets of variables that may be all the true ones, and no smaller set may.

    Each is shrunk from a model until no model below it is left; supersets are blocked then.
    Raises MinimisationStopped.
    """
    known = list(premises)
    while True:
        answer = _ask(solver, known, budget)
        if isinstance(answer, Unsat):
            return
        true = _true(answer, over)
        while true:
            below = [
                *premises,
                *(Premise(f"not {v.name}", NegatedTerm(v)) for v in over if v not in true),
                Premise(_BLOCK, Disjunction(tuple([NegatedTerm(v) for v in true]))),
            ]
            smaller = _ask(solver, below, budget)
            if isinstance(smaller, Unsat):
                break
            true = _true(smaller, over)
        yield tuple(v.name for v in true)
        if not true:
            return
        known.append(
            Premise(f"{_BLOCK} {len(known)}", Disjunction(tuple([NegatedTerm(v) for v in true])))
        )


def _true(answer: Sat, over: Sequence[TermVariable]) -> list[TermVariable]:
    values = dict(answer.values)
    return [variable for variable in over if values.get(variable.name) is True]


def _ask(solver: Solver, premises: Sequence[Premise], budget: SolverBudget) -> Sat | Unsat:
    answer = solver.check(premises, budget)
    if isinstance(answer, GaveUp):
        raise MinimisationStopped(answer.reason)
    return answer
