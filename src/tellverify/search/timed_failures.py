"""Crashes and decisions of roles in protocols with timeouts, read off a finished search.

A crashed role no longer moves, and neither does its timer; a timer of another role may fire at any
time it waits, so nothing need be known of crashes. As in `tellverify.search.omission`, only roles
that may all crash can still move where somebody waits in vain. Loss, duplication and Byzantine
roles are not decided here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from tellverify.model.decision import DecisionKind, DecisionRule
from tellverify.model.scenario import ResolvedScenario
from tellverify.search.timed import TimedSearch
from tellverify.search.timed_system import TimedEvent, TimedEventKind


class TimedFailureRun(NamedTuple):
    """Events after which `role` waits in vain, once all of `crashed` have crashed."""

    events: tuple[TimedEvent, ...]
    role: str
    crashed: frozenset[str]


class TimedFailureFindings(msgspec.Struct, frozen=True):
    """Shortest runs: for each role that waits in vain, for each set of crashes without which
    nobody would, and for each decision that is broken.

    `complete`: all configurations were searched, so what has no run holds. `open_roles` are those
    of which a full queue or the end of the search leaves it open.
    """

    stuck: dict[str, TimedFailureRun]
    by_failure: dict[frozenset[str], int]
    decisions: dict[int, tuple[TimedEvent, ...]]
    open_roles: frozenset[str]
    complete: bool


def timed_failures(
    search: TimedSearch, scenario: ResolvedScenario, decisions: Sequence[DecisionRule] = ()
) -> TimedFailureFindings:
    """What the configurations of `search` show when roles crash as `scenario` allows.

    Raises ValueError for a scenario with other faults than crashes.
    """
    if scenario.moves_differ or scenario.cuts:
        raise ValueError("only crashes are decided in protocols with timeouts")
    return _TimedFailures(search, scenario, decisions).findings()


class _TimedFailures:
    def __init__(
        self, search: TimedSearch, scenario: ResolvedScenario, decisions: Sequence[DecisionRule]
    ) -> None:
        self.search = search
        self.scenario = scenario
        self.decisions = decisions
        self.roles = search.system.protocol.roles
        self.first = search.configurations[0]
        self.stuck: dict[str, TimedFailureRun] = {}
        self.by_failure: dict[frozenset[str], int] = {}

    def findings(self) -> TimedFailureFindings:
        """Configurations in which nobody who is left can move, then roles that others starve."""
        for at in range(len(self.search.steps)):
            self._note(at)
        open_roles = self._starved()
        complete = self.search.ended and not self.search.blocked
        return TimedFailureFindings(
            self.stuck, self.by_failure, self._broken(), open_roles, complete
        )

    def _waits(self, role: int, at: int) -> bool:
        """Whether a role may not stop, and has acted unless that is not asked for."""
        configuration = self.search.configurations[at]
        engaged = configuration[role] != self.first[role] or not self.scenario.engaged_only
        return engaged and not self.search.system.may_stop(role, configuration)

    def _note(self, at: int) -> None:
        able = frozenset(self.roles[role] for role, _, _ in self.search.steps[at])
        if not self.scenario.may_crash(able):
            return
        waits = [
            name
            for role, name in enumerate(self.roles)
            if name not in able and self._waits(role, at)
        ]
        if not waits:
            return
        events = self.search.run_to(at)
        self.by_failure.setdefault(able, len(events))
        for name in waits:
            self.stuck.setdefault(name, TimedFailureRun(events, name, able))

    def _starved(self) -> frozenset[str]:
        """Note roles that no run of the others lets act again; those that are left open."""
        left = set()
        for number, name in enumerate(self.roles):
            if name in self.stuck:
                continue
            for crashed in self.scenario.crash_sets(name):
                if not self._starve(number, name, crashed):
                    left.add(name)
                if name in self.stuck:
                    break
        return frozenset(left - self.stuck.keys())

    def _starve(self, number: int, name: str, crashed: frozenset[str]) -> bool:
        """Note a first configuration from which nobody serves a role; False: it stays open."""
        search = self.search
        gone = {n for n, role in enumerate(self.roles) if role in crashed}
        before: list[list[int]] = [[] for _ in search.configurations]
        goals, unknown = [], list(range(len(search.steps), len(search.configurations)))
        for at, steps in enumerate(search.steps):
            for mover, _, target in steps:
                if mover in gone:
                    continue
                if mover == number:
                    goals.append(at)
                if target >= 0:
                    before[target].append(at)
                else:
                    unknown.append(at)
        served, leaves = _reaching(goals, before), _reaching(unknown, before)
        waiting = [
            at for at in range(len(search.steps)) if at not in served and self._waits(number, at)
        ]
        certain = [at for at in waiting if at not in leaves]
        if certain:
            run = TimedFailureRun(search.run_to(certain[0]), name, crashed)
            self.stuck[name] = run
            return True
        return not waiting

    def _broken(self) -> dict[int, tuple[TimedEvent, ...]]:
        """A shortest run that breaks each decision: a search of configurations with marks."""
        found = {}
        for number, rule in enumerate(self.decisions):
            run = self._breaking(rule)
            if run is not None:
                found[number] = run
        return found

    def _breaking(self, rule: DecisionRule) -> tuple[TimedEvent, ...] | None:
        start = (0, ("",) * len(self.roles))
        parents: dict[tuple[int, tuple[str, ...]], tuple[tuple[int, tuple[str, ...]], TimedEvent]]
        parents = {}
        order, seen = [start], {start}
        for here in order:
            at, marks = here
            if at >= len(self.search.steps):
                continue
            for role, event, target in self.search.steps[at]:
                after = _marked(rule, marks, role, event)
                there = (target, after)
                if target < 0 or there in seen:
                    continue
                seen.add(there)
                parents[there] = (here, event)
                if _breaks(rule, after):
                    events = []
                    while there in parents:
                        there, made = parents[there]
                        events.append(made)
                    return tuple(reversed(events))
                order.append(there)
        return None


def _marked(
    rule: DecisionRule, marks: tuple[str, ...], role: int, event: TimedEvent
) -> tuple[str, ...]:
    """What each role has decided after an event; of `at-most-once` one mark for each event."""
    if event.kind is TimedEventKind.FIRE or event.label not in rule.labels:
        return marks
    if not rule.concerns(event.role):
        return marks
    if rule.kind is DecisionKind.AT_MOST_ONCE:
        mark = (marks[role] + "+")[:2]
    else:
        mark = marks[role] or event.label
    return (*marks[:role], mark, *marks[role + 1 :])


def _breaks(rule: DecisionRule, marks: Sequence[str]) -> bool:
    if rule.kind is DecisionKind.AT_MOST_ONCE:
        return "++" in marks
    return len({*marks} - {""}) > 1


def _reaching(goals: Sequence[int], before: Sequence[Sequence[int]]) -> set[int]:
    found = set(goals)
    work = list(found)
    while work:
        for at in before[work.pop()]:
            if at not in found:
                found.add(at)
                work.append(at)
    return found
