"""Random runs of protocols with timeouts, as `tellverify.search.simulation` makes them of machines.

A timer takes time: a role whose timer fires comes after all others in the schedule `pct`, so that a
retry does not starve the answer that it waits for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from tellverify.model.decision import DecisionKind, DecisionRule
from tellverify.model.failure import Outage, OutageKind
from tellverify.model.fault import Fault
from tellverify.model.scenario import Channel, ResolvedScenario, Scenario, resolved
from tellverify.model.step import Step
from tellverify.model.timed_text import TimedProtocol, timed_channels
from tellverify.search.random_walk import ScheduleKind
from tellverify.search.run_numbers import RunNumbers, drawn_failures
from tellverify.search.simulated_run import RunEnding, SimulatedRun
from tellverify.search.simulation import MOST_EVENTS, CountedMove, usual_length
from tellverify.search.timed_events import Move, TimedEventKind, TimedSettings, timed_step
from tellverify.search.timed_failures import breaks_decision, marked_by, undecided_with_timers
from tellverify.search.timed_system import TimedSystem
from tellverify.search.timed_verdicts import TimedVerdicts

_CHANGES: Final = 2  # of priorities in a run of `pct`


class TimedSimulator:
    """Runs of a protocol under `scenario`, each given by the seed and its index.

    `settings` say what happens to late messages, where timers fire, and how long queues may be; its
    budgets are those of the scenario. Raises ValueError for a scenario that names a member that no
    family has, or with rules that are not decided of timeouts, and TooManyTimedPlaces in a run.
    """

    def __init__(
        self,
        protocol: TimedProtocol,
        settings: TimedSettings,
        *,
        seed: int = 0,
        schedule: ScheduleKind = ScheduleKind.PCT,
        scenario: Scenario | None = None,
        decisions: Sequence[DecisionRule] = (),
        most_events: int = MOST_EVENTS,
    ) -> None:
        self.protocol = protocol
        self.roles = protocol.roles
        self.scenario = scenario or Scenario()
        self.decisions = tuple(decisions)
        self.seed = seed
        self.schedule = schedule
        self.most_events = most_events
        found = resolved(self.scenario, self.roles, timed_channels(protocol))
        if found is None:
            raise ValueError("the scenario names a member that no family has")
        if found.byzantine or found.reorder:
            raise ValueError(undecided_with_timers(self.scenario))
        self.resolved: ResolvedScenario = found
        self.settings = TimedSettings(
            settings.late, settings.fire, settings.bound, None, found.loss, found.duplicate, True
        )
        self.system = TimedSystem(protocol, self.settings)
        self.verdicts = TimedVerdicts(self.system)
        self.length = 1
        self.length = usual_length(self.run, has_faults=bool(self.scenario.rules))

    def runs(self, count: int, start: int = 0) -> Iterator[SimulatedRun]:
        """The runs with the indices from `start` on."""
        for index in range(start, start + count):
            yield self.run(index)

    def run(self, index: int) -> SimulatedRun:
        """The run with an index; its steps are equal in every process."""
        return _TimedWalk(self, RunNumbers(self.seed, index)).run(index)

    def liars_of(self, run: SimulatedRun) -> frozenset[str]:
        """The Byzantine roles of a run: none."""
        return frozenset()

    def steps(self, run: SimulatedRun) -> list[Step]:
        """The events of a run."""
        events = self.system.events
        return [timed_step(events[number]) for number in run.moves]

    def counted(self, liars: frozenset[str]) -> Iterator[CountedMove]:
        """All events that runs were made of; those of timers are branches."""
        for number, event in enumerate(self.system.events):
            if event.kind is TimedEventKind.FIRE:
                line = self.protocol.scopes[event.scope].line
                word = timed_step(event).label
                yield CountedMove(number, event.role, False, "", "", branch=f"{word} (line {line})")
            else:
                send = event.kind is TimedEventKind.SEND
                peer, label = event.peer, event.label
                yield CountedMove(number, event.role, send, peer, label, event.delivery)


class _TimedWalk:
    """One run on its way."""

    def __init__(self, owner: TimedSimulator, numbers: RunNumbers) -> None:
        self.owner = owner
        self.system = owner.system
        self.numbers = numbers
        self.configuration = owner.system.first()
        self.dead: set[int] = set()
        self.cut: set[Channel] = set()
        self.outages: list[Outage] = []
        self.marks = [("",) * len(owner.roles) for _ in owner.decisions]
        self.longest, self.fullest = 0, ("", "")
        self.rank = list(range(len(owner.roles)))
        numbers.shuffle(self.rank)
        self.changes = [int(numbers.draw() * owner.length) for _ in range(_CHANGES)]
        self.pending = self._drawn_failures()

    def _drawn_failures(self) -> list[tuple[int, Outage]]:
        """Crashes and cuts with their times, soonest last."""
        drawn = drawn_failures(self.owner.resolved, self.numbers, self.owner.length)
        return sorted(drawn, key=lambda one: -one[0])

    def run(self, index: int) -> SimulatedRun:
        """Make events until no role can move, or as many as are allowed."""
        made: list[int] = []
        able = self._able()
        while len(made) < self.owner.most_events:
            while self.pending and (self.pending[-1][0] <= len(made) or not able):
                self._fail(self.pending.pop()[1], len(made))
                able = self._able()
            if not able:
                break
            role = self._drawn_role(list(able), len(made))
            event, delta, _ = self.numbers.one_of(able[role])
            made.append(event)
            self._make(role, event, delta)
            able = self._able()
        return self._judged(index, made, bool(able))

    def _able(self) -> dict[int, list[Move]]:
        """The roles that can move, with their moves."""
        found = {}
        for role in range(len(self.owner.roles)):
            if role in self.dead:
                continue
            moves = [
                move
                for move in self.system.part(role, self.configuration).moves
                if not (self.cut and self._is_cut(move[0]))
            ]
            if moves:
                found[role] = moves
        return found

    def _is_cut(self, number: int) -> bool:
        event = self.system.events[number]
        return event.kind is TimedEventKind.RECEIVE and (event.peer, event.role) in self.cut

    def _drawn_role(self, able: list[int], made: int) -> int:
        if self.owner.schedule is ScheduleKind.UNIFORM:
            return self.numbers.one_of(able)
        role = max(able, key=self.rank.__getitem__)
        if made in self.changes:
            self._lower(role)
        return max(able, key=self.rank.__getitem__)

    def _lower(self, role: int) -> None:
        self.rank[role] = min(self.rank) - 1

    def _make(self, role: int, number: int, delta: int) -> None:
        system = self.system
        self.configuration = system.canonical(self.configuration + delta)
        event = system.events[number]
        if event.kind is TimedEventKind.FIRE:
            self._lower(role)
        if event.kind is TimedEventKind.SEND:
            channel = system.channels.index((role, system.roles.places.role_number[event.peer]))
            queued = system.roles.queues.rows[system.queue(channel, self.configuration)]
            if len(queued) > self.longest:
                self.longest, self.fullest = len(queued), (event.role, event.peer)
        for at, rule in enumerate(self.owner.decisions):
            self.marks[at] = marked_by(rule, self.marks[at], role, event)

    def _fail(self, outage: Outage, made: int) -> None:
        self.outages.append(Outage(made, outage.role, outage.peer, outage.kind))
        if outage.kind is OutageKind.CRASH:
            self.dead.add(self.owner.roles.index(outage.role))
        else:
            self.cut.add((outage.role, outage.peer))

    def _judged(self, index: int, made: list[int], able: bool) -> SimulatedRun:
        system, roles = self.system, self.owner.roles
        waits = [
            role
            for role in range(len(roles))
            if role not in self.dead and not system.may_stop(role, self.configuration)
        ]
        if able:
            ending = RunEnding.LIMIT
        elif waits:
            ending = RunEnding.WAITING
        else:
            left = self.configuration & system.layout.all_queues
            ending = RunEnding.STOPPED if left else RunEnding.COMPLETE
        fault, culprits, decision = self._shown(ending, waits)
        outages = tuple(self.outages)
        return SimulatedRun(
            index,
            tuple(made),
            outages,
            ending,
            self.longest,
            self.fullest,
            fault,
            culprits,
            decision,
        )

    def _shown(
        self, ending: RunEnding, waits: Sequence[int]
    ) -> tuple[Fault | None, tuple[str, ...], int]:
        """The faults at the end of the run; decisions first, then messages, then who waits."""
        for number, rule in enumerate(self.owner.decisions):
            if breaks_decision(rule, self.marks[number]):
                is_agreement = rule.kind is DecisionKind.AGREEMENT
                return Fault.DISAGREEMENT if is_agreement else Fault.REPETITION, (), number
        if ending is RunEnding.LIMIT:
            return None, (), -1
        system, roles = self.system, self.owner.roles
        for role, name in enumerate(roles):
            stops = role not in self.dead and role not in waits
            if stops and not self.cut and system.has_mail(role, self.configuration):
                return Fault.ORPHAN_MESSAGE, (name,), -1
        for role in waits:
            if self.owner.verdicts.finds_spoilt(role, self.configuration):
                return Fault.UNSPECIFIED_RECEPTION, (roles[role],), -1
        for role in waits:
            acted = system.has_acted(role, self.configuration)
            if acted or not self.owner.resolved.engaged_only:
                return Fault.STUCK_ROLE, (roles[role],), -1
        return None, (), -1
