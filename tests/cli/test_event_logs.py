"""`tellverify replay` of event logs as it is called."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tellverify.cli.group import run

ESCROW = """\
module escrow exposing (Escrow)

protocol Escrow =
  roles Buyer, Seller, Courier
  Buyer -> Seller : Order
  choice Seller at
    | Accept =>
        Seller -> Buyer : Accept
        Seller -> Courier : Dispatch
    | Decline =>
        Seller -> Buyer : Decline
        Seller -> Courier : Cancelled
"""
FLEET = "protocol Fleet =\n  roles Hub, Devices[N]\n  Hub -> Devices[*] : Wake\n"
TURN = [
    "Buyer!Seller:Order",
    "Seller?Buyer:Order",
    "Seller!Buyer:Decline",
    "Seller!Courier:Cancelled",
    "Buyer?Seller:Decline",
    "Courier?Seller:Cancelled",
]
Call = Callable[..., tuple[int, str]]


def line(text: str, **more: object) -> str:
    sign = "!" if "!" in text else "?"
    role, rest = text.split(sign)
    peer, label = rest.split(":")
    direction = "send" if sign == "!" else "receive"
    return json.dumps({"role": role, "direction": direction, "peer": peer, "label": label} | more)


def log(*events: str) -> str:
    path = Path("events.jsonl")
    path.write_text("".join(f"{event}\n" for event in events), "utf-8")
    return str(path)


@pytest.fixture
def call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Call:
    monkeypatch.chdir(tmp_path)
    Path("escrow.tell").write_text(ESCROW, "utf-8")
    Path("fleet.tell").write_text(FLEET, "utf-8")

    def called(*arguments: str) -> tuple[int, str]:
        code = run(["replay", *arguments])
        captured = capsys.readouterr()
        return int(code), captured.out + captured.err

    return called


def test_a_complete_log_conforms(call: Call) -> None:
    code, said = call(log(*map(line, TURN)), "escrow.tell", "--complete")
    assert (code, said.splitlines()) == (
        0,
        [
            "escrow.Escrow   6 events followed",
            "conforms: the run is complete, every role finished, queues empty",
        ],
    )


def test_interleaved_sessions_are_told_apart(call: Call) -> None:
    both = [line(text, session=name) for text in TURN for name in ("x", 7)]
    code, said = call(log(*both), "escrow.tell")
    assert code == 0
    assert "12 events followed in 2 sessions" in said
    assert "conforms: all 2 runs are complete" in said
    code, said = call(log(*both, line("Buyer!Seller:Order", session=7)), "escrow.tell")
    assert code == 1
    assert "line 13 is not possible: the run had ended" in said


def test_only_the_runs_that_stop_early_are_incomplete(call: Call) -> None:
    whole = [line(text, session=1) for text in TURN]
    for cut in (1, 3):
        short = [line(text, session=2) for text in TURN[:cut]]
        code, said = call(log(*whole, *short), "escrow.tell")
        assert code == 0 and "conforms so far: 1 of 2 runs are incomplete" in said


def test_a_log_that_stops_early_is_incomplete(call: Call) -> None:
    path = log(*map(line, TURN[:4]))
    code, said = call(path, "escrow.tell")
    assert code == 0
    assert "conforms so far: the run is incomplete" in said
    assert "`Courier` awaits `Dispatch` from `Seller` or `Cancelled` from `Seller`" in said
    assert "queued from `Seller` to `Buyer`: Decline" in said
    code, said = call(path, "escrow.tell", "--complete")
    assert code == 1
    assert "error[TV823]" in said


def test_the_first_divergence_says_what_was_possible(call: Call) -> None:
    code, said = call(
        log(*map(line, [*TURN[:2], "Seller!Courier:Cancelled", *TURN[4:]])), "escrow.tell"
    )
    assert code == 1
    assert "error[TV821]: line 3 is not possible: `Seller` cannot send `Cancelled`" in said
    assert "--> events.jsonl:3:1" in said
    assert "may send `Accept` to `Buyer` or `Decline` to `Buyer`" in " ".join(said.split())


def test_lines_out_of_order_are_recognised(call: Call) -> None:
    code, said = call(log(*map(line, [TURN[1], TURN[0], *TURN[2:]])), "escrow.tell")
    assert code == 1
    assert "is in line 2: the lines may be out of order" in " ".join(said.split())


def test_a_log_of_one_role_needs_its_machine_only(call: Call) -> None:
    own = [text for text in TURN if text.startswith("Seller")]
    path = log(*map(line, own))
    code, said = call(path, "escrow.tell")
    assert code == 1
    assert "name the roles that were with `--roles`" in " ".join(said.split())
    code, said = call(path, "escrow.tell", "--roles", "Seller", "--complete")
    assert code == 0
    code, said = call(path, "escrow.tell", "--roles", "Buyer,Courier")
    assert code == 1
    assert "`Seller` is not among the recorded roles" in said
    assert "name `Seller` with `--roles` too" in " ".join(said.split())
    assert "did you mean" not in said


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("Byer!Seller:Order", "did you mean `Buyer`?"),
        ("Buyer!Selller:Order", "did you mean `Seller`?"),
        ("Buyer!Seller:Oder", "did you mean `Order`?"),
        ("X!Y:Z", "check that the log belongs to this protocol"),
    ],
)
def test_names_that_nobody_knows_get_a_suggestion(call: Call, wrong: str, meant: str) -> None:
    code, said = call(log(line(wrong)), "escrow.tell")
    assert code == 1
    assert "error[TV822]: line 1" in said
    assert meant in said


@pytest.mark.parametrize("more", [(), ("--sends-only", "--from", "any")])
def test_the_first_message_of_a_branch_is_named_with_the_branch(
    call: Call, more: tuple[str, ...]
) -> None:
    branches = (
        "protocol Turn =\n  roles A, B\n  choice A at\n"
        "    | Yes =>\n        A -> B : Go\n        A -> B : Go\n"
        "    | No =>\n        A -> B : Stop\n"
    )
    Path("turn.tell").write_text(branches, "utf-8")
    assert call(log(line("A!B:Yes.Go"), line("A!B:Go")), "turn.tell", *more)[0] == 0
    code, said = call(log(line("A!B:Stop")), "turn.tell", *more)
    assert code == 1
    assert "did you mean `No.Stop`?" in said
    code, said = call(log(line("A!B:Go"), line("A!B:Go")), "turn.tell")
    assert code == 1
    assert "first message of a branch, its label in a log is `Yes.Go`" in " ".join(said.split())


def test_a_log_of_another_protocol_is_refused(call: Call) -> None:
    named = [line(TURN[0], protocol="shop.Order")]
    code, said = call(log(*named), "escrow.tell")
    assert code == 1
    assert "error[TV804]: line 1 belongs to the protocol `shop.Order`" in said


def test_families_need_their_size(call: Call) -> None:
    path = log(line("Hub!Devices[0]:Wake"), line("Hub!Devices[1]:Wake"))
    code, said = call(path, "fleet.tell")
    assert code == 2
    assert "--instances Devices=N" in said
    code, said = call(path, "fleet.tell", "--instances", "Devices=2")
    assert code == 0
    assert "incomplete" in said
    code, said = call(path, "fleet.tell", "--instances", "Devices=1")
    assert code == 1
    assert "no role `Devices[1]`" in said


@pytest.mark.parametrize(
    "content",
    [b"\xff\xfe\x00", b"[" * 100_000, b"{" * 100_000, b'{"role": NaN}', b"x" * 2_000_000, b"{}"],
)
def test_bad_logs_are_unreadable_and_nothing_else(call: Call, content: bytes) -> None:
    Path("bad.jsonl").write_bytes(content)
    code, said = call("bad.jsonl", "escrow.tell")
    assert code == 2
    assert "error[TV803]: cannot read line 1 of this log" in said


def test_what_cannot_be_opened_is_unreadable(call: Call, tmp_path: Path) -> None:
    for path in ("missing.jsonl", str(tmp_path) + "/x.jsonl"):
        code, said = call(path, "escrow.tell")
        assert code == 2
        assert "error[TV803]" in said
    (tmp_path / "folder.jsonl").mkdir()
    assert call("folder.jsonl", "escrow.tell")[0] == 2
    Path("bad.tell").write_text("protocol =", "utf-8")
    assert call(log(line(TURN[0])), "bad.tell")[0] == 2
    assert call(log(line(TURN[0])))[0] == 2


def test_standard_input_is_followed(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "".join(f"{line(each)}\n" for each in TURN)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    code, said = call("-", "escrow.tell")
    assert code == 0
    assert "6 events followed" in said


def test_options_of_logs_are_refused_for_traces(call: Call) -> None:
    Path("trace.itf.json").write_text("{}", "utf-8")
    assert call("trace.itf.json", "escrow.tell", "--complete")[0] == 2


def test_an_empty_log_is_no_success_where_the_end_is_asked_for(call: Call) -> None:
    assert call(log(), "escrow.tell")[0] == 0
    assert call(log(), "escrow.tell", "--complete")[0] == 1


# Logs that leave things out


def test_a_log_may_begin_in_the_middle(call: Call) -> None:
    path = log(*map(line, TURN[2:]))
    assert call(path, "escrow.tell")[0] == 1
    code, said = call(path, "escrow.tell", "--from", "any", "--complete")
    assert code == 0
    assert "conforms from a reachable configuration on: the run can be complete" in said
    path = log(line(TURN[2]), line("Seller!Courier:Dispatch"))
    code, said = call(path, "escrow.tell", "--from", "any")
    assert code == 1
    assert "line 2 is not possible" in said
    assert call(log(*map(line, TURN[2:4])), "escrow.tell", "--from", "any", "--complete")[0] == 1


def test_receptions_are_inferred(call: Call) -> None:
    sends = [line(one) for one in TURN if "!" in one]
    code, said = call(log(*sends), "escrow.tell", "--sends-only", "--complete")
    assert code == 0
    assert "3 events followed" in said
    assert "conforms, with receptions inferred" in said
    code, said = call(log(*sends[1:]), "escrow.tell", "--sends-only")
    assert code == 1
    code, said = call(log(*map(line, TURN)), "escrow.tell", "--sends-only")
    assert code == 0
    assert "3 events followed, 3 receptions not looked at" in said
    code, _ = call(log(*sends[1:]), "escrow.tell", "--sends-only", "--from", "any")
    assert code == 0


def test_one_role_may_log_its_sends_from_anywhere(call: Call) -> None:
    path = log(line("Seller!Courier:Cancelled"))
    assert call(path, "escrow.tell", "--sends-only", "--from", "any", "--roles", "Seller")[0] == 0
    assert call(path, "escrow.tell", "--sends-only", "--roles", "Seller")[0] == 1


def test_lines_of_other_kinds_are_counted(call: Call) -> None:
    others = ['{"level": "info", "message": "started"}', '{"role": "Buyer", "note": 1}', "{}"]
    code, said = call(log(others[0], line(TURN[0]), *others[1:]), "escrow.tell")
    assert code == 0
    assert "1 event followed, 3 lines of other kinds passed over" in said
    code, said = call(log(line(TURN[0]), '{"role": "Buyer", "label": "Order"}'), "escrow.tell")
    assert code == 2
    assert "cannot read line 2" in said
    code, said = call(log(*others), "escrow.tell")
    assert code == 2
    assert "it is not an event, and no other line is" in said


def test_what_cannot_be_decided_is_unknown(call: Call) -> None:
    Path("stream.tell").write_text(
        "protocol Stream =\n  roles A, B\n  rec X\n    A -> B : Item\n    continue X\n", "utf-8"
    )
    path = log(line("A!B:Item"))
    code, said = call(path, "stream.tell", "--from", "any")
    assert code == 3
    assert "unknown" in said
    assert call(path, "stream.tell", "--sends-only")[0] == 0
