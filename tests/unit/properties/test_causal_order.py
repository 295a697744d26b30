"""What decides a property on the protocol graph alone, and where it does not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tellverify.evidence.formula_run import event_rows
from tellverify.model.formula import CountAtom, EventAtom, FinishedAtom, Formula, FormulaBuilder
from tellverify.model.graph import ProtocolGraph, graph_from_edges
from tellverify.model.step import Step
from tellverify.obligations.graph_runs import both, trimmed
from tellverify.properties.causal_order import decide_on_graph

EMPTY = graph_from_edges([], final={0}, roles=("A", "B"))
PLAIN = graph_from_edges([(0, "A", "B", "M", 1), (1, "B", "A", "N", 2)], final={2})
SENT = EventAtom("send", "A", "B", "M")
ANSWERED = EventAtom("send", "B", "A", "N")


def formula(make: Callable[[FormulaBuilder], int]) -> Formula:
    builder = FormulaBuilder()
    return builder.formula(make(builder))


def broken(graph: ProtocolGraph, asked: Formula) -> tuple[int, ...] | None:
    answer = decide_on_graph(asked, graph, 1_000)
    assert answer is not None
    return answer.broken


def test_the_empty_run_is_a_run() -> None:
    assert broken(EMPTY, formula(lambda b: b.eventually(b.atom(SENT)))) == ()
    assert broken(EMPTY, formula(lambda b: b.always(b.negation(b.atom(SENT))))) is None
    assert broken(PLAIN, formula(lambda b: b.eventually(b.atom(SENT)))) is None


def test_what_no_run_has_is_broken_before_any_event() -> None:
    assert broken(PLAIN, formula(lambda b: b.constant(False))) == ()


def count(constant: int, *terms: tuple[int, EventAtom]) -> Callable[[FormulaBuilder], int]:
    def make(b: FormulaBuilder) -> int:
        numbered = tuple((factor, b.atom_number(atom)) for factor, atom in terms)
        return b.atom(CountAtom(numbered, constant))

    return make


@pytest.mark.parametrize(
    ("constant", "always", "eventually"),
    [(-2, (0,), (0, 1)), (-1, (0,), None), (0, None, None), (1, None, None)],
)
def test_a_count_begins_at_its_constant(
    constant: int, always: tuple[int, ...] | None, eventually: tuple[int, ...] | None
) -> None:
    """With one message each way a count of both is 1 after the first and 2 after the second."""
    counted = count(constant, (1, SENT), (1, ANSWERED))
    found = decide_on_graph(formula(lambda b: b.eventually(counted(b))), PLAIN, 1_000)
    if constant == -2:
        assert found is not None and found.broken is None
    only = count(constant, (1, SENT))
    found = decide_on_graph(formula(lambda b: b.eventually(only(b))), PLAIN, 1_000)
    if found is not None:
        assert found.broken == (eventually if constant < -1 else None)


def test_states_of_roles_are_not_seen_on_the_graph() -> None:
    asked = formula(lambda b: b.eventually(b.atom(FinishedAtom("A"))))
    assert decide_on_graph(asked, PLAIN, 1_000) is None


def test_events_that_nobody_orders_are_left_to_a_search() -> None:
    """`C` knows nothing of `A`, so that either message may be sent first."""
    graph = graph_from_edges([(0, "A", "B", "M", 1), (1, "C", "D", "N", 2)], final={2})
    other = EventAtom("send", "C", "D", "N")
    asked = formula(lambda b: b.weak_until(b.negation(b.atom(other)), b.atom(SENT)))
    assert decide_on_graph(asked, graph, 1_000) is None
    answered = formula(lambda b: b.weak_until(b.negation(b.atom(ANSWERED)), b.atom(SENT)))
    assert broken(PLAIN, answered) is None


# Runs without what does not cause what is seen


LONG = graph_from_edges(
    [
        (0, "C", "D", "Noise", 1),
        (1, "A", "B", "M", 2),
        (2, "D", "C", "Noise", 3),
        (3, "B", "A", "N", 4),
    ],
    final={4},
)


def labels(steps: tuple[Step, ...]) -> list[str]:
    return [f"{step.actor}:{step.label}" for step in steps]


def test_a_run_is_shown_without_what_does_not_lead_to_its_fault() -> None:
    run = both(LONG, range(4))
    never = formula(lambda b: b.always(b.negation(b.atom(ANSWERED))))
    assert labels(trimmed(never, run)) == ["A:M", "B:M", "B:N"]
    first = formula(lambda b: b.always(b.negation(b.atom(SENT))))
    assert labels(trimmed(first, run)) == ["A:M"]


def test_a_run_that_breaks_nothing_without_the_rest_stays_whole() -> None:
    run = both(LONG, range(4))
    misses = formula(lambda b: b.eventually(b.atom(EventAtom("send", "A", "B", "Other"))))
    assert trimmed(misses, run) == run
    finished = formula(lambda b: b.always(b.negation(b.atom(FinishedAtom("A")))))
    assert event_rows(finished, run) is None
    assert trimmed(finished, run) == run
