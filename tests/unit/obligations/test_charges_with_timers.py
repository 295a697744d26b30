"""Obligations of annotations where runs are not runs of a graph: decided or named, never silent."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tellverify.model.trace import Trace
from tellverify.obligations import timed
from tellverify.obligations.options import Options
from tellverify.verdict.outcome import Bounded, Proved, Refuted, Skipped, Unknown
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


@pytest.mark.parametrize(
    ("limit", "exit_code"), [("W = 90", 0), ("W = 89", 1), ("B -> W = 20", 0), ("B -> W = 19", 1)]
)
def test_a_stated_budget_beside_a_timeout_is_decided(limit: str, exit_code: int) -> None:
    """The buyer pays for `Ship` and, when its timer fires, for `Cancel` as well."""
    text = f"-- tell: budget({limit})\n{CHARGED}"
    role = limit.split(" =")[0]
    found = verdicts_of(text)[f"budget[{role}]"]
    assert found.required
    assert isinstance(found.outcome, Refuted if exit_code else Proved)
    assert exit_of(text) == exit_code


def test_a_run_over_its_budget_has_the_timer_that_fires() -> None:
    found = verdicts_of("-- tell: budget(B = 15)\n" + CHARGED)["budget[B]"].outcome
    assert isinstance(found, Refuted) and isinstance(found.evidence, Trace)
    trace = found.evidence
    assert [step.label for step in trace.steps if step.send] == ["Ship", "Cancel"]
    assert any(step.timer for step in trace.steps)
    assert trace.explanation == "`B` is charged 20 where 15 are allowed"
    assert found.reason == "every run stays within 20"


def test_a_budget_of_attempts_without_limit_is_used_up() -> None:
    text = """protocol Retry =
  roles Client, Server
  rec Attempt
    timeout 1s Client at
      Client { guard_capability : "x:y", flow_cost : 30 } -> Server : Request
      Server { guard_capability : "x:y", flow_cost : 5 } -> Client : Response
    on timeout =>
      continue Attempt
"""
    found = verdicts_of("-- tell: budget(Client = 100)\n" + text)
    over, endless = found["budget[Client]"].outcome, found["budget[Server]"].outcome
    assert isinstance(over, Refuted) and over.code == "TV642"
    assert isinstance(over.evidence, Trace)
    assert [step.label for step in over.evidence.steps if step.send] == ["Request"] * 4
    assert isinstance(endless, Refuted) and endless.code == "TV643"
    assert isinstance(endless.evidence, Trace) and endless.evidence.loop is not None
    lap = endless.evidence.steps[endless.evidence.loop :]
    assert any(step.send and step.sender == "Server" for step in lap)
    assert not found["budget[Server]"].required


def test_attempts_with_a_limit_have_a_worst_case() -> None:
    send = 'Client { guard_capability : "x:y", flow_cost : 30 } -> Server : Request'
    text = f"""-- tell: budget(Client = 60)
protocol Twice =
  roles Client, Server
  timeout 1s Client at
    {send}
    Server -> Client : Response
  on timeout =>
    timeout 2s Client at
      {send}
      Server -> Client : Response
    on timeout =>
      Client {{ guard_capability : "x:y", flow_cost : 0 }} -> Server : GiveUp
"""
    assert isinstance(verdicts_of(text)["budget[Client]"].outcome, Proved)
    assert exit_of(text) == 0 and exit_of(text.replace("= 60", "= 59")) == 1


def test_messages_that_only_their_statements_tell_apart_cost_the_dearest() -> None:
    """The bound holds; a limit between the two is not claimed to be passed."""
    text = """protocol Uneven =
  roles A, B
  timeout 1s A at
    A { guard_capability : "x:y", flow_cost : 3 } -> B : Go
    B -> A : Done
  on timeout =>
    A { guard_capability : "x:y", flow_cost : 50 } -> B : Go
    B -> A : Stopped
