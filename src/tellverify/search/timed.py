"""Search of protocols with timeouts, breadth-first: shortest runs, and proofs where it is finite.

Entries have canonical numbers, so a protocol that retries without limit is finite when its queues
are. A role that may be in any of ever more rounds has no finite view: then rounds are counted to
a limit, runs are searched to a depth below it, and nothing is proved.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import msgspec

from tellverify.model.timed_text import TimedProtocol
from tellverify.search.timed_events import MoveNote, TimedEvent, TimedProperty, TimedSettings
from tellverify.search.timed_graph import TimedGraph
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


class _MoveRow(NamedTuple):
    """The moves of a role in a part of configurations.

    `changes` are differences to the configurations behind; `events` the numbers of the events, then
    of those that a full queue forbids, of which there are `blocked`.
    """

    changes: tuple[int, ...]
    events: array[int]
    blocked: int


_IDLE: Final = _MoveRow((), array("i"), 0)


class _Field(NamedTuple):
    """Where a role looks for its rows: by what its mask leaves of a configuration.

    The mask is `wide`, or depends on the local state, which stands at `shift`, when that is 0.
    """

    bit: int
    shift: int
    wide: int
    masks: dict[int, int]
    rows: dict[int, _MoveRow]


class TimedSearch(TimedGraph):
    """All configurations of a system in layers, with the runs to them.

    `expanded` is the number of those whose events were searched, a first part of `configurations`.
    """

    def __init__(self, system: TimedSystem) -> None:
        super().__init__(system)
        self.verdicts = TimedVerdicts(system)
        self.refuted: dict[TimedProperty, TimedRun] = {}
        self.late: dict[tuple[str, str, str], TimedRun] = {}
        self.unclear: dict[tuple[str, str], None] = {}
        self.ended = False
        self._numbers = {self.configurations[0]: 0}
        self._fields = [
            _Field(1 << role, shift, system.wide_mask(role), system.masks[role], {})
            for role, shift in enumerate(system.layout.local)
        ]

    def run(self, *, budget: int, depth: int | None = None) -> None:
        """Search up to `budget` configurations, and runs of up to `depth` events.

        A role that may be at too many places ends the search too.
        """
        at = 0
        configurations, system = self.configurations, self.system
        limits, numbered = system.roles.limits, system.numbers is not None
        while at < len(configurations):
            if len(configurations) > budget or limits.drifted:
                return
            if numbered and system.numbers_grow:
                return
            if depth is not None and self.depths[at] > depth:
                return
            try:
                self._expand(at)
            except TooManyTimedPlaces:
                del self._events[self._first[-1] :], self._targets[self._first[-1] :]
                return
            at += 1
        self.ended = True

    def _expand(self, at: int) -> None:
        configuration = self.configurations[at]
        numbers, targets = self._numbers.get, self._targets
        moving = blocked = 0
        for field in self._fields:
            bit, shift, wide, masks, rows = field
            # A key of -1 is that of no row.
            mask = wide or masks.get((configuration >> shift) & LOCAL, -1)
            row = rows.get(configuration & mask)
            if row is None:
                row = self._row(field, at, configuration)
            if row is _IDLE:
                continue
            changes, events, full = row
            moving |= bit
            self._events.extend(events)
            for change in changes:
                target = configuration + change
                found = numbers(target)
                targets.append(self._meet(at, target) if found is None else found)
            if full:
                blocked = 1
                targets.extend([-1] * full)
        if blocked:
            self._blocked_at.append(at)
        layout = self.system.layout
        if not moving or (moving != layout.all_roles and configuration & layout.all_queues):
            for fault in self.verdicts.faults(configuration, moving):
                if fault not in self.refuted:
                    self.refuted[fault] = TimedRun(self.run_to(at))
        self._movers.append(self._mover_sets.number(moving))
        self._first.append(len(targets))

    def _row(self, field: _Field, at: int, configuration: int) -> _MoveRow:
        """The row of a part that is met for the first time, in configuration `at`."""
        role = field.bit.bit_length() - 1
        moves, blocked = self.system.moves.of(role, configuration)
        row = _IDLE
        if moves or blocked:
            made = [*[(event, note) for event, _, note in moves], *blocked]
            for event, note in made:
                if note is not None:
                    self._note(at, event, note)
            events = array("i", [event for event, _ in made])
            row = _MoveRow(tuple([change for _, change, _ in moves]), events, len(blocked))
        mask = field.wide or self.system.mask(role, self.system.local(role, configuration))
        field.rows[configuration & mask] = row
        return row

    def _meet(self, parent: int, configuration: int) -> int:
        """The number of the configuration behind the next edge, which may have to be renamed."""
        if self.system.numbers is not None:
            configuration = self.system.canonical(configuration)
            found = self._numbers.get(configuration)
            if found is not None:
                return found
        found = self._numbers[configuration] = len(self.configurations)
        self.configurations.append(configuration)
        self._arrivals.append(len(self._targets))
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

    # Stuck roles and ends

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
        every = 2 * end - 1
        marks = self.that_lead_to(marks, every)
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
