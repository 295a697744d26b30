"""Strict projection on shapes that everybody knows, and on very long protocols."""

from __future__ import annotations

import pytest
from local_types import one_line

from tellverify.model.graph import ProtocolGraph, graph_from_edges
from tellverify.model.local_type import LocalType
from tellverify.projection.merge import strict_projections
from tellverify.projection.merge_results import MergeFailure
from tellverify.projection.type_table import TypeReason

Edges = list[tuple[int, str, str, str, int]]


def projected(edges: Edges, final: set[int]) -> dict[str, str]:
    """Every role's type in one line, or the reason of its failure."""
    graph = graph_from_edges(edges, final=final)
    shown = {}
    for role in graph.roles:
        result = strict_projections(graph).of(role)
        if isinstance(result, LocalType):
            shown[role] = one_line(result)
        else:
            assert isinstance(result, MergeFailure)
            shown[role] = str(result.reason)
    return shown


def test_ping_pong() -> None:
    assert projected([(0, "A", "B", "ping", 1), (1, "B", "A", "pong", 2)], {2}) == {
        "A": "B!ping. B?pong. end",
        "B": "A?ping. A!pong. end",
    }


def test_choice() -> None:
    assert projected([(0, "A", "B", "yes", 1), (0, "A", "B", "no", 1)], {1}) == {
        "A": "B!{ yes: end, no: end }",
        "B": "A?{ yes: end, no: end }",
    }


def test_recursion() -> None:
    edges = [(0, "A", "B", "more", 0), (0, "A", "B", "stop", 1)]
    assert projected(edges, {1}) == {
        "A": "rec X. B!{ more: X, stop: end }",
        "B": "rec X. A?{ more: X, stop: end }",
    }


def test_nested_recursion() -> None:
    edges = [
        (0, "A", "B", "enter", 1),
        (1, "A", "B", "inner", 1),
        (1, "A", "B", "outer", 0),
        (1, "A", "B", "stop", 2),
    ]
    assert projected(edges, {2}) == {
        "A": "rec X. B!enter. rec Y. B!{ inner: Y, outer: X, stop: end }",
        "B": "rec X. A?enter. rec Y. A?{ inner: Y, outer: X, stop: end }",
    }


def test_many_branches() -> None:
    edges = [(0, "A", "B", label, 1) for label in "dcba"]
    assert projected(edges, {1})["B"] == "A?{ d: end, c: end, b: end, a: end }"


def test_ring() -> None:
    edges = [(0, "A", "B", "x", 1), (1, "B", "C", "y", 2), (2, "C", "A", "z", 3)]
    assert projected(edges, {3}) == {
        "A": "B!x. C?z. end",
        "B": "A?x. C!y. end",
        "C": "B?y. A!z. end",
    }


def test_four_parties() -> None:
    edges = [
        (0, "A", "B", "go", 1),
        (1, "B", "C", "yes", 2),
        (1, "B", "C", "no", 4),
        (2, "C", "D", "yes", 3),
        (3, "D", "A", "done", 6),
        (4, "C", "D", "no", 5),
        (5, "D", "A", "failed", 6),
    ]
    assert projected(edges, {6}) == {
        "A": "B!go. D?{ done: end, failed: end }",
        "B": "A?go. C!{ yes: end, no: end }",
        "C": "B?{ yes: D!yes. end, no: D!no. end }",
        "D": "C?{ no: A!failed. end, yes: A!done. end }",
    }


def test_receives_from_one_partner_are_united() -> None:
    edges = [
        (0, "A", "B", "left", 1),
        (0, "A", "B", "right", 2),
        (1, "B", "C", "z", 3),
        (2, "B", "C", "a", 3),
    ]
    assert projected(edges, {3})["C"] == "B?{ a: end, z: end }"


def test_asynchronous_independence() -> None:
    edges = [(0, "A", "B", "x", 1), (1, "C", "D", "y", 2)]
    assert projected(edges, {2}) == {
        "A": "B!x. end",
        "B": "A?x. end",
        "C": "D!y. end",
        "D": "C?y. end",
    }


def test_a_role_outside_an_endless_loop_ends() -> None:
    edges = [(0, "C", "A", "start", 1), (1, "A", "B", "tick", 1)]
    assert projected(edges, set())["C"] == "A!start. end"


