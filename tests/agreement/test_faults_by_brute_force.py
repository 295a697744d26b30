"""Crashes by omission and faults as moves against explicit flags: verdicts and lengths."""

from __future__ import annotations

import os

import pytest
from plain_faults import Truth, random_scenario
from systems import random_system

from tellverify.model.decision import DecisionRule, parse_decision
from tellverify.search.layering import is_acyclic
from tellverify.search.scenario_search import ScenarioCheck, check_scenario

CASES = int(os.environ.get("TELLVERIFY_FAULT_CASES", "100"))
PART = 20


def decisions_of(seed: int) -> list[DecisionRule]:
    texts = ("agreement(a, b)", "at-most-once(a at A)")
    found = [parse_decision(text) for text in texts[: seed % 3]]
    return [rule for rule in found if rule is not None]


def compare(seed: int) -> tuple[bool, bool]:
    """Whether the case was decided by both, and whether something was refuted by failures."""
    machines = random_system(seed)
    scenario = random_scenario(seed, [machine.role for machine in machines])
    decisions = decisions_of(seed)
    truth = Truth(machines, scenario, decisions)
    if not truth.finite:
        return False, False
    found = check_scenario(machines, scenario, decisions, largest_bound=8, budget=50_000)
    assert isinstance(found, ScenarioCheck) and found.complete
    length = {
        "deadlock": found.deadlock and len(found.deadlock.steps),
        "orphan": found.orphan and len(found.orphan.steps),
        "reception": found.reception and len(found.reception.steps),
    }
    wanted = {"deadlock": truth.deadlock, "orphan": truth.orphan, "reception": truth.reception}
    assert length == wanted, f"seed {seed}, {scenario.text}"
    assert set(found.stuck) == truth.stuck, f"seed {seed}, {scenario.text}"
    assert {n: len(t.steps) for n, t in found.decisions.items()} == truth.broken, seed
    if all(map(is_acyclic, machines)):
        assert {r: len(t.steps) for r, t in found.stuck.items()} == truth.endings, seed
    return True, any(trace.outages for trace in found.stuck.values())


@pytest.mark.parametrize("part", range((CASES + PART - 1) // PART))
def test_scenarios_agree_with_explicit_flags(part: int) -> None:
    found = [compare(seed) for seed in range(PART * part, PART * (part + 1))]
    assert sum(decided for decided, _ in found) > PART // 3


def test_the_cases_are_refuted_by_failures_and_not_only_by_the_machines() -> None:
    assert sum(compare(seed)[1] for seed in range(30)) >= 3
