"""A policy that a configuration names reads nothing outside its folder; one of the user's may."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tellverify.cli.group import run

Command = Callable[..., tuple[int, str]]
SAMPLE = Path(__file__).resolve().parents[2] / "counterexamples" / "admission" / "policy.toml"
OUTSIDE = "secret = 'hunter2'\n"


@pytest.fixture
def tellverify(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    (tmp_path / "tree" / "policy").mkdir(parents=True)
    (tmp_path / "outside.toml").write_text(OUTSIDE)
    (tmp_path / "shared.toml").write_text("format = 1\n")
    monkeypatch.chdir(tmp_path / "tree")
    Path("p.tell").write_text("protocol P =\n  roles A, B\n  A -> B : Ping\n")
    Path("tellverify.toml").write_text('policy = "policy"\n')

    def do(*arguments: str) -> tuple[int, str]:
        code = run(arguments)
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out + err

    return do


def write(text: str) -> None:
    policy = SAMPLE.read_text("utf-8")
    Path("policy/a.toml").write_text(policy.replace("format = 1", f"format = 1\n{text}", 1))


@pytest.mark.parametrize(
    "text",
    [
        'import = ["../../outside.toml"]',
        'import = ["../../shared.toml"]',
        'import = ["b.toml"]',
        'import = ["link.toml"]',
    ],
)
@pytest.mark.parametrize("command", [("check",), ("admit", "p.tell")])
def test_an_import_out_of_the_folder_is_refused(
    tellverify: Command, tmp_path: Path, text: str, command: tuple[str, ...]
) -> None:
    write(text)
    if "b.toml" in text:
        Path("policy/b.toml").write_text('format = 1\nimport = ["../../outside.toml"]\n')
    if "link" in text:
        os.symlink(tmp_path / "outside.toml", "policy/link.toml")
    code, said = tellverify(*command)
    assert code == 2
    assert "leads out of the folder of the configuration" in said
    assert "hunter2" not in said


def test_a_policy_of_the_command_line_is_free(tellverify: Command) -> None:
    write('import = ["../../shared.toml"]')
    code, said = tellverify("check", "--policy", "policy")
    assert code == 1  # the policy does not list `P`
    assert "TV708" in said


def test_imports_within_the_folder_are_read(tellverify: Command) -> None:
    write('import = ["b.toml"]')
    Path("policy/b.toml").write_text("format = 1\n")
    code, said = tellverify("check")
    assert code == 1
    assert "TV708" in said


def test_an_import_with_a_zero_byte_is_a_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("p.toml").write_text('format = 1\nname = "x"\nimport = ["a\\u0000"]\n', "utf-8")
    assert run(["policy", "check", "p.toml"]) == 2
    said = "".join(capsys.readouterr())
    assert "error[TV055]" in said and "p.toml:3:11" in said