def test_a_role_outside_a_loop_with_an_exit_does_not_merge() -> None:
    edges = [(0, "C", "A", "start", 1), (1, "A", "B", "tick", 1), (1, "A", "B", "stop", 2)]
    assert projected(edges, {2})["C"] == "IncompatibleTypes"


@pytest.mark.parametrize(
    ("left", "right", "reason"),
    [
        ([], [("A", "C", "x")], "EndMismatch"),
        ([("A", "C", "x")], [("B", "C", "x")], "PartnerMismatch"),
        ([("A", "C", "x")], [("C", "A", "x")], "DirectionMismatch"),
        ([("C", "A", "x")], [("C", "A", "y")], "SendLabelMismatch"),
        ([("A", "C", "x")], [("A", "C", "x"), ("A", "C", "y")], "IncompatibleContinuations"),
    ],
)
def test_why_branches_do_not_merge(
    left: list[tuple[str, str, str]], right: list[tuple[str, str, str]], reason: str
) -> None:
    edges: Edges = []
    states = 1
    for tag, steps in (("l", left), ("r", right)):
        here = [("A", "B", tag), *steps]
        for place, (p, q, label) in enumerate(here):
            goal = 100 if place == len(here) - 1 else states
            edges.append((states - 1 if place else 0, p, q, label, goal))
            states += 1
    assert projected(edges, {100})["C"] == reason


def test_a_failure_names_the_choice_and_two_branches() -> None:
    edges = [
        (0, "A", "B", "go", 1),
        (1, "A", "B", "l", 4),
        (1, "A", "B", "m", 4),
        (1, "A", "B", "r", 3),
        (3, "B", "C", "told", 4),
    ]
    failures = strict_projections(graph_from_edges(edges, final={4})).failures
    assert failures == (MergeFailure("C", TypeReason.END_MISMATCH, state=1, left=1, right=3),)


def test_a_role_without_events_ends() -> None:
    graph = graph_from_edges([(0, "A", "B", "x", 1)], final={1}, roles=("A", "B", "C"))
    for role in ("C", "nobody"):
        result = strict_projections(graph).of(role)
        assert isinstance(result, LocalType)
        assert one_line(result) == "end"


def commit(devices: int) -> ProtocolGraph:
    """Ask all, hear all, then tell all one of two things."""
    edges: Edges = []
    for index in range(devices):
        edges.append((index, "Hub", f"D{index}", "ask", index + 1))
    state = devices
    for index in range(devices):
        edges.append((state + index, f"D{index}", "Hub", "ready", state + index + 1))
    fork = state = 2 * devices
    ends = set()
    for label in ("commit", "abort"):
        source = fork
        for index in range(devices):
            state += 1
            edges.append((source, "Hub", f"D{index}", label, state))
            source = state
        ends.add(state)
    return graph_from_edges(edges, final=ends)


def test_thousands_of_devices_share_one_type() -> None:
    projections = strict_projections(commit(3_000))
    assert projections.failures == ()
    assert len(set(projections.results)) == 3  # the hub, the first device, all others
    hub = projections.of("Hub")
    assert isinstance(hub, LocalType)
    assert len(hub.nodes) == 12_000
    device = projections.of("D77")
    assert isinstance(device, LocalType)
    assert one_line(device) == "Hub?ask. Hub!ready. Hub?{ abort: end, commit: end }"


def test_a_merge_that_explodes_is_given_up() -> None:
    """One of 14 places differs, and nobody says which: merging keeps all sets of them apart."""
    width = 60
    edges: Edges = []
    states = 1
    for odd in range(width):
        source = states
        edges.append((0, "A", "B", f"t{odd}", source))
        for place in range(width):
            following = states + 1
            labels = ("x",) if place == odd else ("x", "y")
            edges += [(states, "B", "C", label, following) for label in labels]
            states = following
        edges.append((states, "B", "C", f"end{odd}", 100_000))
        states += 1
    graph = graph_from_edges(
        [edge if edge[4] != 100_000 else (*edge[:4], states) for edge in edges], final={states}
    )
    result = strict_projections(graph).of("C")
    assert isinstance(result, MergeFailure)
    assert result.reason is TypeReason.LIMIT
