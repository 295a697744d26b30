"""Queries as SMT-LIB scripts: written, read back, and judged by other solvers."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tellverify.solver.port import GaveUp, Premise, Sat, SolverBudget, Unsat
from tellverify.solver.rechecking import judge_script, solvers
from tellverify.solver.smtlib import About, BadScript, Recording, read_script, write_script
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
)
from tellverify.solver.z3_backend import Z3Solver

ABOUT = About("p.P/guards", "p.tell", "0" * 64)
X, Y = TermVariable("load", TermSort.INT), TermVariable("y\n|", TermSort.INT)
A = TermVariable("ready", TermSort.BOOL)


def integer(random_: random.Random, depth: int) -> Term:
    kind = random_.randrange(6 if depth else 2)
    if kind == 0:
        return Int(random_.randrange(-4, 5))
    if kind == 1:
        return random_.choice([X, Y])
    if kind == 2:
        return Add(tuple(integer(random_, depth - 1) for _ in range(random_.randrange(4))))
    if kind == 3:
        return Scale(random_.randrange(-3, 4), integer(random_, depth - 1))
    return If(truth(random_, depth - 1), integer(random_, depth - 1), integer(random_, depth - 1))


def truth(random_: random.Random, depth: int) -> Term:
    kind = random_.randrange(8 if depth else 3)
    if kind == 0:
        return Bool(random_.random() < 0.5)
    if kind == 1:
        return A
    if kind == 2:
        return Less(integer(random_, 0), integer(random_, 0))
    if kind == 3:
        return NegatedTerm(truth(random_, depth - 1))
    if kind == 4:
        return Equal(integer(random_, depth - 1), integer(random_, depth - 1))
    parts = tuple(truth(random_, depth - 1) for _ in range(random_.randrange(4)))
    if kind == 5:
        return Conjunction(parts)
    return Disjunction(parts) if kind == 6 or len(parts) < 2 else TwoOf(parts)


@pytest.mark.parametrize("seed", range(150))
def test_other_solvers_give_the_answer_that_was_written(seed: int) -> None:
    random_ = random.Random(seed)
    premises = [Premise(f"p|{i}\n", truth(random_, 3)) for i in range(random_.randrange(1, 5))]
    answer = Z3Solver().check(premises, SolverBudget())
    assert isinstance(answer, Sat | Unsat), seed
    script, reason = judge_script(write_script(premises, answer, ABOUT), solvers())
    assert reason == "", seed
    assert script.about == ABOUT
    assert script.status == ("sat" if isinstance(answer, Sat) else "unsat")
    wrong = Unsat(tuple(p.name for p in premises)) if isinstance(answer, Sat) else Sat(())
    for name in solvers():
        assert judge_script(write_script(premises, wrong, ABOUT), [name])[1], (seed, name)


def test_a_core_that_is_too_small_is_not_confirmed() -> None:
    premises = [Premise("low", Less(X, Int(1))), Premise("high", Less(Int(2), X))]
    answer = Z3Solver().check(premises, SolverBudget())
    assert answer == Unsat(("low", "high"))
    text = write_script(premises, Unsat(("low",)), ABOUT)
    assert judge_script(text, ["z3"])[1] == "its core should be unsat, z3 finds sat"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("; tellverify/smt-1", "; tellverify/smt-2", "line 1"),
        ("(check-sat)\n", "", "does not end"),
        ("(check-sat)", '(echo "unsat")\n(check-sat)', "no line of such a script"),
        ("(assert (! ", "(assert (! (exit) ", "`exit` has no meaning"),
        (":status unsat", ":status maybe", "no line of such a script"),
        (':core "p0 p1"', ':core "p0 p7"', "core"),
        ("(declare-const x0 Int)\n", "", "`x0` has no meaning"),
        (":named p1", ":named p0", "there twice"),
        ("; sha256", "; sha", "no line of such a script"),
        ("(assert (! ", "(assert (! )(", "has no meaning"),
    ],
)
def test_what_was_not_written_by_us_is_refused(old: str, new: str, words: str) -> None:
    premises = [Premise("low", Less(X, Int(1))), Premise("high", Less(Int(2), X))]
    text = write_script(premises, Unsat(("low", "high")), ABOUT)
    assert old in text
    with pytest.raises(BadScript) as caught:
        read_script(text.replace(old, new, 1))
    assert words in str(caught.value)


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    with pytest.raises(BadScript):
        read_script(text)


def test_deep_terms_are_written_and_solved() -> None:
    term: Term = A
    for _ in range(20_000):
        term = NegatedTerm(term)
    answer = Z3Solver().check([Premise("deep", term)], SolverBudget())
    assert answer == Sat((("ready", True),)) or isinstance(answer, GaveUp)
    with pytest.raises(BadScript, match="nested too deeply"):
        read_script(write_script([Premise("deep", term)], Sat(()), ABOUT))


def test_a_recording_keeps_the_queries_that_were_answered() -> None:
    recording = Recording(Z3Solver())
    recording.check([Premise("a", A)], SolverBudget())
    recording.check([Premise("a", A), Premise("b", NegatedTerm(A))], SolverBudget())
    files = recording.scripts("guards", ABOUT)
    assert [(of, name) for of, name, _ in files] == [
        ("p.P/guards#1", "guards.1.smt2"),
        ("p.P/guards#2", "guards.2.smt2"),
    ]
    assert [read_script(text).core for _, _, text in files] == [(), ("p0", "p1")]
