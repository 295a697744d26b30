"""Text of files reaches terminals and logs of CI services tamed, whatever prints it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from command_line import Command

from tellverify.report.escape import log_line
from tellverify.report.sarif_flows import text_of
from tellverify.source.toml import TomlDocument, read_toml
from tellverify.verification.setting_values import toml_text

UNDECLARED = "protocol P =\n  roles A, B\n  Q -> B : Y\n"
HOSTILE = "a\\n::error::x\\u001b[2J"


def assert_tame(text: str) -> None:
    assert "\x1b" not in text
    assert not re.search(r"^\s*::", text, re.MULTILINE), text
    assert "##[" not in text


@pytest.mark.parametrize(
    "configuration",
    [
        f'include = ["{HOSTILE}"]\n',
        'include = ["##[error]x"]\n',
        f'reports = ["{HOSTILE}=x"]\n',
        f'reports = ["json={HOSTILE}"]\n',
        f'evidence = "../{HOSTILE}"\n',
        f'baseline = "{HOSTILE}"\n',
        f'"{HOSTILE}" = 1\n',
        f'[levels]\n"{HOSTILE}" = "note"\n',
        f'[properties]\n"{HOSTILE}" = "x"\n',
        f'[require]\n"{HOSTILE}" = "proved"\n',
        f'[bounds.instances]\n"{HOSTILE}" = "{HOSTILE}"\n',
        f'[bounds.instances]\n"{HOSTILE}" = [7]\n',
    ],
)
@pytest.mark.parametrize("command", ["check", "config show", "audit", "baseline write"])
def test_a_configuration_prints_no_commands(
    tellverify: Command, configuration: str, command: str
) -> None:
    Path("p.tell").write_text("protocol P =\n  roles A, B\n  A -> B : Y\n")
    Path("tellverify.toml").write_text(configuration)
    _, out, err = tellverify(*command.split())
    assert_tame(out)
    assert_tame(err)


@pytest.mark.parametrize("name", ["::error title=x::y.tell", "##[error]x.tell", "a\n::b::c.tell"])
@pytest.mark.parametrize("command", ["check --format concise", "lint", "project", "fmt --check"])
def test_the_name_of_a_file_is_no_command(tellverify: Command, name: str, command: str) -> None:
    Path(name).write_text(UNDECLARED)
    _, out, err = tellverify(*command.split(), name if command == "project" else ".")
    assert_tame(out)
    assert_tame(err)


def test_a_log_line_is_one_line_and_no_command() -> None:
    assert log_line("plain ::text") == "plain ::text"
    assert log_line("::error::x") == "./::error::x"
    assert log_line("  ::error::x") == "./  ::error::x"
    assert log_line("a\nb\x1b") == "a\\u{a}b\\u{1b}"
    assert "##[" not in log_line("a ##[error]b")


def test_a_message_of_sarif_has_no_links() -> None:
    assert text_of("see [here](https://x.example)") == {"text": "see \\[here\\](https://x.example)"}
    assert text_of("`no-stuck-role[B]` (required)") == {"text": "`no-stuck-role[B]` (required)"}


@pytest.mark.parametrize("value", ['a"b', "a\\b", "a\nb", "\x1b[31m", "\u202e", "\U000e0001", "ä"])
def test_a_string_is_written_as_toml_reads_it(value: str) -> None:
    text = toml_text(value)
    assert text.isprintable()
    document = read_toml("t", f"key = {text}\n")
    assert isinstance(document, TomlDocument)
    assert json.dumps(document.table["key"]) == json.dumps(value)
