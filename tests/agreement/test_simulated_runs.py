"""Simulated runs are runs of the reference semantics and of their scenario, and what they show a
search has found too.
"""

from __future__ import annotations

import pytest
from plain_faults import random_scenario
from systems import random_system

from tellverify.evidence.divergence import replay
from tellverify.model.decision import parse_decision
from tellverify.model.fault import Fault
from tellverify.model.machine import Action, Machine
from tellverify.model.outage import channels_of, departure_from
from tellverify.model.scenario import Scenario, resolved
from tellverify.model.scenario_text import parse_scenario
from tellverify.model.semantics import System
from tellverify.search.breadth_first import LayeredSearch, explored
from tellverify.search.encoding import CompiledSystem
from tellverify.search.numpy_search import DenseSearch, NumpyLayout
from tellverify.search.omission import OmissionFindings, omission_findings
from tellverify.search.random_walk import ScheduleKind
from tellverify.search.scenario_machines import scenario_machines
from tellverify.search.scenario_search import check_scenario
from tellverify.search.simulated_faults import shown_run
from tellverify.search.simulated_run import RunEnding
from tellverify.search.simulation import Simulator

RUNS = 15


@pytest.mark.parametrize("schedule", list(ScheduleKind))
@pytest.mark.parametrize("seed", range(0, 40, 2))
def test_simulated_runs_keep_to_machines_and_scenario(seed: int, schedule: ScheduleKind) -> None:
    machines = random_system(seed)
    roles = [machine.role for machine in machines]
    scenario = random_scenario(seed, roles) if seed % 4 else Scenario()
    rule = parse_decision("agreement(a, b)")
    assert rule is not None
    simulator = Simulator(
        machines,
        seed=seed,
        schedule=schedule,
        scenario=scenario,
        decisions=[rule],
        most_events=60,
    )
    check = check_scenario(machines, scenario, [rule], largest_bound=8, budget=20_000)
    assert check is not None
    for run in simulator.runs(RUNS):
        steps = simulator.steps(run)
        made = replay(steps, machines)
        assert made.divergence is None
        assert departure_from(scenario, machines, steps, run.outages) == ""
        if not scenario.rules and run.ending is not RunEnding.LIMIT:
            assert not list(System(machines).enabled(made.configuration))
        if run.fault is None:
            continue
        trace = shown_run(simulator, run, 20_000)
        assert len(trace.steps) <= len(steps) and trace.fault is run.fault
        if not check.complete:
            continue
        found = {
            Fault.STUCK_ROLE: bool(check.stuck),
            Fault.ORPHAN_MESSAGE: check.orphan is not None,
            Fault.UNSPECIFIED_RECEPTION: check.reception is not None,
            Fault.DISAGREEMENT: bool(check.decisions),
        }
        assert found[run.fault]


@pytest.mark.parametrize("schedule", list(ScheduleKind))
def test_nothing_comes_through_a_channel_that_is_cut(schedule: ScheduleKind) -> None:
    """`B` sends in between, so that it comes to wait where a message has arrived already."""

    def line(role: str, *actions: Action) -> Machine:
        rows = tuple(((action, at),) for at, action in enumerate(actions, start=1))
        return Machine(role, (*rows, ()), (False,) * len(rows) + (True,))

    x, y = (Action(False, "A", label) for label in "xy")
    machines = (
        line("A", Action(True, "B", "x"), Action(True, "B", "y")),
        line("B", Action(True, "C", "z"), x, y),
        line("C"),
    )
    scenario = parse_scenario("s", "partition {A} | {B}")
    simulator = Simulator(machines, seed=1, schedule=schedule, scenario=scenario, most_events=20)
    moments = set()
    for run in simulator.runs(60):
        steps = simulator.steps(run)
        assert departure_from(scenario, machines, steps, run.outages) == ""
        for outage in run.outages:
            moments.add(outage.after)
            assert all(step.send for step in steps[outage.after :])
        assert run.outages or sum(not step.send for step in steps) == 2
    assert len(moments) > 2


def test_a_schedule_and_a_seed_decide_a_run() -> None:
    machines = random_system(6)
    one, same, other = (Simulator(machines, seed=seed, most_events=40) for seed in (1, 1, 2))
    assert list(one.runs(10)) == list(same.runs(10)) == [one.run(n) for n in range(10)]
    assert list(one.runs(10)) != list(other.runs(10))


def test_the_search_by_numpy_gives_the_same_failures() -> None:
    compared = 0
    for seed in range(30):
        machines = random_system(seed)
        scenario = random_scenario(4 * seed, [machine.role for machine in machines])
        allowed = resolved(scenario, [m.role for m in machines], channels_of(machines))
        assert allowed is not None
        made = scenario_machines(machines, allowed, frozenset())
        system = CompiledSystem(made.machines, 2)
        if system.has_faults or not NumpyLayout(system).fits:
            continue
        found = []
        for search in (LayeredSearch(system, 3_000), DenseSearch(system, 3_000)):
            while not search.exhausted and not search.overflow:
                search.advance()
            found.append(omission_findings(search, made, allowed, frozenset()))
        assert lengths(found[0]) == lengths(found[1])
        compared += 1
    assert compared > 5


def test_tables_of_the_search_give_the_failures_of_tables_of_their_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Small searches are judged by the moves that they have looked up already."""
    compared = 0
    for seed in range(30):
        machines = random_system(seed)
        scenario = random_scenario(4 * seed, [machine.role for machine in machines])
        allowed = resolved(scenario, [m.role for m in machines], channels_of(machines))
        assert allowed is not None
        made = scenario_machines(machines, allowed, frozenset())
        search = explored(CompiledSystem(made.machines, 2), 250)
        found = []
        for few in (300, 0):
            monkeypatch.setattr("tellverify.search.omission_values._FEW", few)
            found.append(omission_findings(search, made, allowed, frozenset()))
        assert found[0] == found[1]
        compared += not search.system.has_faults
    assert compared > 10


def lengths(found: OmissionFindings) -> object:
    deadlock = None if found.deadlock is None else found.deadlock.depth
    stuck = {role: run.depth for role, run in found.stuck.items()}
    return deadlock, stuck, {failed: run.depth for failed, run in found.by_failure.items()}
