"""Every committed rejection: its code, its smallest reason, and the least that resolves it."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from truth_tables import satisfiable

from tellverify.admission.explained import Explained, explain
from tellverify.admission.manifest import Derived, Manifest, derive
from tellverify.admission.manifest_file import read_manifest
from tellverify.admission.objections import AdmissionReason
from tellverify.admission.premises import premises
from tellverify.admission.runtime import inventory_of
from tellverify.language.linking.modules import judged_alone
from tellverify.language.syntax.parser import parse
from tellverify.policy.check import check_policy
from tellverify.policy.model import Policy
from tellverify.policy.read import read_policy
from tellverify.source.span import NOWHERE
from tellverify.source.text import SourceFile

FOLDER = Path(__file__).parents[2] / "counterexamples" / "admission"
EXPECTED = tomllib.loads((FOLDER / "expected.toml").read_text(encoding="utf-8"))
POLICIES = {
    "class": "TV069",
    "combination": "TV071",
    "contradiction": "TV068",
    "duplicate": "TV054",
    "import": "TV055",
    "import_cycle": "TV056",
    "import_cycle_back": "TV056",
    "key_not_provided": "TV062",
    "no_consumer": "TV063",
    "no_group": "TV066",
    "not_toml": "TV052",
    "reserved_pack": "TV067",
    "shape": "TV053",
    "two_groups": "TV065",
    "unknown_name": "TV061",
    "unused_surface": "TV064",
}


@cache
def policy() -> Policy:
    found = read_policy(str(FOLDER / "policy.toml")).policy
    assert found is not None
    assert check_policy(found) == ()
    return found


def derived(name: str) -> Derived:
    path = FOLDER / f"{name}.tell"
    if path.exists():
        source = SourceFile(str(path), path.read_text(encoding="utf-8"))
        parsed = parse(source)
        assert not parsed.diagnostics
        return derive(judged_alone(parsed, source), parsed.file.protocols[0], policy())
    manifest = read_manifest(str(FOLDER / f"{name}.json"))
    assert isinstance(manifest, Manifest)
    return Derived(manifest, SourceFile(name, ""), NOWHERE, {}, ())


@cache
def explained(name: str) -> Explained:
    runtime = inventory_of(policy(), EXPECTED[name]["runtime"])
    assert runtime is not None
    return explain(policy(), derived(name), runtime)


def test_every_file_is_listed_and_every_rejection_has_a_file() -> None:
    files = {path.stem for path in FOLDER.iterdir() if path.suffix in (".tell", ".json")}
    assert files == set(EXPECTED)
    codes = {row["code"] for row in EXPECTED.values()}
    assert codes >= {reason.code.number for reason in AdmissionReason if reason.refuses}


@pytest.mark.parametrize(("name", "row"), EXPECTED.items(), ids=EXPECTED)
def test_it_is_refused_for_one_reason(name: str, row: dict[str, Any]) -> None:
    found = explained(name)
    assert found.unknown == ""
    (only,) = found.objections
    assert only.objection.reason.code.number == row["code"]
    assert found.decision.admitted is not only.objection.reason.refuses
    assert only.clash is not None
    assert [one.text for one in only.clash.premises] == row["reason"]


@pytest.mark.parametrize("name", EXPECTED)
def test_without_any_one_premise_there_is_no_clash(name: str) -> None:
    (only,) = explained(name).objections
    assert only.clash is not None
    terms = [one.premise.term for one in only.clash.premises]
    assert not satisfiable(terms)
    for index in range(len(terms)):
        assert satisfiable(terms[:index] + terms[index + 1 :])


@pytest.mark.parametrize("name", EXPECTED)
def test_the_reason_is_made_of_premises_of_the_question(name: str) -> None:
    (only,) = explained(name).objections
    assert only.clash is not None
    runtime = inventory_of(policy(), EXPECTED[name]["runtime"])
    asked = premises(policy(), derived(name), runtime, warnings=True)
    assert set(only.clash.premises) <= set(asked)


@pytest.mark.parametrize(("name", "row"), EXPECTED.items(), ids=EXPECTED)
def test_the_least_changes_are_those_that_are_written_down(name: str, row: dict[str, Any]) -> None:
    changes = explained(name).changes
    texts = [one.text for one in changes.changes] if changes is not None else []
    assert texts == row["changes"]
    assert (changes.cost if changes is not None else 0) == row["cost"]


def test_every_faulty_policy_is_listed() -> None:
    assert {path.stem for path in (FOLDER / "policies").glob("*.toml")} == set(POLICIES)


@pytest.mark.parametrize(("name", "code"), POLICIES.items())
def test_a_faulty_policy_has_its_fault_and_a_place(name: str, code: str) -> None:
    path = str(FOLDER / "policies" / f"{name}.toml")
    read = read_policy(path)
    found = read.diagnostics if read.policy is None else check_policy(read.policy)
    assert {one.code.number for one in found} == {code}
    for one in found:
        assert one.primary.span.end > 0
        assert Path(one.path).parent == FOLDER / "policies"
