"""A byte order mark before a text changes nothing, whatever command reads the text."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

LOG = '{"role":"Ann","direction":"send","peer":"Bob","label":"Hi"}\n'
MACHINES = (
    '\n{"Ann": {"kind": "send", "partner": "Bob", "branches":'
    ' [{"label": {"name": "Hi", "sort": "unit"}, "continuation": {"kind": "end"}}]}}\n'
)
CONFIGURATION = '[properties]\ngreets = "eventually Hi"\n'


def run(folder: Path, *arguments: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "tellverify", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    text = "protocol P =\n  roles Ann, Bob\n  Ann -> Bob : Hi\n"
    (tmp_path / "p.tell").write_text(text, encoding="utf-8")
    (tmp_path / "log.jsonl").write_text(LOG, encoding="utf-8")
    (tmp_path / "machines.json").write_text(MACHINES, encoding="utf-8")
    (tmp_path / "config.toml").write_text(CONFIGURATION, encoding="utf-8")
    assert run(tmp_path, "check", "p.tell", "--report", "json=run.json")[0] == 0
    assert run(tmp_path, "baseline", "write", "p.tell", "--baseline", "known.json")[0] == 0
    return tmp_path


@pytest.mark.parametrize(
    ("marked", "arguments"),
    [
        ("log.jsonl", ("replay", "log.jsonl", "p.tell")),
        ("machines.json", ("check", "--isolated", "--machines", "machines.json", "p.tell")),
        ("config.toml", ("check", "--config", "config.toml", "p.tell")),
        ("run.json", ("report", "run.json", "--format", "concise")),
        ("known.json", ("check", "--baseline", "known.json", "p.tell")),
    ],
)
def test_marks_change_nothing(folder: Path, marked: str, arguments: tuple[str, ...]) -> None:
    plain = run(folder, *arguments)
    (folder / marked).write_bytes(b"\xef\xbb\xbf" + (folder / marked).read_bytes())
    assert run(folder, *arguments) == plain
    assert plain[0] in (0, 1)
    assert "malformed" not in plain[1]
