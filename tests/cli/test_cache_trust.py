"""Who may put verdicts into a cache: this user alone. Everyone else's entries are not used."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import subprocess
from pathlib import Path

import pytest
from command_line import Command, command_of

from tellverify.cli.group import run
from tellverify.language.files import inputs
from tellverify.obligations.options import Options
from tellverify.report.html.page import write_html
from tellverify.report.run_file import write_json
from tellverify.verdict.run import CachedFiles, Run
from tellverify.verification import cache
from tellverify.verification.cache import Keys
from tellverify.verification.cache_key import NoKey, is_sealed, seal, user_key

GOOD = "protocol Good =\n  roles A, B\n  A -> B : Ping\n"
STUCK = """\
protocol Good =
  roles A, B, C
  choice A at
    | again =>
        A -> C : again
        C -> B : Work
    | stop =>
        A -> C : stop
"""

AGAIN = "1 of 1 files from the cache, computed again"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache folder of the user, outside of the folder that is checked."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "tellverify"


@pytest.fixture
def tellverify(
    tmp_path: Path,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Command:
    (tmp_path / "tree").mkdir()
    monkeypatch.chdir(tmp_path / "tree")
    return command_of(capsys)


def forge(place: Path) -> None:
    """Give the result of the good text to every key, as who cannot read the user's key can."""
    with sqlite3.connect(place) as connection:
        rows = connection.execute("SELECT key, text, seal FROM result").fetchall()
        proved = next((row for row in rows if b'"refuted"' not in row[1]), rows[0])
        connection.execute("UPDATE result SET text = ?, seal = ?", proved[1:])


def test_the_cache_is_in_the_folder_of_the_user(tellverify: Command, home: Path) -> None:
    Path("p.tell").write_text(GOOD)
    Path("tellverify.toml").write_text("")
    assert tellverify("check")[0] == 0
    assert sorted(os.listdir(".")) == ["p.tell", "tellverify.toml"]
    assert stat.S_IMODE((home / "key").stat().st_mode) == 0o600
    assert "1 of 1 files from the cache" in tellverify("check")[1]


def test_a_cache_folder_in_the_tree_is_no_default(
    tellverify: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("p.tell").write_text(GOOD)
    Path("tellverify.toml").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", os.path.abspath("inside"))
    code, _, err = tellverify("check")
    assert code == 0
    assert "there is no cache" in err
    assert not Path("inside").exists()


def test_an_isolated_check_has_no_cache(tellverify: Command, home: Path) -> None:
    Path("p.tell").write_text(GOOD)
    Path("tellverify.toml").write_text("cache = true\n")
    tellverify("check", "--isolated")
    assert not home.exists()


@pytest.mark.parametrize("folder", ["", "c"])
def test_the_proof_of_another_text_is_not_used(
    tellverify: Command, home: Path, folder: str
) -> None:
    """The entry of the refuted text is replaced by that of the proved one, seal and all."""
    Path("tellverify.toml").write_text("")
    arguments = ["check", "--property", "no-stuck-role", "--format", "concise"]
    arguments += ["--cache-dir", folder] if folder else []
    for text, code in ((GOOD, 0), (STUCK, 1)):
        Path("p.tell").write_text(text)
        assert tellverify(*arguments)[0] == code
    forge(Path(folder, "verdicts.sqlite") if folder else home / "verdicts.sqlite")
    code, out, err = tellverify(*arguments)
    assert code == 1
    assert "TV512" in out
    assert "made with another key" in err


def test_entries_made_with_another_key_are_not_used(tellverify: Command, home: Path) -> None:
    Path("p.tell").write_text(GOOD)
    assert tellverify("check", "--cache-dir", "c")[0] == 0
    (home / "key").unlink()
    _, out, err = tellverify("check", "--cache-dir", "c")
    assert "from the cache" not in out
    assert "1 entry" in err
    assert AGAIN in tellverify("check", "--cache-dir", "c")[1]


def test_a_tracked_cache_is_refused(tellverify: Command) -> None:
    Path("p.tell").write_text(GOOD)
    tellverify("check", "--cache-dir", "c")
    subprocess.run(["git", "init", "-q"], check=True)
    assert AGAIN in tellverify("check", "--cache-dir", "c")[1]
    subprocess.run(["git", "add", "-f", "c"], check=True)
    code, out, err = tellverify("check", "--cache-dir", "c")
    assert code == 0
    assert "from the cache" not in out
    assert "git tracks it" in err


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TRIGGER t AFTER INSERT ON result BEGIN DELETE FROM result; END",
        "CREATE VIEW v AS SELECT 1",
        "CREATE TABLE more (x)",
    ],
)
def test_a_file_with_more_than_the_table_is_left_alone(tellverify: Command, change: str) -> None:
    Path("p.tell").write_text(GOOD)
    tellverify("check", "--cache-dir", "c")
    with sqlite3.connect("c/verdicts.sqlite") as connection:
        connection.execute(change)
    _, out, err = tellverify("check", "--cache-dir", "c")
    assert "from the cache" not in out
    assert "something else" in err


