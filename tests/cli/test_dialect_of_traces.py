"""A trace that was written under `--dialect faithful` replays as what Telltale runs."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

# Telltale drops what follows the `choice`, so that `C` waits for `Work` after `y`.
TAIL = """\
protocol P =
  roles A, B, C
  choice A at
    | x =>
        A -> B : x
        A -> C : Work
    | y =>
        A -> B : y
  A -> C : Stop
"""


def tellverify(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tellverify", *arguments],
        cwd=cwd,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dialect")
    (folder / "tail.tell").write_text(TAIL, encoding="utf-8")
    done = tellverify(
        *("check", "tail.tell", "--isolated", "--no-cache", "--dialect", "faithful"),
        *("--evidence", "evidence"),
        cwd=folder,
    )
    assert done.returncode == 1, done.stderr
    (folder / "run.txt").write_text(done.stdout, encoding="utf-8")
    return folder


def printed_command(folder: Path, *file: str) -> list[str]:
    """The command as printed, or with `file` as the file that is read."""
    text = (folder / "run.txt").read_text(encoding="utf-8")
    (command,) = re.findall(r"tellverify (replay .+)$", text, re.MULTILINE)
    words = shlex.split(command)
    return [*(word for word in words if word != "tail.tell"), *file] if file else words


def test_the_printed_replay_command_replays_the_trace(folder: Path) -> None:
    done = tellverify(*printed_command(folder), cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "stuck-role" in done.stdout


def test_the_file_can_be_given_to_the_printed_replay_command(folder: Path) -> None:
    done = tellverify(*printed_command(folder, "tail.tell"), cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_trace_is_refused_when_the_fault_is_gone_in_its_dialect(folder: Path) -> None:
    """The same command accepts the trace before the protocol is mended, and refuses it after."""
    assert tellverify(*printed_command(folder), cwd=folder).returncode == 0
    mended = TAIL.replace("A -> B : y\n", "A -> B : y\n        A -> C : Work\n")
    (folder / "mended.tell").write_text(mended, encoding="utf-8")
    assert tellverify(*printed_command(folder, "mended.tell"), cwd=folder).returncode == 1


def test_evidence_is_accepted_again(folder: Path) -> None:
    done = tellverify("recheck", "evidence", cwd=folder)
    assert done.returncode == 0, done.stdout
    assert "0 rejected" in done.stdout


def test_a_check_of_the_strict_dialect_finds_no_such_run(folder: Path) -> None:
    done = tellverify("check", "tail.tell", "--isolated", cwd=folder)
    assert done.returncode == 0
    assert "replay" not in done.stdout
