"""The port on z3. The only module that imports it; no z3 object leaves a function here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import z3

from tellverify.solver.port import Answer, GaveUp, Optimum, Premise, Sat, SolverBudget, Unsat, Wish
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
    TwoOf,
    folded,
    variables_of,
)


class Z3Solver:
    """Each query has a separate context, and its budget is z3's resource count."""

    def check(self, premises: Sequence[Premise], budget: SolverBudget) -> Answer:
        """See `Solver`; errors inside z3 are the answer `GaveUp`.

        So are numbers with more digits than Python reads, which are a ValueError.
        """
        try:
            return _checked(premises, budget)
        except (z3.Z3Exception, OverflowError, MemoryError, ValueError) as error:
            return GaveUp(f"z3 failed: {str(error)[:80] or type(error).__name__}")

    def minimise(
        self, premises: Sequence[Premise], wishes: Sequence[Wish], budget: SolverBudget
    ) -> Optimum | Unsat | GaveUp:
        """See `Optimiser`."""
        try:
            return _minimised(premises, wishes, budget)
        except (z3.Z3Exception, OverflowError, MemoryError) as error:
            return GaveUp(f"z3 failed: {str(error)[:80] or type(error).__name__}")


def _minimised(
    premises: Sequence[Premise], wishes: Sequence[Wish], budget: SolverBudget
) -> Optimum | Unsat | GaveUp:
    context = z3.Context()
    terms = [*(premise.term for premise in premises), *(wish.term for wish in wishes)]
    variables = variables_of(terms)
    made = {
        name: (z3.Bool if variable.sort is TermSort.BOOL else z3.Int)(f"x{i}", context)
        for i, (name, variable) in enumerate(variables.items())
    }
    optimiser = z3.Optimize(ctx=context)
    optimiser.set("rlimit", budget.work)
    for premise in premises:
        optimiser.add(_made(premise.term, made, context))
    wanted = [_made(wish.term, made, context) for wish in wishes]
    for wish, term in zip(wishes, wanted, strict=True):
        optimiser.add_soft(term, str(wish.weight))
    answer = optimiser.check()
    if answer == z3.unsat:
        return Unsat(())
    if answer != z3.sat:
        return GaveUp(f"z3 stopped: {optimiser.reason_unknown()[:80]}")
    model = optimiser.model()
    values = tuple((name, _value(model, made[name])) for name in sorted(made))
    broken = [
        wish
        for wish, term in zip(wishes, wanted, strict=True)
        if not z3.is_true(model.eval(term, model_completion=True))
    ]
    cost = sum(wish.weight for wish in broken)
    return Optimum(cost, values, tuple(wish.name for wish in broken))


def _checked(premises: Sequence[Premise], budget: SolverBudget) -> Answer:
    context = z3.Context()
    variables = variables_of(premise.term for premise in premises)
    made = {
        name: (z3.Bool if variable.sort is TermSort.BOOL else z3.Int)(f"x{i}", context)
        for i, (name, variable) in enumerate(variables.items())
    }
    solver = z3.Solver(ctx=context)
    solver.set("rlimit", budget.work)
    for i, premise in enumerate(premises):
        solver.assert_and_track(_made(premise.term, made, context), z3.Bool(f"p{i}", context))
    answer = solver.check()
    if answer == z3.sat:
        model = solver.model()
        return Sat(tuple((name, _value(model, made[name])) for name in sorted(made)))
    if answer == z3.unsat:
        core = {str(tracked) for tracked in solver.unsat_core()}
        return Unsat(tuple(p.name for i, p in enumerate(premises) if f"p{i}" in core))
    return GaveUp(f"z3 stopped: {solver.reason_unknown()[:80]}")


def _value(model: z3.ModelRef, variable: z3.ExprRef) -> bool | int:
    value = model.eval(variable, model_completion=True)
    if z3.is_int_value(value):
        return int(value.as_long())
    if z3.is_true(value) or z3.is_false(value):
        return bool(z3.is_true(value))
    raise z3.Z3Exception("a model without a value")


def _made(term: Term, variables: Mapping[str, z3.ExprRef], context: z3.Context) -> z3.ExprRef:
    def build(one: Term, parts: Sequence[z3.ExprRef]) -> z3.ExprRef:
        match one:
            case TermVariable(name):
                return variables[name]
            case Bool(value):
                return z3.BoolVal(value, context)
            case Int(number):
                return z3.IntVal(number, context)
            case NegatedTerm() | Conjunction() | Disjunction() | Equal() | Less():
                return _joined(one, parts, context)
            case TwoOf() | Add() | Scale() | If():
                return _joined(one, parts, context)

    return folded(term, build)


def _joined(term: Term, parts: Sequence[z3.ExprRef], context: z3.Context) -> z3.ExprRef:
    """The expression of a term that has others inside."""
    match term:
        case NegatedTerm():
            return z3.Not(parts[0])
        case Conjunction() | Disjunction() if not parts:
            return z3.BoolVal(isinstance(term, Conjunction), context)
        case Conjunction():
            return z3.And(*parts)
        case Disjunction():
            return z3.Or(*parts)
        case TwoOf():
            return z3.AtLeast(*parts, 2)
        case Equal():
            return parts[0] == parts[1]
        case Less():
            return parts[0] < parts[1]
        case Add():
            return z3.Sum([z3.IntVal(0, context), *parts])
        case Scale(factor, _):
            return z3.IntVal(factor, context) * parts[0]
        case If():
            return z3.If(*parts)
        case TermVariable() | Bool() | Int():
            raise TypeError("nothing is inside of it")


def run_script(script: str, work: int) -> str:
    """The answer of z3 itself to a script with one `check-sat`, or why it has no answer."""
    context = z3.Context()
    limited = f"(set-option :rlimit {work})\n{script}"
    try:
        said = str(z3.Z3_eval_smtlib2_string(context.ref(), limited)).strip()
    except (z3.Z3Exception, OverflowError, MemoryError) as error:
        return f"z3 failed: {str(error)[:80] or type(error).__name__}"
    return said if said in ("sat", "unsat", "unknown") else f"z3 says: {said[:80]}"
