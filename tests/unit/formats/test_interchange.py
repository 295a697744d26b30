"""Local types and machines as JSON: what is written, what is refused, and there and back."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tellverify.formats.interchange import (
    InterchangeForm,
    ReadFault,
    WriteFault,
    read_value,
    write_type,
)
from tellverify.formats.json_places import Document, NotJson, read_documents
from tellverify.formats.machine_json import MachineFault, machine_of_value, write_machine
from tellverify.model.graph import graph_from_edges
from tellverify.model.local_type import (
    Alternative,
    End,
    ExternalChoice,
    InternalChoice,
    LocalType,
    Mu,
    Sort,
    TypeBuilder,
    Variable,
)
from tellverify.model.machine import Action, Machine
from tellverify.projection.merge import strict_projections

BRIDGE = (
    '{"kind":"rec","var":"Ask","body":{"kind":"recv","partner":"Courier","branches":['
    '{"label":{"name":"Query","sort":"nat"},"continuation":'
    '{"kind":"send","partner":"Courier","branches":['
    '{"label":{"name":"Again","sort":"unit"},"continuation":{"kind":"var","name":"Ask"}},'
    '{"label":{"name":"Stop","sort":{"prod":["bool",{"vector":3}]}},'
    '"continuation":{"kind":"end"}}]}}]}}'
)
DERIVED = (
    '{"Mu":{"var":"Ask","body":{"Recv":{"partner":"Courier","branches":['
    '[{"name":"Query","sort":"Nat"},null,{"Send":{"partner":"Courier","branches":['
    '[{"name":"Again","sort":"Unit"},null,{"Var":"Ask"}],'
    '[{"name":"Stop","sort":{"Prod":["Bool",{"Vector":3}]}},null,"End"]]}}]]}}}}'
)


def only_document(text: str) -> Document | NotJson:
    documents = read_documents(text)
    if isinstance(documents, NotJson):
        return documents
    [document] = documents
    return document


def read_type(text: str, form: InterchangeForm) -> LocalType | ReadFault | NotJson:
    document = only_document(text)
    return document if isinstance(document, NotJson) else read_value(document.value, form)


def read_machine(text: str) -> Machine | MachineFault | NotJson:
    document = only_document(text)
    return document if isinstance(document, NotJson) else machine_of_value(document.value)


def test_the_two_forms_say_the_same() -> None:
    local = read_type(BRIDGE, InterchangeForm.BRIDGE)
    assert isinstance(local, LocalType)
    assert local == read_type(DERIVED, InterchangeForm.DERIVED)
    assert write_type(local, InterchangeForm.BRIDGE) == BRIDGE
    assert write_type(local, InterchangeForm.DERIVED) == DERIVED


def test_a_sort_may_be_left_out_and_is_always_written() -> None:
    short = BRIDGE.replace(',"sort":"unit"', "")
    local = read_type(short, InterchangeForm.BRIDGE)
    assert isinstance(local, LocalType)
    assert write_type(local, InterchangeForm.BRIDGE) == BRIDGE


@pytest.mark.parametrize(
    ("old", "new", "reason", "path"),
    [
        ('"kind":"end"', '"kind":"stop"', "unknown-kind", "$.body.branches[0].continuation"),
        ('"kind":"end"', '"kind":"end","x":1', "unexpected-field", "$.body.branches[0]"),
        ('"kind":"end"', '"sort":"unit"', "missing-field", "$.body.branches[0]"),
        ('"sort":"nat"', '"sort":"Nat"', "invalid-sort", "$.body.branches[0].label.sort"),
        ('"sort":"nat"', '"size":"nat"', "unexpected-field", "$.body.branches[0].label.size"),
        ('{"vector":3}', '{"vector":-3}', "invalid-sort", "$.body.branches[0]"),
        ('{"vector":3}', '{"vector":true}', "invalid-sort", "$.body.branches[0]"),
        ('"bool",', "", "invalid-sort", "$.body.branches[0]"),
        ('"var":"Ask"', '"var":7', "invalid-value", "$.var"),
        ('"var":"Ask"', '"var":"\\ud800"', "invalid-value", "$.var"),
        ('{"kind":"end"}', '"end"', "expected-object", "$.body.branches[0]"),
        ('"name":"Ask"', '"name":"Ask","name":"Ask"', "repeated-field", "$"),
    ],
)
def test_what_is_refused(old: str, new: str, reason: str, path: str) -> None:
    assert old in BRIDGE
    fault = read_type(BRIDGE.replace(old, new), InterchangeForm.BRIDGE)
    assert isinstance(fault, ReadFault)
    assert fault.reason == reason
    assert fault.path.startswith(path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("null", '"Nat"'),
        ('"End"', '"end"'),
        ('"End"', '{"End":null}'),
        ('{"Var":"Ask"}', '{"Var":"Ask","Mu":1}'),
        ('"Unit"},null,', '"Unit"},'),
    ],
)
def test_what_the_derived_form_refuses(old: str, new: str) -> None:
    assert isinstance(read_type(DERIVED.replace(old, new, 1), InterchangeForm.DERIVED), ReadFault)


@pytest.mark.parametrize("text", ["[" * 200_000, BRIDGE.replace('{"kind":"end"}', "NaN"), ""])
def test_what_is_no_json_is_told_apart(text: str) -> None:
    assert isinstance(read_type(text, InterchangeForm.BRIDGE), NotJson)
    assert isinstance(read_machine(text), NotJson)


def nested(levels: int) -> str:
    head = '{"kind":"send","partner":"P","branches":[{"label":{"name":"m"},"continuation":'
    return head * (levels - 1) + '{"kind":"end"}' + "}]}" * (levels - 1)


def test_depth_is_limited_alike_for_reading_and_writing() -> None:
    local = read_type(nested(256), InterchangeForm.BRIDGE)
    assert isinstance(local, LocalType)
    assert isinstance(write_type(local, InterchangeForm.BRIDGE), str)
    assert isinstance(write_type(local, InterchangeForm.DERIVED), str)
    deep = read_type(nested(257), InterchangeForm.BRIDGE)
    assert isinstance(deep, ReadFault)
    assert deep.reason == "too-deep"
    edges = [(step, "A", "B", "m", step + 1) for step in range(256)]
    long = strict_projections(graph_from_edges(edges, final={256})).of("A")
    assert isinstance(long, LocalType)
    assert write_type(long, InterchangeForm.BRIDGE) == WriteFault("too-deep")


def test_the_size_of_what_is_written_is_limited() -> None:
    edges = [(step, "A", "B", label, step + 1) for step in range(200) for label in "xy"]
    huge = strict_projections(graph_from_edges(edges, final={200})).of("A")
    assert isinstance(huge, LocalType)
    assert write_type(huge, InterchangeForm.BRIDGE) == WriteFault("too-large")


names = st.text(st.characters(exclude_categories=("Cs",)), max_size=5)
sorts = st.recursive(
    st.sampled_from([Sort(kind) for kind in ("unit", "nat", "bool", "string", "real")])
    | st.builds(lambda size: Sort("vector", size=size), st.integers(0, 10**6)),
    lambda inner: st.builds(lambda a, b: Sort("prod", parts=(a, b)), inner, inner),
    max_leaves=4,
)
terms = st.recursive(
    st.just(("end",)) | st.tuples(st.just("var"), names),
    lambda inner: (
        st.tuples(st.just("mu"), names, inner)
        | st.tuples(
            st.sampled_from(["send", "recv"]),
            names,
            st.lists(st.tuples(names, sorts, inner), max_size=3),
        )
    ),
    max_leaves=12,
)


def built(builder: TypeBuilder, term: tuple) -> int:
    match term:
        case ("end",):
            return builder.add(End())
        case ("var", name):
            return builder.add(Variable(name))
        case ("mu", name, body):
            return builder.add(Mu(name, built(builder, body)))
        case (kind, partner, branches):
            made = InternalChoice if kind == "send" else ExternalChoice
            return builder.add(
                made(partner, tuple(Alternative(a, built(builder, c), b) for a, b, c in branches))
            )
    raise AssertionError(term)


@given(terms)
def test_there_and_back(term: tuple) -> None:
    builder = TypeBuilder()
    local = builder.build(built(builder, term))
    for form in InterchangeForm:
        text = write_type(local, form)
        assert isinstance(text, str)
        json.loads(text)
        assert read_type(text, form) == local


@given(
    st.recursive(
        st.none() | st.text(max_size=3),
        lambda x: (
            st.lists(x)
            | st.dictionaries(
                st.sampled_from(["kind", "var", "body", "partner", "branches", "Mu", "Send"]), x
            )
        ),
    )
)
def test_any_json_is_answered(value: object) -> None:
    for form in InterchangeForm:
        assert isinstance(read_type(json.dumps(value), form), LocalType | ReadFault)


MACHINE = Machine(
    role="Depot[0]",
    moves=(((Action(False, "Courier", "Query"), 1), (Action(True, "Hub", 'q"'), 0)), ()),
    final=(False, True),
    sites=((3, 4), ()),
)
WRITTEN = (
    '{"schema":"tellverify/machine-1","role":"Depot[0]","states":[{"final":false,"moves":['
    '{"action":"receive","peer":"Courier","label":"Query","to":1},'
    '{"action":"send","peer":"Hub","label":"q\\"","to":0}]},{"final":true,"moves":[]}]}'
)


def test_a_machine_there_and_back() -> None:
    assert write_machine(MACHINE) == WRITTEN
    assert read_machine(WRITTEN) == Machine("Depot[0]", MACHINE.moves, MACHINE.final)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("machine-1", "machine-2"),
        ('"to":1', '"to":2'),
        ('"to":1', '"to":-1'),
        ('"to":1', '"to":1,"x":0'),
        ('"peer":"Hub"', '"peer":"Depot[0]"'),
        ('"receive"', '"take"'),
        (WRITTEN, '{"schema":"tellverify/machine-1","role":"R","states":[]}'),
    ],
)
def test_machines_that_are_refused(old: str, new: str) -> None:
    assert old in WRITTEN
    assert isinstance(read_machine(WRITTEN.replace(old, new)), MachineFault)


def test_a_machine_must_be_deterministic() -> None:
    again = WRITTEN.replace(
        '"send","peer":"Hub","label":"q\\""', '"receive","peer":"Courier","label":"Query"'
    )
    assert isinstance(read_machine(again), MachineFault)
