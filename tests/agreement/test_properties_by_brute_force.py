"""The search for runs that break a formula, against all runs of small protocols one by one.

The search uses automata on packed configurations; here every run up to a length is made by the
reference semantics and judged by the defining equations of the logic.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from formulas import random_formula
from graphs import random_graph
from local_machines import canonical_machine

from tellverify.evidence.formula_run import complaint, positions
from tellverify.model.configuration import Configuration
from tellverify.model.formula import Formula, evaluate, text
from tellverify.model.machine import Machine
from tellverify.model.semantics import System
from tellverify.model.step import Step
from tellverify.properties.configurations import Configurations, all_configurations
from tellverify.properties.product import ProductDecision, decide
from tellverify.properties.safety import is_safety
from tellverify.search.traces import step_of

CASES = 1_200
BLOCK = 400
MOST_RUNS = 50


def _runs(system: System) -> Iterator[tuple[list[Step], list[Configuration]]]:
    """Runs in the order of their length, so many that it stays quick; whole lengths only."""
    layer: list[tuple[list[Step], list[Configuration]]] = [([], [system.initial])]
    made = 0
    while layer:
        made += len(layer)
        if made > MOST_RUNS:
            return
        yield from layer
        layer = [
            ([*steps, step], [*met, after])
            for steps, met in layer
            for step, after in system.enabled(met[-1])
        ]


def _first_broken(formula: Formula, machines: list[Machine]) -> tuple[int | None, int | None, int]:
    """Lengths of the first finite run and of the first lasso that break it; what was covered."""
    finite = lasso = None
    length = 0
    for steps, met in _runs(System(machines)):
        length = len(steps)
        if finite is None and not complaint(formula, steps, -1, machines):
            finite = length
        if lasso is None:
            for loop, before in enumerate(met[:-1]):
                if before == met[-1] and not complaint(formula, steps, loop, machines):
                    lasso = length
    return finite, lasso, length


def _decided(
    seed: int,
) -> tuple[Formula, list[Machine], Configurations, list[Step], ProductDecision]:
    rng = random.Random(seed)
    graph = random_graph(seed, max_roles=3, max_states=5, in_class=rng.random() < 0.7)
    machines = [canonical_machine(graph, role) for role in graph.roles]
    configurations = all_configurations(machines, 4, 2_000)
    steps = [step_of(machines[r], s, place, graph) for r, s, place in configurations.events]
    formula = random_formula(rng, graph, rng.randint(1, 3))
    return formula, machines, configurations, steps, decide(formula, configurations, steps, 20_000)


@pytest.mark.parametrize("start", range(0, CASES, BLOCK))
def test_the_search_agrees_with_all_runs(start: int) -> None:
    for seed in range(start, start + BLOCK):
        formula, machines, configurations, _, found = _decided(seed)
        said = f"seed {seed}: {text(formula)}"
        finite, lasso, length = _first_broken(formula, machines)
        if found.broken is None:
            proved = found.finished and configurations.complete and not found.cut
            assert not proved or (finite, lasso) == (None, None), said
        elif found.broken.loop < 0:
            # A shortest finite run: no shorter one breaks it.
            made = len(found.broken.events)
            assert finite == made or (finite is None and made > length), said
        else:
            assert finite is None, said


@pytest.mark.parametrize("start", range(10_000, 13_000, 1_000))
def test_every_run_that_is_found_breaks_its_formula(start: int) -> None:
    kinds = {"finite": 0, "lasso": 0, "none": 0}
    for seed in range(start, start + 1_000):
        formula, machines, _, steps, found = _decided(seed)
        if found.broken is None:
            kinds["none"] += 1
            continue
        run = [steps[event] for event in found.broken.events]
        wrong = complaint(formula, run, found.broken.loop, machines)
        assert not wrong or found.cut, f"seed {seed}: {text(formula)}: {wrong}"
        kinds["lasso" if found.broken.loop >= 0 else "finite"] += 1
    assert all(kinds.values()), kinds


def _starts_under_crashes(machines: list[Machine]) -> Iterator[list[Step]]:
    """What happens in runs in which roles crash, up to whole lengths that stay quick."""
    system = System(machines)
    layer: list[tuple[list[Step], Configuration, frozenset[str]]] = [
        ([], system.initial, frozenset())
    ]
    made = 0
    while layer and made <= 8 * MOST_RUNS:
        yield from (steps for steps, _, _ in layer)
        after: dict[tuple[tuple[Step, ...], frozenset[str]], Configuration] = {}
        for steps, here, crashed in layer:
            for role in (None, *(machine.role for machine in machines)):
                gone = crashed if role is None else crashed | {role}
                for step, there in system.enabled(here):
                    if step.actor not in gone:
                        after[(*steps, step), gone] = there
        made += len(after)
        layer = [([*steps], there, gone) for (steps, gone), there in after.items()]


def test_a_safety_formula_holds_under_crashes_where_it_holds_without() -> None:
    kept = broken = 0
    for seed in range(20_000, 20_600):
        formula, machines, configurations, steps, found = _decided(seed)
        if not is_safety(formula) or found.cut:
            continue
        said = f"seed {seed}: {text(formula)}"
        if found.broken is not None:
            run = [steps[event] for event in found.broken.events]
            rows = positions(formula, run, -1, machines).rows
            assert (
                found.broken.loop >= 0
                or not run
                or not evaluate(formula, rows, len(run), ended=False).weak
            ), said
            broken += 1
        elif found.finished and configurations.complete:
            for run in _starts_under_crashes(machines):
                rows = positions(formula, run, -1, machines).rows
                assert evaluate(formula, rows, len(run), ended=False).weak, said
            kept += 1
    assert kept > 30 and broken > 30
