"""Search of protocols with timeouts, breadth-first: shortest runs, and proofs where it is finite.

Entries have canonical numbers, so a protocol that retries without limit is finite when its queues
are. A role that may be in any of ever more rounds has no finite view: then rounds are counted to
a limit, runs are searched to a depth below it, and nothing is proved.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec

from tellverify.model.timed_text import TimedProtocol
from tellverify.search.timed_events import MoveNote, TimedEvent, TimedProperty, TimedSettings
from tellverify.search.timed_layout import LOCAL
from tellverify.search.timed_rows import TooManyTimedPlaces
from tellverify.search.timed_system import TimedSystem
from tellverify.search.timed_verdicts import TimedVerdicts

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

    `expanded` is the number of those whose events were searched, a first part of `configurations`.
    The target of an event is -1 where only a full queue forbids it.
    """

    def __init__(self, system: TimedSystem) -> None:
        self.system = system
        self.verdicts = TimedVerdicts(system)
        self.configurations: list[int] = [system.first()]
        self.depths = array("i", [0])
        self.refuted: dict[TimedProperty, TimedRun] = {}
        self.late: dict[tuple[str, str, str], TimedRun] = {}
        self.unclear: dict[tuple[str, str], None] = {}
        self.ended = False
        self._parents = array("i", [-1])
        self._arrivals = array("i", [-1])  # events that lead to configurations from their parents
        self._first = array("q", [0])  # the first event of each configuration, and the end
        self._events = array("i")
        self._targets = array("i")
        self._blocked_at: list[int] = []
        self._numbers = {self.configurations[0]: 0}

    def run(self, *, budget: int, depth: int | None = None) -> None:
        """Search up to `budget` configurations, and runs of up to `depth` events.

        A role that may be at too many places ends the search too.
        """
        at = 0
        numbered = self.system.numbers is not None
        while at < len(self.configurations):
            if len(self.configurations) > budget or self.system.roles.limits.drifted:
                return
            if numbered and self.system.numbers_grow:
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
    def expanded(self) -> int:
        """The number of configurations whose events were searched."""
        return len(self._first) - 1

    @property
    def blocked(self) -> bool:
        """Whether a full queue forbids some send."""
        return bool(self._blocked_at)

    @property
    def depth(self) -> int:
        """The events of all runs that were searched, -1 when there are none."""
        expanded = self.expanded
        if expanded == len(self.configurations):
            return self.depths[-1]
        return self.depths[expanded] - 1

    def _expand(self, at: int) -> None:
        configuration = self.configurations[at]
        system = self.system
        numbers, plain = self._numbers, system.numbers is None
        moving = 0
        events: list[int] = []
        targets: list[int] = []
        for role, shift in enumerate(system.layout.local):
            mask = system.masks[role].get((configuration >> shift) & LOCAL)
            part = None if mask is None else system.parts[role].get(configuration & mask)
            if part is None:
                part = system.part(role, configuration)
            moves, blocked = part
            if not moves and not blocked:
                continue
            moving |= 1 << role
            for event, delta, note in moves:
                target = configuration + delta
                if note is not None:
                    self._note(at, event, note)
                found = numbers.get(target)
                if found is None and not plain:
                    target = system.canonical(target)
                    found = numbers.get(target)
                events.append(event)
                targets.append(self._add(target, at, event) if found is None else found)
            if blocked:
                self._forbid(at, blocked, events, targets)
        if not moving or configuration & system.layout.all_queues:
            for fault in self.verdicts.faults(configuration, moving):
                if fault not in self.refuted:
                    self.refuted[fault] = TimedRun(self.run_to(at))
        self._events.extend(events)
        self._targets.extend(targets)
        self._first.append(len(self._targets))

    def _forbid(
        self,
        at: int,
        blocked: Sequence[tuple[int, MoveNote | None]],
        events: list[int],
        targets: list[int],
    ) -> None:
        """Note the sends of a role that a full queue forbids."""
        if not self._blocked_at or self._blocked_at[-1] != at:
            self._blocked_at.append(at)
        for event, note in blocked:
            if note is not None:
                self._note(at, event, note)
            events.append(event)
            targets.append(-1)

    def _add(self, configuration: int, parent: int, event: int) -> int:
        found = self._numbers[configuration] = len(self.configurations)
        self.configurations.append(configuration)
        self._parents.append(parent)
        self._arrivals.append(event)
        self.depths.append(self.depths[parent] + 1)
        return found

    def _note(self, at: int, number: int, note: MoveNote) -> None:
        event = self.system.events[number]
        for message in note.late:
            if message not in self.late:
                self.late[message] = TimedRun((*self.run_to(at), event))
        if note.is_stale and TimedProperty.FRESH_MESSAGES not in self.refuted:
            self.refuted[TimedProperty.FRESH_MESSAGES] = TimedRun((*self.run_to(at), event))
        if note.is_unclear:
            self.unclear.setdefault((event.role, event.label))

    def run_to(self, at: int) -> tuple[TimedEvent, ...]:
        """The events of a shortest run to configuration `at`."""
        found = []
        events = self.system.events
        while at:
            found.append(events[self._arrivals[at]])
            at = self._parents[at]
        return tuple(reversed(found))

    def moves(self, at: int) -> Iterator[tuple[int, TimedEvent, int]]:
        """The events of a configuration: who acts, what, and the configuration behind it."""
        actors, events = self.system.actors, self.system.events
        for edge in range(self._first[at], self._first[at + 1]):
            event = self._events[edge]
            yield actors[event], events[event], self._targets[edge]

    def numbered(self, at: int) -> Iterator[tuple[int, int]]:
        """The events of a configuration by number, and the configurations behind them."""
        low, high = self._first[at], self._first[at + 1]
        return zip(self._events[low:high], self._targets[low:high], strict=True)

    def movers(self, out: Callable[[int], bool] | None = None) -> list[int]:
        """For every expanded configuration the roles with an event, as bits.

        Events whose number `out` is true of are left out; those that a full queue forbids count.
        """
        actors = self.system.actors
        bit = [
            0 if out is not None and out(event) else 1 << actor
            for event, actor in enumerate(actors)
        ]
        events, first = self._events, self._first
        found = []
        low = 0
        for at in range(1, len(first)):
            high = first[at]
            moving = 0
            for event in events[low:high]:
                moving |= bit[event]
            found.append(moving)
            low = high
        return found

    def blocked_movers(self) -> dict[int, int]:
        """The roles, as bits, whose send a full queue forbids, by configuration."""
        found: dict[int, int] = {}
        for at in self._blocked_at:
            for role, _, target in self.moves(at):
                if target < 0:
                    found[at] = found.get(at, 0) | 1 << role
        return found

    # Stuck roles and ends

    def unknown(self) -> list[int]:
        """Configurations of which not all continuations were searched."""
        return [*self._blocked_at, *range(self.expanded, len(self.configurations))]

    def blocked_after(self) -> int | None:
        """The fewest events after which a full queue forbids a send."""
        return min((self.depths[at] for at in self._blocked_at), default=None)

    def that_lead_to(self, marks: list[int], out: Callable[[int], bool] | None = None) -> list[int]:
        """For every configuration the marks, as bits, of all that its runs come to.

        Events whose number `out` is true of are left out.
        """
        skipped = [out is not None and out(event) for event in range(len(self.system.events))]
        first, events, targets = self._first, self._events, self._targets
        last = len(targets)
        changed = True
        while changed:
            changed = False
            high = last
            for at in range(self.expanded - 1, -1, -1):
                low = first[at]
                found = marks[at]
                for edge in range(low, high):
                    target = targets[edge]
                    if target >= 0 and not skipped[events[edge]]:
                        found |= marks[target]
                if found != marks[at]:
                    marks[at] = found
                    changed = True
                high = low
        return marks

    def ends(self) -> Iterator[int]:
        """Configurations in which all may stop with nothing queued."""
        system = self.system
        mail, everyone = system.layout.all_queues, range(system.size)
        for at, one in enumerate(self.configurations):
            if not one & mail and all(system.may_stop(role, one) for role in everyone):
                yield at

    def futures(self) -> tuple[dict[str, tuple[int, TimedRun]], TimedRun | None, bool]:
        """How soon each role can wait without end, with a run; how an end gets out of reach.

        The run after which no end is in reach is a shortest one; the last value says whether there
        is an end at all. Configurations from which a part that was not searched is reachable do not
        count.
        """
        system, expanded = self.system, self.expanded
        end = 1 << system.size
        marks = [0] * len(self.configurations)
        for at in self.ends():
            marks[at] = end
        has_end = any(marks)
        for at in self.unknown():
            marks[at] = 2 * end - 1
        for at, moving in enumerate(self.movers()):
            marks[at] |= moving
        marks = self.that_lead_to(marks)
        every = 2 * end - 1
        stuck: dict[str, tuple[int, TimedRun]] = {}
        trapped = None
        for at in range(expanded):
            missing = every & ~marks[at]
            if not missing:
                continue
            if missing & end and trapped is None and has_end:
                trapped = TimedRun(self.run_to(at))
            for role, name in enumerate(system.protocol.roles):
                waits = missing >> role & 1 and name not in stuck
                if waits and not system.may_stop(role, self.configurations[at]):
                    stuck[name] = self.depths[at], self._without_end(at)
        ordered = {name: stuck[name] for name in system.protocol.roles if name in stuck}
        return ordered, trapped, has_end

    def _without_end(self, start: int) -> TimedRun:
        """From `start` on to an end, or until a configuration is met again."""
        events = list(self.run_to(start))
        met = {start: len(events)}
        at = start
        while self._first[at] < self._first[at + 1]:
            _, event, at = next(self.moves(at))
            events.append(event)
            if at in met:
                return TimedRun(tuple(events), met[at])
            met[at] = len(events)
        return TimedRun(tuple(events))


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
    stuck, trapped, has_end = search.futures()
    findings = TimedFindings(
        refuted=search.refuted,
        stuck={name: run for name, (_, run) in stuck.items()},
        stuck_after={name: length for name, (length, _) in stuck.items()},
        late=search.late,
        unclear=tuple(search.unclear),
        configurations=search.expanded,
        depth=search.depth,
        complete=search.ended and not search.blocked and not drifted,
        blocked=search.blocked,
        drifted=drifted,
        grows=search.system.numbers_grow,
        ended=search.ended,
        blocked_after=search.blocked_after(),
        longest=search.system.longest,
        trapped=trapped,
        has_end=has_end,
    )
    return findings, search
