"""Parallel branches checked one by one against a search of all of them together."""

from __future__ import annotations

import random

from subset import subset_machines

from tellverify.language.lowering.lower import lower
from tellverify.language.syntax.parser import parse
from tellverify.model.fault import Fault
from tellverify.projection.implementability import check_graph
from tellverify.search.counterexample import find_faults
from tellverify.source.text import SourceFile

FAULTS = frozenset({Fault.DEADLOCK, Fault.UNSPECIFIED_RECEPTION, Fault.ORPHAN_MESSAGE})
ROLES = ("A", "B", "C", "D")


def protocol(seed: int) -> str:
    """Two parallel branches, each a few messages or a choice, between messages before and after."""
    rng = random.Random(seed)
    lines = ["protocol P =", f"  roles {', '.join(ROLES)}"]

    def send(indent: str, sender: str | None = None) -> None:
        p = sender or rng.choice(ROLES)
        q = rng.choice([role for role in ROLES if role != p])
        lines.append(f"{indent}{p} -> {q} : {rng.choice('xyz')}")

    def block(indent: str) -> None:
        if rng.random() < 0.5:
            for _ in range(rng.randint(1, 2)):
                send(indent)
            return
        decider = rng.choice(ROLES)
        lines.append(f"{indent}choice {decider} at")
        for label in ("l", "r"):
            lines.append(f"{indent}  | {label} =>")
            send(indent + "      ", decider)
            for _ in range(rng.randint(0, 2)):
                send(indent + "      ")

    if rng.random() < 0.5:
        send("  ")
    lines.append("  par")
    for _ in range(2):
        lines.append("    |")
        block("      ")
    if rng.random() < 0.5:
        send("  ")
    return "\n".join(lines) + "\n"


def test_what_holds_of_each_branch_holds_of_all_together() -> None:
    composed = faulty = 0
    for seed in range(6_000):
        source = SourceFile("p.tell", protocol(seed))
        file = parse(source).file
        lowered = lower(file, source, file.protocols[0], {})
        if not lowered.slices or lowered.graph is None:
            continue
        answers = [check_graph(graph) for graph in lowered.slices]
        verdicts = [a.implementable and not a.stuck and not a.undecided for a in answers]
        graph = lowered.graph
        if not all(verdicts):
            faulty += 1
            continue
        found = find_faults(
            graph, subset_machines(graph), wanted=FAULTS, depth_limit=40, budget=20_000
        )
        assert not found.traces, (seed, source.text, found.traces[0])
        composed += 1
    assert composed > 100
    assert faulty > 100
