"""Runs with faults that contradict a formula, clause by clause."""

from __future__ import annotations

import msgspec
import pytest

from tellverify.evidence import formula_fault_run
from tellverify.evidence.fault_run import unshown_in_scenario
from tellverify.evidence.formula_fault_run import spoken_of, uncontradicted
from tellverify.evidence.formula_run import event_matches
from tellverify.model.failure import Outage, OutageKind
from tellverify.model.fault import Fault
from tellverify.model.formula import (
    Atom,
    BranchAtom,
    CountAtom,
    EventAtom,
    FinishedAtom,
    Formula,
    FormulaBuilder,
    OfferAtom,
)
from tellverify.model.machine import Action, Machine
from tellverify.model.site import Site
from tellverify.model.step import Step
from tellverify.model.timer_steps import timer_step
from tellverify.model.trace import Trace

A = Machine("A", (((Action(True, "B", "x"), 1),), ()), (False, True))
B = Machine("B", (((Action(False, "A", "x"), 1),), ()), (False, True))
SENT = Step(True, "A", "B", "x")
RECEIVED = Step(False, "A", "B", "x")


def never(atom: Atom) -> Formula:
    make = FormulaBuilder()
    return make.formula(make.always(make.negation(make.atom(atom))))


def trace(formula: Formula | None, *steps: Step, **changes: object) -> Trace:
    found = Trace(Fault.PROPERTY, steps, (), "", False, formula=formula, scenario="loss <= 1")
    return msgspec.structs.replace(found, **changes)


NO_RECEIVE = never(EventAtom("receive", "*", "B", "x"))


def test_events_contradict_a_formula() -> None:
    assert not uncontradicted(trace(NO_RECEIVE, SENT, RECEIVED), (A, B))
    assert not uncontradicted(trace(NO_RECEIVE, SENT, RECEIVED), None)
    assert "may still hold" in uncontradicted(trace(NO_RECEIVE, SENT), (A, B))
    assert not unshown_in_scenario(trace(NO_RECEIVE, SENT, RECEIVED), (A, B))


def test_the_step_of_a_timer_is_no_event() -> None:
    timer = timer_step("A", "timeout", 0, Site())
    assert not event_matches(EventAtom("receive", "*", "*", "*"), timer)
    assert not event_matches(EventAtom("send", "*", "*", "*"), timer)
    assert event_matches(EventAtom("send", "*", "*", "*"), SENT)
    assert event_matches(EventAtom("receive", "*", "*", "*"), RECEIVED)
    assert not event_matches(EventAtom("receive", "*", "*", "*"), SENT)


def test_a_run_that_only_stops_contradicts_nothing() -> None:
    make = FormulaBuilder()
    stops = make.formula(make.next(make.constant(False), weak=True))
    assert "may still hold" in uncontradicted(trace(stops, SENT), (A, B))
    assert not uncontradicted(trace(stops, SENT, RECEIVED), (A, B))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (trace(None, SENT, RECEIVED), "no formula"),
        (trace(NO_RECEIVE, SENT, RECEIVED, culprits=("A",)), "no culprits"),
        (trace(NO_RECEIVE, SENT, RECEIVED, loop=1), "no loop"),
        (trace(never(FinishedAtom("Z")), SENT), "no role `Z`"),
        (
            trace(NO_RECEIVE, SENT, RECEIVED, outages=(Outage(0, "B", kind=OutageKind.BYZANTINE),)),
            "the actions of `B`, which is Byzantine",
        ),
    ],
)
def test_what_is_no_such_run(changed: Trace, words: str) -> None:
    assert words in uncontradicted(changed, (A, B))


def test_states_are_judged_on_machines_and_not_with_timers() -> None:
    finished = never(FinishedAtom("B"))
    assert not uncontradicted(trace(finished, SENT, RECEIVED), (A, B))
    assert "refers to states" in uncontradicted(trace(finished, SENT, RECEIVED), None)


def test_a_formula_is_judged_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formula_fault_run, "MOST_VALUES", 8)
    assert "too large" in uncontradicted(trace(NO_RECEIVE, SENT, RECEIVED), (A, B))


def test_a_timer_is_no_message() -> None:
    anything = never(EventAtom("receive", "*", "*", "*"))
    fired = timer_step("A", "timeout", 0, Site())
    assert "may still hold" in uncontradicted(trace(anything, fired), None)


@pytest.mark.parametrize(
    ("atom", "roles", "spoken"),
    [
        (EventAtom("receive", "*", "*", "x"), ("B",), "B"),
        (EventAtom("receive", "*", "*", "x"), ("A",), ""),
        (EventAtom("send", "A", "*", "y"), ("A",), ""),
        (BranchAtom("A", "b", (("B", "x", 1),)), ("A",), "A"),
        (FinishedAtom("B"), ("A", "B"), "B"),
        (OfferAtom("B", "x"), ("A",), ""),
    ],
)
def test_of_whom_a_formula_speaks(atom: Atom, roles: tuple[str, ...], spoken: str) -> None:
    assert spoken_of(never(atom), (A, B), roles) == spoken


def test_a_count_speaks_of_what_it_counts() -> None:
    make = FormulaBuilder()
    counted = make.atom_number(EventAtom("send", "A", "B", "x"))
    formula = make.formula(make.always(make.atom(CountAtom(((-1, counted),), 1))))
    assert spoken_of(formula, (A, B), ("A",)) == "A"
    assert spoken_of(formula, (A, B), ("B",)) == ""
