"""The protocol machine against the reference semantics and the search, in all three modes."""

from __future__ import annotations

import io
import random

import pytest
from graphs import random_graph
from plain_search import shortest_faults

from tellverify.evidence.divergence import replay
from tellverify.evidence.event_log import read_log, write_log
from tellverify.evidence.monitor import Monitor
from tellverify.model.fault import Fault
from tellverify.model.machine import Action, Machine
from tellverify.model.semantics import System
from tellverify.model.step import Step
from tellverify.obligations.machines import Machines
from tellverify.runtime.chooser import Scripted, Seeded, Unscripted
from tellverify.runtime.envelope import envelope_diff
from tellverify.runtime.executor import Execution, ExecutionEnding, Executor
from tellverify.runtime.mode import ExecutionPolicy, Mode

POLICIES = (
    ExecutionPolicy("c", Mode.COOPERATIVE, 1, 1),
    ExecutionPolicy("r", Mode.REPLAY_DETERMINISTIC, 2, 2),
    ExecutionPolicy("e", Mode.ENVELOPE_BOUNDED, 4, 4),
)
CASES = 1_500
LIMIT = 60


def executed(machines: list[Machine], policy: ExecutionPolicy, seed: int) -> Execution:
    return Executor(machines).run(policy, Seeded(seed), seed=seed, limit=LIMIT)


def words(steps: tuple[Step, ...]) -> dict[str, list[Action]]:
    found: dict[str, list[Action]] = {}
    for step in steps:
        peer = step.receiver if step.send else step.sender
        found.setdefault(step.actor, []).append(Action(step.send, peer, step.label))
    return found


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: str(policy.mode))
def test_executions_are_runs_and_end_as_the_semantics_says(policy: ExecutionPolicy) -> None:
    for seed in range(CASES):
        machines = Machines(random_graph(seed, in_class=seed % 3 > 0)).all()
        system = System(machines)
        done = executed(machines, policy, seed)
        again = replay(done.steps, machines)
        assert again.divergence is None, f"seed {seed}"
        assert again.configuration == done.configuration, f"seed {seed}"
        assert sum(done.waves) == len(done.steps), f"seed {seed}"
        assert max(done.waves, default=0) <= policy.waves, f"seed {seed}"
        able = next(system.enabled(done.configuration), None) is not None
        final = system.is_final(done.configuration) and not done.configuration.queues
        if done.ending is ExecutionEnding.LIMIT:
            assert len(done.steps) == LIMIT, f"seed {seed}"
        else:
            assert not able, f"seed {seed}"
            assert (done.ending is ExecutionEnding.COMPLETE) == final, f"seed {seed}"


