"""The examples of explain pages about packs and policies do what the pages say."""

from __future__ import annotations

import re

import pytest
from aura_policy import aura, derived
from click.testing import CliRunner
from page_examples import examples, fenced

from tellverify.admission.findings import findings
from tellverify.admission.resolve import admit
from tellverify.admission.runtime import inventory_of
from tellverify.cli.group import tellverify
from tellverify.diagnostics.codes import CODES
from tellverify.diagnostics.explain import ExplainPage, page
from tellverify.policy.check import check_policy
from tellverify.policy.read import read_policy_text


def _pages(*bands: str) -> list[ExplainPage]:
    found = [page(code) for number, code in CODES.items() if number.startswith(bands)]
    return [one for one in found if one is not None]


TELL = [one for one in _pages("TV70", "TV71", "TV72", "TV73") if examples(one)]
TOML = [one for one in _pages("TV05", "TV06", "TV071") if fenced(one.text, "toml")]
COMMANDS = [
    one
    for one in _pages("TV05", "TV70")
    if sum("$ tellverify" in block for block in fenced(one.text, "text")) == 2
]


def _codes_of(text: str) -> set[str]:
    runtime = inventory_of(aura(), "full")
    assert runtime is not None
    one = derived(text)
    decision = admit(aura(), one.manifest, runtime, "example.tell")
    said = findings(aura(), one, decision.objections, runtime)
    return {each.code.number for each in (*said, *one.diagnostics)}


@pytest.mark.parametrize("found", TELL, ids=lambda one: one.code.number)
def test_the_first_choreography_has_the_fault_and_the_second_does_not(found: ExplainPage) -> None:
    wrong, right = examples(found)
    assert found.code.number in _codes_of(wrong)
    assert found.code.number not in _codes_of(right)


@pytest.mark.parametrize("found", TOML, ids=lambda one: one.code.number)
def test_the_first_policy_has_the_fault_and_the_second_does_not(found: ExplainPage) -> None:
    wrong, right = fenced(found.text, "toml")
    said = _said(wrong)
    assert found.code.number in {code for code, _ in said}
    assert found.code.number not in {code for code, _ in _said(right)}
    (shown,) = fenced(found.text, "text")
    message = shown.strip().partition(": ")[2]
    assert any(message in text for code, text in said if code == found.code.number)


def _said(text: str) -> list[tuple[str, str]]:
    read = read_policy_text(text)
    found = read.diagnostics if read.policy is None else check_policy(read.policy)
    return [(one.code.number, one.message) for one in found]


@pytest.mark.parametrize("found", COMMANDS, ids=lambda one: one.code.number)
def test_the_first_command_says_it_and_the_second_does_not(found: ExplainPage) -> None:
    outputs = []
    for block in fenced(found.text, "text"):
        line, _, shown = block.partition("\n")
        done = CliRunner().invoke(tellverify, line.split()[2:], standalone_mode=False)
        output = re.sub(r"\s+", " ", done.output)
        outputs.append(output)
        if shown.strip():
            assert re.sub(r"\s+", " ", shown.strip()) in output
    assert f"[{found.code.number}]" in outputs[0]
    assert f"[{found.code.number}]" not in outputs[1]
