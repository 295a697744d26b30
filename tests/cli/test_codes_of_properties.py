"""`explain` of a property lists the codes of the findings that refute it."""

from __future__ import annotations

import functools
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Files of the repository that refute a property, and the command that shows it.
REFUTED = {
    "well-formed": ("check", "counterexamples/undeclared_role.tell"),
    "fidelity": ("check", "counterexamples/infidelity.tell"),
    "no-deadlock": ("check", "counterexamples/deadlock_of_three.tell"),
    "no-stuck-role": ("check", "counterexamples/stuck_after_stop.tell"),
    "bounded-queues": ("check", "counterexamples/unbounded_queue.tell"),
    "projectable": ("check", "counterexamples/not_mergeable.tell"),
    "timeout-agreement": ("check", "counterexamples/timeouts/retry_untold.tell"),
    "fresh-messages": ("check", "--late", "keep", "counterexamples/timeouts/retry_stale.tell"),
    "admission": (
        *("check", "counterexamples/admission/unknown_protocol.tell"),
        *("--policy", "counterexamples/admission/policy.toml"),
    ),
    "law": ("laws", "counterexamples/laws/aura_in_use.toml"),
    "claim": ("patterns", "counterexamples/patterns/deadline_missed.toml"),
    "composition": ("workflow", "check", "counterexamples/workflows/untold_end.toml"),
    "session-order": ("workflow", "check", "counterexamples/workflows/crossed_orders.toml"),
    "knows-end": ("workflow", "check", "counterexamples/workflows/untold_end.toml"),
    "knows-outcome": ("workflow", "check", "counterexamples/workflows/untold_failure.toml"),
    "abandoned": ("workflow", "check", "counterexamples/workflows/workers_without_timers.toml"),
    "results": ("workflow", "check", "counterexamples/workflows/missing_result.toml"),
    "premises": ("workflow", "check", "counterexamples/workflows/validated_too_late.toml"),
    "ownership": ("workflow", "check", "counterexamples/workflows/given_away_in_use.toml"),
}


def tellverify(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "tellverify", *arguments],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.stdout, done.stderr
    return done.stdout


@functools.cache
def registry() -> dict[str, dict[str, Any]]:
    """Every property, by its name, as `explain --list` gives them."""
    listed = json.loads(tellverify("explain", "--list", "--format", "json"))
    return {one["name"]: one for one in listed if "statement" in one}


# Named here, so that collecting the tests runs no command; the first test compares.
PROPERTIES = (
    *("well-formed", "implementable", "no-deadlock", "no-orphan-message"),
    *("no-unspecified-reception", "fidelity", "no-stuck-role", "progress"),
    "bounded-queues",
    *("can-terminate", "terminates", "no-late-message", "projectable"),
    *("agreement", "at-most-once"),
    *("timeout-agreement", "fresh-messages", "late-messages"),
    *("guards", "admission", "acceptance"),
    *("property", "reachable", "guard-chain", "budget", "leakage", "receipts", "budget-merge"),
    *("ceremony", "ceremony-status", "law", "claim", "mixture", "roll-out", "refines"),
    *("composition", "session-order", "knows-end", "knows-outcome", "labels-apart"),
    *("abandoned", "results", "premises", "ownership"),
)


def test_all_properties_are_tested_here() -> None:
    assert set(registry()) == set(PROPERTIES)


@pytest.mark.parametrize("name", sorted(set(PROPERTIES) - {"late-messages"}))
def test_a_property_lists_the_findings_that_refute_it(name: str) -> None:
    assert registry()[name]["codes"]
    for code in registry()[name]["codes"]:
        assert re.fullmatch(r"TV\d{3}", code)


@pytest.mark.parametrize("name", ["no-deadlock", "budget", "well-formed", "law", "claim"])
def test_the_page_of_a_property_names_the_same_codes(name: str) -> None:
    codes = registry()[name]["codes"]
    assert codes
    assert all(code in tellverify("explain", name) for code in codes)


@pytest.mark.parametrize("name", REFUTED)
def test_a_code_that_refutes_a_property_is_listed_with_it(name: str) -> None:
    run = json.loads(tellverify(*REFUTED[name], "--format", "json"))
    codes = {
        one["outcome"]["code"]
        for each in run["protocols"]
        for one in each["verdicts"]
        if one["property"] == name and one["outcome"]["status"] == "refuted"
    }
    assert codes
    assert codes <= set(registry()[name]["codes"])


def test_a_property_that_nothing_refutes_says_so() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tellverify", "explain", "late-messages"],
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert "It gives evidence and is never refuted." in done.stdout
    assert "Findings that refute it" not in done.stdout
