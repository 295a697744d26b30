"""Every clause of the judgement of runs by formulas: one run that is wrong in this clause alone."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from test_evidence_replay import machine
from test_trace_clauses import steps

from tellverify.evidence import formula_run
from tellverify.evidence.formula_run import (
    complaint,
    event_rows,
    filed,
    must_go_on,
    positions,
    unreached,
    unshown,
)
from tellverify.evidence.itf import TraceSubject
from tellverify.evidence.trace_replay import Stepper
from tellverify.model.fault import Fault
from tellverify.model.formula import (
    BranchAtom,
    CountAtom,
    EventAtom,
    FinishedAtom,
    Formula,
    FormulaBuilder,
    OfferAtom,
    malformed,
)
from tellverify.model.step import Step

TWICE = (
    machine("A", [("B!M", 1)], [("B!M", 2)], [("B!Done", 3)], []),
    machine("B", [("A?M", 1)], [("A?M", 2)], [("A?Done", 3)], []),
)
FLOOD = (
    machine("A", [("B!M", 0), ("B!Done", 1)], []),
    machine("B", [("A?M", 0), ("A?Done", 1)], []),
)
DONE = EventAtom("send", "A", "B", "Done")
SENT = EventAtom("send", "A", "B", "M")
TAKEN = EventAtom("receive", "A", "B", "M")


def formula(make: Callable[[FormulaBuilder], int]) -> Formula:
    builder = FormulaBuilder()
    return builder.formula(make(builder))


EVENTUALLY = formula(lambda b: b.eventually(b.atom(DONE)))
NEVER = formula(lambda b: b.always(b.negation(b.atom(DONE))))
SUBJECT = TraceSubject("p", "P", "reachable[x]", "", "", Fault.WITNESS, formula=filed(EVENTUALLY))


def test_a_loop_that_does_not_come_back_is_no_endless_run() -> None:
    assert complaint(EVENTUALLY, steps("A!BM B?AM", {}), 0, FLOOD) == ""
    said = complaint(EVENTUALLY, steps("A!BM B?AM", {}), 0, TWICE)
    assert said == "the loop does not come back"
    assert complaint(EVENTUALLY, steps("A!BM B?AM A!BM", {}), 2, FLOOD) == (
        "the loop does not come back"
    )


def test_a_loop_is_fair_to_who_must_go_on() -> None:
    flood = (*FLOOD, machine("C", [("D!N", 1)], []), machine("D", [("C?N", 1)], []))
    said = complaint(EVENTUALLY, steps("A!BM B?AM", {}), 0, flood)
    assert said == "a role could move all along, so the loop is not fair"
    may_stop = (*FLOOD, machine("C", [("D!N", 1)], [], final=[0]), machine("D", [("C?N", 1)], []))
    assert complaint(EVENTUALLY, steps("A!BM B?AM", {}), 0, may_stop) == ""


def test_a_role_must_go_on_with_what_is_queued_although_it_may_stop() -> None:
    pair = (machine("A", [("B!M", 1)], []), machine("B", [("A?M", 0)], final=[0]))
    stepper = Stepper(pair)
    assert must_go_on(stepper, pair[0]) and not must_go_on(stepper, pair[1])
    stepper.make(steps("A!BM", {})[0])
    assert must_go_on(stepper, pair[1]) and not must_go_on(stepper, pair[0])


def test_a_start_refutes_only_what_all_longer_runs_refute() -> None:
    assert complaint(NEVER, steps("A!BM A!BM A!BDone", {}), -1, TWICE) == ""
    said = complaint(EVENTUALLY, steps("A!BM A!BM", {}), -1, TWICE)
    assert said == "the run may continue and the property may still hold"
    said = complaint(NEVER, steps("A!BM A!BM", {}), -1, TWICE)
    assert said == "the run may continue and the property may still hold"


def test_a_run_that_has_ended_is_judged_as_a_whole() -> None:
    short = (machine("A", [("B!M", 1)], []), machine("B", [("A?M", 1)], []))
    assert complaint(EVENTUALLY, steps("A!BM B?AM", {}), -1, short) == ""
    assert complaint(EVENTUALLY, steps("A!BM", {}), -1, short) != ""
    whole = "A!BM B?AM A!BM B?AM A!BDone B?ADone"
    assert complaint(EVENTUALLY, steps(whole, {}), -1, TWICE) == "the property holds for this run"


def test_the_atoms_repeat_with_the_loop() -> None:
    first = BranchAtom("A", "x", (("B", "M", 3),))
    once = formula(lambda b: b.always(b.eventually(b.negation(b.atom(first)))))
    assert complaint(once, steps("A!BM B?AM", {"M": 3}), 0, FLOOD) == (
        "the property holds for this run"
    )
    odd = CountAtom(((1, 0), (-1, 1)), -1)
    positive = Formula((SENT, TAKEN, odd), (("atom", (2,)), ("not", (0,))))
    found = positions(positive, steps("A!BM B?AM", {}), 0, FLOOD)
    assert found.stable and found.rows[2] == (True, False)


def test_a_count_that_drifts_changes_no_atom_later() -> None:
    """After 3 rounds the count is reached: the first 2 laps do not show it."""
    third = Formula((SENT, CountAtom(((1, 0),), -3)), (("atom", (1,)),))
    assert not positions(third, steps("A!BM B?AM", {}), 0, FLOOD).stable
    begun = steps("A!BM B?AM " * 4, {})
    assert positions(third, begun, 6, FLOOD).stable
    falls = Formula((SENT, CountAtom(((-1, 0),), 3)), (("atom", (1,)),))
    assert not positions(falls, steps("A!BM B?AM", {}), 0, FLOOD).stable
    level = Formula((SENT, TAKEN, CountAtom(((1, 0), (-1, 1)), 0)), (("atom", (2,)),))
    assert positions(level, steps("A!BM B?AM", {}), 0, FLOOD).stable


def test_branches_are_sends_of_their_role_in_their_line() -> None:
    atom = BranchAtom("A", "x", (("B", "M", 3), ("B", "Done", 4)))
    found = formula(lambda b: b.atom(atom))
    run = steps("A!BM B?AM A!BM A!BDone", {"M": 3, "Done": 5})
    assert positions(found, run, -1, TWICE).rows == ((True, False, True, False),)
    other = BranchAtom("B", "x", (("B", "M", 3),))
    assert positions(formula(lambda b: b.atom(other)), run, -1, TWICE).rows == ((False,) * 4,)


def test_atoms_on_roles_are_judged_behind_the_event() -> None:
    both = Formula(
        (FinishedAtom("A"), OfferAtom("A", "Done"), OfferAtom("A", "one")), (("atom", (0,)),)
    )
    run = steps("A!BM A!BM A!BDone", {})
    rows = positions(both, run, -1, TWICE).rows
    assert rows == ((False, False, True), (False, True, False), (False, False, False))


def test_what_stands_for_several_roles_and_labels() -> None:
    matches = formula_run.role_matches
    assert matches("*", "A") and matches("A", "A") and not matches("A", "B")
    assert matches("D[*]", "D[1]") and not matches("D[*]", "DE[1]") and not matches("D[*]", "D")
    labels = formula_run.label_matches
    assert labels("*", "M") and labels("M", "Tag.M") and labels("M", "M")
    assert not labels("M", "TagM") and not labels("M", "M.N")


def test_a_witness_reaches_its_event_and_does_not_repeat() -> None:
    assert unreached(EVENTUALLY, steps("A!BM A!BM A!BDone", {}), TWICE) == ""
    assert unreached(EVENTUALLY, steps("A!BM A!BM", {}), TWICE) == "it is not reached"


@pytest.mark.parametrize(
    ("changes", "loop", "reason"),
    [
        ({}, -1, ""),
        ({"fault": Fault.DEADLOCK}, -1, "only properties and witnesses have a formula"),
        ({"formula": msgspec.UNSET}, -1, "there is no formula"),
        ({"culprits": ("A",)}, -1, "it must name no culprits"),
        ({"formula": filed(NEVER)}, -1, "it is not reached"),
        ({}, 0, "a witness does not repeat"),
    ],
)
def test_the_subject_of_a_formula(changes: dict[str, object], loop: int, reason: str) -> None:
    subject = SUBJECT
    run = steps("A!BM A!BM A!BDone", {})
    assert unshown(msgspec.structs.replace(subject, **changes), run, loop, TWICE) == reason


def test_a_formula_is_judged_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    subject = SUBJECT
    run = steps("A!BM A!BM A!BDone", {})
    size = len(EVENTUALLY.nodes) + len(EVENTUALLY.atoms)
    monkeypatch.setattr(formula_run, "MOST_VALUES", size * 4)
    assert unshown(subject, run, -1, TWICE) == ""
    monkeypatch.setattr(formula_run, "MOST_VALUES", size * 4 - 1)
    assert "too large" in unshown(subject, run, -1, TWICE)


def test_the_roles_of_a_formula_are_those_of_the_protocol() -> None:
    for atom in (FinishedAtom("X"), OfferAtom("X", "M")):
        wrong = formula(lambda b, atom=atom: b.atom(atom))
        assert complaint(wrong, (), -1, TWICE) == "the protocol has no role `X`"
        assert unreached(wrong, (), TWICE) == "the protocol has no role `X`"


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (Formula((SENT,), ()), "there is no node"),
        (Formula((SENT,), (("atom", (1,)),)), "node 0 has wrong arguments"),
        (Formula((SENT,), (("atom", (-1,)),)), "node 0 has wrong arguments"),
        (Formula((SENT,), (("atom", (0,)), ("not", (1,)))), "node 1 has wrong arguments"),
        (Formula((SENT,), (("atom", (0,)), ("and", (0,)))), "node 1 has wrong arguments"),
        (
            Formula((SENT, CountAtom(((1, 0), (1, 2)), 0)), (("atom", (1,)),)),
            "a count counts something that is not an event",
        ),
        (
            Formula((SENT, CountAtom(((1, 0), (1, 1)), 0)), (("atom", (1,)),)),
            "a count counts something that is not an event",
        ),
        (
            Formula((SENT, CountAtom(((1, -1),), 0)), (("atom", (1,)),)),
            "a count counts something that is not an event",
        ),
    ],
)
def test_what_is_no_formula(broken: Formula, reason: str) -> None:
    assert malformed(broken) == reason
    assert malformed(Formula((SENT,), (("atom", (0,)),))) == ""


def test_counts_along_events_hold_from_zero_on() -> None:
    """More sends than receptions, at least as many, and at most one: event by event."""
    run = [
        Step(True, "A", "B", "M"),
        Step(False, "A", "B", "M"),
        Step(True, "A", "B", "M"),
        Step(True, "A", "B", "M"),
    ]
    more = CountAtom(((1, 0), (-1, 1)), -1)
    level = CountAtom(((1, 0), (-1, 1)), 0)
    at_most_one = CountAtom(((-1, 0),), 1)
    formula = Formula((SENT, TAKEN, more, level, at_most_one), (("atom", (2,)),))
    assert event_rows(formula, run) == [
        [True, False, True, True],
        [False, True, False, False],
        [True, False, True, True],
        [True, True, True, True],
        [True, True, False, False],
    ]
    state = Formula((SENT, FinishedAtom("A")), (("atom", (1,)),))
    assert event_rows(state, run) is None
