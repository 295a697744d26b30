"""What docs/configuration.md shows is accepted, and does what the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tellverify.cli.group import run
from tellverify.obligations.options import Options
from tellverify.properties.formula_parser import parse
from tellverify.verdict.outcome import Assumed
from tellverify.verification.configuration_file import ENVIRONMENT, ConfigurationFile
from tellverify.verification.configuration_layers import load
from tellverify.verification.pipeline import check_text

PAGE = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def test_the_shown_file_is_accepted_and_has_every_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tellverify.toml").write_text(block("toml"), encoding="utf-8")
    loaded = load(folder=str(tmp_path), environment={})
    shown = {path[0] for path in loaded.origins}
    assert shown == set(ConfigurationFile.__struct_encode_fields__) - {"cache-dir"}
    for formula in loaded.configuration.properties.values():
        parse(formula)


def test_the_shown_comments_do_what_is_said() -> None:
    run_ = check_text(block("tell"), Options(), "delivery.tell").run
    outcomes = {v.name: v.outcome for p in run_.protocols for v in p.verdicts}
    assert isinstance(outcomes["no-stuck-role[Courier]"], Assumed)
    assert sorted(s.diagnostic.code.number for s in run_.suppressions) == ["TV206", "TV512"]
    assert not {d.code.number for d in run_.diagnostics} & {"TV021", "TV022", "TV023", "TV206"}


def test_the_named_variables_and_codes_exist() -> None:
    for name in re.findall(r"TELLVERIFY_[A-Z_]+[A-Z]", PAGE):
        assert name in ENVIRONMENT or name == "TELLVERIFY_CONFIG"


def test_the_shown_commands_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.tell").write_text("protocol P =\n  roles A, B, C\n  A -> B : M\n")
    for line in block("console").splitlines():
        assert run(line.removeprefix("$ tellverify ").split()) == 0
