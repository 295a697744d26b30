"""`tellverify replay` and `tellverify explain` as they are called."""

from __future__ import annotations

import json
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
"""

FLEET = """\
protocol Fleet =
  roles Hub, Devices[N]
  choice Hub at
    | Update =>
        Hub -> Devices[0] : Update
        Hub -> Devices[*] : Wake
    | Rest =>
        Hub -> Devices[0] : Rest
"""

Call = Callable[..., tuple[int, str]]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    def called(*arguments: object) -> tuple[int, str]:
        code = run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return int(code), captured.out + captured.err

    return called


@pytest.fixture
def trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: Call) -> Path:
    """The trace of the stuck courier, with the folder of the protocol as working folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "escrow.tell").write_text(ESCROW, "utf-8")
    code, _ = call("check", "escrow.tell", "--evidence", "evidence")
    assert code == 1
    (trace,) = (tmp_path / "evidence").glob("escrow.Escrow-*/no-stuck-role.Courier.itf.json")
    return trace


def changed(trace: Path, path: list[str | int], value: object) -> Path:
    file = json.loads(trace.read_text("utf-8"))
    place = file
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    target = trace.with_name("changed.itf.json")
    target.write_text(json.dumps(file), "utf-8")
    return target


def test_an_accepted_trace_shows_every_step_and_its_end(trace: Path, call: Call) -> None:
    code, said = call("replay", trace)
    lines = said.splitlines()
    assert code == 0
    assert lines[0] == "escrow.Escrow   no-stuck-role[Courier]"
    assert lines[1].split() == [
        *("1", "Buyer", "sends", "Order", "to", "Seller", "escrow.tell:5"),
        *("Buyer", "→", "Seller:", "Order"),
    ]
    assert lines[4].endswith("queues empty")
    assert lines[5:] == ["accepted: 4 steps, and the end shows `stuck-role`"]


def test_a_mended_protocol_no_longer_shows_the_fault(trace: Path, call: Call) -> None:
    mended = ESCROW + "        Seller -> Courier : Cancelled\n"
    Path("escrow.tell").write_text(mended, "utf-8")
    code, said = call("replay", trace, "escrow.tell")
    assert code == 1
    assert "error[TV81" in said


def test_a_step_that_is_not_possible_is_named(trace: Path, call: Call) -> None:
    code, said = call("replay", changed(trace, ["states", 3, "#meta", "label"], "Maybe"))
    assert code == 1
    assert "error[TV811]: step 3 of the trace is not possible: `Seller` cannot send `Maybe`" in said
    assert "possible here: `Seller!Buyer:Accept`, `Seller!Buyer:Decline`" in said


def test_a_state_recorded_wrongly_is_named(trace: Path, call: Call) -> None:
    code, said = call("replay", changed(trace, ["states", 4, "at", "#map", 0, 1, "#bigint"], "0"))
    assert code == 1
    assert "error[TV812]: the trace is wrong about state 4: `Buyer` is in state" in said


def test_an_end_that_does_not_show_the_fault_is_named(trace: Path, call: Call) -> None:
    code, said = call("replay", changed(trace, ["#meta", "culprits"], ["Buyer"]))
    assert code == 1
    assert "error[TV813]: the trace does not end in the fault `stuck-role`" in said


def test_a_trace_of_another_protocol_is_refused(trace: Path, call: Call) -> None:
    code, said = call("replay", changed(trace, ["#meta", "protocol"], "other.Other"), "escrow.tell")
    assert code == 1
    assert "error[TV802]" in said


@pytest.mark.parametrize("content", [b"", b"\xff", b"[" * 10_000, b'{"states": []}', b"null"])
def test_a_file_that_is_no_trace_is_a_finding(trace: Path, call: Call, content: bytes) -> None:
    trace.write_bytes(content)
    code, said = call("replay", trace, "escrow.tell")
    assert code == 1
    assert "error[TV801]: cannot read this trace: " in said


def test_missing_files_are_findings(trace: Path, call: Call) -> None:
    code, said = call("replay", "none.itf.json", "escrow.tell")
    assert code == 1 and "TV801" in said
    code, said = call("replay", "null\0byte", "escrow.tell")
    assert code == 1 and "TV801" in said
    code, said = call("replay", trace, "none.tell")
    assert code == 1 and "TV001" in said


def test_a_protocol_with_errors_is_not_replayed(trace: Path, call: Call) -> None:
    Path("escrow.tell").write_text(ESCROW.replace("choice", "chioce"), "utf-8")
    code, said = call("replay", trace)
    assert code == 1 and "TV131" in said


def test_the_sizes_of_families_come_from_the_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: Call
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("fleet.tell").write_text(FLEET, "utf-8")
    code, _ = call("check", "fleet.tell", "--instances", "Devices=2..3", "--evidence", "evidence")
    assert code == 1
    for path in sorted(Path("evidence").rglob("*.itf.json")):
        code, said = call("replay", path)
        assert code == 0, said
        code, said = call("replay", changed(path, ["#meta", "instance"], ""))
        assert code == 2 and "--instances Devices=N" in said
        changed_path = path.with_name("changed.itf.json")
        code, said = call("replay", changed_path, "--instances", "Devices=2")
        assert code == 0, said
        changed_path.unlink()


# explain


def test_a_code_is_explained_by_its_page(call: Call) -> None:
    code, said = call("explain", "TV512")
    assert code == 0
    assert said.startswith("# TV512 stuck-role\n")
    assert call("explain", "stuck-role") == (0, said)


def test_a_page_as_json_has_its_sections(call: Call) -> None:
    code, said = call("explain", "tv512", "--format", "json")
    entry = json.loads(said)
    assert code == 0
    assert entry["number"] == "TV512"
    assert list(entry["sections"]) == [
        "What it means",
        "An example",
        "How to fix it",
        "Why it matters",
        "Related",
    ]


def test_a_property_is_explained_with_its_codes(call: Call) -> None:
    code, said = call("explain", "no-stuck-role")
    assert code == 0
    assert "Wherever the role waits, some continuation of the run serves it." in said
    assert "- TV512 `stuck-role`" in said


def test_the_list_has_every_code_and_property(call: Call) -> None:
    code, said = call("explain", "--list")
    assert code == 0
    assert "TV512  stuck-role" in said and "no-stuck-role" in said
    code, said = call("explain", "--list", "--format", "json")
    assert code == 0 and len(json.loads(said)) > 100


def test_an_unknown_word_is_wrong_usage(call: Call) -> None:
    code, said = call("explain", "stuckrole")
    assert code == 2 and "did you mean `stuck-role`?" in said
    assert call("explain")[0] == 2
