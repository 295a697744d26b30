"""Simulated runs of random protocols with timeouts are runs of the reference meaning."""

from __future__ import annotations

import pytest
from timed_random import random_text
from timed_texts import protocol_of, written_of

from tellverify.evidence.timed_replay import TimedRunReplay
from tellverify.model.fault import Fault
from tellverify.model.scenario import Scenario
from tellverify.model.scenario_text import parse_scenario
from tellverify.search.random_walk import ScheduleKind
from tellverify.search.simulated_run import RunEnding
from tellverify.search.timed_events import TimedSettings
from tellverify.search.timed_rows import FirePolicy, LatePolicy, TooManyTimedPlaces
from tellverify.search.timed_simulation import TimedSimulator

EVENTS = 24


@pytest.mark.parametrize("first", range(0, 60, 20))
def test_runs_are_those_of_the_reference_meaning(first: int) -> None:
    made = 0
    for seed in range(first, first + 20):
        protocol = protocol_of(written_of(random_text(seed)))
        late = list(LatePolicy)[seed % 3]
        pair = " -> ".join(protocol.roles[:2])
        scenario = parse_scenario("s", f"loss <= 1 on {pair}") if seed % 2 else Scenario()
        try:
            simulator = TimedSimulator(
                protocol,
                TimedSettings(late, bound=50),
                seed=seed,
                schedule=list(ScheduleKind)[seed % 2],
                scenario=scenario,
                most_events=EVENTS,
            )
            runs = list(simulator.runs(4))
        except TooManyTimedPlaces:
            continue
        for run in runs:
            replay = TimedRunReplay(protocol, late, FirePolicy.WAITS, len(run.moves))
            for step in simulator.steps(run):
                assert replay.make(step) is not None, (seed, run.index, step)
            assert replay.idle() == (run.ending is not RunEnding.LIMIT), (seed, run.index)
            made += 1
    assert made >= 40


@pytest.mark.parametrize(
    ("first", "rules", "stuck"),
    [
        ("W->C Ask; ", "crash of C", True),
        ("", "crash of C", False),
        ("", "crash of C, engaged-only = false", True),
    ],
)
def test_a_role_waits_once_it_has_acted(first: str, rules: str, stuck: bool) -> None:
    simulator = TimedSimulator(
        protocol_of(f"{first}C->W Answer; C(W->C Ready / C->W No)"),
        TimedSettings(),
        scenario=parse_scenario("s", rules),
    )
    found = {run.culprits for run in simulator.runs(40) if run.fault is Fault.STUCK_ROLE}
    assert found == ({("W",)} if stuck else set())