def test_an_execution_gets_stuck_exactly_where_the_search_knows_a_fault() -> None:
    stuck = searched = 0
    for seed in range(CASES // 2):
        machines = Machines(random_graph(seed, in_class=seed % 3 > 0)).all()
        faults, depth = shortest_faults(machines, 12, 200)
        if depth is not None:
            continue  # not everything was searched
        searched += 1
        ends = {
            executed(machines, policy, seed + n).ending for policy in POLICIES for n in range(4)
        }
        known = faults.keys() & {
            Fault.DEADLOCK,
            Fault.ORPHAN_MESSAGE,
            Fault.UNSPECIFIED_RECEPTION,
            Fault.STUCK_ROLE,
        }
        if not known:
            assert ends <= {ExecutionEnding.COMPLETE, ExecutionEnding.LIMIT}, f"seed {seed}"
        if ExecutionEnding.STUCK in ends:
            stuck += 1
            assert known, f"seed {seed}"
    assert stuck > 50
    assert searched > 150


def test_logs_of_executions_replay() -> None:
    for seed in range(CASES):
        machines = Machines(random_graph(seed)).all()
        done = executed(machines, POLICIES[seed % 3], seed)
        text = "".join(write_log(done.steps, protocol="P", session=seed)).encode()
        monitor = Monitor(machines)
        for _, event in read_log(io.BytesIO(text)):
            assert monitor.make(event) is None, f"seed {seed}"
        if done.steps:
            complete = monitor.complete(seed)
            if done.ending is not ExecutionEnding.LIMIT:
                assert complete == (done.ending is ExecutionEnding.COMPLETE), f"seed {seed}"


def test_schedules_of_all_modes_are_equal_up_to_independent_events() -> None:
    """Two runs over FIFO channels differ by swaps of independent events if and only if every role
    does the same in both (Mazurkiewicz, 1977): the n-th receive takes what the n-th send sent."""
    compared = 0
    for seed in range(CASES):
        machines = Machines(random_graph(seed)).all()
        if any(_races(machine) for machine in machines):
            continue
        runs = [executed(machines, policy, seed) for policy in POLICIES]
        if any(run.ending is ExecutionEnding.LIMIT for run in runs):
            continue
        compared += 1
        first = words(runs[0].steps)
        for run in runs[1:]:
            assert words(run.steps) == first, f"seed {seed}"
            assert run.configuration == runs[0].configuration, f"seed {seed}"
    assert compared > 500


def test_the_envelope_finds_what_is_not_equal_up_to_swaps() -> None:
    """Against swapping: runs are equal if and only if adjacent swaps lead from one to the other."""
    differing = 0
    for seed in range(300):
        machines = Machines(random_graph(seed, max_states=5)).all()
        runs = [executed(machines, policy, seed + n) for n in (0, 1) for policy in POLICIES]
        first = runs[0]
        for run in runs[1:]:
            if max(len(first.steps), len(run.steps)) > 9:
                continue
            diff = envelope_diff(run, first, POLICIES[2])
            swapped = run.steps in _class_of(first.steps)
            assert (not diff.differing) == swapped, f"seed {seed}"
            differing += not swapped
    assert differing > 50


def _class_of(steps: tuple[Step, ...]) -> set[tuple[Step, ...]]:
    """All orders that swaps of neighbours lead to; a receive stays behind what it takes."""
    seen = {steps}
    work = [steps]
    while work:
        run = work.pop()
        for index in range(len(run) - 1):
            left, right = run[index], run[index + 1]
            if left.actor == right.actor or _takes(run, index):
                continue
            other = (*run[:index], right, left, *run[index + 2 :])
            if other not in seen:
                seen.add(other)
                work.append(other)
    return seen


def _takes(run: tuple[Step, ...], index: int) -> bool:
    """Whether the step behind `index` takes the very message that the one at `index` sends."""
    left, right = run[index], run[index + 1]
    channel = (left.sender, left.receiver)
    if not left.send or right.send or (right.sender, right.receiver) != channel:
        return False
    before = [step for step in run[:index] if (step.sender, step.receiver) == channel]
    sent = sum(step.send for step in before)
    return sent == len(before) - sent


def _races(machine: Machine) -> bool:
    """Whether a role has sends and receives in one state, or awaits two roles there."""
    for row in machine.moves:
        if len({action.send for action, _ in row}) > 1:
            return True
        if len({action.peer for action, _ in row if not action.send}) > 1:
            return True
    return False


def test_equal_seeds_give_equal_logs_and_the_envelope_has_several_schedules() -> None:
    several = 0
    for seed in range(300):
        machines = Machines(random_graph(seed)).all()
        for policy in POLICIES:
            assert executed(machines, policy, seed) == executed(machines, policy, seed)
        chooser = Seeded(seed)
        schedules = {
            Executor(machines).run(POLICIES[2], chooser, seed=other, limit=LIMIT).steps
            for other in range(5)
        }
        several += len(schedules) > 1
    assert several > 50


def test_a_script_decides_what_it_names_and_no_more() -> None:
    for seed in range(300):
        rng = random.Random(seed)
        machines = Machines(random_graph(seed)).all()
        script = [rng.choice("abc") for _ in range(5)]
        chooser = Scripted(script, seed)
        try:
            done = Executor(machines).run(POLICIES[0], chooser, limit=LIMIT)
        except Unscripted as error:
            assert error.wanted not in error.options, f"seed {seed}"
            continue
        decided = len(script) - len(chooser.unused)
        assert decided <= len([s for s in done.steps if s.send]), f"seed {seed}"
