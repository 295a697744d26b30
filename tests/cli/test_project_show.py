"""`tellverify project` and `tellverify show`: output, errors, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tellverify.cli.group import run

COURIER = """protocol Ask =
  roles Courier, Depot
  rec Again
    Courier -> Depot : Query
    choice Depot at
      | More =>
          Depot -> Courier : More
          continue Again
      | Stop =>
          Depot -> Courier : Stop
"""

VOTE = """protocol Vote =
  roles Chair, Voter[N]
  Chair -> Voter[*] : Call
  Voter[*] -> Chair : Ballot
"""

UNTOLD = """protocol Escrow =
  roles Buyer, Seller, Courier
  Buyer -> Seller : Order
  choice Seller at
    | Accept =>
        Seller -> Buyer : Accept
        Seller -> Courier : Dispatch
    | Decline =>
        Seller -> Buyer : Decline
"""


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)

    def _write(text: str, name: str = "p.tell") -> str:
        Path(name).write_text(text, encoding="utf-8")
        return name

    return _write


def test_types_as_text(write, capsys) -> None:
    assert run(["project", write(COURIER)]) == 0
    assert capsys.readouterr().out == (
        "Ask   Courier, Depot\n"
        "\n"
        "Courier\n"
        "  rec X. Depot!Query. Depot?{ More: X, Stop: end }\n"
        "\n"
        "Depot\n"
        "  rec X. Courier?Query. Courier!{ More: X, Stop: end }\n"
    )


def test_members_that_do_the_same_are_shown_once(write, capsys) -> None:
    assert run(["project", write(VOTE), "--instances", "Voter=5", "--role", "Voter"]) == 0
    assert capsys.readouterr().out.splitlines()[2:] == [
        "Voter[0..5]",
        "  Chair?Call. Chair!Ballot. end",
    ]


def test_members_may_differ_in_names_of_members(write, capsys) -> None:
    ring = """protocol Ring =
  roles Node[3]
  Node[0] -> Node[1] : Token
  Node[1] -> Node[2] : Token
  Node[2] -> Node[0] : Token
"""
    assert run(["project", write(ring)]) == 0
    assert capsys.readouterr().out.splitlines()[2:] == [
        "Node[0]",
        "  Node[1]!Token. Node[2]?Token. end",
        "",
        "Node[1], and 1 other up to renaming: Node[2]",
        "  Node[0]?Token. Node[2]!Token. end",
    ]


def test_a_merge_that_fails_is_explained_and_the_machine_shown(write, capsys) -> None:
    assert run(["project", write(UNTOLD), "--role", "Courier"]) == 0
    out = capsys.readouterr().out
    assert "strict merge fails, EndMismatch" in out
    assert "`Seller -> Buyer : Accept`" in out
    assert "by subset construction" in out
    assert "0  Seller?Dispatch  => 1   (or end)" in out


def test_json_forms(write, capsys) -> None:
    name = write(COURIER)
    assert run(["project", name, "--format", "bridge"]) == 0
    bridge = json.loads(capsys.readouterr().out)
    assert list(bridge) == ["Courier", "Depot"]
    assert bridge["Courier"]["kind"] == "rec"
    assert run(["project", name, "--format", "derived", "--role", "Depot"]) == 0
    assert json.loads(capsys.readouterr().out)["Depot"]["Mu"]["var"] == "X"
    assert run(["project", name, "--format", "machine"]) == 0
    documents = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["role"] for each in documents] == ["Courier", "Depot"]


def test_a_role_without_a_type_fails_where_types_are_wanted(write, capsys) -> None:
    assert run(["project", write(UNTOLD), "--format", "bridge"]) == 1
    captured = capsys.readouterr()
    assert list(json.loads(captured.out)) == ["Buyer", "Seller"]
    assert "`Courier` has no type" in captured.err


def test_diagrams(write, capsys) -> None:
    name = write(COURIER)
    assert run(["project", name, "--format", "dot"]) == 0
    assert capsys.readouterr().out.count("digraph") == 2
    assert run(["project", name, "--format", "mermaid", "--role", "Depot"]) == 0
    assert capsys.readouterr().out.startswith("stateDiagram-v2")
    assert run(["project", name, "--format", "mermaid"]) == 2
    assert "--role" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("stage", "words"),
    [
        (["graph"], "Courier -> Depot : Query"),
        (["graph", "--format", "json"], '"schema":"tellverify/graph-1"'),
        (["graph", "--format", "dot"], "digraph"),
        (["graph", "--format", "mermaid"], "stateDiagram-v2"),
        (["machines"], "Depot?Stop"),
        (["machines", "--format", "json"], '"schema":"tellverify/machine-1"'),
        (["ast"], '"type": "Rec"'),
        (["tokens"], "1:10\tNAME\tAsk"),
    ],
)
def test_every_stage_can_be_shown(write, capsys, stage: list[str], words: str) -> None:
    assert run(["show", *stage, write(COURIER)]) == 0
    captured = capsys.readouterr()
    assert words in captured.out
    assert captured.err == ""


def test_errors_of_the_file_are_one_line_each(write, capsys) -> None:
    broken = COURIER.replace("continue Again", "continue Other")
    for command in (["project"], ["show", "graph"], ["show", "machines"]):
        assert run([*command, write(broken)]) == 1
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.startswith("p.tell:8:")
        assert ": error[TV" in captured.err
        assert captured.err.count("\n") == 1


def test_wrong_usage(write, capsys) -> None:
    name = write(VOTE)
    wrong = (
        ["project", name, "--role", "Nobody"],
        ["project", name, "--protocol", "Other"],
        ["project", name, "--instances", "Voter"],
        ["project", name, "--instances", "Chair=2"],
        ["project", name, "--instances", "Voter=1", "--instances", "Voter=2"],
        ["show", "graph", name, "--format", "bridge"],
        ["show"],
    )
    for arguments in wrong:
        assert run(arguments) == 2, arguments
        assert capsys.readouterr().out == ""


def test_a_file_that_is_not_there(write, capsys) -> None:
    assert run(["show", "ast", "nowhere.tell"]) == 1
    assert "nowhere.tell" in capsys.readouterr().err


def test_a_deeply_nested_file_does_not_crash(write, capsys) -> None:
    depth = 2_000
    lines = ["protocol Deep =", "  roles A, B"]
    lines += ["  " + " " * level + f"rec L{level}" for level in range(depth)]
    lines.append("  " + " " * depth + "A -> B : M")
    name = write("\n".join(lines) + "\n")
    for arguments in (["project", name], ["show", "ast", name], ["show", "machines", name]):
        assert run(arguments) in (0, 1, 3)


def test_failing_members_are_counted(write, capsys) -> None:
    text = UNTOLD.replace("Courier", "Courier[*]").replace(
        "roles Buyer, Seller, Courier[*]", "roles Buyer, Seller, Courier[N]"
    )
    assert run(["project", write(text), "--instances", "Courier=6"]) == 0
    out = capsys.readouterr().out
    assert out.count("strict merge fails") == 3
    assert out.endswith("Courier[3..6]\n  not shown; ask with --role\n")
