"""A log followed event by event through local machines, one run for each session.

What `tellverify.model.semantics` allows, decided in constant time for each event. Where only some
roles were recorded, only their machines are followed: a channel to or from anybody else may hold
whatever its end says. For one role this asks whether the log is a trace of its local machine.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol, TypeAlias

import msgspec

from tellverify.evidence.event_log import LogEvent, Session
from tellverify.model.machine import Machine

Channel: TypeAlias = tuple[str, str]
_Row: TypeAlias = dict[tuple[str, str, str], tuple[int, str]]


class MonitorStanding(msgspec.Struct, frozen=True):
    """Where a role stands: what it may send and awaits, as `(peer, label)`.

    `heads` has the first message of every channel to it that is not empty and is watched.
    """

    role: str
    finished: bool
    sends: tuple[tuple[str, str], ...]
    awaits: tuple[tuple[str, str], ...]
    heads: tuple[tuple[str, str], ...]


class Departure(msgspec.Struct, frozen=True):
    """An event that was not possible: why, and where every role stood."""

    event: LogEvent
    reason: str
    kind: str  # "role", "unrecorded", "peer", "label", "queue", "state" or "ended"
    standing: tuple[MonitorStanding, ...] = ()


class Unfinished(msgspec.Struct, frozen=True):
    """A session that had not come to its end: roles that must go on, and channels not empty."""

    session: Session
    standing: tuple[MonitorStanding, ...]
    queues: tuple[tuple[Channel, tuple[str, ...]], ...]


class UndecidedLog(Exception):
    """Why it is not known whether a log conforms, in words."""


class LogMonitor(Protocol):
    """What follows a log: `make` for each event in order, then `unfinished`.

    `infers_timers`: firings of timers need not be in the log. `make` and `unfinished` may raise
    UndecidedLog.
    """

    infers_timers: bool
    roles: tuple[str, ...]
    recorded: tuple[str, ...]
    acted: set[str]

    @property
    def sessions(self) -> int:
        """How many sessions the log has had up to here."""

    def make(self, event: LogEvent) -> Departure | None:
        """Make one event, or say why it is not possible and change nothing."""

    def unfinished(self) -> tuple[int, Unfinished | None]:
        """How many sessions have not come to an end, and the first of them."""

    def labels(self) -> tuple[str, ...]:
        """All labels of the recorded roles, sorted."""


class SessionRun:
    """One session: the state of every role that has moved, and the channels that are watched."""

    __slots__ = ("queues", "states", "unfinished")

    def __init__(self, unfinished: int) -> None:
        self.states: dict[str, int] = {}
        self.queues: dict[Channel, deque[str]] = {}
        self.unfinished = unfinished


class Monitor:
    """Follows sessions through `machines`; `recorded` names the roles that wrote the log.

    A session all of whose roles have come to states without moves keeps nothing but its name.
    Raises ValueError when two machines have one role or `recorded` names a role without machine.
    """

    infers_timers = False

    def __init__(self, machines: Sequence[Machine], recorded: Collection[str] = ()) -> None:
        self._machines: Mapping[str, Machine] = {m.role: m for m in machines}
        chosen = set(recorded) or set(self._machines)
        if len(self._machines) != len(machines) or not chosen <= set(self._machines):
            raise ValueError("two machines of one role, or a role without a machine")
        self.recorded = tuple(role for role in self._machines if role in chosen)
        self.roles = tuple(self._machines)
        self._watched = chosen
        self._rows: dict[str, list[_Row]] = {
            role: [
                {("send" if a.send else "receive", a.peer, a.label): (to, a.label) for a, to in row}
                for row in self._machines[role].moves
            ]
            for role in self.recorded
        }
        self._begun = sum(1 for rows in self._rows.values() if rows[0])
        self._runs: dict[Session, SessionRun | None] = {}
        self.ended = 0
        self.acted: set[str] = set()

    @property
    def sessions(self) -> int:
        """How many sessions the log has had up to here."""
        return len(self._runs)

    def make(self, event: LogEvent) -> Departure | None:
        """Make one event, or say why it is not possible and change nothing."""
        role, peer, label, direction = event.role, event.peer, event.label, event.direction
        session = event.session
        if session in self._runs:
            run = self._runs[session]
            if run is None:
                return Departure(event, "the run had ended: every role had finished", "ended")
        else:
            run = self._runs[session] = SessionRun(self._begun)
        rows = self._rows.get(role)
        if rows is None:
            return self._unknown_role(event)
        state = run.states.get(role, 0)
        move = rows[state].get((direction, peer, label))
        if move is None:
            return self._departed(event, run)
        target, kept = move
        if peer in self._watched:
            if direction == "send":
                queue = run.queues.get((role, peer))
                if queue is None:
                    queue = run.queues[(role, peer)] = deque()
                queue.append(kept)  # one text for all messages of a label
            else:
                queue = run.queues.get((peer, role))
                if not queue or queue[0] != label:
                    return self._departed(event, run)
                queue.popleft()
        self.acted.add(role)
        run.states[role] = target
        if not rows[target]:
            run.unfinished -= 1
            if not run.unfinished:
                self._settle(session, run)
        return None

    def _settle(self, session: Session, run: SessionRun) -> None:
        """Forget a run that has come to its end: nothing can follow."""
        if self.complete(session):
            self._runs[session] = None
            self.ended += 1

    def complete(self, session: Session) -> bool:
        """True when every recorded role may stop and the channels between them are empty."""
        run = self._runs[session]
        return run is None or (
            not any(run.queues.values())
            and all(self._machines[role].final[run.states.get(role, 0)] for role in self.recorded)
        )

    def unfinished(self) -> tuple[int, Unfinished | None]:
        """How many sessions have not come to an end, and the first of them."""
        count, first = 0, None
        for session, run in self._runs.items():
            if run is None or self.complete(session):
                continue
            count += 1
            if first is None:
                queues = sorted((c, tuple(q)) for c, q in run.queues.items() if q)
                first = Unfinished(session, self._standing(run), tuple(queues))
        return count, first

    # What to say of an event that was not possible

    def _unknown_role(self, event: LogEvent) -> Departure:
        if event.role in self._machines:
            reason = f"`{event.role}` is not among the recorded roles"
            return Departure(event, reason, "unrecorded")
        return Departure(event, f"the protocol has no role `{event.role}`", "role")

    def _departed(self, event: LogEvent, run: SessionRun) -> Departure:
        kind, reason = self._why(event, run)
        return Departure(event, reason, kind, self._standing(run))

    def _why(self, event: LogEvent, run: SessionRun) -> tuple[str, str]:
        role, peer, label = event.role, event.peer, event.label
        machine = self._machines[role]
        if peer not in self._machines:
            return "peer", f"the protocol has no role `{peer}`"
        send = event.direction == "send"
        row = self._rows[role][run.states.get(role, 0)]
        if not any(label == action.label for moves in machine.moves for action, _ in moves):
            return "label", f"no message of `{role}` has the label `{label}`"
        if (event.direction, peer, label) in row:
            queue = run.queues.get((peer, role))
            if not queue:
                return "queue", f"nothing from `{peer}` is queued for `{role}`"
            return "queue", f"`{queue[0]}` is ahead of `{label}` in the queue from `{peer}`"
        if not row:
            return "state", f"`{role}` has finished"
        what = f"send `{label}` to `{peer}`" if send else f"take `{label}` from `{peer}`"
        return "state", f"`{role}` cannot {what} here"

    def labels(self) -> tuple[str, ...]:
        """All labels of the recorded roles, sorted."""
        moves = (row for role in self.recorded for row in self._machines[role].moves)
        return tuple(sorted({action.label for row in moves for action, _ in row}))

    def _standing(self, run: SessionRun) -> tuple[MonitorStanding, ...]:
        into: dict[str, list[tuple[str, str]]] = {}
        for (sender, receiver), queue in sorted(run.queues.items()):
            if queue:
                into.setdefault(receiver, []).append((sender, queue[0]))
        found = []
        for role in self.recorded:
            state = run.states.get(role, 0)
            machine = self._machines[role]
            moves = [action for action, _ in machine.moves[state]]
            found.append(
                MonitorStanding(
                    role,
                    machine.final[state],
                    tuple((a.peer, a.label) for a in moves if a.send),
                    tuple((a.peer, a.label) for a in moves if not a.send),
                    tuple(into.get(role, ())),
                )
            )
        return tuple(found)
