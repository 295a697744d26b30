"""Patterns decided on the protocol graph alone, against the search through configurations."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from formulas import random_event
from graphs import random_graph
from local_machines import canonical_machine

from tellverify.model.formula import CountAtom, Formula, FormulaBuilder, text
from tellverify.model.graph import ProtocolGraph, leaves_class
from tellverify.projection.implementability import check_graph
from tellverify.properties.causal_order import decide_on_graph
from tellverify.properties.configurations import all_configurations
from tellverify.properties.product import decide
from tellverify.search.traces import step_of

PATTERNS = 9


def _pattern(rng: random.Random, graph: ProtocolGraph) -> Formula:
    make = FormulaBuilder()
    first, second = random_event(rng, graph), random_event(rng, graph)
    x, y = make.atom(first), make.atom(second)
    no_x = make.negation(x)
    match rng.randrange(PATTERNS):
        case 0:
            root = make.always(no_x)
        case 1:
            never = make.next(make.always(no_x), weak=True)
            root = make.always(make.either(make.negation(y), never))
        case 2:
            root = make.always(make.either(no_x, make.next(make.eventually(y))))
        case 3:
            root = make.weak_until(no_x, make.both(y, no_x))
        case 4:
            root = make.eventually(x)
        case 5:
            bound = CountAtom(((-1, make.atom_number(first)),), rng.randint(1, 2))
            root = make.always(make.atom(bound))
        case 6:
            numbers = dict.fromkeys((make.atom_number(first), make.atom_number(second)))
            terms = tuple(zip((-1, 1), numbers, strict=False))
            root = make.always(make.atom(CountAtom(terms, rng.randint(0, 1))))
        case 7:
            root = make.until(no_x, y)
        case _:
            some = make.either(make.eventually(x), make.eventually(y))
            whole = make.both(make.eventually(x), make.eventually(y))
            root = make.both(some, make.negation(whole))
    return make.formula(root)


@pytest.mark.parametrize("start", range(0, 3_000, 1_000))
def test_the_graph_decides_as_all_configurations_do(start: int) -> None:
    compared: Counter[str] = Counter()
    for seed in range(start, start + 1_000):
        graph = random_graph(seed, max_roles=4, max_states=8)
        if leaves_class(graph) or not check_graph(graph, 100_000).implementable:
            continue
        rng = random.Random(seed)
        machines = [canonical_machine(graph, role) for role in graph.roles]
        configurations = all_configurations(machines, 4, 3_000)
        steps = [step_of(machines[r], s, place, graph) for r, s, place in configurations.events]
        for _ in range(4):
            formula = _pattern(rng, graph)
            answer = decide_on_graph(formula, graph, 20_000)
            if answer is None:
                compared["not fixed"] += 1
                continue
            found = decide(formula, configurations, steps, 20_000)
            said = f"seed {seed}: {text(formula)}"
            if found.broken is not None:
                assert answer.broken is not None, said
                compared["broken"] += 1
            elif found.finished and configurations.complete and not found.cut:
                assert answer.broken is None, said
                compared["holds"] += 1
    assert min(compared[kind] for kind in ("not fixed", "broken", "holds")) > 100, compared
