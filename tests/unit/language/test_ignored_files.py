"""Folders are walked as `.gitignore` says; git itself is the judge where it is at hand."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tellverify.language.files.inputs import find

NAMES = (
    "a.tell b.tell build/c.tell src/build/d.tell src/keep.tell src/x/y/z.tell logs/e.tell "
    "src/logs/f.tell docs/a1.tell docs/a2.tell docs/ab.tell tmp/keep.tell src/#h.tell out/o/p.tell"
)
RULES = """\
# a comment
build/
/logs
!b.tell
src/**/z.tell
docs/a[0-1].tell
tmp/*
!tmp/keep.tell
\\#h.tell
out/**
[
"""


def tree(folder: Path) -> None:
    for name in NAMES.split():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("protocol P =\n", encoding="utf-8")
    (folder / ".gitignore").write_text(RULES, encoding="utf-8")
    (folder / "src" / ".gitignore").write_text("!build\nkeep.tell\n", encoding="utf-8")


def found(folder: Path) -> list[str]:
    return sorted(Path(path).relative_to(folder).as_posix() for path in find([str(folder)]))


EXPECTED = [
    "a.tell",
    "b.tell",
    "docs/a2.tell",
    "docs/ab.tell",
    "src/build/d.tell",
    "src/logs/f.tell",
]


def test_rules_of_all_folders_apply(tmp_path: Path) -> None:
    tree(tmp_path)
    assert found(tmp_path) == sorted([*EXPECTED, "tmp/keep.tell"])


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not at hand")
def test_git_agrees(tmp_path: Path) -> None:
    tree(tmp_path)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    listed = subprocess.run(
        ["git", "ls-files", "--others", "--exclude-standard", "*.tell"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    assert found(tmp_path) == sorted(listed)
    inner = tmp_path / "src"
    names = [name.removeprefix("src/") for name in sorted(listed) if name.startswith("src/")]
    assert found(inner) == names


def test_files_that_are_named_are_never_ignored(tmp_path: Path) -> None:
    tree(tmp_path)
    path = str(tmp_path / "build" / "c.tell")
    assert list(find([path])) == [path]


def test_other_files_count_where_they_hold_choreographies(tmp_path: Path) -> None:
    (tmp_path / "a.rs").write_text("tell! { protocol P { } }", encoding="utf-8")
    (tmp_path / "b.rs").write_text("// tell! { protocol P { } }", encoding="utf-8")
    (tmp_path / "c.md").write_text("```tell\nprotocol P =\n```\n", encoding="utf-8")
    (tmp_path / "d.md").write_text("what I tell you", encoding="utf-8")
    (tmp_path / "e.md").write_bytes(b"```tell\n\xff\n```\n")
    names = [Path(path).name for path in find([str(tmp_path)], embedded=True)]
    assert names == ["a.rs", "c.md"]
    assert list(find([str(tmp_path)])) == []
