"""Runs across sessions, put together from runs of some of the sessions."""

from __future__ import annotations

from collections.abc import Sequence

from tellverify.workflows.composed_machines import ComposedMove, ComposedSystem, MoveKind
from tellverify.workflows.composed_search import MachineMove
from tellverify.workflows.outcomes import PhaseGraph


class LeadingRun:
    """A run of `whole`, which grows by the runs of sessions that do not run beside each other."""

    def __init__(self, whole: ComposedSystem) -> None:
        self.whole = whole
        self.run: list[MachineMove] = []
        self._states = [0] * len(whole.machines)
        self._numbers = {
            (whole.sessions[machine.session].number, machine.role): number
            for number, machine in enumerate(whole.machines)
        }

    def follow(
        self,
        system: ComposedSystem,
        run: Sequence[MachineMove],
        culprits: Sequence[int] = (),
    ) -> tuple[int, ...]:
        """Append a run of the sessions of `system`, which have not begun; `culprits` are numbers of
        its machines, which come back as those of the whole.
        """

        def there(number: int) -> int:
            machine = system.machines[number]
            return self._numbers[system.sessions[machine.session].number, machine.role]

        for number, move in run:
            me = there(number)
            is_message = move.kind in (MoveKind.SEND, MoveKind.RECEIVE)
            peer = there(move.peer) if is_message else -1
            found = next(
                one
                for one in self.whole.machines[me].moves[self._states[me]]
                if (one.kind, one.label) == (move.kind, move.label)
                and (
                    one.peer == peer
                    if is_message
                    else self.whole.bundles[one.peer] == system.bundles[move.peer]
                )
            )
            self._make(me, found)
        return tuple(map(there, culprits))

    def complete(self, session: int, phase: PhaseGraph) -> bool:
        """Append a shortest run of one session to an end after which the workflow continues; False
        where there is none.
        """
        graph = phase.graph
        before: dict[int, tuple[int, int]] = {}
        order = [0]
        seen = {0}
        goal: int | None = None
        for state in order:
            if phase.goes_on[state]:
                goal = state
                break
            for e in range(graph.first[state], graph.first[state + 1]):
                if graph.target[e] not in seen:
                    seen.add(graph.target[e])
                    before[graph.target[e]] = (state, e)
                    order.append(graph.target[e])
        if goal is None:
            return False
        events: list[int] = []
        while goal in before:
            goal, e = before[goal]
            events.append(e)
        for e in reversed(events):
            event = graph.event(e)
            p, q = self._numbers[session, event.sender], self._numbers[session, event.receiver]
            self._exchange(p, MoveKind.SEND, event.label, q)
            self._exchange(q, MoveKind.RECEIVE, event.label, p)
        return True

    def _exchange(self, number: int, kind: MoveKind, label: str, peer: int) -> None:
        """A message of a machine, behind the bundles that it asks for first."""
        rows = self.whole.machines[number].moves
        while row := rows[self._states[number]]:
            if row[0].kind not in (MoveKind.ASK, MoveKind.GRANT):
                break
            self._make(number, row[0])
        wanted = (kind, label, peer)
        row = rows[self._states[number]]
        self._make(number, next(o for o in row if (o.kind, o.label, o.peer) == wanted))

    def _make(self, number: int, move: ComposedMove) -> None:
        self.run.append(MachineMove(number, move))
        self._states[number] = move.target
