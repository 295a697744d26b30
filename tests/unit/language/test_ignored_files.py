"""Folders are walked as `.gitignore` says; git itself is the judge where it is at hand."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from tellverify.language.files.gitignore import ignored_at
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
    names = [Path(path).name for path in find([str(tmp_path)])]
    assert names == ["a.rs", "c.md", "e.md"]


PIECES = (
    "a a b b c * * ** / / / ? [ab] [!a] [^-c] [a-c] []a] [+-0] \\* \\a - . **/ /** [ \\ ! #"
    " [[:alpha:]] [![:punct:]] [[:odd:]] [\\]] [a-] *** **\\/ [c-a] [a\\-c] [./0] é [é] a**/b"
)


def leaves_out(folder: Path, path: str) -> bool:
    """Whether a file is left out, or one of its folders is."""
    steps = path.split("/")
    rules = ignored_at(str(folder)).within(str(folder))
    return any(
        rules.leaves_out(str(folder.joinpath(*steps[:end])), is_folder=end < len(steps))
        for end in range(1, len(steps) + 1)
    )


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not at hand")
def test_git_agrees_on_random_patterns(tmp_path: Path) -> None:
    chance = random.Random(3)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    expected: dict[str, tuple[str, str]] = {}
    for number in range(700):
        pattern = "".join(chance.choices([*PIECES.split(" "), " ", "\t"], k=chance.randint(1, 7)))
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / ".gitignore").write_text(f"{pattern}\n", encoding="utf-8")
        for _ in range(20):
            steps = [
                "".join(chance.choices("aaabbc-*]é ", k=chance.randint(1, 3)))
                for _ in range(chance.randint(1, 4))
            ]
            expected[f"{number}/{'/'.join(steps)}"] = (pattern, "/".join(steps))
    told = subprocess.run(
        ["git", "check-ignore", "--no-index", "-z", "--stdin"],
        cwd=tmp_path,
        input="\0".join(expected),
        capture_output=True,
        encoding="utf-8",
        check=True,
    ).stdout.split("\0")
    ignored = set(told) - {""}
    assert len(ignored) > 1_000
    wrong = [
        expected[path]
        for path in expected
        if leaves_out(tmp_path / path.partition("/")[0], path.partition("/")[2])
        != (path in ignored)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("lines", "kept", "left_out"),
    [
        (b"x[!a]y\n", ["x/y", "xay"], ["xby"]),
        (b"\xef\xbb\xbfa\r\nb  \nc\\ \n", ["c"], ["a", "b", "c "]),
        (b"a\\\n[a\n[[:odd:]]\n", ["a", "a\\", "[a"], []),
        (b"a\x0bb\n", ["a", "b"], ["a\x0bb"]),
        (b"/a\n//b\n/\n!\n", ["x/a", "b"], ["a"]),
    ],
)
def test_odd_lines(tmp_path: Path, lines: bytes, kept: list[str], left_out: list[str]) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_bytes(lines)
    assert [path for path in (*kept, *left_out) if leaves_out(tmp_path, path)] == left_out


def test_many_stars_never_backtrack(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    stars = "*a" * 100
    (tmp_path / ".gitignore").write_text(f"{stars}b\n{'**/' + stars + '/'}{'**/x/' * 50}b\n")
    assert not leaves_out(tmp_path, "/".join(["a" * 200] * 10))
    assert leaves_out(tmp_path, "a" * 200 + "b")
