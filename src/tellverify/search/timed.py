"""Search of protocols with timeouts, breadth-first: shortest runs, and proofs where it is finite.

Entries have canonical numbers, so a protocol that retries without limit is finite when its queues
are. A role that may be in any of ever more rounds has no finite view: then rounds are counted to
a limit, runs are searched to a depth below it, and nothing is proved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from tellverify.model.timed_text import TimedProtocol
from tellverify.search.timed_rows import TooManyTimedPlaces
from tellverify.search.timed_system import (
    Configuration,
    TimedEvent,
    TimedProperty,
    TimedSettings,
    TimedStep,
    TimedSystem,
)

MOST_ROUNDS: Final = 16  # of a role that may be in any round
DEFAULT_SETTINGS: Final = TimedSettings()
_MARGIN: Final = 2  # between the rounds that are counted and the events of a run


class TimedRun(msgspec.Struct, frozen=True):
    """Events; those from `loop` on repeat without end, or none do."""

    events: tuple[TimedEvent, ...]
    loop: int | None = None


class TimedFindings(msgspec.Struct, frozen=True):
    """Shortest runs that refute properties, and what was searched.

    `stuck`: for a role that can wait without end, the run after which it has no event left; its
    `loop` is what the others go on with, None when they stop. The length to the beginning of the
    wait is `stuck_after`. `late`: for a sender, receiver and label the shortest run in which such
    a message vanishes. `unclear`: roles and labels of which the role cannot tell the round.
    `complete`: all configurations with queues up to the bound were met, and no queue was full;
    properties without a run are proved, except agreement under `keep`, which is undecided.
    `ended`: all configurations within the bound were met; `grows`: a role knows of ever more
    attempts, and the search ended there. `depth`: all runs of that many events were searched.
    `blocked_after`: the fewest events after which a full queue forbids a send. `longest`: the
    longest queue that was met. `trapped`: a shortest run after which no configuration is left in
    which all may stop with nothing queued; None also when it is not known, and when `has_end` says
    that there is no such configuration at all.
    """

    refuted: dict[TimedProperty, TimedRun]
    stuck: dict[str, TimedRun]
    stuck_after: dict[str, int]
    late: dict[tuple[str, str, str], TimedRun]
    unclear: tuple[tuple[str, str], ...]
    configurations: int
    depth: int
    complete: bool
    blocked: bool
    drifted: bool
    grows: bool = False
    ended: bool = False
    blocked_after: int | None = None
    longest: int = 0
    trapped: TimedRun | None = None
    has_end: bool = True


class TimedSearch:
    """All configurations of a system in layers, with the runs to them.

    `steps[i]` are the events of configuration i as role, event and target (-1: not searched).
    """

    def __init__(self, system: TimedSystem) -> None:
        self.system = system
        self.configurations: list[Configuration] = [system.first()]
        self.parents: list[tuple[int, TimedEvent] | None] = [None]
        self.depths: list[int] = [0]
        self.steps: list[list[tuple[int, TimedEvent, int]]] = []
        self.refuted: dict[TimedProperty, TimedRun] = {}
        self.late: dict[tuple[str, str, str], TimedRun] = {}
        self.unclear: dict[tuple[str, str], None] = {}
        self.blocked = False
        self._blocked_at: list[int] = []
        self.ended = False
        self._numbers = {self.configurations[0]: 0}

    def run(self, *, budget: int, depth: int | None = None) -> None:
        """Search up to `budget` configurations, and runs of up to `depth` events.

        A role that may be at too many places ends the search too.
        """
        at = 0
        while at < len(self.configurations):
            if len(self.configurations) > budget or self.system.roles.limits.drifted:
                return
            if self.system.numbers_grow:
                return
            if depth is not None and self.depths[at] > depth:
                return
            try:
                self._expand(at)
            except TooManyTimedPlaces:
                return
            at += 1
        self.ended = True

    @property
    def depth(self) -> int:
        """The events of all runs that were searched, -1 when there are none."""
        expanded = len(self.steps)
        if expanded == len(self.configurations):
            return self.depths[-1]
        return self.depths[expanded] - 1

    def _expand(self, at: int) -> None:
        configuration = self.configurations[at]
        steps = self.system.steps(configuration)
        faults = list(self.system.faults(configuration, steps))
        self.steps.append([(s.role, s.event, self._target(at, s)) for s in steps])
        for fault in faults:
            if fault not in self.refuted:
                self.refuted[fault] = TimedRun(self.run_to(at))

    def _target(self, at: int, step: TimedStep) -> int:
        if step.late or step.is_stale or step.is_unclear:
            self._note(at, step)
        if step.target is None:
            self.blocked = True
            self._blocked_at.append(at)
            return -1
        found = self._numbers.get(step.target)
        if found is None:
            found = self._numbers[step.target] = len(self.configurations)
            self.configurations.append(step.target)
            self.parents.append((at, step.event))
            self.depths.append(self.depths[at] + 1)
        return found

    def _note(self, at: int, step: TimedStep) -> None:
        for message in step.late:
            if message not in self.late:
                self.late[message] = TimedRun((*self.run_to(at), step.event))
        if step.is_stale and TimedProperty.FRESH_MESSAGES not in self.refuted:
            run = TimedRun((*self.run_to(at), step.event))
            self.refuted[TimedProperty.FRESH_MESSAGES] = run
        if step.is_unclear:
            self.unclear.setdefault((step.event.role, step.event.label))

    def run_to(self, at: int) -> tuple[TimedEvent, ...]:
        """The events of a shortest run to configuration `at`."""
        found = []
        while (parent := self.parents[at]) is not None:
            at, event = parent
            found.append(event)
        return tuple(reversed(found))

    # Stuck roles and ends

    def _before(self) -> list[list[int]]:
        before: list[list[int]] = [[] for _ in self.configurations]
        for at, steps in enumerate(self.steps):
            for _, _, target in steps:
                if target >= 0:
                    before[target].append(at)
        return before

    def _unknown(self) -> list[int]:
        """Configurations of which not all continuations were searched."""
        return [*self._blocked_at, *range(len(self.steps), len(self.configurations))]

    def blocked_after(self) -> int | None:
        """The fewest events after which a full queue forbids a send."""
        return min((self.depths[at] for at in self._blocked_at), default=None)

    def longest(self) -> int:
        """The longest queue of all configurations."""
        size, rows = self.system.size, self.system.roles.queues.rows
        met = {queue for one in self.configurations for queue in one[size:]}
        return max((len(rows[queue]) for queue in met), default=0)

    def trapped(self) -> tuple[TimedRun | None, bool]:
        """A shortest run after which the end is out of reach, and whether there is an end."""
        size, roles = self.system.size, range(self.system.size)
        ends = [
            at
            for at, one in enumerate(self.configurations)
            if not any(one[size:]) and all(self.system.may_stop(role, one) for role in roles)
        ]
        if not ends:
            return None, False
        good = _reaching(ends + self._unknown(), self._before())
        at = next((at for at in range(len(self.steps)) if at not in good), None)
        return (None if at is None else TimedRun(self.run_to(at))), True

    def stuck(self) -> dict[str, tuple[int, TimedRun]]:
        """For roles that can wait without end: how soon they do, and a run that shows it.

        A configuration from which a part that was not searched is reachable does not count.
        """
        before, unknown = self._before(), self._unknown()
        moving: list[list[int]] = [[] for _ in range(self.system.size)]
        for at, steps in enumerate(self.steps):
            for mover, _, _ in steps:
                moving[mover].append(at)
        found = {}
        for role, name in enumerate(self.system.protocol.roles):
            moves_again = _reaching(moving[role] + unknown, before)
            if len(moves_again) == len(self.configurations):
                continue
            for at, configuration in enumerate(self.configurations[: len(self.steps)]):
                if at not in moves_again and not self.system.may_stop(role, configuration):
                    found[name] = self.depths[at], self._without_end(at)
                    break
        return found

    def _without_end(self, start: int) -> TimedRun:
        """From `start` on to an end, or until a configuration is met again."""
        events = list(self.run_to(start))
        met = {start: len(events)}
        at = start
        while self.steps[at]:
            _, event, at = self.steps[at][0]
            events.append(event)
            if at in met:
                return TimedRun(tuple(events), met[at])
            met[at] = len(events)
        return TimedRun(tuple(events))


def _reaching(goals: Iterable[int], before: list[list[int]]) -> set[int]:
    found = set(goals)
    work = list(found)
    while work:
        for at in before[work.pop()]:
            if at not in found:
                found.add(at)
                work.append(at)
    return found


def search_timed(
    protocol: TimedProtocol,
    settings: TimedSettings = DEFAULT_SETTINGS,
    *,
    budget: int = 100_000,
    depth: int | None = None,
    system: Callable[[TimedProtocol, TimedSettings], TimedSystem] = TimedSystem,
) -> tuple[TimedFindings, TimedSearch]:
    """Search all runs, or those of up to `depth` events, for what goes wrong.

    Stops after `budget` configurations. Where the last numbers of rounds cannot be kept finite
    (`drifted`), runs of up to `MOST_ROUNDS - 2` events are searched.
    """
    search = TimedSearch(system(protocol, settings))
    search.run(budget=budget, depth=depth)
    drifted = search.system.roles.limits.drifted
    if drifted:
        least = MOST_ROUNDS - _MARGIN if depth is None else min(depth, MOST_ROUNDS - _MARGIN)
        settings = msgspec.structs.replace(settings, rounds=least + _MARGIN)
        counted = TimedSearch(system(protocol, settings))
        counted.run(budget=budget, depth=least)
        search = max(search, counted, key=lambda found: found.depth)
    stuck = search.stuck()
    trapped, has_end = search.trapped()
    findings = TimedFindings(
        refuted=search.refuted,
        stuck={name: run for name, (_, run) in stuck.items()},
        stuck_after={name: length for name, (length, _) in stuck.items()},
        late=search.late,
        unclear=tuple(search.unclear),
        configurations=len(search.steps),
        depth=search.depth,
        complete=search.ended and not search.blocked and not drifted,
        blocked=search.blocked,
        drifted=drifted,
        grows=search.system.numbers_grow,
        ended=search.ended,
        blocked_after=search.blocked_after(),
        longest=search.longest(),
        trapped=trapped,
        has_end=has_end,
    )
    return findings, search
