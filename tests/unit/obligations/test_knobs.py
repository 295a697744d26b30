"""What is unknown names the limit to raise, and raising it settles the obligation."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from timed_texts import tell_of
from timed_vectors import VECTORS

from tellverify.obligations.options import Options
from tellverify.report.wording import KNOBS, settling
from tellverify.search import timed_failures
from tellverify.verdict.outcome import Proved, Unknown
from tellverify.verdict.properties import Property
from tellverify.verdict.run import ProtocolReport
from tellverify.verification.pipeline import check_text

ROOT = Path(__file__).parents[3]
CASES = {
    "steps of implementability": ("counterexamples/mixed_choice.tell", "step_limit", 5, "steps"),
    "steps of stuck roles": ("counterexamples/stuck_after_stop.tell", "step_limit", 5, "steps"),
    "steps of guard chains": ("specs/consensus.tell", "step_limit", 5, "steps"),
    "configurations of a search for runs": (
        *("counterexamples/late_reader.tell", "search_limit", 8, "configurations"),
    ),
    "configurations outside of the class": (
        *("counterexamples/undecided_loop.tell", "search_limit", 8, "configurations"),
    ),
    "configurations with timeouts": (
        *("examples/timeouts/ota_deadline.tell", "search_limit", 8, "configurations"),
    ),
    "events of a protocol": ("specs/consensus.tell", "event_limit", 4, "events"),
    "instances of a family": ("specs/ota_activation.tell", "event_limit", 2, "events"),
}

PLAIN = """protocol Dropped =
  -- tell: faults drop(loss <= 1)
  roles A, B
  A -> B : One
  B -> A : Two
  A -> B : Three
"""
TIMED = PLAIN.replace(
    "  A -> B : One\n  B -> A : Two\n",
    "  timeout 1s A at\n    A -> B : One\n    B -> A : Two\n  on timeout =>\n    A -> B : Stop\n",
)


def _report(path: str, options: Options) -> ProtocolReport:
    (report,) = check_text((ROOT / path).read_text("utf-8"), options).run.protocols
    return report


@pytest.mark.parametrize("name", CASES)
def test_the_limit_that_is_named_is_the_one_that_helps(name: str) -> None:
    path, option, value, knob = CASES[name]
    short = _report(path, Options(**{option: value}))
    open_ = [one for one in short.verdicts if isinstance(one.outcome, Unknown)]
    assert open_
    for one in open_:
        assert isinstance(one.outcome, Unknown) and one.outcome.knob == knob, one.outcome
        assert settling(short, one) == KNOBS[knob]
        assert f"`--{knob}`" in KNOBS[knob]
    # Every other limit at its default and this one raised to it as well: all is decided.
    raised = {one.name: one.outcome for one in _report(path, Options()).verdicts}
    for one in open_:
        assert not isinstance(raised.get(one.name), Unknown), one.name


def test_as_many_configurations_are_searched_with_timeouts_as_the_limit_says() -> None:
    text = tell_of(VECTORS["T7"].text, "T7")
    (exact,) = check_text(text, Options(search_limit=242)).run.protocols
    (short,) = check_text(text, Options(search_limit=241)).run.protocols
    deadlocks = [
        verdict.outcome
        for report in (exact, short)
        for verdict in report.verdicts
        if verdict.property is Property.NO_DEADLOCK
    ]
    assert isinstance(deadlocks[0], Proved) and "242 configurations" in str(deadlocks[0])
    assert isinstance(deadlocks[1], Unknown) and deadlocks[1].knob == "configurations"


@pytest.mark.parametrize("text", [PLAIN, TIMED])
def test_a_search_under_faults_names_the_limit_that_it_reached(text: str) -> None:
    (short,) = check_text(text, Options(search_limit=3)).run.protocols
    under = [v.outcome for v in short.verdicts if v.scope.scenario]
    open_ = [outcome for outcome in under if isinstance(outcome, Unknown)]
    assert open_ and all(outcome.knob == "configurations" for outcome in open_)
    (raised,) = check_text(text, Options()).run.protocols
    assert not [v.name for v in raised.verdicts if isinstance(v.outcome, Unknown)]


def test_a_decision_beyond_a_fixed_limit_names_no_limit_to_raise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only the decision is left open: the search of everything else was complete."""
    decision = "  -- tell: property agree: agreement(One, Two)\n"
    text = TIMED.replace("  roles A, B\n", f"{decision}  roles A, B\n")
    (whole,) = check_text(text, Options()).run.protocols
    monkeypatch.setattr(timed_failures, "_MOST_MARKED", 2)
    (short,) = check_text(text, Options()).run.protocols
    before = {verdict.name: verdict for verdict in whole.verdicts}
    open_ = {v.name: v.outcome for v in short.verdicts if isinstance(v.outcome, Unknown)}
    assert {before[name].property for name in open_} == {Property.AGREEMENT}
    assert all(isinstance(one, Unknown) and one.knob == "" for one in open_.values())
    others = {v.name: v.outcome for v in short.verdicts if v.name not in open_}
    assert others == {name: v.outcome for name, v in before.items() if name not in open_}


def test_the_flag_does_what_the_advice_says(tmp_path: Path) -> None:
    def check(*arguments: str) -> tuple[int, str]:
        path = str(ROOT / "counterexamples" / "undecided_loop.tell")
        command = [sys.executable, "-m", "tellverify", "check", "--isolated", path, *arguments]
        done = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=False, env=os.environ
        )
        return done.returncode, done.stdout

    _, short = check("--configurations", "8")
    assert " unknown" in short and "too large to be searched" in short
    code, whole = check("--configurations", "2000")
    assert code == 0 and "   0 unknown" in whole  # its fault is expected
