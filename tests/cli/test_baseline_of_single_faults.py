"""A baseline entry names the faults that were there, one by one: another one of the same role, or
in the same property, is new. Lines, layout and remarks may change, and what is mended may go.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tellverify.cli.group import run
from tellverify.source.span import NOWHERE
from tellverify.verdict.identity import ObligationScope
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Conflict, Proved, Refuted
from tellverify.verdict.properties import Property
from tellverify.verdict.run import Verdict
from tellverify.verification.known_faults import covering, plain_lines

HEAD = "protocol Shop =\n  roles Client, Store, Courier\n  choice Client at\n"
SERVED = """\
    | {0} =>
        Client -> Store : {0}
        Store -> Courier : Parcel
"""
FORGOTTEN = """\
    | {0} =>
        Client -> Store : {0}
"""
ENDLESS = """\
    | {0} =>
        Client -> Store : {0}
        rec Loop
          Client -> Store : Again
          continue Loop
"""
Check = Callable[[str], int]


def protocol(*branches: str) -> str:
    return HEAD + "".join(branches)


def served(name: str) -> str:
    return SERVED.format(name)


def forgotten(name: str) -> str:
    return FORGOTTEN.format(name)


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], int]:
    monkeypatch.chdir(tmp_path)

    def do(text: str) -> int:
        Path("shop.tell").write_text(text)
        return run(["baseline", "write", "--isolated", "--allow-refuted", "--baseline", "b.json"])

    return do


def check(text: str, *more: str) -> int:
    Path("shop.tell").write_text(text)
    given = ["--isolated", "--baseline", "b.json", "--format", "none", *more]
    return run(["check", "shop.tell", *given])


def stuck(first: str, *others: str) -> str:
    return protocol(served("Buy"), forgotten(first), *map(forgotten, others))


def test_one_more_branch_that_forgets_the_role_is_new(write: Check) -> None:
    assert write(stuck("Quit")) == 0
    assert check(stuck("Quit")) == 0
    assert check(stuck("Quit", "Leave")) == 1
    assert check(protocol(forgotten("Leave"), served("Buy"), forgotten("Quit"))) == 1


def test_a_third_one_is_new_beside_two_that_are_known(write: Check) -> None:
    assert write(stuck("Quit", "Leave")) == 0
    assert check(stuck("Leave", "Quit")) == 0
    assert check(stuck("Quit", "Leave", "Abort")) == 1


def test_what_is_left_of_three_is_known_when_one_is_mended(write: Check) -> None:
    assert write(stuck("Quit", "Leave", "Abort")) == 0
    mended = protocol(served("Buy"), served("Quit"), forgotten("Leave"), forgotten("Abort"))
    assert check(mended) == 0
    assert run(["baseline", "verify", "--isolated", "--baseline", "b.json"]) == 1
    assert run(["baseline", "prune", "--isolated", "--baseline", "b.json"]) == 0
    assert check(mended) == 0
    assert check(stuck("Quit", "Leave", "Abort")) == 1


def test_a_further_branch_that_serves_the_role_changes_nothing(write: Check) -> None:
    assert write(stuck("Quit")) == 0
    assert check(protocol(served("Order"), served("Buy"), forgotten("Quit"))) == 0


def test_lines_layout_and_remarks_may_change(write: Check) -> None:
    assert write(stuck("Quit")) == 0
    moved = stuck("Quit").replace("  choice", "\n  -- who goes on\n\n  choice")
    assert check("-- a shop\n\n" + moved) == 0


def test_a_branch_before_a_common_end_is_new(write: Check) -> None:
    """Both branches go on to the same message, after which the courier still waits."""

    def text(*labels: str) -> str:
        arms = "".join(
            f"          | {one} =>\n              Client -> Store : {one}\n" for one in labels
        )
        nested = "    | Stop =>\n        Client -> Store : Stop\n        choice Client at\n" + arms
        return protocol(served("Buy"), nested + "        Store -> Client : Bye\n")

    assert write(text("Now", "Soon")) == 0
    assert check(text("Now", "Soon")) == 0
    assert check(text("Now", "Soon", "Later")) == 1


def test_a_loop_without_the_role_is_another_fault_than_an_end(write: Check) -> None:
    assert write(stuck("Quit")) == 0
    looping = protocol(served("Buy"), forgotten("Quit"), ENDLESS.format("Stay"))
    assert check(looping) == 1


RACE = """\
protocol Race =
  roles A, B, C
  choice A at
    | Left =>
        A -> B : Left
        B -> C : Ask
        C -> A : Done
    | Right =>
        A -> B : Right
        B -> A : Done
        C -> A : Done
"""


def test_every_change_of_a_text_counts_where_faults_are_not_told_apart(write: Check) -> None:
    """Roles that deviate: what else of a protocol is wrong then no run tells."""
    assert write(RACE) == 0
    assert check("\n\n-- a remark\n" + RACE) == 3  # what roles that deviate do is not known
    assert check(RACE.replace("B -> A : Done", "B -> A : Ready")) == 1
    worse = RACE + "    | Middle =>\n        A -> B : Middle\n        C -> A : Done\n"
    assert check(worse) == 1


def test_a_formula_of_the_same_name_is_another_property(write: Check) -> None:
    text = "-- tell: property order: {0}\n" + protocol(served("Buy"), served("Quit"))
    assert write(text.format("never (Client sends Quit)")) == 0
    assert check(text.format("never (Client sends Quit)")) == 0
    assert check(text.format("never (Client sends Quit or Client sends Buy)")) == 1


def test_a_new_fault_is_updated_and_not_suppressed_in_reports(write: Check) -> None:
    assert write(stuck("Quit")) == 0
    assert (
        check(stuck("Quit", "Leave"), "--report", "json=r.json", "--report", "sarif=r.sarif") == 1
    )
    found = json.loads(Path("r.json").read_text())
    (verdict,) = (
        v for v in found["protocols"][0]["verdicts"] if v["id"].endswith("no-stuck-role[Courier]")
    )
    assert verdict["state"] == "updated"
    results = json.loads(Path("r.sarif").read_text())["runs"][0]["results"]
    (result,) = (one for one in results if one["ruleId"] == "TV512")
    assert not result.get("suppressions")


def test_other_subjects_cover_exactly_what_they_say() -> None:
    scope = ObligationScope()
    conflict = Conflict("", "p", NOWHERE, NOWHERE)
    refuted = Verdict.of(Property.NO_DEADLOCK, scope, Refuted("TV501", conflict, Method.SEARCH))
    one, again, other = (covering(refuted, text) for text in ("a", "a", "b"))
    assert one == again != other
    proved = Verdict.of(Property.NO_DEADLOCK, scope, Proved(Method.SEARCH))
    assert covering(proved, "a") == proved


def test_lines_that_are_remarks_say_nothing() -> None:
    plain = plain_lines("protocol P =\n\n  -- a remark\n  A -> B : M  \n")
    assert plain == "protocol P =\n  A -> B : M"
    assert plain_lines("-- tell: workflow w: P\n") == "-- tell: workflow w: P"
    assert plain_lines("-- -} A -> B : M\n") == "-- -} A -> B : M"
