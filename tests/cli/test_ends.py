"""How a process ends: by a signal, without streams or a folder, and with the right code."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

TOOL = [sys.executable, "-m", "tellverify"]
GOOD = "protocol Good =\n  roles A, B\n  A -> B : Ping\n"


def tellverify(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[bytes]:
    command = [*TOOL, *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, timeout=120, check=False)
    assert b"Traceback" not in done.stderr
    return done


STALL = """\
import os, sys, time
from tellverify.verification import pipeline
def stall(*arguments):
    os.write(1, b"begun\\n")  # in one call: two workers that begin at once share the pipe
    while True:
        time.sleep(0.05)
pipeline.check_file = stall
from tellverify.cli.main import main
main(sys.argv[1:])
"""


def started(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """A check that never ends by itself, once it has begun."""
    for name in "abc":
        (folder / f"{name}.tell").write_text(GOOD.replace("Good", f"Good{name}"))
    process = subprocess.Popen(
        [sys.executable, "-c", STALL, "check", "--isolated", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"begun\n"
    return process


@pytest.mark.usefixtures("default_signals")
@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_ends_a_check_with_its_code(
    tmp_path: Path, number: signal.Signals, code: int, jobs: str
) -> None:
    process = started(tmp_path, "--jobs", jobs)
    process.send_signal(number)
    out, err = process.communicate(timeout=120)
    assert process.returncode == code
    assert f"exit {code}".encode() in out
    assert b"Traceback" not in err


def children(parent: int) -> list[int]:
    text = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    return [int(number) for number in text.split()]


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs the /proc of Linux")
def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    process = started(tmp_path, "--jobs", "2")
    try:
        await_that(lambda: len(children(process.pid)) == 2)  # the second may begin later
        workers = children(process.pid)
    finally:
        process.kill()
        process.wait()
    await_that(lambda: not any(is_running(one) for one in workers))


def await_that(holds: Callable[[], bool]) -> None:
    """Wait until something that has to happen has happened."""
    for _ in range(600):
        if holds():
            return
        time.sleep(0.1)
    raise AssertionError("it has not happened")


def is_running(number: int) -> bool:
    try:
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_an_ignored_signal_stays_ignored(tmp_path: Path) -> None:
    code = (
        "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "from tellverify.verification.interruption import heed_signals\n"
        "heed_signals(); assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN\n"
        "assert callable(signal.getsignal(signal.SIGTERM))\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)


def test_an_interrupt_during_start_up_prints_no_traceback(tmp_path: Path) -> None:
    code = (
        "import builtins\n"
        "from tellverify.cli.main import main\n"
        "real = builtins.__import__\n"
        "def stop(name, *rest):\n"
        "    if name == 'click': raise KeyboardInterrupt\n"
        "    return real(name, *rest)\n"
        "builtins.__import__ = stop\n"
        "main(['check'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True)
    assert (done.returncode, done.stderr) == (130, b"interrupted\n")


def closing(*numbers: int) -> Callable[[], None]:
    def close() -> None:
        for number in numbers:
            os.close(number)

    return close


@pytest.mark.parametrize(
    ("arguments", "numbers", "code"),
    [
        (("check", "p.tell"), (0,), 0),
        (("check", "-"), (0,), 1),
        (("fmt", "-"), (0,), 1),
        (("show", "tokens", "-"), (0,), 0),
        (("check", "p.tell"), (1,), 2),
        (("check", "-q", "p.tell"), (1,), 0),
        (("check", "missing.tell"), (1, 2), 2),
        (("check", "--nonsense"), (2,), 2),
        (("check", "p.tell"), (2,), 0),
        (("check", "-q", "p.tell"), (0, 1, 2), 0),
        (("--version",), (1,), 2),
    ],
)
def test_closed_streams_are_no_defects(
    tmp_path: Path, arguments: tuple[str, ...], numbers: tuple[int, ...], code: int
) -> None:
    (tmp_path / "p.tell").write_text(GOOD)
    done = subprocess.run(
        [*TOOL, *arguments], cwd=tmp_path, preexec_fn=closing(*numbers), timeout=120, check=False
    )
    assert done.returncode == code
    assert [one.name for one in tmp_path.iterdir()] == ["p.tell"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is full")
@pytest.mark.parametrize(
    ("arguments", "full", "code"),
    [
        (("check", "."), (1,), 2),
        (("check", "."), (1, 2), 2),
        (("check", ".", "--protocol", "Other"), (2,), 2),
        (("check", "--no-such-option"), (2,), 2),
        (("no-such-command",), (2,), 2),
    ],
)
def test_a_full_disk_is_no_refutation(
    tmp_path: Path, arguments: tuple[str, ...], full: tuple[int, ...], code: int
) -> None:
    (tmp_path / "p.tell").write_text(GOOD)
    script = 'exec "$0" -m tellverify "$@" ' + " ".join(f"{n}>/dev/full" for n in full)
    done = subprocess.run(
        ["/bin/sh", "-c", script, sys.executable, *arguments],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert done.returncode == code
    assert b"Traceback" not in done.stderr


def test_a_reader_that_has_gone_is_no_refutation(tmp_path: Path) -> None:
    (tmp_path / "p.tell").write_text(GOOD)
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*TOOL, "check", "p.tell"],
        cwd=tmp_path,
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize("command", ["check", "check --isolated", "config show", "lint", "audit"])
def test_a_folder_that_is_gone_is_said(tmp_path: Path, command: str) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    script = f'cd gone && rmdir ../gone && exec "$0" -m tellverify {command}'
    done = subprocess.run(
        ["/bin/sh", "-c", script, sys.executable], cwd=tmp_path, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (2, b"tellverify: the working folder is gone\n")


@pytest.mark.parametrize("option", ["--timeout", "--total-timeout"])
@pytest.mark.parametrize("value", ["nan", "inf", "-1", "0", "1e10"])
def test_a_limit_of_time_is_a_number_of_seconds(tmp_path: Path, option: str, value: str) -> None:
    (tmp_path / "p.tell").write_text(GOOD)
    done = tellverify("check", f"{option}={value}", cwd=tmp_path)
    assert done.returncode == 2
    assert b"number of seconds" in done.stderr


@pytest.mark.parametrize("policy", ["missing", "broken.toml", "folder", "pipe"])
def test_a_lint_with_a_broken_policy_is_wrong_usage(tmp_path: Path, policy: str) -> None:
    (tmp_path / "p.tell").write_text(GOOD)
    (tmp_path / "broken.toml").write_text("x = [")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a.toml").write_bytes(b"\xff")
    os.mkfifo(tmp_path / "pipe")
    assert tellverify("lint", "--policy", policy, "p.tell", cwd=tmp_path).returncode == 2


@pytest.mark.parametrize("command", ["facts check", "manifest", "laws", "patterns", "recheck"])
def test_a_pipe_is_not_waited_for(tmp_path: Path, command: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert tellverify(*command.split(), "pipe", cwd=tmp_path).returncode in (1, 2)


def test_evidence_that_writes_nothing_says_so(tmp_path: Path) -> None:
    (tmp_path / "p.tell").write_text("nonsense\n")
    done = tellverify("check", "--evidence", "e", cwd=tmp_path)
    assert b"no evidence to write into e" in done.stderr


def test_nothing_changed_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "p.tell").write_text(GOOD)
    name = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    for arguments in (["init", "-q"], ["add", "."], [*name, "commit", "-qm", "one"]):
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True, capture_output=True)
    done = tellverify("check", "--changed-since", "HEAD", cwd=tmp_path)
    assert done.returncode == 0
    assert b"nothing has changed since `HEAD`" in done.stdout
    (tmp_path / "q.tell").write_text(GOOD.replace("Good", "Other"))
    assert tellverify("check", "--changed-since", "HEAD", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize(
    "command", [("audit",), ("audit", "--write"), ("baseline", "write"), ("baseline", "prune")]
)
def test_a_file_that_cannot_be_read_is_no_success(tmp_path: Path, command: tuple[str, ...]) -> None:
    """Nothing is known of it, so it is neither audited nor a known finding."""
    (tmp_path / "good.tell").write_text("protocol P =\n  roles A, B\n  A -> B : Ping\n", "utf-8")
    if command[-1] == "prune":
        assert tellverify("baseline", "write", "good.tell", cwd=tmp_path).returncode == 0
    before = sorted(path.name for path in tmp_path.iterdir())
    done = tellverify(*command, "good.tell", "none.tell", cwd=tmp_path)
    assert done.returncode == 1, done.stdout
    assert b"none.tell: cannot read this file" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == before
