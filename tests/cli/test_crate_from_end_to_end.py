"""A crate as its maintainers keep it, from `init` to `done`.

`crate` beside this file has `tell!` calls, facts, a table and tests of admission, a page and a
policy. Each command is right about it, and says what is wrong when one thing is.
"""

from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from tellverify.cli.group import tellverify

CRATE = Path(__file__).resolve().parent / "crate"
HANDOVER = Path("src/protocols/handover.tell")


@pytest.fixture(autouse=True)
def crate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(CRATE, tmp_path / "depot")
    monkeypatch.chdir(tmp_path / "depot")
    monkeypatch.delenv("TELLVERIFY_POLICY", raising=False)


def call(*arguments: str) -> tuple[object, str]:
    done = CliRunner().invoke(tellverify, list(arguments), standalone_mode=False)
    return done.return_value, done.output


def change(path: str | Path, old: str, new: str) -> None:
    text = Path(path).read_text("utf-8")
    assert old in text
    Path(path).write_text(text.replace(old, new), "utf-8")


def test_the_crate_from_init_to_done() -> None:
    code, said = call("init")
    lines = said.splitlines()
    assert (code, len(lines) <= 10) == (0, True)
    settings = tomllib.loads(Path("tellverify.toml").read_text("utf-8"))
    assert settings["include"] == ["**/*.tell", "**/*.rs", "**/*.md"]
    assert settings["policy"] == "policy"
    assert lines[1] == "5 protocols in 3 files: 5 pass, 0 do not"
    assert "other commands for CI: passing lint, admit, accept, facts" in lines
    code, said = call("check", "--format", "json")
    run = json.loads(said)
    assert code == 0
    assert {one["name"] for one in run["protocols"]} >= {
        "handover.HandoverProtocol",
        "receipt.Receipt",
        "receipt_page.ReceiptPage",
    }
    statuses = {
        verdict["outcome"]["status"]
        for one in run["protocols"]
        if one["name"] == "handover.HandoverProtocol"
        for verdict in one["verdicts"]
    }
    assert statuses == {"proved"}
    assert not [one for one in run["diagnostics"] if one["severity"] != "note"]
    assert call("lint")[0] == 0
    code, said = call("admit")
    assert code == 0
    assert "admitted  depot.handover by `full`   9 keys needed" in said
    assert "3 admitted, 0 refused" in said
    assert call("admit", "src")[1].count("admitted  depot.handover") == 1
    code, said = call("accept")
    assert code == 0
    assert "negative test: tests/admission.rs:4 handover_launch_without" in said
    assert "positive test: tests/admission.rs:10 handover_launch_with_full" in said
    code, said = call("facts", "check")
    assert code == 0
    assert "src/facts.rs: `HandoverFact` version 2, 4 facts" in said
    assert "src/facts.rs: `ReceiptFact` version 1, 1 fact, of no ceremony" in said
    assert "TV666" not in said
    code, said = call("done", "depot.handover")
    assert code == 0
    assert "12 lines: 5 yes, 0 no, 7 assumed, 0 not decidable here" in said
    assert call("done", "depot.receipt", "depot.handover")[0] == 3


def test_the_schema_of_the_policy_is_that_of_the_code() -> None:
    assert call("facts", "extract", "src/facts.rs", "--name", "HandoverFact")[1] == (
        Path("policy/facts/handover-2.toml").read_text("utf-8")
    )


@pytest.mark.parametrize(
    ("command", "path", "old", "new", "said"),
    [
        (("check",), HANDOVER, "-> Keeper : HandoverAbort of", "-> Sender : HandoverAbort of",
         "TV"),
        (("check",), HANDOVER, "HandoverFact::CeremonyAborted", "HandoverFact::Taken", "TV651"),
        (("check",), "src/lib.rs", "src/protocols/receipt.tell", "src/receipts.tell", "TV158"),
        (("lint",), HANDOVER, "    | Commit =>", "    -- commit\n    | Commit =>", "TV39"),
        (("admit",), HANDOVER, ", reconfiguration_safety]", "]", "TV704"),
        (("admit",), "src/admission.rs", "TERMINATION_BOUNDED)", '"mixed_determinism")', "TV664"),
        (("accept",), "policy/depot.toml", '"sync:handover:"', '"sync:other:"', "refused"),
        (("facts", "check"), "src/facts.rs", "schema_version = 1", "schema_version = ONE", "TV661"),
        (("done", "depot.handover"), "policy/depot.toml", "src/parity.rs", "src/p.rs",
         "src/p.rs is not there"),
    ],
)  # fmt: skip
def test_one_thing_that_is_wrong_is_found(
    command: tuple[str, ...], path: str | Path, old: str, new: str, said: str
) -> None:
    assert call("init")[0] == 0
    change(path, old, new)
    code, output = call(*command)
    assert code == 1, output
    assert said in output
