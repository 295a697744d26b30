"""Queue bounds by causality against exhaustive search with growing bounds."""

from __future__ import annotations

from exploration import explore
from local_machines import canonical_machine

from tellverify.projection.implementability import check_graph
from tellverify.projection.queues import queue_bounds
from tests.property.graphs import random_graph


def test_bounds_are_those_that_a_search_measures() -> None:
    bounded = growing = 0
    for seed in range(4_000):
        graph = random_graph(seed, max_roles=4, max_states=8)
        if not check_graph(graph).implementable:
            continue
        answer = queue_bounds(graph, 100_000)
        assert answer.undecided == ()
        longest = {
            (graph.roles[b.sender], graph.roles[b.receiver]): b.longest for b in answer.bounds
        }
        machines = [canonical_machine(graph, role) for role in graph.roles]
        finite = [bound for bound in longest.values() if bound is not None]
        limit = max([1, *finite]) + 1
        search = explore(machines, queue_bound=limit, budget=20_000)
        assert search.exhausted
        measured = dict(search.longest_queue)
        if len(finite) == len(longest):
            assert search.complete, seed
            assert measured == longest, seed
            bounded += max([0, *finite]) > 1
        else:
            assert not search.complete, seed
            for channel, bound in longest.items():
                assert measured[channel] == (limit if bound is None else bound), (seed, channel)
            growing += 1
    assert bounded > 30
    assert growing > 30


def test_the_loop_of_a_growing_queue_leaves_one_more_message_in_it() -> None:
    seen = 0
    for seed in range(1_000):
        graph = random_graph(seed, max_roles=4, max_states=8)
        if not check_graph(graph).implementable:
            continue
        for bound in queue_bounds(graph, 100_000).bounds:
            if bound.longest is not None:
                continue
            lap = bound.history[bound.loop :]
            mine = [
                is_send
                for is_send, e in lap
                if (graph.sender[e], graph.receiver[e]) == (bound.sender, bound.receiver)
            ]
            assert mine
            assert all(mine)
            seen += 1
    assert seen > 20
