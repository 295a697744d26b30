"""A repository under review runs no program of its own through git, and hides no change from it."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import tellverify
from tellverify.cli.group import run
from tellverify.verification.git import NoRepository, differences
from tellverify.verification.repository import is_tracked

GOOD = "protocol Good =\n  roles A, B\n  A -> B : Ping\n"
STUCK = """\
protocol Stuck =
  roles A, B, C
  choice A at
    | again =>
        A -> C : again
        C -> B : Work
    | stop =>
        A -> C : stop
"""
Call = Callable[..., tuple[int, str]]

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="the programs of the repository are shell scripts"
)


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "protocol.file.allow=always")
    command = ["git", *identity, *arguments]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, encoding="utf-8")
    return done.stdout


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one protocol in a folder and one beside it, both committed."""
    folder = tmp_path / "repository"
    (folder / "inner").mkdir(parents=True)
    (folder / "a.tell").write_text(GOOD)
    (folder / "inner" / "b.tell").write_text(GOOD.replace("Good", "Fine"))
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "base")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    def do(*arguments: str) -> tuple[int, str]:
        code = run(arguments)
        return code, "".join(capsys.readouterr())

    return do


@pytest.fixture
def spy(repository: Path, tmp_path: Path) -> Iterator[Path]:
    """A program of the repository which leaves a file as soon as it is run."""
    trace = tmp_path / "it-ran"
    program = tmp_path / "program"
    program.write_text(f'#!/bin/sh\necho "$0" >> {trace}\ncat\n')
    program.chmod(0o755)
    settings = {
        "core.fsmonitor": program,
        "core.pager": program,
        "core.sshCommand": program,
        "diff.external": program,
        "diff.own.textconv": program,
        "diff.own.command": program,
        "filter.own.clean": program,
        "filter.own.smudge": program,
        "filter.own.required": "true",
        "filter.with.dots.and=signs.process": program,
        "gpg.program": program,
        "log.showSignature": "true",
    }
    for name, value in settings.items():
        git(repository, "config", name, str(value))
    hooks = repository / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for hook in ("post-index-change", "post-checkout", "reference-transaction"):
        (hooks / hook).write_text(program.read_text())
        (hooks / hook).chmod(0o755)
    attributes = "*.tell filter=own diff=own\n*.rs filter=with.dots.and=signs diff=own\n"
    (repository / ".git" / "info" / "attributes").write_text(attributes)
    yield trace
    assert not trace.exists(), trace.read_text()


def signed(folder: Path) -> None:
    """Give the last commit a signature, which a program of the repository would look at."""
    raw = git(folder, "cat-file", "commit", "HEAD")
    head, _, message = raw.partition("\n\n")
    body = f"{head}\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----"
    new = subprocess.run(
        ["git", "hash-object", "-t", "commit", "-w", "--stdin"],
        cwd=folder,
        input=f"{body}\n\n{message}".encode(),
        check=True,
        capture_output=True,
    ).stdout.decode()
    (folder / ".git" / "HEAD").write_text(new)


COMMANDS = [
    ("check", "--changed-since", "HEAD"),
    ("check", "--strict", "--base", "HEAD"),
    ("check", "--baseline", "known.json"),
    ("check", "--compare-against", "HEAD"),
    ("compare", "HEAD", "."),
    ("facts", "compare", "f.rs", "--against", "HEAD"),
    ("admit", "."),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda one: " ".join(one))
def test_no_command_runs_what_the_repository_configures(
    repository: Path, call: Call, spy: Path, command: tuple[str, ...]
) -> None:
    (repository / "s.tell").write_text(STUCK)
    (repository / "f.rs").write_text("fn main() {}\n")
    assert call("baseline", "write", ".", "--allow-refuted", "--baseline", "known.json")[0] == 0
    git(repository, "-c", "core.fsmonitor=", "-c", "core.hooksPath=/dev/null", *QUIET, "add", "-A")
    git(repository, "-c", "core.fsmonitor=", "-c", "core.hooksPath=/dev/null", *COMMIT)
    signed(repository)
    spy.unlink(missing_ok=True)
    (repository / "s.tell").rename(repository / "t.tell")  # a baseline asks for renames then
    for name in ("a.tell", "f.rs"):
        (repository / name).write_text((repository / name).read_text() + "\n")
    before = (repository / ".git" / "index").read_bytes()
    _, said = call(*command)
    assert "Traceback" not in said
    assert (repository / ".git" / "index").read_bytes() == before


