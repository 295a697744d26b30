"""What people copy from the terminal or search for: paths and names are never shortened."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tellverify.cli.group import run

FOLDER = "crates/aura-authentication-and-recovery/src/protocols/with a blank"
NAME = "guardian_membership_change_with_a_rather_long_name_that_goes_on_and_on"
ROLE = "CoordinatorOfTheGuardianMembershipChangeThatHasAnExtraordinarilyLongName"
LABEL = "ProposalOfTheGuardianMembershipChangeThatHasAnExtraordinarilyLongLabel"
STUCK = f"""\
module m exposing (P)

protocol P =
  roles {ROLE}, B, C
  choice {ROLE} at
    | Other =>
        {ROLE} -> B : Other
        {ROLE} -> C : Other
    | {LABEL} => {ROLE} -> B : {LABEL}
"""
UNKNOWN = STUCK.replace(f"{ROLE} -> C :", f"{ROLE}Again -> C :")
Command = Callable[..., str]


@pytest.fixture
def path() -> str:
    return f"{FOLDER}/{NAME}.tell"


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], path: str
) -> Command:
    monkeypatch.chdir(tmp_path)
    os.makedirs(FOLDER)

    def do(text: str, *arguments: str) -> str:
        Path(path).write_text(text, encoding="utf-8")
        run(arguments)
        out, err = capsys.readouterr()
        return out + err

    return do


@pytest.mark.parametrize("style", ["text", "concise"])
def test_paths_and_names_are_whole(command: Command, path: str, style: str) -> None:
    said = command(UNKNOWN, "check", "--format", style)
    assert path in said
    assert f"`{ROLE}Again`" in said
    if style == "concise":
        assert "…" not in said


@pytest.mark.parametrize("name", ["lint", "fmt"])
def test_other_commands_name_paths_whole(command: Command, path: str, name: str) -> None:
    assert path in command(UNKNOWN, name)
    assert path in command(f"{STUCK}\n\n", name)


def test_reports_have_paths_and_names_whole(command: Command, path: str) -> None:
    kinds = ("json", "sarif", "junit", "gitlab", "markdown", "html")
    command(UNKNOWN, "check", *(f"--report={kind}={kind}.out" for kind in kinds))
    for kind in kinds:
        said = Path(f"{kind}.out").read_text(encoding="utf-8")
        assert f"{ROLE}Again" in said, kind
        assert NAME in said, kind
    assert f"{ROLE}Again" in command(UNKNOWN, "check", "--format", "github")


def test_a_run_in_reports_has_its_names_whole(command: Command) -> None:
    kinds = ("sarif", "junit", "markdown", "html")
    command(STUCK, "check", *(f"--report={kind}={kind}.out" for kind in kinds))
    for kind in kinds:
        said = Path(f"{kind}.out").read_text(encoding="utf-8")
        assert ROLE in said, kind
        assert LABEL in said, kind


def test_a_chart_lists_the_names_that_it_cuts(command: Command) -> None:
    said = command(STUCK, "check")
    assert f" is {ROLE}\n" in said
    if f" {LABEL} " not in said:
        assert f" is {LABEL}\n" in said


def test_a_path_with_blanks_is_on_one_line(command: Command, path: str) -> None:
    Path("lib.rs").write_text(f'tell!(include_str!("{FOLDER}/none.tell"));\n', encoding="utf-8")
    said = command(STUCK, "check", "lib.rs")
    assert f"`{FOLDER}/none.tell`" in said
