"""Speed of simulated runs, next to the same runs stepped by the reference replay.

Usage: python benchmarks/simulate.py [RUNS]. One row for each system and schedule: events a second
of processor time, runs a second, and the ratio to the replay of the same events through
`tellverify.evidence.trace_replay`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tellverify.evidence.divergence import replay
from tellverify.model.machine import Machine
from tellverify.model.scenario_text import parse_scenario
from tellverify.search.random_walk import ScheduleKind
from tellverify.search.simulation import Simulator

sys.path.insert(0, str(Path(__file__).resolve().parent))

from faults import OTA, TWO_PHASE, machines_of, quorum


def row(
    name: str, machines: Sequence[Machine], schedule: ScheduleKind, runs: int, rules: str
) -> None:
    """Measure one system and print what came out."""
    scenario = parse_scenario("bench", rules) if rules else None
    simulator = Simulator(machines, seed=1, schedule=schedule, scenario=scenario)
    best = 0.0
    events = 0
    for _ in range(3):
        start = time.process_time()
        events = sum(len(run.moves) for run in simulator.runs(runs))
        best = max(best, events / max(time.process_time() - start, 1e-9))
    stepped = [simulator.steps(run) for run in simulator.runs(min(runs, 300))]
    start = time.process_time()
    for steps in stepped:
        replay(steps, machines)
    slow = sum(map(len, stepped)) / max(time.process_time() - start, 1e-9)
    print(
        f"{name:<16}{rules or 'no faults':<20}{schedule:<10}{best:>12,.0f}"
        f"{best * runs / max(events, 1):>10,.0f}{best / slow:>8.1f}"
    )


def main() -> None:
    """Print all rows."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 3_000
    head = ("system", "scenario", "schedule", "events/s", "runs/s", "ratio")
    print("{:<16}{:<20}{:<10}{:>12}{:>10}{:>8}".format(*head))
    for name, machines in (
        ("ota(3)", machines_of(OTA, 3)),
        ("ota(8)", machines_of(OTA, 8)),
        ("2PC(8)", machines_of(TWO_PHASE, 8)),
        ("quorum 4 of 5", list(quorum(4, 5))),
    ):
        for schedule in ScheduleKind:
            row(name, machines, schedule, runs, "")
        row(name, machines, ScheduleKind.PCT, runs, "crash <= 1")
    row("ota(3)", machines_of(OTA, 3), ScheduleKind.PCT, runs, "loss <= 1")


if __name__ == "__main__":
    main()
