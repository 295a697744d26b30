"""Compiled configurations and the exhaustive search on systems that are known."""

from __future__ import annotations

import pytest
from exploration import explore
from graphs import protocol_graphs
from hypothesis import given, settings
from subset import subset_machines

from tellverify.model.configuration import Configuration
from tellverify.model.fault import Fault
from tellverify.model.graph import ProtocolGraph, graph_from_edges
from tellverify.model.machine import Action, Machine
from tellverify.model.run_end import Ended, replay
from tellverify.model.semantics import System
from tellverify.model.step import Step
from tellverify.search.encoding import CompiledSystem

STREAM = graph_from_edges([(0, "A", "B", "x", 0)], final=set())
TWICE = graph_from_edges([(0, "A", "B", "x", 1), (1, "A", "B", "y", 2)], final={2})


def test_a_configuration_blocked_by_the_bound_is_no_deadlock() -> None:
    exploration = explore(subset_machines(STREAM), queue_bound=1, budget=100)
    assert exploration.exhausted and not exploration.complete
    assert not exploration.endings
    assert dict(exploration.longest_queue) == {("A", "B"): 1}


def test_a_search_is_complete_when_nothing_is_blocked() -> None:
    exploration = explore(subset_machines(TWICE), queue_bound=2, budget=100)
    assert exploration.complete
    assert dict(exploration.longest_queue) == {("A", "B"): 2}
    assert exploration.configurations == 6
    assert [ending.fault for ending in exploration.endings] == [None]


def test_a_budget_stops_the_search() -> None:
    exploration = explore(subset_machines(STREAM), queue_bound=100, budget=50)
    assert not exploration.exhausted
    assert exploration.configurations <= 50


def test_encoding_refuses_a_queue_beyond_the_bound() -> None:
    system = CompiledSystem(subset_machines(TWICE), 1)
    full = Configuration((2, 0), ((("A", "B"), ("x", "y")),))
    with pytest.raises(ValueError, match="more than 1"):
        system.encode(full)


@pytest.mark.parametrize("peer", ["A", "Z"])
def test_machines_without_a_peer_are_refused(peer: str) -> None:
    machine = Machine("A", (((Action(True, peer, "x"), 0),),), (False,))
    with pytest.raises(ValueError, match="has no peer"):
        CompiledSystem([machine], 1)


def test_two_machines_of_one_role_are_refused() -> None:
    machine = Machine("A", ((),), (True,))
    with pytest.raises(ValueError, match="two machines"):
        CompiledSystem([machine, machine], 1)


def test_an_awaited_message_that_is_spoilt_is_seen_while_others_move() -> None:
    machines = (
        Machine(
            "A", (((Action(True, "B", "y"), 1),), ((Action(True, "C", "z"), 1),)), (False,) * 2
        ),
        Machine("B", (((Action(False, "A", "x"), 1),), ()), (False, True)),
        Machine("C", (((Action(False, "A", "z"), 0),),), (False,)),
    )
    exploration = explore(machines, queue_bound=2, budget=100)
    (unspecified,) = exploration.unspecified
    assert (unspecified.role, unspecified.depth) == (1, 1)
    assert exploration.system.decode(unspecified.configuration).queues == ((("A", "B"), ("y",)),)


def test_a_message_from_another_peer_may_still_save_a_receiver() -> None:
    receive = ((Action(False, "A", "x"), 1), (Action(False, "C", "x"), 1))
    machines = (
        Machine("A", (((Action(True, "B", "y"), 1),), ()), (False, True)),
        Machine("B", (receive, ()), (False, True)),
        Machine("C", ((),), (True,)),
    )
    exploration = explore(machines, queue_bound=2, budget=100)
    assert not exploration.unspecified
    assert [ending.fault for ending in exploration.endings] == [Fault.DEADLOCK]


@settings(max_examples=60)
@given(protocol_graphs())
def test_runs_to_endings_replay(graph: ProtocolGraph) -> None:
    machines = subset_machines(graph)
    exploration = explore(machines, queue_bound=2, budget=300)
    system = exploration.system
    by_role = {machine.role: machine for machine in machines}
    for ending in exploration.endings[:3]:
        reference = System(machines)
        configuration, reached = system.initial, reference.initial
        steps = []
        for move in exploration.run_to(ending.configuration, ending.depth):
            machine = machines[move.role]
            action = machine.moves[system.state(move.role, configuration)][move.place][0]
            ends = (machine.role, action.peer) if action.send else (action.peer, machine.role)
            steps.append(Step(action.send, *ends, action.label))
            successor = reference.after(reached, steps[-1])
            assert successor is not None
            configuration, reached = configuration + move.delta, successor
        assert len(steps) == ending.depth
        assert system.decode(ending.configuration) == reached
        ended = replay(by_role.__getitem__, steps)
        assert isinstance(ended, Ended)
        assert ended.queues == reached.queues
        for role, state in ended.states.items():
            assert reached.states[reference.index[role]] == state


def test_replay_names_the_first_event_that_cannot_be() -> None:
    machines = {machine.role: machine for machine in subset_machines(TWICE)}
    send, early = Step(True, "A", "B", "x"), Step(False, "A", "B", "y")
    assert replay(machines.__getitem__, [send, early]) == 1
    assert replay(machines.__getitem__, [early]) == 0
