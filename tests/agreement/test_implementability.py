"""The fast check of implementability against the conditions as the theory states them."""

from __future__ import annotations

import pytest
from local_machines import canonical_machine

from tellverify.model.fault import Fault
from tellverify.model.graph import ProtocolGraph
from tellverify.projection.implementability import check_graph
from tellverify.search.counterexample import find_faults
from tests.agreement.reference_conditions import reference_failures, reference_implementable
from tests.property.graphs import random_graph

SAFETY = frozenset(
    {Fault.DEADLOCK, Fault.UNSPECIFIED_RECEPTION, Fault.ORPHAN_MESSAGE, Fault.INFIDELITY}
)


@pytest.mark.parametrize("block", range(5))
def test_verdict_is_that_of_the_three_conditions(block: int) -> None:
    for seed in range(block * 600, block * 600 + 600):
        graph = random_graph(seed)
        assert check_graph(graph).implementable == reference_implementable(graph), seed


def test_larger_graphs_agree_too() -> None:
    for seed in range(50_000, 50_150):
        graph = random_graph(seed, max_states=24)
        assert check_graph(graph).implementable == reference_implementable(graph), seed


def test_every_refuted_role_fails_a_condition() -> None:
    for seed in range(500):
        graph = random_graph(seed)
        failing = {failure.role for failure in reference_failures(graph)}
        for violation in check_graph(graph).violations:
            assert graph.roles[violation.role] in failing, seed


@pytest.mark.parametrize("block", range(4))
def test_search_finds_a_fault_exactly_where_coherence_fails(block: int) -> None:
    decided = 0
    for seed in range(block * 500, block * 500 + 500):
        graph = random_graph(seed, max_roles=4, max_states=7)
        implementable = check_graph(graph).implementable
        found = _search(graph)
        if found is None:
            continue
        decided += 1
        assert implementable == (not found), seed
    assert decided > 300


def _search(graph: ProtocolGraph) -> bool | None:
    """Whether the machines of `graph` show a fault; None when the search does not tell."""
    machines = [canonical_machine(graph, role) for role in graph.roles]
    search = find_faults(graph, machines, wanted=SAFETY, depth_limit=None, budget=2_000)
    if search.traces:
        return True
    return False if all(each.complete for each in search.coverage) else None
