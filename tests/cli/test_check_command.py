"""`tellverify check` as a user runs it: exit codes, output, files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

GOOD = "protocol Good =\n  roles A, B\n  A -> B : Ping\n  B -> A : Pong\n"
STUCK = """protocol Stuck =
  roles A, B, C
  choice A at
    | again =>
        A -> C : again
        C -> B : Work
    | stop =>
        A -> C : stop
"""
FAMILY = "protocol Family =\n  roles A, D[N]\n  A -> D[*] : Go\n  D[*] -> A : Done\n"
BROKEN = "protocol Broken =\n  roles A, B\n  A => B : Ping\n"
TIMED = """protocol Timed =
  roles A, B
  timeout 5s A at
    B -> A : Ok
  on timeout =>
    A -> B : Late
"""
UNDECIDED = """protocol Undecided =
  roles A, B, C
  par
    | A -> C : Note
    |
      timeout 5s A at
        B -> A : Ok
      on timeout =>
        A -> B : Late
"""


def tellverify(
    *arguments: str, cwd: Path, text: str | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tellverify", *arguments],
        cwd=cwd,
        input=text,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.tell").write_text(text, encoding="utf-8")
    return folder


def test_all_proved_exits_0(tmp_path: Path) -> None:
    done = tellverify("check", cwd=write(tmp_path, good=GOOD))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "proved    implementable" in done.stdout
    assert done.stdout.endswith("exit 0: every required obligation holds\n")
    assert done.stderr == ""


def test_a_refuted_obligation_exits_1_and_shows_its_run(tmp_path: Path) -> None:
    done = tellverify("check", cwd=write(tmp_path, stuck=STUCK))
    assert done.returncode == 1
    assert "error[TV512]: `B` waits for `Work` from `C`, and all other roles have terminated" in (
        done.stdout
    )
    assert "shortest run: 2 events, replayed" in done.stdout
    assert "stuck.tell:8" in done.stdout


def test_a_broken_file_exits_1_and_never_hides_the_others(tmp_path: Path) -> None:
    write(tmp_path, broken=BROKEN, good=GOOD, stuck=STUCK)
    (tmp_path / "binary.tell").write_bytes(b"\xff\xfe\x00junk")
    done = tellverify("check", "--format", "json", cwd=tmp_path)
    assert done.returncode == 1
    run = json.loads(done.stdout)
    names = [protocol["name"] for protocol in run["protocols"]]
    assert names == ["Broken", "Good", "Stuck"]
    codes = {(d["code"]["number"], d["path"]) for d in run["diagnostics"]}
    assert ("TV002", "binary.tell") in codes
    assert any(path == "broken.tell" for _, path in codes)
    good = next(p for p in run["protocols"] if p["name"] == "Good")
    assert {v["outcome"]["status"] for v in good["verdicts"]} == {"proved"}


def test_unknown_options_and_properties_exit_2(tmp_path: Path) -> None:
    for wrong in (
        ["--no-such-flag"],
        ["--property", "no-such-property"],
        ["--instances", "D"],
        ["--instances", "D=3..1"],
        ["--instances", "D=1..99999999999"],
        ["--instances", "D=1", "--instances", "D=2"],
        ["--report", "pdf=x"],
        ["--steps", "0"],
    ):
        done = tellverify("check", *wrong, cwd=write(tmp_path, good=GOOD))
        assert done.returncode == 2, wrong
        assert "Traceback" not in done.stderr
        assert done.stderr


def test_what_is_not_known_exits_3_and_is_never_success(tmp_path: Path) -> None:
    done = tellverify("check", cwd=write(tmp_path, undecided=UNDECIDED))
    assert done.returncode == 3
    assert "skipped" in done.stdout
    assert "timeout" in done.stdout
    again = tellverify("check", "--exit-zero", cwd=tmp_path)
    assert again.returncode == 0
    assert "exit 3" in again.stdout


def test_a_timeout_is_decided(tmp_path: Path) -> None:
    done = tellverify("check", cwd=write(tmp_path, timed=TIMED))
    assert done.returncode == 0
    assert "timeout-agreement" in done.stdout
    assert "messages of a failed attempt" in done.stdout


def test_nothing_to_check_exits_4(tmp_path: Path) -> None:
    assert tellverify("check", cwd=tmp_path).returncode == 4
    write(tmp_path, good=GOOD)
    assert tellverify("check", "--protocol", "Nobody", cwd=tmp_path).returncode == 4


def test_names_that_nothing_has_are_told(tmp_path: Path) -> None:
    write(tmp_path, family=FAMILY, good=GOOD)
    for wrong in (["--instances", "E=3"], ["--role", "Z"], ["--role", "Z", "--role", "A"]):
        done = tellverify("check", *wrong, cwd=tmp_path)
        assert done.returncode == 2, wrong
        assert "no protocol that was checked has a role" in done.stderr
    only = ["--property", "no-stuck-role", "--role", "D", "--protocol", "Good"]
    assert tellverify("check", *only, "good.tell", cwd=tmp_path).returncode == 2
    done = tellverify("check", "--role", "D", "--property", "no-stuck-role", cwd=tmp_path)
    assert done.returncode == 0


def test_families_that_share_a_size_cannot_have_two(tmp_path: Path) -> None:
    text = "protocol Two =\n  roles A, D[N], E[N]\n  A -> D[*] : Go\n  A -> E[*] : Go\n"
    write(tmp_path, two=text)
    done = tellverify("check", "--instances", "D=2", "--instances", "E=3", cwd=tmp_path)
    assert done.returncode == 3
    assert "share one size" in " ".join(done.stdout.split())
    assert tellverify("check", "--instances", "D=2", cwd=tmp_path).returncode == 0


def test_a_refutation_beats_what_is_not_known(tmp_path: Path) -> None:
    assert tellverify("check", cwd=write(tmp_path, a=STUCK, b=TIMED)).returncode == 1


def test_families_are_proved_at_every_size_and_bounded_at_sizes_that_are_given(
    tmp_path: Path,
) -> None:
    write(tmp_path, family=FAMILY)
    done = tellverify("check", "--require", "proved", cwd=tmp_path)
    assert done.returncode == 0
    assert "every N >= 1, by generic member" in done.stdout and "D[0]" in done.stdout
    assert "proved    implementable" in done.stdout
    sized = tellverify("check", "--instances", "D=0,4..5", cwd=tmp_path)
    assert sized.returncode == 0
    assert "D = 0, 4, 5" in sized.stdout
    assert "bounded   implementable" in sized.stdout
    strict = tellverify("check", "--require", "proved", "--instances", "D=4", cwd=tmp_path)
    assert strict.returncode == 3


def test_standard_input_has_the_name_it_is_given(tmp_path: Path) -> None:
    done = tellverify(
        "check", "-", "--stdin-name", "pipe.tell", "--format", "concise", cwd=tmp_path, text=BROKEN
    )
    assert done.returncode == 1
    assert done.stdout.startswith("pipe.tell:3:")


def test_unreadable_inputs_are_diagnostics(tmp_path: Path) -> None:
    write(tmp_path, good=GOOD)
    (tmp_path / "dangling.tell").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe.tell")
    (tmp_path / "notes.txt").write_text("hello", encoding="utf-8")
    done = tellverify(
        "check",
        "good.tell",
        "missing.tell",
        "dangling.tell",
        "pipe.tell",
        "notes.txt",
        "--format",
        "concise",
        cwd=tmp_path,
    )
    assert done.returncode == 1
    for path, code in (
        ("missing.tell", "TV001"),
        ("dangling.tell", "TV001"),
        ("pipe.tell", "TV001"),
        ("notes.txt", "TV004"),
    ):
        assert f"{path}:1:1: error[{code}]" in done.stdout
    assert "10 proved" in done.stdout
    assert "Traceback" not in done.stderr


def test_reports_that_cannot_be_written_are_said_and_others_are_written(tmp_path: Path) -> None:
    write(tmp_path, stuck=STUCK)
    done = tellverify(
        "check",
        "--report",
        f"json={tmp_path}",
        "--report",
        "markdown=out.md",
        "--evidence",
        "evidence",
        cwd=tmp_path,
    )
    assert done.returncode == 2
    assert "cannot write the json report" in done.stderr
    assert (tmp_path / "out.md").read_text(encoding="utf-8").startswith("<!-- tellverify")
    assert list((tmp_path / "evidence").rglob("*.itf.json"))


def test_a_closed_pipe_is_no_traceback(tmp_path: Path) -> None:
    write(tmp_path, **{f"stuck{i}": STUCK for i in range(40)})
    process = subprocess.Popen(
        [sys.executable, "-m", "tellverify", "check", "-v"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert b"Traceback" not in process.stderr.read()
    process.wait(timeout=60)
    process.stderr.close()


def test_written_traces_replay_and_changed_ones_do_not(tmp_path: Path) -> None:
    write(tmp_path, stuck=STUCK)
    tellverify("check", "--evidence", "evidence", cwd=tmp_path)
    (trace,) = (tmp_path / "evidence").rglob("*.itf.json")
    accepted = tellverify("replay", str(trace), "stuck.tell", cwd=tmp_path)
    assert accepted.returncode == 0, accepted.stdout + accepted.stderr
    changed = trace.read_text(encoding="utf-8").replace('"stop"', '"again"')
    trace.write_text(changed, encoding="utf-8")
    assert tellverify("replay", str(trace), "stuck.tell", cwd=tmp_path).returncode == 1


def test_every_face_of_a_run_says_the_same(tmp_path: Path) -> None:
    write(tmp_path, family=FAMILY, stuck=STUCK, timed=TIMED)
    text = tellverify("check", "--report", "json=run.json", cwd=tmp_path)
    run = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert run["exitCode"] == text.returncode == 1
    for word, count in run["totals"].items():
        assert f"{count} {word}" in text.stdout
    concise = tellverify("check", "--format", "concise", cwd=tmp_path)
    assert concise.stdout.count("error[") == text.stdout.count("error[")


@pytest.mark.parametrize("seed", ["0", "1", "4242"])
def test_equal_inputs_give_equal_bytes(tmp_path: Path, seed: str) -> None:
    write(tmp_path, family=FAMILY, stuck=STUCK, good=GOOD)
    outputs = []
    for value in ("7", seed):
        done = subprocess.run(
            [sys.executable, "-m", "tellverify", "check", "--format", "json"],
            cwd=tmp_path,
            capture_output=True,
            timeout=120,
            check=False,
            env={**os.environ, "PYTHONHASHSEED": value},
        )
        outputs.append(done.stdout)
    assert outputs[0] == outputs[1]
    assert outputs[0]


def test_version_and_help(tmp_path: Path) -> None:
    assert tellverify("--version", cwd=tmp_path).stdout.startswith("tellverify 0.")
    listed = tellverify("--help", cwd=tmp_path)
    assert listed.returncode == 0
    for name in ("check", "project", "show", "replay", "explain"):
        assert name in listed.stdout
