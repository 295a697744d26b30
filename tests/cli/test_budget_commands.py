"""Budgets on the command line, their certificates, and the commands for fact schemas."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from tellverify.cli.group import run as tellverify

ROOT = Path(__file__).resolve().parents[2]
FACTS = ROOT / "specs" / "facts"
CHAT = """protocol Chat =
  roles Client, Server
  Client { guard_capability : "chat:message:send", flow_cost : 50 } -> Server : Ask
  Server { guard_capability : "chat:message:send", flow_cost : 30 } -> Client : Answer
"""
POLL = """protocol Poll =
  roles A, B
  loop forever
    A { guard_capability : "x:y", flow_cost : 5 } -> B : More
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("chat.tell").write_text(CHAT, encoding="utf-8")
    Path("poll.tell").write_text(POLL, encoding="utf-8")


def run(*arguments: str) -> tuple[int, str]:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = tellverify(list(arguments))
    return code, out.getvalue() + err.getvalue()


def test_a_budget_that_is_enough() -> None:
    code, said = run("check", "chat.tell", "--budget", "Client=50", "--budget", "Server->Client=30")
    assert code == 0
    assert "at most 50 of 50" in said
    assert "at most 30 of 30" in said


def test_a_budget_that_is_not_enough() -> None:
    code, said = run("check", "chat.tell", "--budget", "Client=49")
    assert code == 1
    assert "error[TV642]: `Client` is charged 50 where 49 are allowed" in said
    assert "tellverify replay" not in said


@pytest.mark.parametrize(
    "budget",
    ["Client", "Client=", "Client=-1", "Client=1.5", "=3", f"Client={2**64}", "A->=3", "Client=²"],
)
def test_what_is_no_budget(budget: str) -> None:
    code, said = run("check", "chat.tell", "--budget", budget)
    assert code == 2
    assert "Traceback" not in said


def test_a_budget_given_twice() -> None:
    assert run("check", "chat.tell", "--budget", "Client=1", "--budget", "Client=2")[0] == 2


def test_a_unknown_budget() -> None:
    code, said = run("check", "chat.tell", "--budget", "Clerk=1")
    assert code == 2
    assert "Clerk" in said


def kept(protocol: str, name: str) -> Path:
    """The file of evidence for a protocol."""
    (path,) = Path("proofs").glob(f"{protocol}-*/{name}")
    return path


def test_certificates_of_budgets_are_rechecked() -> None:
    run("check", "chat.tell", "poll.tell", "-q", "--evidence", "proofs")
    for name in ("Chat", "Poll"):
        assert kept(name, "budgets.json").is_file()
        assert not list(kept(name, "budgets.json").parent.glob("budget.*"))
    code, said = run("recheck", "proofs")
    assert code == 0, said
    assert "budgets: 2 claims" in said


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("Chat", '"total":"50"', '"total":"49"'),
        ("Chat", '"potential":["50"', '"potential":["49"'),
        ("Chat", '"run":[0]', '"run":[1]'),
        ("Chat", '[0,"50"]', '[0,"51"]'),
        ("Chat", '[0,"50"]', '[7,"50"]'),
        ("Chat", "tellverify/budgets-1", "tellverify/budgets-2"),
        ("Chat", '"states":', '"stages":'),
        ("Poll", '"loop":0', '"loop":1'),
        ("Poll", '[0,"5"]', '[0,"0"]'),
        ("Poll", "\n]}\n", "\n]}\n\n"),
    ],
)
def test_forged_certificates_are_rejected(name: str, old: str, new: str) -> None:
    run("check", "chat.tell", "poll.tell", "-q", "--evidence", "proofs")
    path = kept(name, "budgets.json")
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    code, said = run("recheck", str(path))
    assert code == 1, said
    assert "rejected" in said


def test_certificates_of_another_source_are_rejected() -> None:
    run("check", "chat.tell", "-q", "--evidence", "proofs")
    Path("chat.tell").write_text(CHAT.replace("50", "60"), encoding="utf-8")
    code, said = run("recheck", str(kept("Chat", "budgets.json")))
    assert code == 1
    assert "changed" in said


@pytest.mark.parametrize("content", [b"", b"\xff\x00", b"[]", b"{}", b"[" * 100_000])
def test_what_is_no_certificate(content: bytes) -> None:
    Path("budgets.json").write_bytes(content)
    code, said = run("recheck", "budgets.json")
    assert code == 1
    assert "rejected" in said


def test_budgets_in_json() -> None:
    code, said = run("check", "chat.tell", "--format", "json")
    assert code == 0
    assert "budget[Client]" in said
    json.loads(said)


# Facts


def test_schemas_are_checked() -> None:
    code, said = run("facts", "check", *(str(path) for path in sorted(FACTS.glob("*.toml"))))
    assert code == 0
    assert "`InvitationFact` version 2, 5 facts" in said
    Path("broken.toml").write_text("format = 1\nname = 'x'\nversion = 1\n", encoding="utf-8")
    code, said = run("facts", "check", "broken.toml")
    assert code == 1
    assert "TV661" in said
    assert run("facts", "check", "nowhere.toml")[0] == 1


def test_versions_are_compared() -> None:
    one, two = str(FACTS / "invitation-1.toml"), str(FACTS / "invitation-2.toml")
    code, said = run("facts", "compare", one, two)
    assert code == 0
    assert "compatible: `InvitationFact` version 1 to 2, 2 changes" in said
    code, said = run("facts", "compare", two, one)
    assert code == 1
    assert "TV662" in said
    assert run("facts", "compare", one, "nowhere.toml")[0] == 1


def test_a_changed_schema_is_read_again() -> None:
    """A stored answer must not outlive the schema that it rests on."""
    Path("policy.toml").write_text(
        'format = 1\nadmission = { runtime = "r" }\nruntimes = [{ name = "r" }]\n'
        '[[protocols]]\nmodule = "m"\nprotocol = "Chat"\ncategory = "C"\nfiles = ["chat.tell"]\n'
        '[[ceremony_names]]\nprotocol = "m.Chat"\ninitiated = ["begun"]\ncommitted = ["done"]\n'
        'aborted = ["lost"]\nschema = "facts.toml"\n',
        encoding="utf-8",
    )
    text = "module m exposing (Chat)\n" + CHAT
    Path("chat.tell").write_text(text, encoding="utf-8")
    Path("facts.toml").write_text((FACTS / "invitation-1.toml").read_text("utf-8"))
    _, said = run("check", "chat.tell", "--policy", "policy.toml")
    assert "TV663" in said
    Path("facts.toml").write_text("nonsense", encoding="utf-8")
    _, said = run("check", "chat.tell", "--policy", "policy.toml")
    assert "TV661" in said


def test_queries_behind_guard_chains_are_put_to_the_solver_again() -> None:
    run("check", "chat.tell", "-q", "--evidence", "proofs")
    scripts = sorted(path.name for path in Path("proofs").glob("Chat-*/*.smt2"))
    assert scripts == ["guard-chain.1.smt2"]
    code, said = run("recheck", "--smt", "proofs")
    assert code == 0, said
    path = kept("Chat", "guard-chain.1.smt2")
    path.write_text(path.read_text("utf-8").replace("unsat", "sat"), encoding="utf-8")
    assert run("recheck", "--smt", "proofs")[0] == 1
