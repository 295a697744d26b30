"""What is said of the guards of one choice, with values that show it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tellverify.model.predicate import Predicate
from tellverify.model.predicate_text import PredicateFault, read_predicate
from tellverify.solver.encode import SortClash, Unmodelled
from tellverify.solver.guard_queries import (
    Contradictory,
    GuardConstant,
    GuardGap,
    GuardJudgement,
    Overlap,
    judge,
)
from tellverify.solver.port import Answer, GaveUp, Premise, Sat, SolverBudget, Unsat
from tellverify.solver.term import (
    Bool,
    Conjunction,
    Disjunction,
    Equal,
    Int,
    Less,
    NegatedTerm,
    TermSort,
    TermVariable,
    TwoOf,
)
from tellverify.solver.z3_backend import Z3Solver


def read(text: str, offset: int = 0) -> Predicate:
    found = read_predicate(text, offset)
    assert not isinstance(found, PredicateFault), text
    return found


def judged(*texts: str, complete: bool = True) -> GuardJudgement:
    guards = [read(text) for text in texts]
    found = judge(guards, Z3Solver(), SolverBudget(), 1_000, complete=complete)
    assert isinstance(found, GuardJudgement), found
    assert not found.unknown
    return found


@pytest.mark.parametrize(
    "texts",
    [
        ("load > 5", "load <= 5"),
        ("ready", "!ready"),
        ('kind == "a"', 'kind != "a"'),
        ("a == b", "a != b"),
        ("a < b", "a == b", "b < a"),
        ("queue.is_empty()", "!queue . is_empty( )"),
        ("(a > 1) == ready", "(a > 1) != ready"),
        ("a == true", "!a"),
    ],
)
def test_guards_that_share_all_data_raise_nothing(texts: tuple[str, ...]) -> None:
    assert judged(*texts).remarks == ()


@pytest.mark.parametrize(
    ("text", "clash"),
    [
        ("load > 5 && ready && load < 6", ["load > 5", "load < 6"]),
        ("a && !a", ["a", "!a"]),
        ("false && a", ["false"]),
        ('k == "x" && k == "y"', ['k == "x"', 'k == "y"']),
        ("a < b && b < c && c < a && d", ["a < b", "b < c", "c < a"]),
        ("a < a", ["a < a"]),
        ("p && p < true", ["p", "p < true"]),
        ("f(x) == 1 && f( x ) == 2", ["f(x) == 1", "f( x ) == 2"]),
    ],
)
def test_a_contradiction_names_the_conditions_in_it(text: str, clash: list[str]) -> None:
    (found,) = judged(text, "other", complete=False).remarks
    assert isinstance(found, Contradictory)
    assert [text[span.start : span.end] for span in found.spans] == clash


@pytest.mark.parametrize("text", ["true", "a || !a", "x > 3 || x < 5", "a == a", "x <= x"])
def test_a_guard_that_always_holds_is_told_once(text: str) -> None:
    assert judged("b", text).remarks == (GuardConstant(1),)


def test_an_overlap_is_shown_by_the_values_it_rests_on() -> None:
    (found,) = judged("load >= 3 && kind == 7 || spare", "load <= 3 && !spare || wide").remarks[:1]
    assert isinstance(found, Overlap)
    assert (found.first, found.second) == (0, 1)
    assert {name for name, _ in found.witness} < {"load", "kind", "spare", "wide"}
    (exact,) = judged("load >= 3 && tall", "load <= 3 && !wide", complete=False).remarks
    assert exact == Overlap(0, 1, (("load", 3), ("tall", True), ("wide", False)))


def test_equal_guards_overlap_with_the_first() -> None:
    found = judged("a", "a", "a", complete=False).remarks
    assert found == (Overlap(0, 1, (("a", True),)), Overlap(0, 2, (("a", True),)))


def test_a_gap_is_shown_by_values_without_negative_numbers_if_there_are() -> None:
    assert judged("x > 3", "x < 3").remarks == (GuardGap((("x", 3),)),)
    (found,) = judged("x > 0", "x == 0").remarks
    assert isinstance(found, GuardGap)
    ((name, value),) = found.witness
    assert name == "x"
    assert isinstance(value, int)
    assert value < 0


def test_a_string_that_no_guard_names_is_called_other() -> None:
    assert judged('k == "other"', 'k == "b"').remarks == (GuardGap((("k", "other'"),)),)


def test_an_open_choice_has_no_gap() -> None:
    assert judged("x > 3", "x < 3", complete=False).remarks == ()


def test_integers_have_any_size() -> None:
    huge = 2**100
    assert judged(f"x > {huge}", f"x <= {huge}").remarks == ()
    assert judged(f"x < {huge}", f"x > {huge}").remarks == (GuardGap((("x", huge),)),)


@pytest.mark.parametrize(
    ("texts", "shown", "sorts"),
    [
        (("load > 3", "load"), "load", ("an integer", "a truth value")),
        (("a == b && b", 'a == "x"'), "a", ("a truth value", "a string")),
        (("a == 3", "a == b", 'b == "x"'), "b", ("an integer", "a string")),
        (('3 == "x"', "a"), "", ("an integer", "a string")),
    ],
)
def test_one_name_has_one_type(texts: tuple[str, ...], shown: str, sorts: tuple[str, str]) -> None:
    guards = [read(text, 100 * i) for i, text in enumerate(texts)]
    found = judge(guards, Z3Solver(), SolverBudget(), 100, complete=True)
    assert isinstance(found, SortClash)
    assert (found.shown, found.sorts) == (shown, sorts)


@pytest.mark.parametrize("text", ["x < 1.5", 'k < "b"', "k == 'c'", f"x > {2**128}"])
def test_what_is_not_modelled_is_said(text: str) -> None:
    found = judge([read("a"), read(text)], Z3Solver(), SolverBudget(), 100, complete=True)
    assert isinstance(found, Unmodelled)
    assert found.index == 1


class _Fixed:
    """A solver that always gives one answer."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def check(self, premises: Sequence[Premise], budget: SolverBudget) -> Answer:
        return self.answer


