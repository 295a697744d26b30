"""Speed and memory of scenarios with faults, next to the search of the same machines without any.

Usage: python benchmarks/faults.py. One row for each system and scenario: configurations, the
processor time of the verdicts, of these with the runs that show faults (found and replayed), and
of the search alone; the ratio of the first and of the second to the third; and bytes for each
configuration at the peak. Then crashes by omission next to explicit crash flags: the configurations
of both.
"""

from __future__ import annotations

import sys
import time
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path

from tellverify.language.files import inputs
from tellverify.language.workspace import Workspace
from tellverify.model.machine import Machine
from tellverify.model.outage import channels_of
from tellverify.model.scenario import resolved
from tellverify.model.scenario_text import parse_scenario
from tellverify.obligations.machines import Machines
from tellverify.search.breadth_first import Layers, explored
from tellverify.search.encoding import CompiledSystem
from tellverify.search.omission import omission_findings
from tellverify.search.scenario_machines import scenario_machines
from tellverify.search.scenario_search import check_scenario

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "property"))

from fault_systems import echo_broadcast, quorum
from plain_faults import Truth

OTA = """protocol Ota =
  roles C, D[N]
  C -> D[*] : Propose
  D[*] -> C : Ready
  choice C at
    | Commit =>
        C -> D[*] : Commit
    | Abort =>
        C -> D[*] : Abort
"""
ACKED = OTA.replace("Ota", "TwoPhaseCommit").replace(
    "C -> D[*] : Commit\n", "C -> D[*] : Commit\n        D[*] -> C : Ack\n"
)
TWO_PHASE = ACKED.replace("C -> D[*] : Abort\n", "C -> D[*] : Abort\n        D[*] -> C : Ack\n")
_BUDGET = 2_000_000
_ROUNDS = 5


def machines_of(text: str, size: int) -> list[Machine]:
    """The machines of a protocol with a family of so many members."""
    place = Workspace([inputs.decode("bench.tell", text.encode())])
    graph = place.graph(place.protocols()[0], {"D": size}).graph
    if graph is None:
        raise ValueError(text)
    return Machines(graph).all()


def timed(work: Callable[[], object]) -> float:
    """The least processor time of some rounds."""
    seconds = []
    for _ in range(_ROUNDS):
        start = time.process_time()
        work()
        seconds.append(time.process_time() - start)
    return min(seconds)


def row(name: str, machines: Sequence[Machine], rules: str) -> None:
    """Measure one scenario and print what came out."""
    scenario = parse_scenario("bench", rules)

    def under_faults() -> object:
        return check_scenario(machines, scenario, largest_bound=8, budget=_BUDGET)

    def verdicts() -> object:
        roles = [machine.role for machine in machines]
        found = resolved(scenario, roles, channels_of(machines))
        if found is None:
            raise ValueError(rules)
        done = []
        for liars in found.byzantine_sets():
            made = scenario_machines(machines, found, liars)
            done.append(omission_findings(searched(made.machines), made, found, liars))
        return done

    def alone() -> object:
        return searched(machines)

    def searched(machines: Sequence[Machine]) -> Layers:
        bound = 1
        while True:
            search = explored(CompiledSystem(machines, bound), _BUDGET)
            if not search.system.blocked or bound == 8:
                return search
            bound *= 2

    found = check_scenario(machines, scenario, largest_bound=8, budget=_BUDGET)
    if found is None:
        raise ValueError(rules)
    faulty, plain, first = timed(under_faults), timed(alone), timed(verdicts)
    tracemalloc.start()
    under_faults()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    ratio, whole = first / max(plain, 1e-9), faulty / max(plain, 1e-9)
    each = peak / found.configurations
    print(
        f"{name:<20}{rules:<20}{found.configurations:>8,}{first * 1e3:>8.1f}{faulty * 1e3:>8.1f}"
        f"{plain * 1e3:>8.1f}{ratio:>7.2f}{whole:>7.2f}{each:>7.0f}"
    )


def flags(name: str, machines: Sequence[Machine]) -> None:
    """Configurations by omission and with explicit flags."""
    scenario = parse_scenario("bench", "crash <= 1")
    found = check_scenario(machines, scenario, largest_bound=8, budget=_BUDGET)
    start = time.process_time()
    truth = Truth(machines, scenario, limit=200_000)
    seconds = time.process_time() - start
    count = found.configurations if found is not None else 0
    print(f"{name:<24}{count:>9,}{truth.situations:>12,}{seconds:>10.1f}")


def main() -> None:
    """Print all rows."""
    head = ("system", "scenario", "conf.", "ms", "runs", "alone", "ratio", "runs", "bytes")
    print("{:<20}{:<20}{:>8}{:>8}{:>8}{:>8}{:>7}{:>7}{:>7}".format(*head))
    row("ota(3)", machines_of(OTA, 3), "crash <= 1")
    row("2PC(5)", machines_of(TWO_PHASE, 5), "crash <= 1")
    row("2PC(8)", machines_of(TWO_PHASE, 8), "crash <= 1")
    row("ota(3)", machines_of(OTA, 3), "partition {C} | *")
    row("ota(3)", machines_of(OTA, 3), "loss on C -> D[0]")
    row("ota(3)", machines_of(OTA, 3), "loss")
    row("ota(3)", machines_of(OTA, 3), "byzantine of C")
    row("quorum 4 of 5", quorum(4, 5), "crash <= 1 of W")
    row("echo broadcast, 3", echo_broadcast(3), "byzantine of S")
    print()
    print("{:<24}{:>9}{:>12}{:>10}".format("one crash", "omission", "flags", "s flags"))
    for size in (2, 3):
        flags(f"2PC({size})", machines_of(TWO_PHASE, size))


if __name__ == "__main__":
    main()
