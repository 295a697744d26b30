"""The agent of an `ext` step behind a phase with `go_on` has to know the outcome."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from workflow_texts import checked, outcome_of

from tellverify.cli.group import tellverify
from tellverify.model.fault import Fault
from tellverify.model.trace import Trace
from tellverify.verdict.outcome import Outcome, Proved, Refuted, Unknown
from tellverify.verdict.properties import Property

ASKED = """module asked exposing (Asked)

protocol Asked =
  roles C, S
  C -> S : Ask
  choice S at
    | Yes =>
      S -> C : Yes
    | No =>
      S -> C : No
"""
SEEN = ASKED.replace("asked", "seen").replace("Asked", "Seen").replace("C, S", "C, S, W")
SEEN = SEEN.replace("  C -> S", "  C -> W : Begun\n  C -> S")
TOLD = SEEN.replace("seen", "told").replace("Seen", "Told")
TOLD = TOLD.replace("S -> C : Yes", "S -> C : Yes\n      C -> W : Yes")
TOLD = TOLD.replace("S -> C : No", "S -> C : No\n      C -> W : No")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("asked", ASKED), ("seen", SEEN), ("told", TOLD)):
        (tmp_path / f"{name}.tell").write_text(text, encoding="utf-8")
    return tmp_path


def _phase(protocol: str, extra: str = "") -> str:
    watcher = "" if protocol == "asked" else ', W = "w"'
    agents = f'{{ C = "x", S = "y"{watcher} }}'
    head = f'[[workflow.a.phase]]\nprotocol = "{protocol}"\nagents = {agents}\n'
    return f'{head}go_on = ["Yes"]\n{extra}\n'


def _local(agent: str, extra: str = "") -> str:
    return f'[[workflow.a.phase]]\next = "log"\nagent = "{agent}"\n{extra}\n'


def _outcome(folder: Path, text: str, agent: str) -> tuple[Outcome, Outcome]:
    (report,) = checked(folder, text).protocols
    known = [
        one.outcome
        for one in report.verdicts
        if one.property is Property.KNOWS_OUTCOME and one.scope.roles == (agent,)
    ]
    return outcome_of(report), known[0]


@pytest.mark.parametrize(("protocol", "agent"), [("asked", "t"), ("seen", "w")])
def test_an_agent_that_does_not_learn_of_the_end_is_refuted_with_a_run(
    folder: Path, protocol: str, agent: str
) -> None:
    whole, known = _outcome(folder, _phase(protocol) + _local(agent), agent)
    assert isinstance(whole, Refuted) and isinstance(known, Refuted)
    assert whole.code == known.code == "TV850"
    assert isinstance(whole.evidence, Trace)
    assert whole.evidence.fault is Fault.INFIDELITY
    assert whole.evidence.explanation == (
        f"`{agent}` carries out `log` although an earlier phase has ended the workflow"
    )
    assert "No" in [step.label for step in whole.evidence.steps]


@pytest.mark.parametrize(("protocol", "agent"), [("asked", "x"), ("asked", "y"), ("told", "w")])
def test_an_agent_that_is_told_may_take_a_step(folder: Path, protocol: str, agent: str) -> None:
    whole, known = _outcome(folder, _phase(protocol) + _local(agent), agent)
    assert isinstance(whole, Proved) and isinstance(known, Proved)


def test_a_phase_in_between_that_tells_the_agent_suffices(folder: Path) -> None:
    """Behind `told` the agent knows the end of it, and it knew that of the phase before."""
    text = _phase("told") + _phase("told", 'name = "again"') + _local("w")
    whole, known = _outcome(folder, text, "w")
    assert isinstance(whole, Proved) and isinstance(known, Proved)


def test_a_step_before_the_phase_is_not_asked(folder: Path) -> None:
    (report,) = checked(folder, _local("t") + _phase("asked")).protocols
    assert isinstance(outcome_of(report), Proved)
    assert not [one for one in report.verdicts if one.property is Property.KNOWS_OUTCOME]


@pytest.mark.parametrize("is_before", [True, False])
def test_in_a_thread_only_what_comes_before_the_step_counts(
    folder: Path, *, is_before: bool
) -> None:
    parts = [_phase("asked", 'thread = "one"'), _local("t", 'thread = "one"')]
    other = _phase("asked", 'thread = "two"\nname = "other"').replace('go_on = ["Yes"]\n', "")
    (report,) = checked(folder, "".join(parts if is_before else parts[::-1]) + other).protocols
    assert isinstance(outcome_of(report), Refuted if is_before else Proved)


def test_on_shared_channels_it_is_not_decided(folder: Path) -> None:
    text = '[workflow.a]\nchannels = "shared"\n' + _phase("asked") + _local("t")
    whole, known = _outcome(folder, text, "t")
    assert isinstance(whole, Unknown) and isinstance(known, Unknown)


def test_its_run_is_written_rechecked_and_replayed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    Path("w.toml").write_text(_phase("asked") + _local("t"), encoding="utf-8")

    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(tellverify, list(arguments), standalone_mode=False)
        assert done.exception is None, done.exception
        return done.return_value, done.output

    code, _ = run("workflow", "check", "w.toml", "--evidence", "ev")
    assert code == 1
    code, text = run("recheck", "ev")
    assert code == 0 and "0 rejected" in text
    for path in Path("ev").rglob("*.workflow-run.json"):
        code, text = run("replay", str(path))
        assert code == 0 and "accepted:" in text and "ext log: t begins" in text
