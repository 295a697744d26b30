"""Runs of a protocol that together take every branch: words for the machine to execute."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from tellverify.model.graph import ProtocolGraph
from tellverify.model.machine import Action, Machine
from tellverify.model.step import Step

_NONE: Final = -1


class Words(msgspec.Struct, frozen=True):
    """Paths through a graph, as transitions, that together take every reachable transition and
    make every move of the machines that some run makes.

    `endless` are reachable transitions after which no end can be reached; no path has them.
    `complete` is False when the paths together would be longer than was allowed.
    """

    paths: tuple[tuple[int, ...], ...]
    endless: tuple[int, ...]
    complete: bool = True


def covering_paths(
    graph: ProtocolGraph, machines: Sequence[Machine] = (), most_events: int = 200_000
) -> Words:
    """Shortest ways there and on to an end, for every transition that no earlier path takes.

    Then the same for every move of a machine: one state of it may stand for many of the graph, and
    the paths so far may have missed some of its moves.
    """
    came, order = _from_start(graph)
    leads = _to_end(graph)
    taken = bytearray(graph.event_count)
    paths: list[tuple[int, ...]] = []
    endless: list[int] = []
    total = 0
    for state in order:
        for transition in range(graph.first[state], graph.first[state + 1]):
            if taken[transition]:
                continue
            after = graph.target[transition]
            if leads[after] == _NONE and not graph.final[after]:
                endless.append(transition)
                continue
            path = [*_prefix(graph, came, state), transition, *_suffix(graph, leads, after)]
            total += len(path)
            if total > most_events:
                return Words(tuple(paths), tuple(endless), False)
            for each in path:
                taken[each] = 1
            paths.append(tuple(path))
    if not paths and not endless:
        paths.append(())
    numbers = {role: number for number, role in enumerate(graph.roles)}
    shared = [_by_role(graph, path) for path in paths]
    for machine in machines:
        role = numbers[machine.role]
        for more in _rest(graph, machine, role, leads, [one.get(role, ()) for one in shared]):
            total += len(more)
            if total > most_events:
                return Words(tuple(paths), tuple(endless), False)
            paths.append(more)
            shared.append(_by_role(graph, more))
    return Words(tuple(paths), tuple(endless))


def _rest(
    graph: ProtocolGraph,
    machine: Machine,
    role: int,
    leads: Sequence[int],
    done: Sequence[Sequence[Action]],
) -> Iterator[tuple[int, ...]]:
    """Paths for the moves of one machine that are not among those it has `done` on others."""
    rows = [dict(row) for row in machine.moves]
    left = {(state, action) for state, row in enumerate(rows) for action in row}
    for actions in done:
        left -= _local(rows, actions)
    if not left:
        return
    came: dict[tuple[int, int], tuple[int, int, int]] = {}
    seen = {(0, 0)}
    order = [(0, 0)]
    for state, own in order:
        for transition in range(graph.first[state], graph.first[state + 1]):
            action = _action(graph, role, transition)
            target = graph.target[transition]
            after = own if action is None else rows[own].get(action, _NONE)
            ends = graph.final[target] or leads[target] != _NONE
            if action is not None and (own, action) in left and ends:
                path = (*_back(came, (state, own)), transition, *_suffix(graph, leads, target))
                left -= _local(rows, _by_role(graph, path).get(role, ()))
                yield path
            if after != _NONE and (target, after) not in seen:
                seen.add((target, after))
                came[(target, after)] = (state, own, transition)
                order.append((target, after))


def _back(came: Mapping[tuple[int, int], tuple[int, int, int]], at: tuple[int, int]) -> list[int]:
    found: list[int] = []
    while at in came:
        state, own, transition = came[at]
        found.append(transition)
        at = (state, own)
    found.reverse()
    return found


def _by_role(graph: ProtocolGraph, path: Sequence[int]) -> dict[int, list[Action]]:
    """What each role does in a path, in its order."""
    found: dict[int, list[Action]] = {}
    for transition in path:
        label = graph.labels[graph.label[transition]]
        sender, receiver = graph.sender[transition], graph.receiver[transition]
        found.setdefault(sender, []).append(Action(True, graph.roles[receiver], label))
        found.setdefault(receiver, []).append(Action(False, graph.roles[sender], label))
    return found


def _local(
    rows: Sequence[Mapping[Action, int]], actions: Sequence[Action]
) -> set[tuple[int, Action]]:
    """The moves of one machine that make these actions."""
    found: set[tuple[int, Action]] = set()
    own = 0
    for action in actions:
        found.add((own, action))
        own = rows[own][action]
    return found


def _action(graph: ProtocolGraph, role: int, transition: int) -> Action | None:
    label = graph.labels[graph.label[transition]]
    if graph.sender[transition] == role:
        return Action(True, graph.roles[graph.receiver[transition]], label)
    if graph.receiver[transition] == role:
        return Action(False, graph.roles[graph.sender[transition]], label)
    return None


def _from_start(graph: ProtocolGraph) -> tuple[list[int], list[int]]:
    """For each state the transition by which breadth-first search enters it; the order of it."""
    came = [_NONE] * graph.state_count
    seen = bytearray(graph.state_count)
    seen[0] = 1
    order = [0]
    for state in order:
        for transition in range(graph.first[state], graph.first[state + 1]):
            target = graph.target[transition]
            if not seen[target]:
                seen[target] = 1
                came[target] = transition
                order.append(target)
    return came, order


def _to_end(graph: ProtocolGraph) -> list[int]:
    """For each state that is not final the transition that leads closest to an end, or none."""
    before: list[list[int]] = [[] for _ in range(graph.state_count)]
    source = [0] * graph.event_count
    for state in range(graph.state_count):
        for transition in range(graph.first[state], graph.first[state + 1]):
            before[graph.target[transition]].append(transition)
            source[transition] = state
    leads = [_NONE] * graph.state_count
    order = [state for state in range(graph.state_count) if graph.final[state]]
    seen = bytearray(graph.final)
    for state in order:
        for transition in before[state]:
            origin = source[transition]
            if not seen[origin]:
                seen[origin] = 1
                leads[origin] = transition
                order.append(origin)
    return leads


def _prefix(graph: ProtocolGraph, came: Sequence[int], state: int) -> list[int]:
    found: list[int] = []
    while came[state] != _NONE:
        found.append(came[state])
        state = bisect_right(graph.first, came[state]) - 1  # the state that it leaves
    found.reverse()
    return found


def _suffix(graph: ProtocolGraph, leads: Sequence[int], state: int) -> list[int]:
    found: list[int] = []
    while not graph.final[state]:
        found.append(leads[state])
        state = graph.target[leads[state]]
    return found


def words_of(graph: ProtocolGraph, path: Sequence[int]) -> dict[str, list[Action]]:
    """What every role does in a path."""
    found: dict[str, list[Action]] = {}
    for transition in path:
        sender, receiver, label = graph.event(transition)
        found.setdefault(sender, []).append(Action(True, receiver, label))
        found.setdefault(receiver, []).append(Action(False, sender, label))
    return found


def moves_made(
    machines: Sequence[Machine], runs: Sequence[Sequence[Step]]
) -> set[tuple[str, int, Action]]:
    """The moves `(role, state, action)` that machines make in runs of theirs."""
    rows = {m.role: [dict(row) for row in m.moves] for m in machines}
    found: set[tuple[str, int, Action]] = set()
    for run in runs:
        state = dict.fromkeys(rows, 0)
        for step in run:
            peer = step.receiver if step.send else step.sender
            action, role = Action(step.send, peer, step.label), step.actor
            found.add((role, state[role], action))
            state[role] = rows[role][state[role]][action]
    return found


def all_moves(machines: Sequence[Machine]) -> set[tuple[str, int, Action]]:
    """Every move of every machine."""
    return {
        (machine.role, state, action)
        for machine in machines
        for state, row in enumerate(machine.moves)
        for action, _ in row
    }
