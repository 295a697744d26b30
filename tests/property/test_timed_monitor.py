"""Logs of protocols with timeouts: firings are inferred, against the reference meaning.

There every firing of every role is tried before each event; the monitor looks at those of the role
that acts.
"""

from __future__ import annotations

import random
from collections import Counter

import pytest
from timed_random import random_text
from timed_texts import protocol_of, written_of
from timed_vectors import VECTORS

from tellverify.evidence.event_log import LogEvent
from tellverify.evidence.monitor import UndecidedLog
from tellverify.model.timed_semantics import TimedSemantics
from tellverify.model.timed_state import TimedState
from tellverify.model.timed_text import FirePolicy, LatePolicy, TimedProtocol
from tellverify.search.timed_events import TimedSettings
from tellverify.search.timed_monitor import TimedMonitor

EVENTS = 7
ROUNDS = 10
MOST = 40  # states that explain a log; those of more are left out


class TooManyStates(Exception):
    """Firings without limit explain a log."""


class PlainMonitor:
    """All states that explain the events so far, by the reference meaning."""

    def __init__(self, protocol: TimedProtocol, late: LatePolicy, fire: FirePolicy) -> None:
        self.semantics = TimedSemantics(protocol, late=late, fire=fire, rounds=ROUNDS)
        self.states = self._fired({self.semantics.initial()})

    def _fired(self, states: set[TimedState]) -> set[TimedState]:
        found, work = set(states), list(states)
        while work:
            for move in self.semantics.moves(work.pop()):
                target = move.target
                if move.event.kind == "fire" and target is not None and target not in found:
                    found.add(target)
                    work.append(target)
            if len(found) > MOST:
                raise TooManyStates
        return found

    def make(self, event: LogEvent) -> bool:
        wanted = event.direction, event.role, event.peer, event.label
        after = {
            move.target
            for state in self.states
            for move in self.semantics.moves(state)
            if move.event[:4] == wanted and move.target is not None
        }
        self.states = self._fired(after)
        return bool(after)

    def complete(self) -> bool:
        roles = self.semantics.roles
        return any(
            not state.queues and all(self.semantics.may_stop(role, state) for role in roles)
            for state in self.states
        )


def log_of(rng: random.Random, protocol: TimedProtocol, late: LatePolicy) -> list[LogEvent]:
    """The events of a random run, without its timers; now and then one event is wrong."""
    semantics = TimedSemantics(protocol, late=late, rounds=ROUNDS)
    state, found = semantics.initial(), []
    for _ in range(3 * EVENTS):
        moves = [move for move in semantics.moves(state) if move.target is not None]
        if not moves or len(found) == EVENTS:
            break
        move = rng.choice(moves)
        assert move.target is not None
        state, event = move.target, move.event
        if event.kind == "send" or event.kind == "receive":
            found.append(LogEvent(event.role, event.kind, event.peer, event.label))
    if found and rng.random() < 0.5:
        at = rng.randrange(len(found))
        match rng.randrange(3):
            case 0:
                del found[at]
            case 1:
                found.insert(at, rng.choice(found))
            case _:
                other = rng.randrange(len(found))
                found[at], found[other] = found[other], found[at]
    return found


def followed(monitor: TimedMonitor, plain: PlainMonitor, log: list[LogEvent], session: int) -> str:
    """Follow a log in both ways, which agree, and say how it ended."""
    for number, event in enumerate(log):
        given = LogEvent(event.role, event.direction, event.peer, event.label, session)
        departure = monitor.make(given)
        assert (departure is None) == plain.make(event), (session, number, log)
        if departure is not None:
            assert departure.reason and len(departure.standing) == len(monitor.roles)
            return "departed"
    if not log:
        return "empty"
    assert monitor.complete(session) == plain.complete(), (session, log)
    return "complete" if plain.complete() else "incomplete"


@pytest.mark.parametrize("start", range(0, 240, 40))
def test_logs_are_followed_as_far_as_the_reference_meaning_follows_them(start: int) -> None:
    ways: Counter[str] = Counter()
    for seed in range(start, start + 40):
        rng = random.Random(seed)
        written = written_of(random_text(seed))
        late = LatePolicy("keep" if seed % 4 == 3 else "attempts")
        protocol = protocol_of(written)
        monitor = TimedMonitor(protocol, TimedSettings(late=late))
        for session in range(3):
            log = log_of(rng, protocol, late)
            try:
                way = followed(
                    monitor, PlainMonitor(protocol, late, FirePolicy.WAITS), log, session
                )
            except TooManyStates:
                continue
            except UndecidedLog:
                assert monitor.system.roles.limits.drifted
                break
            ways[way] += 1
    assert all(ways[way] for way in ("complete", "incomplete", "departed")), ways


def test_a_retry_without_limit_is_followed_through_many_attempts() -> None:
    protocol = protocol_of(VECTORS["T4"].text)
    monitor = TimedMonitor(protocol, TimedSettings())
    for _ in range(500):
        assert monitor.make(LogEvent("C", "send", "S", "Req")) is None
    assert not monitor.complete(None)
    assert monitor.make(LogEvent("S", "receive", "C", "Req")) is None  # the others were discarded
    departure = monitor.make(LogEvent("S", "receive", "C", "Req"))
    assert departure is not None and departure.kind == "queue"
    assert monitor.make(LogEvent("S", "send", "C", "Res")) is None
    assert monitor.make(LogEvent("C", "receive", "S", "Res")) is None
    assert monitor.complete(None) and monitor.unfinished() == (0, None)
