"""Random formulas over the events of a graph, equal for equal seeds."""

from __future__ import annotations

import random

from tellverify.model.formula import (
    CountAtom,
    EventAtom,
    FinishedAtom,
    Formula,
    FormulaBuilder,
    OfferAtom,
)
from tellverify.model.graph import ProtocolGraph

_UNARY = ("not", "next", "weak-next", "eventually", "always")
_BINARY = ("and", "or", "until", "release", "weak-until")


def random_formula(rng: random.Random, graph: ProtocolGraph, depth: int) -> Formula:
    """A formula with operators nested up to `depth`."""
    builder = FormulaBuilder()
    return builder.formula(_node(rng, graph, builder, depth))


def random_event(rng: random.Random, graph: ProtocolGraph) -> EventAtom:
    """An atom on events, often one that some message of the graph matches."""
    sender, receiver, label = graph.event(rng.randrange(graph.event_count))
    if rng.random() < 0.3:
        sender = rng.choice((*graph.roles, "*"))
    if rng.random() < 0.3:
        receiver = rng.choice((*graph.roles, "*"))
    if rng.random() < 0.3:
        label = rng.choice((*graph.labels, "*"))
    return EventAtom("send" if rng.random() < 0.6 else "receive", sender, receiver, label)


def _node(rng: random.Random, graph: ProtocolGraph, make: FormulaBuilder, depth: int) -> int:
    if depth == 0 or rng.random() < 0.15:
        return _atom(rng, graph, make)
    operator = rng.choice((*_UNARY, *_BINARY, "not", "always", "eventually"))
    first = _node(rng, graph, make, depth - 1)
    match operator:
        case "not":
            return make.negation(first)
        case "next" | "weak-next":
            return make.next(first, weak=operator == "weak-next")
        case "eventually":
            return make.eventually(first)
        case "always":
            return make.always(first)
    second = _node(rng, graph, make, depth - 1)
    match operator:
        case "and":
            return make.both(first, second)
        case "or":
            return make.either(first, second)
        case "until":
            return make.until(first, second)
        case "release":
            return make.release(first, second)
        case _:
            return make.weak_until(first, second)


def _atom(rng: random.Random, graph: ProtocolGraph, make: FormulaBuilder) -> int:
    kind = rng.random()
    if kind < 0.72:
        return make.atom(random_event(rng, graph))
    if kind < 0.8:
        return make.atom(FinishedAtom(rng.choice(graph.roles)))
    if kind < 0.86:
        return make.atom(OfferAtom(rng.choice(graph.roles), rng.choice(graph.labels)))
    if kind < 0.97:
        terms = [(rng.choice((1, -1)), make.atom_number(random_event(rng, graph)))]
        if rng.random() < 0.4:
            other = make.atom_number(random_event(rng, graph))
            if other != terms[0][1]:
                terms.append((rng.choice((1, -1)), other))
        return make.atom(CountAtom(tuple(terms), rng.randint(-1, 2)))
    return make.constant(rng.random() < 0.5)
