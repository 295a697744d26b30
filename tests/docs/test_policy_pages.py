"""The pages on policies and admission say what there is."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from tellverify.cli.group import tellverify
from tellverify.diagnostics.codes import CODES
from tellverify.policy import rows
from tellverify.policy.check import check_policy
from tellverify.policy.read import read_policy_text

ROOT = Path(__file__).resolve().parents[2]
POLICY = (ROOT / "docs" / "policy.md").read_text(encoding="utf-8")
ADMISSION = (ROOT / "docs" / "admission.md").read_text(encoding="utf-8")
ROWS = [
    row
    for row in vars(rows).values()
    if isinstance(row, type) and issubclass(row, rows.PolicyRow) and row is not rows.PolicyRow
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.__name__)
def test_every_key_of_the_format_is_on_the_page(row: type[rows.PolicyRow]) -> None:
    for field in msgspec.structs.fields(row):
        assert f"`{field.encode_name}`" in POLICY or f"`{field.encode_name} =" in POLICY


def test_the_example_is_a_policy_without_faults() -> None:
    text, *_ = re.findall(r"^```toml\n(.*?)^```", POLICY, re.MULTILINE | re.DOTALL)
    read = read_policy_text(text)
    assert read.policy is not None, read.diagnostics
    assert [one.message for one in check_policy(read.policy)] == []


@pytest.mark.parametrize("page", [POLICY, ADMISSION], ids=["policy", "admission"])
def test_codes_and_files_exist(page: str) -> None:
    for number in re.findall(r"\bTV\d{3}\b", page):
        assert number in CODES
    for target in re.findall(r"\]\(([^)#:]+?)\)", page):
        assert (ROOT / "docs" / target).exists(), target


def test_every_rejection_is_on_the_page() -> None:
    shown = set(re.findall(r"\bTV\d{3}\b", ADMISSION))
    assert {f"TV70{digit}" for digit in range(1, 10)} <= shown
    assert {"TV711", "TV712", "TV713", "TV714", "TV715", "TV716", "TV717"} <= shown


def test_the_example_of_the_page_is_what_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    (block,) = re.findall(r"^```console\n(.*?)^```", ADMISSION, re.MULTILINE | re.DOTALL)
    command, *lines = block.rstrip().split("\n")
    done = CliRunner().invoke(tellverify, command.split()[2:], standalone_mode=False)
    printed = done.output.split("\n")
    for line in lines:
        assert line == "..." or line in printed, line
