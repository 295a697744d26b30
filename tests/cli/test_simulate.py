"""`tellverify simulate`: statistics, faults that are met, runs again, logs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from fault_systems import quorum

import tellverify
from tellverify.cli.group import run
from tellverify.formats.machine_json import write_machine
from tellverify.model.machine import Action, Machine

OTA = """-- tell: property agreement: agreement(Commit, Abort)
-- tell: faults one-crash(crash <= 1)
-- tell: faults lossy(loss <= 1 on C -> D)
-- tell: faults liar(byzantine of C)
-- tell: faults twice(duplicate <= 1 on D -> C)
-- tell: faults apart(partition {C} | *)
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
LOOP = """protocol Loop =
  roles A, B
  rec Round
    A -> B : Tick
    B -> A : Tock
    continue Round
"""
RETRY = """-- tell: faults one(crash <= 1)
protocol Retry =
  roles Client, Server
  rec Attempt
    timeout 1s Client at
      Client -> Server : Request
      Server -> Client : Response
    on timeout =>
      continue Attempt
"""
UNTOLD = """protocol Untold =
  roles A, B, C
  timeout 1s A at
    B -> A : X
    A -> C : Z
  on timeout =>
    B -> C : Late
"""


@pytest.fixture
def ota(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ota.tell").write_text(OTA, "utf-8")
    return tmp_path


def simulated(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str]:
    code = run(["simulate", *options])
    captured = capsys.readouterr()
    return code, captured.out + captured.err


def test_statistics_count_what_happens(ota: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = simulated(capsys, "ota.tell", "--runs", "40", "--format", "json", "--seed", "3")
    found = json.loads(said)
    numbers = found["statistics"]
    assert code == 0 and found["fault"] is None
    assert (numbers["runs"], numbers["events"], numbers["ends"]) == (40, 40 * 18, {"complete": 40})
    taken = {one["branch"]: one["count"] for one in numbers["branches"]}
    assert sum(taken.values()) == 40 and min(taken.values()) > 5
    sent = {one["label"]: (one["sent"], one["received"]) for one in numbers["messages"]}
    assert sent["Propose"] == (120, 120)
    assert sent["Commit"][0] == 3 * taken["Commit"]


@pytest.mark.parametrize("schedule", ["uniform", "pct"])
def test_equal_seeds_give_equal_runs_in_every_process(ota: Path, schedule: str) -> None:
    options = ["simulate", "ota.tell", "--runs", "5", "--schedule", schedule, "--format", "jsonl"]
    said = [
        subprocess.run(
            [sys.executable, "-m", "tellverify", *options, "--faults", "one-crash"],
            capture_output=True,
            text=True,
            check=False,
            env={"PYTHONHASHSEED": seed, "PATH": ""},
        ).stdout
        for seed in ("1", "2")
    ]
    assert said[0] == said[1] and len(said[0].splitlines()) > 20


def test_a_run_is_made_again_by_its_index(ota: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, whole = simulated(capsys, "ota.tell", "--runs", "6", "--format", "jsonl")
    _, one = simulated(capsys, "ota.tell", "--index", "4", "--format", "jsonl")
    assert one.splitlines() == [x for x in whole.splitlines() if '"session":4' in x]


@pytest.mark.parametrize(
    ("scenario", "lengths", "words"),
    [
        ("one-crash", {"C": 7, "D[0]": 3, "D[1]": 6, "D[2]": 7}, "has crashed"),
        ("lossy", {"C": 7, "D[0]": 7, "D[1]": 7, "D[2]": 7}, "1 message is lost"),
        ("apart", {"C": 3, "D[0]": 5, "D[1]": 5, "D[2]": 5}, "cut"),
    ],
)
@pytest.mark.parametrize("seed", ["1", "2"])
def test_a_fault_is_shown_by_a_shortest_run(
    ota: Path,
    capsys: pytest.CaptureFixture[str],
    scenario: str,
    lengths: dict[str, int],
    words: str,
    seed: str,
) -> None:
    options = ("--faults", scenario, "--until", "refuted", "--format", "json", "--runs", "500")
    code, said = simulated(capsys, "ota.tell", *options, "--seed", seed)
    found = json.loads(said)["fault"]
    shown = found["shown"]
    assert code == 1 and words in found["explanation"]
    assert shown["minimal"] is True
    assert found["events"] >= len(shown["steps"]) == lengths[shown["culprits"][0]]


def test_a_lying_coordinator_breaks_agreement(
    ota: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--faults", "liar", "--until", "refuted", "--runs", "500", "--schedule", "uniform")
    code, said = simulated(capsys, "ota.tell", *options, "--format", "json")
    found = json.loads(said)
    assert code == 1
    met = {kind for kind in found["statistics"]["faults"]}
    assert met <= {"disagreement", "stuck-role"}
    if found["fault"]["kind"] == "disagreement":
        assert len(found["fault"]["shown"]["steps"]) == 6


def test_duplicates_are_met(ota: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = simulated(capsys, "ota.tell", "--faults", "twice", "--runs", "200")
    assert code == 1 and "delivered twice" in said


@pytest.mark.parametrize("schedule", ["uniform", "pct"])
def test_a_log_of_runs_conforms(
    ota: Path, capsys: pytest.CaptureFixture[str], schedule: str
) -> None:
    options = ("--runs", "30", "--log", "l.jsonl", "--schedule", schedule)
    code, _ = simulated(capsys, "ota.tell", *options)
    assert code == 0
    assert run(["replay", "l.jsonl", "ota.tell", "--instances", "D=3", "--complete"]) == 0
    assert "all 30 runs are complete" in capsys.readouterr().out


def test_runs_without_an_end_stop_at_the_limit(
    ota: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (ota / "loop.tell").write_text(LOOP, "utf-8")
    code, said = simulated(capsys, "loop.tell", "--runs", "2", "--events", "50")
    assert code == 0 and "limit 2" in said and "100 events" in said


def test_without_faults_a_role_that_never_acts_waits_in_vain_too(
    ota: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    waits = Machine("A", (((Action(False, "B", "Y"), 1),), ()), (False, True))
    other = Machine("B", (((Action(False, "A", "X"), 1),), ()), (False, True))
    for machine in (waits, other):
        Path(f"{machine.role}.json").write_text(write_machine(machine), "utf-8")
    code, said = simulated(capsys, "--machines", "A.json", "--machines", "B.json", "--runs", "2")
    assert code == 1
    assert "refuted[stuck-role]: `A` waits for `Y` from `B` and is never served" in said
    (ota / "untold.tell").write_text(UNTOLD, "utf-8")
    code, said = simulated(capsys, "untold.tell", "--runs", "20", "--seed", "2")
    assert code == 1
    assert (
        "refuted[stuck-role]: `C` waits for `Z` from `A` or `Late` from `B` and is never served"
        in said
    )


def test_crashes_come_while_others_are_busy_though_they_may_be_so_without_end(
    ota: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (ota / "retry.tell").write_text(RETRY, "utf-8")
    options = ["--faults", "one", "--runs", "40", "--events", "1000", "--seed", "2"]
    code, said = simulated(capsys, "retry.tell", *options, "--format", "json")
    ends = json.loads(said)["statistics"]["ends"]
    assert code == 0
    assert ends["complete"] < 40 and ends["limit"] > 1  # the client asks a crashed server


def test_machines_are_simulated(ota: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = []
    for number, machine in enumerate(quorum(2, 3)):
        (ota / f"m{number}.json").write_text(write_machine(machine), "utf-8")
        options += ["--machines", f"m{number}.json"]
    (ota / "tellverify.toml").write_text(
        '[faults.two]\nrules = ["crash <= 2 of W"]\n[faults.one]\nrules = ["crash <= 1 of W"]\n',
        "utf-8",
    )
    assert simulated(capsys, *options, "--faults", "one", "--runs", "200")[0] == 0
    code, said = simulated(capsys, *options, "--faults", "two", "--runs", "200")
    assert code == 1 and "shortest run: 6 events" in said
    done = run(["check", *options, "--faults", "two"])
    said = capsys.readouterr().out
    assert done == 0 and "no-stuck-role[C, W[0..3]] @ two" in said


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["nope.tell"], 1, "there is no such file"),
        ([], 2, "give a FILE"),
        (["ota.tell", "--faults", "nope"], 2, "it has: one-crash, lossy"),
        (["ota.tell", "--protocol", "Nope"], 2, "no protocol `Nope`"),
        (["ota.tell", "--instances", "X=3"], 2, "no family `X`"),
        (["ota.tell", "--runs", "0"], 2, "--runs"),
        (["ota.tell", "--format", "jsonl", "--log", "x"], 2, "not both"),
        (["ota.tell", "--log", "no/such/folder"], 2, "cannot write"),
        (["ota.tell", "--log", "./ota.tell"], 2, "would replace ./ota.tell, which is read"),
        (["ota.tell", "--log", "tellverify.toml"], 2, "would replace tellverify.toml"),
        (["--machines", "ota.tell"], 1, "error"),
    ],
)
def test_what_cannot_be_simulated_is_said(
    ota: Path, capsys: pytest.CaptureFixture[str], options: list[str], code: int, words: str
) -> None:
    (ota / "tellverify.toml").write_text("[bounds]\nqueue = 4\n", "utf-8")
    before = [path.read_bytes() for path in sorted(ota.iterdir())]
    done, said = simulated(capsys, *options)
    assert done == code and words in said
    assert [path.read_bytes() for path in sorted(ota.iterdir())] == before


def test_the_library_generates_the_same_runs(ota: Path) -> None:
    runs = list(tellverify.simulate("ota.tell", runs=4, seed=7, faults="one-crash"))
    assert [one.index for one in runs] == [0, 1, 2, 3]
    later = list(tellverify.simulate("ota.tell", runs=2, seed=7, start=2, faults="one-crash"))
    assert later == runs[2:]
    text = list(tellverify.simulate(OTA, runs=1, seed=7, instances={"D": 1}))
    assert len(text[0].steps) == 6 and text[0].ending == "complete"
    for wrong in ({"schedule": "x"}, {"faults": "x"}, {"protocol": "x"}, {"instances": {"X": 1}}):
        with pytest.raises(ValueError, match=r"."):
            tellverify.simulate("ota.tell", **wrong)  # type: ignore[arg-type]


def test_runs_with_timers_say_where_their_events_stand(ota: Path) -> None:
    (ota / "retry.tell").write_text(RETRY, "utf-8")
    runs = list(tellverify.simulate("retry.tell", runs=20, seed=3))
    steps = [step for run in runs for step in run.steps]
    lines = RETRY.splitlines()
    assert any(step.timer for step in steps) and any(step.discards for step in steps)
    for step in steps:
        assert ("timeout" if step.timer else step.label) in lines[step.site.line - 1]
    assert list(tellverify.simulate("retry.tell", runs=2, seed=3, start=5)) == runs[5:7]


@pytest.mark.parametrize("option", [("--runs", "3"), ("--until", "refuted")])
def test_an_option_that_has_no_meaning_for_one_run_is_wrong_usage(
    ota: Path, option: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["simulate", "ota.tell", "--index", "7", *option]) == 2
    assert f"{option[0]} has no meaning with it" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"runs": -1}, "`runs` is -1, and has to be 0 or more"),
        ({"start": -3}, "`start` is -3, and has to be 0 or more"),
        ({"most_events": 0}, "`most_events` is 0, and has to be 1 or more"),
    ],
)
def test_the_library_rejects_counts_that_mean_nothing(wrong: dict[str, int], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        tellverify.simulate(OTA, **wrong)  # type: ignore[arg-type]