"""
    assert exit_of("-- tell: budget(A = 100)\n" + text) == 0
    found = verdicts_of("-- tell: budget(A = 60)\n" + text)
    assert isinstance(found["budget[A]"].outcome, Unknown)
    assert "not known whether a run passes the limit" in reason_of(found["budget[A]"])
    assert isinstance(found["receipts[A]"].outcome, Unknown)


def test_a_search_that_ends_at_its_limit_bounds_no_budget() -> None:
    options = Options(search_limit=3)
    outcome = verdicts_of("-- tell: budget(W = 500)\n" + CHARGED, options)["budget[W]"].outcome
    assert isinstance(outcome, Unknown) and outcome.knob == "configurations"
    assert (
        outcome.reason == "at most 0 of 500 in runs of up to 1 event; longer ones were not searched"
    )


@pytest.mark.parametrize("limit", ["W = 50", "W -> B = 50"])
def test_a_stated_budget_counts_where_no_message_is_annotated(limit: str) -> None:
    text = f"-- tell: budget({limit})\n{PLAIN}"
    required = [v for v in verdicts_of(text).values() if v.name.startswith("budget") and v.required]
    assert [isinstance(v.outcome, Proved) for v in required] == [True]
    assert exit_of(text) == 0


def test_a_stated_budget_of_no_role_is_an_error_in_a_text_without_annotations() -> None:
    for text in (PLAIN, "protocol P =\n  roles A, B\n  A -> B : X\n"):
        assert exit_of("-- tell: budget(Clerk = 50)\n" + text) == 1


def test_all_obligations_of_annotations_are_decided_beside_a_timeout() -> None:
    found = verdicts_of(CHARGED)
    kinds = ("budget[", "leakage[", "receipts[")
    decided = {n: v.required for n, v in found.items() if n.startswith(kinds)}
    assert decided == {
        "budget[B]": False,
        "budget[W]": False,
        "leakage[External, B]": False,
        "receipts[B]": False,
        "receipts[W]": False,
    }
    assert all(isinstance(found[name].outcome, Proved) for name in decided)


def test_a_receipt_that_is_free_repeats_its_nonce_beside_a_timeout() -> None:
    text = CHARGED.replace("flow_cost : 10 } -> W : Cancel", "flow_cost : 0 } -> W : Cancel")
    found = verdicts_of(text)["receipts[B]"].outcome
    assert isinstance(found, Refuted) and found.code == "TV645"
    assert isinstance(found.evidence, Trace)
    assert found.evidence.explanation == (
        "the receipt of `Cancel` has the nonce of an earlier receipt of `B` toward `W`"
    )


def reason_of(verdict: Verdict) -> str:
    outcome = verdict.outcome
    return outcome.reason if isinstance(outcome, Skipped | Unknown) else ""


def test_the_guard_chain_of_annotations_is_decided_beside_a_timeout() -> None:
    """It speaks of each send by itself, so it takes no run to prove it."""
    found = verdicts_of(CHARGED)["guard-chain[B, W]"]
    assert found.required
    assert isinstance(found.outcome, Proved)
    assert dict(found.statistics) == {"guarded-sends": 3, "unguarded-sends": 0}


CEREMONY = """-- tell: category(C)
protocol Rotate =
  roles C, D[N]
  C { guard_capability : "x:y", flow_cost : 1, journal_facts : "R::Initiated" } -> D[*] : Propose
  timeout 5s C at
    D[*] -> C : Ready
    C { guard_capability : "x:y", flow_cost : 1, journal_facts : "R::Committed" } -> D[*] : Commit
  on timeout =>
    C { guard_capability : "x:y", flow_cost : 1, journal_facts : "R::Aborted" } -> D[*] : Abort
"""


def test_a_ceremony_that_ends_at_its_deadline_is_decided() -> None:
    found = verdicts_of(CEREMONY)
    assert found["ceremony"].required and isinstance(found["ceremony"].outcome, Bounded)
    assert isinstance(found["ceremony-status"].outcome, Proved)
    assert exit_of(CEREMONY) == 0


def test_a_ceremony_whose_timer_fires_without_an_outcome_is_refuted() -> None:
    text = CEREMONY.replace(', journal_facts : "R::Aborted"', "")
    found = verdicts_of(text)["ceremony"].outcome
    assert isinstance(found, Refuted) and isinstance(found.evidence, Trace)
    assert found.evidence.explanation == "a complete run ends with neither a commit nor an abort"
    assert any(step.timer for step in found.evidence.steps)
    assert exit_of(text) == 1


def test_a_ceremony_that_aborts_after_its_outcome_is_refuted() -> None:
    """The first device gives up waiting although the commit is on its way."""
    text = """-- tell: category(C)
