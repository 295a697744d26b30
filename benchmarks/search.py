"""Speed and memory of the search for configurations, next to other ways to the same answer.

Usage: python benchmarks/search.py [PARTICIPANTS]. Prints

- one row for each system: configurations, configurations a second of processor time, bytes for each
  stored configuration, the same speed of a search through `tellverify.model.semantics` (stopped
  early), and the ratio of the two speeds;
- the search by numpy, where it is installed, on the systems that it is selected for;
- how many configurations reductions leave of independent workers;
- `check --machines`, as a whole process, on pairs of roles that exchange messages;
- SPIN on the same machines, where it is installed, as a whole process against a whole process.

`python benchmarks/search.py --alone FILE BOUND` searches the machines of a file and prints how many
configurations there are: the process that is timed against SPIN.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from promela import promela

from tellverify.formats.machine_files import FileFault, read_machines
from tellverify.formats.machine_json import write_machine
from tellverify.model.fault import Fault
from tellverify.model.graph import ProtocolGraph, graph_from_edges
from tellverify.model.machine import Action, Machine
from tellverify.model.semantics import System
from tellverify.projection.subset import bounded_machine
from tellverify.search.breadth_first import DENSE_FROM, LayeredSearch, Layers, explored
from tellverify.search.counterexample import find_faults
from tellverify.search.encoding import CompiledSystem
from tellverify.search.reduction import ReducedSearch, Reduction, idle_configurations
from tellverify.search.symmetry import symmetry_of

BUDGET = 1_000_000
REFERENCE_BUDGET = 20_000


def two_phase_commit(participants: int) -> ProtocolGraph:
    """`C` prepares all participants, collects all votes in order, then tells all the decision."""
    names = [f"P{index}" for index in range(participants)]
    edges: list[tuple[int, str, str, str, int]] = []
    for state, name in enumerate(names):
        edges.append((state, "C", name, "prepare", state + 1))
    all_yes, some_no = participants, -1
    states = participants + 1
    for name in names:
        yes, no = states, states + 1
        states += 2
        edges.append((all_yes, name, "C", "yes", yes))
        edges.append((all_yes, name, "C", "no", no))
        if some_no >= 0:
            edges.append((some_no, name, "C", "yes", no))
            edges.append((some_no, name, "C", "no", no))
        all_yes, some_no = yes, no
    final = set()
    for state, decision in ((all_yes, "commit"), (some_no, "abort")):
        for name in names:
            edges.append((state, "C", name, decision, states))
            state, states = states, states + 1
        final.add(state)
    return graph_from_edges(edges, final=final, name="two-phase commit")


def pipeline(roles: int) -> ProtocolGraph:
    """Items pass from the first role to the last, without end."""
    edges = [
        (role, f"R{role}", f"R{role + 1}", "item", (role + 1) % (roles - 1))
        for role in range(roles - 1)
    ]
    return graph_from_edges(edges, final=set(), name="pipeline")


class Measured(NamedTuple):
    configurations: int
    speed: float
    memory: float


def machines_of(graph: ProtocolGraph) -> tuple[Machine, ...]:
    found = [bounded_machine(graph, role, BUDGET) for role in graph.roles]
    return tuple(machine for machine in found if machine is not None)


def searched(machines: Sequence[Machine], bound: int) -> LayeredSearch:
    search = LayeredSearch(CompiledSystem(machines, bound), BUDGET)
    while not search.exhausted and not search.overflow:
        search.advance()
    return search


def fast(machines: Sequence[Machine], bound: int) -> Measured:
    """Best of three for time; another pass for memory, since tracing slows the search down."""
    seconds = []
    for _ in range(3):
        start = time.process_time()
        count = searched(machines, bound).count
        seconds.append(time.process_time() - start)
    tracemalloc.start()
    search = searched(machines, bound)
    current, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return Measured(search.count, count / min(seconds), current / search.count)


def reference(machines: Sequence[Machine], bound: int) -> float:
    """Configurations a second of a plain search, up to a budget."""
    system = System(machines)
    start = time.process_time()
    seen = {system.initial}
    stack = [system.initial]
    for configuration in stack:
        for _, successor in system.enabled(configuration):
            short = all(len(queue) <= bound for _, queue in successor.queues)
            if short and successor not in seen:
                seen.add(successor)
                stack.append(successor)
        if len(seen) > REFERENCE_BUDGET:
            break
    return len(seen) / (time.process_time() - start)


def rows_of_systems(participants: int) -> None:
    systems = [
        (
            f"2PC, {participants} participants, queues <= {bound}",
            two_phase_commit(participants),
            bound,
        )
        for bound in (1, 2, 4)
    ]
    systems.append(("pipeline of 7, queues <= 4", pipeline(7), 4))
    systems.append(("2PC, 24 participants, queues <= 2", two_phase_commit(24), 2))
    print(
        f"{'system':<42}{'config.':>10}{'config./s':>12}{'bytes':>7}{'reference/s':>13}{'ratio':>7}"
    )
    for name, graph, bound in systems:
        machines = machines_of(graph)
        measured, plain = fast(machines, bound), reference(machines, bound)
        print(
            f"{name:<42}{measured.configurations:>10}{measured.speed:>12.0f}"
            f"{measured.memory:>7.0f}{plain:>13.0f}{measured.speed / plain:>7.1f}"
        )
        if find_spec("numpy") is not None and measured.configurations > DENSE_FROM:
            row_by_numpy(machines, bound, plain)


def row_by_numpy(machines: Sequence[Machine], bound: int, plain: float) -> None:
    from tellverify.search.numpy_search import DenseSearch, NumpyLayout

    if not NumpyLayout(CompiledSystem(machines, bound)).fits:
        print("    by numpy: not selected, a configuration has more than 63 bits")
        return
    seconds, search = [], None
    for _ in range(3):
        start = time.process_time()
        search = DenseSearch(CompiledSystem(machines, bound), BUDGET)
        while not search.exhausted and not search.overflow:
            search.advance()
        seconds.append(time.process_time() - start)
    assert search is not None
    speed = search.count / min(seconds)
    memory = sum(array.nbytes for array in search.arrays) / search.count
    name = "    by numpy"
    print(f"{name:<42}{search.count:>10}{speed:>12.0f}{memory:>7.0f}{'':>13}{speed / plain:>7.1f}")


def independent_workers(count: int) -> tuple[Machine, ...]:
    """`Boss[i]` gives `Worker[i]` one piece of work and waits for its answer."""
    work, done = "work", "done"
    found = []
    for number in range(count):
        boss, worker = f"Boss[{number}]", f"Worker[{number}]"
        ask = (((Action(True, worker, work), 1),), ((Action(False, worker, done), 2),), ())
        answer = (((Action(False, boss, work), 1),), ((Action(True, boss, done), 2),), ())
        found += [Machine(boss, ask, (False, False, True))]
        found += [Machine(worker, answer, (False, False, True))]
    return tuple(found)


def one_boss(count: int) -> tuple[Machine, ...]:
    """`Boss` gives work to all, and collects the answers in order."""
    rows: list[tuple[tuple[Action, int], ...]] = []
    for send, label in ((True, "work"), (False, "done")):
        for number in range(count):
            rows.append(((Action(send, f"Worker[{number}]", label), len(rows) + 1),))
    final = (*((False,) * len(rows)), True)
    workers = [
        Machine(
            f"Worker[{number}]",
            (((Action(False, "Boss", "work"), 1),), ((Action(True, "Boss", "done"), 2),), ()),
            (False, False, True),
        )
        for number in range(count)
    ]
    return (Machine("Boss", (*rows, ()), final), *workers)


def rows_of_reductions() -> None:
    print(f"\n{'reduction':<42}{'config.':>10}{'of':>10}{'fewer':>10}")
    families = (
        ("8 independent pairs", independent_workers(8)),
        ("one boss, 8 workers", one_boss(8)),
    )
    for name, machines in families:
        system = CompiledSystem(machines, 1)
        whole = explored(system, BUDGET).count
        symmetry = symmetry_of(system)
        kinds = [("persistent sets", Reduction.ENDINGS, None), ("stable", Reduction.STABLE, None)]
        if symmetry is not None:
            kinds.append(("symmetry alone", Reduction.NONE, symmetry))
            kinds.append(("persistent sets, symmetry", Reduction.ENDINGS, symmetry))
        for kind, reduction, used in kinds:
            search = ReducedSearch(CompiledSystem(machines, 1), reduction, BUDGET, used)
            ends = list(idle_configurations(search))
            assert len(ends) == 1 and ends[0].is_finished
            left = len(search.parents)
            print(f"{f'{name}: {kind}':<42}{left:>10}{whole:>10}{whole / left:>9.0f}x")


def exchanges(labels: int, depth: int, pairs: int, *, cycle: bool) -> tuple[Machine, ...]:
    """Pairs that send each other `depth` messages of `labels` kinds each before they receive.

    With `cycle` they begin anew. No role speaks to one of another pair.
    """
    found = []
    for number in range(pairs):
        ends = (f"Left{number}", f"Right{number}")
        for me, peer in (ends, ends[::-1]):
            rows: list[tuple[tuple[Action, int], ...]] = []
            for place in range(2 * depth):
                send = place < depth
                after = (place + 1) % (2 * depth) if cycle else place + 1
                sender = me if send else peer
                kinds = [f"{sender}.{kind}" for kind in range(labels)]
                rows.append(tuple((Action(send, peer, kind), after) for kind in kinds))
            if not cycle:
                rows.append(())
            found.append(Machine(me, tuple(rows), tuple(not row for row in rows)))
    return tuple(found)


EXCHANGES = ((1, 10, 10), (1, 20, 10), (1, 10, 20), (2, 4, 2), (8, 2, 2))


def rows_of_exchanges() -> None:
    """`check --machines` as a whole process on systems that fall apart into pairs."""
    print(f"\n{'messages, depth, pairs: check --machines':<42}{'verdict':>10}{'s':>10}")
    for labels, depth, pairs in EXCHANGES:
        for cycle in (False, True):
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder) / "machines.json"
                machines = exchanges(labels, depth, pairs, cycle=cycle)
                file.write_text("\n".join(map(write_machine, machines)), encoding="utf-8")
                check = ["check", "--isolated", "--no-cache", "--machines", str(file)]
                said, seconds = timed([[sys.executable, "-m", "tellverify", *check]])
            proved = all(f"0 {word} " in f"{said} " for word in ("refuted", "bounded", "unknown"))
            name = f"{labels}, {depth}, {pairs}{', in a cycle' if cycle else ''}"
            print(f"{name:<42}{'proved' if proved else 'not proved':>10}{seconds:>10.2f}")


def alone(path: str, bound: int) -> Layers:
    """Search the machines of a file."""
    found = read_machines(Path(path).read_text(encoding="utf-8"))
    if isinstance(found, FileFault):
        raise SystemExit(f"{path}: {found.reason}")
    return explored(CompiledSystem([each.machine for each in found], bound), 10**7)


def rows_against_spin(participants: int) -> None:
    if not (shutil.which("spin") and shutil.which("gcc")):
        print("\nSPIN: not measured, since spin or gcc is not installed")
        return
    print(f"\n{'whole processes':<42}{'states':>10}{'SPIN s':>10}{'ours s':>10}{'ratio':>7}")
    for count in (4, participants):
        machines = machines_of(two_phase_commit(count))
        with tempfile.TemporaryDirectory() as folder:
            theirs, spin_seconds = by_spin(machines, Path(folder))
            file = Path(folder) / "machines.json"
            file.write_text("\n".join(map(write_machine, machines)), encoding="utf-8")
            command = [sys.executable, __file__, "--alone", str(file), "1"]
            ours, our_seconds = timed([command])
        assert int(ours.split()[0]) == theirs, "not as many states as SPIN"
        name = f"2PC, {count} participants, queues <= 1"
        print(
            f"{name:<42}{theirs:>10}{spin_seconds:>10.2f}{our_seconds:>10.2f}"
            f"{spin_seconds / our_seconds:>7.1f}"
        )


def by_spin(machines: Sequence[Machine], folder: Path) -> tuple[int, float]:
    """Stored states, and the time to generate, compile and run the verifier."""
    (folder / "m.pml").write_text(promela(machines, 1), encoding="utf-8")
    build = ["gcc", "-O2", "-DSAFETY", "-DNOREDUCE", "-DMEMLIM=8192", "-o", "pan", "pan.c"]
    output, seconds = timed([["spin", "-a", "m.pml"], build, ["./pan", "-m1000000"]], folder)
    stored = next(line for line in output.splitlines() if "states, stored" in line)
    return int(stored.split()[0]), seconds


def timed(commands: Sequence[Sequence[str]], folder: Path | None = None) -> tuple[str, float]:
    """What the last command prints, and the median time of all of them one after the other."""
    seconds, output = [], ""
    for _ in range(3):
        start = time.perf_counter()
        for command in commands:
            done = subprocess.run(
                command, cwd=folder, check=True, stdout=subprocess.PIPE, text=True
            )
            output = done.stdout
        seconds.append(time.perf_counter() - start)
    return output, statistics.median(seconds)


def main() -> None:
    if sys.argv[1:2] == ["--alone"]:
        search = alone(sys.argv[2], int(sys.argv[3]))
        print(search.count, "configurations")
        return
    participants = int(sys.argv[1]) if len(sys.argv) > 1 else 8
    rows_of_systems(participants)
    graph = two_phase_commit(min(participants, 6))
    start = time.process_time()
    wanted = frozenset({Fault.INFIDELITY})
    found = find_faults(graph, machines_of(graph), wanted=wanted, depth_limit=None, budget=BUDGET)
    seconds = time.process_time() - start
    print(
        f"histories with the fidelity monitor: {found.histories}, {found.histories / seconds:.0f}/s"
    )
    rows_of_reductions()
    rows_of_exchanges()
    rows_against_spin(participants)


if __name__ == "__main__":
    main()
