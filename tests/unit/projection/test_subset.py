"""Canonical machines: what one role sees of a graph."""

from __future__ import annotations

from local_machines import canonical_machine

from tellverify.model.graph import ProtocolGraph, graph_from_edges
from tellverify.model.machine import Action
from tellverify.projection.subset import bounded_machine


def fan_out(devices: int) -> ProtocolGraph:
    """A hub that sends to every device, hears from every device, then stops or starts again."""
    edges = []
    state = 0
    for index in range(devices):
        edges.append((state, "Hub", f"D{index}", "ask", state + 1))
        state += 1
    for index in range(devices):
        edges.append((state, f"D{index}", "Hub", "answer", state + 1))
        state += 1
    return graph_from_edges(edges, final={state})


def test_events_of_others_are_silent() -> None:
    graph = graph_from_edges(
        [(0, "A", "B", "x", 1), (1, "B", "C", "y", 2), (2, "A", "C", "z", 3)], final={3}
    )
    machine = canonical_machine(graph, "A")
    assert machine.moves == (
        ((Action(True, "B", "x"), 1),),
        ((Action(True, "C", "z"), 2),),
        (),
    )
    assert machine.final == (False, False, True)
    assert machine.sites == ((0,), (2,), ())


def test_a_branch_that_others_chose_is_told_by_the_first_message() -> None:
    graph = graph_from_edges(
        [
            (0, "A", "B", "left", 1),
            (0, "A", "B", "right", 2),
            (1, "B", "C", "l", 3),
            (2, "B", "C", "r", 4),
        ],
        final={3, 4},
    )
    machine = canonical_machine(graph, "C")
    assert machine.moves[0] == ((Action(False, "B", "l"), 1), (Action(False, "B", "r"), 1))


def test_a_silent_cycle_is_one_place() -> None:
    graph = graph_from_edges(
        [
            (0, "A", "B", "again", 1),
            (1, "B", "A", "more", 0),
            (0, "A", "B", "stop", 2),
            (2, "B", "C", "done", 3),
        ],
        final={3},
    )
    machine = canonical_machine(graph, "C")
    assert machine.moves == (((Action(False, "B", "done"), 1),), ())


def test_a_role_that_is_absent_after_one_branch_may_stop_and_may_go_on() -> None:
    graph = graph_from_edges(
        [(0, "A", "B", "again", 0), (0, "A", "C", "stop", 1), (1, "C", "B", "bye", 2)], final={1, 2}
    )
    machine = canonical_machine(graph, "B")
    assert machine.final == (True, True)
    assert machine.moves[0] == ((Action(False, "A", "again"), 0), (Action(False, "C", "bye"), 1))


def test_a_role_that_is_not_there_does_nothing() -> None:
    machine = canonical_machine(fan_out(2), "Nobody")
    assert machine.moves == ((),)
    assert machine.final == (True,)


def test_only_a_role_without_a_part_is_done_beside_a_service_without_end() -> None:
    graph = graph_from_edges([(0, "A", "B", "tick", 0)], final=set())
    assert canonical_machine(graph, "C").final == (True,)
    assert canonical_machine(graph, "B").final == (False,)
    assert canonical_machine(graph, "B").moves == (((Action(False, "A", "tick"), 0),),)


def test_a_long_chain_is_short_for_each_device() -> None:
    graph = fan_out(3_000)
    assert canonical_machine(graph, "Hub").state_count == 6_001
    machine = canonical_machine(graph, "D1500")
    assert machine.moves == (
        ((Action(False, "Hub", "ask"), 1),),
        ((Action(True, "Hub", "answer"), 2),),
        (),
    )


def test_a_machine_that_grows_beyond_the_limit_is_given_up() -> None:
    """Which of the last n letters was an `a` takes 2**n states to remember."""
    width = 12
    edges = [(0, "A", "B", "a", 0), (0, "A", "B", "b", 0), (0, "C", "D", "guess", 1)]
    edges.append((1, "A", "B", "a", 2))
    for state in range(2, width + 2):
        edges += [(state, "A", "B", "a", state + 1), (state, "A", "B", "b", state + 1)]
    graph = graph_from_edges(edges, final={width + 2})
    assert bounded_machine(graph, "B", 1_000) is None
    small = bounded_machine(graph, "D", 1_000)
    assert small is not None
    assert small == canonical_machine(graph, "D")
