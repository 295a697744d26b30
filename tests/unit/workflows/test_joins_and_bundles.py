"""Joins that give sessions up, bundles that sessions hold, results and premises."""

from __future__ import annotations

from pathlib import Path

import pytest
from workflow_texts import checked, outcome_of

from tellverify.diagnostics.model import Diagnostic
from tellverify.model.trace import Trace
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Outcome, Proved, Refuted, status
from tellverify.verdict.properties import Property
from tellverify.verdict.run import Run

BODIES = {
    "call": """  roles Client, Server
  Client -> Server : Ask
  Server -> Client : Answer(x: Int)
""",
    "timed": """  roles Boss, Worker
  timeout 5s Worker at
    Boss -> Worker : Job
    Worker -> Boss : Done
  on timeout =>
    Worker -> Boss : Late
""",
    "logged": """  roles Boss, Worker, Log
  timeout 5s Worker at
    Boss -> Worker : Job
    Worker -> Log : Begun
    Worker -> Boss : Done
  on timeout =>
    Worker -> Log : Late
    Worker -> Boss : Late
""",
    "untold": """  roles Boss, Worker, Log
  timeout 5s Worker at
    Boss -> Worker : Job
    Worker -> Log : Begun
    Worker -> Boss : Done
  on timeout =>
    Worker -> Boss : Late
    Boss -> Log : Late
""",
    "waits": """  roles Boss, Worker
  timeout 5s Worker at
    Boss -> Worker : Job
    Worker -> Boss : Done
  on timeout =>
    Worker -> Boss : Late
  Boss -> Worker : Bye
""",
    "retries": """  roles Boss, Worker
  rec Again
    timeout 5s Worker at
      Boss -> Worker : Job
      Worker -> Boss : Done
    on timeout =>
      Worker -> Boss : Late
      continue Again
""",
    "starts": """  roles Boss, Worker
  Worker -> Boss : Ready
  Boss -> Worker : Job
""",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, body in BODIES.items():
        text = f"module {name} exposing ({name.title()})\n\nprotocol {name.title()} =\n{body}"
        (tmp_path / f"{name}.tell").write_text(text, encoding="utf-8")
    return tmp_path


def _each(protocol: str, extra: str, log: str = "") -> str:
    return (
        f'[[workflow.w.phase]]\nprotocol = "{protocol}.tell"\n'
        f'agents = {{ Boss = "boss", Worker = "Crew"{log} }}\neach = "Crew"\n{extra}\n'
    )


def _findings(run: Run) -> list[Diagnostic]:
    outcomes = [verdict.outcome for report in run.protocols for verdict in report.verdicts]
    found = [one.diagnostic for one in outcomes if isinstance(one, Refuted)]
    return [one for one in found if one is not None]


def _by_name(run: Run) -> dict[str, Outcome]:
    return {v.name: v.outcome for one in run.protocols for v in one.verdicts}


@pytest.mark.parametrize("extra", ['timeout = "5s"', 'join = "first"', "join = 2"])
def test_a_worker_with_a_timer_may_be_given_up(folder: Path, extra: str) -> None:
    found = _by_name(checked(folder, _each("timed", extra)))
    assert isinstance(found["abandoned[Crew]"], Proved)
    assert isinstance(found["composition"], Proved)


@pytest.mark.parametrize(("protocol", "events"), [("starts", 1), ("waits", 2)])
def test_a_worker_that_waits_without_a_timer_is_abandoned(
    folder: Path, protocol: str, events: int
) -> None:
    """`waits` has a timer, and waits again behind it, for whoever has gone."""
    run = checked(folder, _each(protocol, 'timeout = "5s"'))
    found = _by_name(run)["abandoned[Crew]"]
    assert isinstance(found, Refuted) and isinstance(found.evidence, Trace)
    assert (found.code, len(found.evidence.steps)) == ("TV852", events)
    assert run.exit_code == 1


def test_a_role_that_the_owner_of_a_timer_tells_is_not_left(folder: Path) -> None:
    told = _by_name(checked(folder, _each("logged", 'timeout = "5s"', ', Log = "log"')))
    assert isinstance(told["abandoned[log]"], Proved)
    untold = _by_name(checked(folder, _each("untold", 'timeout = "5s"', ', Log = "log"')))
    assert isinstance(untold["abandoned[log]"], Refuted)
    assert isinstance(untold["abandoned[Crew]"], Proved)


def test_a_worker_that_tries_again_without_end_is_abandoned(folder: Path) -> None:
    found = _by_name(checked(folder, _each("retries", 'timeout = "5s"')))["abandoned[Crew]"]
    assert isinstance(found, Refuted) and isinstance(found.evidence, Trace)
    assert "can never end it" in found.evidence.explanation


def test_the_whole_is_refuted_by_the_session_that_is_told_of(folder: Path) -> None:
    """Both sessions of the join may be given up, in each of which the same agent waits."""
    head = '[[workflow.w.phase]]\nprotocol = "starts.tell"\n'
    text = f'{head}agents = {{ Boss = "x", Worker = "y" }}\nthread = "s"\ntimeout = "5s"\n'
    text += f'{head}agents = {{ Boss = "y", Worker = "x" }}\nthread = "t"\n'
    run = checked(folder, text)
    found = _by_name(run)
    whole, of_agent = found["composition"], found["abandoned[y]"]
    assert isinstance(whole, Refuted) and isinstance(of_agent, Refuted)
    assert whole.evidence == of_agent.evidence
    assert [one.code.number for one in run.findings] == ["TV852"]


def test_a_join_of_all_without_a_timeout_gives_nothing_up(folder: Path) -> None:
    found = _by_name(checked(folder, _each("starts", 'join = "all"')))
    assert not [name for name in found if name.startswith("abandoned")]
    assert isinstance(found["composition"], Proved)


def _session(name: str, client: str, server: str, extra: str) -> str:
    return (
        f'[[workflow.{name}.phase]]\nprotocol = "call.tell"\n'
        f'agents = {{ Client = "{client}", Server = "{server}" }}\n{extra}\n'
    )


def test_agents_of_one_session_ask_for_their_bundles_in_any_order(folder: Path) -> None:
    """`A` holds `b1` and waits for `b2`; `D`, who has `b2`, waits for `C`, who waits for `b1`."""
    text = _session("s", "A", "B", 'holds = ["b1", "b2"]')
    text += _session("t", "C", "D", 'holds = { C = ["b1"], D = ["b2"] }')
    found = _by_name(checked(folder, text))["composition"]
    assert isinstance(found, Refuted) and found.code == "TV848"


def test_two_agents_cannot_hold_one_bundle_in_a_session(folder: Path) -> None:
    run = checked(folder, _session("s", "A", "B", 'holds = { A = ["b1"], B = ["b1"] }'))
    assert [one.code.number for one in run.diagnostics] == ["TV845"]


def test_bundles_in_one_order_hold_without_a_search(folder: Path) -> None:
    text = _session("s", "A", "B", 'holds = ["b1", "b2"]')
    text += _session("t", "C", "D", 'holds = ["b1", "b2"]')
    run = checked(folder, text)
    assert [outcome_of(one) for one in run.protocols] == [Proved(Method.PHASE_CONDITIONS)] * 2


def test_bundles_in_two_orders_deadlock(folder: Path) -> None:
    text = _session("s", "A", "B", 'holds = ["b1", "b2"]')
    text += _session("t", "C", "D", 'holds = ["b2", "b1"]')
    run = checked(folder, text)
    for report in run.protocols:
        outcome = outcome_of(report)
        assert isinstance(outcome, Refuted) and isinstance(outcome.evidence, Trace)
        assert len(outcome.evidence.steps) == 6


def test_a_bundle_and_an_order_deadlock_together(folder: Path) -> None:
    """B runs t first, which needs the bundle that A holds while it waits for B."""
    text = _session("s", "A", "B", 'holds = { A = ["b"] }')
    text += _session("t", "B", "C", 'holds = { C = ["b"] }')
    text += '[agents.B]\norder = ["t", "s"]\n'
    run = checked(folder, text)
    assert {status(outcome_of(one)) for one in run.protocols} == {"refuted"}
    text = text.replace('holds = { C = ["b"] }', 'holds = { C = ["c"] }')
    assert checked(folder, text).exit_code == 0


def test_one_agent_that_orders_its_bundles_holds(folder: Path) -> None:
    text = _session("s", "A", "B", 'holds = { A = ["b"] }')
    text += _session("t", "A", "C", 'holds = { A = ["b"] }')
    text += '[agents.A]\norder = ["t", "s"]\n'
    run = checked(folder, text)
    assert {outcome_of(one) for one in run.protocols} == {Proved(Method.PHASE_CONDITIONS)}


def test_a_bundle_that_was_given_away_is_not_held_again(folder: Path) -> None:
    text = _session("w", "A", "B", 'name = "one"\ndelegates = { b = "B" }')
    text += _session("w", "A", "B", 'name = "two"\nholds = { A = ["b"] }')
    run = checked(folder, text)
    assert [one.code.number for one in run.findings] == ["TV844"]
    assert "after `one` gave it to `B`" in run.findings[0].message
    kept = checked(folder, text.replace("holds = { A", "holds = { B"))
    assert kept.exit_code == 0


def test_a_bundle_is_held_by_the_agent_that_has_it_last(folder: Path) -> None:
    given = _session("w", "A", "B", 'name = "one"\ndelegates = { b = "B" }')
    back = _session("w", "B", "A", 'name = "two"\ndelegates = { b = "A" }')
    use = _session("w", "A", "C", 'name = "use"\nholds = { A = ["b"] }')
    assert checked(folder, given + back + use).exit_code == 0
    again = checked(folder, given + back + use.replace("A", "B"))
    assert "after `two` gave it to `A`" in again.findings[0].message
    other = checked(folder, given + use.replace('"A"', '"B"').replace("{ A =", "{ C ="))
    assert any("`C` holds `b` in `use`, after" in one.message for one in other.findings)


def test_a_member_holds_a_bundle_in_its_own_session(folder: Path) -> None:
    each = _session("w", "A", "Ds", 'each = "Ds"\nholds = { Ds = ["b"] }')
    run = checked(folder, each)
    assert run.exit_code == 0
    assert "ownership[b]" in _by_name(run)
    member = '[[workflow.w.phase]]\next = "make"\nagent = "Ds"\nmakes = ["k"]\n'
    needs = each + 'needs = ["k"]\n'
    assert checked(folder, member + needs).exit_code == 0
    assert checked(folder, member.replace('"Ds"', '"Es"') + needs).exit_code == 1


def test_a_result_is_a_field_or_nothing(folder: Path) -> None:
    text = _session("w", "A", "B", 'name = "one"') + _session("w", "A", "B", 'uses = ["one.x"]')
    assert checked(folder, text).exit_code == 0
    run = checked(folder, text.replace("one.x", "one.y"))
    assert [one.code.number for one in run.findings] == ["TV841"]
    text = _session("w", "A", "B", 'name = "one"') + _session("w", "C", "D", 'uses = ["one.x"]')
    run = checked(folder, text)
    assert "TV842" in {one.code.number for one in run.findings}


def test_a_premise_is_made_before_and_at_an_agent_of_the_phase(folder: Path) -> None:
    step = '[[workflow.w.phase]]\next = "validate"\nagent = "A"\nmakes = ["k"]\n'
    phase = _session("w", "A", "B", 'needs = ["k"]')
    for text, code in ((step + phase, 0), (phase + step, 1), (phase, 1)):
        assert checked(folder, text).exit_code == code
    other = checked(folder, step.replace('"A"', '"C"') + phase)
    assert [one.code.number for one in other.findings] == ["TV843"]
    found = _by_name(checked(folder, step + phase))["premises[call]"]
    assert isinstance(found, Proved) and "`k` by `validate`" in found.detail
    assert Property.PREMISES.value == "premises"


@pytest.mark.parametrize(
    ("extra", "why"),
    [
        ('join = "first"', "as soon as one session is complete"),
        ("join = 2", "as soon as 2 sessions are complete"),
        ('timeout = "5s"', "after 5s at the latest"),
    ],
)
def test_a_finding_says_when_the_join_goes_on(folder: Path, extra: str, why: str) -> None:
    run = checked(folder, _each("starts", extra))
    assert f"the join continues {why}" in [one.primary.text for one in _findings(run)]


def test_agents_that_wait_for_each_other_are_named(folder: Path) -> None:
    calls = "".join(
        f'[[workflow.{name}.phase]]\nprotocol = "call.tell"\n'
        'agents = { Client = "A", Server = "B" }\n'
        for name in ("one", "two")
    )
    orders = '[agents.A]\norder = ["one", "two"]\n[agents.B]\norder = ["two", "one"]\n'
    run = checked(folder, calls + orders)
    message = _findings(run)[0].message
    assert "none of these agents can act: `A` waits for" in message


def test_an_agent_with_a_local_step_only_has_no_session_to_order(folder: Path) -> None:
    call = '[[workflow.{0}.phase]]\nprotocol = "call.tell"\nagents = {1}\n'
    text = call.format("one", '{ Client = "A", Server = "B" }')
    text += '[[workflow.one.phase]]\next = "log"\nagent = "C"\n'
    text += call.format("two", '{ Client = "A", Server = "C" }')
    run = checked(folder, text + '[agents.C]\norder = ["one", "two"]\n')
    assert "`C` takes part in no session of `one`" in [one.message for one in run.diagnostics]


def test_bundles_that_are_asked_for_in_vain_are_queued_and_the_help_speaks_of_them(
    folder: Path,
) -> None:
    call = (
        '[[workflow.{0}.phase]]\nprotocol = "call.tell"\n'
        'agents = {{ Client = "{1}", Server = "{2}" }}\nholds = {{ {1} = {3} }}\n'
    )
    text = call.format("one", "A", "B", '["x", "y"]') + call.format("two", "C", "D", '["y", "x"]')
    run = checked(folder, text)
    trace = next(one for one in _by_name(run).values() if isinstance(one, Refuted)).evidence
    assert isinstance(trace, Trace)
    assert trace.queues == (("A", "y", ("one.take",)), ("C", "x", ("two.take",)))
    assert _findings(run)[0].helps == ("let all agents ask for the bundles in one order",)


def test_the_run_of_a_session_that_is_given_up_is_one_of_that_session_alone(folder: Path) -> None:
    found = _by_name(checked(folder, _each("starts", 'join = "first"')))["abandoned[Crew]"]
    assert isinstance(found, Refuted) and isinstance(found.evidence, Trace)
    assert found.evidence.explanation.startswith("in `starts[0]` alone, `boss` gives the session")
