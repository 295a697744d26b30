"""Guards, costs and facts in a log against the annotations of the messages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tellverify.cli.group import run

PROTOCOL = """\
protocol Request =
  roles A, B
  A { guard_capability : "chat:send", flow_cost : 50, journal_facts : "asked", leak : External }
    -> B : Ask
  B { guard_capability : "chat:reply", flow_cost : 30 } -> A : Answer
  B { guard_capability : "chat:refuse", flow_cost : 5 } -> A : Answer
"""
ASK: dict[str, object] = {"role": "A", "direction": "send", "peer": "B", "label": "Ask"}
COMMANDS: list[object] = [
    {"StoreMetadata": {"key": "guard_validated", "value": "chat:send"}},
    {"ChargeBudget": {"amount": 20, "peer": "B"}},
    {"ChargeBudget": 30},
    {"StoreMetadata": {"key": "journal_fact:asked", "value": ""}},
    {"RecordLeakage": {"bits": 8}},
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TELLVERIFY_POLICY", raising=False)
    Path("p.tell").write_text(PROTOCOL, encoding="utf-8")


def replayed(capsys: pytest.CaptureFixture[str], *lines: dict[str, object]) -> tuple[int, str]:
    text = "".join(json.dumps(line) + "\n" for line in lines)
    Path("events.jsonl").write_text(text, encoding="utf-8")
    code = run(("replay", "events.jsonl", "p.tell"))
    captured = capsys.readouterr()
    return code, " ".join((captured.out + captured.err).split())


@pytest.mark.parametrize(
    "recorded",
    [
        {"guard_capability": "chat:send"},
        {"guard_capability": ["chat:send"], "flow_cost": 50, "journal_facts": ["asked"]},
        {"guard_commands": COMMANDS},
        {"guard_commands": [*COMMANDS, {"StoreMetadata": {"key": "other", "value": "x"}}]},
        {"payload": 1},
    ],
)
def test_what_is_annotated_conforms(
    capsys: pytest.CaptureFixture[str], recorded: dict[str, object]
) -> None:
    code, said = replayed(capsys, {**ASK, **recorded})
    assert code == 0, said
    assert ("guards of 1 send compared" in said) is ("payload" not in recorded)


@pytest.mark.parametrize(
    ("recorded", "reason"),
    [
        ({"guard_capability": "chat:sent"}, "it lacks the capability `chat:send`"),
        ({"guard_capability": []}, "it lacks the capability `chat:send`"),
        ({"guard_capability": None}, "it lacks the capability `chat:send`"),
        ({"guard_capability": ["chat:send", "x:y"]}, "it has the capability `x:y`"),
        ({"flow_cost": 49}, "it charges 49, and the protocol 50"),
        ({"journal_facts": "told"}, "it lacks the fact `asked`; it has the fact `told`"),
        ({"guard_commands": COMMANDS[:2]}, "it charges 20, and the protocol 50"),
        ({"guard_commands": COMMANDS[:4]}, "it leaks 0 bits, and the protocol 8"),
        ({"guard_commands": [{"Delete": 1}]}, "`guard_commands` has another form"),
        ({"flow_cost": "50"}, "`flow_cost` has another form"),
    ],
)
def test_what_differs_is_found(
    capsys: pytest.CaptureFixture[str], recorded: dict[str, object], reason: str
) -> None:
    code, said = replayed(capsys, {**ASK, "flow_cost": 50}, {**ASK, **recorded, "session": 2})
    assert code == 1
    assert "TV667" in said
    assert "line 2 records other guards for `A!B:Ask`" in said
    assert reason in said


def test_any_place_of_a_message_will_do(capsys: pytest.CaptureFixture[str]) -> None:
    taken: dict[str, object] = {"role": "B", "direction": "receive", "peer": "A", "label": "Ask"}
    answer: dict[str, object] = {"role": "B", "direction": "send", "peer": "A", "label": "Answer"}
    for capability, cost, code in (("reply", 30, 0), ("refuse", 5, 0), ("reply", 5, 1)):
        line = {**answer, "guard_capability": f"chat:{capability}", "flow_cost": cost}
        assert replayed(capsys, ASK, taken, line)[0] == code


def test_costs_are_those_of_the_policy(capsys: pytest.CaptureFixture[str]) -> None:
    Path("p.tell").write_text(PROTOCOL.replace(", flow_cost : 50", ""), encoding="utf-8")
    assert replayed(capsys, {**ASK, "flow_cost": 100})[0] == 0
    Path("policy.toml").write_text("format = 1\n[budgets]\nimplicit_cost = 7\n", encoding="utf-8")
    Path("tellverify.toml").write_text('policy = "policy.toml"\n', encoding="utf-8")
    assert replayed(capsys, {**ASK, "flow_cost": 7})[0] == 0
    assert replayed(capsys, {**ASK, "flow_cost": 100})[0] == 1
