"""Protocols with timeouts from their text: verdicts, runs, findings and what they presume."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from timed_texts import has_empty_alternative, tell_of
from timed_vectors import COMPLETE, VECTORS, Expected

ROOT = Path(__file__).resolve().parents[2]
SPECS = ROOT / "examples" / "timeouts"
MUTANTS = ROOT / "counterexamples" / "timeouts"
EXPECTED = tomllib.loads((MUTANTS / "expected.toml").read_text("utf-8"))
# An alternative without a statement can be written in graphs only.
WRITTEN = {
    name.replace(" ", "_"): vector
    for name, vector in VECTORS.items()
    if not has_empty_alternative(vector.text)
}
CASES = [
    (name, late)
    for name, vector in WRITTEN.items()
    for late in ("attempts", "keep")
    if late == "attempts" or vector.keep is not None
]
# The findings of the text beside the runs: blind, not told, unsure, dead, some rounds only.
ADVICE = {
    **{name: set() for name in ("T1", "T4", "T5", "T6", "T7", "T12", "T13")},
    "T2": {"TV443"},
    "T3": {"TV442"},
    "T8": {"TV444"},
    "T9": {"TV445"},
    "T10": {"TV443"},
    "T11": {"TV444"},
    "P7": {"TV444", "TV446"},
}


def tellverify(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tellverify", *arguments],
        cwd=cwd,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )


@functools.cache
def vectors(late: str) -> dict[str, dict[str, Any]]:
    """The reports on all vectors, from one command."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        for name, vector in WRITTEN.items():
            Path(folder, f"{name}.tell").write_text(tell_of(vector.text, name), "utf-8")
        done = tellverify(
            *("check", "--isolated", "--no-cache", "--late", late, "--format", "json"),
            *("--queue", "3"),
            cwd=Path(folder),
        )
    run = json.loads(done.stdout)
    return {one["name"]: {**one, "run": run} for one in run["protocols"]}


def refuted(protocol: dict[str, Any]) -> dict[str, int]:
    """Lengths of runs by obligation."""
    return {
        name_of(verdict): len(verdict["outcome"]["evidence"]["steps"])
        for verdict in protocol["verdicts"]
        if verdict["outcome"]["status"] == "refuted" and verdict["property"] != "can-terminate"
    }


def name_of(verdict: dict[str, Any]) -> str:
    roles = verdict["scope"].get("roles", [])
    return f"{verdict['property']}[{', '.join(roles)}]" if roles else verdict["property"]


def lengths_of(expected: Expected) -> dict[str, int]:
    stuck = {f"no-stuck-role[{role}]": length for role, length in expected.stuck.items()}
    return {**expected.lengths, **stuck}


@pytest.mark.parametrize(("name", "late"), CASES)
def test_a_vector_has_its_refutations_and_no_others(name: str, late: str) -> None:
    vector = WRITTEN[name]
    expected = vector.attempts if late == "attempts" else vector.keep
    assert expected is not None
    protocol = vectors(late)[name]
    assert refuted(protocol) == lengths_of(expected)
    status = {
        verdict["outcome"]["status"] for verdict in protocol["verdicts"] if verdict["required"]
    }
    allowed = {"proved", "refuted"} if expected.coverage == COMPLETE else {"bounded", "refuted"}
    assert status <= allowed | {"proved"}, status


@pytest.mark.parametrize("name", ADVICE)
def test_a_vector_has_its_findings_and_no_others(name: str) -> None:
    protocol = vectors("attempts")[name]
    found = {
        one["code"]["number"]
        for one in protocol["run"]["diagnostics"]
        if one.get("protocol") == name and one["code"]["number"] > "TV441"
    }
    assert {code for code in found if code.startswith("TV44")} == ADVICE[name]


def test_what_is_presumed_is_said_with_every_verdict() -> None:
    for late, words in (("attempts", "are discarded"), ("keep", "are delivered")):
        protocol = vectors(late)["T1"]
        assert protocol["presumes"][0] == f"messages of a failed attempt {words}"
        assert all(words in verdict["statement"] for verdict in protocol["verdicts"])
        assert words in protocol["run"]["semantics"]


