"""Faults of communicating machines by brute force, straight from the definitions.

Everything here goes through `tellverify.model.semantics`; it shares no code with the search.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tellverify.model.configuration import Configuration
from tellverify.model.fault import Fault
from tellverify.model.graph import ProtocolGraph
from tellverify.model.machine import Machine
from tellverify.model.semantics import System

Local = tuple[str, ...]  # what one role did: "q!l" and "p?l"
Vector = tuple[Local, ...]


def unspecified(system: System, configuration: Configuration) -> list[str]:
    """Roles that only receive, may not stop, and find a wrong head in every channel they await."""
    queues = dict(configuration.queues)
    found = []
    for machine, state in zip(system.machines, configuration.states, strict=True):
        moves = [action for action, _ in machine.moves[state]]
        if machine.final[state] or not moves or any(action.send for action in moves):
            continue
        awaited = {action.peer for action in moves}
        heads = {peer: queues.get((peer, machine.role), (None,))[0] for peer in awaited}
        if all(
            heads[peer] is not None
            and not any(a.peer == peer and a.label == heads[peer] for a in moves)
            for peer in awaited
        ):
            found.append(machine.role)
    return found


def orphaned(system: System, configuration: Configuration) -> list[str]:
    """Roles in a final state without a move for which a message is queued."""
    found = []
    for machine, state in zip(system.machines, configuration.states, strict=True):
        ends = machine.final[state] and not machine.moves[state]
        if ends and any(receiver == machine.role for (_, receiver), _ in configuration.queues):
            found.append(machine.role)
    return found


def faults_of(system: System, configuration: Configuration) -> set[Fault]:
    """The faults a configuration shows by itself."""
    found: set[Fault] = set()
    if unspecified(system, configuration):
        found.add(Fault.UNSPECIFIED_RECEPTION)
    if orphaned(system, configuration):
        found.add(Fault.ORPHAN_MESSAGE)
    if next(system.enabled(configuration), None) is not None:
        return found
    if not system.is_final(configuration):
        found.add(Fault.DEADLOCK)
    if any(m.moves[s] for m, s in zip(system.machines, configuration.states, strict=True)):
        found.add(Fault.STUCK_ROLE)
    return found


def shortest_faults(
    machines: Sequence[Machine], depth: int, limit: int
) -> tuple[dict[Fault, int], int | None]:
    """For each fault the length of a shortest run, and the depth all runs were searched to.

    The depth is None when there are no longer runs than those that were searched.
    """
    system = System(machines)
    found: dict[Fault, int] = {}
    seen = {system.initial}
    layer = [system.initial]
    for length in range(depth + 1):
        following = []
        for configuration in layer:
            for fault in faults_of(system, configuration):
                found.setdefault(fault, length)
            for _, successor in system.enabled(configuration):
                if successor not in seen:
                    seen.add(successor)
                    following.append(successor)
        if not following:
            return found, None
        if len(seen) > limit:
            return found, length
        layer = following
    return found, depth


def local_actions(graph: ProtocolGraph, transition: int) -> tuple[tuple[int, str], tuple[int, str]]:
    """The two roles of a transition, each with its action."""
    event = graph.event(transition)
    return (
        (graph.sender[transition], f"{event.receiver}!{event.label}"),
        (graph.receiver[transition], f"{event.sender}?{event.label}"),
    )


def is_start_of_run(graph: ProtocolGraph, vector: Vector, *, complete: bool = False) -> bool:
    """True when some run of the graph has, for each role, the local trace as a prefix.

    With `complete`, a run to a final state with exactly these local traces. Runs are followed
    from the initial state; of each role only how much of its trace has been met matters.
    """
    start = (0, tuple(0 for _ in vector))
    goal = tuple(len(local) for local in vector)
    seen = {start}
    stack = [start]
    while stack:
        state, met = stack.pop()
        if met == goal and (graph.final[state] or not complete):
            return True
        for t in range(graph.first[state], graph.first[state + 1]):
            counts = list(met)
            for role, action in local_actions(graph, t):
                if counts[role] < goal[role]:
                    if vector[role][counts[role]] != action:
                        break
                    counts[role] += 1
                elif complete:
                    break
            else:
                successor = (graph.target[t], tuple(counts))
                if successor not in seen:
                    seen.add(successor)
                    stack.append(successor)
    return False


def run_vectors(graph: ProtocolGraph, length: int, limit: int) -> set[Vector] | None:
    """The local traces, cut at `length`, of all runs of the graph of any length.

    Cut traces are finitely many, so this is a fixpoint and no run is left out. None when there
    are more than `limit`.
    """
    start: tuple[int, Vector] = (0, tuple(() for _ in graph.roles))
    seen = {start}
    stack = [start]
    while stack:
        state, vector = stack.pop()
        for t in range(graph.first[state], graph.first[state + 1]):
            traces = list(vector)
            for role, action in local_actions(graph, t):
                if len(traces[role]) < length:
                    traces[role] = (*traces[role], action)
            successor = (graph.target[t], tuple(traces))
            if successor not in seen:
                seen.add(successor)
                stack.append(successor)
        if len(seen) > limit:
            return None
    return {vector for _, vector in seen}


def histories(
    graph: ProtocolGraph, machines: Sequence[Machine], depth: int, limit: int
) -> Iterator[tuple[int, Vector, Configuration]]:
    """Every history of up to `depth` events as local traces, shortest first, with where it ends.

    Stops after `limit` histories.
    """
    system = System(machines)
    start: Vector = tuple(() for _ in graph.roles)
    index = {role: number for number, role in enumerate(graph.roles)}
    layer: dict[Vector, Configuration] = {start: system.initial}
    count = 0
    for length in range(depth + 1):
        following: dict[Vector, Configuration] = {}
        for vector, configuration in layer.items():
            yield length, vector, configuration
            count += 1
            if count >= limit:
                return
            for step, successor in system.enabled(configuration):
                mine = index[step.actor]
                action = (
                    f"{step.receiver}!{step.label}" if step.send else f"{step.sender}?{step.label}"
                )
                extended = list(vector)
                extended[mine] = (*vector[mine], action)
                following[tuple(extended)] = successor
        layer = following


def is_prefix(vector: Vector, other: Vector) -> bool:
    """True when every local trace of `vector` is a prefix of that in `other`."""
    return all(mine == theirs[: len(mine)] for mine, theirs in zip(vector, other, strict=True))
