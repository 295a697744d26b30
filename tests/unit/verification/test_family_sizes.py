"""A claim covers the sizes at which the text has a meaning, and the search begins there."""

from __future__ import annotations

import pytest

from tellverify.obligations.options import Options
from tellverify.verdict.outcome import Bounded, Proved, Skipped
from tellverify.verdict.run import Run, Verdict
from tellverify.verification.pipeline import check_text

TWO = """protocol P =
  roles Hub, Node[N], Leaf[M]
  Hub -> Node[0] : Go
  Node[0] -> {node} : Go
  Hub -> {leaf} : Go
"""


def claims(run: Run) -> set[str]:
    """The sizes that verdicts other than bounded ones are about."""
    outcomes = [v.outcome for p in run.protocols for v in p.verdicts]
    return {one.every for one in outcomes if isinstance(one, Proved) and one.every}


def bounds(run: Run) -> dict[str, str]:
    outcomes = {str(v.property): v.outcome for p in run.protocols for v in p.verdicts}
    return {name: o.bound for name, o in outcomes.items() if isinstance(o, Bounded)}


def skipped(run: Run) -> list[Verdict]:
    return [v for p in run.protocols for v in p.verdicts if isinstance(v.outcome, Skipped)]


def reason_of(verdict: Verdict) -> str:
    assert isinstance(verdict.outcome, Skipped)
    return verdict.outcome.reason


@pytest.mark.parametrize(
    ("node", "leaf", "claim"),
    [
        ("Node[1]", "Leaf[*]", "every N >= 2, M >= 1"),
        ("Node[1..3]", "Leaf[4]", "every N >= 3, M >= 5"),
        ("Hub", "Leaf[0..N]", ""),
    ],
)
def test_sizes_begin_where_the_text_has_a_meaning(node: str, leaf: str, claim: str) -> None:
    run = check_text(TWO.format(node=node, leaf=leaf), Options()).run
    if not claim:
        assert not claims(run) and not bounds(run)  # the sizes of both fit together for some only
        assert {str(v.property) for v in skipped(run)} >= {"implementable", "no-stuck-role"}
        assert run.exit_code == 3
        return
    assert claims(run) == {claim} and not bounds(run)
    assert run.exit_code == 0


def test_families_of_one_size_symbol_begin_together() -> None:
    text = TWO.format(node="Node[1]", leaf="Leaf[3]").replace("[M]", "[N]")
    run = check_text(text, Options()).run
    assert claims(run) == {"every N >= 4"} and not bounds(run)
    (report,) = run.protocols
    assert [(one.name, one.sizes, one.symbol) for one in report.families] == [
        ("Node", (4, 5, 6), "N"),
        ("Leaf", (4, 5, 6), "N"),
    ]


def test_a_claim_covers_no_size_without_a_meaning() -> None:
    text = TWO.format(node="Node[1]", leaf="Leaf[1]")
    run = check_text(text, Options(instances=(("Node", (1, 2)), ("Leaf", (2, 3))))).run
    (report,) = run.protocols
    assert not bounds(run)
    assert [(family.name, family.sizes) for family in report.families] == [
        ("Node", (2,)),
        ("Leaf", (2, 3)),
    ]
    assert {str(v.property) for v in skipped(run)} >= {"implementable", "no-stuck-role"}
    assert all(reason_of(v).count("line 4") == 1 for v in skipped(run))
    assert run.exit_code == 3