def test_late_messages_are_named_with_their_shortest_run() -> None:
    verdicts = vectors("attempts")["T1"]["verdicts"]
    (late,) = [one for one in verdicts if one["property"] == "late-messages"]
    assert late["outcome"]["detail"] == "`Ready` from `W` to `C` (2 events)"
    steps = late["witness"]["trace"]["steps"]
    assert [(step["label"], step.get("timer", "")) for step in steps] == [
        ("timeout", "timeout"),
        ("Ready", ""),
    ]
    assert steps[1]["discards"] == [
        {"sender": "W", "receiver": "C", "label": "Ready", "position": 0}
    ]


COLLECTING = """-- tell: faults devices(crash of D)
-- tell: faults coordinator(crash of C)
-- tell: faults lossy(loss <= 1)
-- tell: faults split(partition {C} | {D})
-- tell: property agreement: agreement(Commit, Abort)
protocol Ota =
  roles C, D[N]
  C -> D[*] : Propose
  timeout 30s C at
    D[*] -> C : Ready
    C -> D[*] : Commit
  on timeout =>
    C -> D[*] : Abort
"""
_UNDER = {  # refuted obligations of three devices, with the events of their runs
    "no-deadlock @ coordinator": 3,
    "no-stuck-role[D[0]] @ coordinator": 3,
    "no-stuck-role[D[1]] @ coordinator": 4,
    "no-stuck-role[D[2]] @ coordinator": 5,
    "no-deadlock @ lossy": 13,
    "no-stuck-role[D[0]] @ lossy": 7,
    "no-stuck-role[D[1]] @ lossy": 8,
    "no-stuck-role[D[2]] @ lossy": 9,
    "no-unspecified-reception @ lossy": 5,
    "no-deadlock @ split": 9,
    "no-stuck-role[D[0]] @ split": 3,
    "no-stuck-role[D[1]] @ split": 4,
    "no-stuck-role[D[2]] @ split": 5,
}


def test_a_timer_at_the_coordinator_heals_crashes_of_devices_and_nothing_else(
    tmp_path: Path,
) -> None:
    (tmp_path / "ota.tell").write_text(COLLECTING, "utf-8")
    options = ("--isolated", "--no-cache", "--instances", "D=3", "--evidence", "proof")
    done = tellverify("check", "ota.tell", *options, "--format", "json", cwd=tmp_path)
    (protocol,) = json.loads(done.stdout)["protocols"]
    found = {}
    for verdict in protocol["verdicts"]:
        scenario = verdict["scope"].get("scenario", "")
        if scenario and verdict["outcome"]["status"] == "refuted":
            steps = verdict["outcome"]["evidence"]["steps"]
            found[f"{name_of(verdict)} @ {scenario}"] = len(steps)
    assert found == _UNDER
    rechecked = tellverify("recheck", "proof", cwd=tmp_path)
    assert rechecked.returncode == 0 and "0 rejected" in rechecked.stdout, rechecked.stdout
    (trace,) = tmp_path.glob("proof/*/no-deadlock.under.coordinator.itf.json")
    replayed = tellverify("replay", str(trace), cwd=tmp_path)
    assert replayed.returncode == 0 and "C crashes" in replayed.stdout
    forged = trace.read_text("utf-8").replace('"crash of C"', '"crash of D"')
    trace.write_text(forged, "utf-8")
    refused = tellverify("recheck", "proof", cwd=tmp_path)
    assert refused.returncode == 1 and "does not let all these roles crash" in refused.stdout


def test_rules_that_are_not_decided_with_timers_are_named_at_the_scenario(tmp_path: Path) -> None:
    text = COLLECTING.replace("loss <= 1", "byzantine of C").replace("crash of D", "reorder")
    (tmp_path / "ota.tell").write_text(text, "utf-8")
    done = tellverify("check", "ota.tell", "--isolated", "--no-cache", cwd=tmp_path)
    assert done.returncode == 0
    said = " ".join(done.stdout.split())
    for line, rule, why in ((1, "reorder", "arrive out of order"), (3, "byzantine of C", "claim")):
        _, _, reason = said.partition(f"`{rule}` is not decided for protocols with timeouts: ")
        reason, _, place = reason.partition(" --> ota.tell:")
        assert reason.startswith("their rules say nothing of ") and why in reason
        assert place.startswith(f"{line}:")
    for name in ("devices", "lossy"):
        simulated = tellverify("simulate", "ota.tell", "--faults", name, cwd=tmp_path)
        assert simulated.returncode == 3 and "not simulated: `" in simulated.stderr


