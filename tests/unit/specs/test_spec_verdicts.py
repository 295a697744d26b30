"""Every protocol of `specs/` passes a check, as strongly as `expected.toml` says."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tellverify.diagnostics.model import Severity
from tellverify.obligations.options import Options
from tellverify.verdict.outcome import status
from tellverify.verification.pipeline import check_paths

SPECS = Path(__file__).parents[3] / "specs"
NAMES = sorted(path.stem for path in SPECS.glob("*.tell"))
EXPECTED = tomllib.loads((SPECS / "expected.toml").read_text(encoding="utf-8"))


def test_only_files_that_exist_are_listed() -> None:
    assert set(EXPECTED) <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_check_passes(name: str) -> None:
    run = check_paths([str(SPECS / f"{name}.tell")], Options()).run
    assert run.exit_code == 0
    expected = EXPECTED.get(name, {})
    assert [one.code.number for one in run.findings] == expected.get("findings", [])
    assert Severity.ERROR not in {one.severity for one in run.findings}
    (protocol,) = run.protocols
    outcomes = {status(verdict.outcome) for verdict in protocol.verdicts}
    weakest = expected.get("outcome", "proved")
    assert outcomes == {"proved", weakest}


def test_the_table_names_every_file() -> None:
    table = (SPECS / "README.md").read_text(encoding="utf-8")
    assert all(f"| `{name}.tell` |" in table for name in NAMES)


def test_ten_devices_are_as_good_as_three() -> None:
    options = Options(instances=(("Devices", (10,)),))
    run = check_paths([str(SPECS / "ota_activation.tell")], options).run
    assert run.exit_code == 0
