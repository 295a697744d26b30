"""Event logs of protocols with timeouts by the command line: timers are inferred."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tellverify.cli.group import run

RETRY = """protocol Retry =
  roles Client, Server
  rec Attempt
    timeout 1s Client at
      Client { guard_capability : "ask" } -> Server : Request
      Server -> Client : Response
    on timeout =>
      continue Attempt
"""
ASK = ("Client", "send", "Server", "Request")
ASKED = ("Server", "receive", "Client", "Request")
ANSWER = ("Server", "send", "Client", "Response")
ANSWERED = ("Client", "receive", "Server", "Response")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.tell").write_text(RETRY, "utf-8")
    return tmp_path


def replayed(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    events: list[tuple[str, str, str, str]],
    *options: str,
    **more: str,
) -> tuple[int, str]:
    rows = [
        {"role": role, "direction": direction, "peer": peer, "label": label, **more}
        for role, direction, peer, label in events
    ]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "log.jsonl").write_text(text, "utf-8")
    code = run(["replay", "log.jsonl", "a.tell", *options])
    said = capsys.readouterr()
    return code, " ".join((said.out + said.err).split())


def test_a_second_request_is_explained_by_a_timer(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    events = [ASK, ASKED, ASK, ANSWER, ASKED, ANSWER, ANSWERED]
    code, said = replayed(folder, capsys, events, "--complete")
    assert code == 0
    assert "conforms, with timers inferred: the run can be complete" in said


def test_what_no_timer_explains_departs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = replayed(folder, capsys, [ASK, ASKED, ANSWER, ANSWERED, ASK])
    assert code == 1 and "TV821" in said and "`Client` cannot send `Request`" in said
    code, said = replayed(folder, capsys, [ASK, ASK, ASKED, ASKED])
    assert code == 1 and "nothing from `Client` is queued for `Server`" in said
    code, said = replayed(folder, capsys, [ASK, ASKED, ANSWER, ASK, ANSWERED])
    assert code == 1 and "line 5 is not possible" in said  # the answer is one of a failed attempt


def test_late_messages_are_taken_where_the_configuration_says_so(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "tellverify.toml").write_text('[semantics]\nlate = "keep"\n', "utf-8")
    assert replayed(folder, capsys, [ASK, ASKED, ANSWER, ASK, ANSWERED])[0] == 0


def test_an_unfinished_run_says_who_may_do_what(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = replayed(folder, capsys, [ASK, ASKED])
    assert code == 0 and "conforms so far, with timers inferred" in said
    assert "`Client` awaits `Response` from `Server`" in said
    assert replayed(folder, capsys, [ASK, ASKED], "--complete")[0] == 1


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (("Nobody", "send", "Server", "Request"), "no role `Nobody`"),
        (("Client", "send", "Nobody", "Request"), "no role `Nobody`"),
        (("Client", "send", "Server", "Requets"), "no message of `Client` has the label"),
    ],
)
def test_names_that_the_protocol_does_not_have(
    folder: Path, capsys: pytest.CaptureFixture[str], event: tuple[str, str, str, str], words: str
) -> None:
    code, said = replayed(folder, capsys, [event])
    assert code == 1 and "TV822" in said and words in said


@pytest.mark.parametrize(
    "option", [("--roles", "Client"), ("--from", "any"), ("--sends-only",)], ids=lambda o: o[0]
)
def test_logs_that_leave_events_out_are_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], option: tuple[str, ...]
) -> None:
    code, said = replayed(folder, capsys, [ASK], *option)
    assert code == 2 and f"{option[0]} is not possible" in said and "line 4" in said


def test_guards_of_messages_are_compared(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert replayed(folder, capsys, [ASK], guard_capability="ask")[0] == 0
    code, said = replayed(folder, capsys, [ASK], guard_capability="tell")
    assert code == 1 and "TV667" in said


def test_logs_of_simulated_runs_conform(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["simulate", "a.tell", "--runs", "30", "--seed", "3", "--log", "log.jsonl"]) == 0
    assert '"timer"' in (folder / "log.jsonl").read_text("utf-8")
    capsys.readouterr()
    assert run(["replay", "log.jsonl", "a.tell"]) == 0
    assert "in 30 sessions" in capsys.readouterr().out


def test_a_log_that_too_much_explains_is_unknown(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = """protocol Rounds =
  roles A, B, C, D
  rec L
    timeout 1s C at
      choice C at
        | Again =>
            C -> B : Again
            continue L
        | Last =>
            C -> B : Last
    on timeout =>
      C -> B : Stop
      C -> A : Tell
  D -> A : Late
"""
    (folder / "a.tell").write_text(text, "utf-8")
    late = [("D", "send", "A", "Late"), ("A", "receive", "D", "Late")]
    code, said = replayed(folder, capsys, late)
    assert code == 3 and "unknown: a role may be in any of ever more attempts" in said
