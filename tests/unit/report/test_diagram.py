"""Pictures of machines and graphs: order, escapes, limits."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tellverify.model.graph import ProtocolGraph, graph_from_edges
from tellverify.model.machine import Action, Machine
from tellverify.report.drawing.diagram import (
    as_dot,
    as_mermaid,
    as_text,
    graph_json,
    picture_of_graph,
    picture_of_machine,
)


def courier() -> ProtocolGraph:
    return graph_from_edges(
        [
            (0, "Courier", "Depot", "Ask", 1),
            (1, "Depot", "Courier", "Again", 0),
            (1, "Depot", "Courier", "Stop", 2),
        ],
        final={2},
        name="Ask",
    )


def test_a_graph_as_text() -> None:
    assert list(as_text(picture_of_graph(courier()))) == [
        "Ask   Courier, Depot   3 states, 3 events",
        "  0  Courier -> Depot : Ask  => 1",
        "  1  Depot -> Courier : Again  => 0",
        "     Depot -> Courier : Stop  => 2",
        "  2  end",
    ]


def test_a_machine_as_text() -> None:
    machine = Machine(
        "Depot",
        (((Action(False, "Courier", "Ask"), 1),), ((Action(True, "Courier", "Again"), 0),), ()),
        (True, False, False),
    )
    assert list(as_text(picture_of_machine(machine))) == [
        "Depot   3 states",
        "  0  Courier?Ask  => 1   (or end)",
        "  1  Courier!Again  => 0",
        "  2  nothing follows",
    ]


def test_a_graph_as_dot() -> None:
    assert list(as_dot(picture_of_graph(courier()))) == [
        'digraph "Ask" {',
        "  rankdir=LR; node [shape=circle];",
        '  start [shape=point, label=""];',
        '  s0 [label="0"];',
        '  s1 [label="1"];',
        '  s2 [label="2", shape=doublecircle];',
        "  start -> s0;",
        '  s0 -> s1 [label="Courier -> Depot : Ask"];',
        '  s1 -> s0 [label="Depot -> Courier : Again"];',
        '  s1 -> s2 [label="Depot -> Courier : Stop"];',
        "}",
    ]


def test_a_graph_as_mermaid() -> None:
    assert list(as_mermaid(picture_of_graph(courier()))) == [
        "stateDiagram-v2",
        "  %% Ask",
        "  [*] --> s0",
        "  s0 --> s1 : Courier -#62; Depot #58; Ask",
        "  s1 --> s0 : Depot -#62; Courier #58; Again",
        "  s1 --> s2 : Depot -#62; Courier #58; Stop",
        "  s2 --> [*]",
    ]


def test_a_graph_as_json() -> None:
    assert json.loads(graph_json(courier())) == {
        "schema": "tellverify/graph-1",
        "name": "Ask",
        "roles": ["Courier", "Depot"],
        "states": 3,
        "final": [2],
        "events": [
            {"from": 0, "sender": "Courier", "receiver": "Depot", "label": "Ask", "to": 1}
            | {"line": 1},
            {"from": 1, "sender": "Depot", "receiver": "Courier", "label": "Again", "to": 0}
            | {"line": 2},
            {"from": 1, "sender": "Depot", "receiver": "Courier", "label": "Stop", "to": 2}
            | {"line": 3},
        ],
    }


def test_long_mermaid_texts_are_cut_and_say_so() -> None:
    edges = [(step, "A", "B", "m", step + 1) for step in range(1_000)]
    lines = list(as_mermaid(picture_of_graph(graph_from_edges(edges, final={1_000}))))
    assert len(lines) == 404
    assert lines[-1] == "  note right of s0 : 600 transitions more"


hostile = st.sampled_from(
    [
        '"',
        "\\",
        "a\nb",
        "]; x -> y [",
        "%%{init: {}}%%",
        "end",
        "\u202e",
        "<b>",
        "#quot;",
        ";",
        "::",
    ]
) | st.text(max_size=6)


@given(hostile, hostile, hostile)
def test_no_name_ends_its_surroundings(first: str, second: str, label: str) -> None:
    graph = graph_from_edges([(0, first, second + "'", label, 1)], final={1}, name=label)
    picture = picture_of_graph(graph)
    string = r'"(?:[^"\\]|\\\\|\\")*"'
    dot = list(as_dot(picture))
    assert re.fullmatch(f"digraph {string} {{", dot[0])
    assert re.fullmatch(rf"  s0 -> s1 \[label={string}\];", dot[-2])
    for lines in (dot, list(as_mermaid(picture)), list(as_text(picture))):
        assert all(line.isprintable() for line in lines)
    arrow = list(as_mermaid(picture))[3]
    assert re.fullmatch(r"  s0 --> s1 : (?:[\w _.,()\[\]/-]|[^\W_]|#\d+;)*", arrow)
    assert list(as_mermaid(picture))[1].count("{") == 0
    json.loads(graph_json(graph))


def test_lone_surrogates_can_be_written() -> None:
    graph = graph_from_edges([(0, "A", "B", "\ud800", 1)], final={1})
    assert "\\ud800" in json.loads(graph_json(graph))["events"][0]["label"]
    for draw in (as_dot, as_mermaid, as_text):
        "".join(draw(picture_of_graph(graph))).encode()


@pytest.mark.parametrize("draw", [as_dot, as_mermaid, as_text])
def test_a_machine_without_moves(draw) -> None:
    assert list(draw(picture_of_machine(Machine("R", ((),), (True,)))))
