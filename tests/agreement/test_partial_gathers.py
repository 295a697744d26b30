"""Checks of gathers that go on with fewer answers, against all runs of small protocols."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from family_texts import FamilyText, plain_verdict
from gather_runs import Ambiguous, shortest_fault
from random_gathers import random_gather

from tellverify.model.graph import choice_fault, partial_sites
from tellverify.obligations.options import Options
from tellverify.obligations.table import decide_graph
from tellverify.verdict.outcome import Bounded, Proved, Refuted, Skipped, Unknown
from tellverify.verdict.properties import Property
from tellverify.verdict.run import ProtocolReport, Verdict
from tellverify.verification.pipeline import check_text

GATHERS = int(os.environ.get("TELLVERIFY_GATHERS", "45"))
FAULTS = (
    Property.NO_DEADLOCK,
    Property.NO_ORPHAN_MESSAGE,
    Property.NO_UNSPECIFIED_RECEPTION,
    Property.NO_STUCK_ROLE,
)
POLL = """protocol Poll =
  roles Chair, Members[N]
  Chair -> Members[*] : Ask
  Members[*] {{ min_responses : {} }} -> Chair : Answer
  Chair -> Members[*] : Result
"""
ROUNDS = """protocol Rounds =
  roles Chair, Members[N]
  loop decide by Chair
    Chair -> Members[*] : Ask
    Members[*] { min_responses : 1 } -> Chair : Answer
