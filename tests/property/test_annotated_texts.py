"""Any protocol with any annotations gets an answer, and its numbers agree with its graph."""

from __future__ import annotations

import os
import random
import re

import pytest
from texts import random_text

from tellverify.annotations.metadata import metadata_of
from tellverify.annotations.rules import default_rules
from tellverify.model.trace import Trace
from tellverify.obligations.options import Options
from tellverify.verdict.outcome import Bounded, Proved, Refuted
from tellverify.verdict.properties import Property
from tellverify.verification.pipeline import check_text

RULES = default_rules()
COUNT = int(os.environ.get("TELLVERIFY_ANNOTATED_TEXTS", "90"))
KEYS = ("guard_capability", "flow_cost", "journal_facts", "leak", "parallel", "link", "colour")
VALUES = ('"chat:send"', '"Chat"', '""', "0", "7", "4294967296", "(A, B)", "External", "true",
          '"bundle=b|exports=x"', '"|="', "5s", "[1, 2]", '"CeremonyInitiated"')  # fmt: skip


def annotated(seed: int, *, wild: bool) -> str:
    rng = random.Random(seed)

    def record(match: re.Match[str]) -> str:
        if rng.random() < 0.3:
            return match[0]
        if wild:
            entries = [
                f"{rng.choice(KEYS)} : {rng.choice(VALUES)}" for _ in range(rng.randint(1, 3))
            ]
        else:
            entries = ['guard_capability : "x:y"', f"flow_cost : {rng.choice((0, 1, 3, 50))}"]
            if rng.random() < 0.3:
                entries.append("leak : (External, Neighbor)")
        return f"{match[1]}{match[2]} {{ {', '.join(entries)} }} ->"

    text = re.sub(r"^( +)([A-F](?:\[\*\])?) ->", record, random_text(seed), flags=re.MULTILINE)
    return f"-- tell: category(C)\n{text}" if rng.random() < 0.2 else text


@pytest.mark.parametrize("block", range(3))
def test_wild_annotations_get_an_answer(block: int) -> None:
    codes: set[str] = set()
    for seed in range(block, COUNT, 3):
        run = check_text(annotated(seed, wild=True), Options(search_limit=500)).run
        codes |= {diagnostic.code.number for diagnostic in run.findings}
        assert run.protocols, seed
    assert {"TV351", "TV355", "TV356", "TV357", "TV721"} <= codes


@pytest.mark.parametrize("block", range(3))
def test_budgets_are_met_and_passed(block: int) -> None:
    shown = exact = 0
    for seed in range(block, COUNT, 3):
        limit = random.Random(seed).choice((0, 3, 60))
        budgets = tuple((role, "", limit) for role in ("A", "B"))
        options = Options(search_limit=500, budgets=budgets)
        run = check_text(annotated(seed, wild=False), options).run
        (protocol,) = run.protocols
        for verdict in protocol.verdicts:
            outcome = verdict.outcome
            if verdict.property is not Property.BUDGET or verdict.scope.roles[:1] not in (
                ("A",),
                ("B",),
            ):
                continue
            if isinstance(outcome, Refuted):
                assert isinstance(outcome.evidence, Trace), seed
                trace = outcome.evidence
                costs = [
                    metadata_of(step.site.annotations, RULES).cost
                    for step in trace.steps
                    if step.send and step.sender == verdict.scope.roles[0]
                ]
                assert sum(costs) > limit or trace.loop >= 0, seed
                shown += 1
            elif isinstance(outcome, Proved | Bounded):
                assert dict(verdict.statistics).get("worst-case", 0) <= limit, seed
                exact += 1
    assert shown > 15
    assert exact > 15
