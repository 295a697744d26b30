"""The solver's verdicts on guards agree with trying all small values.

Literals are between 0 and 3 and there are three numbers, so values from -3 to 7 show every order
that the numbers can have with them and each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from tellverify.model.predicate import (
    And,
    Atom,
    Comparison,
    Not,
    Number,
    Or,
    Predicate,
    Sign,
    Text,
    Truth,
    Value,
    truth,
)
from tellverify.solver.guard_queries import (
    Contradictory,
    GuardConstant,
    GuardGap,
    GuardJudgement,
    Overlap,
    judge,
)
from tellverify.solver.port import SolverBudget
from tellverify.solver.z3_backend import Z3Solver

NUMBERS, TRUTHS, TEXTS = ("x", "y"), ("p", "q"), ("s",)
RANGE = range(-2, 6)
WORDS = ("a", "b", "c")

_number = st.sampled_from([Atom(name) for name in NUMBERS] + [Number(n) for n in range(4)])
_text = st.sampled_from([*(Atom(name) for name in TEXTS), Text("a"), Text("b")])
_truth: st.SearchStrategy[Predicate] = st.sampled_from(
    [*(Atom(name) for name in TRUTHS), Truth(True), Truth(False)]
)
_sign = st.sampled_from(list(Sign))
_leaf: st.SearchStrategy[Predicate] = st.one_of(
    _truth,
    st.builds(Comparison, _number, _sign, _number),
    st.builds(Comparison, _number, _sign, _number),
    st.builds(Comparison, _text, st.sampled_from([Sign.EQUAL, Sign.UNEQUAL]), _text),
    st.builds(Comparison, _truth, _sign, _truth),
)


def _larger(inner: st.SearchStrategy[Predicate]) -> st.SearchStrategy[Predicate]:
    parts = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        st.builds(Not, inner),
        st.builds(And, parts),
        st.builds(Or, parts),
        st.builds(Comparison, inner, _sign, inner),
    )


predicates = st.recursive(_leaf, _larger, max_leaves=6)


def _valuations() -> Iterator[dict[str, Value]]:
    domains = (RANGE, RANGE, (False, True), (False, True), WORDS)
    for values in product(*domains):
        yield dict(zip((*NUMBERS, *TRUTHS, *TEXTS), values, strict=True))


VALUATIONS = list(_valuations())


@settings(max_examples=60)
@given(st.lists(predicates, min_size=1, max_size=3))
def test_verdicts_agree_with_enumeration(guards: list[Predicate]) -> None:
    found = judge(guards, Z3Solver(), SolverBudget(), 1_000, complete=True)
    assert isinstance(found, GuardJudgement)
    assert not found.unknown
    rows = [tuple(truth(guard, values) for guard in guards) for values in VALUATIONS]
    columns = list(zip(*rows, strict=True))
    bad = {i for i, column in enumerate(columns) if not any(column)}
    constant = {i for i, column in enumerate(columns) if all(column)}
    usual = [i for i in range(len(guards)) if i not in bad | constant]
    told = found.remarks
    assert {one.index for one in told if isinstance(one, Contradictory)} == bad
    assert {one.index for one in told if isinstance(one, GuardConstant)} == constant
    overlaps = {(one.first, one.second) for one in told if isinstance(one, Overlap)}
    real = {(i, j) for i in usual for j in usual if i < j and any(r[i] and r[j] for r in rows)}
    assert overlaps <= real
    assert bool(overlaps) == bool(real)
    has_gap = not bad and not constant and any(not any(row) for row in rows)
    assert any(isinstance(one, GuardGap) for one in told) == has_gap
    for one in told:
        match one:
            case Overlap(first, second, witness):
                assert truth(guards[first], dict(witness)) is True
                assert truth(guards[second], dict(witness)) is True
            case GuardGap(witness):
                assert [truth(guard, dict(witness)) for guard in guards] == [False] * len(guards)
            case Contradictory() | GuardConstant():
                pass
