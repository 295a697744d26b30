"""An agent that has a role without messages in a phase: verdicts are those without this role."""

from __future__ import annotations

from pathlib import Path

import pytest
from workflow_texts import checked, outcome_of

from tellverify.verdict.outcome import Outcome, Proved, Refuted

CHOICE = """protocol First =
  roles P, Q
  choice P at
    | Yes => P -> Q : Yes
    | No => P -> Q : No
"""
UNTOLD = """protocol First =
  roles P, Q, R
  rec Round
    choice P at
      | Again =>
        P -> Q : Again
        Q -> R : Report
        R -> P : Ready
        continue Round
      | Over => P -> Q : Over
"""
ENDLESS = """protocol First =
  roles P, Q, R
  choice P at
    | Long =>
      P -> Q : Long
      rec Round
        P -> Q : More
        Q -> P : Taken
        continue Round
    | Short =>
      P -> Q : Short
      Q -> R : Short
"""
BETWEEN = "protocol Between =\n  roles {}\n  P -> Q : Note\n"
ASKS = "protocol Last =\n  roles P, X\n  X -> P : Ask\n"
TOLD = "protocol Last =\n  roles P, X\n  P -> X : Tell\n"


def _outcome(folder: Path, first: str, last: str, *, idle: bool) -> Outcome:
    roles = ", ".join(["P", "Q", "X"] if idle else ["P", "Q"])
    for name, text in (("first", first), ("between", BETWEEN.format(roles)), ("last", last)):
        (folder / f"{name}.tell").write_text(text, encoding="utf-8")
    third = ', R = "x"' if "roles P, Q, R" in first else ""
    given = [
        f'P = "p", Q = "q"{third}',
        'P = "p", Q = "q", X = "x"' if idle else 'P = "p", Q = "q"',
        'P = "p", X = "x"',
    ]
    phases = zip(("first", "between", "last"), given, strict=True)
    text = "".join(
        f'[[workflow.w.phase]]\nprotocol = "{name}.tell"\nagents = {{ {agents} }}\n'
        + ('go_on = ["Yes"]\n' if name == "first" and "Yes" in first else "")
        for name, agents in phases
    )
    return outcome_of(checked(folder, text).protocols[0])


@pytest.mark.parametrize(
    ("first", "last"),
    [(CHOICE, ASKS), (CHOICE, TOLD), (UNTOLD, ASKS), (ENDLESS, ASKS), (ENDLESS, TOLD)],
)
def test_a_role_without_messages_changes_no_verdict(tmp_path: Path, first: str, last: str) -> None:
    with_it, without = (_outcome(tmp_path, first, last, idle=one) for one in (True, False))
    assert isinstance(with_it, Refuted) and isinstance(without, Refuted)
    assert with_it.code == without.code


def test_an_agent_may_listen_behind_a_role_without_messages(tmp_path: Path) -> None:
    outcomes = [_outcome(tmp_path, UNTOLD, TOLD, idle=one) for one in (True, False)]
    assert all(isinstance(one, Proved) for one in outcomes)


@pytest.mark.parametrize("idle", [True, False])
def test_an_agent_that_acts_in_no_later_phase_need_not_know_the_outcome(
    tmp_path: Path, *, idle: bool
) -> None:
    last = "protocol Last =\n  roles P, Q\n  P -> Q : Bye\n"
    (tmp_path / "first.tell").write_text(CHOICE, encoding="utf-8")
    (tmp_path / "last.tell").write_text(last.replace("P, Q", "P, Q, X" if idle else "P, Q"))
    more = ', X = "x"' if idle else ""
    text = (
        '[[workflow.w.phase]]\nprotocol = "first.tell"\nagents = { P = "p", Q = "q" }\n'
        'go_on = ["Yes"]\n[[workflow.w.phase]]\nprotocol = "last.tell"\n'
        f'agents = {{ P = "p", Q = "q"{more} }}\n'
    )
    (report,) = checked(tmp_path, text).protocols
    assert all(isinstance(verdict.outcome, Proved) for verdict in report.verdicts)
