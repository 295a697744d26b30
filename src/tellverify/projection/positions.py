"""Local positions of all roles at once, in one depth-first pass over the protocol graph.

For a role, a *position* is a set of graph states that it cannot tell apart because only foreign
events lie between them. In a spanning tree of the graph the positions of a role are the pieces
that remain when its own edges are cut, and a new piece begins exactly below each own edge. The
pass therefore costs two new positions per event, however many roles there are.

Edges that are not in the tree (joins and loops) are *chords*. A chord is silent for all roles but
two, so for every other role the pieces at its ends are one. Only roles that act on a closed walk
through the chord have different pieces there, and walks are kept short by earlier chords: nested
loops, loops in a row and early exits into one tail all cost time linear in the graph.
"""

from __future__ import annotations

from collections import Counter

import msgspec

from tellverify.model.components import endless_components
from tellverify.model.graph import ProtocolGraph, acting_roles


class RolePositions(msgspec.Struct):
    """The pieces of every role; piece `r` below `len(roles)` is where role r starts.

    For transition e, `sender_at[e]` and `sender_to[e]` are the pieces of the sender before and
    after it, `receiver_at` and `receiver_to` those of the receiver. `parent_edge[s]` is the tree
    edge into state s, `depth[s]` its depth (both only where the graph has chords); `order` lists
    the transitions in depth-first order, `chords` those outside the tree. `idle[piece]` counts
    places in the piece from which its role never acts again; zero means there is none.
    """

    count: int
    sender_at: list[int]
    sender_to: list[int]
    receiver_at: list[int]
    receiver_to: list[int]
    order: list[int]
    chords: list[int]
    parent_edge: list[int]
    depth: list[int]
    idle: list[int]


def sources(graph: ProtocolGraph) -> list[int]:
    """The source state of every transition."""
    first = graph.first
    return [s for s in range(len(first) - 1) for _ in range(first[s], first[s + 1])]


def positions(graph: ProtocolGraph) -> RolePositions:
    """The positions of all roles of `graph`, whose states must all be reachable.

    Time and memory are linear in transitions and roles, and in the size of endless loops.
    """
    shared = _shared_states(graph)
    endless = _endless_components(graph) if shared else []
    wanted = _wanted(graph, shared, endless)
    found, piece_at = _spanning_pass(graph, shared, wanted)
    for e in found.chords:
        place = graph.target[e]
        found.sender_to[e] = piece_at[place, graph.sender[e]]
        found.receiver_to[e] = piece_at[place, graph.receiver[e]]
    _count_idle(graph, found, endless, piece_at)
    return found


def _shared_states(graph: ProtocolGraph) -> set[int]:
    """States that are entered more than once; final states are copied instead of shared."""
    final, first = graph.final, graph.first
    entered = Counter(graph.target)
    entered[0] += 1
    return {s for s, n in entered.items() if n > 1 and not final[s] and first[s] != first[s + 1]}


def _wanted(
    graph: ProtocolGraph, shared: set[int], endless: list[tuple[int, list[int]]]
) -> dict[int, set[int]]:
    """For each state at which pieces are asked for: the roles they are asked for."""
    wanted: dict[int, set[int]] = {s: set() for s in shared}
    if shared:
        sender, receiver = graph.sender, graph.receiver
        for e, s in enumerate(graph.target):
            if s in shared:
                wanted[s].add(sender[e])
                wanted[s].add(receiver[e])
    for place, roles in endless:
        wanted.setdefault(place, set()).update(roles)
    return wanted


def _spanning_pass(
    graph: ProtocolGraph, shared: set[int], wanted: dict[int, set[int]]
) -> tuple[RolePositions, dict[tuple[int, int], int]]:
    """The depth-first pass; also the piece of each wanted role at each wanted state."""
    first, target = graph.first, graph.target
    sender, receiver = graph.sender, graph.receiver
    events, states = graph.event_count, graph.state_count
    sender_at, sender_to = [0] * events, [0] * events
    receiver_at, receiver_to = [0] * events, [0] * events
    parent_edge = [-1] * states if shared else []
    depth = [0] * states if shared else []
    seen = bytearray(states)
    seen[0] = 1
    here = list(range(len(graph.roles)))
    count = len(here)
    piece_at = {(0, role): role for role in wanted.get(0, ())}
    order: list[int] = []
    chords: list[int] = []
    undo: list[int] = []
    pending: list[tuple[int, int, int]] = []
    state = 0
    e = first[0]
    running = first[1] > e
    while running:
        if first[state + 1] - e > 1:
            pending.append((state, e + 1, len(undo)))
        p, q = sender[e], receiver[e]
        sender_at[e] = at_p = here[p]
        receiver_at[e] = at_q = here[q]
        order.append(e)
        below = target[e]
        known = seen[below]
        if known:
            chords.append(e)
        else:
            sender_to[e] = count
            receiver_to[e] = count + 1
            count += 2
        if not known and first[below] != first[below + 1]:
            if pending:
                undo += (p, at_p, q, at_q)
            here[p] = count - 2
            here[q] = count - 1
            seen[below] = 1
            if shared:
                parent_edge[below] = e
                depth[below] = depth[state] + 1
                for role in wanted.get(below, ()):
                    piece_at[below, role] = here[role]
            state = below
            e = first[state]
        elif pending:
            state, e, length = pending.pop()
            while len(undo) > length:
                piece = undo.pop()
                here[undo.pop()] = piece
        else:
            running = False
    return (
        RolePositions(
            count, sender_at, sender_to, receiver_at, receiver_to,
            order, chords, parent_edge, depth, [],
        ),
        piece_at,
    )  # fmt: skip


def _endless_components(graph: ProtocolGraph) -> list[tuple[int, list[int]]]:
    """One state and all acting roles of every loop that nothing leaves."""
    return [
        (component[0], sorted(acting_roles(graph, component)))
        for component in endless_components(graph.first, graph.target)
    ]


def _count_idle(
    graph: ProtocolGraph,
    found: RolePositions,
    endless: list[tuple[int, list[int]]],
    piece_at: dict[tuple[int, int], int],
) -> None:
    """Fill `found.idle`: ends below a piece that lie below none of its role's next events.

    The number of ends below a tree edge counts for the pieces that begin there and against the
    pieces that end there; what remains is the ends that lie in the piece itself.
    """
    first, target, final = graph.first, graph.target, graph.final
    is_chord = bytearray(graph.event_count)
    for e in found.chords:
        is_chord[e] = 1
    ends_below = [0] * graph.state_count
    for place, _ in endless:
        ends_below[place] += 1
    idle = [0] * found.count
    source = sources(graph)
    sender_at, sender_to = found.sender_at, found.sender_to
    receiver_at, receiver_to = found.receiver_at, found.receiver_to
    for e in reversed(found.order):
        if is_chord[e]:
            continue
        below = target[e]
        ends = 1 if final[below] or first[below] == first[below + 1] else ends_below[below]
        if ends:
            ends_below[source[e]] += ends
            idle[sender_to[e]] += ends
            idle[receiver_to[e]] += ends
            idle[sender_at[e]] -= ends
            idle[receiver_at[e]] -= ends
    everywhere = ends_below[0] if first[0] != first[1] else 1
    for role in range(len(graph.roles)):
        idle[role] += everywhere
    for place, roles in endless:
        for role in roles:
            idle[piece_at[place, role]] -= 1
    found.idle = idle
