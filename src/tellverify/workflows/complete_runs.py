"""A shortest run of one session to an end after which its workflow goes on."""

from __future__ import annotations

from collections.abc import Sequence

from tellverify.workflows.composed_machines import (
    ComposedSystem,
    MoveKind,
)
from tellverify.workflows.composed_search import (
    MachineMove,
)
from tellverify.workflows.outcomes import PhaseGraph


def complete_run(
    whole: ComposedSystem, own: dict[tuple[int, str], int], session: int, phase: PhaseGraph
) -> list[MachineMove] | None:
    """A shortest run of one session to an end after which the workflow goes on."""
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
        return None
    events: list[int] = []
    while goal in before:
        goal, e = before[goal]
        events.append(e)
    run: list[MachineMove] = []
    states: dict[int, int] = {}

    def make(number: int, kind: MoveKind, label: str, peer: int) -> None:
        rows = whole.machines[number].moves
        while rows[states.get(number, 0)] and rows[states.get(number, 0)][0].kind in (
            MoveKind.ASK,
            MoveKind.GRANT,
        ):
            asked = rows[states.get(number, 0)][0]
            run.append(MachineMove(number, asked))
            states[number] = asked.target
        move = next(
            one
            for one in rows[states.get(number, 0)]
            if (one.kind, one.label, one.peer) == (kind, label, peer)
        )
        run.append(MachineMove(number, move))
        states[number] = move.target

    for e in reversed(events):
        event = graph.event(e)
        p, q = own[session, event.sender], own[session, event.receiver]
        make(p, MoveKind.SEND, event.label, q)
        make(q, MoveKind.RECEIVE, event.label, p)
    return run


def state_after(whole: ComposedSystem, run: Sequence[MachineMove], machine: int) -> int:
    """The state of a machine after a run."""
    return next((m.target for n, m in reversed(run) if n == machine), 0)
