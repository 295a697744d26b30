"""Which file a phase names where several files beside and below the workflow have the name."""

from __future__ import annotations

from pathlib import Path

from workflow_texts import checked, outcome_of

from tellverify.verdict.outcome import Proved
from tellverify.verdict.run import Run

CALL = """module call exposing (Call)

protocol Call =
  roles C, S
  C -> S : Ask
"""
PHASE = '[[workflow.w.phase]]\nname = "{0}"\nprotocol = "{1}"\nagents = {{ C = "A", S = "B" }}\n'


def _put(folder: Path, *paths: str) -> None:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(CALL, encoding="utf-8")


def _messages(run: Run) -> list[str]:
    return [one.message for one in run.diagnostics]


def test_the_file_beside_the_workflow_counts_before_those_below(tmp_path: Path) -> None:
    _put(tmp_path, "call.tell", "node_modules/p/call.tell", "a/call.tell")
    run = checked(tmp_path, PHASE.format("one", "call"))
    assert not run.diagnostics
    assert isinstance(outcome_of(run.protocols[0]), Proved)


def test_a_folder_of_modules_counts_before_other_folders(tmp_path: Path) -> None:
    _put(tmp_path, "lib/call.tell", "a/call.tell")
    assert _messages(checked(tmp_path, PHASE.format("one", "call")))
    text = 'modules = ["lib"]\n' + PHASE.format("one", "call")
    assert not checked(tmp_path, text).diagnostics


def test_what_git_ignores_is_not_read(tmp_path: Path) -> None:
    _put(tmp_path, "a/call.tell", "target/call.tell")
    (tmp_path / ".gitignore").write_text("target/\n", encoding="utf-8")
    assert not checked(tmp_path, PHASE.format("one", "call")).diagnostics


def test_several_that_fit_are_named_once_and_nothing_follows(tmp_path: Path) -> None:
    """The order names the phase that is not read, which is no fault of the order."""
    _put(tmp_path, "a/call.tell", "b/call.tell", "c/call.tell")
    text = PHASE.format("one", "call") + PHASE.format("two", "a/call.tell")
    order = '[agents.A]\norder = ["w.one", "w.two"]\n'
    (message,) = _messages(checked(tmp_path, text + order))
    assert message == "several files fit `call`: `a/call.tell`, `b/call.tell` and 1 more"


def test_other_faults_of_an_order_are_said_beside_it(tmp_path: Path) -> None:
    _put(tmp_path, "a/call.tell", "b/call.tell")
    text = PHASE.format("one", "call") + PHASE.format("two", "a/call.tell")
    order = '[agents.A]\norder = ["w.two", "elsewhere"]\n'
    first, second = _messages(checked(tmp_path, text + order))
    assert first == "several files fit `call`: `a/call.tell` and `b/call.tell`"
    assert "`elsewhere`" in second
