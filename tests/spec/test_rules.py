"""Every rule of the language, and what Telltale accepts or drops without a word.

What breaks a rule is found where it is, and a near miss is not.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from tellverify.diagnostics.codes import CODES
from tellverify.diagnostics.model import Diagnostic
from tellverify.language.checks.tiers import TIERS
from tellverify.language.checks.wellformed import check_structure
from tellverify.language.syntax.parser import parse
from tellverify.source.text import SourceFile
from tellverify.verdict.properties import Property

RULES: dict[str, dict[str, Any]] = tomllib.loads(
    (Path(__file__).parent / "rules.toml").read_text("utf-8")
)
STRICT: dict[str, dict[str, Any]] = tomllib.loads(
    (Path(__file__).parent / "strict.toml").read_text("utf-8")
)
TABLE = RULES | STRICT
SHOWN = {name: rule for name, rule in TABLE.items() if "reason" not in rule}
CASES = list(SHOWN)
LAST_RULE = 112

STORE = """\
effect Store
  authoritative claim : Bay -> Slot
  { class : authoritative, progress : may_block, region : session
  , agreement_use : required, reentrancy : allow }
  command ask : Bay -> Slot
  { class : best_effort, progress : immediate, region : session
  , agreement_use : none, reentrancy : allow }
  observe look : Bay -> Slot
  { class : observational, progress : immediate, region : session
  , agreement_use : none, reentrancy : allow }
"""
AGREEMENT = """\
agreement_profile Soft
  visibility pending
  rule unanimous
  usable_at soft_safe
  finalized_at finalized
  evidence witness
"""


def file_of(rule: dict[str, Any], text: str) -> str:
    """The whole file around a text of the table."""
    if rule["in"] == "file":
        return text
    if rule["in"] == "decl":
        return f"{STORE}{AGREEMENT}{text}\nprotocol P =\n  roles A, B\n  A -> B : Go\n"
    lines = ["roles A, B, C", "A -> B : Go", "A -> C : Go", *text.split("\n")]
    body = "".join(f"  {line}\n" for line in lines)
    head = f" {rule['head']}" if rule.get("head") else ""
    return f"{STORE}protocol P{head} =\n{body}"


def findings(text: str) -> tuple[SourceFile, list[Diagnostic]]:
    source = SourceFile("p.tell", text)
    parsed = parse(source)
    return source, [*parsed.diagnostics, *check_structure(parsed.file, source)]


def test_the_table_has_every_rule() -> None:
    assert list(RULES) == [f"R{number}" for number in range(1, LAST_RULE + 1)]


@pytest.mark.parametrize("name", CASES)
def test_what_breaks_a_rule_is_found_where_it_is(name: str) -> None:
    rule = SHOWN[name]
    source, found = findings(file_of(rule, rule["text"]))
    (one,) = [each for each in found if each.code.number == rule["code"]]
    assert source.slice(one.primary.span) == rule["span"]
    assert (one.upstream or "rejects") == rule.get("upstream", "rejects")


@pytest.mark.parametrize("name", CASES)
def test_nothing_else_is_wrong_with_it(name: str) -> None:
    rule = SHOWN[name]
    _, found = findings(file_of(rule, rule["text"]))
    assert {each.code.number for each in found} <= {rule["code"], *rule.get("also", ())}


@pytest.mark.parametrize("name", SHOWN)
def test_a_near_miss_is_not_found(name: str) -> None:
    rule = SHOWN[name]
    _, found = findings(file_of(rule, rule["near"]))
    assert [each.code.number for each in found if each.code.number == rule["code"]] == []


@pytest.mark.parametrize("name", [name for name in TABLE if name not in SHOWN])
def test_what_stands_for_other_rules_exists(name: str) -> None:
    known = {*CODES, *(each.value for each in Property), *TIERS}
    assert set(TABLE[name]["stands"]) <= known
    assert TABLE[name]["reason"]
