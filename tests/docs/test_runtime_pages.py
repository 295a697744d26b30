"""The pages on event logs, the protocol machine and the acceptance rule show what happens."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tellverify.cli.group import run
from tellverify.diagnostics.codes import CODES
from tellverify.runtime.faults import FaultKind
from tellverify.runtime.mode import Mode

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = ("event-logs", "runtime", "acceptance")


def text_of(name: str) -> str:
    return (DOCS / f"{name}.md").read_text(encoding="utf-8")


def blocks(name: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text_of(name), re.MULTILINE | re.DOTALL)


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("specs", "counterexamples"):
        (tmp_path / name).symlink_to(ROOT / name)
    (log,) = blocks("event-logs", "json")
    lines = log.splitlines(keepends=True)
    (tmp_path / "events.jsonl").write_text(log, "utf-8")
    (tmp_path / "wrong.jsonl").write_text(lines[0] + lines[2] + lines[1], "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def shown(name: str) -> list[tuple[str, list[str]]]:
    """Commands with the lines they print; `...` stands for any lines."""
    found: list[tuple[str, list[str]]] = []
    for block in blocks(name, "console"):
        for line in block.splitlines():
            if line.startswith("$ tellverify "):
                found.append((line.removeprefix("$ tellverify "), []))
            else:
                found[-1][1].append(line)
    return found


@pytest.mark.parametrize("name", PAGES)
def test_commands_print_what_is_shown(
    name: str, clone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for command, lines in shown(name):
        run(command.split())
        captured = capsys.readouterr()
        said = (captured.out + captured.err).splitlines()
        at = 0
        exact = True
        for line in lines:
            if line == "...":
                exact = False
                continue
            assert line in said[at:], f"{command}: {line}\n" + "\n".join(said)
            here = said.index(line, at)
            assert not exact or here == at, f"{command}: before {line}"
            at, exact = here + 1, True
        assert not exact or at == len(said), f"{command}: after the last line shown"


def test_the_library_example_runs() -> None:
    (code,) = blocks("runtime", "python")
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith('complete {"role":"A","direction":"send"')
    assert done.stdout.rstrip().endswith("stale-owner")


@pytest.mark.parametrize("name", PAGES)
def test_codes_and_links_exist(name: str) -> None:
    text = text_of(name)
    for number in re.findall(r"\bTV\d{3}\b", text):
        assert number in CODES
    for target in re.findall(r"\]\(([^)#:]+?)\)", text):
        assert (DOCS / target).exists(), target


def test_every_mode_and_every_refusal_of_a_launch_is_on_the_page() -> None:
    from tellverify.diagnostics.launch import LAUNCH_CODES, code_of

    text = text_of("runtime")
    for mode in Mode:
        assert f"`{mode}`" in text
    assert {str(kind) for kind in FaultKind} >= set(LAUNCH_CODES)
    for kind in FaultKind:
        number = code_of(str(kind))
        assert not number or number in text, number
