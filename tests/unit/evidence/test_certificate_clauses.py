"""Clauses of the rechecker of certificates, graphs and machines, each of them wrong alone."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from pathlib import Path

import msgspec
import pytest

from tellverify.evidence.certificate import (
    CERTIFICATE_SCHEMA,
    Certificate,
    InstancePart,
    LocalState,
    RolePart,
    write_certificate,
)
from tellverify.evidence.graph_file import GRAPH_SCHEMA, GraphFile, NeutralGraph, write_graph
from tellverify.evidence.machines_file import (
    MACHINES_SCHEMA,
    MachineRow,
    MachinesFile,
    write_machines,
)
from tellverify.evidence.recheck.coherence import check_certificate, check_class
from tellverify.evidence.recheck.evidence_files import recheck
from tellverify.evidence.recheck.graph import Rejected, check_graph, check_instance
from tellverify.model.graph import graph_from_edges
from tellverify.projection.certify import certify

SUM = "0" * 64


def part(
    edges: Sequence[tuple[int, str, str, str, int]], final: set[int], name: str = ""
) -> InstancePart:
    graph = graph_from_edges(list(edges), final=final)
    return certify(graph, name, 100_000)


def certificate(*parts: InstancePart, **changes: object) -> Certificate:
    made = Certificate(
        schema=CERTIFICATE_SCHEMA,
        source="p.tell",
        sha256=SUM,
        protocol="P",
        claim="implementable",
        instances=list(parts),
    )
    return msgspec.structs.replace(made, **changes)


PING = [(0, "A", "B", "ping", 1), (1, "B", "A", "pong", 2)]


def rejected(made: Certificate) -> str:
    try:
        check_certificate(made)
    except Rejected as error:
        return str(error)
    return ""


def test_a_certificate_shows_something_of_each_instance_once() -> None:
    ping = part(PING, {2})
    assert rejected(certificate(ping)) == ""
    assert rejected(certificate()) == "instances: there is none, or none with an event"
    empty = NeutralGraph(("A",), (), 1, (0,), [])
    state = msgspec.structs.replace(ping.roles[0].states[0], behind=[(0, 0)], moves=[])
    role = msgspec.structs.replace(ping.roles[0], role="A", states=[state])
    idle = InstancePart("", empty, ("A",), [role])
    assert rejected(certificate(idle)) == "instances: there is none, or none with an event"
    nobody = InstancePart("", msgspec.structs.replace(empty, roles=()), (), [])
    assert "none with an event" in rejected(certificate(nobody))
    assert "one is listed twice" in rejected(certificate(ping, ping))
    assert "is not a claim" in rejected(certificate(ping, claim="perfect"))


def test_instances_are_of_the_same_families() -> None:
    one = part([(0, "A", "D[0]", "m", 1)], {1}, "D = 1")
    two = part([(0, "A", "D[0]", "m", 1), (1, "A", "D[1]", "m", 2)], {2}, "D = 2")
    assert rejected(certificate(one, two)) == ""
    other = part([(0, "A", "E[0]", "m", 1)], {1}, "E = 1")
    assert "not of the same families" in rejected(certificate(one, other))
    assert "the roles are not those of `D = 2`" in rejected(
        certificate(msgspec.structs.replace(one, instance="D = 2"))
    )


def test_roles_never_stuck_are_listed_in_order() -> None:
    ping = part(PING, {2})
    assert ping.never_stuck == ("A", "B")
    for wrong in (("B", "A"), ("A", "A"), ("A", "X")):
        changed = msgspec.structs.replace(ping, never_stuck=wrong)
        assert "not roles of the graph in their order" in rejected(certificate(changed))
    assert rejected(certificate(msgspec.structs.replace(ping, never_stuck=("B",)))) == ""
    swapped = msgspec.structs.replace(ping, roles=ping.roles[::-1])
    assert "the roles are not those of the graph" in rejected(certificate(swapped))


def test_a_role_that_may_wait_without_end_is_not_listed() -> None:
    loop = part([(0, "A", "B", "again", 0), (0, "A", "B", "stop", 1), (1, "A", "C", "go", 2)], {2})
    assert loop.never_stuck == ("A", "B", "C")
    edges = [(0, "A", "B", "left", 1), (0, "A", "B", "right", 2), (2, "B", "C", "go", 3)]
    skips = part(edges, {1, 3})
    assert skips.never_stuck == ("A", "B")
    claimed = msgspec.structs.replace(skips, never_stuck=("A", "B", "C"))
    assert rejected(certificate(skips)) == ""
    assert "no silent event goes down" in rejected(certificate(claimed))


def test_a_local_state_with_sends_and_receives_is_rejected() -> None:
    """`A` is not told whether it is to send or to receive."""
    # `C` tells `D` one of two; after the first `A` tells `B`, after the other `B` tells `A`.
    events = [(0, 2, 3, 0, 1), (0, 2, 3, 1, 2), (1, 0, 1, 0, 3), (2, 1, 0, 1, 3)]
    graph = NeutralGraph(("A", "B", "C", "D"), ("x", "y"), 4, (3,), events)
    moves = [(0, 1, 1, 1), (1, 1, 0, 1)]
    states = [LocalState([(0, 2)], moves), LocalState([(3, 3)])]
    rows = [RolePart(name, states if name == "A" else []) for name in graph.roles]
    made = InstancePart("", graph, (), rows)
    assert "it both sends and receives" in rejected(certificate(made))


@pytest.mark.parametrize("ranges", [[(0, 1), (4, 4)], [(0, 1)], [(0, 2), (4, 4)], [(0, 3)]])
def test_a_silent_event_does_not_leave_the_states_behind_it(ranges: list[tuple[int, int]]) -> None:
    """Each list of ranges lacks the target of an event of one of them."""
    events = [(0, 1, 2, 0, 1), (0, 1, 2, 1, 2), (1, 1, 2, 0, 3), (2, 1, 2, 0, 4)]
    events += [(3, 1, 0, 2, 5), (4, 1, 0, 2, 5)]
    graph = NeutralGraph(("A", "B", "C"), ("x", "y", "go"), 6, (5,), events)
    go = (0, 1, 2, 1)

    def said(behind: list[tuple[int, int]]) -> str:
        states = [LocalState(behind, [go]), LocalState([(5, 5)])]
        rows = [RolePart(name, states if name == "A" else []) for name in graph.roles]
        return rejected(certificate(InstancePart("", graph, (), rows)))

    assert "a silent event leads from" in said(ranges)
    assert "a silent event leads from" not in said([(0, 4)])


def test_no_order_of_ranges_hides_a_loop_in_which_a_role_waits() -> None:
    """`A` and `B` may talk for good while `C` waits, however the states behind it are listed."""
    edges = [
        (0, "A", "B", "stay", 1),
        (0, "A", "B", "leave", 3),
        (1, "A", "B", "ask", 2),
        (2, "B", "A", "answer", 1),
        (3, "A", "C", "go", 4),
    ]
    made = part(edges, {4})
    assert made.never_stuck == ("A", "B") and rejected(certificate(made)) == ""
    waiting = next(row for row in made.roles if row.role == "C")
    single = [(state, state) for state in range(4)]
    orders = [list(order) for order in permutations(single)] + [[(0, 3)], [(3, 3), (0, 2)]]
    for behind in orders:
        first = msgspec.structs.replace(waiting.states[0], behind=behind)
        row = msgspec.structs.replace(waiting, states=[first, *waiting.states[1:]])
        others = [one for one in made.roles if one.role != "C"]
        plain = msgspec.structs.replace(made, roles=[*others, row])
        assert rejected(certificate(plain)) == "", behind
        claimed = msgspec.structs.replace(plain, never_stuck=("A", "B", "C"))
        assert "no silent event goes down" in rejected(certificate(claimed)), behind


GRAPH = NeutralGraph(("A", "B"), ("m", "n"), 3, (2,), [(0, 0, 1, 0, 1), (1, 1, 0, 1, 2)])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"roles": ("A", "A")}, "a role is listed twice"),
        ({"roles": ("A", "")}, "a role is listed twice or has no name"),
        ({"labels": ("m", "m")}, "a label is listed twice"),
        ({"roles": (), "labels": (), "events": []}, "it has no role"),
        ({"states": 0}, "0 states"),
        ({"states": 5_000_001}, "5000001 states"),
        ({"final": (2, 2)}, "final states out of order"),
        ({"final": (2, 1)}, "final states out of order"),
        ({"final": (3,)}, "final states out of order"),
        ({"events": [(0, 0, 1, 0, 1), (1, 2, 0, 1, 2)]}, "event 1: names out of range"),
        ({"events": [(0, 0, 1, 0, 1), (1, 1, 2, 1, 2)]}, "event 1: names out of range"),
        ({"events": [(0, 0, 1, 0, 1), (1, 1, 0, 2, 2)]}, "event 1: names out of range"),
        ({"events": [(0, 0, 1, 0, 1), (3, 1, 0, 1, 2)]}, "event 1: names out of range"),
        ({"events": [(0, 0, 1, 0, 1), (1, 1, 0, 1, 3)]}, "event 1: names out of range"),
        ({"events": [(0, 0, 1, 0, 1), (1, 1, 1, 1, 2)]}, "a role that sends to itself"),
        ({"events": [(1, 0, 1, 0, 1), (0, 1, 0, 1, 2)]}, "event 1: .* out of order"),
        ({"events": [(0, 0, 1, 0, 1), (0, 0, 1, 0, 2)]}, "state 0: two equal events"),
        (
            {"events": [(0, 0, 1, 0, 1), (0, 0, 1, 1, 1), (0, 0, 1, 0, 2)]},
            "state 0: two equal events",
        ),
    ],
)
def test_what_is_no_graph(changes: dict[str, object], reason: str) -> None:
    assert check_graph(GRAPH, "graph") == [0, 1, 2, 2]
    with pytest.raises(Rejected, match=reason):
        check_graph(msgspec.structs.replace(GRAPH, **changes), "graph")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"final": (1, 2)}, "several roles|it is not an end|may send"),
        ({"final": ()}, "nothing follows and it is not an end"),
        ({"events": [(0, 0, 1, 0, 1), (0, 1, 0, 1, 2)], "final": (1, 2)}, "several roles may send"),
    ],
)
def test_what_is_outside_the_class(changes: dict[str, object], reason: str) -> None:
    graph = msgspec.structs.replace(GRAPH, **changes)
    with pytest.raises(Rejected, match=reason):
        check_class(graph, check_graph(graph, "graph"), "graph")
    check_class(GRAPH, check_graph(GRAPH, "graph"), "graph")


def test_sizes_of_families_are_those_of_the_roles() -> None:
    roles = ("A", "D[0]", "D[1]", "E[0]")
    for good in ("", "D = 2", "D = 2, E = 1"):
        check_instance(good, roles, "instance")
    for bad in ("D = 1", "D = 3", "D = 02", "D=2", "F = 1", "D = 2, E = 2", "D = 2,E = 1"):
        with pytest.raises(Rejected):
            check_instance(bad, roles, "instance")


def reason_for(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    try:
        recheck(str(path))
    except Rejected as error:
        return str(error)
    return ""


ROWS = [
    MachineRow("A", [1], [[(1, "B", "m", 1)], []]),
    MachineRow("B", [1], [[(0, "A", "m", 1)], []]),
]


@pytest.mark.parametrize(
    ("rows", "graph", "reason"),
    [
        (ROWS, None, ""),
        (ROWS, GRAPH, ""),
        (ROWS, msgspec.structs.replace(GRAPH, events=[(0, 0, 7, 0, 1)]), "event 0"),
        ([ROWS[0], ROWS[0]], None, "listed twice"),
        ([ROWS[0], msgspec.structs.replace(ROWS[1], role="")], None, "listed twice or has no name"),
        ([ROWS[0], msgspec.structs.replace(ROWS[1], final=[2])], None, "machine of `B`"),
        ([ROWS[0], msgspec.structs.replace(ROWS[1], final=[1, 0])], None, "machine of `B`"),
        ([ROWS[0], msgspec.structs.replace(ROWS[1], final=[], moves=[])], None, "machine of `B`"),
        ([ROWS[0], MachineRow("B", [1], [[(0, "A", "m", 2)], []])], None, "machine of `B`"),
        ([ROWS[0], MachineRow("B", [1], [[(0, "C", "m", 1)], []])], None, "machine of `B`"),
        ([ROWS[0], MachineRow("B", [1], [[(0, "B", "m", 1)], []])], None, "machine of `B`"),
        (
            [ROWS[0], MachineRow("B", [1], [[(0, "A", "m", 1), (0, "A", "m", 0)], []])],
            None,
            "two equal moves",
        ),
    ],
)
def test_machines_are_wrong_in_one_clause(
    tmp_path: Path, rows: list[MachineRow], graph: NeutralGraph | None, reason: str
) -> None:
    file = MachinesFile(MACHINES_SCHEMA, "P", [("m.json", SUM)], list(rows), graph)
    said = reason_for(tmp_path / "system.machines.json", write_machines(file))
    assert reason in said and bool(said) == bool(reason)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, ""),
        ({"schema": "tellverify/graph-1"}, "schema: not"),
        ({"files": []}, "files: there are none"),
        ({"files": [("p.tell", "0" * 63)]}, "sha256: no such sum"),
        ({"files": [("p.tell", SUM), ("q.tell", "A" * 64)]}, "sha256: no such sum"),
        ({"sites": [(0, 1)]}, "sites: not one for each event"),
        ({"sites": [(0, 1), (1, 2)]}, "sites: not one for each event"),
        ({"instance": "D = 1"}, "the roles are not those of `D = 1`"),
    ],
)
def test_graph_files_are_wrong_in_one_clause(
    tmp_path: Path, changes: dict[str, object], reason: str
) -> None:
    file = GraphFile(GRAPH_SCHEMA, [("p.tell", SUM)], "strict", "P", "", GRAPH, [(0, 1), (0, 2)])
    text = write_graph(msgspec.structs.replace(file, **changes))
    said = reason_for(tmp_path / "protocol.graph.json", text)
    assert reason in said and bool(said) == bool(reason)


def test_a_file_has_one_form(tmp_path: Path) -> None:
    path = tmp_path / "implementable.certificate.json"
    text = write_certificate(certificate(part(PING, {2})))
    assert reason_for(path, text) == ""
    assert reason_for(path, text + "\n") == "the file: not in canonical form"
    assert "schema" in reason_for(path, text.replace("certificate-1", "certificate-9"))


def test_the_source_has_the_protocol_and_the_sum(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "implementable.certificate.json"
    import hashlib

    for text, reason in (
        ("protocol P =\n", ""),
        ("protocol  PP =\n", "has no protocol of this name"),
        ("choreography P =\n", "has no protocol of this name"),
    ):
        (tmp_path / "p.tell").write_text(text, encoding="utf-8")
        made = certificate(part(PING, {2}), sha256=hashlib.sha256(text.encode()).hexdigest())
        said = reason_for(path, write_certificate(made))
        assert reason in said and bool(said) == bool(reason)
    assert "changed since its proof was made" in reason_for(
        path, write_certificate(certificate(part(PING, {2})))
    )
