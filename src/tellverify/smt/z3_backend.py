"""The port on z3. The only module that imports it; no z3 object leaves a function here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import z3

from tellverify.smt.solver import Answer, Budget, GaveUp, Premise, Sat, Unsat
from tellverify.smt.term import (
    And,
    Bool,
    Equal,
    Int,
    Less,
    Not,
    Or,
    Sort,
    Term,
    TwoOf,
    Variable,
)


class Z3Solver:
    """Each query has a context of its own, and its budget is z3's resource count."""

    def check(self, premises: Sequence[Premise], budget: Budget) -> Answer:
        """See `Solver`; errors inside z3 are the answer `GaveUp`."""
        try:
            return _checked(premises, budget)
        except (z3.Z3Exception, OverflowError, MemoryError) as error:
            return GaveUp(f"z3 failed: {str(error)[:80] or type(error).__name__}")


def _checked(premises: Sequence[Premise], budget: Budget) -> Answer:
    context = z3.Context()
    variables = _variables(premises)
    made = {
        name: (z3.Bool if variable.sort is Sort.BOOL else z3.Int)(f"x{i}", context)
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


def _variables(premises: Sequence[Premise]) -> dict[str, Variable]:
    found: dict[str, Variable] = {}
    stack: list[Term] = [premise.term for premise in reversed(premises)]
    while stack:
        term = stack.pop()
        match term:
            case Variable(name):
                found.setdefault(name, term)
            case Not(inner):
                stack.append(inner)
            case And(parts) | Or(parts) | TwoOf(parts):
                stack.extend(reversed(parts))
            case Equal(left, right) | Less(left, right):
                stack.extend((right, left))
            case Bool() | Int():
                pass
    return found


def _made(term: Term, variables: Mapping[str, z3.ExprRef], context: z3.Context) -> z3.ExprRef:
    match term:
        case Variable(name):
            return variables[name]
        case Bool(value):
            return z3.BoolVal(value, context)
        case Int(number):
            return z3.IntVal(number, context)
        case Not(inner):
            return z3.Not(_made(inner, variables, context))
        case And(parts) if parts:
            return z3.And(*[_made(part, variables, context) for part in parts])
        case Or(parts) if parts:
            return z3.Or(*[_made(part, variables, context) for part in parts])
        case And() | Or():
            return z3.BoolVal(isinstance(term, And), context)
        case TwoOf(parts):
            return z3.AtLeast(*[_made(part, variables, context) for part in parts], 2)
        case Equal(left, right):
            return _made(left, variables, context) == _made(right, variables, context)
        case Less(left, right):
            return _made(left, variables, context) < _made(right, variables, context)
