"""Phases whose protocols have timers: these fire in sessions that nobody gives up, too."""

from __future__ import annotations

from pathlib import Path

import pytest
from workflow_texts import checked

from tellverify.model.trace import Trace
from tellverify.verdict.outcome import Outcome, Proved, Refuted, Unknown
from tellverify.verdict.run import Run

ASK = """  roles A, B
  timeout 5s A at
    A -> B : Ask
    B -> A : Answer of Price
  on timeout =>
    A -> B : Late
  A -> B : Bye
"""
NEXT = """  roles A, B
  A -> B : Next
  B -> A : Stored
"""
CHOICE = """  roles A, B
  timeout 5s A at
    A -> B : Ask
    B -> A : Answer
  on timeout =>
    A -> B : Late
  choice A at
    | Buy =>
      A -> B : Buy
    | Leave =>
      A -> B : Leave
"""
INSIDE = """  roles A, B
  timeout 5s A at
    A -> B : Ask
    choice B at
      | Yes =>
        B -> A : Yes
      | No =>
        B -> A : No
  on timeout =>
    A -> B : Late
"""
OPEN = """  roles A, B
  timeout 5s B at
    A -> B : Ask
  on timeout =>
    B -> A : Late
"""
BROKEN = """  roles A, B
  timeout 5s A at
    A -> B : Ask
    B -> A : Answer
  on timeout =>
    B -> A : Sorry
"""
CALL = """  roles A, B
  A -> B : Call
  B -> A : Reply
"""


def _outcomes(run: Run) -> dict[str, Outcome]:
    return {v.name: v.outcome for one in run.protocols for v in one.verdicts}


def _run(folder: Path, first: str, extra: str = "", second: str = NEXT, head: str = "") -> Run:
    for name, body in (("first", first), ("second", second)):
        text = f"module {name} exposing ({name.title()})\n\nprotocol {name.title()} =\n{body}"
        (folder / f"{name}.tell").write_text(text, encoding="utf-8")
    return checked(
        folder,
        f'{head}[[workflow.w.phase]]\nprotocol = "first.tell"\nagents = {{ A = "x", B = "y" }}\n'
        f'{extra}\n[[workflow.w.phase]]\nprotocol = "second.tell"\n',
    )


def test_a_phase_with_a_timer_that_all_know_of_is_followed(tmp_path: Path) -> None:
    run = _run(tmp_path, ASK)
    assert isinstance(_outcomes(run)["composition"], Proved)
    assert "a timer fires only while its owner waits" in run.semantics


def test_a_result_is_missing_where_the_timer_fires(tmp_path: Path) -> None:
    second = NEXT + ""
    run = _run(tmp_path, ASK, "", second)
    assert isinstance(_outcomes(run)["composition"], Proved)
    text = (tmp_path / "workflow.toml").read_text() + 'uses = ["first.Price"]\n'
    found = _outcomes(checked(tmp_path, text))["results[first.Price]"]
    assert isinstance(found, Refuted) and found.code == "TV842"


def test_the_kind_of_an_end_is_known_where_its_choice_comes_behind_the_timer(
    tmp_path: Path,
) -> None:
    found = _outcomes(_run(tmp_path, CHOICE, 'go_on = ["Buy"]'))
    assert isinstance(found["composition"], Proved)
    assert isinstance(found["knows-outcome[y]"], Proved)


def test_a_choice_that_the_timer_takes_back_is_not_decided(tmp_path: Path) -> None:
    """`B` has chosen `Yes`, and does not know whether the timer of `A` takes it back."""
    found = _outcomes(_run(tmp_path, INSIDE, 'go_on = ["Yes"]'))
    assert isinstance(found["composition"], Unknown)
    assert "timers of `first`" in found["composition"].reason


def test_a_role_that_may_be_told_of_a_timer_does_not_know_its_end(tmp_path: Path) -> None:
    found = _outcomes(_run(tmp_path, OPEN))
    assert isinstance(found["knows-end[x]"], Unknown)
    assert isinstance(found["composition"], Unknown)


def test_a_protocol_that_fails_when_its_timer_fires_is_no_phase(tmp_path: Path) -> None:
    found = _outcomes(_run(tmp_path, BROKEN))["composition"]
    assert isinstance(found, Refuted) and found.code == "TV846"
    assert isinstance(found.evidence, Trace) and any(s.timer for s in found.evidence.steps)


@pytest.mark.parametrize(("timed", "kind"), [(CALL, Refuted), (ASK, Unknown)])
def test_a_deadlock_counts_where_no_timer_can_end_it(
    timed: str, kind: type[Outcome], tmp_path: Path
) -> None:
    """Two calls in crossed orders: a timer of the caller would let it go on."""
    for name, body in (("first", timed), ("second", CALL)):
        text = f"module {name} exposing ({name.title()})\n\nprotocol {name.title()} =\n{body}"
        (tmp_path / f"{name}.tell").write_text(text, encoding="utf-8")
    run = checked(
        tmp_path,
        '[[workflow.s.phase]]\nprotocol = "first.tell"\nagents = { A = "x", B = "y" }\n'
        '[[workflow.t.phase]]\nprotocol = "second.tell"\nagents = { A = "y", B = "x" }\n'
        '[agents.x]\norder = ["s", "t"]\n[agents.y]\norder = ["t", "s"]\n',
    )
    assert isinstance(_outcomes(run)["composition"], kind)


def test_phases_with_timers_on_shared_channels_are_unknown(tmp_path: Path) -> None:
    run = _run(tmp_path, ASK, head='[workflow.w]\nchannels = "shared"\n')
    found = _outcomes(run)["composition"]
    assert isinstance(found, Unknown) and found.code == "TV854"
