"""Temporal formulas under scenarios, by the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tellverify.cli.group import run

OTA = """-- tell: faults one-crash(crash <= 1)
-- tell: faults cut(partition {C} | *)
-- tell: faults lossy(crash of C, loss)
-- tell: property first: Commit only after Ready
-- tell: property wrong: never Abort
-- tell: property ends: eventually (Commit || Abort)
protocol Ota =
  roles C, D[N]
  C -> D[*] : Propose
  D[*] -> C : Ready
  choice C at
    | Commit =>
        C -> D[*] : Commit
    | Abort =>
        C -> D[*] : Abort
"""
COUNTED = OTA.replace("D[*] -> C", "D[*] { min_responses : 1 } -> C")
RETRY = """-- tell: faults one-crash(crash of Server)
-- tell: property first: Response only after Request
protocol Retry =
  roles Client, Server
  timeout 1s Client at
    Client -> Server : Request
    Server -> Client : Response
  on timeout =>
    Client -> Server : GiveUp
"""


def outcomes(
    folder: Path, capsys: pytest.CaptureFixture[str], text: str, *options: str
) -> dict[str, tuple[str, str]]:
    (folder / "a.tell").write_text(text, "utf-8")
    run(["check", str(folder / "a.tell"), "--isolated", "--format", "json", *options])
    (protocol,) = json.loads(capsys.readouterr().out)["protocols"]
    assert not any(v["required"] for v in protocol["verdicts"] if v["scope"].get("scenario"))
    return {
        f"{v['scope']['item']} @ {v['scope'].get('scenario', '')}": (
            v["outcome"]["status"],
            v["outcome"].get("reason", ""),
        )
        for v in protocol["verdicts"]
        if v["property"] == "property"
    }


def test_formulas_that_only_events_contradict_hold_under_crashes_and_cuts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = outcomes(tmp_path, capsys, OTA, "--instances", "D=2", "--property", "property")
    assert {name: status for name, (status, _) in found.items()} == {
        "first @ ": "bounded",
        "first @ one-crash": "bounded",
        "first @ cut": "bounded",
        "first @ lossy": "skipped",
        "wrong @ ": "refuted",
        "wrong @ one-crash": "skipped",
        "wrong @ cut": "skipped",
        "wrong @ lossy": "skipped",
        "ends @ ": "bounded",
        "ends @ one-crash": "skipped",
        "ends @ cut": "skipped",
        "ends @ lossy": "skipped",
    }
    assert "not under `loss`" in found["first @ lossy"][1]
    assert "without faults either" in found["wrong @ cut"][1]
    assert "asks for something to happen" in found["ends @ one-crash"][1]


def test_only_the_scenario_that_is_asked_for_is_decided(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = outcomes(tmp_path, capsys, OTA, "--instances", "D=2", "--faults", "cut")
    assert {name.partition(" @ ")[2] for name in found} == {"", "cut"}


def test_answers_in_any_order_and_timers_are_not_searched_for_formulas(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    counted = outcomes(tmp_path, capsys, COUNTED, "--instances", "D=2", "--faults", "one-crash")
    assert counted["first @ one-crash"][0] == "skipped"
    assert "any order" in counted["first @ one-crash"][1]
    timed = outcomes(tmp_path, capsys, RETRY)
    assert timed["first @ one-crash"] == timed["first @ "]
    assert timed["first @ "][0] == "skipped" and "`timeout` (line 5)" in timed["first @ "][1]


def test_a_scenario_of_members_that_no_family_has_says_nothing_of_formulas(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = OTA.replace("crash <= 1", "crash of D[5]")
    found = outcomes(tmp_path, capsys, text, "--instances", "D=2", "--faults", "one-crash")
    assert set(found) == {"first @ ", "wrong @ ", "ends @ "}
