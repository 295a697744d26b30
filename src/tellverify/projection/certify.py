"""Certificates of a graph: local machines, and what lets coherence be checked locally.

Design: the sets behind local states witness simultaneous reachability, an order of their parts
witnesses that silent events lead to a send, closed sets of points witness that a message is not
available (Li, Stutz, Wies, Zufferey, OOPSLA 2025, arXiv 2411.05722, Definitions 4.1 to 4.3).

Nothing is decided here: for a graph that is not implementable the result is a certificate that
does not hold, and a checker finds that out.
"""

from __future__ import annotations

from tellverify.evidence.certificate import Closed, InstancePart, LocalState, RolePart
from tellverify.evidence.neutral import neutral
from tellverify.model.components import strongly_connected
from tellverify.model.graph import ProtocolGraph
from tellverify.projection.availability import AvailabilityBudget
from tellverify.projection.exact import SubsetConstruction
from tellverify.projection.silent_descent import descending, ranges_of
from tellverify.projection.unavailability import closed_points


def certify(graph: ProtocolGraph, instance: str, steps: int) -> InstancePart:
    """A certificate of `graph`, which holds when `check_graph` finds it implementable.

    Cost grows with roles times events. Raises OutOfBudget after `steps`.
    """
    budget = AvailabilityBudget(steps)
    shown = in_depth_first_order(graph)
    parts = []
    never_stuck = []
    for role, name in enumerate(shown.roles):
        views = SubsetConstruction(shown, role, budget)
        states = []
        free = True
        for number in range(len(views.subsets)):
            state, descends = _local_state(views, number)
            states.append(state)
            free = free and descends
        parts.append(RolePart(name, states, _closed(views, budget)))
        if free:
            never_stuck.append(name)
    return InstancePart(instance, neutral(shown), tuple(never_stuck), parts)


def in_depth_first_order(graph: ProtocolGraph) -> ProtocolGraph:
    """`graph` with its states numbered along depth-first paths, those that leave a loop first.

    What a role cannot tell apart then mostly has consecutive numbers.
    """
    first, target = graph.first, graph.target
    component = [0] * graph.state_count
    for number, members in enumerate(strongly_connected(first, target, [0])):
        for state in members:
            component[state] = number
    number_of: dict[int, int] = {}
    order: list[int] = []
    pending = [0]
    while pending:
        state = pending.pop()
        if state in number_of:
            continue
        number_of[state] = len(order)
        order.append(state)
        below = [target[e] for e in range(first[state + 1] - 1, first[state] - 1, -1)]
        home = component[state]
        pending.extend(t for t in below if component[t] == home)
        pending.extend(t for t in below if component[t] != home)
    edges = [e for state in order for e in range(first[state], first[state + 1])]
    starts = [0]
    for state in order:
        starts.append(starts[-1] + first[state + 1] - first[state])
    return ProtocolGraph(
        name=graph.name,
        roles=graph.roles,
        labels=graph.labels,
        first=starts,
        sender=[graph.sender[e] for e in edges],
        receiver=[graph.receiver[e] for e in edges],
        label=[graph.label[e] for e in edges],
        target=[number_of[target[e]] for e in edges],
        site=[graph.site[e] for e in edges],
        final=bytearray(graph.final[state] for state in order),
        sites=graph.sites,
    )


def _local_state(views: SubsetConstruction, number: int) -> tuple[LocalState, bool]:
    """A local state, and whether an own event is always in reach by silent events."""
    graph, role = views.graph, views.role
    members = sorted(views.subsets[number])
    rows = views.moves[number].items()
    if not rows:
        return LocalState(ranges_of(members)), True
    moves = [(int(send), peer, label, to) for (send, peer, label), (to, _) in rows]
    sources = {
        state
        for state in members
        for e in range(graph.first[state], graph.first[state + 1])
        if role in (graph.sender[e], graph.receiver[e])
    }
    found = descending(graph, role, members, sources)
    return LocalState(found or ranges_of(members), moves), found is not None


def _closed(views: SubsetConstruction, budget: AvailabilityBudget) -> list[Closed]:
    """Closed sets for every local state that receives from several senders, each only once."""
    found: list[Closed] = []
    for moves in views.moves:
        awaited = {(peer, label) for send, peer, label in moves if not send}
        if len({peer for peer, _ in awaited}) < 2:
            continue
        starts = {
            (views.graph.target[e], peer)
            for (send, peer, _), (_, edges) in moves.items()
            if not send
            for e in edges
        }
        for closed in closed_points(views.graph, views.role, awaited, starts, budget):
            if closed not in found:
                found.append(closed)
    return found
