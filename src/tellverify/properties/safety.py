"""Safety formulas: those that only something that happens can contradict.

In negation normal form, the operators that ask for a later position are the strong next and the
until; the formulas without them are the syntactically safe fragment. Every run that breaks such a
formula has a finite beginning that no continuation mends, so it does not matter how runs end.
"""

from __future__ import annotations

from typing import assert_never

from tellverify.model.formula import Formula


def is_safety(formula: Formula) -> bool:
    """Whether events alone contradict it: a run that breaks it has a beginning that does.

    The form says so (Sistla, *Safety, Liveness and Fairness in Temporal Logic*, 1994): with
    negations moved to the atoms, nothing has to happen. False says nothing of the formula.
    """
    signs: list[set[bool]] = [set() for _ in formula.nodes]
    signs[-1].add(True)
    for number in range(len(formula.nodes) - 1, -1, -1):
        operator, args = formula.nodes[number]
        for sign in signs[number]:
            match operator:
                case "next" | "until":
                    if sign:
                        return False
                case "weak-next" | "release":
                    if not sign:
                        return False
                case "true" | "false" | "atom" | "not" | "and" | "or":
                    pass
                case _:
                    assert_never(operator)
            if operator != "atom":
                for arg in args:
                    signs[arg].add(sign != (operator == "not"))
    return True
