"""`method` of a verdict in JSON: an engine and a name, each out of a list that the schema has."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tellverify.cli.group import tellverify as cli
from tellverify.verdict.methods import Method
from tellverify.verdict.properties import PROPERTIES, Property

ROOT = Path(__file__).resolve().parents[2]
CHAT = """\
protocol Chat =
  roles A, B
  A { guard_capability : "chat:message:send", flow_cost : 5 } -> B : Ask
  B { guard_capability : "chat:message:send", flow_cost : 3 } -> A : Answer
"""
CHECKS = {
    "a spec with costs": ("check", "specs/amp_transport.tell"),
    "a spec with a ceremony": ("check", "specs/guardian_ceremony.tell", "--policy", "specs/policy"),
    "a spec with a family": ("check", "specs/consensus.tell"),
    "packs that are not accepted": (
        *("check", "counterexamples/admission/pack_not_required.tell"),
        *("--policy", "counterexamples/admission/policy.toml"),
    ),
    "a spec with a pack": ("check", "specs/ota_activation.tell", "--policy", "specs/policy"),
    "a budget that is kept": ("check", "CHAT", "--budget", "A=5", "--budget", "A->B=5"),
    "a budget that is exceeded": ("check", "CHAT", "--budget", "A=4"),
    "a shortest run": ("check", "CHAT", "--witness", "A -> B : Ask"),
    "a run that is not in the protocol": ("check", "counterexamples/infidelity.tell"),
    "a deadlock": ("check", "counterexamples/deadlock_of_three.tell"),
    "an unbounded queue": ("check", "counterexamples/unbounded_queue.tell"),
    "branches that do not merge": ("check", "counterexamples/not_mergeable.tell"),
    "laws": ("laws", "counterexamples/laws"),
    "models": ("patterns", "counterexamples/patterns/deadline_missed.toml"),
}
every_check = pytest.mark.parametrize("name", CHECKS)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """The verdicts of each check."""
    path = tmp_path_factory.mktemp("method") / "chat.tell"
    path.write_text(CHAT, encoding="utf-8")
    return {name: verdicts(arguments, path) for name, arguments in CHECKS.items()}


def verdicts(arguments: tuple[str, ...], chat: Path) -> list[dict[str, Any]]:
    given = [str(chat) if one == "CHAT" else one for one in arguments]
    alone = ["--isolated", "--no-cache"] if given[0] == "check" else []
    done = subprocess.run(
        [sys.executable, "-m", "tellverify", *given, *alone, "--format", "json"],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    found = [one for each in json.loads(done.stdout)["protocols"] for one in each["verdicts"]]
    assert found
    return found


def enumeration(name: str) -> set[str]:
    """The values that the schema of runs lists for a type."""
    folder = resources.files("tellverify.report").joinpath("schema")
    newest = max((one for one in folder.iterdir() if one.name.startswith("run-")), key=str)
    found: set[str] = set(json.loads(newest.read_bytes())["$defs"][name]["enum"])
    return found


@every_check
def test_every_engine_is_in_the_list_of_the_schema(
    runs: dict[str, list[dict[str, Any]]], name: str
) -> None:
    assert {one["engine"] for one in runs[name]} <= enumeration("Engine")


@every_check
def test_what_is_not_decided_has_no_engine_and_what_is_has_one(
    runs: dict[str, list[dict[str, Any]]], name: str
) -> None:
    for one in runs[name]:
        is_open = one["outcome"]["status"] in ("unknown", "skipped", "assumed")
        assert (one["engine"] == "none") == is_open, one["id"]


@every_check
def test_every_name_is_in_the_list_of_the_schema(
    runs: dict[str, list[dict[str, Any]]], name: str
) -> None:
    decided = [one for one in runs[name] if one["engine"] != "none"]
    assert decided
    assert {one["outcome"].get("method", "") for one in decided} <= enumeration("Method")


def test_a_name_has_one_engine(runs: dict[str, list[dict[str, Any]]]) -> None:
    pairs = {
        (one["outcome"].get("method", ""), one["engine"])
        for verdicts in runs.values()
        for one in verdicts
        if one["engine"] != "none"
    }
    assert len(pairs) == len({name for name, _ in pairs})
    assert len(pairs) > 5


@pytest.mark.parametrize("word", ["budget", "leakage", "receipts", "acceptance"])
def test_what_needs_no_projection_does_not_name_it(
    runs: dict[str, list[dict[str, Any]]], word: str
) -> None:
    engines = {
        one["engine"] for verdicts in runs.values() for one in verdicts if one["property"] == word
    } - {"none"}
    assert engines
    assert "projection" not in engines


@pytest.mark.parametrize(
    ("name", "property_name", "status"),
    [
        ("a shortest run", "reachable", "proved"),
        ("a run that is not in the protocol", "fidelity", "refuted"),
        ("a deadlock", "no-deadlock", "refuted"),
        ("models", "claim", "refuted"),
    ],
)
def test_what_was_searched_names_the_search(
    runs: dict[str, list[dict[str, Any]]], name: str, property_name: str, status: str
) -> None:
    found = [
        one["engine"]
        for one in runs[name]
        if (one["property"], one["outcome"]["status"]) == (property_name, status)
    ]
    assert set(found) == {"search"}


def test_what_a_solver_decided_names_it(runs: dict[str, list[dict[str, Any]]]) -> None:
    assert {one["engine"] for one in runs["laws"]} == {"smt"}


def test_local_types_name_the_projection(runs: dict[str, list[dict[str, Any]]]) -> None:
    found = [
        one["engine"]
        for one in runs["branches that do not merge"]
        if one["property"] == "projectable"
    ]
    assert set(found) == {"projection"}


def test_a_name_of_a_property_and_a_method_explains_both() -> None:
    for method in (one for one in Method if one.value in tuple(Property)):
        done = CliRunner().invoke(cli, ["explain", method.value], standalone_mode=False)
        assert PROPERTIES[Property(method.value)].sentence in done.output
        assert f"Known {method.row.phrase}." in done.output


@pytest.mark.parametrize("method", [one for one in Method if one.value not in tuple(Property)])
def test_every_method_is_explained(method: Method) -> None:
    done = CliRunner().invoke(cli, ["explain", method.value], standalone_mode=False)
    assert done.output.startswith(f"# {method.value}\n\nKnown {method.row.phrase}.\n")
    listed = CliRunner().invoke(
        cli, ["explain", method.value, "--format", "json"], standalone_mode=False
    )
    assert json.loads(listed.output)["engine"] == method.row.engine
