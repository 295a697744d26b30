"""Formulas under faults by the command line: verdicts, runs, evidence, and what is not decided."""

from __future__ import annotations

from pathlib import Path

import pytest

from tellverify.cli.group import run
from tellverify.model.trace import Trace
from tellverify.obligations.options import Options, UserProperty
from tellverify.verdict.outcome import Bounded, Outcome, Proved, Refuted, Skipped
from tellverify.verification.pipeline import check_text

TICKS = """-- tell: property counted: always count(receive Tick) <= count(send Tick)
-- tell: faults twice(duplicate <= 1)
-- tell: faults lossy(loss)
protocol Ticks =
  roles A, B
  loop decide by A
    A -> B : Tick
"""
OTA = """-- tell: property one-way: never receive Abort after receive Commit
-- tell: property sent: receive Commit only after send Commit
-- tell: faults liar(byzantine of C)
-- tell: faults devices(byzantine <= 1 of D)
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
NOTES = """-- tell: property ordered: receive Second only after (receive First or send Skip)
-- tell: faults bag(reorder)
-- tell: faults down(crash <= 1 of A)
protocol Notes =
  roles A, B, C
  choice A at
    | First =>
        A -> C : Go
        A -> B : First
        A -> B : Second
    | Second =>
        A -> C : Skip
        A -> B : Second
"""
RETRY = """-- tell: property once: always count(receive Request) <= 1
-- tell: property answered: Response only after receive Request
-- tell: property later: eventually Response
-- tell: property ended: never (Client finished and send Request)
-- tell: faults lossy(loss <= 1 on Server -> Client)
-- tell: faults bag(reorder)
-- tell: faults down(crash <= 1 of Server)
protocol Retry =
  roles Client, Server
  rec Attempt
    timeout 1s Client at
      Client -> Server : Request
      Server -> Client : Response
    on timeout =>
      continue Attempt
"""
ONCE = """-- tell: property once: always count(receive Note) <= count(send Note)
-- tell: faults lossy(loss <= 1)
-- tell: faults twice(duplicate <= 1)
protocol Once =
  roles A, B
  A -> B : Note
  A -> B : Note
  timeout 1s A at
    B -> A : Ack
  on timeout =>
    A -> B : Stop
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def decided(text: str, **sizes: int) -> dict[str, Outcome]:
    """The outcomes of one protocol by the names of its obligations."""
    options = Options(instances={family: (size,) for family, size in sizes.items()})
    (report,) = check_text(text, options).run.protocols
    return {verdict.name: verdict.outcome for verdict in report.verdicts}


def events(outcome: Outcome) -> int:
    assert isinstance(outcome, Refuted) and isinstance(outcome.evidence, Trace), outcome
    return len(outcome.evidence.steps)


def why_skipped(outcome: Outcome) -> str:
    assert isinstance(outcome, Skipped), outcome
    return outcome.reason


def holds(outcome: Outcome) -> bool:
    return isinstance(outcome, Proved | Bounded)


def test_a_message_that_arrives_twice_is_counted_twice() -> None:
    found = decided(TICKS)
    assert holds(found["property[counted]"])
    assert events(found["property[counted] @ twice"]) == 3
    assert holds(found["property[counted] @ lossy"])


@pytest.mark.parametrize("text", [TICKS, ONCE], ids=["graph", "timer"])
@pytest.mark.parametrize("owner", ["", "."], ids=["of all protocols", "of one"])
def test_formulas_of_the_configuration_are_decided_as_those_of_the_text(
    text: str, owner: str
) -> None:
    stated, rest = text.split("\n", 1)
    name, formula = stated.removeprefix("-- tell: property ").split(": ", 1)
    (report,) = check_text(text, Options()).run.protocols
    full = f"{report.name}.{name}" if owner else name
    later = f"{full}-later"
    users = (
        UserProperty(full, formula, "tellverify.toml", 2),
        UserProperty(later, "eventually B finished", "tellverify.toml", 3),
        UserProperty("elsewhere", "never send Nothing", "tellverify.toml", 4),
    )
    (configured,) = check_text(rest, Options(user_properties=users)).run.protocols
    found = {verdict.name: verdict for verdict in configured.verdicts}
    expected = {verdict.name: verdict for verdict in report.verdicts}
    assert {one.name for one in configured.scenarios} == {"twice", "lossy"}
    for scenario in ("twice", "lossy"):
        mine = found[f"property[{full}] @ {scenario}"].outcome
        given = expected[f"property[{name}] @ {scenario}"].outcome
        assert type(mine) is type(given)
        assert isinstance(mine, Refuted) is (scenario == "twice")
        assert why_skipped(found[f"property[{later}] @ {scenario}"].outcome)
    assert not any("elsewhere" in one for one in found)


