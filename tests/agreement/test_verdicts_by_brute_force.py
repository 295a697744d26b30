"""What a check says of a graph, verdict and length of the run, against brute force."""

from __future__ import annotations

import pytest
from graphs import random_graph
from plain_search import faults_of, histories, is_start_of_run
from subset import subset_machines

from tellverify.model.fault import Fault
from tellverify.model.graph import ProtocolGraph
from tellverify.model.semantics import System
from tellverify.model.trace import Trace
from tellverify.obligations.options import Options
from tellverify.obligations.table import decide_graph
from tellverify.verdict.outcome import Proved, Refuted
from tellverify.verdict.properties import Property

OPTIONS = Options(search_limit=40_000)
LIMIT = 120
GRAPHS = 2_400
BLOCKS = 6


def shortest_fault(graph: ProtocolGraph, depth: int) -> tuple[int | None, int]:
    """The events of a shortest history that shows a fault, and to what length all were looked at.

    Every history is a vector of local traces, so orders that differ by swaps count once.
    """
    machines = subset_machines(graph)
    system = System(machines)
    complete = 0
    for length, vector, configuration in histories(graph, machines, depth, LIMIT):
        complete = length - 1
        faults = faults_of(system, configuration) - {Fault.STUCK_ROLE}
        stopped = (
            not configuration.queues
            and system.is_final(configuration)
            and next(system.enabled(configuration), None) is None
        )
        if faults or not is_start_of_run(graph, vector, complete=stopped):
            return length, complete
    return None, complete


@pytest.mark.parametrize("block", range(BLOCKS))
def test_verdict_and_length_of_the_minimal_run(block: int) -> None:
    refuted = proved = 0
    for seed in range(block * GRAPHS // BLOCKS, (block + 1) * GRAPHS // BLOCKS):
        graph = random_graph(seed, max_states=8)
        finding = decide_graph(graph, OPTIONS)[0]
        assert finding.property is Property.IMPLEMENTABLE
        match finding.outcome:
            case Refuted(evidence=Trace() as trace):
                assert trace.minimal, seed
                shortest, complete = shortest_fault(graph, len(trace.steps))
                if shortest is None:
                    assert complete < len(trace.steps), seed
                else:
                    assert shortest == len(trace.steps), seed
                    refuted += 1
            case Proved():
                assert shortest_fault(graph, 12)[0] is None, seed
                proved += 1
            case outcome:
                raise AssertionError(f"seed {seed}: {outcome}")
    assert refuted > 60
    assert proved > 120
