"""The fast search against brute force over the reference semantics: verdicts and lengths."""

from __future__ import annotations

from exploration import explore
from graphs import protocol_graphs
from hypothesis import given, settings
from plain_search import histories, is_start_of_run, shortest_faults
from reference_conditions import reference_implementable
from subset import subset_machines

from tellverify.model.configuration import Configuration
from tellverify.model.fault import Fault
from tellverify.model.graph import ProtocolGraph
from tellverify.model.semantics import System
from tellverify.search.counterexample import SEARCHED, find_faults

CONFIGURATION_FAULTS = frozenset(SEARCHED) - {Fault.INFIDELITY}


def check_faults(graph: ProtocolGraph) -> None:
    """Each fault is found when it exists, and by a run as short as any."""
    machines = subset_machines(graph)
    expected, depth = shortest_faults(machines, depth=10, limit=800)
    found = find_faults(
        graph, machines, wanted=CONFIGURATION_FAULTS, depth_limit=depth, budget=10**6
    )
    lengths: dict[Fault, int] = {}
    for trace in found.traces:
        if trace.loop < 0:
            assert trace.minimal
            shortest = min(len(trace.steps), lengths.get(trace.fault, len(trace.steps)))
            lengths[trace.fault] = shortest
    assert lengths == expected
    for fault in CONFIGURATION_FAULTS - {Fault.STUCK_ROLE} - expected.keys():
        assert found.covered(fault).complete == (depth is None)


def check_infidelity(graph: ProtocolGraph, depth: int, limit: int) -> None:
    """The shortest unfaithful history, by the definition."""
    machines = subset_machines(graph)
    system = System(machines)
    expected = None
    searched = 0
    for length, vector, configuration in histories(graph, machines, depth, limit):
        searched = length
        stopped = (
            not configuration.queues
            and system.is_final(configuration)
            and next(system.enabled(configuration), None) is None
        )
        if not is_start_of_run(graph, vector, complete=stopped):
            expected = length
            break
    wanted = frozenset({Fault.INFIDELITY})
    found = find_faults(graph, machines, wanted=wanted, depth_limit=searched, budget=10**6)
    trace = found.trace(Fault.INFIDELITY)
    if expected is not None:
        assert trace is not None and len(trace.steps) == expected
    elif trace is not None:
        assert len(trace.steps) == searched  # the last layer was not searched to its end


@settings(max_examples=150)
@given(protocol_graphs())
def test_faults_of_configurations_in_the_class(graph: ProtocolGraph) -> None:
    check_faults(graph)


@settings(max_examples=100)
@given(protocol_graphs(in_class=False))
def test_faults_of_configurations_outside_the_class(graph: ProtocolGraph) -> None:
    check_faults(graph)


@settings(max_examples=150)
@given(protocol_graphs())
def test_infidelity_in_the_class(graph: ProtocolGraph) -> None:
    check_infidelity(graph, 9, 200)


@settings(max_examples=150)
@given(protocol_graphs(in_class=False))
def test_infidelity_outside_the_class(graph: ProtocolGraph) -> None:
    check_infidelity(graph, 9, 200)


@settings(max_examples=100)
@given(protocol_graphs(max_states=8))
def test_a_protocol_is_implementable_exactly_when_no_fault_is_found(graph: ProtocolGraph) -> None:
    found = find_faults(
        graph,
        subset_machines(graph),
        wanted=frozenset(SEARCHED) - {Fault.STUCK_ROLE},
        depth_limit=20,
        budget=3_000,
    )
    implementable = reference_implementable(graph)
    assert (found.trace(Fault.INFIDELITY) is None) == implementable
    assert not (implementable and found.traces)


@settings(max_examples=100)
@given(protocol_graphs(in_class=False))
def test_a_role_is_stuck_exactly_when_some_configuration_lets_it_wait_for_ever(
    graph: ProtocolGraph,
) -> None:
    machines = subset_machines(graph)
    exploration = explore(machines, queue_bound=3, budget=400)
    if not exploration.complete:
        return
    found = find_faults(
        graph, machines, wanted=frozenset({Fault.STUCK_ROLE}), depth_limit=None, budget=10**6
    )
    stuck = {trace.culprits[0] for trace in found.traces}
    assert stuck == set(waiting_for_ever(System(machines)))
    for trace in found.traces:
        if trace.loop >= 0:
            assert trace.loop < len(trace.steps)
            system = System(machines)
            met = [system.initial]
            for step in trace.steps:
                successor = system.after(met[-1], step)
                assert successor is not None
                met.append(successor)
            assert met[trace.loop] == met[-1]


def waiting_for_ever(system: System) -> list[str]:
    """Roles that wait in a reachable configuration from which no run lets them move."""
    edges: dict[Configuration, list[tuple[str, Configuration]]] = {}
    stack = [system.initial]
    while stack:
        configuration = stack.pop()
        if configuration not in edges:
            edges[configuration] = [(s.actor, c) for s, c in system.enabled(configuration)]
            stack += [successor for _, successor in edges[configuration]]
    found = []
    for index, machine in enumerate(system.machines):
        moves = {c for c, out in edges.items() if any(actor == machine.role for actor, _ in out)}
        while True:
            more = {c for c, out in edges.items() if any(s in moves for _, s in out)} - moves
            if not more:
                break
            moves |= more
        if any(c not in moves and machine.moves[c.states[index]] for c in edges):
            found.append(machine.role)
    return found


@settings(max_examples=50)
@given(protocol_graphs(in_class=False))
def test_the_search_visits_the_configurations_of_the_reference_semantics(
    graph: ProtocolGraph,
) -> None:
    machines = subset_machines(graph)
    bound = 2
    exploration = explore(machines, queue_bound=bound, budget=500)
    system, compiled = System(machines), exploration.system
    seen = {system.initial}
    layer = [system.initial]
    for level in exploration.levels:
        assert {compiled.decode(c) for c in level} == set(layer)
        for configuration in level:
            decoded = compiled.decode(configuration)
            assert compiled.encode(decoded) == configuration
            within = {
                s
                for _, s in system.enabled(decoded)
                if all(len(queue) <= bound for _, queue in s.queues)
            }
            moves = compiled.enabled(configuration)
            assert {compiled.decode(configuration + m.delta) for m in moves} == within
        following = []
        for configuration in layer:
            for _, successor in system.enabled(configuration):
                short = all(len(queue) <= bound for _, queue in successor.queues)
                if short and successor not in seen:
                    seen.add(successor)
                    following.append(successor)
        layer = following
    for channel, length in exploration.longest_queue:
        visited = [dict(compiled.decode(c).queues) for row in exploration.levels for c in row]
        assert length == max(len(queues.get(channel, ())) for queues in visited)
