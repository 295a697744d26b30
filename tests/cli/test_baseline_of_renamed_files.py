"""A baseline follows a file that git reports as renamed since the baseline was committed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tellverify.verification.git import renamed_since

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
OTHER = """\
protocol Offer =
  roles Buyer, Seller, Courier
  choice Buyer at
    | Order =>
        Buyer -> Seller : Order
        Seller -> Courier : Parcel
    | Cancel =>
        Buyer -> Seller : Cancel
"""
pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
ENVIRONMENT = {
    **{key: value for key, value in os.environ.items() if not key.startswith("GIT_")},
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


def git(*arguments: str, cwd: Path) -> None:
    identity = ("-c", "user.name=Test", "-c", "user.email=test@example.com")
    subprocess.run(
        ["git", *identity, *arguments], cwd=cwd, env=ENVIRONMENT, capture_output=True, check=True
    )


def tellverify(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tellverify", *arguments, "--isolated", "--baseline", "known.json"],
        cwd=cwd,
        env=ENVIRONMENT,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def check(cwd: Path) -> int:
    return tellverify("check", ".", cwd=cwd).returncode


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository with two refuted files and a baseline that knows both, committed."""
    for path, text in (("a/x.tell", REFUTED), ("a/offer.tell", OTHER)):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    done = tellverify("baseline", "write", ".", "--allow-refuted", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    git("init", "-q", cwd=tmp_path)
    git("add", ".", cwd=tmp_path)
    git("commit", "-qm", "Add two protocols", cwd=tmp_path)
    assert check(tmp_path) == 0
    return tmp_path


def rename(folder: Path, old: str, new: str) -> None:
    (folder / new).parent.mkdir(exist_ok=True)
    git("mv", old, new, cwd=folder)


def test_renamed_files_are_known(folder: Path) -> None:
    rename(folder, "a/x.tell", "b/y.tell")
    rename(folder, "a/offer.tell", "a/order.tell")
    assert check(folder) == 0


def test_a_renamed_file_is_known_after_the_rename_is_committed(folder: Path) -> None:
    rename(folder, "a/x.tell", "b/y.tell")
    git("commit", "-qm", "Rename", cwd=folder)
    assert check(folder) == 0
    rename(folder, "b/y.tell", "b/z.tell")
    git("commit", "-qm", "Rename again", cwd=folder)
    assert check(folder) == 0


def test_a_renamed_file_with_moved_lines_is_known(folder: Path) -> None:
    rename(folder, "a/x.tell", "b/y.tell")
    (folder / "b/y.tell").write_text("-- moved\n" + REFUTED, encoding="utf-8")
    assert check(folder) == 0


def test_a_new_finding_of_a_renamed_file_is_not_known(folder: Path) -> None:
    rename(folder, "a/x.tell", "b/y.tell")
    (folder / "b/y.tell").write_text(REFUTED.replace("Right\n", "Wrong\n"), encoding="utf-8")
    assert check(folder) == 1


def test_a_moved_file_that_git_does_not_track_is_new(folder: Path) -> None:
    (folder / "b").mkdir()
    shutil.move(folder / "a/x.tell", folder / "b/y.tell")
    assert check(folder) == 1


def test_a_copy_of_a_file_that_is_still_there_is_new(folder: Path) -> None:
    (folder / "b").mkdir()
    shutil.copy(folder / "a/x.tell", folder / "b/y.tell")
    git("add", ".", cwd=folder)
    assert check(folder) == 1


def test_the_baseline_below_a_folder_of_the_repository_follows_too(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    (inner / "a").mkdir(parents=True)
    (inner / "a/x.tell").write_text(REFUTED, encoding="utf-8")
    assert tellverify("baseline", "write", ".", "--allow-refuted", cwd=inner).returncode == 0
    git("init", "-q", cwd=tmp_path)
    git("add", ".", cwd=tmp_path)
    git("commit", "-qm", "Add a protocol", cwd=tmp_path)
    rename(inner, "a/x.tell", "a/y.tell")
    assert check(inner) == 0


def test_the_renames_that_git_reports(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of files that are missing alone, with each new path once."""
    rename(folder, "a/x.tell", "b/y y.tell")
    rename(folder, "a/offer.tell", "b/größer.tell")
    monkeypatch.chdir(folder)
    both = frozenset(("a/x.tell", "a/offer.tell"))
    assert renamed_since("known.json", both) == {
        "a/x.tell": "b/y y.tell",
        "a/offer.tell": "b/größer.tell",
    }
    assert renamed_since("known.json", frozenset(("a/x.tell",))) == {"a/x.tell": "b/y y.tell"}
    assert renamed_since("never-committed.json", both) == {}


def test_nothing_is_renamed_outside_of_a_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert renamed_since("known.json", frozenset(("a/x.tell",))) == {}