QUIET = ("-c", "filter.own.clean=", "-c", "filter.own.required=false")
COMMIT = (*QUIET, "commit", "-qm", "more")


def test_programs_that_the_user_configures_stay(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A filter of the user's own settings is applied, so that its files do not look changed."""
    settings = tmp_path / "settings"
    settings.write_text('[filter "user"]\n\tclean = tr X x\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    (repository / ".gitattributes").write_text("*.tell filter=user\n")
    text = (repository / "a.tell").read_text()
    (repository / "a.tell").write_text(text + "-- x\n")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "with a filter")
    (repository / "a.tell").write_text(text + "-- X\n")
    assert differences(".", "--name-only", "HEAD") == []
    (repository / "a.tell").write_text(text + "-- y\n")
    assert differences(".", "--name-only", "HEAD") == ["a.tell"]


def test_settings_of_the_environment_stay(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the environment sets is not overwritten where filters are switched off."""
    git(repository, "config", "filter.own.clean", "false")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.fileMode")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "false")
    git(repository, "config", "core.fileMode", "true")
    (repository / "a.tell").chmod(0o755)
    assert differences(".", "--name-only", "HEAD") == []


def test_a_folder_that_looks_like_a_repository_is_none(
    repository: Path, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its settings and its empty index would speak for the files beside it."""
    inner = repository / "inner"
    for folder in ("objects", "refs"):
        (inner / folder).mkdir()
        (inner / folder / "kept").write_text("")
    (inner / "HEAD").write_text("ref: refs/heads/main\n")
    ran = tmp_path / "it-ran"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {ran}\n")
    program.chmod(0o755)
    (inner / "config").write_text(
        f"[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = {inner}\n"
        f"\tfsmonitor = {program}\n\thooksPath = {tmp_path}\n"
    )
    (inner / "hidden.tell").write_text(STUCK)
    (inner / ".gitignore").write_text("hidden.tell\n")
    git(repository, "add", "-f", *(f"inner/{name}" for name in ("HEAD", "config", "hidden.tell")))
    git(repository, "commit", "-qm", "a hidden protocol")
    assert "hidden.tell" in git(repository, "ls-files")
    assert call("check", "--no-cache", "inner")[0] == 1
    assert call("check", "--no-cache", ".")[0] == 1
    monkeypatch.chdir(inner)
    assert call("check", "--no-cache", ".")[0] == 1
    code, said = call("check", "--no-cache", "--changed-since", "HEAD~1", ".")
    assert code in (1, 2), said
    assert not ran.exists()


def checked(call: Call, *arguments: str) -> list[str]:
    _, said = call("check", "--format", "json", "--no-cache", *arguments)
    report, _ = json.JSONDecoder().raw_decode(said[said.index("{") :])  # notes are beside it
    return [one["path"] for one in report["inputs"]]


def test_a_setting_that_shortens_names_hides_no_change(
    repository: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(repository, "config", "diff.relative", "true")
    monkeypatch.chdir(repository / "inner")
    Path("b.tell").write_text(STUCK)
    assert checked(call, "--changed-since", "HEAD", "b.tell") == ["b.tell"]
    assert call("check", "--changed-since", "HEAD", "b.tell")[0] == 1


def test_gitmodules_hides_no_change_of_a_submodule(
    repository: Path, call: Call, tmp_path: Path
) -> None:
    """Files of another work tree always count as changed, whatever is said about them."""
    library = tmp_path / "library"
    library.mkdir()
    (library / "c.tell").write_text(GOOD)
    git(library, "init", "-q")
    git(library, "add", "-A")
    git(library, "commit", "-qm", "library")
    git(repository, "submodule", "--quiet", "add", str(library), "lib")
    git(repository, "commit", "-qm", "with a submodule")
    git(repository, "config", "-f", ".gitmodules", "submodule.lib.ignore", "all")
    (repository / "lib" / "c.tell").write_text(STUCK)
    assert call("check", "--changed-since", "HEAD")[0] == 1
    git(repository / "lib", "commit", "-qam", "worse")
    git(repository, "add", "-A", "-f")
    git(repository, "commit", "-qm", "a change")
    assert checked(call, "--changed-since", "HEAD~1") == ["lib/c.tell"]
    assert call("check", "--changed-since", "HEAD~1")[0] == 1


def test_a_hook_in_a_subfolder_asks_the_repository_of_that_folder(
    repository: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Git takes the working folder for the top of the work tree where `GIT_DIR` alone is set."""
    (repository / "inner" / "c.tell").write_text(GOOD)
    monkeypatch.chdir(repository / "inner")
    assert checked(call, "--changed-since", "HEAD") == ["c.tell"]
    monkeypatch.setenv("GIT_DIR", str(repository / ".git"))
    monkeypatch.setenv("GIT_LITERAL_PATHSPECS", "1")
    assert checked(call, "--changed-since", "HEAD") == ["c.tell"]
    assert is_tracked("b.tell")
    assert not is_tracked("c.tell")


def test_a_hook_asks_a_submodule_about_its_own_commits(
    repository: Path, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = tmp_path / "library"
    library.mkdir()
    (library / "c.tell").write_text(GOOD)
    git(library, "init", "-q")
    git(library, "add", "-A")
    git(library, "commit", "-qm", "library")
    git(repository, "submodule", "--quiet", "add", str(library), "lib")
    git(repository, "commit", "-qm", "with a submodule")
    (repository / "lib" / "c.tell").write_text(GOOD.replace("Ping", "Pong"))
    asked = ("compare", "--against", "HEAD", "--format", "concise", "lib")
    alone = call(*asked)
    assert (alone[0], "no order" in alone[1]) == (1, True), alone
    place = repository / ".git"
    for name, value in (("GIT_DIR", place), ("GIT_INDEX_FILE", place / "index")):
        monkeypatch.setenv(name, str(value))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(place / "objects"))
    assert call(*asked) == alone


def test_what_a_hook_is_about_to_commit_is_tracked(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its index is another file than that of the repository."""
    (repository / "c.tell").write_text(GOOD)
    monkeypatch.setenv("GIT_INDEX_FILE", str(repository / ".git" / "next-index"))
    git(repository, "add", "c.tell")
    assert is_tracked("c.tell")
    monkeypatch.delenv("GIT_INDEX_FILE")
    assert not is_tracked("c.tell")


def test_an_ignored_file_that_git_does_not_track_has_changed(repository: Path, call: Call) -> None:
    (repository / ".gitignore").write_text("/made\n")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "ignore what is made")
    assert checked(call, "--changed-since", "HEAD", "a.tell") == []
    (repository / "made").mkdir()
    (repository / "made" / "m.tell").write_text(STUCK)
    assert checked(call, "--changed-since", "HEAD", "made/m.tell", "a.tell") == ["made/m.tell"]
    assert call("check", "--changed-since", "HEAD", "made/m.tell")[0] == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("src/a.rs", 'fn f() { tell!(include_str!("specs/x.tell")); }\n'),
        ("src/a.rs", 'fn f() { tell!(include_str !("../specs/x.tell")); }\n'),
        ("src/a.md", "```tell\n{{#include ../specs/x.tell}}\n```\n"),
    ],
)
def test_who_includes_a_file_that_differs_has_changed(
    repository: Path, call: Call, name: str, text: str
) -> None:
    """The path is one of the crate, of the file, or of the page."""
    for folder in ("src", "specs"):
        (repository / folder).mkdir()
    (repository / "Cargo.toml").write_text("")
    (repository / name).write_text(text)
    included = repository / "specs" / "x.tell"
    included.write_text("module x exposing (Good)\n" + GOOD)
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "an included file")
    assert call("check", "--no-cache", "--changed-since", "HEAD", "src")[0] == 0
    assert name not in checked(call, "--changed-since", "HEAD", "src")
    included.write_text("module x exposing (Stuck)\n" + STUCK)
    assert call("check", "--no-cache", "--changed-since", "HEAD", "src")[0] == 1
    included.unlink()
    assert call("check", "--no-cache", "--changed-since", "HEAD", "src")[0] == 1


