"""Reductions of facts to a status: what is proved of a table, and what a log comes to."""

from __future__ import annotations

import random
from itertools import permutations
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from tellverify.annotations.reduction import StatusReduction, faults_of_reduction, standard
from tellverify.cli.group import tellverify

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = (ROOT / "specs/facts/invitation-2.toml").read_text("utf-8")
FACTS = {"Began": "pending", "Agreed": "committed", "Dropped": "aborted", "Seen": "preparing"}
GOOD = StatusReduction(
    initial="preparing",
    conflict="conflict",
    precedence=(("preparing",), ("pending",), ("committed", "aborted"), ("conflict",)),
    facts=FACTS,
)


def other(**changes: object) -> StatusReduction:
    return msgspec.structs.replace(GOOD, **changes)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("schema.toml").write_text(SCHEMA, "utf-8")


def call(*arguments: str) -> tuple[object, str]:
    done = CliRunner().invoke(tellverify, ["facts", *arguments], standalone_mode=False)
    return done.return_value, done.output


def test_a_right_table_has_no_fault() -> None:
    assert list(faults_of_reduction(GOOD, list(FACTS))) == []


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (other(facts={**FACTS, "Seen": "seen"}), "the status `seen` has no rank"),
        (other(facts={"Began": "pending"}), "it is not total: `Agreed` has no status"),
        (other(facts={**FACTS, "More": "pending"}), "`More` has a status and is not a variant"),
        (other(conflict=""), "have one rank, and there is no status `conflict`"),
        (other(initial="pending"), "the initial `pending` outranks `preparing`"),
        (
            other(precedence=(*GOOD.precedence[:2], ("conflict",), ("committed", "aborted"))),
            "become `conflict`, which ranks lower",
        ),
        (
            other(
                precedence=(("preparing",), ("pending", "aborted"), ("committed",), ("conflict",))
            ),
            "the order of facts decides",
        ),
        (
            other(precedence=(*GOOD.precedence, ("pending",))),
            "stands in `precedence` twice",
        ),
    ],
)  # fmt: skip
def test_each_fault_of_a_table_is_told(table: StatusReduction, words: str) -> None:
    found = list(faults_of_reduction(table, list(FACTS)))
    assert any(words in one for one in found), found


def test_proved_tables_do_not_depend_on_order_and_others_do() -> None:
    """All orders of up to four facts, for random tables: the proof says the same."""
    chance = random.Random(7)
    names = ["a", "b", "c", "d"]
    seen = set()
    for _ in range(300):
        ranks: list[list[str]] = [[], [], []]
        for name in names:
            ranks[chance.randrange(3)].append(name)
        ranks = [rank for rank in ranks if rank]
        ranks.insert(chance.randrange(len(ranks) + 1), ["x"])
        facts = {f"F{name}": name for name in names}
        table = StatusReduction(
            initial=chance.choice(ranks[0]),
            conflict="x",
            precedence=tuple(tuple(rank) for rank in ranks),
            facts=facts,
        )
        proved = not list(faults_of_reduction(table, list(facts)))
        results: dict[frozenset[str], set[str]] = {}
        for length in range(1, 5):
            for order in permutations(facts, length):
                results.setdefault(frozenset(order), set()).add(table.status(order))
        same = all(len(each) == 1 for each in results.values())
        assert same or not proved
        seen.add((proved, same))
    assert {(True, True), (False, False)} <= seen


def test_without_a_table_two_outcomes_are_a_conflict_in_any_order() -> None:
    table = standard({"I": "initiated", "C": "committed", "A": "aborted", "N": ""})
    assert not list(faults_of_reduction(table, ["I", "C", "A", "N"]))
    assert [table.status(log) for log in ([], ["N"], ["I", "N"], ["C", "I"])] == [
        "preparing", "preparing", "pending", "committed",
    ]  # fmt: skip
    assert {table.status(log) for log in permutations(["I", "C", "A"])} == {"conflict"}


def test_a_log_is_reduced_ceremony_by_ceremony() -> None:
    Path("log.jsonl").write_text(
        '{"fact": "CeremonyInitiated", "ceremony_id": "one"}\n'
        '{"CeremonyCommitted": {"ceremony_id": "two"}}\n\n'
        '{"fact": "CeremonyInitiated", "ceremony_id": "two"}\n',
        "utf-8",
    )
    code, said = call("status", "log.jsonl", "--schema", "schema.toml")
    assert code == 0
    assert said.splitlines() == [
        "one   pending   1 fact, last at log.jsonl:1",
        "two   committed   2 facts, last at log.jsonl:4",
    ]


