"""Worst cases with timers against all runs of the reference meaning, with plain attempt numbers.

The brute force adds up the costs of runs event by event and shares no code with the search. Set
`TELLVERIFY_TIMED_COST_CASES=1000` to compare as many.
"""

from __future__ import annotations

import os
from random import Random

import msgspec
import pytest
from timed_random import SHAPES, RandomTexts
from timed_texts import protocol_of, written_of

from tellverify.annotations.longest_paths import UNBOUNDED, worst_totals
from tellverify.annotations.rules import default_rules
from tellverify.model.site import Site
from tellverify.model.timed_semantics import TimedSemantics
from tellverify.model.timed_state import TimedState
from tellverify.model.timed_text import MessageNode, TimedProtocol
from tellverify.obligations.options import Options
from tellverify.obligations.timed_worst_cases import TimedMetered

CASES = int(os.environ.get("TELLVERIFY_TIMED_COST_CASES", "40"))
CHUNK = 20
DEPTH = 8
MOST = 1_500
_FINITE = ("plain", "nested", "continued", "several")


def priced(rng: Random, protocol: TimedProtocol) -> TimedProtocol:
    """The protocol with a statement of its own, and a cost, for each message."""
    sites = []
    nodes = []
    for node in protocol.nodes:
        if isinstance(node, MessageNode):
            cost = rng.choice((0, 0, 1, 2, 5, 9))
            node = msgspec.structs.replace(node, site=len(sites))
            sites.append(Site(line=len(sites) + 1, annotations=(("flow_cost", str(cost)),)))
        nodes.append(node)
    return msgspec.structs.replace(protocol, nodes=tuple(nodes), sites=tuple(sites))


def costs_of(protocol: TimedProtocol) -> dict[tuple[str, str, str], int]:
    costs: dict[tuple[str, str, str], int] = {}
    for node in protocol.nodes:
        if isinstance(node, MessageNode):
            key = (node.sender, node.receiver, node.label)
            cost = int(dict(protocol.site(node.site).annotations)["flow_cost"])
            costs[key] = max(cost, costs.get(key, 0))
    return costs


def plainly(protocol: TimedProtocol, role: str, depth: int) -> list[int] | None:
    """The most that `role` is charged in runs of each number of events; None if there are many."""
    semantics, costs = TimedSemantics(protocol), costs_of(protocol)
    layer: dict[TimedState, int] = {semantics.initial(): 0}
    found = []
    while layer and len(found) <= depth:
        found.append(max(layer.values()))
        if len(layer) > MOST:
            return None
        following: dict[TimedState, int] = {}
        for state, total in layer.items():
            for move in semantics.moves(state):
                event = move.event
                more = 0
                if event.kind == "send" and event.role == role:
                    more = costs[event.role, event.peer, event.label]
                assert move.target is not None
                following[move.target] = max(following.get(move.target, 0), total + more)
        layer = following
    return found


def by_layers(metered: TimedMetered, role: str, depth: int) -> list[int]:
    """The same in the graph of configurations."""
    graph, number = metered.graph, metered.graph.roles.index(role)
    layer, found = {0: 0}, []
    while layer and len(found) <= depth:
        found.append(max(layer.values()))
        following: dict[int, int] = {}
        for state, total in layer.items():
            for edge in range(graph.first[state], graph.first[state + 1]):
                is_own = graph.sender[edge] == number
                more = metered.metadata[graph.site[edge]].cost if is_own else 0
                after = graph.target[edge]
                following[after] = max(following.get(after, 0), total + more)
        layer = following
    return found


@pytest.mark.parametrize("first", range(0, CASES, CHUNK))
def test_worst_cases_agree_with_all_runs(first: int) -> None:
    compared = costly = 0
    for seed in range(first, first + CHUNK):
        rng = Random(f"costs-{seed}")
        shape = SHAPES[seed % len(SHAPES)]
        written = written_of(RandomTexts(rng).text(shape))
        protocol = priced(rng, protocol_of(written))
        metered = TimedMetered(None, protocol, default_rules(), Options())  # type: ignore[arg-type]
        if not metered.answer.found.complete:
            continue
        weights = {
            edge: ((number, -1), cost)
            for number in range(len(protocol.roles))
            for edge in metered.by_sender.get(number, ())
            if (cost := metered.metadata[metered.graph.site[edge]].cost)
        }
        totals = worst_totals(metered.shape, weights)
        for number, role in enumerate(protocol.roles):
            plain = plainly(protocol, role, 60 if shape in _FINITE else DEPTH)
            if plain is None:
                continue
            layers = by_layers(metered, role, len(plain) - 1)
            assert layers == plain, f"{seed}: {written}, {role}"
            total = totals.get((number, -1), 0)
            if shape in _FINITE:
                assert total == max(plain), f"{seed}: {written}, {role}"
            else:
                assert total == UNBOUNDED or total >= max(plain), f"{seed}: {written}, {role}"
            compared += 1
            costly += total != 0
    assert compared >= CHUNK // 2 and costly >= 3
