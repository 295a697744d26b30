"""What a configuration may have written: below its folder, and over nothing but reports."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from command_line import Command, command_of

from tellverify.source.writing import replace_text
from tellverify.verification.configuration_file import PATH_LISTS, PATHS, ConfigurationFile

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
PROFILE = "export PATH=/usr/bin\n"


@pytest.fixture
def tellverify(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    (tmp_path / "tree").mkdir()
    (tmp_path / "profile").write_text(PROFILE)
    monkeypatch.chdir(tmp_path / "tree")
    Path("p.tell").write_text(GOOD)
    return command_of(capsys)


def configure(text: str) -> None:
    Path("tellverify.toml").write_text(text)


@pytest.mark.parametrize(
    "line",
    [
        'reports = ["markdown=../profile"]',
        'reports = ["json=x.json", "json=a/../../profile"]',
        'evidence = "../evidence"',
        'ledger = "../ledger.toml"',
        'baseline = "../baseline.json"',
        'cache-dir = ".."',
        'policy = "../policy"',
        'policy = "/etc"',
        'evidence = ".git/hooks"',
        'reports = ["html=.GIT/x.html"]',
        'workflows = ["../w.toml"]',
        'workflows = ["w", "/etc"]',
        'include = ["../*.tell"]',
        'include = ["/etc/**"]',
        'include = ["*/../../**/*.md"]',
    ],
)
def test_a_path_out_of_the_folder_is_refused(
    tellverify: Command, tmp_path: Path, line: str
) -> None:
    configure(f"# a comment\n{line}\n")
    code, _, err = tellverify("check")
    assert code == 2
    assert "error[TV013]" in err
    assert "tellverify.toml:2:" in err
    assert sorted(os.listdir(tmp_path)) == ["profile", "tree"]
    assert (tmp_path / "profile").read_text() == PROFILE


def test_a_link_out_of_the_folder_is_refused(tellverify: Command, tmp_path: Path) -> None:
    configure('reports = ["markdown=report.md"]\n')
    Path("report.md").symlink_to(tmp_path / "profile")
    assert tellverify("check")[0] == 2
    Path("report.md").unlink()
    Path("out").symlink_to(tmp_path)
    configure('evidence = "out/e"\n')
    assert tellverify("check")[0] == 2
    assert (tmp_path / "profile").read_text() == PROFILE


def test_the_table_of_keys_says_which_name_a_path() -> None:
    """A new key is either among those whose paths are confined, or is one of these."""
    others = {"exclude", "dialect", "target", "fail-on", "jobs", "cache", "compare"}
    others |= {"semantics", "bounds", "properties", "faults", "require", "levels"}
    keys = set(ConfigurationFile.__struct_encode_fields__)
    assert keys == others | {*PATHS, *PATH_LISTS, "reports"}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *((key, '"out/x"') for key in PATHS),
        *((key, '["out/x"]') for key in PATH_LISTS),
        ("include", '["out/**/*.tell"]'),
        ("reports", '["html=out/x.html"]'),
    ],
)
def test_a_linked_folder_is_resolved_for_every_key(
    tellverify: Command, tmp_path: Path, key: str, value: str
) -> None:
    Path("out").symlink_to(tmp_path)
    configure(f"{key} = {value}\n")
    code, _, err = tellverify("check")
    assert (code, "error[TV013]" in err) == (2, True)
    assert sorted(os.listdir(tmp_path)) == ["profile", "tree"]


@pytest.mark.parametrize("key", [*PATHS, *PATH_LISTS, "reports"])
def test_no_key_waits_for_a_pipe_or_reads_a_device(tellverify: Command, key: str) -> None:
    name = "pipe.json"
    os.mkfifo(name)
    lists = {"reports": f'["json={name}"]', "workflows": f'["{name}"]', "include": f'["{name}"]'}
    configure(f"{key} = {lists.get(key, repr(name))}\n")
    code, out, err = tellverify("check")
    assert code == 0 if key == "cache-dir" else code in (1, 2), out + err
    assert name in out + err
    Path(name).unlink()
    Path(name).symlink_to("/dev/zero")
    code, _, err = tellverify("check")
    assert (code, "error[TV013]" in err) == (2, True)


def test_a_workflow_of_a_configuration_reads_nothing_outside(
    tellverify: Command, tmp_path: Path
) -> None:
    secret = "protocol Secret =\n  roles A, B\n  A -> B : Hunter2 {\n"
    (tmp_path / "secret.tell").write_text(secret)
    phase = '[[workflow.w.phase]]\nname = "p"\nprotocol = "{0}"\nagents = {{ A = "a", B = "b" }}\n'
    configure('workflows = ["w.toml"]\ncache = false\n')
    for named in ("../secret.tell", "link.tell", str(tmp_path / "secret.tell")):
        Path("link.tell").unlink(missing_ok=True)
        Path("link.tell").symlink_to(tmp_path / "secret.tell")
        Path("w.toml").write_text(phase.format(named))
        code, out, err = tellverify("check")
        assert "w.toml" in out + err
        assert code != 0
        assert "Hunter2" not in out + err
    Path("link.tell").unlink()
    configure('workflows = ["flows"]\ncache = false\n')
    (tmp_path / "w.toml").write_text("hunter2 workflow.w\n[workflow.w]\n")
    Path("flows").mkdir()
    Path("flows/w.toml").symlink_to(tmp_path / "w.toml")
    code, out, err = tellverify("check")
    assert (code, "hunter2" in out + err) == (1, False)
    assert "link out of the folder" in out + err


@pytest.mark.parametrize("suffix", [".tell", ".md", ".rs"])
def test_a_link_among_the_files_leads_nowhere_else(
    tellverify: Command, tmp_path: Path, suffix: str
) -> None:
    """Findings quote the texts that they are about, and logs are read by many."""
    text = "```tell\nprotocol Hunter2 ==\n```\ntell!{ protocol Hunter2 == }\n"
    (tmp_path / "profile").write_text(text)
    Path(f"x{suffix}").symlink_to(tmp_path / "profile")
    code, out, err = tellverify("check")
    assert (code, "Hunter2" in out + err) == (1, False)
    assert "link out of the folder" in out + err
    assert "Hunter2" in "".join(tellverify("check", f"x{suffix}")[1:])  # the user names it
    Path(f"x{suffix}").unlink()
    Path("q.tell").symlink_to("p.tell")
    assert tellverify("check")[0] == 0


@pytest.mark.parametrize("name", ["tellverify.toml", "pyproject.toml"])
def test_a_configuration_is_no_link_out_of_the_folder(
    tellverify: Command, tmp_path: Path, name: str
) -> None:
    """What is wrong in a configuration is quoted; one that the user names may be a link."""
    head = "[tool.tellverify]\n" if name == "pyproject.toml" else ""
    (tmp_path / "profile").write_text(f"{head}Hunter2 = 1\n")
    Path(name).symlink_to(tmp_path / "profile")
    for command in ("check", "lint", "audit"):
        code, out, err = tellverify(command)
        assert (code, "Hunter2" in out + err) == (2, False)
        assert "link out of its folder" in " ".join((out + err).split())
    assert "Hunter2" in "".join(tellverify("check", "--config", name)[1:])
    Path(name).unlink()
    Path("inside").write_text(head)
    Path(name).symlink_to("inside")
    assert tellverify("check")[0] == 0


COMMANDS = [
    ("check",),
    ("check", "--jobs", "2"),
    ("check", "--strict"),
    ("lint",),
    ("fmt", "--check"),
    ("compare", "p.tell", "."),
    ("accept",),
    ("admit",),
    ("inventory", "."),
    ("done", "."),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda one: " ".join(one))
def test_no_command_quotes_a_link_that_it_finds(
    tellverify: Command, tmp_path: Path, command: tuple[str, ...]
) -> None:
    """Neither as a file of a folder nor as one that the configuration includes."""
    (tmp_path / "profile").write_text("protocol Hunter2 ==\n")
    Path("x.tell").symlink_to(tmp_path / "profile")
    for include in ("", 'include = ["*.tell"]\n'):
        configure(f'policy = "aura"\n{include}')
        code, out, err = tellverify(*command)
        assert (code, "Hunter2" in out + err) == (1, False), out + err
        assert "link out of the folder" in " ".join((out + err).split())


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.rs", 'fn f() { tell!(include_str!("x.tell")); }\n'),
        ("a.md", "```tell\n{{#include x.tell}}\n```\n"),
        ("a.tell", "import Hunter2 exposing (Q)\nprotocol Good =\n  roles A, B\n  A -> B : M\n"),
    ],
)
def test_a_file_that_another_one_names_is_no_link_out(
    tellverify: Command, tmp_path: Path, name: str, text: str
) -> None:
    secret = "module Hunter2 exposing (Q)\nprotocol Q =\n  roles Password, Hunter3\n"
    (tmp_path / "profile").write_text(secret)
    Path("x.tell").symlink_to(tmp_path / "profile")
    Path(name).write_text(text)
    for command in ("check", "lint", "fmt"):
        code, out, err = tellverify(command, name)
        assert "Hunter3" not in out + err and "Password" not in out + err
        assert code == 1 or name == "a.tell" or command == "fmt", out + err
    Path("x.tell").unlink()
    Path("inside").write_text(secret)
    Path("x.tell").symlink_to("inside")
    said = "".join(tellverify("check", name)[1:])  # it is in the tree
    assert "`Q` is imported" in said if name == "a.tell" else "Hunter3" in said


@pytest.mark.parametrize("command", [("fmt",), ("lint", "--fix"), ("lint", "--unsafe-fixes")])
def test_nothing_is_written_through_a_link_that_is_found(
    tellverify: Command, tmp_path: Path, command: tuple[str, ...]
) -> None:
    text = "module   M   exposing (P)\nprotocol   P =\n  roles A,   B\n  A   -> B : X\n"
    (tmp_path / "profile").write_text(text)
    Path("x.tell").symlink_to(tmp_path / "profile")
    assert tellverify(*command)[0] in (1, 2)
    assert (tmp_path / "profile").read_text() == text
    tellverify("fmt", "x.tell")  # the user names it
    assert (tmp_path / "profile").read_text() != text


def test_a_baseline_does_not_replace_a_protocol(tellverify: Command) -> None:
    Path("q.tell").write_text(f'-- "tellverify/baseline-2"\n{GOOD.replace("Good", "Q")}')
    before = Path("q.tell").read_text()
    configure('baseline = "q.tell"\n')
    assert tellverify("baseline", "write")[0] == 2
    assert Path("q.tell").read_text() == before


def test_a_link_below_the_folder_of_evidence_is_refused(
    tellverify: Command, tmp_path: Path
) -> None:
    Path("p.tell").write_text(STUCK)
    configure('evidence = "e"\n')
    assert tellverify("check")[0] == 1
    (folder,) = Path("e").iterdir()
    shutil.rmtree(folder)
    folder.symlink_to(tmp_path)
    code, _, err = tellverify("check")
    assert code == 2
    assert "leads out of e" in err
    assert tellverify("check", "--isolated", "--evidence", "e")[0] == 2
    assert sorted(os.listdir(tmp_path)) == ["profile", "tree"]


@pytest.mark.parametrize(
    ("report", "path"),
    [
        ("markdown", "README.md"),
        ("json", "package.json"),
        ("sarif", "package.json"),
        ("gitlab", "package.json"),
        ("junit", "build.xml"),
        ("html", "index.html"),
        ("proof", "README.md"),
    ],
)
def test_only_a_report_of_the_same_kind_is_replaced(
    tellverify: Command, report: str, path: str
) -> None:
    configure(f'reports = ["{report}={path}"]\n')
    Path(path).write_text("tellverify: this is something else\n")
    code, _, err = tellverify("check")
    assert code == 2
    assert "no report of tellverify" in err
    assert Path(path).read_text() == "tellverify: this is something else\n"
    Path(path).unlink()
    assert tellverify("check")[0] == 0
    first = Path(path).read_text()
    Path("p.tell").write_text(STUCK)
    assert tellverify("check")[0] == 1
    assert Path(path).read_text() != first


@pytest.mark.parametrize("path", ["conftest.py", "Makefile", ".envrc", "x.sh", "p.tell"])
def test_a_report_has_the_suffix_of_its_kind(tellverify: Command, path: str) -> None:
    before = Path("p.tell").read_text()
    configure(f'reports = ["markdown={path}"]\n')
    code, _, err = tellverify("check")
    assert code == 2
    assert "ends in .md" in err
    assert path == "p.tell" or not Path(path).exists()
    assert Path("p.tell").read_text() == before


def test_a_report_does_not_replace_a_page_that_is_checked(tellverify: Command) -> None:
    page = f"<!-- tellverify:report:default -->\n\n```tell\n{GOOD}```\n"
    Path("page.md").write_text(page)
    configure('reports = ["markdown=page.md"]\n')
    code, _, err = tellverify("check")
    assert code == 2
    assert "one of the files that are checked" in err
    assert Path("page.md").read_text() == page


def test_only_evidence_is_replaced_by_evidence(tellverify: Command) -> None:
    Path("p.tell").write_text(STUCK)
    configure('evidence = "e"\n')
    assert tellverify("check")[0] == 1
    assert tellverify("check")[0] == 1
    trace = next(Path("e").rglob("*.itf.json"))
    trace.write_text("my notes")
    code, _, err = tellverify("check")
    assert code == 2
    assert "no evidence of tellverify" in err
    assert trace.read_text() == "my notes"
    assert tellverify("check", "--evidence", "e")[0] == 1
    assert trace.read_text() != "my notes"


def test_the_baseline_replaces_only_a_baseline(tellverify: Command, tmp_path: Path) -> None:
    configure('baseline = "known.json"\n')
    assert tellverify("baseline", "write")[0] == 0
    assert tellverify("baseline", "write")[0] == 0
    Path("known.json").write_text("mine")
    assert tellverify("baseline", "write")[0] == 2
    assert Path("known.json").read_text() == "mine"
    configure("")
    Path("tellverify-baseline.json").symlink_to(tmp_path / "profile")
    assert tellverify("baseline", "write")[0] == 2
    Path("tellverify-assumptions.toml").symlink_to(tmp_path / "new")
    assert tellverify("audit", "--write")[0] == 2
    assert not (tmp_path / "new").exists()


def test_the_command_line_may_name_any_path_and_parents_are_made(
    tellverify: Command, tmp_path: Path
) -> None:
    arguments = ["--report", "markdown=../a/b/r", "--evidence", "../c/d", "--cache-dir", "../f"]
    assert tellverify("check", *arguments)[0] == 0
    assert (tmp_path / "a" / "b" / "r").read_text().startswith("<!-- tellverify")
    assert list((tmp_path / "c" / "d").rglob("*.json"))
    configure('reports = ["json=x/y/r.json"]\n')
    assert tellverify("check")[0] == 0
    assert Path("x/y/r.json").exists()


def test_a_text_is_replaced_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "file"
    place.write_text("old")
    place.chmod(0o640)
    link = tmp_path / "link"
    link.symlink_to("file")
    replace_text(str(link), "new\r\n")
    assert (place.read_bytes(), link.is_symlink()) == (b"new\r\n", True)
    assert place.stat().st_mode & 0o777 == 0o640

    def fail(source: str, target: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="No space"):
        replace_text(str(link), "newer")
    assert place.read_bytes() == b"new\r\n"
    assert sorted(os.listdir(tmp_path)) == ["file", "link"]


def test_a_pipe_is_written_to_and_stays(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        replace_text(str(pipe), "text")
        assert os.read(reader, 10) == b"text"
    finally:
        os.close(reader)
    assert pipe.is_fifo()
