"""What is wrong with a workflow file is said with its place, and nothing of it is checked."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from workflow_texts import checked

from tellverify.language.files.inputs import read_any
from tellverify.obligations.options import Options
from tellverify.verdict.outcome import status
from tellverify.workflows.workflow_check import check_workflows, workflow_files

CALL = """module call exposing (Call)

protocol Call =
  roles Client, Server
  Client -> Server : Ask of app.Question
  choice Server at
    | Yes =>
      Server -> Client : Yes of app.Answer
    | No =>
      Server -> Client : No
"""
PHASE = '[[workflow.w.phase]]\nprotocol = "call.tell"\nagents = { Client = "A", Server = "B" }\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "call.tell").write_text(CALL, encoding="utf-8")
    (tmp_path / "broken.tell").write_text(CALL.replace("roles", "rolls"), encoding="utf-8")
    return tmp_path


BAD = {
    "no TOML": ("[[workflow.w.phase]\n", "TV832", "]"),
    "empty": ("", "TV832", ""),
    "no phases": ("[workflow.w]\nphase = []\n", "TV832", "[]"),
    "name twice": (PHASE + 'name = "x"\n' + PHASE + 'name = "x"\n', "TV832", "name"),
    "unknown key": (PHASE + 'goon = ["Yes"]\n', "TV832", "goon"),
    "wrong type": (PHASE + "go_on = 3\n", "TV832", "3"),
    "bad channels": ('[workflow.w]\nchannels = "mixed"\n' + PHASE, "TV832", '"mixed"'),
    "no kind": ('[[workflow.w.phase]]\nname = "x"\n', "TV832", "name"),
    "two kinds": (PHASE + 'ext = "x"\n', "TV832", "ext"),
    "ext without agent": ('[[workflow.w.phase]]\next = "x"\n', "TV832", "ext"),
    "join of ext": (
        '[[workflow.w.phase]]\next = "x"\nagent = "A"\njoin = "all"\n',
        "TV832",
        "join",
    ),
    "bad join": (PHASE + 'join = "some"\n', "TV832", '"some"'),
    "bad timeout": (PHASE + 'timeout = "soon"\n', "TV832", '"soon"'),
    "no file": (PHASE.replace("call.tell", "cal.tell"), "TV833", '"cal.tell"'),
    "no module": (PHASE.replace("call.tell", "cal"), "TV833", '"cal"'),
    "no protocol": (PHASE.replace("call.tell", "call.tell#X"), "TV833", '"call.tell#X"'),
    "no agent": (PHASE.replace(', Server = "B"', ""), "TV834", "agents"),
    "no role": (PHASE.replace("Server =", "Sever ="), "TV834", "Sever"),
    "family for a role": (PHASE + "[agents.B]\nmembers = 2\n", "TV834", '"B"'),
    "each of nothing": (PHASE + 'each = "C"\n', "TV834", '"C"'),
    "two roles": (PHASE.replace('"B"', '"A"'), "TV835", '"A"'),
    "no branch": (PHASE + 'go_on = ["Maybe"]\n', "TV836", '"Maybe"'),
    "cycle": (
        '[[workflow.v.phase]]\nworkflow = "w"\n[[workflow.w.phase]]\nworkflow = "v"\n',
        "TV838",
        '"w"',
    ),
    "no workflow": ('[[workflow.w.phase]]\nworkflow = "v"\n', "TV838", '"v"'),
    "order of nothing": (PHASE + '[agents.A]\norder = ["x"]\n', "TV839", '"x"'),
    "order twice": (PHASE + '[agents.A]\norder = ["w", "w"]\n', "TV839", '"w"'),
    "order of another": (PHASE + '[agents.C]\norder = ["w"]\n', "TV839", "C"),
    "order against phases": (
        PHASE + PHASE.replace('"call.tell"', '"call.tell"\nname = "x"')
        + '[agents.A]\norder = ["w.x", "w.call"]\n',
        "TV839",
        '"w.call"',
    ),
    "join alone": (PHASE + 'join = "first"\n', "TV840", "join"),
    "shared threads": (
        '[workflow.w]\nchannels = "shared"\n' + PHASE + 'thread = "t"\n',
        "TV840",
        "workflow.w.phase",
    ),
    "channels of a phase": (PHASE + 'channels = "shared"\n', "TV832", "channels"),
    "key of a workflow": ('[workflow.w]\nchanels = "own"\n' + PHASE, "TV832", "chanels"),
    "key of an agent": (PHASE + "[agents.A]\norders = []\n", "TV832", "orders"),
    "too many joined": (PHASE + 'thread = "t"\njoin = 3\n', "TV840", "join"),
    "result of nothing": (PHASE + 'uses = ["x.Answer"]\n', "TV841", '"x.Answer"'),
    "result of a later phase": (PHASE + 'uses = ["call.Answer"]\n', "TV841", '"call.Answer"'),
    "bundle of nobody": (PHASE + 'holds = { C = ["b"] }\n', "TV845", "C"),
    "given to nobody": (PHASE + 'delegates = { b = "C" }\n', "TV845", '"C"'),
    "broken protocol": (PHASE.replace("call.tell", "broken.tell"), "TV846", '"broken.tell"'),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input_has_a_diagnostic_with_its_place(folder: Path, case: str) -> None:
    text, code, place = BAD[case]
    run = checked(folder, text)
    found = [one for one in run.findings if one.code.number == code]
    assert found, run.findings
    spans = [one.primary.span for one in found]
    assert any(place in text[span.start : span.end] for span in spans)
    assert run.exit_code == 1
    assert all(one.primary.region is not None for one in run.findings)


RETRY = """module retry exposing (Retry)