def test_git_is_asked_in_one_place() -> None:
    """No other module starts git, whose settings would then hold for it."""
    package = Path(tellverify.__file__).parent
    found = [
        path.relative_to(package).as_posix()
        for path in sorted(package.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.List | ast.Tuple)
        and node.elts
        and isinstance(node.elts[0], ast.Constant)
        and node.elts[0].value == "git"
    ]
    assert found == ["verification/git.py"]


def test_a_git_that_cannot_name_filters_is_not_asked_for_differences(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One before version 2.26 does not say who named a filter, so none can be switched off."""
    old = tmp_path / "git"
    old.write_text('#!/bin/sh\ncase "$*" in *show-scope*) exit 129;; esac\necho asked\n', "utf-8")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(NoRepository):
        differences(".", "HEAD")


CONFIGURED = 'policy = "policy.toml"\nbaseline = "known.json"\n'
POLICY = 'format = 1\nname = "own"\nimport = ["base.toml"]\n'


def configured(repository: Path) -> None:
    """A configuration with a policy that imports another one, and a baseline, all committed."""
    (repository / "tellverify.toml").write_text(CONFIGURED)
    (repository / "policy.toml").write_text(POLICY)
    (repository / "base.toml").write_text('format = 1\nname = "base"\nimport = ["builtin:aura"]\n')
    assert run(["baseline", "write", "a.tell", "--config", "tellverify.toml"]) == 0
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "configured")


@pytest.mark.parametrize("name", ["tellverify.toml", "policy.toml", "base.toml", "known.json"])
def test_every_file_is_checked_where_what_all_rest_on_has_changed(
    repository: Path, call: Call, name: str
) -> None:
    configured(repository)
    assert checked(call, "--changed-since", "HEAD") == []
    with (repository / name).open("a") as file:
        file.write("\n")
    code, said = call("check", "--no-cache", "--changed-since", "HEAD")
    assert code in (0, 1) and f"`{name}` has changed since `HEAD`: every file is checked" in said
    assert "Good" in said and "Fine" in said
    git(repository, "commit", "-qam", "a change")
    assert checked(call, "--changed-since", "HEAD~1", "a.tell") == ["a.tell"]
    assert checked(call, "--changed-since", "HEAD", "a.tell") == []


@pytest.mark.parametrize(
    ("name", "text", "counts"),
    [
        ("tellverify.toml", 'include = ["a.tell"]\n', True),
        ("pyproject.toml", "[tool.tellverify]\nqueue = 2\n", True),
        ("pyproject.toml", '[project]\nname = "x"\n', False),
        ("inner/tellverify.toml", "", True),
    ],
)
def test_a_configuration_that_is_gone_has_changed(
    repository: Path, call: Call, name: str, text: str, counts: bool
) -> None:
    (repository / name).write_text(text)
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "configured")
    (repository / name).unlink()
    assert bool(checked(call, "--changed-since", "HEAD", "a.tell")) is counts


def test_the_name_of_the_folder_is_no_configuration(
    tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the content of `pyproject.toml` counts; a folder may have any name."""
    folder = tmp_path / os.fsdecode(b"tellverify-\xff")
    folder.mkdir()
    (folder / "a.tell").write_text(GOOD)
    (folder / "pyproject.toml").write_text('[project]\nname = "x"\n')
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "base")
    (folder / "pyproject.toml").write_text('[project]\nname = "y"\n')
    monkeypatch.chdir(folder)
    assert checked(call, "--changed-since", "HEAD", "a.tell") == []


def test_a_nearer_configuration_that_is_gone_has_changed(
    repository: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repository / "tellverify.toml").write_text("")
    (repository / "inner" / "tellverify.toml").write_text("")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "configured")
    monkeypatch.chdir(repository / "inner")
    assert checked(call, "--changed-since", "HEAD", "b.tell") == []
    Path("tellverify.toml").unlink()
    assert len(checked(call, "--changed-since", "HEAD", "b.tell")) == 1


def test_a_workflow_of_the_configuration_is_decided_whatever_has_changed(
    repository: Path, call: Call
) -> None:
    """Its protocols, its agents and what it requires are in several files."""
    guide = Path(__file__).parents[2] / "counterexamples" / "workflows"
    for name in ("crossed_orders.toml", "exchange.tell"):
        (repository / name).write_text((guide / name).read_text("utf-8"))
    (repository / "tellverify.toml").write_text('workflows = ["crossed_orders.toml"]\n')
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "a workflow")
    assert call("check", "--changed-since", "HEAD")[0] == call("check")[0]
    assert "crossed_orders.toml" in call("check", "--changed-since", "HEAD")[1]
