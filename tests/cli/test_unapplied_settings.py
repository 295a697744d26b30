"""Scenarios and requirements of the configuration that apply to nothing that was checked."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tellverify.cli.group import run

STORE = """protocol Store =
  roles Client, Server
  Client -> Server : Put
  Server -> Client : Done
"""
OTHER = """protocol Other =
  roles A, B
  A -> B : X
"""
TIMED = """protocol Timed =
  roles Client, Server
  timeout 1s Client at
    Server -> Client : Done
  on timeout =>
    Client -> Server : Cancel
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(
    folder: Path, capsys: pytest.CaptureFixture[str], settings: str, *options: str, **texts: str
) -> tuple[int, str]:
    (folder / "tellverify.toml").write_text(settings, "utf-8")
    for name, text in (texts or {"a": STORE}).items():
        (folder / f"{name}.tell").write_text(text, "utf-8")
    code = run(["check", *options])
    captured = capsys.readouterr()
    return code, captured.out + captured.err


DOWN = '[faults.down]\nrules = ["crash <= 1 of {}"]\n'


@pytest.mark.parametrize("text", [STORE, TIMED])
@pytest.mark.parametrize(
    ("rule", "words", "help"),
    [
        ("crash <= 1 of Sever", "none has the role `Sever`", "did you mean `Server`?"),
        ("crash <= 1 of Xyz", "none has the role `Xyz`", "the protocol has `Client`, `Server`"),
        ("crash of Server[7]", "none has the role `Server[7]`", "the protocol has"),
        ("loss on Server -> Server", "a channel with messages", "`Server -> Client`"),
    ],
)
def test_a_scenario_that_fits_no_protocol_is_an_error_with_its_place(
    folder: Path, capsys: pytest.CaptureFixture[str], text: str, rule: str, words: str, help: str
) -> None:
    code, said = check(folder, capsys, f'[faults.down]\nrules = ["{rule}"]\n', a=text)
    assert code == 1 and "error[TV591]" in said and "tellverify.toml:2:" in said
    assert words in " ".join(said.split()) and help in " ".join(said.split())
    assert "@ down" not in said


