"""A run of evidence breaks what its source states under that name, at every size and fault."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tellverify.cli.group import run

SHOP = """-- tell: property paid: Ship only after receive Pay
-- tell: property quiet: never Ship
protocol Shop =
  roles Buyer, Seller
  Buyer -> Seller : Order
  Seller -> Buyer : Ship
  Buyer -> Seller : Pay
"""
OTA = """-- tell: property agreed: agreement(Commit, Abort)
-- tell: property one-way: never receive Abort after receive Commit
-- tell: faults liar(byzantine of C)
protocol Ota =
  roles C, D[N]
  C -> D[*] : Propose
  D[*] -> C : Ready
  choice C at
    | Commit =>
        C -> D[*] : Commit
    | Abort =>
        C -> D[*] : Abort
"""
CALL = """-- tell: property heard: Answer only after receive Question
-- tell: property asked: never Answer
protocol Call =
  roles Client, Server
  timeout 5s Client at
    Client -> Server : Question
    Server -> Client : Answer
  on timeout =>
    Client -> Server : Cancelled
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def evidence(folder: Path, text: str, *options: str) -> list[Path]:
    """The traces that a check of `text` writes, all of which `recheck` and `replay` accept."""
    (folder / "p.tell").write_text(text, "utf-8")
    run(["check", "p.tell", "--evidence", "out", "-q", *options])
    traces = sorted((folder / "out").glob("*/*.itf.json"))
    assert run(["recheck", "out"]) == 0
    for trace in traces:
        assert run(["replay", str(trace)]) == 0
    return traces


def passed_off(folder: Path, before: str, after: str) -> None:
    """Change the source, and the sums of it that the evidence names."""
    (folder / "p.tell").write_text(after, "utf-8")
    old, new = (hashlib.sha256(text.encode()).hexdigest() for text in (before, after))
    for path in (folder / "out").glob("*/*.json"):
        path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")


CHANGED = [
    (SHOP, "Ship only after receive Pay", "Ship only after receive Order", "paid"),
    (SHOP, "never Ship", "never Order", "quiet"),
    (OTA, "never receive Abort after receive Commit", "never receive Abort", "one-way"),
    (OTA, "agreement(Commit, Abort)", "at-most-once(Commit at D)", "agreed"),
    (CALL, "never Answer", "never Cancelled", "asked"),
]


@pytest.mark.parametrize(("text", "old", "new", "name"), CHANGED)
def test_a_run_of_another_formula_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], text: str, old: str, new: str, name: str
) -> None:
    traces = [one for one in evidence(folder, text) if f".{name}" in one.name]
    assert traces
    passed_off(folder, text, text.replace(old, new))
    capsys.readouterr()
    assert run(["recheck", *map(str, traces)]) == 1
    assert f"[{name}]" in capsys.readouterr().out
    for trace in traces:
        assert run(["replay", str(trace)]) == 1
        assert f"[{name}]" in capsys.readouterr().out


def test_the_run_of_one_property_is_not_that_of_another(folder: Path) -> None:
    first, second = evidence(folder, SHOP)
    text = first.read_text("utf-8")
    assert "property[paid]" in text and "property[quiet]" in second.read_text("utf-8")
    first.write_text(text.replace("property[paid]", "property[quiet]"), "utf-8")
    assert run(["recheck", str(first)]) == 1
    assert run(["replay", str(first)]) == 1


def test_a_decision_of_machines_is_that_of_the_file(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Machines state nothing, and the configuration is not read for them."""
    twice = SHOP.replace("  Seller -> Buyer : Ship\n", "  Buyer -> Seller : Order\n")
    (folder / "p.tell").write_text(twice, "utf-8")
    capsys.readouterr()
    run(["project", "p.tell", "--format", "machine"])
    (folder / "m.json").write_text(capsys.readouterr().out, "utf-8")
    stated = '[properties]\nonce = "at-most-once(Order at Seller)"\n'
    (folder / "tellverify.toml").write_text(stated, "utf-8")
    run(["check", "--machines", "m.json", "--evidence", "out", "-q"])
    (trace,) = (folder / "out").glob("*/at-most-once*.itf.json")
    capsys.readouterr()
    assert run(["recheck", str(trace)]) == 0
    assert "(of the formula in the file)" in capsys.readouterr().out


def test_a_witness_alone_is_rechecked_and_reaches_its_own_event(folder: Path) -> None:
    (folder / "p.tell").write_text(SHOP, "utf-8")
    assert run(["check", "p.tell", "-q", "--witness", "Ship", "--evidence", "out"]) == 0
    (trace,) = (folder / "out").glob("*/reachable*.itf.json")
    assert run(["recheck", "out"]) == 0 and run(["replay", str(trace)]) == 0
    text = trace.read_text("utf-8")
    trace.write_text(text.replace("reachable[Ship]", "reachable[Pay]"), "utf-8")
    assert run(["recheck", "out"]) == 1 and run(["replay", str(trace)]) == 1
