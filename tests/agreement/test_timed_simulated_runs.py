"""No simulated run of a protocol with timeouts shows a fault whose absence a search has proved.

The same is asked of the reference meaning, which judges the ends of runs that files claim to show a
fault. Set `TELLVERIFY_TIMED_SIMULATIONS=1000` to compare as many texts.
"""

from __future__ import annotations

import os
from random import Random

import pytest
from timed_random import RandomTexts, random_rules
from timed_texts import protocol_of, written_of

from tellverify.evidence.timed_fault_run import unshown_timed
from tellverify.evidence.timed_replay import TimedRunReplay
from tellverify.model.fault import Fault
from tellverify.model.scenario_text import parse_scenario
from tellverify.model.timed_text import FirePolicy, LatePolicy, TimedProtocol
from tellverify.model.trace import Trace
from tellverify.obligations.options import Options
from tellverify.obligations.timed_scenarios import check_timed_scenario
from tellverify.obligations.timed_simulated import shown_timed_run
from tellverify.search.scenario_search import ScenarioCheck
from tellverify.search.simulated_run import RunEnding, SimulatedRun
from tellverify.search.timed_events import TimedSettings
from tellverify.search.timed_simulation import TimedSimulator

CASES = int(os.environ.get("TELLVERIFY_TIMED_SIMULATIONS", "100"))
CHUNK = 20
SHAPES = ("plain", "nested", "continued", "several")  # all their configurations are searched
RUNS = 15
OPTIONS = Options(search_limit=6_000, queue_limit=3)
# What the end of a run shows by itself; of a stuck role only where no role can move.
AT_AN_END = (
    Fault.DEADLOCK,
    Fault.STUCK_ROLE,
    Fault.ORPHAN_MESSAGE,
    Fault.UNSPECIFIED_RECEPTION,
)
ANYWHERE = (Fault.ORPHAN_MESSAGE, Fault.UNSPECIFIED_RECEPTION)


def is_refuted(check: ScenarioCheck, fault: Fault, role: str) -> bool:
    if fault is Fault.DEADLOCK:
        return check.deadlock is not None
    if fault is Fault.ORPHAN_MESSAGE:
        return check.orphan is not None
    if fault is Fault.UNSPECIFIED_RECEPTION:
        return check.reception is not None
    assert fault is Fault.STUCK_ROLE
    return role in check.stuck


def replayed(simulator: TimedSimulator, run: SimulatedRun) -> TimedRunReplay:
    policies = LatePolicy.ATTEMPTS, FirePolicy.WAITS
    replay = TimedRunReplay(simulator.protocol, *policies, len(run.moves))
    for step in simulator.steps(run):
        assert replay.make(step) is not None
    return replay


def shown(simulator: TimedSimulator, run: SimulatedRun) -> set[tuple[Fault, str]]:
    """The faults that a file could claim of the end of a run, with their roles."""
    replay = replayed(simulator, run)
    steps, rules = tuple(simulator.steps(run)), simulator.scenario.text
    return {
        (fault, role)
        for fault in (ANYWHERE if run.ending is RunEnding.LIMIT else AT_AN_END)
        for role in simulator.roles
        if not unshown_timed(
            Trace(fault, steps, (role,), "", False, outages=run.outages, scenario=rules), replay
        )
    }


def compared(seed: int) -> tuple[int, int] | None:
    """How many faults runs show, and how many of them under a cut; None if a limit was met."""
    rng = Random(f"simulated {seed}")
    written = written_of(RandomTexts(rng).text(SHAPES[seed % len(SHAPES)]))
    protocol: TimedProtocol = protocol_of(written)
    rules = random_rules(rng, protocol.roles)
    if seed % 2 and "partition" not in rules:
        rules += f", partition {{{rng.choice(protocol.roles)}}} | *"
    scenario = parse_scenario("s", rules)
    check = check_timed_scenario(protocol, scenario, (), OPTIONS)
    assert check is not None
    if not check.complete or check.open_roles:
        return None
    settings = TimedSettings(LatePolicy.ATTEMPTS, bound=50)
    simulator = TimedSimulator(protocol, settings, seed=seed, scenario=scenario, most_events=24)
    faulty = cut = 0
    retold: set[tuple[Fault, tuple[str, ...]]] = set()
    for run in simulator.runs(RUNS):
        words = f"{seed}, run {run.index}: {written} under {rules}"
        found = shown(simulator, run)
        assert [one for one in found if not is_refuted(check, *one)] == [], words
        if run.fault is not None:
            assert (run.fault, run.culprits[0]) in found, words
            if (run.fault, run.culprits) not in retold:
                retold.add((run.fault, run.culprits))
                assert shown_timed_run(simulator, run, OPTIONS).fault is run.fault
        faulty += bool(found)
        cut += bool(found) and any(one.peer for one in run.outages)
    return faulty, cut


@pytest.mark.parametrize("first", range(0, CASES, CHUNK))
def test_runs_show_only_what_a_search_has_refuted(first: int) -> None:
    found = [compared(seed) for seed in range(first, first + CHUNK)]
    decided = [one for one in found if one is not None]
    assert len(decided) >= CHUNK // 3
    assert sum(faulty for faulty, _ in decided) > 10 and sum(cut for _, cut in decided) > 0
