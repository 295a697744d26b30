"""Which gathers are safe in any order, and with fewer answers than members.

The verdicts rest on the conditions of `tellverify.projection.loosened`, which are tested and not
proved; what they do not cover is left to a search, and never inherited from the full gather in
index order.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from tellverify.model.graph import ProtocolGraph, choice_fault, needed_responses
from tellverify.projection.availability import AvailabilityBudget, OutOfBudget
from tellverify.projection.loosened import (
    Gather,
    LooseEvent,
    Loosened,
    LooseViews,
    gathers_of,
    is_available,
    loosen,
    may_owe_ever_more,
)


class GatherOrder(StrEnum):
    """In which order a receiver may take the answers of a gather, and how that is known."""

    ANY_BY_MOVES = "any order"  # at each answer nothing else is awaited
    ANY_BY_CONDITIONS = "any order, by the conditions on the loosened graph"
    INDEX = "in index order"


class GatherVerdict(msgspec.Struct, frozen=True):
    """A gather, the order that is safe, and whether going on after `needed` answers is.

    `partial` is None for a gather of all answers, and where the conditions do not decide it; then a
    search has to. `refuted` says that more answers are needed than there are members. Late answers
    of the senders in `unbounded` may grow without limit: a loop continues without them.
    """

    gather: Gather
    order: GatherOrder
    partial: bool | None = None
    refuted: bool = False
    unbounded: tuple[int, ...] = ()


class GatherVerdicts(msgspec.Struct, frozen=True):
    """The verdicts of all gathers of a graph, by their first state.

    `coherent` tells whether the conditions hold on the loosened graph, None when that is not known;
    `stuck` are the roles that may wait forever in it. `uncovered` are transitions of statements
    with `min_responses` that are no gather: nothing is known of them. `in_index_order` are those of
    other statements with several senders that are none.
    """

    verdicts: tuple[GatherVerdict, ...]
    coherent: bool | None
    stuck: tuple[int, ...] = ()
    uncovered: tuple[int, ...] = ()
    in_index_order: tuple[int, ...] = ()


def decide_gathers(graph: ProtocolGraph, steps: int = 2_000_000) -> GatherVerdicts:
    """Decide all gathers of a graph of the class. Raises ValueError for others."""
    fault = choice_fault(graph)
    if fault is not None:
        raise ValueError(f"state {fault.state}: {fault.reason}")
    gathers = gathers_of(graph)
    scattered = _scattered(graph, gathers)
    uncovered = tuple(e for e in scattered if needed_responses(graph.site_of(e)) is not None)
    budget = AvailabilityBudget(steps)
    coherent: bool | None = None
    stuck: tuple[int, ...] = ()
    single: set[int] = set()
    owed: dict[int, tuple[int, ...]] = {}
    try:
        single = _single_moves(graph, gathers, budget)
        loosened = loosen(graph)
        if loosened is not None:
            views = [LooseViews(loosened, role, budget) for role in range(loosened.roles)]
            coherent = all(_is_coherent(each) for each in views)
            stuck = tuple(each.role for each in views if _may_wait(each))
            owed = _owed(loosened, budget)
    except OutOfBudget:
        coherent = None
    verdicts = tuple(
        _verdict(gather, _members(graph, gather), gather.start in single, coherent, uncovered)
        for gather in gathers
    )
    verdicts = tuple(
        msgspec.structs.replace(one, unbounded=owed.get(one.gather.start, ())) for one in verdicts
    )
    in_index_order = tuple(e for e in scattered if e not in set(uncovered))
    return GatherVerdicts(verdicts, coherent, stuck, uncovered, in_index_order)


def safe_orders(graph: ProtocolGraph, steps: int) -> dict[int, GatherOrder]:
    """By the first state of each gather of all answers in which order these may be taken.

    The conditions on all orders are asked only where a receiver awaits more than one message.
    Raises ValueError as `decide_gathers`.
    """
    gathers = [g for g in gathers_of(graph) if g.needed >= len(g.senders)]
    try:
        single = _single_moves(graph, tuple(gathers), AvailabilityBudget(steps))
    except OutOfBudget:
        return {gather.start: GatherOrder.INDEX for gather in gathers}
    if len(single) == len(gathers):
        return dict.fromkeys(single, GatherOrder.ANY_BY_MOVES)
    return {one.gather.start: one.order for one in decide_gathers(graph, steps).verdicts}


def _owed(loosened: Loosened, budget: AvailabilityBudget) -> dict[int, tuple[int, ...]]:
    """By the first state of a gather the senders whose late answers may grow without limit."""
    return {
        gather.start: tuple(
            sender
            for sender in gather.senders
            if may_owe_ever_more(loosened, number, sender, budget)
        )
        for number, gather in enumerate(loosened.gathers)
        if gather.needed < len(gather.senders)
    }


def _members(graph: ProtocolGraph, gather: Gather) -> int:
    """How many senders the statement of a gather has."""
    site = graph.site[gather.transitions[0]]
    return len({graph.sender[e] for e, other in enumerate(graph.site) if other == site})


def _scattered(graph: ProtocolGraph, gathers: tuple[Gather, ...]) -> list[int]:
    """Transitions of statements with several senders, or `min_responses`, that are no gather.

    A statement is one when each copy of it has all of its senders, and there is one receiver.
    """
    senders: dict[int, set[int]] = {}
    receivers: dict[int, set[int]] = {}
    for e, site in enumerate(graph.site):
        senders.setdefault(site, set()).add(graph.sender[e])
        receivers.setdefault(site, set()).add(graph.receiver[e])
    whole = {
        e
        for gather in gathers
        for e in gather.transitions
        if set(gather.senders) == senders[graph.site[e]] and len(receivers[graph.site[e]]) == 1
    }
    return [
        e
        for e, site in enumerate(graph.site)
        if e not in whole
        and (len(senders[site]) > 1 or needed_responses(graph.site_of(e)) is not None)
    ]


def _verdict(
    gather: Gather, members: int, single: bool, coherent: bool | None, uncovered: tuple[int, ...]
) -> GatherVerdict:
    order = GatherOrder.INDEX
    if single and gather.needed >= len(gather.senders):
        order = GatherOrder.ANY_BY_MOVES
    elif coherent and not uncovered:
        order = GatherOrder.ANY_BY_CONDITIONS
    if gather.needed > members:
        return GatherVerdict(gather, order, refuted=True)
    is_partial = gather.needed < len(gather.senders)
    known = True if is_partial and coherent and not uncovered else None
    return GatherVerdict(gather, order, known)


def _single_moves(
    graph: ProtocolGraph, gathers: tuple[Gather, ...], budget: AvailabilityBudget
) -> set[int]:
    """First states of gathers in which the receiver awaits one message at a time."""
    plain = Loosened(_rows(graph), _finals(graph), (), len(graph.roles))
    receivers = {each.receiver for each in gathers}
    views = {role: LooseViews(plain, role, budget) for role in receivers}
    awaited: dict[tuple[int, int], int] = {}  # most moves at a state, by receiver
    for role, view in views.items():
        for subset, moves in zip(view.subsets, view.moves, strict=True):
            for state in subset:
                awaited[role, state] = max(awaited.get((role, state), 0), len(moves))
    return {
        gather.start
        for gather in gathers
        if all(
            awaited.get((gather.receiver, state), 0) <= 1
            for state in (gather.start, *(graph.target[e] for e in gather.transitions[:-1]))
        )
    }


def _is_coherent(views: LooseViews) -> bool:
    """Do the conditions hold for the role? Raises OutOfBudget."""
    for subset, moves in zip(views.subsets, views.moves, strict=True):
        sends = [action for action in moves if action[0]]
        if sends and len(sends) < len(moves):
            return False
        if any(not _always_follows(views, subset, send) for send in sends):
            return False
        if not sends and not _is_race_free(views, subset):
            return False
    return True


def _always_follows(views: LooseViews, subset: frozenset[int], send: tuple[bool, int, int]) -> bool:
    """From every state of a subset, events without the role lead to its send."""
    rows, role = views.loosened.rows, views.role
    sources = {s for s in subset if any(event.action(role) == send for event in rows[s])}
    return all(s in sources or views.closure([s]) & sources for s in subset)


def _is_race_free(views: LooseViews, subset: frozenset[int]) -> bool:
    loosened, role = views.loosened, views.role
    own = [
        (state, event)
        for state in sorted(subset)
        for event in loosened.rows[state]
        if event.action(role) is not None
    ]
    awaited = sorted({(event.sender, event.label) for _, event in own})
    for state, event in own:
        offered = {(e.sender, e.label) for e in loosened.rows[state] if e.action(role) is not None}
        for message in awaited:
            if message[0] == event.sender or message in offered:
                continue
            if is_available(loosened, event.target, role, message, views.budget):
                return False
    return True


def _may_wait(views: LooseViews) -> bool:
    """True when the role may wait forever: it only receives, and nothing more may come."""
    rows, role = views.loosened.rows, views.role
    for subset, moves in zip(views.subsets, views.moves, strict=True):
        if not moves or any(send for send, _, _ in moves):
            continue
        own = {s for s in subset if any(event.action(role) is not None for event in rows[s])}
        if any(s not in own and not views.closure([s]) & own for s in subset):
            return True
    return False


def _rows(graph: ProtocolGraph) -> tuple[tuple[LooseEvent, ...], ...]:
    first = graph.first
    return tuple(
        tuple(
            LooseEvent(graph.sender[e], graph.receiver[e], graph.label[e], graph.target[e])
            for e in range(first[state], first[state + 1])
        )
        for state in range(graph.state_count)
    )


def _finals(graph: ProtocolGraph) -> frozenset[int]:
    return frozenset(state for state in range(graph.state_count) if graph.final[state])


class LateRun(msgspec.Struct, frozen=True):
    """A run after which answers of a gather are late: transitions, the late ones at the end."""

    gather: Gather
    transitions: tuple[int, ...]
    late: tuple[int, ...]


def late_runs(graph: ProtocolGraph) -> tuple[LateRun, ...]:
    """For each gather that needs fewer answers than it has members a shortest run to a late one."""
    before: dict[int, int] = {}
    order = [0]
    source: dict[int, int] = {}
    for state in order:
        for e in range(graph.first[state], graph.first[state + 1]):
            source[e] = state
            if graph.target[e] != 0 and graph.target[e] not in before:
                before[graph.target[e]] = e
                order.append(graph.target[e])
    found = []
    for gather in gathers_of(graph):
        if gather.needed >= len(gather.senders):
            continue
        run: list[int] = []
        at = gather.start
        while at in before:
            run.append(before[at])
            at = source[before[at]]
        late = gather.transitions[gather.needed :]
        found.append(LateRun(gather, (*reversed(run), *gather.transitions), late))
    return tuple(found)
