"""The example of the page of versions, run as a user would."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tellverify.cli.group import run
from tellverify.verification.configuration_file import CompareTable

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "versions.md").read_text(encoding="utf-8")


def blocks() -> dict[str, str]:
    """The marked blocks of the page."""
    found = re.findall(r"<!-- versions: (\S+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL)
    return dict(found)


def test_the_comparison_is_the_one_that_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    shown = blocks()
    for name, text in shown.items():
        if name.endswith(".tell"):
            Path(name).parent.mkdir(exist_ok=True)
            Path(name).write_text(text, encoding="utf-8")
    code = run(["compare", "old", "new", "--instances", "D=2,3", "--isolated"])
    out = capsys.readouterr().out
    assert code == 1
    assert out.endswith(shown["output"])
    assert "C new           D[0] old" in out


def test_the_shown_table_has_every_key() -> None:
    (table,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    keys = tomllib.loads(table)["compare"].keys()
    assert keys == set(CompareTable.__struct_encode_fields__)
