"""Merged budgets, ceremonies as runs record them, statuses and schemas."""

from __future__ import annotations

import random
from collections.abc import Iterable
from itertools import permutations, product
from pathlib import Path

import pytest
from graphs import random_graph

from tellverify.annotations.ceremony import (
    Fact,
    Names,
    Offence,
    Point,
    after,
    at_end,
    explored,
    offence_of,
)
from tellverify.annotations.fact_schemas import (
    FactSchema,
    compared,
    read_schemas,
    read_schemas_text,
)
from tellverify.annotations.replicated_budget import (
    Act,
    BudgetStep,
    Copy,
    MergeFault,
    charged,
    merged,
    replayed_history,
    words,
    wrong_merge,
)
from tellverify.annotations.status import (
    BY_RANK,
    COMMITTED,
    CONFLICT,
    REDUCTIONS,
    VARIANTS,
    unstable,
)

FACTS = Path(__file__).parents[3] / "specs" / "facts"


def test_two_concurrent_charges_lose_one() -> None:
    history = wrong_merge(100, (10, 20), MergeFault.HIDDEN)
    assert history is not None
    assert [step.act for step in history.steps] == [Act.CHARGE, Act.CHARGE, Act.MERGE]
    assert {step.copy for step in history.steps[:2]} == {0, 1}
    assert history.says < history.truth
    assert replayed_history(history.steps, 100) == history
    assert "instead of" in words(history)


def test_the_example_of_the_reference() -> None:
    one, two = Copy(100, 30), Copy(100, 40)
    assert merged(one, two) == Copy(100, 40)  # both were at 20: 50 is the truth
    assert merged(Copy(100, 90, 1), Copy(100, 0, 2)) == Copy(100, 90, 2)


def test_a_new_epoch_is_filled_with_old_charges() -> None:
    history = wrong_merge(100, (10,), MergeFault.STALE)
    assert history is not None
    assert {step.act for step in history.steps} == {Act.CHARGE, Act.ROTATE, Act.MERGE}
    assert (history.says, history.truth) == (10, 0)


def test_no_shorter_history_is_wrong() -> None:
    steps = [BudgetStep(Act.CHARGE, c, 1) for c in (0, 1)]
    steps += [BudgetStep(act, c) for act in (Act.ROTATE, Act.MERGE) for c in (0, 1)]
    for length in (1, 2):
        for history in product(steps, repeat=length):
            assert replayed_history(history, 10) is None


def test_charges_are_exact() -> None:
    copy = charged(charged(Copy(10), 4) or Copy(0), 6)
    assert copy == Copy(10, 10)
    assert charged(copy, 1) is None
    full = Copy(2**64 - 1, 2**64 - 1)
    assert charged(full, 1) is None


# Ceremonies

NAMES = Names(("begin",), ("commit",), ("abort",))


def test_the_monitor_agrees_with_the_reading_of_whole_lists() -> None:
    facts = [Fact(n, r) for n in ("begin", "commit", "abort", "note") for r in ("A", "B")]
    for length in range(4):
        for recorded in product(facts, repeat=length):
            point: Point | Offence = Point()
            for fact in recorded:
                point = after(point, fact, NAMES)
                if isinstance(point, Offence):
                    break
            expected = offence_of(recorded, NAMES.variant, complete=False)
            assert (point if isinstance(point, Offence) else None) is expected, recorded
            if isinstance(point, Point):
                complete = offence_of(recorded, NAMES.variant, complete=True)
                assert at_end(point) is complete, recorded


@pytest.mark.parametrize("block", range(3))
def test_explored_runs_agree_with_enumerated_ones(block: int) -> None:
    right = 0
    for seed in range(block, 900, 3):
        rng = random.Random(seed)
        graph = random_graph(seed, max_states=6)
        likely = {"begin": 0.35, "commit": 0.25, "abort": 0.1, "": 0.2, "note": 0.1}
        facts = [
            [name] if (name := rng.choices(list(likely), list(likely.values()))[0]) else []
            for _ in graph.sites
        ]
        seen = explored(graph, facts, NAMES)
        shortest: int | None = None
        runs: list[tuple[int, tuple[int, ...]]] = [(0, ())]
        for length in range(7):
            for state, run in runs:
                recorded = [
                    Fact(name, graph.roles[graph.sender[e]])
                    for e in run
                    for name in facts[graph.site[e]]
                ]
                ends = bool(graph.final[state])
                if offence_of(recorded, NAMES.variant, complete=ends) and shortest is None:
                    shortest = length
            if shortest is not None:
                break
            runs = [
                (graph.target[e], (*run, e))
                for state, run in runs
                for e in range(graph.first[state], graph.first[state + 1])
            ]
        if shortest is not None:
            assert seen.run is not None, seed
            assert len(seen.run.events) == shortest, seed
        elif seen.run is None:
            right += 1
        else:
            assert len(seen.run.events) > 6, seed
    assert right


