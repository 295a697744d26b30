"""Sessions that a join gives up: may every other role of them end by itself?

When a join has what it waits for, or its time is over, the agent that joins leaves the sessions
that are not complete, and their channels are gone with it: what is queued from it or for it is
dropped. The others run on as far as they can. Each of them has to be at an end then, or in a part
of the text in which it waits with a timer, of its own or of a role that tells it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

import msgspec

from tellverify.model.fault import Fault
from tellverify.model.machine import Action, Machine
from tellverify.model.roles import family_of
from tellverify.model.semantics import System
from tellverify.model.site import Site
from tellverify.model.step import Step
from tellverify.model.trace import Trace, Waiting
from tellverify.workflows.composed_machines import ComposedSystem, MoveKind
from tellverify.workflows.composed_search import MachineMove
from tellverify.workflows.sessions import PhaseSession
from tellverify.workflows.timers import TimedPart

_Queues: TypeAlias = tuple[tuple[tuple[int, int], tuple[str, ...]], ...]


class _Node(NamedTuple):
    """Where the machines of one session are; `gone` says that the joining one has left."""

    states: tuple[int, ...]
    queues: _Queues
    gone: bool


class AbandonedSearch(msgspec.Struct, frozen=True):
    """A trace for each role that may be left waiting; `is_complete` when all runs were searched."""

    traces: Mapping[str, Trace]
    is_complete: bool


def abandoned_roles(system: ComposedSystem, joining: str, limit: int) -> AbandonedSearch:
    """The roles of the one session of `system` that wait when the agent `joining` gives it up.

    Breadth first, at most `limit` configurations, and so by a shortest run each.
    """
    search = _Search(system, joining)
    start = _Node((0,) * len(system.machines), (), False)
    before: dict[_Node, tuple[_Node, MachineMove | None] | None] = {start: None}
    order = [start]
    found: dict[str, Trace] = {}
    for node in order:
        moves = search.moves(node)
        if node.gone and not moves:
            for number in search.waiting(node):
                role = system.machines[number].role
                if role not in found:
                    found[role] = search.trace(node, number, before)
        below: list[tuple[_Node, MachineMove | None]] = [
            (search.after(node, move), move) for move in moves
        ]
        if not node.gone:
            below.append((search.abandoned(node), None))
        for successor, move in below:
            if successor not in before:
                before[successor] = (node, move)
                order.append(successor)
        if len(order) > limit:
            return AbandonedSearch(found, False)
    return AbandonedSearch(found, True)


class _Search:
    def __init__(self, system: ComposedSystem, joining: str) -> None:
        self._system = system
        self._session: PhaseSession = system.sessions[0]
        self._leaver = next(n for n, m in enumerate(system.machines) if m.agent == joining)
        self._parts: Sequence[TimedPart] = self._session.head.parts

    def moves(self, node: _Node) -> list[MachineMove]:
        queues = dict(node.queues)
        found: list[MachineMove] = []
        for number, machine in enumerate(self._system.machines):
            if node.gone and number == self._leaver:
                continue
            for move in machine.moves[node.states[number]]:
                head = queues.get((move.peer, number), ())[:1]
                if move.kind is MoveKind.SEND or head == (move.label,):
                    found.append(MachineMove(number, move))
        return found

    def after(self, node: _Node, made: MachineMove) -> _Node:
        number, move = made
        states = (*node.states[:number], move.target, *node.states[number + 1 :])
        queues = dict(node.queues)
        if move.kind is MoveKind.SEND:
            if not (node.gone and move.peer == self._leaver):  # else it is dropped
                queues[number, move.peer] = (*queues.get((number, move.peer), ()), move.label)
        else:
            rest = queues.pop((move.peer, number))[1:]
            if rest:
                queues[move.peer, number] = rest
        return _Node(states, tuple(sorted(queues.items())), node.gone)

    def abandoned(self, node: _Node) -> _Node:
        """The same, when the agent that joins has left and its channels are gone."""
        kept = tuple(row for row in node.queues if self._leaver not in row[0])
        return _Node(node.states, kept, True)

    def waiting(self, node: _Node) -> list[int]:
        """The machines that wait, and have no timer where they do."""
        return [
            number
            for number, machine in enumerate(self._system.machines)
            if number != self._leaver
            and not machine.is_final(node.states[number])
            and not all(
                self._is_timed(machine.role, move.site)
                for move in machine.moves[node.states[number]]
            )
        ]

    def _is_timed(self, role: str, site: Site) -> bool:
        names = (role, family_of(role))
        return any(
            part.span.start <= site.span.start < part.span.end and set(names) & set(part.roles)
            for part in self._parts
        )

    def trace(
        self,
        node: _Node,
        number: int,
        before: Mapping[_Node, tuple[_Node, MachineMove | None] | None],
    ) -> Trace:
        """The run to `node`, replayed."""
        made: list[MachineMove | None] = []
        at = node
        while (step := before[at]) is not None:
            made.append(step[1])
            at = step[0]
        made.reverse()
        self._replay(made, node)
        system, session = self._system, self._session
        steps = tuple(self._step(move) for move in made if move is not None)
        me = system.machines[number]
        awaits = tuple(
            (system.machines[move.peer].agent, f"{session.title}.{move.label}")
            for move in me.moves[node.states[number]]
        )
        leaver = system.machines[self._leaver].agent
        words = " or ".join(f"`{label.rpartition('.')[2]}` from `{peer}`" for peer, label in awaits)
        return Trace(
            Fault.STUCK_ROLE,
            steps,
            (me.agent,),
            f"`{leaver}` gives up `{session.title}`, and `{me.agent}` waits for {words} without a"
            " timer",
            True,
            waiting=(Waiting(leaver, True), Waiting(me.agent, False, awaits)),
            place=me.moves[node.states[number]][0].site,
        )

    def _step(self, made: MachineMove) -> Step:
        number, move = made
        me, peer = self._system.machines[number].agent, self._system.machines[move.peer].agent
        ends = (me, peer) if move.kind is MoveKind.SEND else (peer, me)
        sends = move.kind is MoveKind.SEND
        return Step(sends, *ends, move.label, move.site, self._session.title)

    def _replay(self, made: Sequence[MachineMove | None], end: _Node) -> None:
        """Make the run again by the reference semantics. Raises Defect when it cannot be made."""
        from tellverify.model.configuration import Configuration
        from tellverify.model.defect import Defect

        roles = [machine.role for machine in self._system.machines]
        system = System(
            [
                Machine(
                    machine.role,
                    tuple(
                        tuple(
                            (Action(m.kind is MoveKind.SEND, roles[m.peer], m.label), m.target)
                            for m in row
                        )
                        for row in machine.moves
                    ),
                    tuple(machine.is_final(s) for s in range(len(machine.moves))),
                )
                for machine in self._system.machines
            ]
        )
        at = system.initial
        gone = False
        leaver = roles[self._leaver]
        for move in made:
            if move is None:
                gone = True
            else:
                me, peer = roles[move.machine], roles[move.move.peer]
                sends = move.move.kind is MoveKind.SEND
                ends = (me, peer) if sends else (peer, me)
                successor = system.after(at, Step(sends, *ends, move.move.label))
                if successor is None or (gone and me == leaver):
                    raise Defect("a run of an abandoned session does not replay")
                at = successor
            if gone:
                kept = tuple(row for row in at.queues if leaver not in row[0])
                at = Configuration(at.states, kept)
        if at.states != end.states:
            raise Defect("a run of an abandoned session ends elsewhere")
