"""Crashes, cut channels and decisions of roles in protocols with timeouts, off a finished search.

A crashed role no longer moves, and neither does its timer; from a channel that is cut no role
receives. A timer of another role may fire at any time it waits, so nothing need be known of
crashes. As in `tellverify.search.omission`, only roles that may all crash can still move where
some role is stuck. Lost and duplicated messages are moves of the search itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import msgspec

from tellverify.model.decision import DecisionKind, DecisionRule
from tellverify.model.scenario import (
    Channel,
    Omission,
    ResolvedScenario,
    RuleKind,
    Scenario,
    TooManyFaultSets,
)
from tellverify.search.timed import TimedSearch
from tellverify.search.timed_events import TimedEvent, TimedEventKind

_UNDECIDED: Final = {
    RuleKind.BYZANTINE: "what a Byzantine role may claim of attempts",
    RuleKind.REORDER: "attempts whose messages arrive out of order",
}
_MOST_WORK: Final = 20_000_000  # configurations looked at for sets of failures, all together
_MOST_MARKED: Final = 1_000_000  # configurations with what every role has decided


class TimedFailureRun(NamedTuple):
    """Shortest events after which `roles` are stuck, or hold the fault, once `failed` failed."""

    events: tuple[TimedEvent, ...]
    roles: tuple[str, ...]
    failed: Omission


class TimedFailureFindings(msgspec.Struct, frozen=True):
    """Shortest runs: to a deadlock of those who are left, for each stuck role, for
    each set of failures without which no role would, for a message that is left, and for each
    decision that is broken.

    `complete`: all configurations were searched, so what has no run holds. `open_roles` are those
    of which a full queue, the end of the search, or too many sets of failures leave it open;
    `open_decisions` those that were not searched to the end.
    """

    deadlock: TimedFailureRun | None
    stuck: dict[str, TimedFailureRun]
    by_failure: dict[Omission, int]
    orphan: TimedFailureRun | None
    decisions: dict[int, tuple[TimedEvent, ...]]
    open_roles: frozenset[str]
    open_decisions: frozenset[int]
    complete: bool


def undecided_with_timers(scenario: Scenario) -> str:
    """Why a scenario is not decided for protocols with timeouts; empty when it is."""
    for rule in scenario.rules:
        if rule.kind in _UNDECIDED:
            why = f"their rules say nothing of {_UNDECIDED[rule.kind]}"
            return f"`{rule}` is not decided for protocols with timeouts: {why}"
    return ""


def timed_failures(
    search: TimedSearch, scenario: ResolvedScenario, decisions: Sequence[DecisionRule] = ()
) -> TimedFailureFindings:
    """What the configurations of `search` show when roles crash and channels are cut.

    `search` has the moves of lost and duplicated messages that `scenario` allows. Raises ValueError
    for a scenario with reordered messages or Byzantine roles, and TooManyFaultSets.
    """
    if scenario.byzantine or scenario.reorder:
        raise ValueError("reordered messages and Byzantine roles are not decided with timeouts")
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
        self.deadlock: TimedFailureRun | None = None
        self.orphan: TimedFailureRun | None = None
        self.stuck: dict[str, TimedFailureRun] = {}
        self.by_failure: dict[Omission, int] = {}
        self._open_decisions: set[int] = set()

    def findings(self) -> TimedFailureFindings:
        """Configurations in which no role that is left can move, then roles that others starve."""
        cuts = list(self.scenario.cut_sets())
        for cut in cuts:
            self._endings(cut)
        open_roles = self._starved(cuts)
        return TimedFailureFindings(
            self.deadlock,
            self.stuck,
            self.by_failure,
            self.orphan,
            self._broken(),
            open_roles,
            frozenset(self._open_decisions),
            self.search.ended and not self.search.blocked,
        )

    def _waits(self, role: int, at: int) -> bool:
        """Whether a role may not stop, and has acted unless that is not asked for."""
        configuration = self.search.configurations[at]
        system = self.search.system
        engaged = not self.scenario.engaged_only or system.has_acted(role, configuration)
        return engaged and not system.may_stop(role, configuration)

    def _out(self, cut: frozenset[Channel], gone: int = 0) -> Callable[[int], bool]:
        """Of an event, whether crashes or cut channels forbid it."""
        system = self.search.system

        def is_out(number: int) -> bool:
            event = system.events[number]
            is_cut = event.kind is TimedEventKind.RECEIVE and (event.peer, event.role) in cut
            return is_cut or bool(gone >> system.actors[number] & 1)

        return is_out

    def _endings(self, cut: frozenset[Channel]) -> None:
        """Note configurations in which only roles that may all crash can still move."""
        most = self.scenario.most_crashes
        crashes: dict[int, frozenset[str] | None] = {}
        for at, able in enumerate(self.search.movers(self._out(cut) if cut else None)):
            if able.bit_count() > most:
                continue
            if able not in crashes:
                names = frozenset(role for n, role in enumerate(self.roles) if able >> n & 1)
                crashes[able] = names if self.scenario.may_crash(names) else None
            crashed = crashes[able]
            if crashed is not None:
                self._note(at, able, Omission(crashed, cut))

    def _note(self, at: int, able: int, failed: Omission) -> None:
        search = self.search
        idle = [role for role in range(len(self.roles)) if not able >> role & 1]
        waits = tuple(self.roles[role] for role in idle if self._waits(role, at))
        if waits:
            depth = search.depths[at]
            self.by_failure.setdefault(failed, depth)
            if self.deadlock is None or depth < len(self.deadlock.events):
                self.deadlock = TimedFailureRun(search.run_to(at), waits, failed)
            for name in waits:
                if name not in self.stuck or depth < len(self.stuck[name].events):
                    self.stuck[name] = TimedFailureRun(search.run_to(at), (name,), failed)
        if not failed.cut:
            self._note_mail(at, idle, failed)

    def _note_mail(self, at: int, idle: Sequence[int], failed: Omission) -> None:
        system, configuration = self.search.system, self.search.configurations[at]
        left = [
            role
            for role in idle
            if system.has_mail(role, configuration) and system.may_stop(role, configuration)
        ]
        depth = self.search.depths[at]
        if left and (self.orphan is None or depth < len(self.orphan.events)):
            roles = (self.roles[left[0]],)
            self.orphan = TimedFailureRun(self.search.run_to(at), roles, failed)

    def _starved(self, cuts: Sequence[frozenset[Channel]]) -> frozenset[str]:
        """Note roles that no run of the others lets act again; those that are left open."""
        left: set[str] = set()
        spared: dict[frozenset[str], list[int]] = {}
        for number, name in enumerate(self.roles):
            try:
                for crashed in self.scenario.crash_sets(name):
                    spared.setdefault(crashed, []).append(number)
            except TooManyFaultSets:
                left.add(name)
        work = 0
        for crashed, numbers in spared.items():
            for cut in cuts:
                work += self.search.expanded
                if work > _MOST_WORK:
                    left |= {self.roles[number] for number in numbers}
                else:
                    left |= self._starve(numbers, Omission(crashed, cut))
        return frozenset(left - self.stuck.keys())

    def _starve(self, numbers: Sequence[int], failed: Omission) -> set[str]:
        """Note first configurations from which a role is not served; of which it stays open."""
        search = self.search
        gone = sum(1 << n for n, role in enumerate(self.roles) if role in failed.crashed)
        leaves = 1 << len(self.roles)
        out = self._out(failed.cut) if failed.cut else None
        marks = search.movers(out, gone)
        marks += [leaves] * (len(search.configurations) - search.expanded)
        for at, movers in search.blocked_movers().items():
            if movers & ~gone:
                marks[at] |= leaves
        served = sum(1 << number for number in numbers)
        marks = search.that_lead_to(marks, served, self._out(failed.cut, gone))
        left = set()
        for number in numbers:
            name, bit = self.roles[number], 1 << number
            waiting = [
                at
                for at in range(search.expanded)
                if not marks[at] & bit and self._waits(number, at)
            ]
            certain = next((at for at in waiting if not marks[at] & leaves), None)
            if certain is not None:
                known = self.stuck.get(name)
                if known is None or search.depths[certain] < len(known.events):
                    run = search.run_to(certain)
                    self.stuck[name] = TimedFailureRun(run, (name,), failed)
            elif waiting:
                left.add(name)
        return left

    # Decisions

    def _broken(self) -> dict[int, tuple[TimedEvent, ...]]:
        """A shortest run that breaks each decision: a search of configurations with marks."""
        found = {}
        for number, rule in enumerate(self.decisions):
            run = self._breaking(number, rule)
            if run is not None:
                found[number] = run
        return found

    def _breaking(self, number: int, rule: DecisionRule) -> tuple[TimedEvent, ...] | None:
        start = (0, ("",) * len(self.roles))
        parents: dict[tuple[int, tuple[str, ...]], tuple[tuple[int, tuple[str, ...]], TimedEvent]]
        parents = {}
        order, seen = [start], {start}
        for here in order:
            at, marks = here
            if at >= self.search.expanded:
                continue
            if len(order) > _MOST_MARKED:
                self._open_decisions.add(number)
                return None
            for role, event, target in self.search.moves(at):
                after = marked_by(rule, marks, role, event)
                there = (target, after)
                if breaks_decision(rule, after):
                    events = [event]
                    while here in parents:
                        here, made = parents[here]
                        events.append(made)
                    return tuple(reversed(events))
                if target >= 0 and there not in seen:
                    seen.add(there)
                    parents[there] = (here, event)
                    order.append(there)
        return None


def marked_by(
    rule: DecisionRule, marks: tuple[str, ...], role: int, event: TimedEvent
) -> tuple[str, ...]:
    """What each role has decided after an event, empty for nothing.

    Of `at-most-once` it is one mark for each event.
    """
    if event.kind is TimedEventKind.FIRE or event.label not in rule.labels:
        return marks
    if not rule.concerns(event.role):
        return marks
    if rule.kind is DecisionKind.AT_MOST_ONCE:
        mark = (marks[role] + "+")[:2]
    else:
        mark = marks[role] or event.label
    return (*marks[:role], mark, *marks[role + 1 :])


def breaks_decision(rule: DecisionRule, marks: Sequence[str]) -> bool:
    """Whether roles that have decided so break the rule."""
    if rule.kind is DecisionKind.AT_MOST_ONCE:
        return "++" in marks
    return len({*marks} - {""}) > 1
