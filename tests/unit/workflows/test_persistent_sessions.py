"""Searches that follow persistent sets against searches that follow every move."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest
from workflow_texts import checked, outcome_of

from tellverify.model.trace import Trace
from tellverify.obligations.options import Options
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Refuted
from tellverify.workflows.composed_machines import ComposedSystem, composed_system
from tellverify.workflows.composed_search import ComposedSearch
from tellverify.workflows.composition import composition
from tellverify.workflows.outcomes import PhaseGraph
from tellverify.workflows.persistent_sets import finds_all_faults
from tellverify.workflows.plan import file_plan
from tellverify.workflows.protocol_files import ProtocolFiles
from tellverify.workflows.reading import read_workflows

PROTOCOLS = {
    "call": ("A -> B : Ask", "B -> A : Answer"),
    "note": ("A -> B : Note", "A -> B : Other"),
    "relay": ("A -> B : Ask", "B -> C : Ask", "C -> A : Answer"),
    "crossed": ("A -> B : Left", "C -> B : Right", "B -> A : Done"),
    "chosen": (
        "choice A at",
        "  | Yes =>",
        "    A -> B : Yes",
        "    B -> A : Kept",
        "  | No =>",
        "    A -> B : No",
    ),
}
LIMIT = 4_000
BATCHES, BATCH = 6, 25


def _write(folder: Path) -> None:
    for name, lines in PROTOCOLS.items():
        roles = "A, B, C" if any("C" in line.split() for line in lines) else "A, B"
        body = "\n".join(f"  {line}" for line in lines)
        text = f"module {name} exposing (P)\n\nprotocol P =\n  roles {roles}\n{body}\n"
        (folder / f"{name}.tell").write_text(text, encoding="utf-8")


def _random_file(rng: random.Random) -> str:
    """Two to four workflows of one or two phases, with bundles, that agents run in some order."""
    text = ""
    plays: dict[str, list[str]] = {agent: [] for agent in "WXYZ"}
    for number in range(rng.choice((2, 3, 3, 4))):
        mine: set[str] = set()
        for _ in range(rng.choice((1, 1, 2))):
            name = rng.choice(list(PROTOCOLS))
            roles = "ABC" if name in ("relay", "crossed") else "AB"
            agents = dict(zip(roles, rng.sample("WXYZ", len(roles)), strict=True))
            mine |= set(agents.values())
            given = ", ".join(f'{role} = "{agent}"' for role, agent in agents.items())
            text += f'[[workflow.w{number}.phase]]\nprotocol = "{name}.tell"\n'
            text += f"agents = {{ {given} }}\n"
            if rng.random() < 0.6:
                bundles = rng.sample(("b0", "b1", "b2"), rng.choice((1, 2)))
                held = ", ".join(f'"{one}"' for one in bundles)
                text += f"holds = {{ {rng.choice(list(agents.values()))} = [{held}] }}\n"
        for agent in mine:
            plays[agent].append(f'"w{number}"')
    for agent, own in plays.items():
        rng.shuffle(own)
        if len(own) > 1 and rng.random() < 0.7:
            text += f"[agents.{agent}]\norder = [{', '.join(own)}]\n"
    return text


def _system(folder: Path, text: str) -> ComposedSystem | None:
    """All sessions of a file together; None where the file does not fit."""
    path = str(folder / "workflow.toml")
    document, said = read_workflows(path, text)
    assert document is not None and not said
    files = ProtocolFiles(path, (), Options())
    whole = composition(file_plan(document, files), files, {})
    if whole.said:
        return None
    sessions = [one.session for one in whole.sessions]
    graphs = [files.graph(one.step.protocol, {}, one.step.go_on) for one in sessions]
    known = [one for one in graphs if isinstance(one, PhaseGraph)]
    assert len(known) == len(sessions)
    return composed_system(sessions, known, whole.edges, whole.uses, Options().step_limit)


@pytest.mark.parametrize("batch", range(BATCHES))
def test_persistent_sets_keep_verdicts_and_lengths(batch: int, tmp_path: Path) -> None:
    _write(tmp_path)
    rng = random.Random(f"persistent {batch}")
    seen: Counter[str] = Counter()
    while sum(seen.values()) < BATCH:
        text = _random_file(rng)
        system = _system(tmp_path, text)
        if system is None:
            continue
        assert finds_all_faults(system)
        every = ComposedSearch(system, LIMIT, 8).decide()
        if not every.is_complete:
            continue
        some = ComposedSearch(system, LIMIT, 8, hold=True).decide()
        assert some.is_complete and some.configurations <= every.configurations
        if every.fault is None or some.fault is None:
            assert every.fault is some.fault, text
            seen["holds"] += 1
            continue
        assert some.fault.fault is every.fault.fault, text
        assert len(some.fault.run) == len(every.fault.run), text
        seen["deadlock"] += 1
    assert set(seen) == {"holds", "deadlock"}


def test_full_queues_are_searched_with_every_move(tmp_path: Path) -> None:
    """Where a send is left out, the moves of one machine may disable those of another."""
    _write(tmp_path)
    text = '[[workflow.{0}.phase]]\nprotocol = "note.tell"\nagents = {{ A = "{1}", B = "{2}" }}\n'
    both = text.format("v", "X", "Y") + text.format("w", "Y", "X")
    system = _system(tmp_path, both)
    assert system is not None
    every = ComposedSearch(system, LIMIT, 1).decide()
    assert every.queue == 1
    assert ComposedSearch(system, LIMIT, 1, hold=True).decide() == every
    assert not every.by_persistent_sets


@pytest.mark.parametrize("extra", ["loop", "go_on"])
def test_other_faults_are_looked_for_among_all_moves(extra: str, tmp_path: Path) -> None:
    _write(tmp_path)
    loop = "module loop exposing (P)\n\nprotocol P =\n  roles A, B\n  loop decide by A\n"
    (tmp_path / "loop.tell").write_text(f"{loop}    A -> B : Step\n  A -> B : End\n", "utf-8")
    name = "loop" if extra == "loop" else "chosen"
    text = f'[[workflow.w.phase]]\nprotocol = "{name}.tell"\n'
    text += 'go_on = ["Yes"]\n' if extra == "go_on" else ""
    system = _system(tmp_path, text + '[[workflow.w.phase]]\nprotocol = "call.tell"\n')
    assert system is not None
    assert not finds_all_faults(system)


def test_ten_holders_in_a_ring_are_decided(tmp_path: Path) -> None:
    """Each asks for its bundle and then for that of the next one: a configuration of 30 events."""
    _write(tmp_path)
    text = "".join(
        f'[[workflow.w.phase]]\nprotocol = "call.tell"\nthread = "t{n}"\n'
        f'agents = {{ A = "A{n}", B = "B{n}" }}\nholds = ["b{n}", "b{(n + 1) % 10}"]\n'
        for n in range(10)
    )
    (report,) = checked(tmp_path, text, search_limit=5_000).protocols
    outcome = outcome_of(report)
    assert isinstance(outcome, Refuted) and isinstance(outcome.evidence, Trace)
    assert len(outcome.evidence.steps) == 30 and outcome.evidence.minimal
    assert outcome.method is Method.PERSISTENT_SETS
