"""Files and folders that may hold protocols are checked, or it is said that they are not."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import Command, command_of

GOOD = "protocol Good =\n  roles A, B\n  A -> B : Ping\n"
BAD = "protocol Bad =\n  roles A, B\n  Q -> B : Ping\n"


@pytest.fixture
def tellverify(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    monkeypatch.chdir(tmp_path)
    Path("good.tell").write_text(GOOD)
    return command_of(capsys)


def test_a_folder_that_cannot_be_read_is_an_error(
    tellverify: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("open", "shut"):
        Path(name).mkdir()
        Path(name, f"{name}.tell").write_text(GOOD.replace("Good", name.title()))
    scan, listing = os.scandir, os.listdir

    def refusing(path: str) -> Iterator[os.DirEntry[str]]:
        if os.path.basename(str(path)) == "shut":
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    def refusing_too(path: str) -> list[str]:
        list(refusing(path))
        return listing(path)

    monkeypatch.setattr(os, "scandir", refusing)
    monkeypatch.setattr(os, "listdir", refusing_too)
    code, out, _ = tellverify("check", "--format", "concise")
    assert code == 1
    assert "shut:1:1: error[TV001] cannot read this file: permission denied" in out


@pytest.mark.parametrize("name", ["page.md", "lib.rs"])
def test_a_page_that_is_no_text_is_an_error_if_it_may_hold_protocols(
    tellverify: Command, name: str
) -> None:
    inner = f"```tell\n{GOOD}```\n" if name == "page.md" else f'tell!(r#"{GOOD}"#);\n'
    Path(name).write_bytes(b"\xff\n" + inner.encode())
    code, out, _ = tellverify("check", "--format", "concise")
    assert code == 1
    assert f"{name}:1:1: error[TV002]" in out
    Path(name).write_bytes(b"\xff\n nothing to tell\n")
    assert tellverify("check")[0] == 0


def test_a_page_that_cannot_be_read_is_an_error(tellverify: Command) -> None:
    Path("nowhere.md").symlink_to("missing")
    assert tellverify("check")[0] == 0
    os.mkfifo("pipe.md")
    code, out, _ = tellverify("check", "--format", "concise")
    assert code == 1
    assert "pipe.md:1:1: error[TV001]" in out


def test_an_ignored_file_that_git_tracks_is_checked(tellverify: Command) -> None:
    for name in ("alone.tell", "build/inner.tell", "build/page.md", "build/other.txt"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(BAD)
    Path("build/untracked.tell").write_text(BAD)
    Path(".gitignore").write_text("build/\nalone.tell\n")
    subprocess.run(["git", "init", "-q"], check=True)
    assert tellverify("check")[0] == 0
    files = ["alone.tell", "build/inner.tell", "build/page.md", "build/other.txt"]
    subprocess.run(["git", "add", "-f", *files], check=True)
    code, out, err = tellverify("check", "--format", "concise")
    assert code == 1
    assert "alone.tell:3:3: error" in out
    assert "build/inner.tell:3:3: error" in out
    assert "untracked" not in out
    assert "names 2 files (alone.tell, build/inner.tell) that git tracks" in err


def test_what_is_not_looked_into_is_said(tellverify: Command, tmp_path: Path) -> None:
    Path(".hidden").mkdir()
    Path(".hidden/p.tell").write_text(BAD)
    subprocess.run(["git", "init", "-q"], check=True)
    subprocess.run(["git", "add", "."], check=True)
    Path("real").mkdir()
    Path("link").symlink_to("real")
    code, _, err = tellverify("check")
    assert code == 0
    assert "1 file (.hidden/p.tell) with protocols in entries that begin with a dot" in err
    assert "1 link to folders not followed: link" in err


def test_a_file_and_a_link_to_it_are_one_file(tellverify: Command) -> None:
    Path("real.tell").write_text(f"module m exposing (Bad)\n{BAD}")
    Path("alias.tell").symlink_to("real.tell")
    Path("inner").mkdir()
    Path("inner/other.tell").symlink_to("../real.tell")
    _, out, err = tellverify("check", ".", "--format", "concise")
    assert (out.count("TV201"), "real.tell:" in out) == (1, True), out
    assert "2 links to folders, or to files that are checked, not followed: alias.tell" in err
    _, out, _ = tellverify("lint", ".", "--format", "concise")
    assert "TV384" not in out
    _, out, _ = tellverify("check", "alias.tell", "inner", "--format", "concise")
    assert (out.count("alias.tell:"), out.count("inner/other.tell:")) == (1, 1), out
    assert "inner/other.tell:1:1: error[TV001]" in out  # it leads out of the folder that is named


def test_a_suffix_that_is_not_read_is_said_where_there_are_protocols(tellverify: Command) -> None:
    Path("a.TELL").write_text(BAD)
    Path("b.Md").write_text(f"```tell\n{BAD}```\n")
    Path("c.markdown").write_text(f"```tell\n{BAD}```\n")
    Path("d.RS").write_text('tell!("' + GOOD.replace("\n", "\\n") + '");\n')
    Path("e.MD").write_text("nothing to tell here\n")
    Path("f.md").write_text("```Tell\n" + BAD + "```\n")
    code, out, err = tellverify("check", "--isolated", "--format", "concise", ".")
    assert code == 1 and "f.md:4" in out
    assert "4 files (a.TELL, b.Md, c.markdown, d.RS) with protocols under a suffix" in err
    assert "e.MD" not in err


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.md", "```tell\n{{#include b.tell}}\n```\n"),
        ("a.rs", 'fn f() { tell!(include_str!("b.tell")); }\n'),
        ("a.rs", 'fn f() { tell!(include_str !("b.tell")); }\n'),
    ],
)
def test_what_a_file_includes_is_checked_with_it(tellverify: Command, name: str, text: str) -> None:
    """However the file is named in it; alone, beside others, and in several processes."""
    Path("b.tell").write_text(f"module b exposing (Bad)\n{BAD}")
    Path(name).write_text(text)
    for options in ((), ("--jobs", "2")):
        for paths in ((name,), (name, "good.tell"), ("good.tell", name)):
            code, out, err = tellverify("check", *options, *paths)
            assert (code, "TV201" in out) == (1, True), (paths, out, err)


def test_what_is_ignored_is_said_where_git_cannot_be_asked(
    tellverify: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a work tree alone: elsewhere nothing is tracked."""
    Path(".gitignore").write_text("bad.tell\n/made\n")
    Path("bad.tell").write_text(BAD)
    Path("made").mkdir()
    monkeypatch.setenv("PATH", "/nowhere")
    assert ".gitignore" not in "".join(tellverify("check")[1:])
    Path(".git").mkdir()
    for options in ((), ("--strict",)):
        said = " ".join("".join(tellverify("check", *options)[1:]).split())
        assert "`.gitignore` leaves out 2 entries (bad.tell, made): git cannot be run" in said
    Path(".gitignore").write_text("")
    assert ".gitignore" not in "".join(tellverify("check")[1:])