protocol Rotate =
  roles C, D
  C { guard_capability : "x:y", flow_cost : 1, journal_facts : "R::Initiated" } -> D : Propose
  timeout 5s D at
    C { guard_capability : "x:y", flow_cost : 1, journal_facts : "R::Committed" } -> D : Commit
  on timeout =>
    D { guard_capability : "x:y", flow_cost : 1, journal_facts : "R::Aborted" } -> C : GiveUp
"""
    found = verdicts_of(text)["ceremony"].outcome
    assert isinstance(found, Refuted) and isinstance(found.evidence, Trace)
    assert "although the ceremony already has an outcome" in found.evidence.explanation
    labels = [step.label for step in found.evidence.steps if step.send]
    assert set(labels) == {"Propose", "Commit", "GiveUp"}


def test_a_ceremony_of_which_not_all_runs_are_searched_is_unknown() -> None:
    outcome = verdicts_of(CEREMONY, Options(search_limit=5))["ceremony"].outcome
    assert isinstance(outcome, Unknown) and outcome.knob == "configurations"


def test_a_ceremony_whose_equal_labels_record_different_facts_is_unknown() -> None:
    outcome = verdicts_of(CEREMONY.replace(": Abort", ": Commit"))["ceremony"].outcome
    assert isinstance(outcome, Unknown) and "record different facts" in outcome.reason


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


@pytest.mark.parametrize("limit", [10, 12, 15])
def test_receipts_without_limit_are_not_proved_by_a_search_that_ended(limit: int) -> None:
    """The free message comes after a loop whose receipts have no limit."""
    send = 'B { guard_capability : "x:y", flow_cost : 1 } -> W'
    text = f"""protocol Late =
  roles B, W
  rec L
    choice B at
      | Again =>
        {send} : Again
        W -> B : Ok
        continue L
      | Go =>
        {send} : Go
  W -> B : A1
  {send} : A2
  W -> B : A3
  {send} : A4
  W -> B : A5
  timeout 5s B at
    {send} : Ship
    W -> B : Done
  on timeout =>
    {send.replace(": 1", ": 0")} : Cancel
"""
    outcome = verdicts_of(text, Options(search_limit=limit))["receipts[B]"].outcome
    assert isinstance(outcome, Unknown) and outcome.knob == "configurations"
    expected = r"nonces increase, any number of receipts in runs of up to \d+ events; longer ones"
    assert re.match(expected, outcome.reason)
    assert isinstance(verdicts_of(text)["receipts[B]"].outcome, Refuted)


def test_receipts_without_limit_are_bounded_as_the_queues_that_were_searched() -> None:
    text = """protocol Ahead =
  roles B, W
  rec L
    choice B at
      | Again =>
        B { guard_capability : "x:y", flow_cost : 1 } -> W : Again
        continue L
      | Go =>
        B { guard_capability : "x:y", flow_cost : 1 } -> W : Go
  timeout 5s B at
    B { guard_capability : "x:y", flow_cost : 10 } -> W : Ship
    W -> B : Done
  on timeout =>
    B { guard_capability : "x:y", flow_cost : 10 } -> W : Cancel
"""
    outcome = verdicts_of(text)["receipts[B]"].outcome
    assert isinstance(outcome, Bounded) and outcome.bound == "queues of at most 8 messages"
    assert outcome.detail == "nonces increase, any number of receipts"


RETRIED = """protocol Retried =
  roles C, D[N]
  rec L
    timeout 1s C at
      C { guard_capability : "x:y", flow_cost : 30 } -> D[*] : Request
      D[*] -> C : Response
    on timeout =>
      continue L
