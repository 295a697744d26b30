"""The command line as tests call it, and a repository of git around it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from tellverify.cli.group import run

Command: TypeAlias = Callable[..., tuple[int, str, str]]
"""Runs the command with its arguments: exit code, standard output and standard error."""


def command_of(capsys: pytest.CaptureFixture[str]) -> Command:
    """The command in the working folder; it never ends with a traceback."""

    def do(*arguments: str) -> tuple[int, str, str]:
        code = run(arguments)
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out, err

    return do


def git(*arguments: str) -> None:
    """Run git in the working folder, as somebody."""
    name = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *name, *arguments], check=True, capture_output=True)


def commit() -> None:
    """Commit everything below the working folder, which becomes a repository."""
    if not Path(".git").exists():
        git("init", "-q")
    git("add", "-A")
    git("commit", "-q", "-m", "base")
