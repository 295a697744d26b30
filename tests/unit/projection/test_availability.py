"""Which messages may come first while a role waits, on graphs of a few events."""

from __future__ import annotations

import pytest

from tellverify.model.graph import ProtocolGraph, graph_from_edges
from tellverify.projection.availability import Availability, AvailabilityBudget, OutOfBudget


def ends(graph: ProtocolGraph, found: frozenset[tuple[int, int]]) -> set[str]:
    return {f"{graph.roles[peer]} {graph.labels[label]}" for peer, label in found}


def possible(graph: ProtocolGraph, state: int, role: str) -> set[str]:
    here = Availability(graph, AvailabilityBudget(1_000))
    return ends(graph, here.possible(state, graph.roles.index(role)))


def run(graph: ProtocolGraph, state: int, role: str, peer: str, label: str) -> list[str] | None:
    here = Availability(graph, AvailabilityBudget(1_000))
    names = graph.roles.index(role), graph.roles.index(peer), graph.labels.index(label)
    found = here.path(state, *names)
    if found is None:
        return None
    return [
        f"{graph.roles[graph.sender[e]]}{graph.roles[graph.receiver[e]]} "
        f"{graph.labels[graph.label[e]]}"
        for e in found
    ]


# A tells B, which tells C; A tells C as well, and then again.
CHAIN = graph_from_edges(
    [
        (0, "A", "B", "go", 1),
        (1, "B", "C", "first", 2),
        (2, "A", "C", "second", 3),
        (3, "A", "C", "third", 4),
    ],
    final={4},
)


def test_what_a_waiting_role_may_be_sent() -> None:
    """Not what depends on the role itself, at any distance; also messages behind the first."""
    assert possible(CHAIN, 0, "C") == {"B first", "A second", "A third"}
    assert possible(CHAIN, 2, "C") == {"A second", "A third"}
    assert possible(CHAIN, 4, "C") == set()
    assert possible(CHAIN, 0, "B") == {"A go"}
    # A waits: B is not told, and C gets nothing that A does not send.
    assert possible(CHAIN, 0, "A") == set()
    back = graph_from_edges(
        [(0, "A", "B", "go", 1), (1, "B", "D", "on", 2), (2, "D", "A", "late", 3)], final={3}
    )
    assert possible(back, 0, "A") == set()
    assert possible(back, 1, "A") == {"D late"}


def test_a_run_ends_with_the_first_message_of_its_channel() -> None:
    assert run(CHAIN, 0, "C", "A", "second") == ["AB go", "BC first", "AC second"]
    assert run(CHAIN, 0, "C", "A", "third") is None  # `second` comes first
    assert run(CHAIN, 3, "C", "A", "third") == ["AC third"]
    assert run(CHAIN, 0, "C", "B", "first") == ["AB go", "BC first"]
    assert run(CHAIN, 0, "C", "B", "second") is None
    assert run(CHAIN, 0, "A", "B", "first") is None


def test_a_shortest_run_by_whichever_branch() -> None:
    """The long way round comes first in the text; on the short one the sender is not blocked."""
    graph = graph_from_edges(
        [
            (0, "A", "B", "long", 1),
            (0, "A", "B", "short", 3),
            (1, "A", "B", "more", 2),
            (2, "B", "C", "told", 5),
            (3, "B", "C", "told", 5),
        ],
        final={5},
    )
    assert run(graph, 0, "C", "B", "told") == ["AB short", "BC told"]
    # C has sent something to B on one branch, so that B depends on it there, and not on the other.
    dependent = graph_from_edges(
        [
            (0, "A", "B", "left", 1),
            (0, "A", "B", "right", 2),
            (1, "C", "B", "ask", 3),
            (2, "A", "B", "tell", 3),
            (3, "B", "C", "told", 4),
        ],
        final={4},
    )
    assert run(dependent, 0, "C", "B", "told") == ["AB right", "AB tell", "BC told"]
    assert run(dependent, 1, "C", "B", "told") is None
    assert possible(dependent, 1, "C") == set() and possible(dependent, 0, "C") == {"B told"}


LOOP = graph_from_edges(
    [(0, "A", "B", "again", 0), (0, "A", "B", "stop", 1), (1, "B", "C", "done", 2)], final={2}
)


@pytest.mark.parametrize("asked", ["possible", "path"])
def test_a_step_for_each_state_and_each_event(asked: str) -> None:
    """Three states with two, one and no events; the loop is looked at once."""

    def ask(steps: int) -> AvailabilityBudget:
        budget = AvailabilityBudget(steps)
        here = Availability(LOOP, budget)
        roles = LOOP.roles.index("C"), LOOP.roles.index("B")
        if asked == "possible":
            assert here.possible(0, roles[0]) == here.possible(0, roles[0])
        else:
            here.path(0, *roles, LOOP.labels.index("done"))
        return budget

    needed = 6 if asked == "possible" else 5  # the run ends before the last state
    assert ask(1_000).left == 1_000 - needed
    assert ask(needed).left == 0
    with pytest.raises(OutOfBudget):
        ask(needed - 1)
