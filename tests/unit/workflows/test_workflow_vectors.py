"""The vectors of composition: protocols that hold, and how they fail together."""

from __future__ import annotations

from pathlib import Path

import pytest
from workflow_texts import checked, outcome_of

from tellverify.model.fault import Fault
from tellverify.model.trace import Trace
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Bounded, Proved, Refuted, Skipped, Unknown
from tellverify.verdict.properties import Property

PROTOCOLS = {
    "first": """
  roles A, B, C
  choice A at
    | Direct =>
      A -> C : Direct
      A -> B : Result
    | Via =>
      A -> C : Via
      C -> B : Answer
""",
    "second": "  roles A, B\n  A -> B : Result\n",
    "next": "  roles A, B\n  A -> B : Next\n",
    "drive": """
  roles Driver, Worker, Auditor
  loop decide by Driver
    Driver -> Worker : Step
    Worker -> Auditor : Note
""",
    "audit": "  roles Auditor, Worker\n  Auditor -> Worker : Audit\n",
    "report": "  roles Auditor, Worker\n  Worker -> Auditor : Report\n",
    "login": """
  roles Client, Server, Store
  Client -> Server : Login
  Server -> Store : Opening
  choice Server at
    | Known =>
      Server -> Client : Known
    | Denied =>
      Server -> Client : Denied
""",
    "shop": "  roles Store, Client\n  Store -> Client : Catalogue\n",
    "pick": "  roles Store, Client\n  Client -> Store : Pick\n  Store -> Client : Goods\n",
    "call": "  roles Client, Server\n  Client -> Server : Ask\n  Server -> Client : Answer\n",
    "note": "  roles Client, Server\n  Client -> Server : Note\n",
    "endless": """
  roles Client, Server
  loop forever
    Client -> Server : Tick
""",
    "maybe": """
  roles Client, Server
  choice Client at
    | Stay =>
      loop forever
        Client -> Server : Tick
    | Go =>
      Client -> Server : Go
""",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, body in PROTOCOLS.items():
        text = f"module {name} exposing ({name.title()})\n\nprotocol {name.title()} =\n"
        (tmp_path / f"{name}.tell").write_text(text + body.lstrip("\n"), encoding="utf-8")
    return tmp_path


def _sequence(*phases: str, shared: bool, go_on: str = "") -> str:
    text = f'[workflow.w]\nchannels = "{"shared" if shared else "own"}"\n'
    for number, phase in enumerate(phases):
        text += f'[[workflow.w.phase]]\nprotocol = "{phase}.tell"\n'
        if go_on and number == 0:
            text += f'go_on = ["{go_on}"]\n'
    return text


@pytest.mark.parametrize(
    ("phases", "go_on", "code", "events", "weak"),
    [
        (("first", "second"), "", "TV851", 3, Property.LABELS_APART),
        (("drive", "audit"), "", "TV849", 2, Property.KNOWS_END),
        (("login", "shop"), "Known", "TV850", 6, Property.KNOWS_OUTCOME),
        (("login", "pick"), "Known", "TV850", 6, Property.KNOWS_OUTCOME),
    ],
)
def test_sequences_on_shared_channels_that_fail(
    folder: Path, phases: tuple[str, str], go_on: str, code: str, events: int, weak: Property
) -> None:
    run = checked(folder, _sequence(*phases, shared=True, go_on=go_on))
    (report,) = run.protocols
    outcome = outcome_of(report)
    assert isinstance(outcome, Refuted) and isinstance(outcome.evidence, Trace)
    assert (outcome.code, len(outcome.evidence.steps)) == (code, events)
    assert outcome.evidence.minimal
    refuted = {v.property for v in report.verdicts if isinstance(v.outcome, Refuted)}
    assert refuted == {Property.COMPOSITION, weak}
    assert run.exit_code == 1


def test_other_labels_are_apart(folder: Path) -> None:
    run = checked(folder, _sequence("first", "next", shared=True))
    assert outcome_of(run.protocols[0]) == Proved(Method.PHASE_CONDITIONS)


def test_a_role_that_listens_is_decided_on_the_joined_graph(folder: Path) -> None:
    """The condition fails and is no verdict."""
    run = checked(folder, _sequence("drive", "report", shared=True))
    (report,) = run.protocols
    assert outcome_of(report) == Proved(Method.JOINED_GRAPH)
    weak = [v for v in report.verdicts if isinstance(v.outcome, Skipped)]
    assert [one.name for one in weak] == ["knows-end[Auditor]"]
    assert run.exit_code == 0


def test_channels_of_their_own_keep_labels_apart_and_end_listening(folder: Path) -> None:
    run = checked(folder, _sequence("first", "second", shared=False))
    assert outcome_of(run.protocols[0]) == Proved(Method.PHASE_CONDITIONS)
    run = checked(folder, _sequence("drive", "report", shared=False))
    assert isinstance(outcome_of(run.protocols[0]), Refuted)


def _parallel(protocol: str, sessions: list[tuple[str, str]], orders: dict[str, list[int]]) -> str:
    text = ""
    for number, (client, server) in enumerate(sessions):
        text += f'[[workflow.s{number}.phase]]\nprotocol = "{protocol}.tell"\n'
        text += f'agents = {{ Client = "{client}", Server = "{server}" }}\n'
    for agent, own in orders.items():
        names = ", ".join(f'"s{n}"' for n in own)
        text += f"[agents.{agent}]\norder = [{names}]\n"
    return text


RING = [("A", "B"), ("B", "C"), ("C", "A")]


@pytest.mark.parametrize(
    ("sessions", "orders", "events"),
    [
        ([("A", "B"), ("B", "A")], {"A": [0, 1], "B": [1, 0]}, 2),
        (RING, {"A": [0, 2], "B": [1, 0], "C": [2, 1]}, 3),
    ],
)
def test_calls_that_cross_deadlock(
    folder: Path, sessions: list[tuple[str, str]], orders: dict[str, list[int]], events: int
) -> None:
    run = checked(folder, _parallel("call", sessions, orders))
    for report in run.protocols:
        outcome = outcome_of(report)
        assert isinstance(outcome, Refuted) and isinstance(outcome.evidence, Trace)
        trace = outcome.evidence
        assert (outcome.code, trace.fault, len(trace.steps)) == ("TV848", Fault.DEADLOCK, events)
        assert {one.role for one in trace.waiting if one.awaits} == set(orders)
        assert {step.session for step in trace.steps} <= {one.name for one in run.protocols}
    assert sum(one.refutes != "" for one in run.findings) == 1


def test_calls_in_one_order_hold(folder: Path) -> None:
    run = checked(folder, _parallel("call", [("A", "B"), ("B", "A")], {"A": [0, 1], "B": [0, 1]}))
    assert [outcome_of(one) for one in run.protocols] == [Proved(Method.PHASE_CONDITIONS)] * 2
    run = checked(folder, _parallel("call", RING, {"A": [0, 2], "B": [0, 1], "C": [1, 2]}))
    assert run.exit_code == 0


def test_crossed_notes_hold_by_search(folder: Path) -> None:
    run = checked(folder, _parallel("note", [("A", "B"), ("B", "A")], {"A": [0, 1], "B": [1, 0]}))
    assert [outcome_of(one) for one in run.protocols] == [Proved(Method.PERSISTENT_SETS)] * 2
    skipped = [v.name for one in run.protocols for v in one.verdicts
               if isinstance(v.outcome, Skipped)]  # fmt: skip
    assert skipped == ["session-order"] * 2


def test_eight_calls_are_decided_by_orders(folder: Path) -> None:
    sessions = [("A", f"W{n}") for n in range(8)]
    run = checked(folder, _parallel("call", sessions, {}), search_limit=1)
    assert all(outcome_of(one) == Proved(Method.PHASE_CONDITIONS) for one in run.protocols)


def test_a_search_that_is_given_up_is_unknown(folder: Path) -> None:
    text = _parallel("call", [("A", "B"), ("B", "A")], {"A": [0, 1], "B": [1, 0]})
    run = checked(folder, text, search_limit=2)
    found = [outcome_of(one) for one in run.protocols]
    reason = "the search was given up after 2 configurations"
    assert found == [Unknown(reason, "TV902", "configurations")] * 2
    assert run.exit_code == 3


def test_a_phase_that_never_ends_is_told_with_the_next(folder: Path) -> None:
    run = checked(folder, _sequence("endless", "call", shared=False))
    assert [one.code.number for one in run.findings] == ["TV837"]
    assert run.exit_code == 1


def test_an_agent_behind_an_endless_branch_waits_without_a_deadlock(folder: Path) -> None:
    run = checked(folder, _sequence("maybe", "call", shared=False))
    outcome = outcome_of(run.protocols[0])
    assert isinstance(outcome, Refuted) and isinstance(outcome.evidence, Trace)
    assert outcome.evidence.fault is Fault.STUCK_ROLE


def test_the_conditions_are_asked_of_all_earlier_phases(folder: Path) -> None:
    """The store takes part in the third phase only, and the first may end the workflow."""
    text = _sequence("login", "call", "pick", shared=False, go_on="Known")
    text = text.replace(
        'protocol = "call.tell"',
        'protocol = "call.tell"\nagents = { Client = "Client", Server = "Server" }',
    )
    run = checked(folder, text.replace('[workflow.w]\nchannels = "own"\n', ""))
    assert isinstance(outcome_of(run.protocols[0]), Refuted | Skipped | Bounded)
