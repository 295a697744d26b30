"""Gathers in any order and with few answers: the conditions against all runs of small protocols."""

from __future__ import annotations

import os

import pytest
from family_texts import FamilyText, plain_verdict
from gather_runs import Ambiguous, shortest_fault
from random_gathers import random_gather

from tellverify.model.graph import ProtocolGraph
from tellverify.projection.gather_orders import GatherOrder, decide_gathers, late_runs
from tellverify.projection.loosened import gathers_of, loosen

GATHERS = int(os.environ.get("TELLVERIFY_GATHERS", "45"))
TWO_ORDERS = """protocol P =
  roles C, R, D[N]
  choice C at
    | One =>
      C -> D[*] : One
      D[*] -> R : X
    | Two =>
      C -> D[*] : Two
      D[0] -> R : Y
      D[1] -> R : X
"""
SOME = """protocol P =
  roles C, A, R, D[N]
  choice C at
    | P =>
      C -> A : P
      C -> R : P
      A -> D[*] : M
      D[*] {{ min_responses : {} }} -> R : X
      R -> D[*] : Go
    | S =>
      C -> A : S
      C -> R : S
      R -> D[*] : Go
"""


def graph_of(text: str, size: int) -> ProtocolGraph:
    given = FamilyText(text)
    assert not given.errors
    graph = given.at([size] * len(given.symbols()))
    assert graph is not None
    return graph


def test_a_gather_that_is_safe_in_index_order_only() -> None:
    graph = graph_of(TWO_ORDERS, 2)
    assert plain_verdict(graph)[0] is True
    found = decide_gathers(graph)
    assert [one.order for one in found.verdicts] == [GatherOrder.INDEX]
    assert found.coherent is False
    assert shortest_fault(graph, None, 12, 100_000) == ("unspecified reception", 7)


def test_a_gather_in_which_one_message_at_a_time_is_awaited_is_safe_in_any_order() -> None:
    graph = graph_of("protocol P =\n  roles A, D[N]\n  A -> D[*] : Ask\n  D[*] -> A : Yes\n", 3)
    (verdict,) = decide_gathers(graph).verdicts
    assert verdict.order is GatherOrder.ANY_BY_MOVES
    assert [graph.roles[sender] for sender in verdict.gather.senders] == ["D[0]", "D[1]", "D[2]"]
    assert shortest_fault(graph, None, 20, 100_000) is None


def test_a_gather_with_two_moves_is_safe_in_any_order_by_the_conditions() -> None:
    text = TWO_ORDERS.replace("D[0] -> R : Y\n      D[1] -> R : X", "D[*] -> R : Y")
    (one, other) = decide_gathers(graph_of(text, 2)).verdicts
    assert {one.order, other.order} == {GatherOrder.ANY_BY_CONDITIONS}


@pytest.mark.parametrize(
    ("needed", "size", "safe"), [(1, 2, False), (2, 2, True), (2, 3, False), (3, 3, True)]
)
def test_going_on_after_some_answers_is_not_inherited(needed: int, size: int, safe: bool) -> None:
    graph = graph_of(SOME.format(needed), size)
    assert plain_verdict(graph) == (True, frozenset())
    found = decide_gathers(graph)
    assert found.coherent is safe
    assert [one.partial for one in found.verdicts] == [None]
    assert bool(late_runs(graph)) == (needed < size)


def test_an_answer_that_is_late_overtakes_the_message_it_was_waited_for() -> None:
    assert shortest_fault(graph_of(SOME.format(1), 2), 1, 16, 500_000) == ("orphan message", 13)
    assert shortest_fault(graph_of(SOME.format(2), 2), 2, 24, 500_000) is None


def test_more_answers_than_members_are_refuted_at_that_size() -> None:
    found = decide_gathers(graph_of(SOME.format(3), 2))
    assert [one.refuted for one in found.verdicts] == [True]
    assert found.coherent is None
    assert loosen(graph_of(SOME.format(3), 2)) is None


def test_the_number_of_answers_counts_in_the_cut_off() -> None:
    for needed in (1, 2, 5):
        assert [s.cutoff for s in FamilyText(SOME.format(needed)).symbols()] == [needed]


def test_few_answers_that_nothing_depends_on_are_safe_and_late_ones_have_a_run() -> None:
    graph = graph_of(
        "protocol P =\n  roles A, D[N]\n  A -> D[*] : Ask\n"
        "  D[*] { min_responses : 2 } -> A : Yes\n",
        3,
    )
    (verdict,) = decide_gathers(graph).verdicts
    assert verdict.partial is True and not verdict.refuted
    (late,) = late_runs(graph)
    assert [str(graph.event(e)) for e in late.late] == ["D[2] -> A : Yes"]
    assert len(late.transitions) == 6


@pytest.mark.parametrize(
    ("rest", "size", "silent"),
    [
        ("        continue Round\n", 2, ["D[0]", "D[1]"]),
        ("        continue Round\n", 3, ["D[0]", "D[1]", "D[2]"]),
        ("        D[*] -> A : Done\n        continue Round\n", 2, []),
        ("        D[1] -> A : Done\n        continue Round\n", 2, ["D[0]"]),
        ("        A -> B : Last\n", 2, []),
    ],
)
def test_late_answers_grow_where_the_loop_goes_on_without_a_member(
    rest: str, size: int, silent: list[str]
) -> None:
    graph = graph_of(
        "protocol P =\n  roles A, B, D[N]\n  rec Round\n    choice A at\n      | More =>\n"
        "        A -> D[*] : More\n        D[*] { min_responses : 1 } -> A : Yes\n"
        f"{rest}      | End =>\n        A -> D[*] : End\n",
        size,
    )
    found = decide_gathers(graph)
    partial = [one for one in found.verdicts if one.gather.needed < len(one.gather.senders)]
    assert [[graph.roles[sender] for sender in one.unbounded] for one in partial] == [silent]


def test_answers_to_several_receivers_are_not_covered() -> None:
    graph = graph_of(
        "protocol P =\n  roles A, E[2], D[N]\n  A -> D[*] : Ask\n"
        "  D[*] { min_responses : 1 } -> E[*] : Yes\n",
        2,
    )
    found = decide_gathers(graph)
    assert len(found.uncovered) > 0 and all(one.partial is None for one in found.verdicts)


@pytest.mark.parametrize("part", range(3))
def test_where_the_conditions_hold_no_run_has_a_fault(part: int) -> None:
    compared = faulty = 0
    for seed in range(part, GATHERS * 12, 3):
        text, needed, size = random_gather(seed)
        graph = graph_of(text, size)
        if not gathers_of(graph) or plain_verdict(graph) != (True, frozenset()):
            continue
        found = decide_gathers(graph)
        if found.coherent is None or found.uncovered or found.stuck:
            continue
        try:
            fault = shortest_fault(graph, needed, 40, 6_000)
        except Ambiguous:
            continue
        if found.coherent:
            assert fault is None, (text, size, fault)
            compared += 1
        else:
            faulty += fault is not None
    assert compared >= GATHERS // 45
