"""Worst cases by longest paths agree with the enumeration of runs, and certificates with both."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from graphs import random_graph

from tellverify.annotations.longest_paths import (
    PathShape,
    costly_loop,
    rounds_over,
    shortest_over,
    worst_case,
    worst_run,
    worst_totals,
)
from tellverify.evidence.budget_check import BadBudgets, check_budgets
from tellverify.evidence.budgets import BudgetCertificate, BudgetInstance, Over, WorstCase
from tellverify.evidence.neutral import neutral
from tellverify.model.graph import ProtocolGraph

PROTOCOLS = 2_000
BLOCKS = 8


def cases(block: int) -> Iterator[tuple[int, ProtocolGraph, list[int]]]:
    for seed in range(block, PROTOCOLS, BLOCKS):
        rng = random.Random(seed)
        graph = random_graph(seed, max_states=8, in_class=seed % 3 != 0)
        sender = rng.randrange(len(graph.roles))
        dear = rng.random()
        costs = [
            rng.choice((1, 2, 5, 10**20)) if s == sender and rng.random() < dear else 0
            for s in graph.sender
        ]
        yield seed, graph, costs


def by_enumeration(graph: ProtocolGraph, costs: list[int]) -> int | None:
    """The most that a run adds up to; None when some run comes back to a state with more.

    Without such a run, leaving out the rounds of a run costs nothing, so that the runs in which no
    state comes twice are all that count.
    """
    best = 0
    stack: list[tuple[int, int, dict[int, int]]] = [(0, 0, {0: 0})]
    while stack:
        state, total, met = stack.pop()
        best = max(best, total)
        for event in range(graph.first[state], graph.first[state + 1]):
            after, more = graph.target[event], total + costs[event]
            if after in met:
                if more > met[after]:
                    return None
                continue
            stack.append((after, more, {**met, after: more}))
    return best


def shortest_by_enumeration(graph: ProtocolGraph, costs: list[int], limit: int, most: int) -> int:
    """The number of events of a shortest run over the limit, trying all runs of each length."""
    runs = {(0, 0)}
    for length in range(1, most + 1):
        longer = set()
        for state, total in runs:
            for event in range(graph.first[state], graph.first[state + 1]):
                more = total + costs[event]
                if more > limit:
                    return length
                longer.add((graph.target[event], more))
        runs = longer
    return -1


def total_of(graph: ProtocolGraph, costs: list[int], run: tuple[int, ...]) -> int:
    state = 0
    for event in run:
        assert graph.first[state] <= event < graph.first[state + 1]
        state = graph.target[event]
    return sum(costs[event] for event in run)


@pytest.mark.parametrize("block", range(BLOCKS))
def test_longest_paths_agree_with_all_runs(block: int) -> None:
    unbounded = bounded = 0
    for seed, graph, costs in cases(block):
        shape = PathShape(graph)
        worst = worst_case(shape, costs)
        expected = by_enumeration(graph, costs)
        assert worst.is_bounded == (expected is not None), seed
        if expected is None:
            unbounded += 1
            lasso = costly_loop(shape, costs)
            once = total_of(graph, costs, (*lasso.stem, *lasso.loop))
            twice = total_of(graph, costs, (*lasso.stem, *lasso.loop, *lasso.loop))
            assert twice > once, seed
            limit = random.Random(seed).choice((0, 3, 17))
            rounds = rounds_over(costs, lasso, limit)
            run = lasso.stem + lasso.loop * rounds
            assert total_of(graph, costs, run) > limit, seed
            if rounds > 1:
                assert total_of(graph, costs, lasso.stem + lasso.loop * (rounds - 1)) <= limit, seed
        else:
            bounded += expected > 0
            assert worst.total == expected, seed
            assert total_of(graph, costs, worst_run(shape, costs, worst)) == expected, seed
    assert unbounded > 20
    assert bounded > 40


@pytest.mark.parametrize("block", range(2))
def test_runs_over_a_limit_are_shortest(block: int) -> None:
    shown = 0
    for seed, graph, costs in cases(block):
        worst = worst_case(PathShape(graph), costs)
        limit = random.Random(seed).choice((0, 1, 4, 6))
        if worst.is_bounded and worst.total <= limit:
            continue
        run = shortest_over(graph, costs, worst, limit, 1_000_000)
        assert run is not None, seed
        assert total_of(graph, costs, run) > limit, seed
        assert shortest_by_enumeration(graph, costs, limit, len(run)) == len(run), seed
        shown += 1
    assert shown > 60


def certificate(graph: ProtocolGraph, worst: WorstCase) -> BudgetCertificate:
    part = BudgetInstance("", neutral(graph), [worst], [])
    return BudgetCertificate("tellverify/budgets-1", "a.tell", "0" * 64, "P", [part])


def test_runs_over_a_limit_are_certified_and_others_are_not() -> None:
    passed = 0
    for seed, graph, costs in cases(2):
        shape = PathShape(graph)
        worst = worst_case(shape, costs)
        priced = [(event, str(cost)) for event, cost in enumerate(costs) if cost]
        if worst.is_bounded:
            if not worst.total:
                continue
            run = list(worst_run(shape, costs, worst))
            good = Over("budget[A]", str(worst.total - 1), priced, run, -1)
            bad = [
                Over("budget[A]", str(worst.total), priced, run, -1),
                Over("budget[A]", str(worst.total - 1), priced, run[:-1], -1),
                Over("budget[A]", "0", priced, run, 0),
            ]
        else:
            lasso = costly_loop(shape, costs)
            run = [*lasso.stem, *lasso.loop]
            good = Over("budget[A]", "99", priced, run, len(lasso.stem))
            bad = [
                Over("budget[A]", "99", [], run, len(lasso.stem)),
                Over("budget[A]", "99", priced, run, len(run)),
            ]
        assert check_budgets(over(graph, good)) == 1, seed
        for one in bad:
            with pytest.raises(BadBudgets):
                check_budgets(over(graph, one))
        passed += 1
    assert passed > 100


def over(graph: ProtocolGraph, claim: Over) -> BudgetCertificate:
    part = BudgetInstance("", neutral(graph), [], [claim])
    return BudgetCertificate("tellverify/budgets-1", "a.tell", "0" * 64, "P", [part])


def test_certificates_are_accepted_and_forged_ones_are_not() -> None:
    forged = 0
    for seed, graph, costs in cases(3):
        shape = PathShape(graph)
        worst = worst_case(shape, costs)
        if not worst.is_bounded:
            continue
        run = worst_run(shape, costs, worst)
        claim = WorstCase(
            "budget[A]",
            str(worst.total),
            [(event, str(cost)) for event, cost in enumerate(costs) if cost],
            [str(amount) for amount in worst.potential],
            list(run),
        )
        assert check_budgets(certificate(graph, claim)) == 1, seed
        if worst.total == 0:
            continue
        less = [str(max(int(amount) - 1, 0)) for amount in claim.potential]
        for bad in (
            WorstCase(claim.claim, str(worst.total - 1), claim.costs, less, claim.run),
            WorstCase(claim.claim, claim.total, claim.costs, claim.potential[:-1], claim.run),
            WorstCase(claim.claim, claim.total, claim.costs, claim.potential, claim.run[:-1]),
            WorstCase(
                claim.claim,
                str(worst.total + 1),
                claim.costs,
                [str(int(amount) + 1) for amount in claim.potential],
                claim.run,
            ),
        ):
            with pytest.raises(BadBudgets):
                check_budgets(certificate(graph, bad))
            forged += 1
    assert forged > 100


@pytest.mark.parametrize("block", range(BLOCKS))
def test_all_payers_at_once_agree_with_one_by_one(block: int) -> None:
    for seed in range(block, PROTOCOLS, BLOCKS):
        rng = random.Random(seed)
        graph = random_graph(seed, max_states=12, in_class=seed % 3 != 0)
        by_row = rng.random() < 0.5
        weights: dict[int, tuple[tuple[int, int], int]] = {}
        for event in range(graph.event_count):
            cost = rng.choice((0, 0, 1, 2, 5, 10**20))
            if cost:
                receiver = graph.receiver[event] if by_row else -1
                weights[event] = ((graph.sender[event], receiver), cost)
        shape = PathShape(graph)
        totals = worst_totals(shape, weights)
        for payer in {who for who, _ in weights.values()}:
            costs = [0] * graph.event_count
            for event, (who, cost) in weights.items():
                costs[event] = cost if who == payer else 0
            assert totals.get(payer, 0) == worst_case(shape, costs).total, (seed, payer)
