"""A baseline hides a finding in the file that it has seen, and in no other."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REFUTED = """\
protocol Ping =
  roles A, B, C
  choice A at
    | Left =>
        A -> B : Left
        A -> C : Left
    | Right =>
        A -> B : Right
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


def check(*paths: str, cwd: Path) -> int:
    done = tellverify("check", *paths, "--isolated", "--baseline", "known.json", cwd=cwd)
    return done.returncode


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with `a/x.tell`, all of whose findings are known."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a/x.tell").write_text(REFUTED, encoding="utf-8")
    done = tellverify(
        *("baseline", "write", "a", "--isolated", "--allow-refuted", "--baseline", "known.json"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return tmp_path


def test_a_known_finding_is_hidden_in_its_own_file(folder: Path) -> None:
    assert check("a/x.tell", cwd=folder) == 0


def test_a_known_finding_is_hidden_in_its_own_file_when_lines_have_moved(folder: Path) -> None:
    (folder / "a/x.tell").write_text("-- a comment\n\n" + REFUTED, encoding="utf-8")
    assert check("a/x.tell", cwd=folder) == 0


@pytest.mark.parametrize("path", ["b/x.tell", "a/y.tell"])
def test_a_copy_in_a_new_file_is_a_new_finding(folder: Path, path: str) -> None:
    (folder / path).parent.mkdir(exist_ok=True)
    shutil.copy(folder / "a/x.tell", folder / path)
    assert check(path, cwd=folder) == 1
    assert check(".", cwd=folder) == 1


def test_a_copy_beside_a_file_that_was_mended_is_a_new_finding(folder: Path) -> None:
    """The finding of the copy is not the one that has gone from the file that was seen."""
    (folder / "b").mkdir()
    shutil.move(folder / "a/x.tell", folder / "b/x.tell")
    mended = REFUTED + "        A -> C : Right\n"
    (folder / "a/x.tell").write_text(mended, encoding="utf-8")
    assert check("a", "b", cwd=folder) == 1


def test_the_finding_of_a_file_is_gone_although_a_copy_has_it(folder: Path) -> None:
    (folder / "b").mkdir()
    shutil.copy(folder / "a/x.tell", folder / "b/x.tell")
    mended = REFUTED + "        A -> C : Right\n"
    (folder / "a/x.tell").write_text(mended, encoding="utf-8")
    done = tellverify(
        *("baseline", "verify", "a", "b", "--isolated", "--baseline", "known.json"), cwd=folder
    )
    assert done.returncode == 1, done.stdout


def test_a_finding_of_a_copy_is_not_marked_as_known(folder: Path) -> None:
    (folder / "b").mkdir()
    shutil.copy(folder / "a/x.tell", folder / "b/x.tell")
    arguments = ("--isolated", "--baseline", "known.json", "--format", "none")
    tellverify("check", "a", "b", *arguments, "--report", "sarif=run.sarif", cwd=folder)
    results = json.loads((folder / "run.sarif").read_bytes())["runs"][0]["results"]
    states = [
        (
            one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
            one["properties"]["obligation"].rpartition("/")[2],
            one.get("baselineState"),
        )
        for one in results
        if "obligation" in one["properties"]
    ]
    assert sorted(states) == [
        ("a/x.tell", "no-stuck-role[C]", "unchanged"),
        ("a/x.tell", "projectable[C]", "unchanged"),
        ("b/x.tell", "no-stuck-role[C]", "new"),
        ("b/x.tell", "projectable[C]", "new"),
    ]
