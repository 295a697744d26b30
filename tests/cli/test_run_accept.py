"""`tellverify run` and `tellverify accept` as they are called."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tellverify.cli.group import run

ROOT = Path(__file__).resolve().parents[2]
SPECS = ROOT / "specs"
STUCK = """\
module stuck exposing (Stuck)

protocol Stuck =
  roles A, B, C
  choice A at
    | Left =>
        A -> B : Left
        C -> A : Late
    | Right =>
        A -> B : Right
        A -> C : Right
"""
ENDLESS = """\
protocol Endless =
  roles A, B
  loop forever
    A -> B : Ping
    B -> A : Pong
"""
Call = Callable[..., tuple[int, str]]


@pytest.fixture
def call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Call:
    (tmp_path / "specs").symlink_to(SPECS)
    monkeypatch.chdir(tmp_path)
    Path("stuck.tell").write_text(STUCK, "utf-8")
    Path("endless.tell").write_text(ENDLESS, "utf-8")

    def called(*arguments: str) -> tuple[int, str]:
        code = run(list(arguments))
        captured = capsys.readouterr()
        return int(code), captured.out + captured.err

    return called


def lines(*names: str) -> list[str]:
    return [path.name for path in sorted(SPECS.glob("*.tell")) if path.stem in names or not names]


@pytest.mark.parametrize("name", lines())
def test_every_spec_runs_to_its_end_and_its_log_and_trace_replay(call: Call, name: str) -> None:
    path = f"specs/{name}"
    code, said = call("run", path, "--log", "x.jsonl", "--trace", "x.itf.json", "--seed", "5")
    assert code == 0, said
    assert "complete: " in said
    sizes = [] if "[N]" not in Path(path).read_text("utf-8") else ["--instances"]
    if sizes:
        family = "Witness" if "consensus" in name else "Devices"
        sizes.append(f"{'Participants' if 'session' in name else family}=3")
    code, said = call("replay", "x.jsonl", path, "--complete", *sizes)
    assert code == 0, said
    code, said = call("replay", "x.itf.json")
    assert code == 0, said
    assert "accepted: " in said


def test_equal_seeds_give_equal_runs_and_other_seeds_other_branches(call: Call) -> None:
    first = call("run", "specs/ota_activation.tell", "--json", "--seed", "1")
    assert first == call("run", "specs/ota_activation.tell", "--json", "--seed", "1")
    branches = {
        json.loads(call("run", "specs/ota_activation.tell", "--json", "--seed", str(seed))[1])[
            "branches"
        ][0][1]
        for seed in range(12)
    }
    assert branches == {"Commit", "Abort"}


def test_the_mode_is_derived_and_there_is_no_option_for_it(call: Call) -> None:
    modes = {
        "ota_activation": "cooperative",
        "consensus": "replay-deterministic",
        "dkd": "replay-deterministic",
        "epoch_rotation": "envelope-bounded",
    }
    for name, mode in modes.items():
        row = json.loads(call("run", f"specs/{name}.tell", "--json")[1])
        assert row["mode"] == mode
        assert max(row["widths"]) <= row["waves"]
    row = json.loads(
        call("run", "specs/dkd.tell", "--runtime", "without-mixed-profiles", "--json")[1]
    )
    assert (row["mode"], len(row["warnings"])) == ("cooperative", 1)
    assert call("run", "specs/dkd.tell", "--mode", "cooperative")[0] == 2


def test_link_bundles_are_the_fragments(call: Call) -> None:
    row = json.loads(call("run", "specs/guardian_membership_change.tell", "--json")[1])
    assert row["fragments"] == ["bundle:guardian_handoff"]
    assert (row["owner"], row["generation"]) == ("local", 1)


def test_a_session_is_handed_over_by_reconfiguration_alone(call: Call) -> None:
    path = "specs/guardian_membership_change.tell"
    row = json.loads(
        call("run", path, "--hand-over", "4=bert", "--hand-over", "7=local", "--json")[1]
    )
    assert row["ending"] == "complete"
    assert [(h["target"], h["generation"]) for h in row["hand_overs"]] == [
        ("bert", 2),
        ("local", 3),
    ]
    assert "`bert` owns it in generation 2" in row["hand_overs"][0]["refused"]
    alone = json.loads(call("run", path, "--json")[1])
    assert row["events"] == alone["events"]
    code, said = call("run", path, "--hand-over", "4=bert", "--without", "ownership_receipt")
    assert code == 1
    assert "error[TV763]: transfer needs `ownership_receipt`" in said
    assert "stopped after 4 events: the session stays with its owner" in said
    assert call("run", path, "--hand-over", "99=bert")[0] == 2
    assert call("run", path, "--hand-over", "x=bert")[0] == 2


def test_choices_are_taken_or_refused(call: Call) -> None:
    path = "specs/ota_activation.tell"
    for branch in ("Commit", "Abort", "Coordinator=Abort"):
        row = json.loads(call("run", path, "--choices", branch, "--json")[1])
        assert row["branches"] == [["Coordinator", branch.rpartition("=")[2]]]
    code, said = call("run", path, "--choices", "Comit")
    assert code == 2
    assert "there is `Commit`, `Abort`" in said
    code, said = call("run", path, "--choices", "Commit,Abort")
    assert code == 2
    assert "no role had to choose `Abort`" in said


def test_a_refused_launch_has_all_reasons_and_no_event(call: Call) -> None:
    path = "specs/device_epoch_rotation.tell"
    code, said = call("run", path, "--runtime", "no-contracts", "--log", "x.jsonl")
    assert code == 1
    assert "error[TV706]" in said
    assert "error[TV707]" in said
    assert "error[TV756]" in said
    assert "no event" in said
    assert not Path("x.jsonl").exists()
    row = json.loads(call("run", path, "--runtime", "no-contracts", "--json")[1])
    assert (row["admitted"], row["ending"], row["events"]) == (False, "refused", [])
    assert {reason["code"] for reason in row["reasons"]} == {"TV706", "TV707", "TV756"}


@pytest.mark.parametrize(
    ("arguments", "number"),
    [
        (["specs/recovery_protocol.tell", "--runtime", "without-full-artifacts"], "TV757"),
        (["specs/ota_activation.tell", "--no-policy"], "TV766"),
        (["stuck.tell", "--policy", str(ROOT / "counterexamples/admission/policy.toml")], "TV708"),
    ],
)
def test_refusals_have_their_codes(call: Call, arguments: list[str], number: str) -> None:
    code, said = call("run", *arguments)
    assert code == 1
    assert f"error[{number}]" in said


def test_bad_capability_names_are_refused_at_their_place(call: Call) -> None:
    Path("bad.tell").write_text(
        'protocol Bad =\n  roles A, B\n  A { guard_capability : "Chat:Send" } -> B : M\n', "utf-8"
    )
    code, said = call("run", "bad.tell", "--no-policy")
    assert code == 1
    assert "error[TV751]: the capability name `Chat:Send` is refused" in said
    assert "bad.tell:3:7" in said


def test_stuck_and_endless_runs_end_with_words(call: Call) -> None:
    code, said = call("run", "stuck.tell", "--no-policy", "--choices", "Right")
    assert code == 1
    assert "error[TV771]: the execution of `stuck.Stuck` gets stuck after" in said
    code, said = call("run", "endless.tell", "--no-policy", "--steps", "7")
    assert code == 3
    assert "stopped: 7 events" in said


def test_wrong_usage_and_wrong_files(call: Call) -> None:
    assert call("run", "specs/dkd.tell", "--runtime", "nope")[0] == 2
    assert call("run", "specs/dkd.tell", "--without", "luck")[0] == 2
    assert call("run", "specs/dkd.tell", "--protocol", "Nobody")[0] == 2
    assert call("run", "specs/dkd.tell", "--no-policy", "--runtime", "full")[0] == 2
    assert call("run", "specs/dkd.tell", "--instances", "Nobody=2")[0] == 2
    assert call("run", "specs/dkd.tell", "--log", "no/such/folder/x")[0] == 2
    assert call("run", "missing.tell")[0] == 1
    Path("bad.tell").write_text("protocol =", "utf-8")
    assert call("run", "bad.tell")[0] == 1
    Path("empty.tell").write_text("", "utf-8")
    assert call("run", "empty.tell")[0] in (1, 4)


# accept


def test_the_specs_have_the_verdicts_of_the_guide(call: Call) -> None:
    code, said = call("accept", "specs/", "--json")
    assert code == 0
    rows = {row["id"]: row for row in json.loads(said)}
    accepted = {
        (name, pack["pack"])
        for name, row in rows.items()
        for pack in row["packs"]
        if pack["verdict"] == "accepted"
    }
    assert accepted == {
        ("aura.sync.ota_activation", "AuraTransitionSafety"),
        ("aura.sync.device_epoch_rotation", "AuraTransitionSafety"),
        ("aura.recovery.grant", "AuraAuthorityEvidence"),
        ("aura.recovery.guardian_setup", "AuraAuthorityEvidence"),
        ("aura.recovery.guardian_ceremony", "AuraAuthorityEvidence"),
    }
    assert not any(p["verdict"] == "refused" for row in rows.values() for p in row["packs"])
    assert len(rows) == 25


def test_refused_packs_exit_with_one_and_name_the_condition(call: Call) -> None:
    folder = ROOT / "counterexamples" / "admission" / "acceptance"
    code, said = call("accept", str(folder / "consensus_with_pack.tell"))
    assert code == 1
    assert "no consumer exists" in said
    for name in ("rendezvous_with_pack", "rendezvous_with_transition_pack"):
        code, said = call("accept", str(folder / f"{name}.tell"))
        assert code == 1
        assert "non-goal `rendezvous`" in said


def test_evidence_is_written_for_accepted_packs_and_rechecked(call: Call) -> None:
    code, _ = call("accept", "specs/guardian_ceremony.tell", "--evidence", "out")
    assert code == 0
    (record,) = Path("out").rglob("*.acceptance.json")
    assert call("recheck", "out")[0] == 0
    record.write_text(record.read_text("utf-8").replace('"events":0', '"events":1', 1), "utf-8")
    code, said = call("recheck", "out")
    assert code == 1
    assert "events happened before it" in said


def test_the_committed_evidence_is_what_is_made_today(call: Call) -> None:
    call("accept", "specs", "--evidence", "packs")
    made = {path.relative_to("packs"): path.read_bytes() for path in Path("packs").rglob("*.json*")}
    folder = ROOT / "proofs" / "packs"
    kept = {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.json*")}
    assert made == kept, "run tellverify accept specs --evidence proofs/packs"
    assert len([path for path in kept if path.name.endswith(".acceptance.json")]) == 5


def test_a_check_with_a_policy_decides_acceptance(call: Call) -> None:
    bad = ROOT / "counterexamples" / "admission" / "acceptance" / "cover_traffic.tell"
    Path("cover.tell").write_text(bad.read_text("utf-8").partition("\n")[2], "utf-8")
    code, said = call("check", "cover.tell", "--policy", "specs/policy", "--property", "acceptance")
    assert code == 1
    words = " ".join(said.split())
    refused = "the acceptance rule does not allow `cover.CoverExchange` to carry"
    assert f"error[TV781]: {refused} `AuraTransitionSafety`" in words
    code, said = call(
        "check", "specs/ota_activation.tell", "--policy", "specs/policy", "--property", "acceptance"
    )
    assert code == 0, said
    assert "acceptance[AuraTransitionSafety]" in said
    text = (SPECS / "ota_activation.tell").read_text("utf-8")
    bare = re.sub(r" requires Aura\w+", "", re.sub(r"proof_bundle .*\n", "", text))
    Path("bare.tell").write_text(bare, "utf-8")
    code, said = call("check", "bare.tell", "--policy", "specs/policy", "--property", "acceptance")
    assert "note[TV782]" in said
    assert "in the plan: first wave" in said
    code, said = call(
        "check", "specs/epoch_rotation.tell", "--policy", "specs/policy", "--property", "acceptance"
    )
    assert "TV782" not in said


def test_accept_with_nothing_to_accept(call: Call) -> None:
    Path("void").mkdir()
    assert call("accept", "void")[0] == 4
    assert call("accept", "missing.tell")[0] == 1
    assert call("accept", "specs/dkd.tell", "--policy", "missing")[0] == 2
    code, said = call("accept", "stuck.tell")
    assert code == 0
    assert "the policy does not list it" in said


def test_the_verdicts_under_the_scenario_of_a_pack_are_cited(call: Call) -> None:
    text = (ROOT / "counterexamples/admission/acceptance/consensus_with_pack.tell").read_text(
        "utf-8"
    )
    code, said = call(
        "accept", str(ROOT / "counterexamples/admission/acceptance/consensus_with_pack.tell")
    )
    assert code == 1 and "presupposes scenario `byzantine-threshold`, which" in " ".join(
        said.split()
    )
    rules = "-- tell: faults byzantine-threshold(byzantine <= 1 of {Witness1, Witness2})\nprotocol "
    Path("with.tell").write_text(text.replace("protocol ", rules, 1), "utf-8")
    _, said = call("accept", "with.tell")
    assert "no-stuck-role[Coordinator] @ byzantine-threshold: refuted" in said
    (row,) = json.loads(call("accept", "with.tell", "--json")[1])
    (pack,) = row["packs"]
    assert pack["scenario"] == "byzantine-threshold"
    assert {one["status"] for one in pack["cited"]} == {"proved", "refuted"}
    Path("tellverify.toml").write_text(
        '[faults.byzantine-threshold]\nrules = ["byzantine <= 1 of {Witness1, Witness2}"]\n',
        "utf-8",
    )
    Path("with.tell").write_text(text, "utf-8")
    (row,) = json.loads(call("accept", "with.tell", "--json")[1])
    assert row["packs"][0]["cited"] == pack["cited"]  # the same, stated by the configuration
    Path("tellverify.toml").write_text("[faults.byzantine-threshold]\nrules = 3\n", "utf-8")
    assert call("accept", "with.tell")[0] == 2
    Path("tellverify.toml").unlink()
    wrong = rules.replace("Witness2", "Witness3")
    Path("with.tell").write_text(text.replace("protocol ", wrong, 1), "utf-8")
    assert "unknown (scenario" in " ".join(call("accept", "with.tell")[1].split())
