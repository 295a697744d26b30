"""Values that a deciding role never saw, and payload types that a receiver cannot tell apart."""

from __future__ import annotations

import pytest

from tellverify.obligations.options import Options
from tellverify.verification.pipeline import check_text

ROLES = "  roles Ann, Bob, Cy\n"
GUARDED = """  choice Cy at
    | Fast when (amount > 100) => Cy -> Bob : Fast
    | Slow when (amount <= 100) => Cy -> Bob : Slow
"""


def told(body: str, *codes: str) -> list[str]:
    run = check_text(f"protocol P =\n{ROLES}{body}", Options()).run
    return [d.message for d in run.findings if d.code.number in codes]


@pytest.mark.parametrize(
    ("sends", "is_told"),
    [
        ("  Ann -> Bob : Price(amount)\n", True),
        ("  Ann -> Bob : Price(amount : Int, currency)\n", True),
        ("  Ann -> Bob : Price(amount)\n  Bob -> Cy : Price(amount)\n", False),
        ("  Cy -> Bob : Price(amount)\n", False),
        ("  Ann ->* : Price(amount)\n", False),
        ("  Ann -> Bob : Price(total)\n", False),
    ],
)
def test_values_that_the_decider_never_saw(sends: str, is_told: bool) -> None:
    found = told(sends + GUARDED, "TV257")
    assert len(found) == is_told
    if is_told:
        assert found == ["`Cy` decides by `amount`, which only `Ann` and `Bob` have seen"]


@pytest.mark.parametrize(
    ("before", "after", "is_told"),
    [
        ("", "  Ann -> Cy : Price(amount)\n", True),
        ("", "  Ann -> Bob : Price(amount)\n  Bob -> Cy : Price(amount)\n", True),
        ("", "  Cy -> Ann : Price(amount)\n", False),
        ("  Ann -> Cy : Price(amount)\n", "  Ann -> Cy : Price(amount)\n", False),
    ],
)
def test_a_value_that_the_decider_receives_only_later(
    before: str, after: str, is_told: bool
) -> None:
    found = told(before + GUARDED + after, "TV257")
    assert found == ["`Cy` decides by `amount`, which it receives only later"] * is_told


def test_what_a_loop_brings_comes_before_its_next_round() -> None:
    body = """  rec Round
    choice Cy at
      | Fast when (amount > 100) =>
          Cy -> Bob : Fast
          Bob -> Cy : Price(amount)
          continue Round
      | Slow when (amount <= 100) => Cy -> Bob : Slow
"""
    assert told(body, "TV257") == []


@pytest.mark.parametrize(
    ("receiver", "is_told"),
    [("Node[0]", True), ("Node[1]", False), ("Node[*]", False), ("Node[0..2]", False)],
)
def test_a_member_knows_what_was_sent_to_it(receiver: str, is_told: bool) -> None:
    text = f"""protocol P =
  roles Ann, Node[2]
  Ann -> {receiver} : Price(amount)
  choice Node[1] at
    | Fast when (amount > 100) => Node[1] -> Ann : Fast
    | Slow when (amount <= 100) => Node[1] -> Ann : Slow
"""
    run = check_text(text, Options()).run
    found = [d.message for d in run.findings if d.code.number == "TV257"]
    assert found == ["`Node[1]` decides by `amount`, which only `Ann` and `Node[0]` have seen"] * (
        is_told
    )


CHOICE = """  choice Ann at
    | Num =>
        Ann -> Bob : Num
        {first}Bob -> Cy : Value{one}
    | Txt =>
        Ann -> Bob : Txt
        {second}Bob -> Cy : Value{two}
"""
TELLS = ("Bob -> Cy : N\n        ", "Bob -> Cy : T\n        ")


@pytest.mark.parametrize(
    ("one", "two", "tells", "is_told"),
    [
        (" of base.Int", " of base.Text", ("", ""), True),
        (" of base.Int", " of base.Int", ("", ""), False),
        (" of base.Int", "", ("", ""), False),
        (" of base.Int", " of base.Text", TELLS, False),
    ],
)
def test_payload_types_that_the_receiver_cannot_tell(
    one: str, two: str, tells: tuple[str, str], is_told: bool
) -> None:
    body = CHOICE.format(one=one, two=two, first=tells[0], second=tells[1])
    found = told(body, "TV258")
    assert len(found) == is_told
    if is_told:
        assert "`Cy` cannot tell which payload type `Bob -> Cy : Value` has" in found[0]
        assert "base.Int" in found[0] and "base.Text" in found[0]


def test_types_one_after_the_other_are_clear() -> None:
    body = "  Bob -> Cy : Value of base.Int\n  Bob -> Cy : Value of base.Text\n"
    assert told(body + GUARDED.replace("amount", "x"), "TV258") == []
