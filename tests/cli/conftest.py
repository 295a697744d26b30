"""The command line in an empty folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import Command, command_of


@pytest.fixture
def tellverify(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """The command, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return command_of(capsys)
