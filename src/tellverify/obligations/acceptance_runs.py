"""Complete runs on every branch: the positive tests of the acceptance rule."""

from __future__ import annotations

import msgspec

from tellverify.model.graph import ProtocolGraph
from tellverify.model.step import Step
from tellverify.runtime.chooser import Led
from tellverify.runtime.covering_runs import all_moves, covering_paths, moves_made, words_of
from tellverify.runtime.executor import ExecutionEnding
from tellverify.runtime.faults import RuntimeFault
from tellverify.runtime.launch import Admitted, execute
from tellverify.runtime.ownership import Registry


class Recorded(msgspec.Struct, frozen=True):
    """The runs of one instance, and how they were executed."""

    instance: str
    mode: str
    waves: int
    graph: ProtocolGraph
    runs: tuple[tuple[Step, ...], ...]
    complete: bool = True


def covered(
    admitted: Admitted, registry: Registry, graph: ProtocolGraph, instance: str
) -> Recorded | str:
    """Execute an admitted session on words that take every branch, or say which run fails.

    Every run must come to its end, and together they must make every move of every role.
    """
    words = covering_paths(graph, admitted.request.machines)
    at = f" at {instance}" if instance else ""
    if words.endless:
        line = graph.site_of(words.endless[0]).line
        event = graph.event(words.endless[0])
        return f"after `{event}`, line {line}, no end can be reached{at}"
    runs: list[tuple[Step, ...]] = []
    for path in words.paths:
        led = Led(words_of(graph, path))
        done = execute(admitted, registry, led, limit=2 * len(path) + 1)
        if isinstance(done, RuntimeFault):
            return done.reason
        if done.ending is not ExecutionEnding.COMPLETE:
            return f"a run of {len(done.steps)} events does not come to its end{at}: {done.ending}"
        runs.append(done.steps)
    recorded = Recorded(
        instance,
        str(admitted.policy.mode),
        admitted.policy.waves,
        graph,
        tuple(runs),
        words.complete,
    )
    if not words.complete:
        return recorded
    machines = admitted.request.machines
    left = all_moves(machines) - moves_made(machines, runs)
    if left:
        role, state, action = min(left)
        return f"no run takes `{action}` of `{role}` in state {state}{at}"
    return recorded
