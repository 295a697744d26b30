"""Random runs of machines, with and without faults: the compiled moves, one event after the other.

A run is given by a seed and an index, in any process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from tellverify.model.decision import DecisionRule
from tellverify.model.delivery import Delivery
from tellverify.model.failure import OutageKind
from tellverify.model.graph import ProtocolGraph
from tellverify.model.machine import Machine
from tellverify.model.outage import channels_of
from tellverify.model.scenario import ResolvedScenario, Scenario, resolved
from tellverify.model.step import Step
from tellverify.search.random_walk import RandomWalk, ScheduleKind, WalkRules
from tellverify.search.run_judgement import RunJudge
from tellverify.search.run_numbers import RunNumbers
from tellverify.search.run_rows import CompiledRows
from tellverify.search.scenario_machines import scenario_machines
from tellverify.search.simulated_run import RunEnding, SimulatedRun
from tellverify.search.traces import step_of

MOST_EVENTS: Final = 10_000
_PROBES: Final = (-1, -2, -3, -4)  # the indices of runs that say how long runs are


def usual_length(run: Callable[[int], SimulatedRun], *, has_faults: bool) -> int:
    """How many events runs have; failures are drawn among as many.

    Under faults it is that of the longest of some runs, as a run may fail soon, and of those that
    end, as a failure may keep others busy without end.
    """
    found = [run(index) for index in (_PROBES if has_faults else _PROBES[:1])]
    ended = [one for one in found if one.ending is not RunEnding.LIMIT]
    return max(1, *(len(one.moves) for one in ended or found))


class CountedMove(NamedTuple):
    """A move of runs, by number, as statistics count it; one without a label is no message."""

    number: int
    role: str
    send: bool
    peer: str
    label: str
    delivery: Delivery = Delivery.FIFO
    branch: str = ""


class Simulator:
    """Runs of `machines` under `scenario`, each given by the seed and its index.

    `decisions` are watched as well. Raises ValueError for a scenario that names a member that no
    family has, MachineTooLarge and TooManyFaultSets as `check_scenario` does.
    """

    def __init__(
        self,
        machines: Sequence[Machine],
        *,
        seed: int = 0,
        schedule: ScheduleKind = ScheduleKind.PCT,
        scenario: Scenario | None = None,
        decisions: Sequence[DecisionRule] = (),
        most_events: int = MOST_EVENTS,
        graph: ProtocolGraph | None = None,
    ) -> None:
        self.machines = tuple(machines)
        self.roles = tuple(machine.role for machine in machines)
        self.scenario = scenario or Scenario()
        self.decisions = tuple(decisions)
        self.seed = seed
        self.schedule = schedule
        self.graph = graph
        found = resolved(self.scenario, self.roles, channels_of(machines))
        if found is None:
            raise ValueError("the scenario names a member that no family has")
        self.resolved: ResolvedScenario = found
        self._rules = WalkRules(self.roles, found, schedule, self.decisions, most_events)
        self._sets = list(found.byzantine_sets())  # one at least, if only the empty one
        self._known: dict[frozenset[str], CompiledRows] = {}
        self._judges: dict[frozenset[str], RunJudge] = {}
        self.length = 1
        self.length = usual_length(self.run, has_faults=bool(self.scenario.rules))

    def runs(self, count: int, start: int = 0) -> Iterator[SimulatedRun]:
        """The runs with the indices from `start` on."""
        for index in range(start, start + count):
            yield self.run(index)

    def run(self, index: int) -> SimulatedRun:
        """The run with an index; equal in every process."""
        numbers = RunNumbers(self.seed, index)
        sets = self._sets
        liars = numbers.one_of(sets) if len(sets) > 1 else sets[0]
        compiled = self.compiled(liars)
        judge = self._judges[liars]
        return RandomWalk(self._rules, compiled, numbers, self.length).run(index, judge)

    def compiled(self, liars: frozenset[str]) -> CompiledRows:
        """The rows of the machines when `liars` are Byzantine."""
        known = self._known.get(liars)
        if known is None:
            made = scenario_machines(self.machines, self.resolved, liars, self.decisions)
            known = self._known[liars] = CompiledRows(made, liars)
            self._judges[liars] = RunJudge(
                known, self.decisions, engaged_only=self.resolved.engaged_only
            )
        return known

    def liars_of(self, run: SimulatedRun) -> frozenset[str]:
        """The Byzantine roles of a run."""
        return frozenset(o.role for o in run.outages if o.kind is OutageKind.BYZANTINE)

    def steps(self, run: SimulatedRun) -> list[Step]:
        """The events of a run, with their places in the source if there is a graph."""
        compiled = self.compiled(self.liars_of(run))
        known: dict[int, Step] = {}
        found = []
        for move in run.moves:
            step = known.get(move)
            if step is None:
                role, state, place = compiled.places[move]
                machine = compiled.made.machines[role]
                step = known[move] = step_of(machine, state, place, self.graph)
            found.append(step)
        return found

    def counted(self, liars: frozenset[str]) -> Iterator[CountedMove]:
        """All moves when `liars` are Byzantine, in the order of the machines."""
        compiled = self.compiled(liars)
        for move, (role, state, place) in enumerate(compiled.places):
            send, peer, label, delivery = compiled.made.machines[role].moves[state][place][0]
            branch = self.branch_of(compiled, move) if send else ""
            yield CountedMove(move, self.roles[role], send, peer, label, delivery, branch)

    def branch_of(self, compiled: CompiledRows, move: int) -> str:
        """The branch that a move begins where its role chooses among several, else empty.

        Without a source, or where a branch has no name, it is named after its message.
        """
        role, state, place = compiled.places[move]
        machine = compiled.made.machines[role]
        row = machine.moves[state]
        sent = [n for n, (a, _) in enumerate(row) if a.send and a.delivery is not Delivery.LOST]
        names = {n: self._branch(machine, state, n) for n in {*sent, place}}
        return names[place] if len({names[n] for n in sent}) > 1 else ""

    def _branch(self, machine: Machine, state: int, place: int) -> str:
        label = machine.moves[state][place][0].label
        if self.graph is None or not machine.sites or machine.sites[state][place] < 0:
            return label
        return self.graph.sites[machine.sites[state][place]].branch or label
