"""Speed and memory of the search for configurations, next to the reference interpreter.

Usage: python benchmarks/search.py [PARTICIPANTS]. Prints one row for each system: configurations,
configurations a second of processor time, bytes for each stored configuration, the same speed of
a search through `tellverify.core.semantics` (stopped early), and the ratio of the two speeds.
"""

from __future__ import annotations

import sys
import time
import tracemalloc
from collections.abc import Sequence
from typing import NamedTuple

from tellverify.core.graph import ProtocolGraph, graph_from_edges
from tellverify.core.machine import Machine
from tellverify.core.semantics import System
from tellverify.evidence.trace import Fault
from tellverify.explore.counterexample import find_faults
from tellverify.explore.search import LayeredSearch
from tellverify.explore.system import CompiledSystem
from tellverify.projection.subset import canonical_machine

BUDGET = 1_000_000
REFERENCE_BUDGET = 20_000


def two_phase_commit(participants: int) -> ProtocolGraph:
    """`C` prepares all participants, collects all votes in order, then tells all the decision."""
    names = [f"P{index}" for index in range(participants)]
    edges: list[tuple[int, str, str, str, int]] = []
    for state, name in enumerate(names):
        edges.append((state, "C", name, "prepare", state + 1))
    all_yes, some_no = participants, -1
    states = participants + 1
    for name in names:
        yes, no = states, states + 1
        states += 2
        edges.append((all_yes, name, "C", "yes", yes))
        edges.append((all_yes, name, "C", "no", no))
        if some_no >= 0:
            edges.append((some_no, name, "C", "yes", no))
            edges.append((some_no, name, "C", "no", no))
        all_yes, some_no = yes, no
    final = set()
    for state, decision in ((all_yes, "commit"), (some_no, "abort")):
        for name in names:
            edges.append((state, "C", name, decision, states))
            state, states = states, states + 1
        final.add(state)
    return graph_from_edges(edges, final=final, name="two-phase commit")


def pipeline(roles: int) -> ProtocolGraph:
    """Items pass from the first role to the last, without end."""
    edges = [
        (role, f"R{role}", f"R{role + 1}", "item", (role + 1) % (roles - 1))
        for role in range(roles - 1)
    ]
    return graph_from_edges(edges, final=set(), name="pipeline")


class Measured(NamedTuple):
    configurations: int
    speed: float
    memory: float


def machines_of(graph: ProtocolGraph) -> tuple[Machine, ...]:
    return tuple(canonical_machine(graph, role) for role in graph.roles)


def searched(machines: Sequence[Machine], bound: int) -> LayeredSearch:
    search = LayeredSearch(CompiledSystem(machines, bound), BUDGET)
    while not search.exhausted and not search.overflow:
        search.advance()
    return search


def fast(machines: Sequence[Machine], bound: int) -> Measured:
    """Best of three for time; another pass for memory, since tracing slows the search down."""
    seconds = []
    for _ in range(3):
        start = time.process_time()
        count = searched(machines, bound).count
        seconds.append(time.process_time() - start)
    tracemalloc.start()
    search = searched(machines, bound)
    current, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return Measured(search.count, count / min(seconds), current / search.count)


def reference(machines: Sequence[Machine], bound: int) -> float:
    """Configurations a second of a plain search, up to a budget."""
    system = System(machines)
    start = time.process_time()
    seen = {system.initial}
    stack = [system.initial]
    for configuration in stack:
        for _, successor in system.enabled(configuration):
            short = all(len(queue) <= bound for _, queue in successor.queues)
            if short and successor not in seen:
                seen.add(successor)
                stack.append(successor)
        if len(seen) > REFERENCE_BUDGET:
            break
    return len(seen) / (time.process_time() - start)


def main() -> None:
    participants = int(sys.argv[1]) if len(sys.argv) > 1 else 8
    systems = [
        (
            f"2PC, {participants} participants, queues <= {bound}",
            two_phase_commit(participants),
            bound,
        )
        for bound in (1, 2, 4)
    ]
    systems.append(("pipeline of 7, queues <= 4", pipeline(7), 4))
    systems.append(("2PC, 24 participants, queues <= 2", two_phase_commit(24), 2))
    print(
        f"{'system':<42}{'config.':>10}{'config./s':>12}{'bytes':>7}{'reference/s':>13}{'ratio':>7}"
    )
    for name, graph, bound in systems:
        machines = machines_of(graph)
        measured, plain = fast(machines, bound), reference(machines, bound)
        print(
            f"{name:<42}{measured.configurations:>10}{measured.speed:>12.0f}"
            f"{measured.memory:>7.0f}{plain:>13.0f}{measured.speed / plain:>7.1f}"
        )
    graph = two_phase_commit(min(participants, 6))
    start = time.process_time()
    wanted = frozenset({Fault.INFIDELITY})
    found = find_faults(graph, machines_of(graph), wanted=wanted, depth_limit=None, budget=BUDGET)
    seconds = time.process_time() - start
    print(
        f"histories with the fidelity monitor: {found.histories}, {found.histories / seconds:.0f}/s"
    )


if __name__ == "__main__":
    main()
