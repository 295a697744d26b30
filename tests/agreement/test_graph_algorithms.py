"""Our graph algorithms against those of networkx, on seeded random graphs."""

from __future__ import annotations

import random
from collections.abc import Iterator

import networkx as nx

from tellverify.model.components import endless_components, reaching, strongly_connected
from tellverify.projection.loops import find_loops

GRAPHS = 1_500


def graphs() -> Iterator[tuple[list[int], list[int], nx.DiGraph[int], random.Random]]:
    """Graphs of 1 to 14 states in compressed rows, with loops at one state and parallel edges."""
    chance = random.Random(7)
    for _ in range(GRAPHS):
        states = chance.randint(1, 14)
        edges = chance.choice((states // 2, states, 2 * states))
        rows: list[list[int]] = [[] for _ in range(states)]
        for _ in range(edges):
            rows[chance.randrange(states)].append(chance.randrange(states))
        first = [0]
        for row in rows:
            first.append(first[-1] + len(row))
        oracle: nx.DiGraph[int] = nx.DiGraph()
        oracle.add_nodes_from(range(states))
        oracle.add_edges_from((state, below) for state, row in enumerate(rows) for below in row)
        yield first, [below for row in rows for below in row], oracle, chance


def test_components_are_those_of_networkx_each_after_what_it_leads_to() -> None:
    several = 0
    for first, target, oracle, chance in graphs():
        roots = chance.sample(range(len(oracle)), chance.randint(1, min(3, len(oracle))))
        found = list(strongly_connected(first, target, roots))
        seen = set(roots).union(*(nx.descendants(oracle, root) for root in roots))
        wanted = nx.strongly_connected_components(oracle.subgraph(seen))
        assert sorted(map(sorted, found)) == sorted(map(sorted, wanted))
        place = {state: number for number, part in enumerate(found) for state in part}
        assert all(place[below] <= place[state] for state, below in oracle.edges(seen))
        several += sum(len(part) > 1 for part in found)
    assert several > GRAPHS / 4


def test_a_state_reaches_a_goal_where_networkx_finds_a_path() -> None:
    for first, target, oracle, chance in graphs():
        goals = chance.sample(range(len(oracle)), chance.randint(0, min(3, len(oracle))))
        wanted = set(goals).union(*(nx.ancestors(oracle, goal) for goal in goals))
        flags = reaching(first, target, goals)
        assert {state for state in oracle if flags[state]} == wanted


def test_endless_components_are_closed_and_lead_to_no_end() -> None:
    found_some = 0
    for first, target, oracle, _ in graphs():
        wanted = [
            sorted(part)
            for part in nx.attracting_components(oracle)
            if oracle.out_degree(next(iter(part)))
        ]
        found = endless_components(first, target)
        assert sorted(found) == sorted(wanted)
        found_some += bool(found)
    assert found_some > GRAPHS / 4


def test_a_graph_is_reducible_where_every_head_dominates_the_edges_back_to_it() -> None:
    answers = set()
    for first, target, oracle, _ in graphs():
        loops = find_loops(first, target)
        idom = nx.immediate_dominators(oracle, 0)
        reached = {0, *nx.descendants(oracle, 0)}
        assert set(loops.order) == reached
        reducible = all(
            _dominates(idom, target[edge], state)
            for state in reached
            for edge in range(first[state], first[state + 1])
            if loops.back[edge]
        )
        assert (loops.second_entry is None) == reducible
        answers.add(reducible)
    assert answers == {True, False}


def _dominates(idom: dict[int, int | None], head: int, state: int) -> bool:
    here: int | None = state
    while here not in (head, 0, None):
        here = idom[here]
    return here == head