# Statuses


def by_set(facts: Iterable[str]) -> str:
    """The status of a set of facts, straight from the definition."""
    known = set(facts)
    ends = known & {"committed", "aborted", "superseded"}
    if ends:
        return CONFLICT if len(ends) > 1 else min(ends)
    return "pending" if known else "preparing"


def test_facts_have_one_status_in_every_order() -> None:
    for facts in product(VARIANTS, repeat=3):
        assert {BY_RANK.status(order) for order in permutations(facts)} == {by_set(facts)}
    assert BY_RANK.status(("committed", "aborted")) == CONFLICT
    assert BY_RANK.status(("committed", "initiated")) == COMMITTED
    assert BY_RANK.status(()) == by_set(())
    assert unstable("rank") is None


def test_what_was_written_last_is_no_status() -> None:
    wrong = unstable("last-writer")
    assert wrong is not None
    reduce = REDUCTIONS["last-writer"]
    assert (reduce(wrong.first), reduce(wrong.second)) == wrong.statuses
    assert reduce(("initiated", "committed")) != reduce(("committed", "initiated"))


# Schemas


def schema(name: str) -> FactSchema:
    read = read_schemas(str(FACTS / name))[0]
    assert read.schema is not None, read.diagnostics
    return read.schema


def test_all_schemas_can_be_read() -> None:
    for path in FACTS.glob("*.toml"):
        schema(path.name)


def test_the_second_version_reads_the_first() -> None:
    old, new = schema("invitation-1.toml"), schema("invitation-2.toml")
    assert compared(old, new)
    assert not [change for change in compared(old, new) if change.breaks]
    assert [change for change in compared(new, old) if change.breaks]
    assert not compared(old, old)


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ('type = "String", optional = true', 'type = "u64", optional = true', "`u64` instead"),
        ('domain = "PhysicalClock"', 'domain = "LogicalClock"', "time domain"),
        (
            'name = "trace_id", type = "String", optional = true',
            'name = "trace_id", type = "String"',
            "required now",
        ),
        ('name = "InvitationFact"', 'name = "InviteFact"', "became"),
        (
            'fact = "InvitationFact::CeremonyAborted"',
            'fact = "InvitationFact::Aborted"',
            "recorded as",
        ),
        ('{ name = "reason", type = "String" },', "", "was removed"),
        ("version = 1", "version = 1 #", ""),
    ],
)
def test_changes_that_break(old: str, new: str, part: str) -> None:
    text = (FACTS / "invitation-1.toml").read_text("utf-8")
    changed = text.replace(old, new).replace("version = 1\n", "version = 2\n")
    read = read_schemas_text(changed, "<schema>")[0]
    assert read.schema is not None, read.diagnostics
    broken = [
        change.text
        for change in compared(schema("invitation-1.toml"), read.schema)
        if change.breaks
    ]
    assert any(part in change for change in broken) if part else not broken


@pytest.mark.parametrize(
    "text",
    [
        "",
        "format = 1",
        "format = 2\nname = 'x'\nversion = 1",
        "format = 1\nname = 'x'\nversion = 0",
        "format = 1\nname = 'x'\nversion = 1\nversion = 2",
        "format = 1\nname = 'x'\nversion = 1\n[[variants]]\nname = 'A'\nstands_for = 'initiated'",
        "format = 1\nname = 'x'\nversion = 1\ncolour = 'red'",
        "\x00",
        "[" * 5000,
    ],
)
def test_texts_that_are_no_schema(text: str) -> None:
    read = read_schemas_text(text, "<schema>")[0]
    assert read.schema is None
    assert {diagnostic.code.number for diagnostic in read.diagnostics} == {"TV661"}


def test_same_version_with_other_facts_breaks() -> None:
    text = (FACTS / "invitation-2.toml").read_text("utf-8").replace("version = 2", "version = 1")
    read = read_schemas_text(text, "<schema>")[0]
    assert read.schema is not None
    changes = compared(schema("invitation-1.toml"), read.schema)
    assert any(change.breaks and "version" in change.text for change in changes)
