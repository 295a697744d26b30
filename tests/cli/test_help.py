"""The help of the program and of `check`, in sections."""

from __future__ import annotations

import re

import click
import pytest
from click.testing import CliRunner

from tellverify.cli.commands import COMMANDS
from tellverify.cli.group import tellverify


def shown(*arguments: str) -> str:
    done = CliRunner().invoke(tellverify, [*arguments, "--help"])
    assert done.exit_code == 0
    return done.output


def test_every_command_is_listed_once_under_a_heading() -> None:
    text = shown()
    listed = re.findall(r"^  ([a-z]+) +\S", text.partition("\nCheck:\n")[2], re.MULTILINE)
    assert sorted(listed) == sorted(COMMANDS)
    assert len(re.findall(r"^\S.*:$", text, re.MULTILINE)) >= 5
    assert "\nMore:\n" not in text


def test_every_option_of_check_is_listed_once_under_a_heading() -> None:
    text = shown("check")
    command = tellverify.get_command(click.Context(tellverify), "check")
    assert command is not None
    for option in command.params:
        for name in option.opts:
            if name.startswith("--"):
                found = re.findall(rf"^  (?:-\w, )?{name}\b(?!-)", text, re.MULTILINE)
                assert len(found) == 1, name
    headings = re.findall(r"^(\S.*):$", text, re.MULTILINE)
    assert headings[0] == "Selection" and len(headings) == len(set(headings)) >= 9


@pytest.mark.parametrize(
    ("given", "meant"),
    [("chek", "check"), ("verify", "check"), ("Fmmt", "fmt"), ("repiar", "repair"), ("zzz", "")],
)
def test_a_misspelt_command_gets_the_one_that_is_meant(given: str, meant: str) -> None:
    done = CliRunner().invoke(tellverify, [given])
    assert done.exit_code == 2
    assert f"There is no command `{given}`." in done.output
    assert (f"Did you mean `{meant}`?" in done.output) == bool(meant)


def test_a_file_in_the_place_of_a_command_is_recognised() -> None:
    done = CliRunner().invoke(tellverify, ["specs"])
    assert "`tellverify check specs`" in done.output
