"""Obligations of annotations where runs are not runs of a graph: decided or named, never silent."""

from __future__ import annotations

from pathlib import Path

import pytest

from tellverify.obligations.options import Options
from tellverify.verdict.outcome import Proved, Skipped, Unknown
from tellverify.verdict.run import Verdict
from tellverify.verification.exit_code import judge
from tellverify.verification.pipeline import check_text

CHARGED = """protocol Purchase =
  roles B, W
  timeout 5s B at
    B { guard_capability : "x:y", flow_cost : 10, leak : (External) } -> W : Ship
    W { guard_capability : "x:y", flow_cost : 90 } -> B : Done
  on timeout =>
    B { guard_capability : "x:y", flow_cost : 10 } -> W : Cancel
"""
PLAIN = """protocol Purchase =
  roles B, W
  timeout 5s B at
    B -> W : Ship
    W -> B : Done
  on timeout =>
    B -> W : Cancel
"""
TOO_LARGE = """protocol Purchase =
  roles B, W
  B { guard_capability : "x:y", flow_cost : 10, leak : (External) } -> W : Ship
  loop forever
    W { guard_capability : "x:y", flow_cost : 90 } -> B : Done
"""


def verdicts_of(text: str, options: Options | None = None) -> dict[str, Verdict]:
    (report,) = check_text(text, options or Options()).run.protocols
    return {verdict.name: verdict for verdict in report.verdicts}


def exit_of(text: str) -> int:
    run = check_text(text, Options()).run
    return judge(run.protocols, run.diagnostics, Options(), any_input=True)[0]


def test_a_stated_budget_beside_a_timeout_is_not_passed_over() -> None:
    found = verdicts_of("-- tell: budget(W = 50)\n" + CHARGED)["budget[W]"]
    assert found.required
    assert isinstance(found.outcome, Skipped)
    assert "`timeout` (line 4)" in found.outcome.reason
    assert exit_of("-- tell: budget(W = 50)\n" + CHARGED) == 3


@pytest.mark.parametrize("limit", ["W = 50", "W -> B = 50"])
def test_a_stated_budget_counts_where_no_message_is_annotated(limit: str) -> None:
    text = f"-- tell: budget({limit})\n{PLAIN}"
    required = [v for v in verdicts_of(text).values() if v.name.startswith("budget") and v.required]
    assert [isinstance(v.outcome, Skipped) for v in required] == [True]
    assert exit_of(text) == 3


def test_a_stated_budget_of_no_role_is_an_error_in_a_text_without_annotations() -> None:
    for text in (PLAIN, "protocol P =\n  roles A, B\n  A -> B : X\n"):
        assert exit_of("-- tell: budget(Clerk = 50)\n" + text) == 1


def test_all_obligations_of_annotations_are_named_beside_a_timeout() -> None:
    found = verdicts_of(CHARGED)
    skipped = {n: v.required for n, v in found.items() if "`timeout`" in reason_of(v)}
    assert skipped == {
        "budget[B]": False,
        "budget[W]": False,
        "leakage[External, B]": False,
        "receipts[B]": False,
        "receipts[W]": False,
    }


def reason_of(verdict: Verdict) -> str:
    outcome = verdict.outcome
    return outcome.reason if isinstance(outcome, Skipped | Unknown) else ""


def test_the_guard_chain_of_annotations_is_decided_beside_a_timeout() -> None:
    """It speaks of each send by itself, so it takes no run to prove it."""
    found = verdicts_of(CHARGED)["guard-chain[B, W]"]
    assert found.required
    assert isinstance(found.outcome, Proved)
    assert dict(found.statistics) == {"guarded-sends": 3, "unguarded-sends": 0}


def test_a_ceremony_beside_a_timeout_says_what_it_is_not_decided_for() -> None:
    found = verdicts_of("-- tell: category(C)\n" + CHARGED)["ceremony"]
    assert found.required
    assert "`timeout` (line 4)" in reason_of(found)


def test_annotations_of_what_is_too_large_are_named_too() -> None:
    found = verdicts_of("-- tell: budget(W = 50)\n" + TOO_LARGE, Options(event_limit=1))
    assert isinstance(found["guard-chain[B, W]"].outcome, Proved)
    assert isinstance(found["budget[W]"].outcome, Unknown)
    assert "more than 1 instances" in reason_of(found["budget[W]"])


def test_a_chain_that_does_not_protect_is_unknown_without_a_run(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    order = '["capability", "transport", "flow", "journal", "leakage"]'
    head = 'format = 1\nname = "test"\nadmission = { runtime = "r" }\nruntimes = [{ name = "r" }]\n'
    policy.write_text(f"{head}[guard_chain]\norder = {order}\n", encoding="utf-8")
    verdicts = verdicts_of(CHARGED, Options(policy=str(policy)))
    found = [one for name, one in verdicts.items() if name.startswith("guard-chain")]
    assert sorted(role for one in found for role in one.scope.roles) == ["B", "W"]
    for one in found:
        assert one.required
        assert isinstance(one.outcome, Unknown)
        assert "no run to it is searched" in one.outcome.reason