@pytest.mark.parametrize(
    "answer", [GaveUp("tired"), Sat((("x", 9),)), Sat((("x", 1),)), Sat((("x", 5),))]
)
def test_an_answer_that_does_not_hold_is_no_answer(answer: Answer) -> None:
    guards = [read("x > 3 && x < 7"), read("x > 4 && x < 8")]
    found = judge(guards, _Fixed(answer), SolverBudget(), 100, complete=True)
    assert isinstance(found, GuardJudgement)
    assert found.unknown


def test_the_number_of_queries_is_limited() -> None:
    found = judge([read("a"), read("b")], Z3Solver(), SolverBudget(), 3, complete=True)
    assert isinstance(found, GuardJudgement)
    assert found.queries == 3
    assert "3 queries" in found.unknown


def test_a_budget_that_is_too_small_is_no_answer() -> None:
    x, y, z = (TermVariable(name, TermSort.INT) for name in "xyz")
    hard = Conjunction(
        (Less(x, y), Less(y, z), Disjunction((Less(z, x), Equal(x, z), Equal(x, Int(4)))))
    )
    answer = Z3Solver().check([Premise("hard", hard)], SolverBudget(1))
    assert isinstance(answer, GaveUp)


def test_answers_name_values_and_premises() -> None:
    solver = Z3Solver()
    a, x = TermVariable("a b", TermSort.BOOL), TermVariable("x()", TermSort.INT)
    premises = [
        Premise("first", NegatedTerm(a)),
        Premise("second", Disjunction((a, Less(Int(2), x)))),
        Premise("third", Less(x, Int(4))),
    ]
    assert solver.check(premises, SolverBudget()) == Sat((("a b", False), ("x()", 3)))
    contrary = [*premises, Premise("fourth", Equal(x, Int(1)))]
    answer = solver.check(contrary, SolverBudget())
    assert isinstance(answer, Unsat)
    assert set(answer.core) <= {"first", "second", "third", "fourth"}
    assert solver.check([Premise("empty", Disjunction(()))], SolverBudget()) == Unsat(("empty",))
    assert solver.check([Premise("empty", Conjunction(()))], SolverBudget()) == Sat(())
    two = TwoOf((a, Bool(False), NegatedTerm(a)))
    assert solver.check([Premise("two", two)], SolverBudget()) == Unsat(("two",))