protocol Retry =
  roles Client, Server
  rec Loop
    Client -> Server : Ask
    choice Server at
      | Again =>
        Server -> Client : Again
        continue Loop
      | Done =>
        Server -> Client : Done
"""


def test_a_branch_without_an_end_is_no_help(folder: Path) -> None:
    """The help of one names the others."""
    (folder / "call.tell").write_text(RETRY, encoding="utf-8")
    (found,) = checked(folder, PHASE + 'go_on = ["Again"]\n').findings
    assert (found.code.number, found.helps) == ("TV836", ("its other branches are `Done`",))
    assert "has no end after a branch `Again`" in found.message
    (unknown,) = checked(folder, PHASE + 'go_on = ["Maybe"]\n').findings
    assert "has no branch `Maybe`" in unknown.message
    assert unknown.helps == ("its branches are `Again`, `Done`",)


@pytest.mark.parametrize("case", ["no TOML", "no file", "no protocol"])
def test_what_is_not_decided_meets_no_expectation_and_breaks_none(folder: Path, case: str) -> None:
    text, code, _ = BAD[case]
    run = checked(folder, "# tell: expect(refuted composition)\n" + text)
    assert ([one.code.number for one in run.findings], run.exit_code) == ([code], 1)
    sound = checked(folder, "# tell: expect(refuted composition)\n" + PHASE)
    assert [one.code.number for one in sound.findings] == ["TV264"]


def test_a_name_that_is_given_is_kept(folder: Path) -> None:
    """The first phase would be called `call` after its file."""
    text = PHASE + PHASE + 'name = "call"\n' + PHASE + 'uses = ["call.Question"]\n'
    assert checked(folder, text).exit_code == 0


def test_a_comment_without_a_name_is_no_workflow(folder: Path) -> None:
    path = folder / "call.tell"
    path.write_text("-- tell: workflow: Call ; Call\n" + CALL, encoding="utf-8")
    run = check_workflows([read_any(str(path))], Options()).run
    assert [one.code.number for one in run.findings] == ["TV024"]
    assert run.exit_code == 1


@pytest.mark.parametrize(("name", "reason"), [("", "found"), ("v", "selected")])
def test_without_a_workflow_the_reason_says_so(folder: Path, name: str, reason: str) -> None:
    (folder / "w.toml").write_text(PHASE, encoding="utf-8")
    path = str(folder / ("w.toml" if name else "call.tell"))
    options = Options(protocols=(name,) if name else ())
    run = check_workflows([read_any(path)], options).run
    assert (run.exit_code, run.exit_reason) == (4, f"no workflow was {reason}")


def test_a_near_miss_is_checked(folder: Path) -> None:
    text = PHASE + 'go_on = ["Yes"]\n' + PHASE.replace("agents", 'uses = ["call.Answer"]\nagents')
    run = checked(folder, text)
    assert run.exit_code == 0, run.findings


def test_a_result_that_a_branch_does_not_send(folder: Path) -> None:
    text = PHASE + PHASE.replace("agents", 'uses = ["call.Answer"]\nagents')
    run = checked(folder, text)
    (finding,) = run.findings
    assert finding.code.number == "TV842"
    assert "`No`" in finding.message
    assert run.exit_code == 1


def test_a_workflow_runs_in_the_thread_of_its_reference(folder: Path) -> None:
    phase = PHASE.replace("workflow.w.", "workflow.v.")
    both = '[[workflow.w.phase]]\nworkflow = "v"\nthread = "one"\n' + PHASE + 'thread = "two"\n'
    (report,) = (one for one in checked(folder, phase + both).protocols if one.name == "w")
    assert "session-order" not in {one.name for one in report.verdicts}
    inner = phase + 'thread = "own"\n'
    said = checked(folder, inner + both).diagnostics
    assert [one.code.number for one in said] == ["TV840"]


def test_the_steps_of_a_contained_workflow_come_where_it_is_named(folder: Path) -> None:
    """The contained workflow stands behind the phase that uses its result."""
    text = '[[workflow.w.phase]]\nworkflow = "v"\nthread = "t"\n'
    text += PHASE + 'thread = "t"\nuses = ["v.call.Question"]\n'
    text += PHASE.replace("workflow.w.", "workflow.v.")
    run = checked(folder, text)
    assert run.exit_code == 0, run.findings


@pytest.mark.parametrize("last", ["call.tell", ""])
def test_workflows_that_contain_each_other_many_times_are_too_large(
    folder: Path, last: str
) -> None:
    """Each of 30 workflows runs the next one twice; the last one has a phase, or is not there."""
    twice = [f'[[workflow.w{n}.phase]]\nworkflow = "w{n + 1}"\n' * 2 for n in range(30)]
    end = PHASE.replace("workflow.w.", "workflow.w30.") if last else ""
    said = checked(folder, "".join(twice) + end).findings
    assert "TV832" in {one.code.number for one in said}
    assert any(re.search(r"more than 10.000 steps", one.message) for one in said)


def test_files_of_the_working_folder_are_named_without_a_dot(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "w.toml").write_text(PHASE, encoding="utf-8")
    (folder / "s.tell").write_text("-- tell: workflow s: Call ; Call\n" + CALL, encoding="utf-8")
    monkeypatch.chdir(folder)
    assert list(workflow_files(".")) == ["s.tell", "w.toml"]


def test_a_line_that_cannot_be_read_hides_no_other(tmp_path: Path) -> None:
    path = tmp_path / "call.tell"
    lines = ["w: Call ; Nope", "v: Call ; ; Call[]", "u: Call"]
    text = "".join(f"-- tell: workflow {line}\n" for line in lines) + CALL
    path.write_text(text, encoding="utf-8")
    run = check_workflows([read_any(str(path))], Options()).run
    found = [one.message for one in run.diagnostics]
    assert [one for one in found if "expected a protocol, or" in one]
    assert [one for one in found if "the brackets name no branch" in one]
    assert [one for one in found if "there is no protocol `Nope`" in one]
    (report,) = [one for one in run.protocols if one.name == "u"]
    assert {status(one.outcome) for one in report.verdicts} == {"proved"}
    assert run.exit_code == 1