def test_every_role_has_a_timer_of_its_own_in_the_faithful_dialect(tmp_path: Path) -> None:
    (tmp_path / "T1.tell").write_text(tell_of(WRITTEN["T1"].text, "T1"), "utf-8")
    options = ("--isolated", "--no-cache", "--dialect", "faithful", "--format", "json")
    done = tellverify("check", "T1.tell", *options, cwd=tmp_path)
    (protocol,) = json.loads(done.stdout)["protocols"]
    assert refuted(protocol) == {"no-orphan-message": 3}
    assert any("its own timer" in words for words in protocol["presumes"])


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("project", "T4.tell", "--format", "bridge"), "T4.tell:4: `timeout` of `C` has no"),
        (("project", "T4.tell", "--format", "derived"), "T4.tell:4: `timeout` of `C` has no"),
        (("run", "T4.tell"), "T4.tell:4: a protocol with `timeout`"),
    ],
)
def test_what_knows_no_timers_says_so_with_their_line(
    tmp_path: Path, command: tuple[str, ...], said: str
) -> None:
    (tmp_path / "T4.tell").write_text(tell_of(WRITTEN["T4"].text, "T4"), "utf-8")
    done = tellverify(*command, cwd=tmp_path)
    assert done.returncode == 3 and said in done.stderr, done.stderr


def test_runs_with_timers_are_simulated_alike_in_every_process(tmp_path: Path) -> None:
    (tmp_path / "ota.tell").write_text(COLLECTING, "utf-8")
    options = ("--seed", "7", "--faults", "coordinator", "--format")
    logs = {
        tellverify("simulate", "ota.tell", "--runs", "20", *options, "jsonl", cwd=tmp_path).stdout
        for _ in range(2)
    }
    (log,) = logs
    lines = [json.loads(line) for line in log.splitlines()]
    assert any(line.get("timer") == "timeout" for line in lines)
    alone = tellverify("simulate", "ota.tell", "--index", "13", *options, "jsonl", cwd=tmp_path)
    mine = [line for line in log.splitlines() if json.loads(line)["session"] == 13]
    assert alone.stdout.splitlines() == mine
    done = tellverify("simulate", "ota.tell", "--runs", "200", *options, "json", cwd=tmp_path)
    row = json.loads(done.stdout)
    assert done.returncode == 1 and row["fault"]["kind"] == "stuck-role"
    assert len(row["fault"]["shown"]["steps"]) == 3
    assert row["presumes"][0] == "messages of a failed attempt are discarded"


def test_machines_and_graphs_with_timers_are_drawn(tmp_path: Path) -> None:
    (tmp_path / "T4.tell").write_text(tell_of(WRITTEN["T4"].text, "T4"), "utf-8")
    for command in (("project", "T4.tell", "--role", "C"), ("show", "graph", "T4.tell")):
        done = tellverify(*command, "--format", "svg", cwd=tmp_path)
        assert done.returncode == 0 and done.stdout.startswith("<svg"), done.stderr
        assert "timeout" in done.stdout


@pytest.mark.parametrize("name", sorted(path.stem for path in SPECS.glob("*.tell")))
def test_a_retry_pattern_is_proved(name: str) -> None:
    done = tellverify("check", "--isolated", "--no-cache", str(SPECS / f"{name}.tell"))
    assert done.returncode == 0, done.stdout
    assert "0 refuted" in done.stdout
    assert "  0 unknown  " in done.stdout


@pytest.mark.parametrize("name", EXPECTED)
def test_a_mutant_of_a_pattern_is_refuted(name: str) -> None:
    expected = EXPECTED[name]
    done = tellverify(
        *("check", "--isolated", "--no-cache", "--late", expected["late"], "--format", "json"),
        str(MUTANTS / f"{name}.tell"),
    )
    run = json.loads(done.stdout)
    assert refuted(run["protocols"][0]) == expected["events"]
    found = [one["code"]["number"] for one in run["diagnostics"]]
    assert [code for code in found if code.startswith("TV44")] == expected["codes"]


