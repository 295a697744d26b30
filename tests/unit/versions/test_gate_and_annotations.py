"""What the upstream gate says of the worked examples, and what annotations ask for."""

from __future__ import annotations

import pytest
from version_texts import OTA, VECTORS, graph_of_text, protocol

from tellverify.language.files import inputs
from tellverify.model.machine import Machine
from tellverify.obligations.machines import Machines
from tellverify.obligations.options import Options
from tellverify.verdict.versions import VersionComparison
from tellverify.versions.comparison import compared_pair
from tellverify.versions.sides import text_side
from tellverify.versions.upstream_gate import gate_answer
from tellverify.versions.wire_labels import WireRules


def machines(text: str) -> dict[str, Machine]:
    return {m.role: m for m in Machines(graph_of_text(text, {"D": 2})).all()}


def comparison(old: str, new: str, options: Options | None = None) -> VersionComparison:
    asked = options or Options(instances=(("D", (2,)),))
    sides = [
        text_side(name, [inputs.decode(f"{name}.tell", text.encode())], (), asked)
        for name, text in (("old", old), ("new", new))
    ]
    left, right = sides[0].versions[0], sides[1].versions[0]
    return compared_pair(left, right, WireRules(), asked).comparison


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("V1", "compatible"),
        ("V3", "incompatible"),
        ("V4", "incompatible"),
        ("V6", "incompatible"),
        ("V7", "compatible"),
        ("V10", "compatible"),
    ],
)
def test_what_the_gate_says(name: str, answer: str) -> None:
    old, new = VECTORS[name]
    assert gate_answer(machines(old), machines(new)) == answer


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("V1", ""),
        ("V3", "knows no order of roll-out"),
        ("V6", "knows no order of roll-out"),
        ("V7", "it drops payload types"),
        ("V10", "it follows the first branch of a choice only"),
    ],
)
def test_a_note_says_why_the_gate_says_otherwise(name: str, reason: str) -> None:
    notes = comparison(*VECTORS[name]).upstream
    assert bool(notes) == bool(reason)
    assert all(reason in note for note in notes)


def test_the_gate_skips_families_and_gives_up_on_loops() -> None:
    members = protocol("C, D[N]", "C -> D[*] : Go"), protocol("C, D[N]", "C -> D[*] : Run")
    assert gate_answer(*map(machines, members)) == "incompatible"  # C alone is looked at
    loop = protocol("A, B", "rec L;  A -> B : Go;  B -> A : On;  continue L")
    assert gate_answer(machines(loop), machines(loop)) == "gives up"
    assert "gives up on a loop" in comparison(loop, loop).upstream[0]


ANNOTATED = protocol(
    "C, D[N]",
    '-- tell: budget(C = 250);C { guard_capability : "a:go", flow_cost : 50 } -> D[*] : Go',
)


def test_a_new_grant_and_a_higher_worst_case_are_named_before_roll_out() -> None:
    more = ANNOTATED + '  C { guard_capability : "a:end", flow_cost : 25 } -> D[*] : End\n'
    found = comparison(ANNOTATED, more)
    assert [change.action for change in found.annotations] == [
        "grant `a:end` to C",
        "worst case of C rises 100 -> 150 (budget 250)",
    ]
    assert [change.weight for change in found.annotations] == ["minor", "minor"]
    back = comparison(more, ANNOTATED)
    assert [change.weight for change in back.annotations] == ["minor", "patch"]
    assert "no longer needs the capability `a:end`" in back.annotations[0].words


def test_a_worst_case_over_the_budget_is_major() -> None:
    more = ANNOTATED.replace("flow_cost : 50", "flow_cost : 150")
    found = comparison(ANNOTATED, more)
    assert [(c.words, c.weight) for c in found.annotations] == [
        ("worst case of C rises 100 -> 300 (budget 250)", "major")
    ]
    assert (found.verdict, found.summary) == (
        "major",
        "worst case of C rises 100 -> 300 (budget 250)",
    )


@pytest.mark.parametrize(
    ("cost", "limit", "verdict", "words"),
    [
        (50, 100, "patch", []),
        (50, 99, "major", ["worst case of C is 100 as before (budget 99)"]),
        (40, 79, "major", ["worst case of C falls 100 -> 80 (budget 79)"]),
    ],
)
def test_a_lowered_budget_is_compared_with_the_worst_case(
    cost: int, limit: int, verdict: str, words: list[str]
) -> None:
    less = ANNOTATED.replace("C = 250", f"C = {limit}")
    found = comparison(ANNOTATED, less.replace("flow_cost : 50", f"flow_cost : {cost}"))
    assert found.verdict == verdict
    assert [change.words for change in found.annotations] == words


def test_annotations_that_ask_for_more_are_no_patch() -> None:
    more = ANNOTATED.replace("a:go", "a:run")
    assert comparison(ANNOTATED, ANNOTATED).verdict == "patch"
    assert comparison(ANNOTATED, more).verdict == "minor"
    less = ANNOTATED.replace("flow_cost : 50", "flow_cost : 40")
    assert comparison(ANNOTATED, less).verdict == "patch"


def test_a_family_is_told_of_as_a_family() -> None:
    found = comparison(*OTA)
    assert [change.words for change in found.changes][-1] == (
        "D may also receive `Postpone` from C after sending `Ready` to C"
    )
    assert found.upgrade is not None
    assert found.upgrade.before == (("every D", "C"),)
    assert [(row.role, row.once) for row in found.restarts] == [
        ("C", ("every D",)),
        ("every D", ()),
    ]
