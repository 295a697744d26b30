"""The graph of a protocol with timeouts as a file: one file for each clause, wrong in it alone."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from tellverify.evidence import timed_file
from tellverify.evidence.timed_file import (
    BadTimedGraph,
    ScopeRecord,
    TimedGraphFile,
    timed_protocol_in,
)
from tellverify.model.timed_text import EnterNode, ExitNode, MessageNode

MESSAGE, BRANCH, ENTER, EXIT, END = range(5)
SCOPE = ScopeRecord(1, -1, 1, (3, 5), (0, 1), (0, 1, 2), 7, 1)
INNER = ScopeRecord(0, 0, 2, (4,), (0,), (0, 1), 8, 0)
NODES = [
    [ENTER, 0],
    [MESSAGE, 0, 1, 0, 2, 0],
    [EXIT, 1, 4],
    [MESSAGE, 1, 2, 1, 4, 1],
    [BRANCH, 5, 3],
    [END],
]
RIGHT = TimedGraphFile(
    "",
    [("a.tell", "0"), ("b.tell", "1")],
    "strict",
    "P",
    "",
    ("A", "B", "C"),
    ("x", "y"),
    0,
    NODES,
    [SCOPE, INNER],
    [(0, 3), (1, 4)],
)


def test_every_number_is_one_of_its_table() -> None:
    protocol = timed_protocol_in(RIGHT)
    assert protocol.nodes[0] == EnterNode(0) and protocol.nodes[2] == ExitNode(1, 4)
    assert protocol.nodes[3] == MessageNode("B", "C", "y", 4, 1)
    outer, inner = protocol.scopes
    assert (outer.owner, outer.around, outer.body, outer.line) == ("B", -1, 1, 4)
    assert (outer.actors, outer.participants) == ({"A", "B"}, {"A", "B", "C"})
    assert [first for _, first in outer.alternatives] == [3, 5]
    assert (inner.owner, inner.around, inner.line, inner.duration) == ("A", 0, 3, 8)
    assert [(site.path, site.line) for site in protocol.sites] == [("a.tell", 3), ("b.tell", 4)]


def refused(**changes: Any) -> str:
    with pytest.raises(BadTimedGraph) as found:
        timed_protocol_in(structs.replace(RIGHT, **changes))
    return str(found.value)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"roles": ()}, "roles"),
        ({"roles": ("A", "B", "A")}, "roles"),
        ({"labels": ("x", "x")}, "labels"),
        ({"labels": ("x", "")}, "labels"),
        ({"start": 6}, "nodes"),
        ({"sites": [(0, 3), (2, 4)]}, "sites"),
    ],
)
def test_tables_without_doubles_or_gaps(changes: dict[str, Any], why: str) -> None:
    assert refused(**changes).startswith(f"{why}: ")


def test_as_many_nodes_as_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timed_file, "MOST_NODES", 6)
    timed_protocol_in(RIGHT)
    monkeypatch.setattr(timed_file, "MOST_NODES", 5)
    assert refused().startswith("nodes: ")


@pytest.mark.parametrize(
    ("at", "row", "why"),
    [
        (1, [MESSAGE, 3, 1, 0, 2, 0], "names out of range"),
        (1, [MESSAGE, 0, 3, 0, 2, 0], "names out of range"),
        (1, [MESSAGE, 0, 1, 2, 2, 0], "names out of range"),
        (1, [MESSAGE, 0, 1, 0, 6, 0], "names out of range"),
        (1, [MESSAGE, 0, 1, 0, 2, 2], "names out of range"),
        (1, [MESSAGE, 1, 1, 0, 2, 0], "names out of range"),
        (1, [MESSAGE, 0, 1, 0, 2], "no such node"),
        (4, [BRANCH], "nodes out of range"),
        (4, [BRANCH, 3, 6], "nodes out of range"),
        (4, [BRANCH, 6, 3], "nodes out of range"),
        (0, [ENTER, 2], "a scope out of range"),
        (0, [ENTER], "no such node"),
        (2, [EXIT, 2, 4], "numbers out of range"),
        (2, [EXIT, 1, 6], "numbers out of range"),
        (5, [END, 0], "no such node"),
        (5, [5], "no such node"),
        (5, [], "no such node"),
    ],
)
def test_one_wrong_node(at: int, row: list[int], why: str) -> None:
    assert refused(nodes=[*NODES[:at], row, *NODES[at + 1 :]]) == f"node {at}: {why}"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"owner": 3}, "numbers out of range"),
        ({"actors": (0, 3)}, "numbers out of range"),
        ({"participants": (0, 1, 3)}, "numbers out of range"),
        ({"around": -2}, "numbers out of range"),
        ({"around": 1}, "numbers out of range"),
        ({"body": 6}, "numbers out of range"),
        ({"alternatives": (6,)}, "numbers out of range"),
        ({"alternatives": (3, 6)}, "numbers out of range"),
        ({"site": 2}, "numbers out of range"),
        ({"alternatives": ()}, "one or two alternatives"),
        ({"alternatives": (3, 4, 5)}, "one or two alternatives"),
        ({"owner": 2}, "who acts has no part in it"),
        ({"actors": (0, 2)}, "who acts has no part in it"),
    ],
)
def test_one_wrong_scope(changes: dict[str, Any], why: str) -> None:
    """The second one, which is inside of the first."""
    scopes = [SCOPE, structs.replace(INNER, **changes)]
    assert refused(scopes=scopes) == f"scope 1: {why}"
