"""Assumptions with their ledger, and baselines, as a project uses them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import Command

STUCK = """\
module shop exposing (Stuck)
{above}
protocol Stuck =
  roles A, B, C
  choice A at
    | again =>
        A -> C : again
        C -> B : Work
    | stop =>
        A -> C : stop
"""
COMMENT = "-- tell: assume(no-stuck-role[B]) until 2999-01-01: a watchdog"
UNUSED = "protocol Unused =\n  roles A, B, C\n  A -> B : Ping\n"


def stuck(folder: Path, above: str = "") -> None:
    (folder / "stuck.tell").write_text(STUCK.format(above=above), encoding="utf-8")


def test_audit_lists_what_verdicts_rest_on(tellverify: Command, tmp_path: Path) -> None:
    stuck(tmp_path, COMMENT)
    code, out, _ = tellverify("audit", "--today", "2027-01-01")
    assert code == 0
    assert "today is 2027-01-01" in out
    assert "A1   shop.Stuck/no-stuck-role[B]\n       a watchdog\n" in out
    assert "not in the ledger" in out
    found = json.loads(tellverify("audit", "--format", "json")[1])
    assert found["assumptions"][0]["obligation"] == "no-stuck-role[B]"
    assert found["suppressions"][0]["code"] == "TV512"
    assert "| A1 | shop.Stuck/no-stuck-role" in tellverify("audit", "--format", "markdown")[1]


def test_an_audit_without_a_ledger_claims_none(tellverify: Command, tmp_path: Path) -> None:
    (tmp_path / "a.tell").write_text("protocol P =\n  roles A, B\n  A -> B : M\n", "utf-8")
    for style in ("text", "markdown"):
        code, out, _ = tellverify("audit", "--format", style)
        assert (code, "same assumptions" in out) == (0, False)
        assert "nothing is assumed" in out


def test_a_new_assumption_is_a_reviewed_line(tellverify: Command, tmp_path: Path) -> None:
    stuck(tmp_path, COMMENT)
    assert tellverify("audit", "--verify")[0] == 1
    assert tellverify("audit", "--write")[0] == 0
    ledger = tmp_path / "tellverify-assumptions.toml"
    text = ledger.read_text()
    assert 'place = "stuck.tell"' in text
    assert tellverify("audit", "--verify")[0] == 0
    ledger.write_text(text + 'owner = "ops \\"team\\""\n')
    assert tellverify("audit", "--write")[0] == 0
    assert 'owner = "ops \\"team\\""' in ledger.read_text()
    for changed in ("", COMMENT.replace("2999", "2998"), COMMENT.replace("watchdog", "dog")):
        stuck(tmp_path, changed)
        code, out, _ = tellverify("audit", "--verify")
        assert code == 1
        assert "differs in 1 place" in out
    stuck(tmp_path, f"\n\n{COMMENT}")  # lines may move
    assert tellverify("audit", "--verify")[0] == 0


def test_a_ledger_in_the_configuration_says_what_is_new(
    tellverify: Command, tmp_path: Path
) -> None:
    stuck(tmp_path, COMMENT)
    (tmp_path / "tellverify.toml").write_text('ledger = "known.toml"\n')
    run_json = tmp_path / "r.json"
    tellverify("check", "--report", f"json={run_json}")
    assert json.loads(run_json.read_text())["assumptions"][0]["isNew"] is True
    assert tellverify("audit", "--write")[0] == 0
    assert (tmp_path / "known.toml").exists()
    tellverify("check", "--report", f"json={run_json}")
    assert not json.loads(run_json.read_text())["assumptions"][0].get("isNew")


@pytest.mark.parametrize(
    "text",
    [
        "assumption = 3\n",
        "[[assumption]]\nnumber = 'A1'\n",
        "[[assumption]]\nnumber = 'x'\nprotocol = ''\nobligation = ''\nreason = ''\nplace = ''\n",
        "[[assumption]]\nnumber = 'A1'\nprotocol = ''\nobligation = ''\nreason = ''\nplace = ''\n"
        * 2,
        "not toml",
    ],
)
def test_a_broken_ledger_stops_the_audit(tellverify: Command, tmp_path: Path, text: str) -> None:
    stuck(tmp_path, COMMENT)
    (tmp_path / "tellverify-assumptions.toml").write_text(text)
    code, out, err = tellverify("audit", "--write")
    assert (code, out) == (2, "")
    assert "tellverify-assumptions.toml" in err


def test_known_findings_do_not_count(tellverify: Command, tmp_path: Path) -> None:
    (tmp_path / "unused.tell").write_text(UNUSED)
    strict = ("--fail-on", "warning", "--baseline", "tellverify-baseline.json")
    assert tellverify("check", "--fail-on", "warning")[0] == 1
    assert tellverify("baseline", "write")[0] == 0
    code, out, _ = tellverify("check", *strict)
    assert code == 0
    assert "nothing new: the baseline has it already" in out
    assert "warning[TV206]" in out  # known, and still shown
    (tmp_path / "unused.tell").write_text("\n\n" + UNUSED)  # lines may move
    assert tellverify("check", *strict)[0] == 0
    (tmp_path / "unused.tell").write_text(UNUSED.replace("C", "C, D"))
    code, out, _ = tellverify("check", *strict)
    assert code == 1
    assert "1 finding at or above warning" in out


def test_refutations_are_known_only_when_asked_for(tellverify: Command, tmp_path: Path) -> None:
    stuck(tmp_path)
    code, _, err = tellverify("baseline", "write")
    assert code == 0
    assert "2 refuted obligations not included" in err
    known = ("--baseline", "tellverify-baseline.json")
    assert tellverify("check", *known)[0] == 1
    assert tellverify("baseline", "write", "--allow-refuted")[0] == 0
    code, out, _ = tellverify("check", *known)
    assert code == 0
    assert "refuted   no-stuck-role[B]" in out
    assert tellverify("check", *known, "--fail-on", "warning")[0] == 0
    text = (
        STUCK.format(above="").replace("| stop", "| halt").replace("A -> C : stop", "A -> C : halt")
    )
    (tmp_path / "stuck.tell").write_text(text)
    assert tellverify("check", *known)[0] == 1  # another run refutes it


def test_prune_and_verify_speak_of_what_is_gone(tellverify: Command, tmp_path: Path) -> None:
    stuck(tmp_path)
    (tmp_path / "unused.tell").write_text(UNUSED)
    assert tellverify("baseline", "write", "--allow-refuted")[0] == 0
    assert tellverify("baseline", "verify")[0] == 0
    (tmp_path / "unused.tell").write_text(UNUSED.replace(", C", ""))
    code, out, _ = tellverify("baseline", "verify")
    assert code == 1
    assert "TV206 Unused: " in out and "is gone" in out
    code, out, _ = tellverify("baseline", "prune")
    assert code == 0 and "1 dropped" in out
    assert tellverify("baseline", "verify")[0] == 0
    (tmp_path / "unused.tell").write_text(UNUSED.replace("Ping", "Pong"))
    assert tellverify("baseline", "prune")[0] == 0  # adds nothing
    assert (
        tellverify("check", "--fail-on", "warning", "--baseline", "tellverify-baseline.json")[0]
        == 1
    )


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"schema": "other"}', "\x00", "[" * 100_000])
def test_a_broken_baseline_stops_the_check(tellverify: Command, tmp_path: Path, text: str) -> None:
    (tmp_path / "unused.tell").write_text(UNUSED)
    (tmp_path / "b.json").write_text(text)
    code, out, err = tellverify("check", "--baseline", "b.json")
    assert (code, out) == (2, "")
    assert "this is not a baseline" in err
    assert tellverify("check", "--baseline", "absent.json")[0] == 2


def test_a_baseline_remembers_how_obligations_stood(tellverify: Command, tmp_path: Path) -> None:
    stuck(tmp_path)
    assert tellverify("baseline", "write")[0] == 0
    found = json.loads((tmp_path / "tellverify-baseline.json").read_text())
    stood = {entry["name"]: entry["status"] for entry in found["obligations"]}
    assert stood["implementable"] == "proved"
    assert stood["no-stuck-role[B]"] == "refuted"
    assert found["findings"] == []