def test_every_mutant_has_its_row() -> None:
    assert {path.stem for path in MUTANTS.glob("*.tell")} == set(EXPECTED)


def test_a_configuration_says_what_happens_to_late_messages(tmp_path: Path) -> None:
    (tmp_path / "retry.tell").write_text((MUTANTS / "retry_stale.tell").read_text("utf-8"), "utf-8")
    (tmp_path / "tellverify.toml").write_text('[semantics]\nlate = "keep"\n', "utf-8")
    done = tellverify("check", "--no-cache", cwd=tmp_path)
    assert done.returncode == 1
    assert "TV441" in done.stdout
    assert tellverify("check", "--no-cache", "--late", "attempts", cwd=tmp_path).returncode == 0
    (tmp_path / "tellverify.toml").write_text('[semantics]\nlate = "drop"\n', "utf-8")
    wrong = tellverify("check", "--no-cache", cwd=tmp_path)
    assert wrong.returncode == 2
    assert "late" in wrong.stderr + wrong.stdout


def test_a_timer_may_fire_where_its_owner_sends(tmp_path: Path) -> None:
    text = tell_of("C(C->W Go / C->W Cancel)", "Any")
    (tmp_path / "any.tell").write_text(text, "utf-8")
    (tmp_path / "tellverify.toml").write_text('[semantics]\nfire = "any"\n', "utf-8")
    done = tellverify("check", "--no-cache", cwd=tmp_path)
    assert "all 6 configurations" in " ".join(done.stdout.split())
    waits = tellverify("check", "--no-cache", "--isolated", "any.tell", cwd=tmp_path)
    assert "all 3 configurations" in " ".join(waits.stdout.split())


def checked(tmp_path: Path, body: str) -> dict[str, Any]:
    """The run on a protocol of A and B with this body."""
    (tmp_path / "p.tell").write_text(f"protocol P =\n  roles A, B\n{body}", "utf-8")
    done = tellverify(
        *("check", "--isolated", "--no-cache", "--format", "json", "p.tell"), cwd=tmp_path
    )
    return json.loads(done.stdout)


def places(run: dict[str, Any], code: str) -> list[int]:
    """The lines of the findings with a code."""
    found = [*run["diagnostics"]]
    for protocol in run["protocols"]:
        outcomes = [verdict["outcome"] for verdict in protocol["verdicts"]]
        found += [one["diagnostic"] for one in outcomes if one.get("diagnostic")]
    lines = [one["primary"]["region"]["line"] for one in found if one["code"]["number"] == code]
    return sorted(set(lines))


HEAD = "  timeout 5s A at\n    B -> A : Ok\n"


@pytest.mark.parametrize(
    "rest",
    ["", "  A -> B : M\n", "  A -> B : M\n  A -> B : N\n", "  on cancel =>\n    A -> B : M\n"],
)
def test_a_timeout_without_an_alternative_is_found_at_its_own_line(
    tmp_path: Path, rest: str
) -> None:
    assert places(checked(tmp_path, HEAD + rest), "TV449") == [3]


def test_a_suite_that_is_not_indented_is_found(tmp_path: Path) -> None:
    bad = f"{HEAD}  on timeout =>\n  -- not now\n  A -> B : M\n  A -> B : N\n"
    assert places(checked(tmp_path, bad), "TV448") == [7]
    for good in ("  on timeout => A -> B : M\n", "  on timeout =>\n    A -> B : M\n"):
        assert places(checked(tmp_path, HEAD + good), "TV448") == []
    cancel = f"{HEAD}  on timeout => A -> B : M\n  on cancel =>\n  A -> B : N\n"
    assert places(checked(tmp_path, cancel), "TV448") == [7]


def test_a_loop_may_repeat_by_its_timer_alone(tmp_path: Path) -> None:
    body = "  rec Again\n    timeout 5s A at\n      B -> A : Ok\n"
    body += "    on timeout =>\n      continue Again\n"
    assert places(checked(tmp_path, body), "TV232") == []
    silent = "  rec Again\n    timeout 5s A at\n      continue Again\n"
    silent += "    on timeout =>\n      A -> B : M\n"
    assert places(checked(tmp_path, silent), "TV232") == [5]


