"""The machines of sessions that run together: one for each role of each session, and its gates.

Agents of several sessions have one machine for each, which its gates keep in order: a machine
begins when those of the same agent before it are over, and these make no move any more once it has
begun. So channels belong to sessions, as they do at run time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import NamedTuple

import msgspec

from tellverify.model.components import reaching
from tellverify.model.graph import ProtocolGraph
from tellverify.model.site import Site
from tellverify.projection.availability import AvailabilityBudget
from tellverify.projection.exact import SubsetConstruction
from tellverify.workflows.order_graph import BundleUse
from tellverify.workflows.orders import OrderEdge
from tellverify.workflows.outcomes import PhaseGraph
from tellverify.workflows.sessions import PhaseSession


class MoveKind(IntEnum):
    """What a move does: it sends, receives, asks for a bundle, or is granted one."""

    SEND = 0
    RECEIVE = 1
    ASK = 2
    GRANT = 3


class ComposedMove(NamedTuple):
    """A move of a machine; `peer` numbers the other machine, or the bundle that is asked for."""

    kind: MoveKind
    peer: int
    label: str
    target: int
    site: Site


class RoleMachine(msgspec.Struct, frozen=True):
    """What an agent does in one session; state 0 is the initial one and is never entered again.

    `goes_on[s]` and `stops[s]` say of a state that the role may stop there, and which ends of the
    protocol that may be. `can_go[s]` says that an end of the first kind can still be reached.
    `held[s]` are the bundles that the agent holds in a state.
    """

    session: int
    role: str
    agent: str
    moves: tuple[tuple[ComposedMove, ...], ...]
    goes_on: tuple[bool, ...]
    stops: tuple[bool, ...]
    can_go: tuple[bool, ...]
    held: tuple[frozenset[int], ...]

    def is_final(self, state: int) -> bool:
        """Whether the role may stop in a state."""
        return self.goes_on[state] or self.stops[state]


class ComposedSystem(msgspec.Struct, frozen=True):
    """Sessions that run together.

    By machine: `before` has the machines of the same agent that come before it, `after` those
    behind it, at any distance; `phases_before` those of `before` in the same workflow. By session,
    `earlier` has the sessions of the same workflow before it of which some end ends the workflow,
    `endless` says that it may continue forever.
    """

    sessions: tuple[PhaseSession, ...]
    machines: tuple[RoleMachine, ...]
    before: tuple[tuple[int, ...], ...]
    after: tuple[tuple[int, ...], ...]
    phases_before: tuple[tuple[int, ...], ...]
    machines_of: tuple[tuple[int, ...], ...]
    earlier: tuple[tuple[int, ...], ...]
    endless: tuple[bool, ...]
    bundles: tuple[str, ...] = ()


def composed_system(
    sessions: Sequence[PhaseSession],
    graphs: Sequence[PhaseGraph],
    edges: Sequence[OrderEdge],
    uses: Sequence[BundleUse],
    steps: int,
) -> ComposedSystem:
    """The system of `sessions`, with the edges and bundles among them. Raises OutOfBudget."""
    budget = AvailabilityBudget(steps)
    local = {session.number: index for index, session in enumerate(sessions)}
    own_uses = [use for use in uses if use.session in local]
    bundles = tuple(dict.fromkeys(b for use in own_uses for b in use.bundles))
    wanted = {(use.session, use.agent): use.bundles for use in own_uses}
    number: dict[tuple[int, str], int] = {}
    for session in sessions:
        for role, _ in session.agents:
            number[session.number, role] = len(number)
    machines: list[RoleMachine] = []
    for session, phase in zip(sessions, graphs, strict=True):
        peers = {role: number[session.number, role] for role, _ in session.agents}
        for role, agent in session.agents:
            machine = _machine(local[session.number], role, agent, phase, peers, budget)
            asked = wanted.get((session.number, agent), ())
            machines.append(_asking(machine, [bundles.index(one) for one in asked]))
    before = _closed(sessions, machines, local, edges)
    return ComposedSystem(
        tuple(sessions),
        tuple(machines),
        before,
        _inverted(before),
        tuple(
            tuple(
                p
                for p in own
                if sessions[machines[p].session].precedes(sessions[machines[m].session])
            )
            for m, own in enumerate(before)
        ),
        tuple(
            tuple(m for m, one in enumerate(machines) if one.session == index)
            for index in range(len(sessions))
        ),
        tuple(
            tuple(
                other
                for other, earlier in enumerate(sessions)
                if earlier.precedes(session) and graphs[other].has_stops
            )
            for session in sessions
        ),
        tuple(map(_is_endless, graphs)),
        bundles,
    )


def _is_endless(phase: PhaseGraph) -> bool:
    graph = phase.graph
    ends = [state for state in range(graph.state_count) if graph.final[state]]
    return not all(reaching(graph.first, graph.target, ends))


def _machine(
    session: int,
    role: str,
    agent: str,
    phase: PhaseGraph,
    peers: Mapping[str, int],
    budget: AvailabilityBudget,
) -> RoleMachine:
    graph = phase.graph
    if role not in graph.roles:  # it takes part in no message
        return RoleMachine(session, role, agent, ((),), (True,), (phase.has_stops,), (True,),
                           (frozenset(),))  # fmt: skip
    views = SubsetConstruction(graph, graph.roles.index(role), budget)
    rows = [_row(graph, moves, peers) for moves in views.moves]
    final, goes = graph.final, phase.goes_on
    goes_on = [any(goes[s] for s in members) for members in views.subsets]
    stops = [any(final[s] and not goes[s] for s in members) for members in views.subsets]
    if any(move.target == 0 for row in rows for move in row):  # the initial state is left for good
        copy = len(rows)
        rows = [
            tuple(move._replace(target=move.target or copy) for move in row)
            for row in [*rows, rows[0]]
        ]
        goes_on.append(goes_on[0])
        stops.append(stops[0])
    can_go = _can_reach(rows, goes_on)
    nothing: frozenset[int] = frozenset()
    return RoleMachine(
        session,
        role,
        agent,
        tuple(rows),
        tuple(goes_on),
        tuple(stops),
        tuple(can_go),
        (nothing,) * len(rows),
    )


def _row(
    graph: ProtocolGraph,
    moves: Mapping[tuple[bool, int, int], tuple[int, list[int]]],
    peers: Mapping[str, int],
) -> tuple[ComposedMove, ...]:
    return tuple(
        ComposedMove(
            MoveKind.SEND if sends else MoveKind.RECEIVE,
            peers[graph.roles[peer]],
            graph.labels[label],
            target,
            graph.site_of(edges[0]),
        )
        for (sends, peer, label), (target, edges) in moves.items()
    )


def _can_reach(rows: Sequence[Sequence[ComposedMove]], goals: Sequence[bool]) -> list[bool]:
    into: list[list[int]] = [[] for _ in rows]
    for state, row in enumerate(rows):
        for move in row:
            into[move.target].append(state)
    found = list(goals)
    work = [state for state, goal in enumerate(goals) if goal]
    while work:
        for state in into[work.pop()]:
            if not found[state]:
                found[state] = True
                work.append(state)
    return found


def _asking(machine: RoleMachine, bundles: Sequence[int]) -> RoleMachine:
    """`machine` behind the moves that ask for its bundles, one after the other."""
    if not bundles:
        return machine
    shift = 2 * len(bundles)
    rows: list[tuple[ComposedMove, ...]] = []
    for number, bundle in enumerate(bundles):
        rows.append((ComposedMove(MoveKind.ASK, bundle, "take", 2 * number + 1, Site()),))
        rows.append((ComposedMove(MoveKind.GRANT, bundle, "take", 2 * number + 2, Site()),))
    rows += [
        tuple(move._replace(target=move.target + shift) for move in row) for row in machine.moves
    ]
    held: list[frozenset[int]] = []
    for number in range(len(bundles)):
        held += [frozenset(bundles[:number])] * 2
    every = frozenset(bundles)
    for state, row in enumerate(machine.moves):
        held.append(every if row or not machine.is_final(state) else frozenset())
    no, reach = (False,) * shift, (machine.can_go[0],) * shift
    return RoleMachine(
        machine.session,
        machine.role,
        machine.agent,
        tuple(rows),
        (*no, *machine.goes_on),
        (*no, *machine.stops),
        (*reach, *machine.can_go),
        tuple(held),
    )


def _closed(
    sessions: Sequence[PhaseSession],
    machines: Sequence[RoleMachine],
    local: Mapping[int, int],
    edges: Sequence[OrderEdge],
) -> tuple[tuple[int, ...], ...]:
    """For each machine those of its agent that come before it, at any distance."""
    own: dict[tuple[int, str], int] = {
        (machine.session, machine.agent): number for number, machine in enumerate(machines)
    }
    direct: list[set[int]] = [set() for _ in machines]
    for edge in edges:
        if edge.before in local and edge.after in local:
            left = own.get((local[edge.before], edge.agent))
            right = own.get((local[edge.after], edge.agent))
            if left is not None and right is not None:
                direct[right].add(left)
    found: list[tuple[int, ...]] = []
    for number in range(len(machines)):
        seen: set[int] = set()
        work = list(direct[number])
        while work:
            one = work.pop()
            if one not in seen:
                seen.add(one)
                work.extend(direct[one])
        found.append(tuple(sorted(seen)))
    return tuple(found)


def _inverted(before: Sequence[Sequence[int]]) -> tuple[tuple[int, ...], ...]:
    found: list[list[int]] = [[] for _ in before]
    for number, own in enumerate(before):
        for one in own:
            found[one].append(number)
    return tuple(map(tuple, found))
