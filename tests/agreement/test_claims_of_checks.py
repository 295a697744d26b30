"""What a whole check claims of every family size, against the same check at larger sizes."""

from __future__ import annotations

import itertools
import os

import pytest
from family_texts import FamilyText
from random_families import random_family_text
from size_rows import ROWS

from tellverify.language.instances import sizes_of
from tellverify.obligations.options import Options
from tellverify.verdict.identity import ObligationScope
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Bounded, Outcome, Proved, Refuted, Skipped
from tellverify.verdict.properties import SAFETY, Property
from tellverify.verdict.run import Verdict
from tellverify.verification.pipeline import check_text

TEXTS = int(os.environ.get("TELLVERIFY_TEXTS", "200"))
OF_RUNS = (Property.IMPLEMENTABLE, *SAFETY)


def verdicts(text: str, sizes: dict[str, int] | None = None) -> tuple[Verdict, ...]:
    instances = tuple((family, (size,)) for family, size in (sizes or {}).items())
    (report,) = check_text(text, Options(instances=instances)).run.protocols
    return report.verdicts


def outcome(found: tuple[Verdict, ...], prop: Property) -> Outcome:
    return next(one.outcome for one in found if one.property is prop)


@pytest.mark.parametrize("name", ROWS)
def test_the_check_claims_what_it_may_and_says_why_not(name: str) -> None:
    row = ROWS[name]
    found = verdicts(row.text)
    first = outcome(found, Property.IMPLEMENTABLE)
    if isinstance(outcome(found, Property.WELL_FORMED), Refuted):
        assert isinstance(first, Skipped)  # only as a graph: a rule of the text forbids it
        return
    if not row.outside:
        assert isinstance(first, Proved) and first.method is Method.GENERIC_MEMBER
        assert first.every == f"every N >= {row.least[0]}" and first.generic
        assert any(isinstance(one.outcome, Refuted) for one in found) == bool(row.stuck)
        return
    assert not any(isinstance(one.outcome, Proved) and one.outcome.generic for one in found)
    given = FamilyText(row.text)
    if not any(max(sizes) <= 3 for sizes in row.refuted):
        assert isinstance(first, Bounded)
        assert row.outside in first.reason and "line" in first.reason
        return
    assert isinstance(first, Refuted)
    smallest = min(row.refuted, key=lambda sizes: (sum(sizes), sizes))
    at = {f: n for s, n in zip(given.symbols(), smallest, strict=True) for f in s.families}
    assert sizes_of(first.instance) == at


def larger(given: FamilyText) -> list[dict[str, int]]:
    """Sizes beyond the grid: each symbol, and all of them, by one and by two members."""
    symbols = given.symbols()
    points = itertools.product(*((s.cutoff + 1, s.cutoff + 2, s.cutoff + 3) for s in symbols))
    return [
        {f: n for s, n in zip(symbols, point, strict=True) for f in s.families} for point in points
    ]


def held(found: tuple[Verdict, ...]) -> dict[tuple[Property, ObligationScope], Verdict]:
    """What is claimed for every size, without the roles of a family that is refuted."""
    return {
        (one.property, one.scope): one
        for one in found
        if isinstance(one.outcome, Proved) and one.outcome.generic
    }


def test_what_a_check_claims_holds_at_larger_sizes() -> None:
    compared = 0
    for seed in range(0, TEXTS, 4):
        text = random_family_text(seed)
        claimed = held(verdicts(text))
        if not claimed:
            continue
        for sizes in larger(FamilyText(text)):
            found = verdicts(text, sizes)
            for (prop, scope), claim in claimed.items():
                compared += 1
                assert _holds(found, prop, scope, claim), f"{prop} at {sizes}:\n{text}"
    assert compared >= TEXTS


def _holds(
    found: tuple[Verdict, ...], prop: Property, scope: ObligationScope, claim: Verdict
) -> bool:
    """Whether no verdict at some sizes contradicts a claim, and queues are as long."""
    roles = set(scope.roles)
    for one in found:
        if one.property is not prop:
            continue
        named = {role.partition("[")[0] for role in one.scope.roles}
        if isinstance(one.outcome, Bounded):
            if prop is Property.BOUNDED_QUEUES:
                longest = dict(one.statistics)["longest-queue"]
                if longest > dict(claim.statistics)["longest-queue"]:
                    return False
        elif prop in OF_RUNS or not named or {*one.scope.roles} & roles or named <= roles:
            return False
    return True