def test_a_log_may_begin_with_a_mark_come_from_standard_input_and_name_the_type() -> None:
    line = '\ufeff{"fact": "InvitationFact::CeremonyInitiated", "ceremony_id": "one"}\r\n'
    Path("log.jsonl").write_bytes(line.encode())
    assert call("status", "log.jsonl", "--schema", "schema.toml") == (
        0,
        "one   pending   1 fact, last at log.jsonl:1\n",
    )
    arguments = ["facts", "status", "-", "--schema", "schema.toml"]
    done = CliRunner().invoke(tellverify, arguments, standalone_mode=False, input=line.encode())
    assert (done.return_value, done.output) == (0, "one   pending   1 fact, last at <stdin>:1\n")
    done = CliRunner().invoke(tellverify, arguments, standalone_mode=False, input=b"\xff\n")
    assert done.return_value == 2
    assert "cannot read -: it is not UTF-8 text" in done.output


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"fact": "Other", "ceremony_id": "c"}', "has no fact `Other`"),
        ('{"fact": "CeremonyInitiated"}', "`CeremonyInitiated` has no `ceremony_id`"),
        ("[1]", "this is no JSON object"),
        ("{", "this is no JSON object"),
        ('{"a": 1, "b": 2}', "it names no fact"),
        ('{"fact": "CeremonyInitiated", "fact": "X", "ceremony_id": "c"}', "`fact` is repeated"),
        ('{"CeremonyInitiated": {"ceremony_id": "c", "ceremony_id": "d"}}', "_id` is repeated"),
        ('{"fact": "CeremonyInitiated", "ceremony_id": "c", "at": NaN}', "this is no JSON object"),
        ('{"fact": "OtherFact::CeremonyInitiated", "ceremony_id": "c"}', "has no fact `OtherFact"),
        ('{"fact": "CeremonyAborted", "ceremony_id": "c"}', "c   conflict"),
    ],
)
def test_a_line_that_is_no_fact_and_a_conflict_are_no_success(line: str, words: str) -> None:
    first = '{"fact": "CeremonyCommitted", "ceremony_id": "c"}\n'
    Path("log.jsonl").write_text(first + line + "\n", "utf-8")
    code, said = call("status", "log.jsonl", "--schema", "schema.toml")
    assert (code, words in said) == (1, True), said


def test_a_conflict_names_the_facts_and_their_lines() -> None:
    parts = ("Initiated", "Committed", "Committed", "Aborted", "Superseded")
    lines = [f'{{"fact": "Ceremony{part}", "ceremony_id": "c"}}' for part in parts]
    lines[-1] = lines[-1].replace("ceremony_id", "superseded_ceremony_id")
    Path("log.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    code, said = call("status", "log.jsonl", "--schema", "schema.toml")
    assert (code, said.splitlines()) == (
        1,
        [
            "c   conflict   5 facts, last at log.jsonl:5",
            "  `CeremonyCommitted` at log.jsonl:2 and `CeremonyAborted` at log.jsonl:4"
            " exclude each other",
        ],
    )


def test_a_fact_that_stands_for_a_conflict_is_named_alone() -> None:
    names = [line.split('"')[1] for line in SCHEMA.splitlines() if line.startswith('name = "C')]
    facts = ", ".join(f'{name} = "{"bad" if "Abort" in name else "open"}"' for name in names)
    table = 'initial = "open"\nconflict = "bad"\nprecedence = [["open"], ["bad"]]\n'
    Path("schema.toml").write_text(f"{SCHEMA}\n[reduction]\n{table}facts = {{ {facts} }}\n")
    Path("log.jsonl").write_text('{"fact": "CeremonyAborted", "ceremony_id": "c"}\n', "utf-8")
    code, said = call("status", "log.jsonl", "--schema", "schema.toml")
    assert (code, said.splitlines()[-1]) == (
        1,
        "  `CeremonyAborted` at log.jsonl:1 is a conflict by itself",
    )


def test_check_proves_the_table_of_a_schema_or_refutes_it() -> None:
    names = [line.split('"')[1] for line in SCHEMA.splitlines() if line.startswith('name = "C')]
    facts = ", ".join(f'{name} = "{"aborted" if "Abort" in name else "open"}"' for name in names)
    table = (
        '\n[reduction]\ninitial = "open"\nprecedence = [["open"], ["aborted"]]\n'
        f"facts = {{ {facts} }}\n"
    )
    Path("schema.toml").write_text(SCHEMA + table, "utf-8")
    code, said = call("check", "schema.toml")
    assert (code, "reduction proved: total, monotone" in said) == (0, True), said
    Path("schema.toml").write_text(
        SCHEMA + table.replace('initial = "open"', 'initial = "aborted"')
    )
    code, said = call("check", "schema.toml")
    assert (code, "it is not monotone" in said) == (1, True), said
    assert call("status", "none.jsonl", "--schema", "schema.toml")[0] == 2


def test_an_empty_log_has_no_status() -> None:
    Path("log.jsonl").write_text("\n", "utf-8")
    code, said = call("status", "log.jsonl", "--schema", "schema.toml")
    assert (code, said) == (4, "tellverify: log.jsonl has no fact\n")