"""


def report_of(text: str, options: Options | None = None) -> ProtocolReport:
    (report,) = check_text(text, options or Options()).run.protocols
    return report


def verdict(report: ProtocolReport, name: str) -> Verdict:
    return next(one for one in report.verdicts if one.name.startswith(name))


@pytest.mark.parametrize("part", range(3))
def test_the_search_finds_a_fault_exactly_where_some_run_has_one(part: int) -> None:
    compared = 0
    for seed in range(part, GATHERS * 12, 3):
        text, needed, size = random_gather(seed)
        given = FamilyText(text)
        graph = given.at([size] * len(given.symbols()))
        if graph is None or choice_fault(graph) is not None or not partial_sites(graph):
            continue
        if plain_verdict(graph) != (True, frozenset()):
            continue  # all answers awaited it is faulty already
        found = [one.outcome for one in decide_graph(graph, Options()) if one.property in FAULTS]
        try:
            fault = shortest_fault(graph, needed, 60, 12_000, whole=True)
        except Ambiguous:
            continue
        if any(isinstance(one, Unknown) for one in found):
            continue
        assert any(isinstance(one, Refuted) for one in found) == (fault is not None), text
        compared += 1
    assert compared >= GATHERS // 15


@pytest.mark.parametrize(("needed", "size", "safe"), [(1, 2, False), (2, 3, False), (1, 1, True)])
def test_a_late_answer_overtakes_the_message_it_was_waited_for(
    needed: int, size: int, safe: bool
) -> None:
    text = (
        "protocol P =\n  roles C, A, R, D[N]\n  choice C at\n    | P =>\n      C -> A : P\n"
        f"      C -> R : P\n      A -> D[*] : M\n      D[*] {{ min_responses : {needed} }} -> R : X"
        "\n      R -> D[*] : Go\n    | S =>\n      C -> A : S\n      C -> R : S\n"
        "      R -> D[*] : Go\n"
    )
    report = report_of(text, Options(instances=(("D", (size,)),)))
    orphan = verdict(report, "no-orphan-message").outcome
    assert isinstance(orphan, Bounded if safe else Refuted)
    assert isinstance(verdict(report, "no-stuck-role[").outcome, Bounded)
    graph = FamilyText(text).at([size])
    assert graph is not None
    fault = shortest_fault(graph, needed, 24, 200_000)
    assert (fault is None) is safe


def test_nothing_is_inherited_from_the_gather_of_all_answers() -> None:
    report = report_of(POLL.format(1))
    for name in ("implementable", "fidelity", "can-terminate"):
        assert isinstance(verdict(report, name).outcome, Skipped)
        assert not verdict(report, name).required
    safe = verdict(report, "no-deadlock").outcome
    assert isinstance(safe, Bounded) and "line 4" in safe.reason
    assert verdict(report, "no-deadlock").required
    late = verdict(report, "no-late-message[Members -> Chair]")
    assert isinstance(late.outcome, Refuted) and late.required
    assert late.outcome.instance == "Members = 2" and late.outcome.code == "TV470"


def test_all_answers_are_the_gather_that_the_text_says() -> None:
    report = report_of(POLL.format(2), Options(instances=(("Members", (2,)),)))
    assert isinstance(verdict(report, "implementable").outcome, Bounded)
    assert not [one for one in report.verdicts if one.property is Property.NO_LATE_MESSAGE]


def test_sizes_begin_where_there_are_enough_members() -> None:
    assert report_of(POLL.format(3)).families[0].sizes == (3, 4, 5)
    few = report_of(POLL.format(3), Options(instances=(("Members", (2,)),)))
    assert isinstance(verdict(few, "no-deadlock").outcome, Refuted)


@pytest.mark.parametrize("after", ["", "  Chair -> Members[*] : Result\n"])
def test_a_receiver_that_needs_more_answers_than_there_are_members_is_stuck(after: str) -> None:
    text = (
        "protocol Poll =\n  roles Chair, Members[3]\n  Chair -> Members[*] : Ask\n"
        f"  Members[*] {{ min_responses : 5 }} -> Chair : Answer\n{after}"
    )
    report = report_of(text)
    assert isinstance(verdict(report, "no-deadlock").outcome, Refuted)
    assert isinstance(verdict(report, "no-stuck-role[Chair]").outcome, Refuted)


@pytest.mark.parametrize(
    ("gather", "reason"),
    [
        ("  Members[*] { min_responses : 0 } -> Chair : Answer\n", "must be at least 1"),
        ("  Chair { min_responses : 2 } -> Members[*] : Ask\n", "stands on no gather"),
    ],
)
def test_queues_of_an_uncovered_gather_say_what_is_not_covered(gather: str, reason: str) -> None:
    report = report_of("protocol Poll =\n  roles Chair, Members[3]\n" + gather)
    for name in ("no-deadlock", "bounded-queues"):
        outcome = verdict(report, name).outcome
        assert isinstance(outcome, Unknown)
        assert reason in outcome.reason


@pytest.mark.parametrize("needed", [1, 2])
def test_a_policy_may_discard_late_answers_and_the_report_says_so(
    needed: int, tmp_path: Path
) -> None:
    """With two answers the smallest size has a full gather; the next one presumes the policy."""
    path = tmp_path / "policy.toml"
    path.write_text(
        'format = 1\n\n[gathers]\nlate = "discard"\n\n[admission]\nruntime = "r"\n'
        'unlisted = "note"\n\n[[runtimes]]\nname = "r"\n'
    )
    report = report_of(POLL.format(needed), Options(policy=str(path)))
    late = verdict(report, "no-late-message[Members -> Chair]").outcome
    assert isinstance(late, Bounded) and "by the policy" in late.detail
    (presumed,) = [one for one in report.presuppositions if one.presumed]
    assert presumed.line == 4
    assert presumed.text.endswith(f"are discarded, as the policy says ({path}:4)")


def test_late_answers_that_pile_up_are_unknown_and_never_claimed() -> None:
    report = report_of(ROUNDS)
    for name in ("no-deadlock", "no-orphan-message", "no-stuck-role"):
        found = verdict(report, name).outcome
        assert isinstance(found, Unknown) and "late answers to `Chair`" in found.reason
    queues = verdict(report, "bounded-queues").outcome
    assert isinstance(queues, Unknown) and "pile up" in queues.reason
    assert isinstance(verdict(report, "no-late-message").outcome, Refuted)


@pytest.mark.parametrize(
    "statement",
    [
        "Chair { min_responses : 2 } -> Members[*] : Ask",
        "Members[*] { min_responses : 1 } -> Others[*] : Ask",
        "Members[*] { min_responses : 0 } -> Chair : Ask",
    ],
)
def test_a_statement_that_is_no_gather_leaves_all_open(statement: str) -> None:
    text = f"protocol P =\n  roles Chair, Members[N], Others[2]\n  {statement}\n"
    report = report_of(text, Options(instances=(("Members", (2, 3)),)))
    for name in ("no-deadlock", "no-orphan-message", "no-unspecified-reception", "no-stuck-role"):
        found = verdict(report, name).outcome
        assert isinstance(found, Unknown) and "`min_responses` on line 3" in found.reason
    assert not any(
        isinstance(one.outcome, Proved) and one.outcome.generic for one in report.verdicts
    )


ORDERS = """protocol Orders =
  roles C, R, D[N]
  choice C at
    | One =>
      C -> D[*] : One
      D[*] -> R : X
    | Two =>
      C -> D[*] : Two
"""


@pytest.mark.parametrize(
    ("rest", "words", "presumed"),
    [
        ("      D[0] -> R : Y\n      D[1] -> R : X\n", "are taken in index order", True),
        ("      D[*] -> R : Y\n", "may be taken in any order, by conditions", False),
    ],
)
def test_the_order_of_answers_is_said(rest: str, words: str, presumed: bool) -> None:
    report = report_of(ORDERS + rest)
    first = report.presuppositions[0]
    assert first.line == 6 and first.presumed is presumed
    assert first.text.startswith(f"the answers of `D[*] -> R : X` {words}")


def test_a_gather_of_one_message_at_a_time_presumes_nothing() -> None:
    text = "protocol P =\n  roles A, D[N]\n  A -> D[*] : Ask\n  D[*] -> A : Yes\n"
    (note,) = report_of(text).presuppositions
    assert not note.presumed and note.text.endswith("may be taken in any order")
