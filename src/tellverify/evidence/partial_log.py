"""Logs that leave things out: their beginning, or all receptions.

Where the log does not say what happened, every possibility is followed at once: a session has a set
of configurations, and an event is possible when it is in one of them (the subset construction, with
what the log does not show as silent moves). The set is exact for logs of all roles.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from tellverify.evidence.event_log import LogEvent, Session
from tellverify.evidence.monitor import (
    Channel,
    Departure,
    Monitor,
    SessionRun,
    UndecidedLog,
    Unfinished,
)
from tellverify.model.machine import Action, Machine

MOST: Final = 50_000  # configurations at a time
MOST_QUEUED: Final = 20 * MOST  # messages in the queues of all of them

_Queues: TypeAlias = tuple[tuple[Channel, tuple[str, ...]], ...]
_Place: TypeAlias = tuple[tuple[int, ...], _Queues]  # states of the recorded roles, channels
_Places: TypeAlias = dict[_Place, None]


class TooManyLogPlaces(UndecidedLog):
    """More than `MOST` configurations fit, or more than `MOST_QUEUED` messages in their queues."""


class PartialMonitor(Monitor):
    """Follows sessions of which the beginning, receptions or both are not in the log.

    `anywhere` lets every session begin in any configuration that can be reached; `sends_only`
    infers receptions, and the log must have none. Raises TooManyLogPlaces where too many fit.
    """

    def __init__(
        self,
        machines: Sequence[Machine],
        recorded: Collection[str] = (),
        *,
        anywhere: bool = False,
        sends_only: bool = False,
    ) -> None:
        super().__init__(machines, recorded)
        self._moves = tuple(self._machines[role].moves for role in self.recorded)
        self._number = {role: index for index, role in enumerate(self.recorded)}
        self._sends_only = sends_only
        first: _Place = (tuple(0 for _ in self.recorded), ())
        self._start: _Places = self._settled({first: None})
        if anywhere:
            self._start = self._reachable(first)
        self._places: dict[Session, _Places] = {}

    @property
    def sessions(self) -> int:
        """How many sessions the log has had up to here."""
        return len(self._places)

    def make(self, event: LogEvent) -> Departure | None:
        """Make one event where it is possible, or say why it is possible nowhere."""
        if event.role not in self._number:
            return self._unknown_role(event)
        places = self._places.setdefault(event.session, self._start)
        send = event.direction == "send"
        action = Action(send, event.peer, event.label)
        role = self._number[event.role]
        after: _Places = {}
        for place in self._silent(places):
            for offered, target in self._moves[role][place[0][role]]:
                if offered == action:
                    after.update(dict.fromkeys(self._moved(place, role, action, target)))
        if not after:
            return self._nowhere(event, places)
        self.acted.add(event.role)
        self._places[event.session] = self._settled(after)
        return None

    def complete(self, session: Session) -> bool:
        """True when in one of the places all may stop and the watched channels are empty."""
        machines = [self._machines[role] for role in self.recorded]
        return any(
            not queues and all(one.final[at] for one, at in zip(machines, states, strict=True))
            for states, queues in self._silent(self._places[session])
        )

    def unfinished(self) -> tuple[int, Unfinished | None]:
        """How many sessions have not come to an end, and the first of them at one of its places."""
        left = [session for session in self._places if not self.complete(session)]
        if not left:
            return 0, None
        place = next(iter(self._places[left[0]]))
        return len(left), Unfinished(left[0], self._standing(self._run(place)), place[1])

    # Places

    def _moved(self, place: _Place, role: int, action: Action, target: int) -> Iterator[_Place]:
        """The place after one move; none where the message is not at the head of its channel."""
        states, queues = place
        own = self.recorded[role]
        if action.peer in self._watched:
            held: Mapping[Channel, tuple[str, ...]] = dict(queues)
            channel = (own, action.peer) if action.send else (action.peer, own)
            queue = held.get(channel, ())
            if action.send:
                queue = (*queue, action.label)
            elif queue and queue[0] == action.label:
                queue = queue[1:]
            else:
                return
            rest = {one: found for one, found in held.items() if one != channel}
            queues = tuple(sorted({**rest, channel: queue}.items() if queue else rest.items()))
        yield (*states[:role], target, *states[role + 1 :]), queues

    def _steps(self, place: _Place, *, sends: bool) -> Iterator[_Place]:
        """What one reception leads to, or one move of any kind."""
        for role, rows in enumerate(self._moves):
            for action, target in rows[place[0][role]]:
                if sends or not action.send:
                    yield from self._moved(place, role, action, target)

    def _closed(self, places: _Places, *, sends: bool) -> _Places:
        """All places to which such moves lead from `places`. Raises TooManyLogPlaces."""
        found = dict(places)
        pending = deque(places)
        queued = 0
        while pending:
            for place in self._steps(pending.popleft(), sends=sends):
                if place not in found:
                    found[place] = None
                    pending.append(place)
                    queued += sum(len(labels) for _, labels in place[1])
                    if len(found) > MOST or queued > MOST_QUEUED:
                        raise TooManyLogPlaces
        return found

    def _reachable(self, first: _Place) -> _Places:
        return self._settled(self._closed({first: None}, sends=True))

    def _silent(self, places: _Places) -> _Places:
        """The places with those that receptions which the log does not show lead to."""
        return self._closed(places, sends=False) if self._sends_only else places

    def _settled(self, places: _Places) -> _Places:
        """Places with receptions made that can be made at once without loss.

        A role that can only receive, from one role, and has a fitting message at the head of that
        channel must take it before it does anything else, and nothing that others do changes it.
        """
        if not self._sends_only:
            return places
        found: _Places = {}
        for place in places:
            here = place
            while (after := self._forced(here)) is not None and after != here:
                here = after
            found[here] = None
        return found

    def _forced(self, place: _Place) -> _Place | None:
        for role, rows in enumerate(self._moves):
            row = rows[place[0][role]]
            peers = {action.peer for action, _ in row}
            if len(peers) != 1 or any(action.send for action, _ in row):
                continue
            if not peers <= self._watched:
                continue
            after = [one for action, to in row for one in self._moved(place, role, action, to)]
            if after:
                return after[0]
        return None

    # What to say of an event that was not possible

    def _run(self, place: _Place) -> SessionRun:
        run = SessionRun(0)
        run.states = dict(zip(self.recorded, place[0], strict=True))
        run.queues = {channel: deque(queue) for channel, queue in place[1]}
        return run

    def _nowhere(self, event: LogEvent, places: _Places) -> Departure:
        run = self._run(next(iter(places)))
        if len(places) == 1:
            return self._departed(event, run)
        kind, reason = self._why(event, run)
        if kind in ("peer", "label"):
            return Departure(event, reason, kind)
        what = "send" if event.direction == "send" else "take"
        word = "to" if event.direction == "send" else "from"
        reason = (
            f"`{event.role}` cannot {what} `{event.label}` {word} `{event.peer}` in any of the "
            f"{len(places)} configurations that fit the lines before"
        )
        return Departure(event, reason, "state")
