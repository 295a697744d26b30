"""Trace files: what is written, that it is read back, and that nothing else is accepted."""

from __future__ import annotations

import json

import pytest

from tellverify.evidence.itf import ItfError, TraceSubject, read_itf
from tellverify.evidence.itf_writing import disagreement, trace_name, write_itf
from tellverify.model.defect import Defect
from tellverify.model.fault import Fault
from tellverify.model.machine import Action, Machine
from tellverify.model.site import Site
from tellverify.model.step import Step
from tellverify.model.trace import Trace

MACHINES = (
    Machine("A", (((Action(True, "B", "hi"), 1),), ()), (False, True)),
    Machine("B", (((Action(False, "A", "hi"), 1),), ()), (False, True)),
)
SITE = Site(path="dir/p.tell", line=7)
STEPS = (Step(True, "A", "B", "hi", SITE), Step(False, "A", "B", "hi", SITE))
TRACE = Trace(Fault.WITNESS, STEPS, ("A",), "both say hi", True)
SUBJECT = TraceSubject(
    source="dir/p.tell",
    protocol="p.P",
    obligation="no-stuck-role[A]",
    statement="Wherever the role waits, some continuation of the run serves it.",
    code="TV512",
    fault=Fault.WITNESS,
    culprits=("A",),
    explanation="both say hi",
    minimal=True,
)
TEXT = write_itf(TRACE, MACHINES, SUBJECT)


def test_a_trace_has_the_fields_of_the_format() -> None:
    file = json.loads(TEXT)
    assert list(file) == ["#meta", "vars", "states"]
    assert file["vars"] == ["at", "queue"]
    assert file["#meta"]["source"] == "dir/p.tell"
    assert file["#meta"]["varTypes"] == {"at": "Str -> Int", "queue": "<<Str, Str>> -> Seq(Str)"}
    assert file["states"][1] == {
        "#meta": {
            "index": 1,
            "action": "send",
            "sender": "A",
            "receiver": "B",
            "label": "hi",
            "path": "dir/p.tell",
            "line": 7,
        },
        "at": {"#map": [["A", {"#bigint": "1"}], ["B", {"#bigint": "0"}]]},
        "queue": {"#map": [[{"#tup": ["A", "B"]}, ["hi"]]]},
    }


def test_reading_gives_back_what_was_written() -> None:
    file = read_itf(TEXT)
    assert [str(step) for step in file.steps] == ["A!B:hi", "B?A:hi"]
    assert [step.site.line for step in file.steps] == [7, 7]
    assert file.loop == -1
    assert file.subject.obligation == "no-stuck-role[A]"
    assert disagreement(file, MACHINES) is None
    again = Trace(TRACE.fault, file.steps, TRACE.culprits, "", True, file.loop)
    assert write_itf(again, MACHINES, SUBJECT) == TEXT


def test_a_lasso_keeps_its_loop() -> None:
    machines = (
        Machine("A", (((Action(True, "B", "t"), 0),),), (False,)),
        Machine("B", (((Action(False, "A", "t"), 0),),), (False,)),
    )
    steps = (Step(True, "A", "B", "t"), Step(False, "A", "B", "t"))
    lasso = Trace(Fault.STUCK_ROLE, steps, (), "", True, loop=0)
    assert read_itf(write_itf(lasso, machines, SUBJECT)).loop == 0


def test_a_trace_that_does_not_replay_is_not_written() -> None:
    backwards = Trace(Fault.WITNESS, STEPS[::-1], (), "", True)
    with pytest.raises(Defect):
        write_itf(backwards, MACHINES, SUBJECT)


def test_large_traces_list_changes_only() -> None:
    idle = tuple(Machine(f"D[{index}]", ((),), (True,)) for index in range(10_000))
    looping = (
        Machine("A", (((Action(True, "B", "hi"), 0),),), (False,)),
        Machine("B", (((Action(False, "A", "hi"), 0),),), (False,)),
    )
    trace = Trace(Fault.WITNESS, STEPS * 100, (), "", False)
    text = write_itf(trace, (*idle, *looping), SUBJECT)
    assert len(text) < 100_000
    file = read_itf(text)
    assert file.subject.form == "changes"
    assert disagreement(file, (*idle, *looping)) is None


def test_a_false_claim_about_a_state_is_found() -> None:
    file = json.loads(TEXT)
    file["states"][2]["at"]["#map"][1][1]["#bigint"] = "0"
    assert disagreement(read_itf(json.dumps(file)), MACHINES) == (2, "`B` is in state 1, not 0")
    file = json.loads(TEXT)
    file["states"][1]["queue"]["#map"] = []
    assert disagreement(read_itf(json.dumps(file)), MACHINES) == (
        1,
        "a queue that is not empty is missing",
    )


def changed(path: list[str | int], value: object) -> str:
    """The trace with one place changed."""
    file = json.loads(TEXT)
    place = file
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return json.dumps(file)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        "{}",
        b"\xff\xfe",
        b'{"#meta": "\xff"}',
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"states": ' + "[" * 100_000,
        changed(["vars"], ["at"]),
        changed(["vars"], ["at", "queue", "more"]),
        changed(["states"], []),
        changed(["states"], {"0": 1}),
        changed(["more"], 1),
        changed(["#meta", "timestamp"], 1),
        changed(["#meta", "fault"], "boredom"),
        changed(["loop"], 2),
        changed(["loop"], -1),
        changed(["loop"], 1e30),
        changed(["states", 0, "#meta", "action"], "send"),
        changed(["states", 1, "#meta", "index"], 7),
        changed(["states", 1, "#meta", "action"], ""),
        changed(["states", 1, "#meta", "action"], "shout"),
        changed(["states", 1, "#meta", "label"], 3),
        changed(["states", 1, "#meta", "line"], "7"),
        changed(["states", 1, "#meta", "line"], -7),
        changed(["states", 1, "at"], {"A": 1}),
        changed(["states", 1, "at", "#map", 0, 1], 1),
        changed(["states", 1, "at", "#map", 0, 1, "#bigint"], "9" * 5_000),
        changed(["states", 1, "at", "#map", 0, 1, "#bigint"], "-1"),
        changed(["states", 1, "at", "#map", 0, 0], "B"),
        changed(["states", 1, "queue", "#map", 0, 0, "#tup"], ["A"]),
        changed(["states", 1, "queue", "#map", 0, 1], "hi"),
    ],
)
def test_anything_else_is_refused_with_a_reason(text: str | bytes) -> None:
    with pytest.raises(ItfError) as caught:
        read_itf(text)
    assert len(str(caught.value)) < 300


def test_file_names_are_safe_and_differ() -> None:
    assert trace_name("no-stuck-role[Courier]") == "no-stuck-role.Courier.itf.json"
    odd = [
        "a[../../etc]",
        "a[..\\x]",
        "a[" + "x" * 5_000 + "]",
        "a[\x00]",
        ".hidden",
        "a[Ä]",
        "a[Ö]",
    ]
    paths = [trace_name(name) for name in odd]
    assert len(set(paths)) == len(paths)
    for path in paths:
        assert "/" not in path and "\\" not in path
        assert path.isascii() and path.isprintable() and len(path) < 150
        assert not path.startswith(".")
