"""Machines as files of evidence: what is none, and what some run of them still comes to."""

from __future__ import annotations

import pytest
from msgspec import structs

from tellverify.evidence import machines_file
from tellverify.evidence.graph_file import NeutralGraph
from tellverify.evidence.machines_file import (
    MachineRow,
    MachinesFile,
    can_be_served,
    can_end,
    graph_of,
    machines_of,
    messages_of,
    row_of,
)
from tellverify.model.configuration import Configuration
from tellverify.model.graph import graph_from_edges
from tellverify.model.machine import Machine

SEND, TAKE = 1, 0
A = MachineRow("A", [1, 2], [[(SEND, "B", "x", 1), (SEND, "B", "y", 2)], [], []])
B = MachineRow("B", [1], [[(TAKE, "A", "x", 1), (TAKE, "A", "y", 1)], []])
C = MachineRow("C", [0], [[]])
RIGHT = MachinesFile("", "P", [], [A, B, C])


def read(*rows: MachineRow) -> list[Machine]:
    found = machines_of(structs.replace(RIGHT, machines=list(rows)))
    assert not isinstance(found, str), found
    return found


def test_rows_are_read_and_written_alike() -> None:
    assert [row_of(machine) for machine in read(A, B, C)] == [A, B, C]
    machines, messages = messages_of(RIGHT)
    assert machines == read(A, B, C)
    assert messages == {("A", "B", "x", 0, ""), ("A", "B", "y", 0, "")}


@pytest.mark.parametrize(
    "rows",
    [
        [A, B, structs.replace(C, role="B")],
        [A, B, structs.replace(C, role="")],
        [A, B, structs.replace(C, moves=[], final=[])],
        [A, B, structs.replace(C, final=[1])],
        [A, structs.replace(B, final=[1, 0]), C],
        [A, structs.replace(B, final=[1, 1]), C],
        [A, structs.replace(B, moves=[[(TAKE, "A", "x", 1), (TAKE, "A", "y", 2)], []]), C],
        [A, structs.replace(B, moves=[[(TAKE, "A", "x", 1), (TAKE, "D", "y", 1)], []]), C],
        [A, structs.replace(B, moves=[[(TAKE, "A", "x", 1), (TAKE, "B", "y", 1)], []]), C],
        [A, structs.replace(B, moves=[[(TAKE, "A", "x", 1), (TAKE, "A", "x", 0)], []]), C],
    ],
)
def test_one_wrong_row(rows: list[MachineRow]) -> None:
    file = structs.replace(RIGHT, machines=rows)
    assert isinstance(machines_of(file), str)
    with pytest.raises(ValueError, match=r"role|machine"):
        messages_of(file)


def test_equal_labels_of_different_moves_are_different_moves() -> None:
    """To and from one role, and from two roles."""
    both = MachineRow(
        "B", [1], [[(TAKE, "A", "x", 1), (SEND, "A", "x", 1), (TAKE, "C", "x", 1)], []]
    )
    assert len(read(A, both, C)) == 3


def test_a_neutral_graph_is_the_same_graph() -> None:
    edges = [
        (0, "A", "B", "x", 1),
        (0, "A", "B", "y", 3),
        (1, "B", "C", "z", 3),
        (3, "C", "A", "x", 0),
    ]
    wanted = graph_from_edges(edges, final={2})
    role, label = wanted.roles.index, wanted.labels.index
    neutral = NeutralGraph(
        wanted.roles,
        wanted.labels,
        4,
        (2,),
        [(s, role(p), role(q), label(name), t) for s, p, q, name, t in edges],
    )
    found = graph_of(neutral, "P")
    assert found.name == "P" and list(found.first) == [0, 2, 3, 3, 4]
    for field in ("roles", "labels", "sender", "receiver", "label", "target", "final"):
        assert list(getattr(found, field)) == list(getattr(wanted, field)), field


START = Configuration((0, 0, 0), ())


def test_whether_some_run_ends() -> None:
    """All finished and nothing queued, of all groups of roles that speak to each other."""
    assert can_end(read(A, B, C), START, 100) is True
    unheard = structs.replace(B, moves=[[(TAKE, "A", "z", 1)], []])
    assert can_end(read(A, unheard, C), START, 100) is False
    left = structs.replace(B, moves=[[]], final=[0])
    assert can_end(read(A, left, C), START, 100) is False  # a message stays in the queue
    endless = structs.replace(C, final=[])
    assert can_end(read(A, B, endless), START, 100) is False
    queued = Configuration((1, 0, 0), ((("A", "B"), ("x",)),))
    assert can_end(read(A, B, C), queued, 100) is True
    twice = Configuration((1, 0, 0), ((("A", "B"), ("x", "y")),))
    assert can_end(read(A, B, C), twice, 100) is False


def pairs() -> list[Machine]:
    """Two pairs of roles that do not speak to each other."""
    return read(
        A,
        B,
        MachineRow("C", [1], [[(SEND, "D", "z", 1)], []]),
        MachineRow("D", [1], [[(TAKE, "C", "z", 1)], []]),
    )


def test_each_group_of_roles_ends_by_itself() -> None:
    start = Configuration((0, 0, 0, 0), ())
    # `A` and `B` come to five configurations, `C` and `D` to three, all of them to fifteen.
    assert can_end(pairs(), start, 5) is True
    one, two, three, _ = pairs()
    lost = read(
        row_of(one), row_of(two), row_of(three), MachineRow("D", [1], [[(TAKE, "C", "w", 1)], []])
    )
    assert can_end(lost, start, 5) is False


GROWS = [
    MachineRow("A", [], [[(SEND, "B", "x", 0)]]),
    MachineRow("B", [0], [[(TAKE, "A", "x", 0), (TAKE, "A", "end", 1)], []]),
    MachineRow("C", [1], [[(TAKE, "B", "never", 1)], []]),
]


def test_what_is_not_known_is_neither(monkeypatch: pytest.MonkeyPatch) -> None:
    start = Configuration((0, 0, 0), ())
    machines = read(*GROWS)
    assert can_be_served(machines, start, ["C"], 50) is None
    assert can_be_served(machines, start, ["B", "C"], 50) is True
    monkeypatch.setattr(machines_file, "_MOST_ENTRIES", 40)
    assert can_be_served(machines, start, ["C"], 1_000_000) is None


def test_whether_one_of_some_roles_is_served() -> None:
    machines = pairs()
    start = Configuration((0, 0, 0, 0), ())
    ended = Configuration((1, 1, 0, 0), ())
    assert can_be_served(machines, start, ["B"], 100) is True
    assert can_be_served(machines, ended, ["A", "B"], 100) is False
    assert can_be_served(machines, ended, ["A", "D"], 100) is True
    assert can_be_served(machines, ended, ["Z"], 100) is False
    # Three configurations follow; with room for fewer it is not known.
    assert can_be_served(machines, Configuration((1, 1, 0, 0), ()), ["A"], 3) is False
    assert can_be_served(machines, Configuration((1, 1, 0, 0), ()), ["A"], 2) is None
