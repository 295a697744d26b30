"""The monitor of event logs agrees with the reference semantics, whole logs and single roles."""

from __future__ import annotations

import random

from graphs import random_graph

from tellverify.evidence.event_log import LogEvent
from tellverify.evidence.monitor import Monitor
from tellverify.evidence.trace_replay import Stepper
from tellverify.model.machine import Machine
from tellverify.model.semantics import System
from tellverify.model.step import Step
from tellverify.obligations.machines import Machines

CASES = 2_000


def event_of(step: Step, session: int | None = None) -> LogEvent:
    peer = step.receiver if step.send else step.sender
    direction = "send" if step.send else "receive"
    return LogEvent(step.actor, direction, peer, step.label, session)  # type: ignore[arg-type]


def walk(machines: list[Machine], rng: random.Random, most: int = 14) -> list[Step]:
    """A random run, in which now and then a step is dropped, doubled or changed."""
    system = System(machines)
    here = system.initial
    steps: list[Step] = []
    while len(steps) < most:
        enabled = list(system.enabled(here))
        if not enabled:
            break
        step, here = rng.choice(enabled)
        steps.append(step)
    roles = [machine.role for machine in machines]
    if steps and rng.random() < 0.6:
        index = rng.randrange(len(steps))
        old = steps[index]
        steps[index : index + 1] = rng.choice(
            [
                [],
                [old, old],
                [Step(not old.send, old.sender, old.receiver, old.label)],
                [Step(old.send, old.sender, rng.choice(roles), old.label)],
                [Step(old.send, old.sender, old.receiver, rng.choice("abcz"))],
            ]
        )
    return steps


def test_whole_logs_of_interleaved_sessions() -> None:
    for seed in range(CASES):
        rng = random.Random(seed)
        machines = Machines(random_graph(seed)).all()
        monitor = Monitor(machines)
        steppers = {number: Stepper(machines) for number in range(3)}
        left = {number: walk(machines, rng) for number in steppers}
        while any(left.values()):
            session = rng.choice([number for number, steps in left.items() if steps])
            step = left[session].pop(0)
            expected = steppers[session].make(step)
            found = monitor.make(event_of(step, session))
            assert (found is None) == (expected is None), f"seed {seed}: {step}"
            if expected is not None:
                left[session] = []
        system = System(machines)
        for session, stepper in steppers.items():
            end = stepper.configuration()
            complete = system.is_final(end) and not end.queues
            if stepper.made:
                assert monitor.complete(session) == complete, f"seed {seed}"


def test_logs_of_single_roles_are_traces_of_their_machines() -> None:
    for seed in range(CASES):
        rng = random.Random(seed)
        machines = Machines(random_graph(seed)).all()
        machine = rng.choice(machines)
        monitor = Monitor(machines, (machine.role,))
        state = 0
        for step in walk(machines, rng, 40):
            if step.actor != machine.role:
                continue
            peer = step.receiver if step.send else step.sender
            moves = {
                (action.send, action.peer, action.label): target
                for action, target in machine.moves[state]
            }
            target = moves.get((step.send, peer, step.label))
            found = monitor.make(event_of(step))
            assert (found is None) == (target is not None), f"seed {seed}: {step}"
            if target is None:
                break
            state = target
            assert monitor.complete(None) == machine.final[state], f"seed {seed}"
