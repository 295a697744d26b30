"""Search and coherence, two independent ways to one verdict, on 5,000 generated protocols.

Coherence looks at the protocol graph and never at a configuration; search steps the canonical
machines and never looks at a condition. A protocol is implementable exactly when search finds no
deadlock, unspecified reception, orphan message or infidelity. A disagreement names its seed:

    random_graph(SEED, max_roles=4, max_states=8)
"""

from __future__ import annotations

import pytest
from graphs import random_graph
from local_machines import canonical_machine

from tellverify.model.fault import Fault
from tellverify.projection.implementability import check_graph
from tellverify.search.counterexample import SEARCHED, find_faults

PROTOCOLS = 5_000
PARTS = 5
SAFETY = frozenset(SEARCHED) - {Fault.STUCK_ROLE}
FIRST, SECOND = (14, 400), (26, 20_000)  # events of a run, configurations or histories


def disagreement(seed: int) -> str:
    """How the two verdicts differ, empty when they do not."""
    graph = random_graph(seed, max_roles=4, max_states=8)
    coherent = check_graph(graph, 10**6).implementable
    machines = [canonical_machine(graph, role) for role in graph.roles]
    for depth, budget in (FIRST, SECOND):
        found = find_faults(graph, machines, wanted=SAFETY, depth_limit=depth, budget=budget)
        if found.traces:
            break
        if coherent:  # proved by one, not refuted by the other
            break
    shown = ", ".join(sorted({trace.fault.value for trace in found.traces}))
    if coherent is None:
        return "coherence gave up"
    if coherent and shown:
        return f"coherent, but search shows {shown}"
    if not coherent and not shown:
        complete = all(each.complete for each in found.coverage)
        return "not coherent, but search has seen everything" if complete else "not found"
    return ""


@pytest.mark.parametrize("part", range(PARTS))
def test_search_verdicts_equal_coherence_verdicts(part: int) -> None:
    size = PROTOCOLS // PARTS
    wrong = {
        seed: difference
        for seed in range(part * size, (part + 1) * size)
        if (difference := disagreement(seed))
    }
    assert not wrong, "".join(f"\nseed {seed}: {how}" for seed, how in wrong.items())


def test_the_generated_protocols_are_of_both_kinds() -> None:
    verdicts = [
        check_graph(random_graph(seed, max_roles=4, max_states=8), 10**6).implementable
        for seed in range(500)
    ]
    assert verdicts.count(True) > 100 and verdicts.count(False) > 100
