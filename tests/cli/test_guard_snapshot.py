"""`tellverify guard`: one message under one snapshot, stage by stage."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tellverify.cli.group import tellverify

REQUEST = """module secure_request exposing (SecureRequest)

protocol SecureRequest =
  roles Client, Server
  Client { guard_capability : "chat:message:send", flow_cost : 50, leak : (External, InGroup)
         , journal_facts : "asked" } -> Server : SendRequest
  Server -> Client : Bare
  Server { guard_capability : "chat:message:send", guard_capability : "chat:reply"
         , flow_cost : 30 } -> Client : SendResponse
"""
BUDGET = "flow_budget = { limit = 100, spent = 0, epoch = 0 }\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TELLVERIFY_POLICY", raising=False)
    Path("request.tell").write_text(REQUEST, "utf-8")


def call(snapshot: str, role: str, message: str, *more: str) -> tuple[object, str]:
    Path("snapshot.toml").write_text(f"format = 1\n{snapshot}", "utf-8")
    given = ["guard", "snapshot.toml", "request.tell", "--role", role, "--message", message]
    done = CliRunner().invoke(tellverify, [*given, *more], standalone_mode=False)
    return done.return_value, done.output


def stages(snapshot: str, role: str = "Client", message: str = "SendRequest") -> dict[str, str]:
    (row,) = json.loads(call(snapshot, role, message, "--json")[1])
    return {step["stage"]: step["answer"] for step in row["evaluation"]["steps"]}


def denied_at(stage: str) -> dict[str, str]:
    order = ["capability", "flow", "journal", "leakage", "transport"]
    at = order.index(stage)
    answers = ["passes"] * at + ["denied"] + ["not reached"] * (len(order) - at - 1)
    return dict(zip(order, answers, strict=True))


def test_a_snapshot_without_its_format_is_told_how_to_begin() -> None:
    Path("bare.toml").write_text(f"capabilities = []\n{BUDGET}", "utf-8")
    given = ["guard", "bare.toml", "request.tell", "--role", "Client", "--message", "SendRequest"]
    done = CliRunner().invoke(tellverify, given, standalone_mode=False)
    assert done.return_value == 2
    assert "bare.toml:1: the key `format` is missing: write `format = 1` first" in done.output


def test_no_capabilities_is_denied_as_in_the_guide() -> None:
    """The guide's unit test: capabilities empty, limit 100, nothing spent, epoch 0."""
    code, said = call(f"capabilities = []\n{BUDGET}", "Client", "SendRequest")
    assert code == 1
    assert "`chat:message:send` is not among the 0 capabilities of the snapshot" in said
    assert "denied: nothing is charged, recorded or sent" in said
    assert stages(f"capabilities = []\n{BUDGET}") == denied_at("capability")


@pytest.mark.parametrize(
    ("snapshot", "stage"),
    [
        (BUDGET, ""),
        ("", "flow"),
        ("flow_budget = { limit = 49 }\n", "flow"),
        ("flow_budget = { limit = 50 }\n", ""),
        ("flow_budget = { limit = 100, spent = 51 }\n", "flow"),
        ("flow_budget = { limit = 100, spent = 50 }\n", ""),
        ("epoch = 1\nflow_budget = { limit = 100, spent = 99, epoch = 0 }\n", ""),
        ("epoch = 1\nflow_budget = { limit = 100, spent = 99, epoch = 1 }\n", "flow"),
        (BUDGET + 'leakage = [{ observer = "InGroup", spent = 93 }]\n', "leakage"),
        (BUDGET + 'leakage = [{ observer = "InGroup", spent = 92 }]\n', ""),
        (BUDGET + 'leakage = [{ observer = "External", limit = 7 }]\n', "leakage"),
        (BUDGET + 'leakage = [{ observer = "Neighbor", limit = 0 }]\n', ""),
    ],
)
def test_each_stage_denies_by_itself(snapshot: str, stage: str) -> None:
    whole = f'capabilities = ["chat:message:send"]\n{snapshot}'
    code, _ = call(whole, "Client", "SendRequest")
    assert code == (1 if stage else 0)
    if stage:
        assert stages(whole) == denied_at(stage)
    else:
        assert set(stages(whole).values()) == {"passes"}


def test_an_observer_that_neither_policy_nor_message_names_is_refused() -> None:
    """A misspelt one would be taken for one that has learnt nothing."""
    whole = f'capabilities = ["chat:message:send"]\n{BUDGET}leakage = [%s]\n'
    row = '{ observer = "%s", spent = 99 }'
    code, said = call(whole % (row % "Externl"), "Client", "SendRequest")
    assert code == 2
    assert "no observer is called `Externl`" in said
    assert "`External`" in said
    twice = ",\n".join([row % "InGroup", row % "External", row % "InGroup"])
    code, said = call(whole % twice, "Client", "SendRequest")
    assert code == 2
    assert "snapshot.toml:6: `InGroup` has a row already" in said


def test_all_capabilities_of_a_record_are_needed() -> None:
    one = f'capabilities = ["chat:message:send"]\n{BUDGET}'
    both = f'capabilities = ["chat:reply", "chat:message:send"]\n{BUDGET}'
    assert call(one, "Server", "SendResponse")[0] == 1
    assert call(both, "Server", "SendResponse")[0] == 0


def test_what_is_done_is_named_and_a_bare_message_is_said_to_be_unguarded() -> None:
    _, said = call(f'capabilities = ["chat:message:send"]\n{BUDGET}', "Client", "SendRequest")
    assert "sent: charged 50, coupled, leaked 8, sent, recorded" in said
    code, said = call("", "Server", "Bare")
    assert (code, "it has no annotations" in said) == (0, True)


@pytest.mark.parametrize(
    ("snapshot", "role", "message", "code", "words"),
    [
        ("", "Client", "Other", 4, "no statement of request.tell sends `Other` from `Client`"),
        ("", "Server", "SendRequest", 4, "from `Server`"),
        ("capability = []\n", "Client", "SendRequest", 2, "snapshot.toml:2:"),
        ("flow_budget = { spent = 1 }\n", "Client", "SendRequest", 2, "limit"),
        ("epoch = -1\n", "Client", "SendRequest", 2, "snapshot.toml:2:"),
    ],
)
def test_wrong_use_is_told(snapshot: str, role: str, message: str, code: int, words: str) -> None:
    found, said = call(snapshot, role, message)
    assert (found, words in said) == (code, True), said