def test_a_recheck_computes_and_says_what_differs(tellverify: Command, home: Path) -> None:
    Path("p.tell").write_text(GOOD)
    tellverify("check", "--cache-dir", "c")
    _, out, err = tellverify("check", "--cache-dir", "c", "--recheck-cache")
    assert (AGAIN in out, err) == (True, "")
    with sqlite3.connect("c/verdicts.sqlite") as connection:
        ((key, text),) = connection.execute("SELECT key, text FROM result").fetchall()
        wrong = text.replace(b'"Good"', b'"Bad"')
        sealed = seal(user_key(), key, wrong)
        connection.execute("UPDATE result SET text = ?, seal = ?", (wrong, sealed))
    _, _, err = tellverify("check", "--cache-dir", "c", "--recheck-cache")
    assert "the result of p.tell in the cache" in err
    assert tellverify("check", "--cache-dir", "c", "--recheck-cache")[2] == ""


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_a_key_that_others_can_read_is_none(home: Path, mode: int) -> None:
    user_key()
    (home / "key").chmod(mode)
    with pytest.raises(NoKey, match="others"):
        user_key()


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_key_of_another_length_is_none(home: Path, length: int) -> None:
    home.mkdir(parents=True)
    (home / "key").write_bytes(b"x" * length)
    (home / "key").chmod(0o600)
    with pytest.raises(NoKey, match="32 bytes"):
        user_key()


def test_a_key_that_is_a_link_or_a_pipe_is_none(home: Path) -> None:
    home.mkdir(parents=True)
    (home / "other").write_bytes(b"x" * 32)
    (home / "key").symlink_to("other")
    with pytest.raises(NoKey):
        user_key()
    (home / "key").unlink()
    os.mkfifo(home / "key", 0o600)
    with pytest.raises(NoKey):
        user_key()


def test_a_seal_is_of_one_key_one_entry_and_one_text() -> None:
    one, other = b"1" * 32, b"2" * 32
    good = seal(one, "k", b"text")
    assert is_sealed(one, "k", b"text", good)
    assert not is_sealed(other, "k", b"text", good)
    assert not is_sealed(one, "kt", b"ext", good)
    assert not is_sealed(one, "k", b"texts", good)
    assert not is_sealed(one, "k", b"text", good[:-1])


def test_the_content_of_the_package_is_in_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change that keeps size and time of a file changes the key."""
    source = tmp_path / "tellverify" / "__init__.py"
    source.parent.mkdir()
    source.write_text("x = 1\n")
    monkeypatch.setattr(cache.tellverify, "__file__", str(source))
    file = inputs.decode("p.tell", GOOD.encode())

    def key() -> str:
        cache._package.cache_clear()
        return Keys([file], Options()).key(file, imports=False)

    try:
        before, times = key(), source.stat()
        source.write_text("x = 2\n")
        os.utime(source, ns=(times.st_atime_ns, times.st_mtime_ns))
        assert key() != before
    finally:
        cache._package.cache_clear()


@pytest.mark.parametrize("style", ["text", "concise", "github", "none"])
def test_every_format_says_what_comes_from_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], style: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    for name in ("a", "b"):
        Path(f"{name}.tell").write_text("protocol P =\n  roles A, B\n  A -> B : Ping\n")
    given = ["check", "--format", style, "--cache-dir", "user/tellverify"]
    run(given)
    first = capsys.readouterr()
    assert "from the cache" not in first.out + first.err
    run(given)
    again = capsys.readouterr()
    assert "2 of 2 files from the cache" in (again.err if style == "none" else again.out)


@pytest.mark.parametrize("kind", ["sarif", "junit", "gitlab", "markdown", "proof"])
def test_every_report_says_what_comes_from_the_cache(
    tellverify: Command, home: Path, kind: str
) -> None:
    for name in ("a", "b"):
        Path(f"{name}.tell").write_text("protocol P =\n  roles A, B\n  A -> B : Ping\n")
    given = ("check", "--cache-dir", str(home), "--report", f"{kind}=r", "-q")
    tellverify(*given)
    assert "from the cache" not in Path("r").read_text()
    tellverify(*given)
    assert "2 of 2 files from the cache" in Path("r").read_text()


def test_a_stored_run_says_what_came_from_the_cache() -> None:
    """A check that writes JSON or HTML computes everything; a run may say it all the same."""
    run_ = Run((), (), (), 0, "fine", cached=CachedFiles(2, 5))
    assert json.loads(write_json(run_, {}))["cached"] == {"files": 2, "of": 5, "again": False}
    assert "2 of 5 files from the cache" in write_html(run_, {})


@pytest.mark.parametrize("again", [("--recheck-cache",), ("--cache-dir", "c")])
def test_an_authentic_entry_is_not_believed_outside_of_the_users_cache(
    tellverify: Command, home: Path, again: tuple[str, ...]
) -> None:
    """An entry with the seal of this user that calls the refuted text proved."""
    folder = Path("c") if "c" in again else home
    Path("p.tell").write_text(STUCK)
    given = ("check", "--format", "concise", "--property", "no-stuck-role")
    given += ("--cache-dir", str(folder))
    assert tellverify(*given)[0] == 1
    Path("q.tell").write_text(GOOD)
    with sqlite3.connect(folder / "verdicts.sqlite") as connection:
        ((key, _),) = connection.execute("SELECT key, text FROM result").fetchall()
    tellverify(*given, "q.tell")
    with sqlite3.connect(folder / "verdicts.sqlite") as connection:
        rows = connection.execute("SELECT text FROM result WHERE key != ?", (key,)).fetchall()
        good = rows[0][0].replace(b"q.tell", b"p.tell")
        row = (good, seal(user_key(), key, good), key)
        connection.execute("UPDATE result SET text = ?, seal = ? WHERE key = ?", row)
    code, out, err = tellverify(*given, *again, "p.tell")
    assert (code, "TV512" in out) == (1, True)
    assert "differs from the result computed now" in err