def test_a_level_makes_it_less_grave(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lower = '[levels]\nunknown-name-in-scenario = "warning"\n'
    code, said = check(folder, capsys, DOWN.format("Xyz") + lower)
    assert code == 0 and "warning[TV591]" in said


def test_a_scenario_that_fits_some_protocols_says_how_many_it_is_left_out_of(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = check(folder, capsys, DOWN.format("Server"), a=STORE, b=OTHER)
    assert code == 0 and "no-stuck-role[Client] @ down" in said
    assert "scenario `down` is not decided for 1 of 2 protocols: `Other`" in said
    assert "`Other` does not have the role `Server`" in said and "note[TV595]" in said


def test_a_file_that_is_not_checked_may_have_the_names(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = DOWN.format("B") + '[require]\n"no-deadlock @ down" = "bounded"\n'
    code, said = check(folder, capsys, settings, "a.tell", a=STORE, b=OTHER)
    assert code == 0 and "note[TV591]" in said and "note[TV596]" in said
    assert "files that were not checked may have what it names" in said
    code, said = check(folder, capsys, settings.replace("of B", "of Bo"), "a.tell")
    assert code == 1 and "error[TV591]" in said and "warning[TV596]" in said


@pytest.mark.parametrize(
    ("line", "words", "help"),
    [
        ("no-deadlock @ dawn", "there is no scenario `dawn`", "did you mean `down`?"),
        ("no-deadlock @ xyz", "there is no scenario `xyz`", "`[faults.xyz]` here"),
        ("agreement @ down", "nothing of that kind is stated", ""),
        ("budget @ down", "`budget` is not decided under scenarios", "no-deadlock"),
    ],
)
def test_a_requirement_that_was_decided_nowhere_is_not_met(
    folder: Path, capsys: pytest.CaptureFixture[str], line: str, words: str, help: str
) -> None:
    settings = f'{DOWN.format("Server")}[require]\n"{line}" = "bounded"\n'
    code, said = check(folder, capsys, settings)
    told = " ".join(said.split())
    assert code == 3 and "warning[TV596]" in said and "tellverify.toml:4:" in said
    assert words in told and help in told
    assert "1 requirement is on what no protocol has" in said
    # neither a selection of scenarios nor one of properties decides it
    assert check(folder, capsys, settings, "--faults", "none")[0] == 0 or "down" not in line
    assert "TV596" not in check(folder, capsys, settings, "--property", "no-stuck-role")[1]
    nothing = settings.replace('"bounded"', '"nothing"')
    assert "TV596" not in check(folder, capsys, nothing)[1]


def test_a_requirement_without_a_scenario_may_be_for_what_is_still_to_come(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = check(folder, capsys, '[require]\nagreement = "bounded"\n')
    assert code == 0 and "note[TV596]" in said and "tellverify.toml:2:" in said


def test_every_format_has_both_findings(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = DOWN.format("Xyz") + '[require]\n"no-deadlock @ down" = "bounded"\n'
    kinds = {"json": "json", "sarif": "sarif", "junit": "xml", "markdown": "md", "html": "html"}
    options = [f"--report={kind}=out.{suffix}" for kind, suffix in kinds.items()]
    check(folder, capsys, settings, *options)
    for suffix in kinds.values():
        text = (folder / f"out.{suffix}").read_text("utf-8")
        assert "TV591" in text and "TV596" in text, suffix
    ET.parse(folder / "out.xml")
    found = json.loads((folder / "out.json").read_text("utf-8"))
    places = {d["code"]["number"]: d["primary"]["region"]["line"] for d in found["diagnostics"]}
    assert places == {"TV591": 2, "TV596": 4}


def test_findings_are_equal_when_results_come_from_the_cache(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "cache").mkdir()
    settings = "cache = true\n" + DOWN.format("Server")
    first = check(folder, capsys, settings, a=STORE, b=OTHER)
    again = check(folder, capsys, settings, a=STORE, b=OTHER)
    assert "not decided for 1 of 2" in first[1] and "not decided for 1 of 2" in again[1]


def test_machines_have_the_same_findings(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.tell").write_text(STORE, "utf-8")
    assert run(["project", "a.tell", "--format", "machine"]) == 0
    (folder / "machines").mkdir()
    for number, line in enumerate(capsys.readouterr().out.splitlines()):
        (folder / "machines" / f"{number}.json").write_text(line, "utf-8")
    settings = DOWN.format("Sever") + '[require]\n"no-deadlock @ down" = "bounded"\n'
    paths = sorted(map(str, (folder / "machines").iterdir()))
    code, said = check(folder, capsys, settings, *(f"--machines={path}" for path in paths))
    assert code == 1 and "error[TV591]" in said and "did you mean `Server`?" in said
    assert "warning[TV596]" in said


@pytest.mark.parametrize("text", [STORE, TIMED])
def test_a_simulation_says_what_its_scenario_names_in_vain(
    folder: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    (folder / "tellverify.toml").write_text(DOWN.format("Sever"), "utf-8")
    (folder / "a.tell").write_text(text, "utf-8")
    code = run(["simulate", "a.tell", "--faults", "down", "--runs", "1"])
    said = capsys.readouterr().err
    assert code == 1 and "tellverify.toml:2:11: error[TV591]" in said
    code = run(["simulate", "a.tell", "--runs", "1"])
    assert code in (0, 1) and "TV591" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "help"),
    [
        ("no-deadlock[Client] @ down", "write `no-deadlock @ down`: a requirement is on all roles"),
        ("no-deadlok @ down", "did you mean `no-deadlock @ down`?"),
        ("no-deadlock@down", "did you mean `no-deadlock @ down`?"),
        ("xyz", "the properties are"),
    ],
)
def test_a_requirement_on_no_property_says_what_may_be_meant(
    folder: Path, capsys: pytest.CaptureFixture[str], line: str, help: str
) -> None:
    code, said = check(folder, capsys, f'[require]\n"{line}" = "bounded"\n')
    assert code == 2 and help in " ".join(said.split())


@pytest.mark.parametrize(
    "options", [(), ("--property", "no-stuck-role"), ("--role", "Server"), ("--faults", "none")]
)
def test_a_misspelt_scenario_is_told_of_whatever_was_asked_for(
    folder: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...]
) -> None:
    wrong = '[require]\n"no-stuck-role @ one-crahs" = "bounded"\n'
    text = f"-- tell: faults one-crash(crash <= 1)\n{STORE}"
    code, said = check(folder, capsys, wrong, *options, a=text)
    assert code == 3 and "TV596" in said and "did you mean `one-crash`?" in " ".join(said.split())
    right = wrong.replace("crahs", "crash")
    assert "TV596" not in check(folder, capsys, right, *options, a=text)[1]


@pytest.mark.parametrize(
    ("asked", "formula", "other"),
    [
        ("property", "Done only after Put", "agreement(Put, Done)"),
        ("agreement", "agreement(Put, Done)", "Done only after Put"),
        ("at-most-once", "at-most-once(Put at Server)", "agreement(Put, Done)"),
    ],
)
def test_another_kind_of_property_in_a_file_beside_does_not_count(
    folder: Path, capsys: pytest.CaptureFixture[str], asked: str, formula: str, other: str
) -> None:
    settings = f'[require]\n"{asked} @ down" = "bounded"\n'
    text = f"-- tell: faults down(crash <= 1)\n{STORE}"
    (folder / "b.tell").write_text(f"-- tell: property p: {other}\n{OTHER}", "utf-8")
    assert check(folder, capsys, settings, "a.tell", a=text)[0] == 3
    (folder / "b.tell").write_text(f"-- tell: property p: {formula}\n{OTHER}", "utf-8")
    assert check(folder, capsys, settings, "a.tell", a=text)[0] == 0


def test_a_scenario_of_a_comment_is_not_that_of_the_configuration(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They may have one name, and what fits no protocol is a slip all the same."""
    text = f"-- tell: faults down(crash <= 1 of Client)\n{STORE}"
    code, said = check(folder, capsys, DOWN.format("Zed"), a=text, b=OTHER)
    assert code == 1 and "error[TV591]" in said and "TV595" not in said