def test_a_timeout_in_a_parallel_branch_is_skipped_with_its_line(tmp_path: Path) -> None:
    body = "  par\n    | A -> B : M\n    |\n      timeout 5s A at\n        B -> A : Ok\n"
    body += "      on timeout =>\n        A -> B : N\n"
    run = checked(tmp_path, body)
    assert run["exitCode"] == 3
    reasons = {
        verdict["outcome"].get("reason", "")
        for verdict in run["protocols"][0]["verdicts"]
        if verdict["required"] and verdict["property"] != "well-formed"
    }
    assert reasons == {"`timeout 5s A` stands in a parallel branch (line 6)"}


def test_repeat_calls_and_braces_mean_what_they_unfold_to(tmp_path: Path) -> None:
    plain = f"{HEAD}  on timeout =>\n    A -> B : M\n" * 2
    parens = (
        "  timeout 5s A at (\n    B -> A : Ok\n  )\n  on timeout => (\n    A -> B : M\n  )\n" * 2
    )
    body = "".join(f"  {line}\n" for line in f"{HEAD}  on timeout =>\n    A -> B : M".split("\n"))
    repeated = f"  loop repeat 2\n{body}"
    called = "  call L\n  call L\nwhere\n  protocol L =\n" + body
    counts = set()
    for text in (plain, parens, repeated, called):
        (protocol,) = checked(tmp_path, text)["protocols"]
        details = {
            verdict["outcome"].get("detail")
            for verdict in protocol["verdicts"]
            if verdict["property"] == "no-deadlock"
        }
        counts |= details
    assert len(counts) == 1
    assert counts != {None}


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the mutants and the evidence of a check of them."""
    folder = tmp_path_factory.mktemp("evidence")
    for name in ("retry_blind", "retry_stale", "ota_forgotten", "retry_untold"):
        text = (MUTANTS / f"{name}.tell").read_text("utf-8")
        (folder / f"{name}.tell").write_text(text, "utf-8")
    options = ("--isolated", "--no-cache", "-q", "--evidence", "evidence")
    assert tellverify("check", *options, cwd=folder).returncode in (0, 1)
    stale = ("--late", "keep", "--evidence", "keep", "retry_stale.tell")
    assert tellverify("check", "--isolated", "--no-cache", *stale, cwd=folder).returncode == 1
    return folder


@pytest.mark.parametrize("name", ["evidence", "keep"])
def test_runs_with_timers_are_rechecked_and_replayed(evidence: Path, name: str) -> None:
    done = tellverify("recheck", name, cwd=evidence)
    assert done.returncode == 0, done.stdout
    assert "compared" in done.stdout
    traces = sorted(evidence.glob(f"{name}/*/*.itf.json"))
    assert len(traces) >= 2
    for trace in traces[:3]:
        again = tellverify("replay", str(trace), cwd=evidence)
        assert again.returncode == 0, again.stdout
        assert "accepted" in again.stdout


TAMPERED = [
    ("no-stuck-role.Client.itf.json", '"action":"timeout"', '"action":"cancel"'),
    ("no-stuck-role.Client.itf.json", '"scope":0', '"scope":7'),
    ("no-stuck-role.Client.itf.json", '"culprits":["Client"]', '"culprits":["Server"]'),
    ("no-stuck-role.Client.itf.json", '"line":5', '"line":6'),
    ("no-stuck-role.Client.itf.json", '"line":6', '"line":7'),
    ("no-stuck-role.Client.itf.json", '"path":"retry_blind.tell"', '"path":"other.tell"'),
    ("no-stuck-role.Client.itf.json", '"label":"Request"', '"label":"Response"'),
    ("no-stuck-role.Client.itf.json", '"label":"timeout"', '"label":"Request"'),
    ("no-deadlock.itf.json", '"fault":"deadlock"', '"fault":"orphan-message"'),
    ("no-deadlock.itf.json", '"late":"attempts"', '"late":"keep"'),
    ("no-deadlock.itf.json", '["Client",{"#bigint":"1"}]', '["Client",{"#bigint":"2"}]'),
    ("protocol.timed.json", '"owner":0', '"owner":1'),
    ("protocol.timed.json", '"participants":[0,1]', '"participants":[0]'),
    ("protocol.timed.json", '"body":1', '"body":99'),
]


@pytest.mark.parametrize(("name", "old", "new"), TAMPERED)
def test_what_is_changed_in_evidence_is_rejected(
    evidence: Path, tmp_path: Path, name: str, old: str, new: str
) -> None:
    import shutil

    (folder,) = (path for path in evidence.glob("evidence/RetryBlind-*"))
    copy = tmp_path / "evidence" / folder.name
    shutil.copytree(folder, copy)
    shutil.copy(evidence / "retry_blind.tell", tmp_path)
    text = (copy / name).read_text("utf-8")
    assert old in text
    (copy / name).write_text(text.replace(old, new, 1), "utf-8")
    done = tellverify("recheck", "evidence", cwd=tmp_path)
    assert done.returncode == 1, done.stdout
    assert "rejected" in done.stdout
    assert not done.stderr


def test_machines_have_moves_of_timers() -> None:
    path = str(SPECS / "retry_without_limit.tell")
    done = tellverify("project", path, "--role", "Client")
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "Client   3 states",
        "  0  Server!Request  => 1",
        "  1  Server?Response  => 2",
        "     timeout of line 8  => 0",
        "  2  end",
    ]
    (row,) = tellverify(
        "show", "machines", path, "--role", "Client", "--format", "json"
    ).stdout.split("\n")[:-1]
    states = json.loads(row)["states"]
    assert states[1]["moves"][1] == {"action": "timeout", "to": 0, "line": 8}
    assert [state["final"] for state in states] == [False, False, True]


def test_a_graph_shows_where_timeouts_begin_and_end() -> None:
    done = tellverify("show", "graph", str(SPECS / "retry_without_limit.tell"))
    assert "timeout of Client begins  => 1   line 8" in done.stdout
    assert "Client: timeout  => 0" in done.stdout
    assert "timeout of Client ends" in done.stdout


@pytest.mark.parametrize("style", ["bridge", "derived"])
def test_forms_without_timers_are_refused(style: str) -> None:
    done = tellverify("project", str(SPECS / "retry.tell"), "--format", style)
    assert done.returncode == 3
    assert style in done.stderr
    assert tellverify("project", str(SPECS / "retry.tell"), "--role", "Nobody").returncode == 2


@pytest.mark.parametrize(("duration", "lines"), [("0s", [3]), ("0ms", [3]), ("1ms", [])])
def test_a_timer_that_fires_at_once_is_warned_of(
    tmp_path: Path, duration: str, lines: list[int]
) -> None:
    head = HEAD.replace("5s", duration)
    run = checked(tmp_path, f"{head}  on timeout =>\n    A -> B : M\n")
    assert places(run, "TV450") == lines
    assert not any(found["severity"] == "error" for found in run["diagnostics"])
    idle = f"  timeout {duration} A at\n    A -> B : Ok\n  on timeout =>\n    A -> B : M\n"
    assert places(checked(tmp_path, idle), "TV450") == []  # it never fires


AMBIGUOUS = """-- tell: faults down(crash of B)
protocol Poll =
  roles A, B, C
  rec Again
    timeout 5s A at
      B -> C : Offer
      B -> A : Notice
      choice C at
        | More =>
            C -> B : More
            continue Again
        | Done =>
            C -> A : Done
    on timeout =>
      A -> C : Abort
      C -> B : Closed
"""


def test_a_run_that_its_steps_do_not_tell_from_another_is_unknown(tmp_path: Path) -> None:
    """A is not told of `More`, so its timer may be that of the first or of the second attempt."""
    (tmp_path / "p.tell").write_text(AMBIGUOUS, "utf-8")
    done = tellverify("check", "p.tell", "--no-cache", cwd=tmp_path)
    assert done.returncode == 3, done.stderr
    said = " ".join(done.stdout.split())
    assert "cannot be shown: its steps do not tell in which attempt of a timeout" in said
    for scenario in ((), ("--faults", "down")):
        found = tellverify(
            "simulate", "p.tell", "--runs", "50", "--seed", "1", *scenario, cwd=tmp_path
        )
        assert found.returncode in (0, 1, 3), found.stderr
