"""A log of a protocol with timeouts followed event by event, one run for each session.

A log has what roles send and take, and not when timers fire: every firing that explains it is
followed at once (the subset construction, with firings as silent moves). A firing changes only what
its owner may do next and which messages it discards, whenever they arrive, so firings of a role are
looked at where the role acts, and those of all roles at the end.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from tellverify.evidence.event_log import LogEvent, Session
from tellverify.evidence.monitor import (
    Channel,
    Departure,
    MonitorStanding,
    UndecidedLog,
    Unfinished,
)
from tellverify.model.delivery import Delivery
from tellverify.model.timed_text import MessageNode, TimedProtocol
from tellverify.search.timed_events import TimedEventKind, TimedSettings
from tellverify.search.timed_rows import TooManyTimedPlaces
from tellverify.search.timed_system import TimedSystem

MOST_TIMED_PLACES: Final = 2_000  # configurations of a session at a time
_LONGEST_QUEUE: Final = 10_000
_Places = dict[int, None]
_KINDS: Final = {"send": TimedEventKind.SEND, "receive": TimedEventKind.RECEIVE}


class TimedMonitor:
    """Follows sessions of one protocol; `settings` say what happens to late messages.

    All roles are recorded.
    """

    infers_timers = True

    def __init__(self, protocol: TimedProtocol, settings: TimedSettings) -> None:
        self.protocol = protocol
        self.roles = self.recorded = protocol.roles
        self.acted: set[str] = set()
        self.system = TimedSystem(
            protocol,
            TimedSettings(late=settings.late, fire=settings.fire, bound=_LONGEST_QUEUE),
        )
        self._places: dict[Session, _Places] = {}
        self._number: Mapping[str, int] = self.system.roles.places.role_number
        self._messages = [node for node in protocol.nodes if isinstance(node, MessageNode)]

    @property
    def sessions(self) -> int:
        """How many sessions the log has had up to here."""
        return len(self._places)

    def make(self, event: LogEvent) -> Departure | None:
        """Make one event where it is possible, or say why it is possible nowhere.

        Raises UndecidedLog.
        """
        role = self._number.get(event.role)
        if role is None:
            return Departure(event, f"the protocol has no role `{event.role}`", "role")
        places = self._places.setdefault(event.session, {self.system.first(): None})
        kind = _KINDS[event.direction]
        after: _Places = {}
        try:
            for place in self._closed(places, (role,)):
                for number, target in self._moves(role, place):
                    made = self.system.events[number]
                    if (made.kind, made.peer, made.label) == (kind, event.peer, event.label):
                        after[target] = None
        except TooManyTimedPlaces:
            raise UndecidedLog("a role may be at too many places") from None
        if self.system.roles.limits.drifted:
            raise UndecidedLog("a role may be in any of ever more attempts")
        if not after:
            return self._nowhere(event, places)
        self.acted.add(event.role)
        self._places[event.session] = after
        return None

    def complete(self, session: Session) -> bool:
        """True when all may stop with nothing queued, once some timers have fired."""
        system = self.system
        roles = range(system.size)
        return any(
            not place & system.layout.all_queues
            and all(system.may_stop(role, place) for role in roles)
            for place in self._closed(self._places[session], roles)
        )

    def unfinished(self) -> tuple[int, Unfinished | None]:
        """How many sessions have not come to an end, and the first of them at one of its places."""
        left = [session for session in self._places if not self.complete(session)]
        if not left:
            return 0, None
        place = next(iter(self._places[left[0]]))
        return len(left), Unfinished(left[0], self._standing(place), self._queues(place))

    def labels(self) -> tuple[str, ...]:
        """All labels, sorted."""
        return tuple(sorted({node.label for node in self._messages}))

    # Places

    def _moves(self, role: int, place: int) -> Iterable[tuple[int, int]]:
        """The events of a role without faults, and the places behind them."""
        for number, delta, _ in self.system.part(role, place).moves:
            if self.system.events[number].delivery is Delivery.FIFO:
                yield number, self.system.canonical(place + delta)

    def _closed(self, places: Collection[int], roles: Sequence[int]) -> Iterator[int]:
        """The places with those that firings of these roles lead to, nearest first.

        Raises UndecidedLog.
        """
        found = dict.fromkeys(places)
        pending = list(found)
        for place in pending:
            yield place
            for role in roles:
                for number, target in self._moves(role, place):
                    fires = self.system.events[number].kind is TimedEventKind.FIRE
                    if fires and target not in found:
                        found[target] = None
                        pending.append(target)
            if len(pending) > MOST_TIMED_PLACES:
                raise UndecidedLog(f"more than {MOST_TIMED_PLACES} configurations explain it")

    # What to say of an event that was not possible

    def _nowhere(self, event: LogEvent, places: _Places) -> Departure:
        place = next(iter(places))
        kind, reason = self._why(event, place)
        return Departure(event, reason, kind, self._standing(place))

    def _why(self, event: LogEvent, place: int) -> tuple[str, str]:
        role, peer, label = event.role, event.peer, event.label
        if peer not in self._number:
            return "peer", f"the protocol has no role `{peer}`"
        ends = (role, peer) if event.direction == "send" else (peer, role)
        if not any(
            label == node.label and role in (node.sender, node.receiver) for node in self._messages
        ):
            return "label", f"no message of `{role}` has the label `{label}`"
        if event.direction == "send":
            return "state", f"`{role}` cannot send `{label}` to `{peer}` here"
        queue = dict(self._queues(place)).get(ends, ())
        if not queue:
            return "queue", f"nothing from `{peer}` is queued for `{role}`"
        if queue[0] != label:
            return "queue", f"`{queue[0]}` is ahead of `{label}` in the queue from `{peer}`"
        return "state", f"`{role}` cannot take `{label}` from `{peer}` here"

    def _queues(self, place: int) -> tuple[tuple[Channel, tuple[str, ...]], ...]:
        """The channels that are not empty."""
        system, names = self.system, self.protocol.roles
        found = []
        for number, (sender, receiver) in enumerate(system.channels):
            queue = system.roles.queues.rows[system.queue(number, place)]
            labels = tuple(system.roles.messages.rows[message].label for message in queue)
            if labels:
                found.append(((names[sender], names[receiver]), labels))
        return tuple(found)

    def _standing(self, place: int) -> tuple[MonitorStanding, ...]:
        """Where every role stands, and what it may take once it learns of failures."""
        system, names = self.system, self.protocol.roles
        queues = self._queues(place)
        found = []
        for role, name in enumerate(names):
            local = system.local(role, place)
            prepared = system.prepared(role, local)
            sends = [
                (names[send.receiver], system.roles.messages.rows[send.message].label)
                for send in (made.send for made in prepared.sends)
            ]
            heads = [(sender, labels[0]) for (sender, to), labels in queues if to == name]
            found.append(
                MonitorStanding(
                    name,
                    prepared.may_stop,
                    tuple(sends),
                    system.roles.awaited_messages(role, local),
                    tuple(heads),
                )
            )
        return tuple(found)
