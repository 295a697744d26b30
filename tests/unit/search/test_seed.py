"""Runs from violated conditions: what is kept, and that only the roles in it are looked at."""

from __future__ import annotations

from collections.abc import Callable

from subset import subset_machine

from tellverify.model.graph import ProtocolGraph, graph_from_edges
from tellverify.model.machine import Action, Machine
from tellverify.search.run_from_violation import available_path, seed_run
from tellverify.search.traces import dependencies, last_events


def lookup(graph: ProtocolGraph, asked: set[str]) -> Callable[[str], Machine]:
    def machine_of(role: str) -> Machine:
        asked.add(role)
        return subset_machine(graph, role)

    return machine_of


def choice_then_chatter(length: int) -> ProtocolGraph:
    """A tells B `x` or `y`; then D and E talk; then C must tell B what A chose."""
    edges = [(0, "A", "B", "x", 1), (0, "A", "B", "y", 2)]
    ends = [1, 2]
    state = 3
    for _ in range(length):
        for branch in (0, 1):
            edges.append((ends[branch], "D", "E", "hm", state))
            ends[branch] = state
            state += 1
    edges += [(ends[0], "C", "B", "was x", state), (ends[1], "C", "B", "was y", state)]
    return graph_from_edges(edges, final={state})


def path_after(graph: ProtocolGraph, label: str) -> list[int]:
    """The run that begins with `label`, up to the state before its last event."""
    (start,) = (t for t in range(graph.first[1]) if graph.event(t).label == label)
    path = [start]
    while not graph.final[graph.target[path[-1]]]:
        path.append(graph.first[graph.target[path[-1]]])
    return path[:-1]


def test_the_choice_is_kept_and_the_chatter_is_not() -> None:
    graph = choice_then_chatter(200)
    asked: set[str] = set()
    trace = seed_run(
        graph, lookup(graph, asked), path_after(graph, "y"), "C", Action(True, "B", "was x")
    )
    assert trace is not None
    assert [str(step) for step in trace.steps] == ["A!B:y", "C!B:was x"]
    assert [step.site.line for step in trace.steps] == [2, 403]
    assert asked == {"A", "C"}
    assert trace.culprits == ("C", "A")
    assert not trace.minimal
    assert [wait.role for wait in trace.waiting] == ["A", "C"]


def test_a_faithful_send_gives_no_run() -> None:
    graph = choice_then_chatter(2)
    action = Action(True, "B", "was y")
    assert seed_run(graph, lookup(graph, set()), path_after(graph, "y"), "C", action) is None


def test_a_send_the_machine_does_not_have_gives_no_run() -> None:
    graph = choice_then_chatter(2)
    action = Action(True, "B", "hm")
    assert seed_run(graph, lookup(graph, set()), path_after(graph, "y"), "C", action) is None


def test_a_choice_of_several_senders_gives_no_run() -> None:
    """Outside the class: the part of the run that is kept may be faithful by itself."""
    edges = [(0, "C", "A", "y", 1), (0, "A", "B", "y", 1)]
    graph = graph_from_edges(edges, final={1})
    (first,) = (t for t in range(graph.first[1]) if graph.event(t).sender == "A")
    action = Action(True, "A", "y")
    assert seed_run(graph, lookup(graph, set()), [first], "C", action) is None


# B hears of the choice by who speaks first: A at once, or C, after which A speaks too.
OVERTAKING = graph_from_edges(
    [
        (0, "A", "C", "detour", 1),
        (1, "C", "B", "go", 2),
        (0, "A", "B", "go", 2),
        (2, "A", "B", "go", 3),
    ],
    final={3},
)


def test_a_message_that_overtakes_is_found_and_received() -> None:
    graph = OVERTAKING
    action = Action(False, "A", "go")
    (detour,) = (t for t in range(graph.first[1]) if graph.event(t).label == "detour")
    onward = available_path(graph, graph.target[detour], "B", action)
    assert onward is not None
    assert [str(graph.event(t)) for t in onward] == ["C -> B : go", "A -> B : go"]
    trace = seed_run(graph, lookup(graph, set()), [detour], "B", action)
    given = seed_run(graph, lookup(graph, set()), [detour], "B", action, onward)
    assert trace is not None and trace == given
    assert [str(step) for step in trace.steps] == [
        "A!C:detour",
        "A!B:go",
        "B?A:go",
    ]


def test_no_path_when_the_message_depends_on_the_receiver() -> None:
    graph = graph_from_edges(
        [(0, "C", "B", "x", 1), (1, "B", "A", "y", 2), (2, "A", "B", "z", 3)], final={3}
    )
    assert available_path(graph, 0, "B", Action(False, "A", "z")) is None


def test_dependencies_and_last_events() -> None:
    graph = OVERTAKING
    (detour,) = (t for t in range(graph.first[1]) if graph.event(t).label == "detour")
    trace = seed_run(graph, lookup(graph, set()), [detour], "B", Action(False, "A", "go"))
    assert trace is not None
    assert dependencies(trace.steps) == [[], [0], [1]]
    assert [str(step) for step in last_events(trace.steps)] == ["B?A:go"]
