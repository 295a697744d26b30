"""Laws of structures and claims about models: subjects of their own, without queues or roles."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = {
    "laws": "counterexamples/laws/aura_in_use.toml",
    "patterns": "counterexamples/patterns/deadline_missed.toml",
}
KINDS = {"laws": "structure", "patterns": "model"}
# What only roles with queues presuppose.
FOREIGN = re.compile(r"FIFO|queues|fairness|crashes", re.IGNORECASE)
each_command = pytest.mark.parametrize("command", FILES)


def tellverify(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "tellverify", *arguments],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.stdout, done.stderr
    return done.stdout


def checked(command: str, style: str) -> str:
    """The output of the check of the subjects of `command` in a format or as a report."""
    if style in ("text", "concise", "github", "json"):
        return tellverify(command, FILES[command], "--format", style)
    return tellverify(command, FILES[command], "--format", "none", "--report", f"{style}=-")


def run(command: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(checked(command, "json"))
    return found


def verdicts(command: str) -> list[dict[str, Any]]:
    found = [one for each in run(command)["protocols"] for one in each["verdicts"]]
    assert found
    return found


@each_command
@pytest.mark.parametrize("style", ["text", "concise", "github", "gitlab"])
def test_no_line_speaks_of_queues(command: str, style: str) -> None:
    assert not FOREIGN.search(checked(command, style))


@each_command
@pytest.mark.parametrize(
    "style",
    ["json", "junit", "sarif", "markdown", "proof"],
)
def test_no_report_speaks_of_queues(command: str, style: str) -> None:
    assert not FOREIGN.search(checked(command, style))


@each_command
def test_no_page_states_what_queues_presuppose(command: str) -> None:
    assert "FIFO" not in checked(command, "html")


@each_command
def test_no_statement_is_about_a_protocol(command: str) -> None:
    statements = {one["statement"] for one in verdicts(command)}
    assert not [one for one in statements if re.search(r"\bprotocol\b", one, re.IGNORECASE)]


@each_command
def test_a_subject_has_its_kind(command: str) -> None:
    assert {one["kind"] for one in run(command)["protocols"]} == {KINDS[command]}


def test_the_subject_of_a_check_of_roles_is_a_protocol() -> None:
    run = json.loads(tellverify("check", "specs/dkd.tell", "--isolated", "--format", "json"))
    assert {one["kind"] for one in run["protocols"]} == {"protocol"}


def test_the_statements_of_a_protocol_keep_what_they_presuppose() -> None:
    run = json.loads(tellverify("check", "specs/dkd.tell", "--isolated", "--format", "json"))
    found = [one["statement"] for each in run["protocols"] for one in each["verdicts"]]
    assert found
    assert any("FIFO" in one for one in found) or "FIFO" in json.dumps(run)


@pytest.mark.parametrize("name", ["law", "claim"])
def test_explain_says_nothing_of_queues(name: str) -> None:
    assert not FOREIGN.search(tellverify("explain", name))
