"""Logs without their beginning or without receptions agree with a naive search over all runs."""

from __future__ import annotations

import random

from graphs import random_graph
from test_monitor import event_of, walk

from tellverify.evidence.partial_log import PartialMonitor, TooManyLogPlaces
from tellverify.model.configuration import Configuration
from tellverify.model.semantics import System
from tellverify.model.step import Step
from tellverify.obligations.machines import Machines

CASES = 120
MOST = 1_000


def closure(system: System, start: set[Configuration], *, sends: bool) -> set[Configuration] | None:
    """All that receptions, or all steps, lead to; None where there is too much of it."""
    found, pending = set(start), list(start)
    while pending:
        for step, after in system.enabled(pending.pop()):
            if (sends or not step.send) and after not in found:
                found.add(after)
                pending.append(after)
                if len(found) > MOST:
                    return None
    return found


def agree(seed: int, *, anywhere: bool, sends_only: bool) -> int:
    """How many events of a random log were judged; asserts that both judge alike."""
    rng = random.Random(seed)
    machines = Machines(random_graph(seed)).all()
    system = System(machines)
    here: set[Configuration] | None = {system.initial}
    if anywhere:
        here = closure(system, {system.initial}, sends=True)
    if here is None:
        return 0
    try:
        monitor = PartialMonitor(machines, anywhere=anywhere, sends_only=sends_only)
    except TooManyLogPlaces:
        return 0
    steps: list[Step] = [one for one in walk(machines, rng) if one.send or not sends_only]
    steps = steps[rng.randrange(len(steps)) if steps and anywhere else 0 :]
    for count, step in enumerate(steps):
        before = closure(system, here, sends=False) if sends_only else here
        if before is None:
            return count
        here = {after for one in before if (after := system.after(one, step)) is not None}
        found = monitor.make(event_of(step))
        assert (found is None) == bool(here), f"seed {seed}: {step}"
        if not here:
            return count + 1
        last = closure(system, here, sends=False) if sends_only else here
        if last is None:
            return count
        complete = any(system.is_final(one) and not one.queues for one in last)
        assert monitor.complete(None) == complete, f"seed {seed}"
    return len(steps)


def test_logs_that_begin_anywhere() -> None:
    assert sum(agree(seed, anywhere=True, sends_only=False) for seed in range(CASES)) > CASES


def test_logs_of_sends() -> None:
    assert sum(agree(seed, anywhere=False, sends_only=True) for seed in range(CASES)) > CASES


def test_logs_of_sends_that_begin_anywhere() -> None:
    assert sum(agree(seed, anywhere=True, sends_only=True) for seed in range(CASES)) > CASES


def test_whole_logs_are_judged_as_ever() -> None:
    assert sum(agree(seed, anywhere=False, sends_only=False) for seed in range(CASES)) > CASES