def test_who_lies_breaks_what_others_see() -> None:
    found = decided(OTA, D=2)
    assert holds(found["property[one-way]"])
    # Each device takes Propose and sends Ready, then one takes Commit and the other Abort.
    assert events(found["property[one-way] @ liar"]) == 6
    # What a Byzantine role does is no event, so a formula that speaks of it is not decided.
    for name in ("property[one-way] @ devices", "property[sent] @ liar"):
        assert "may be Byzantine" in why_skipped(found[name])


def test_a_bag_lets_a_later_message_come_first() -> None:
    found = decided(NOTES)
    assert holds(found["property[ordered]"])
    assert events(found["property[ordered] @ bag"]) == 4
    assert found["property[ordered] @ down"] == found["property[ordered]"]


def test_formulas_on_protocols_with_timeouts() -> None:
    found = decided(RETRY)
    assert events(found["property[once]"]) == 5
    assert "does not hold without" in why_skipped(found["property[once] @ lossy"])
    for name in ("property[answered]", "property[answered] @ lossy", "property[answered] @ down"):
        assert holds(found[name]), name
    assert "`reorder` is not decided" in why_skipped(found["property[answered] @ bag"])
    assert "asks for something to happen" in why_skipped(found["property[later]"])
    assert "branches or states" in why_skipped(found["property[ended]"])


def test_a_message_that_arrives_twice_under_a_timer() -> None:
    found = decided(ONCE)
    assert holds(found["property[once]"]) and holds(found["property[once] @ lossy"])
    assert events(found["property[once] @ twice"]) == 3


@pytest.mark.parametrize(
    ("text", "name"),
    [(TICKS, "counted @ twice"), (OTA, "one-way @ liar"), (RETRY, "once"), (ONCE, "once @ twice")],
)
def test_every_run_says_which_property_it_breaks(text: str, name: str) -> None:
    item, mark, scenario = name.partition(" @ ")
    outcome = decided(text, D=2)[f"property[{item}]{mark}{scenario}"]
    assert isinstance(outcome, Refuted) and isinstance(outcome.evidence, Trace), outcome
    assert outcome.evidence.explanation.startswith(f"property `{item}` does not hold: ")


@pytest.mark.parametrize("timer", [False, True])
def test_a_scenario_speaks_of_the_sizes_that_have_its_members(timer: bool) -> None:
    text = OTA.replace("byzantine of C", "crash of D[2]")
    text = text.replace("receive Abort after receive Commit", "receive Ready after receive Commit")
    if timer:
        text = text.split("  choice C at")[0].replace(
            "  D[*] -> C : Ready\n",
            "  timeout 1s C at\n    D[*] -> C : Ready\n    C -> D[*] : Commit\n"
            "  on timeout =>\n    C -> D[*] : Abort\n",
        )
    found = decided(text)
    outcome = found["property[one-way] @ liar"]
    assert isinstance(outcome, Bounded) and outcome.bound.startswith("D = 3"), outcome
    assert isinstance(found["property[one-way]"], Bounded)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (TICKS, "property.counted.under.twice"),
        (OTA, "property.one-way.under.liar"),
        (RETRY, "property.once"),
        (ONCE, "property.once.under.twice"),
    ],
)
def test_runs_are_replayed_and_rechecked(
    folder: Path, capsys: pytest.CaptureFixture[str], text: str, name: str
) -> None:
    (folder / "a.tell").write_text(text, "utf-8")
    run(["check", "a.tell", "--evidence", "ev"])
    (file,) = Path("ev").rglob(f"{name}.itf.json")
    assert run(["recheck", "ev"]) == 0
    assert run(["replay", str(file)]) == 0
    capsys.readouterr()
    # The same run breaks no formula about another message.
    said = file.read_text("utf-8")
    for label in ("Tick", "Abort", "Request", "Note"):
        said = said.replace(f'"label":"{label}"}}', '"label":"Other"}').replace(
            f": {label})", ": Other)"
        )
    assert said != file.read_text("utf-8")
    file.write_text(said, "utf-8")
    assert run(["recheck", "ev"]) == 1
    assert "may still hold" in capsys.readouterr().out
    assert run(["replay", str(file)]) == 1


def test_a_formula_that_cannot_be_read_at_some_size_is_no_defect(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = OTA.replace("never receive Abort after", "never receive D[i] -> E[i] : Abort after")
    text = text.replace("roles C, D[N]\n", "roles C, D[N], E[2]\n  C -> E[*] : Hello\n")
    (folder / "a.tell").write_text(text, "utf-8")
    assert run(["check", "a.tell"]) == 1
    said = capsys.readouterr().out
    assert "error[TV611]" in said and "property[one-way] @" not in said
