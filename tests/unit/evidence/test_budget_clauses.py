"""Every clause of the checker of budgets: a certificate that is wrong in this clause alone."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from tellverify.evidence.budget_check import BadBudgets, check_budgets, read_budgets
from tellverify.evidence.budgets import (
    BUDGET_SCHEMA,
    BudgetCertificate,
    BudgetInstance,
    Over,
    WorstCase,
    write_budgets,
)
from tellverify.evidence.graph_file import NeutralGraph

# 0 -m-> 1 -n-> 2 -m-> 3, from 0 also -n-> 3, and 2 -n-> 1
GRAPH = NeutralGraph(
    ("A", "B"),
    ("m", "n"),
    4,
    (3,),
    [(0, 0, 1, 0, 1), (0, 0, 1, 1, 3), (1, 0, 1, 1, 2), (2, 0, 1, 0, 3)],
)
LOOP = NeutralGraph(
    ("A", "B"), ("m", "n"), 2, (), [(0, 0, 1, 0, 1), (0, 0, 1, 1, 0), (1, 1, 0, 0, 0)]
)
WORST = WorstCase("budget[A]", "80", [(0, "50"), (2, "30")], ["80", "30", "0", "0"], [0, 2, 3])
OVER = Over("budget[A]", "79", [(0, "50"), (2, "30")], [0, 2], -1)
TURN = Over("budget[A]", "0", [(0, "5"), (1, "1")], [1, 0, 2], 1)


def certificate(
    *,
    graph: NeutralGraph = GRAPH,
    worst: Sequence[WorstCase] = (),
    over: Sequence[Over] = (),
) -> BudgetCertificate:
    part = BudgetInstance("", graph, list(worst), list(over))
    return BudgetCertificate(BUDGET_SCHEMA, "p.tell", "0" * 64, "P", [part])


def with_(claim: WorstCase, **changes: object) -> BudgetCertificate:
    return certificate(worst=[msgspec.structs.replace(claim, **changes)])


def test_true_claims_hold() -> None:
    assert check_budgets(certificate(worst=[WORST, WORST], over=[OVER])) == 3
    assert check_budgets(certificate(graph=LOOP, over=[TURN])) == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        # The charges are 50 and then 30: total and run both cut, so that only the sum is wrong.
        ({"total": "50", "potential": ["50", "30", "0", "0"], "run": [0]}, "too small at event 0"),
        ({"total": "50", "potential": ["50", "0", "0", "0"], "run": [0]}, "too small at event 2"),
        ({"potential": ["80", "30", "0", "1"]}, "too small at event 1|too small at event 3"),
        ({"total": "90", "potential": ["90", "30", "0", "0"]}, "adds up to 80 instead of 90"),
        ({"total": "79"}, "does not begin with the total"),
        ({"potential": ["80", "30", "0"]}, "does not begin with the total"),
        ({"potential": ["80", "30", "0", "0", "0"]}, "does not begin with the total"),
        ({"potential": []}, "does not begin with the total"),
        ({"run": [0, 2, 2]}, "not a run of the graph"),
        ({"run": [0, 2, 4]}, "not a run of the graph"),
        ({"run": [2]}, "not a run of the graph"),
        ({"costs": [(2, "30"), (0, "50")]}, "not in order"),
        ({"costs": [(0, "50"), (0, "50"), (2, "30")]}, "not in order"),
        ({"costs": [(0, "50"), (2, "30"), (4, "1")]}, "not in order"),
    ],
)
def test_a_worst_case_is_wrong_in_one_clause(changes: dict[str, object], reason: str) -> None:
    with pytest.raises(BadBudgets, match=reason):
        check_budgets(with_(WORST, **changes))


def test_the_last_of_several_claims_is_looked_at() -> None:
    false = msgspec.structs.replace(WORST, total="79")
    with pytest.raises(BadBudgets):
        check_budgets(certificate(worst=[WORST, WORST, false]))
    passes = msgspec.structs.replace(OVER, limit="80")
    with pytest.raises(BadBudgets):
        check_budgets(certificate(worst=[WORST], over=[OVER, passes]))


@pytest.mark.parametrize(
    ("claim", "graph", "reason"),
    [
        (msgspec.structs.replace(OVER, limit="80"), GRAPH, "passes no limit"),
        (msgspec.structs.replace(OVER, run=[0]), GRAPH, "passes no limit"),
        (msgspec.structs.replace(TURN, run=[1, 0]), LOOP, "does not come back"),
        (msgspec.structs.replace(TURN, run=[0, 2], loop=1), LOOP, "does not come back"),
        (msgspec.structs.replace(TURN, loop=3), LOOP, "does not come back"),
        (msgspec.structs.replace(TURN, costs=[(1, "1")]), LOOP, "adds nothing"),
    ],
)
def test_a_passed_budget_is_wrong_in_one_clause(
    claim: Over, graph: NeutralGraph, reason: str
) -> None:
    with pytest.raises(BadBudgets, match=reason):
        check_budgets(certificate(graph=graph, over=[claim]))


@pytest.mark.parametrize(
    "event",
    [
        (2, 2, 1, 0, 3),
        (2, 0, 2, 0, 3),
        (2, 0, 1, 2, 3),
        (2, 0, 1, 0, 4),
        (4, 0, 1, 0, 3),
        (0, 0, 1, 0, 3),
    ],
)
def test_an_event_is_out_of_range_in_one_place(event: tuple[int, int, int, int, int]) -> None:
    events = [*GRAPH.events[:3], event]
    graph = msgspec.structs.replace(GRAPH, events=events)
    claim = msgspec.structs.replace(WORST, run=[0, 2])
    with pytest.raises(BadBudgets, match="event 3 of"):
        check_budgets(certificate(graph=graph, worst=[claim]))


def test_a_file_claims_something_in_its_one_form() -> None:
    with pytest.raises(BadBudgets, match="claims nothing"):
        check_budgets(certificate())
    text = write_budgets(certificate(worst=[WORST]))
    assert read_budgets(text.encode()).instances[0].worst == [WORST]
    with pytest.raises(BadBudgets, match="canonical form"):
        read_budgets(text.encode() + b"\n")
    other = msgspec.structs.replace(certificate(worst=[WORST]), schema="tellverify/budgets-2")
    with pytest.raises(BadBudgets, match="schema"):
        read_budgets(write_budgets(other).encode())
