"""Terms over truth values, judged by trying all values: no solver is involved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

from tellverify.solver.term import (
    Bool,
    Conjunction,
    Disjunction,
    Equal,
    NegatedTerm,
    Term,
    TermVariable,
    variables_of,
)


def satisfiable(terms: Sequence[Term]) -> bool:
    """Whether some values make all terms true."""
    names = list(variables_of(terms))
    assert len(names) <= 12, "too many values to try"
    return any(
        all(true(term, dict(zip(names, values, strict=True))) for term in terms)
        for values in product((False, True), repeat=len(names))
    )


def true(term: Term, values: Mapping[str, bool]) -> bool:
    """The truth value of a term."""
    match term:
        case TermVariable(name):
            return values[name]
        case Bool(value):
            return value
        case NegatedTerm(inner):
            return not true(inner, values)
        case Conjunction(parts):
            return all(true(part, values) for part in parts)
        case Disjunction(parts):
            return any(true(part, values) for part in parts)
        case Equal(left, right):
            return true(left, values) == true(right, values)
        case _:
            raise TypeError(term)
