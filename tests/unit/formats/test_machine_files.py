"""Files of machines: every form is read, and the first fault is named with its JSON pointer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from graphs import random_graph
from hypothesis import given, settings
from hypothesis import strategies as st
from local_machines import canonical_machine

from tellverify.formats.interchange import InterchangeForm, WriteFault, write_type
from tellverify.formats.json_places import locate, read_documents
from tellverify.formats.machine_files import FileFault, read_machines
from tellverify.formats.machine_json import write_machine
from tellverify.model.machine import Machine
from tellverify.model.step import Step
from tellverify.projection.merge import strict_projections
from tellverify.projection.unfold import machine_of_type

END = {"kind": "end"}


def send(label: str, then: object, peer: str = "B") -> dict[str, object]:
    branch = {"label": {"name": label, "sort": "unit"}, "continuation": then}
    return {"kind": "send", "partner": peer, "branches": [branch]}


def machine(**changed: object) -> dict[str, object]:
    move = {"action": "send", "peer": "B", "label": "x", "to": 1}
    states = [{"final": False, "moves": [move]}, {"final": True, "moves": []}]
    return {"schema": "tellverify/machine-1", "role": "A", "states": states, **changed}


def read(value: object) -> list[Machine] | FileFault:
    found = read_machines(value if isinstance(value, str) else json.dumps(value))
    return [each.machine for each in found] if isinstance(found, list) else found


DERIVED = {"Recv": {"partner": "A", "branches": [[{"name": "x", "sort": "Unit"}, None, "End"]]}}
WHOLE = [
    {"A": send("x", END), "B": DERIVED},
    [{"role": "A", "local_type": send("x", END)}, {"role": "B", "localType": DERIVED}],
    {"success": True, "projections": {"A": send("x", END), "B": DERIVED}},
    [machine(), {"role": "B", "local_type": DERIVED}],
    json.dumps(machine()) + "\n" + json.dumps({"role": "B", "local_type": DERIVED}),
]


@pytest.mark.parametrize("value", WHOLE)
def test_forms_and_envelopes_mean_the_same(value: object) -> None:
    assert read(value) == read(WHOLE[0])
    assert [m.role for m in read(value)] == ["A", "B"]


TWICE = [{"label": {"name": "x"}, "continuation": END}] * 2
TO_ITSELF = {"action": "send", "peer": "A", "label": "x", "to": 0}
FAULTS: list[tuple[object, str, str]] = [
    ('{"A":', "file", ""),
    ("", "file", ""),
    ('{"A": NaN}', "file", ""),
    ("[" * 200_000, "file", ""),
    ("3", "file", "/"),
    ("{}", "file", "/"),
    ("[]", "file", "/"),
    ("[3]", "file", "/0"),
    (END, "file", "/"),
    ({"A": {"kind": "comm"}}, "file", "/A/kind"),
    ({"A": send("x", 3)}, "file", "/A/branches/0/continuation"),
    ({"A": send("x", END, peer="")}, "missing", ""),
    ({"A/B": {"kind": "end", "~x": 1}}, "file", "/A~1B/~0x"),
    ({"A": {"kind": "send", "partner": "B", "branches": TWICE}}, "term", "/A/branches/1"),
    ({"A": send("x", {"kind": "var", "name": "Y"})}, "term", "/A/branches/0/continuation"),
    ({"A": {"kind": "rec", "var": "X", "body": {"kind": "var", "name": "X"}}}, "term", "/A/body"),
    ({"A": send("x", send("y", END, peer="A"))}, "conflict", "/A/branches/0/continuation"),
    ('{"A": "End", "A": "End"}', "conflict", "/A"),
    (machine(schema="tellverify/machine-2"), "file", "/schema"),
    (machine(more=1), "file", "/more"),
    (machine(states=[]), "conflict", "/states"),
    (machine(states=[{"final": 1, "moves": []}]), "file", "/states/0/final"),
    (machine(states=[{"final": True, "moves": [TO_ITSELF]}]), "conflict", "/states/0/moves/0/peer"),
    ({"B": machine()}, "conflict", "/B/role"),
]


@pytest.mark.parametrize(("value", "kind", "pointer"), FAULTS)
def test_the_first_fault_has_its_pointer(value: object, kind: str, pointer: str) -> None:
    fault = read(value)
    if kind == "missing":
        assert isinstance(fault, list)  # names are judged when all files are there
        return
    assert isinstance(fault, FileFault)
    assert (fault.kind, fault.pointer) == (kind, pointer)
    assert fault.reason and fault.span.start <= fault.span.end


def test_a_pointer_leads_to_its_place() -> None:
    text = '[1, {"a": [true, {"b/c": "here"}]}]'
    assert text[locate(text, 0, (1, "a", 1, "b/c")).start :].startswith('"b/c"')
    assert text[locate(text, 0, (0,)).start] == "1"
    assert locate(text, 0, (7,)).start == 0


def test_in_several_documents_the_number_is_told() -> None:
    text = json.dumps(machine()) + "\n" + json.dumps(machine(role=3))
    fault = read(text)
    assert isinstance(fault, FileFault)
    assert fault.pointer.endswith(" of document 2")
    assert text[fault.span.start :].startswith("{")


@settings(max_examples=300)
@given(st.integers(min_value=0, max_value=2**31))
def test_what_project_writes_is_read_again(seed: int) -> None:
    graph = random_graph(seed)
    machines = [canonical_machine(graph, role) for role in graph.roles]
    lines = "\n".join(map(write_machine, machines))
    expected = [Machine(m.role, m.moves, m.final) for m in machines]
    assert read(lines) == expected, f"seed {seed}"
    projections = strict_projections(graph)
    if projections.unsupported is not None or projections.failures:
        return
    for form in InterchangeForm:
        types = [projections.of(role) for role in graph.roles]
        texts = [write_type(local, form) for local in types]
        assert not any(isinstance(text, WriteFault) for text in texts)
        rows = zip(graph.roles, texts, strict=True)
        text = "{" + ",".join(f"{json.dumps(role)}:{one}" for role, one in rows) + "}"
        wanted = [machine_of_type(t, r) for r, t in zip(graph.roles, types, strict=True)]
        assert read(text) == wanted, f"seed {seed}"


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["A", "kind", "role", "local_type", "Send", "Mu", "schema", "states"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=300)
@given(JUNK)
def test_no_value_breaks_the_reader(value: object) -> None:
    text = json.dumps(value)
    found = read_machines(text)
    assert isinstance(found, list | FileFault)
    assert isinstance(read_documents(text), list)


def test_every_prefix_of_a_file_is_answered(tmp_path: Path) -> None:
    text = json.dumps(WHOLE[1])
    for end in range(len(text)):
        assert isinstance(read_machines(text[:end]), FileFault)


def _label(name: str) -> dict[str, str]:
    return {"name": name, "sort": "unit"}


BRIDGE = {
    "kind": "rec",
    "var": "L",
    "body": {
        "kind": "send",
        "partner": "B",
        "branches": [
            {"label": _label("More"), "continuation": {"kind": "var", "name": "L"}},
            {
                "label": _label("Last"),
                "continuation": {
                    "kind": "recv",
                    "partner": "B",
                    "branches": [{"label": _label("Ok"), "continuation": {"kind": "end"}}],
                },
            },
        ],
    },
}
SENDS = [Step(True, "A", "B", "More"), Step(False, "A", "B", "More"), Step(True, "A", "B", "Last")]


@pytest.mark.parametrize(
    ("steps", "pointer"),
    [
        ([], "/A/body"),
        (SENDS[:2], "/A/body"),
        (SENDS, "/A/body/branches/1/continuation"),
        (
            [*SENDS, Step(False, "B", "A", "Ok")],
            "/A/body/branches/1/continuation/branches/0/continuation",
        ),
    ],
)
def test_the_place_of_a_type_after_a_run(steps: list[Step], pointer: str) -> None:
    text = json.dumps({"A": BRIDGE})
    found = read_machines(text)
    assert isinstance(found, list)
    assert found[0].place_after(text, steps)[0] == pointer


def test_the_place_of_a_state_after_a_run() -> None:
    found = read_machines(json.dumps({"A": BRIDGE}))
    assert isinstance(found, list)
    text = write_machine(found[0].machine) + "\n" + write_machine(found[0].machine)
    again = read_machines(text)
    assert isinstance(again, list)
    pointer, span = again[1].place_after(text, SENDS)
    assert pointer == "/states/1 of document 2"
    assert text[span.start :].startswith('{"final":false,"moves":[{"action":"receive"')
