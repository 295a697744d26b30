"""From a violated coherence condition to a run, without search through configurations.

The run follows a run of the graph to a state s2, each event as a send and its receive, and then
lets the role act as in s1, from which it cannot tell s2. In the class of the complete theory that
is unfaithful: after a violated send coherence at once; where the role should have received
another message, as soon as that message is sent (mixed choice, receive coherence). The run is
then cut to the causal past of its last event and of the choices without which a run of the
protocol would explain it.

Source of the conditions and of availability: Li, Stutz, Wies, Zufferey, OOPSLA 2025, section 4.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from tellverify.model.fault import Fault
from tellverify.model.graph import ProtocolGraph
from tellverify.model.machine import Action, Machine
from tellverify.model.run_end import replay
from tellverify.model.site import Site
from tellverify.model.step import Step
from tellverify.model.trace import Trace
from tellverify.search.fidelity import FidelityMonitor, is_faithful_run
from tellverify.search.traces import (
    MachineOf,
    build_trace,
    dependencies,
    explain_infidelity,
    last_events,
)

_AVAILABILITY_BUDGET: Final = 200_000  # pairs of a state and a set of blocked roles
_WORK: Final = 2_000_000  # steps that cutting may take; then choices are added untried


def seed_run(
    graph: ProtocolGraph,
    machine_of: MachineOf,
    transitions: Sequence[int],
    role: str,
    action: Action,
    onward: Sequence[int] | None = None,
) -> Trace | None:
    """A run that shows infidelity because `role` does `action` after the run `transitions`.

    `transitions` lead from the initial state to s2. For a receive that comes too early, `onward`
    is the path from s2 on which the message becomes available, from the event that `role` should
    have received to the one it does receive; it is searched for when it is None. The trace is
    the shortest known, not minimal, and tells only of the roles that occur in it; `machine_of` is
    asked for no others. None when nothing unfaithful comes of it or of the part that is kept, as
    may be outside the class, or when the machines cannot do it. Near linear in the run and the
    graph, besides `machine_of`.
    """
    state = graph.target[transitions[-1]] if transitions else 0
    path = list(transitions)
    steps = [step for t in transitions for step in (_send(graph, t), _receive(graph, t))]
    if action.send:
        site = _site(graph, machine_of(role), steps, action)
        steps.append(Step(True, role, action.peer, action.label, site))
        expected = _awaited_by(graph, state, role)
        culprit = len(steps) - 1
        path += expected
        steps += [_send(graph, t) for t in expected]
    else:
        if onward is None:
            onward = available_path(graph, state, role, action)
        if not onward:
            return None
        path.append(onward[0])
        steps += _onward_steps(graph, role, onward)
        culprit = len(steps)
        steps.append(Step(False, action.peer, role, action.label, graph.site_of(onward[-1])))
    if is_faithful_run(graph, steps):
        return None
    kept = _Cut(graph, path, steps, culprit).kept_steps()
    if is_faithful_run(graph, kept) or isinstance(replay(machine_of, kept), int):
        return None
    return build_trace(
        Fault.INFIDELITY,
        kept,
        machine_of,
        dict.fromkeys(step.actor for step in kept),
        minimal=False,
        culprits=tuple(dict.fromkeys(step.actor for step in last_events(kept))),
        explanation=explain_infidelity(kept),
    )


def available_path(graph: ProtocolGraph, state: int, role: str, action: Action) -> list[int] | None:
    """Transitions from `state` that make a message available to `role` too early.

    The first is an event in which `role` receives from another role; the last is the event of
    the receive `action`, sent by a role that does not depend on `role`. None when there is no
    such path, or the budget is spent.
    """
    me, peer = graph.roles.index(role), graph.roles.index(action.peer)
    label = graph.labels.index(action.label)
    start = [
        t
        for t in range(graph.first[state], graph.first[state + 1])
        if graph.receiver[t] == me and graph.sender[t] != peer
    ]
    nodes = [(graph.target[t], 1 << me, t, -1) for t in start]
    seen = {node[:2] for node in nodes}
    for index, (at, blocked, _, _) in enumerate(nodes):
        for t in range(graph.first[at], graph.first[at + 1]):
            p, q, grown = graph.sender[t], graph.receiver[t], blocked
            if blocked >> p & 1:
                grown |= 1 << q
            elif (p, q) == (peer, me):
                if graph.label[t] == label:
                    return _path(nodes, index, t)
                continue
            successor = (graph.target[t], grown)
            if not grown >> peer & 1 and successor not in seen:
                seen.add(successor)
                nodes.append((*successor, t, index))
        if len(nodes) > _AVAILABILITY_BUDGET:
            return None
    return None


def _path(nodes: Sequence[tuple[int, int, int, int]], index: int, last: int) -> list[int]:
    path = [last]
    while index >= 0:
        path.append(nodes[index][2])
        index = nodes[index][3]
    path.reverse()
    return path


def _onward_steps(graph: ProtocolGraph, role: str, onward: Iterable[int]) -> list[Step]:
    """The events along `onward` that happen although `role` waits, without its own."""
    blocked = {role}
    steps = []
    for t in onward:
        event = graph.event(t)
        if event.sender in blocked:
            blocked.add(event.receiver)
            continue
        steps.append(_send(graph, t))
        if event.receiver not in blocked:
            steps.append(_receive(graph, t))
    return steps


def _awaited_by(graph: ProtocolGraph, state: int, role: str) -> list[int]:
    """The first event of `state` that `role` receives, if any."""
    low, high = graph.first[state], graph.first[state + 1]
    return [t for t in range(low, high) if graph.roles[graph.receiver[t]] == role][:1]


def _send(graph: ProtocolGraph, transition: int) -> Step:
    return Step(True, *graph.event(transition), graph.site_of(transition))


def _receive(graph: ProtocolGraph, transition: int) -> Step:
    return Step(False, *graph.event(transition), graph.site_of(transition))


def _site(graph: ProtocolGraph, machine: Machine, steps: Sequence[Step], action: Action) -> Site:
    """The site of `action` in the state that `machine` is in after `steps`, if there is one."""
    state = 0
    for step in steps:
        if step.actor == machine.role:
            peer = step.receiver if step.send else step.sender
            done = Action(step.send, peer, step.label)
            state = next((to for offered, to in machine.moves[state] if offered == done), state)
    for place, (offered, _) in enumerate(machine.moves[state]):
        if offered == action and machine.sites and machine.sites[state][place] >= 0:
            return graph.sites[machine.sites[state][place]]
    return Site()


class _Cut:
    """Part of an unfaithful run that is unfaithful by itself and closed under causes.

    A run of the graph that explains the part leaves `path` somewhere, at a choice whose sender
    has not made it in the part. Such places are tried from the last to the first; where another
    choice explains the part, the choice of `path` is added to it, with its causes. Additions
    never make an explanation possible, so one sweep is enough.

    `ahead[r]` are the actions of role r in the part that are not on `path` before the place in
    hand, the last one first.
    """

    def __init__(
        self,
        graph: ProtocolGraph,
        path: Sequence[int],
        steps: Sequence[Step],
        culprit: int,
    ) -> None:
        self.graph = graph
        self.path = path
        self.steps = steps
        self.monitor = FidelityMonitor(graph)
        self.before = dependencies(steps)
        roles = {name: index for index, name in enumerate(graph.roles)}
        self.actor = [roles[step.actor] for step in steps]
        self.number = [
            self.monitor.action(
                step.actor,
                Action(step.send, step.receiver if step.send else step.sender, step.label),
            )
            for step in steps
        ]
        self.part: set[int] = set()
        self._work = 0
        self.ahead: dict[int, list[int]] = {}
        self.on_path = self._places(culprit)
        placed = {index for pair in self.on_path for index in pair}
        self._add(culprit)
        for index in sorted(self.part - placed, reverse=True):
            self.ahead.setdefault(self.actor[index], []).append(self.number[index])

    def kept_steps(self) -> list[Step]:
        """The events of the part, in the order of the run."""
        graph = self.graph
        states = [0, *(graph.target[t] for t in self.path)]
        for place in range(len(self.path) - 1, -1, -1):
            send, receive = self.on_path[place]
            for index in (receive, send):
                if index in self.part:
                    self.ahead.setdefault(self.actor[index], []).append(self.number[index])
            if send in self.part or not self._leaves(states[place], self.path[place]):
                continue
            if send < 0:
                return list(self.steps)
            self._add(send)
            self.ahead.setdefault(self.actor[send], []).append(self.number[send])
        return [self.steps[index] for index in sorted(self.part)]

    def _leaves(self, state: int, taken: int) -> bool:
        """True when another event of `state` may explain the part, or there is no time to see."""
        graph, monitor = self.graph, self.monitor
        others = [
            t
            for t in range(graph.first[state], graph.first[state + 1])
            if t != taken and not self.ahead.get(graph.receiver[t])
        ]
        if not others:
            return False
        if self._work > _WORK:
            return True
        rest = tuple(
            (role, tuple(reversed(actions)))
            for role, actions in sorted(self.ahead.items())
            if actions
        )
        before = len(monitor.explored)
        explained = any(monitor.is_explainable(graph.target[t], rest) for t in others)
        self._work += len(monitor.explored) - before + len(rest)
        return explained

    def _places(self, culprit: int) -> list[tuple[int, int]]:
        """For each transition of `path` the indices of its send and its receive, -1 if absent."""
        found: dict[tuple[int, int], list[int]] = {}
        for index in range(len(self.steps)):
            if index != culprit:
                found.setdefault((self.actor[index], self.number[index]), []).append(index)
        for indices in found.values():
            indices.reverse()
        graph, event = self.graph, self.monitor.event
        places = []
        for t in self.path:
            sends = found.get((graph.sender[t], 2 * event[t]))
            receives = found.get((graph.receiver[t], 2 * event[t] + 1))
            places.append((sends.pop() if sends else -1, receives.pop() if receives else -1))
        return places

    def _add(self, goal: int) -> None:
        stack = [goal]
        self.part.add(goal)
        while stack:
            for index in self.before[stack.pop()]:
                if index not in self.part:
                    self.part.add(index)
                    stack.append(index)