"""


def test_receipts_without_limit_are_bounded_by_the_sizes_that_were_tried() -> None:
    outcome = verdicts_of(RETRIED)["receipts[C]"].outcome
    assert isinstance(outcome, Bounded) and outcome.bound.startswith("D = 1, 2, 3")


@pytest.mark.parametrize("limit", [1, 2, 4, 7, 12, 30, 90])
@pytest.mark.parametrize("cost", [0, 30])
def test_nothing_that_runs_add_up_to_is_proved_by_a_part_of_them(limit: int, cost: int) -> None:
    texts = (RETRIED, CHARGED, CEREMONY, "-- tell: budget(C = 10000)\n" + RETRIED)
    for text in texts:
        text = text.replace("flow_cost : 30", f"flow_cost : {cost}")
        found = verdicts_of(text, Options(search_limit=limit))
        searched = isinstance(found["no-deadlock"].outcome, Proved)
        for name, one in found.items():
            kinds = ("budget[", "leakage[", "receipts[")
            if name.startswith(kinds) or name == "ceremony":
                assert searched or not isinstance(one.outcome, Proved), name


def test_receipts_of_statements_alike_that_may_be_free_are_unknown() -> None:
    """One of them is free and the other has no receipt: which one a run sends is not told."""
    text = """protocol Purchase =
  roles B, W
  timeout 5s B at
    B { guard_capability : "x:y", flow_cost : 10 } -> W : Ship
    W { guard_capability : "x:y", flow_cost : 90 } -> B : Done
    B { guard_capability : "x:y", flow_cost : 0 } -> W : Cancel
  on timeout =>
    B -> W : Cancel
"""
    found = verdicts_of(text)
    assert isinstance(found["receipts[B]"].outcome, Unknown)
    assert "of `B` with one label cost differently" in reason_of(found["receipts[B]"])
    assert isinstance(found["receipts[W]"].outcome, Proved)


def test_a_refutation_of_a_part_of_the_runs_names_no_worst_case() -> None:
    bill = '    B { guard_capability : "x:y", flow_cost : 500 } -> W : Bill\n  on timeout'
    text = "-- tell: budget(B = 5)\n" + CHARGED.replace("  on timeout", bill)
    found = verdicts_of(text, Options(search_limit=3))["budget[B]"]
    assert isinstance(found.outcome, Refuted) and not found.outcome.reason
    assert "worst-case" not in dict(found.statistics)
    found = verdicts_of(text)["budget[B]"]
    assert isinstance(found.outcome, Refuted)
    assert found.outcome.reason == "every run stays within 510"
    assert dict(found.statistics)["worst-case"] == 510


def test_a_loop_adds_what_its_own_statements_cost() -> None:
    """The dearer `Go` is outside the loop."""
    text = """protocol Again =
  roles A, B
  A { guard_capability : "x:y", flow_cost : 50 } -> B : Go
  rec L
    timeout 1s A at
      A { guard_capability : "x:y", flow_cost : 3 } -> B : Go
      B -> A : Done
    on timeout =>
      continue L
"""
    outcome = verdicts_of(text)["budget[A]"].outcome
    assert isinstance(outcome, Refuted) and isinstance(outcome.evidence, Trace)
    assert outcome.evidence.explanation.endswith("adds 3")
    outcome = verdicts_of("-- tell: budget(A = 100)\n" + text)["budget[A]"].outcome
    assert isinstance(outcome, Refuted | Unknown)
    assert "adds 50" not in outcome.reason and "rounds" not in outcome.reason.replace("some ", "x")


def test_worst_cases_of_several_sizes_are_told_of_the_shortest_runs_searched() -> None:
    text = CEREMONY.replace("-- tell: category(C)\n", "")
    outcome = verdicts_of(text, Options(search_limit=4))["budget[C]"].outcome
    assert isinstance(outcome, Unknown)
    assert re.fullmatch(
        r"at most [\d, ]+ in runs of up to \d+ events?; longer ones were not searched",
        outcome.reason,
    )


def test_receipts_that_the_search_does_not_come_to_are_not_left_out() -> None:
    found = verdicts_of(CHARGED, Options(search_limit=3))["receipts[W]"].outcome
    assert isinstance(found, Unknown) and found.knob == "configurations"


def test_costs_facts_and_findings_come_from_one_search(monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[object] = []
    search = timed.searched_timed

    def counted(*given: object) -> object:
        searched.append(given)
        return search(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(timed, "searched_timed", counted)
    text = (
        CEREMONY.replace("protocol Rotate", "protocol Once")
        .replace("D[N]", "D")
        .replace("D[*]", "D")
    )
    found = verdicts_of(text)
    assert {"budget[C]", "receipts[C]", "ceremony", "no-deadlock"} <= set(found)
    assert len(searched) == 1
