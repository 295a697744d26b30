"""Runs of the protocol graph as traces of machines, with the words that explain them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from tellverify.evidence.fault_run import is_of_scenario, unshown_in_scenario
from tellverify.evidence.formula_run import event_matches, event_rows
from tellverify.evidence.trace_replay import Stepper, fault_shown
from tellverify.model.defect import Defect
from tellverify.model.fault import Fault
from tellverify.model.formula import BranchAtom, EventAtom, Formula, evaluate
from tellverify.model.graph import ProtocolGraph
from tellverify.model.limits import MachineTooLarge
from tellverify.model.machine import Action, Machine
from tellverify.model.run_end import state_after
from tellverify.model.site import Site
from tellverify.model.step import Step
from tellverify.model.trace import Trace, Waiting
from tellverify.obligations.machines import ALL_MACHINES, Machines, path_machine
from tellverify.projection.liveness import LivenessEnding, StuckRun
from tellverify.projection.queues import QueueBound
from tellverify.search.traces import dependencies

_NAMED = 16  # roles whose awaited messages are listed


Steps: TypeAlias = tuple[Step, ...]


def step_of(graph: ProtocolGraph, is_send: bool, transition: int) -> Step:
    """One half of an event: its send or its reception."""
    event = graph.event(transition)
    return Step(is_send, event.sender, event.receiver, event.label, graph.site_of(transition))


def both(graph: ProtocolGraph, transitions: Iterable[int]) -> tuple[Step, ...]:
    """The run in which every message is taken at once."""
    return tuple(step_of(graph, send, e) for e in transitions for send in (True, False))


def trimmed(formula: Formula, steps: Sequence[Step]) -> tuple[Step, ...]:
    """What of a run causes the events that `formula` sees, when that is enough to break it."""
    before = dependencies(steps)
    events = [atom for atom in formula.atoms if isinstance(atom, EventAtom | BranchAtom)]
    kept: set[int] = set()
    for index in range(len(steps) - 1, -1, -1):
        if index in kept or any(event_matches(atom, steps[index]) for atom in events):
            kept.add(index)
            kept.update(before[index])
    short = tuple(steps[index] for index in sorted(kept))
    rows = event_rows(formula, short)
    broken = rows is not None and not evaluate(formula, rows, len(short), ended=False).weak
    return short if broken else tuple(steps)


def lasso(machines: Machines, stem: Sequence[Step], lap: Sequence[Step]) -> tuple[Steps, int]:
    """`stem` and then `lap` again and again until all roles are where they were a lap before.

    A cycle of the protocol may take a role through several states of its machine before it comes
    round. Gives the steps and the index where they begin to repeat. The roles of protocols that
    are too large to be replayed are taken to come round at once.
    """
    acting = sorted({role for step in (*stem, *lap) for role in (step.sender, step.receiver)})
    steps = [*stem, *lap]
    if len(acting) > ALL_MACHINES:
        return tuple(steps), len(stem)
    stepper = Stepper([machines.of(role) for role in acting])
    for step in stem:
        stepper.make(step)
    met = {tuple(stepper.states): len(stem)}
    while True:
        for step in lap:
            stepper.make(step)
        begin = met.setdefault(tuple(stepper.states), len(steps))
        if begin < len(steps):
            return tuple(steps), begin
        steps += lap


def stuck_trace(machines: Machines, run: StuckRun, fault: Fault = Fault.STUCK_ROLE) -> Trace:
    """The run after which `run.roles` wait forever, or in which they do for `STARVATION`."""
    graph = machines.graph
    culprits = tuple(graph.roles[role] for role in run.roles)
    steps, loop = both(graph, run.transitions), -1
    prefix = steps
    if run.loop >= 0:
        prefix = steps[: 2 * run.loop]
        steps, loop = lasso(machines, prefix, steps[2 * run.loop :])
    awaits = {role: _awaits(machines.of(role), prefix) for role in culprits[:_NAMED]}
    waiting = tuple(
        Waiting(role, role not in set(culprits) and loop < 0, awaits.get(role, ()))
        for role in _shown(graph, steps, culprits)
    )
    place = _place(machines, culprits[0], prefix)
    others = "all other roles have terminated"
    if loop >= 0:
        others = "the other roles continue without it"
    if loop >= 0 and fault is Fault.STARVATION:
        others = "the other roles can stay in a loop that does not serve it"
    explanation = f"{_waits(culprits, awaits)}, and {others}"
    minimal = loop < 0 and fault is Fault.STUCK_ROLE
    trace = Trace(fault, steps, culprits, explanation, minimal, loop, (), waiting, place)
    return replayed(machines, trace, may_end=lambda: may_end_or_go_on(graph, run))


def _waits(culprits: Sequence[str], awaits: Mapping[str, Sequence[tuple[str, str]]]) -> str:
    """Which roles wait for which messages; each with its own where they differ."""
    by_message: dict[str, list[str]] = {}
    for role, actions in awaits.items():
        by_message.setdefault(_messages(actions), []).append(role)
    if len(by_message) == 1:
        by_message = {wanted: list(culprits) for wanted in by_message}
    shown = list(by_message.items())[:3]
    parts = [
        f"{_listed(roles)} {'waits' if len(roles) == 1 else 'wait'} for {wanted}"
        for wanted, roles in shown
    ]
    left = len(culprits) - sum(len(roles) for _, roles in shown)
    if left:
        parts.append(f"{left} more {'role waits' if left == 1 else 'roles wait'}")
    return ", ".join(parts)


def may_end_or_go_on(graph: ProtocolGraph, run: StuckRun) -> bool:
    """The protocol may end after `run`, and may go on."""
    state = graph.target[run.transitions[-1]] if run.transitions else 0
    return bool(graph.final[state]) and graph.first[state] < graph.first[state + 1]


def unbounded_trace(machines: Machines, bound: QueueBound) -> Trace:
    """The run in which the queue of a channel grows by a message in every round."""
    graph = machines.graph
    sender, receiver = graph.roles[bound.sender], graph.roles[bound.receiver]
    history = [step_of(graph, send, e) for send, e in bound.history]
    steps, loop = lasso(machines, history[: bound.loop], history[bound.loop :])
    explanation = (
        f"`{sender}` can keep sending to `{receiver}` without waiting for any sign that"
        f" `{receiver}` has received"
    )
    queued: dict[tuple[str, str], list[str]] = {}
    for step in steps:
        queue = queued.setdefault((step.sender, step.receiver), [])
        if step.send:
            queue.append(step.label)
        else:
            queue.pop(0)
    queues = tuple((p, q, tuple(labels)) for (p, q), labels in sorted(queued.items()) if labels)
    filling = (s for s in steps[loop:] if s.send and (s.sender, s.receiver) == (sender, receiver))
    place = next(filling).site
    trace = Trace(
        Fault.UNBOUNDED_QUEUE,
        steps,
        (sender, receiver),
        explanation,
        False,
        loop,
        queues,
        place=place,
    )
    return replayed(machines, trace)


def trapped_trace(machines: Machines, answer: LivenessEnding) -> Trace:
    """The run to a point from which the end is out of reach."""
    graph = machines.graph
    stem = answer.run or ()
    steps, loop = both(graph, stem), -1
    if answer.loop:
        steps, loop = lasso(machines, steps, both(graph, answer.loop))
    explanation = (
        "from here on the protocol loops and can no longer terminate"
        if answer.loop
        else "from here on no event is possible, although the protocol has not terminated"
    )
    trace = Trace(Fault.NO_TERMINATION, steps, (), explanation, False, loop)
    return replayed(machines, trace)


def replayed(
    machines: Machines,
    trace: Trace,
    judge: Callable[[], bool] | None = None,
    may_end: Callable[[], bool] | None = None,
) -> Trace:
    """`trace`, once the reference semantics has accepted it. Raises Defect when it does not.

    In protocols of many roles only the roles that act are replayed, and that the others have
    finished rests on the protocol graph. Where their machines would take too long to build, roles
    that the trace is not about do their part of the run, which is one of the graph.
    """
    graph = machines.graph
    whole = len(graph.roles) <= ALL_MACHINES
    acting = {role for step in trace.steps for role in (step.sender, step.receiver)}
    names = graph.roles if whole else sorted(acting)
    if len(acting) > ALL_MACHINES and not machines.are_cheap:
        used = _parts(machines, trace, names)
    else:
        used = _built(machines, trace, names)
    stepper = Stepper(used)
    for index, step in enumerate(trace.steps):
        divergence = stepper.make(step)
        if divergence is not None:
            raise Defect(f"event {index} of a run is not enabled: {divergence.reason}")
    if whole and is_of_scenario(trace):
        complaint = unshown_in_scenario(trace, used, judge=lambda: True)
        if complaint:
            raise Defect(f"a run of a scenario does not show {trace.fault}: {complaint}")
    elif whole:
        lap = trace.steps[trace.loop :] if trace.loop >= 0 else ()
        decided = judge if judge is not None else lambda: True
        complaint = fault_shown(
            stepper.configuration(),
            used,
            trace.fault,
            trace.culprits,
            lap=lap,
            judge=decided,
            may_end=may_end,
        )
        if complaint:
            raise Defect(f"a run does not show {trace.fault}: {complaint}")
    return trace


def _built(machines: Machines, trace: Trace, names: Sequence[str]) -> list[Machine]:
    """Canonical machines; where the end of a run is judged by its events, parts of large ones.

    Raises MachineTooLarge where the end of the run is judged by what a large machine can do.
    """
    used = []
    for role in names:
        try:
            used.append(machines.of(role))
        except MachineTooLarge:
            if trace.fault is not Fault.PROPERTY:
                raise
            mine = [step for step in trace.steps if step.actor == role]
            peers = [step.receiver if step.send else step.sender for step in mine]
            actions = [Action(s.send, p, s.label) for s, p in zip(mine, peers, strict=True)]
            used.append(path_machine(role, [(action, -1) for action in actions]))
    return used


def _parts(machines: Machines, trace: Trace, names: Sequence[str]) -> list[Machine]:
    """Canonical machines of the first culprits, and for other roles just what they do."""
    parts: dict[str, list[tuple[Action, int]]] = {}
    for step in trace.steps:
        peer = step.receiver if step.send else step.sender
        parts.setdefault(step.actor, []).append((Action(step.send, peer, step.label), -1))
    exact = set(trace.culprits[:_NAMED])
    return [
        machines.of(role) if role in exact else path_machine(role, parts.get(role, []))
        for role in names
    ]


def _place(machines: Machines, role: str, steps: Sequence[Step]) -> Site:
    """The statement of the first message that `role` waits for after its part in `steps`."""
    machine = machines.of(role)
    state = state_after(machine, steps)
    return machines.graph.sites[machine.sites[state][0]]


def _awaits(machine: Machine, steps: Sequence[Step]) -> tuple[tuple[str, str], ...]:
    """What the role of `machine` waits for after its part in `steps`."""
    state = state_after(machine, steps)
    return tuple((action.peer, action.label) for action, _ in machine.moves[state])


def _shown(graph: ProtocolGraph, steps: Sequence[Step], culprits: Sequence[str]) -> tuple[str, ...]:
    """Roles whose end is told: all of a small protocol, else those that the run is about."""
    if len(graph.roles) <= ALL_MACHINES:
        return graph.roles
    named = {role for step in steps for role in (step.sender, step.receiver)} | set(culprits)
    return tuple(role for role in graph.roles if role in named)


def _listed(roles: Sequence[str]) -> str:
    shown = ", ".join(f"`{role}`" for role in roles[:3])
    return shown if len(roles) <= 3 else f"{shown} and {len(roles) - 3} more"


def _messages(awaits: Sequence[tuple[str, str]]) -> str:
    shown = " or ".join(f"`{label}` from `{peer}`" for peer, label in awaits[:3])
    return shown if len(awaits) <= 3 else f"{shown} or {len(awaits) - 3} more"
