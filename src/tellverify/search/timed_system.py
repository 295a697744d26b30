"""Configurations of a protocol with timeouts: events, and what a configuration shows by itself.

A configuration is the local state of every role and the messages of every channel. Discarded
messages vanish at once and are no events.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Final, NamedTuple

import msgspec

from tellverify.model.timed_text import MessageNode, TimedProtocol
from tellverify.search.timed_fires import KeptFires
from tellverify.search.timed_numbers import CanonicalNumbers, Configuration
from tellverify.search.timed_places import KeptPlaces, TimedPlaces
from tellverify.search.timed_roles import NOT_TAKEN, TimedRoles
from tellverify.search.timed_rows import FirePolicy, LatePolicy

BLOCKED: Final = None  # what an event leads to that the queue bound forbids


class TimedEventKind(StrEnum):
    """What happens: a message is sent, a message is received, a timer fires."""

    SEND = "send"
    RECEIVE = "receive"
    FIRE = "timeout"


class TimedEvent(msgspec.Struct, frozen=True):
    """An event of `role`; `peer` and `label` of a message, `scope` and `alternative` of a timer."""

    kind: TimedEventKind
    role: str
    peer: str = ""
    label: str = ""
    scope: int = -1
    alternative: str = ""


class TimedProperty(StrEnum):
    """Properties that a configuration or an event refutes by itself."""

    NO_DEADLOCK = "no-deadlock"
    NO_ORPHAN_MESSAGE = "no-orphan-message"
    NO_UNSPECIFIED_RECEPTION = "no-unspecified-reception"
    TIMEOUT_AGREEMENT = "timeout-agreement"
    FRESH_MESSAGES = "fresh-messages"


class TimedStep(NamedTuple):
    """An event with what it leads to.

    `late`: channels and labels of messages that it makes vanish. `is_unclear`: its role cannot
    tell which round the message belongs to.
    """

    role: int
    event: TimedEvent
    target: Configuration | None
    late: tuple[tuple[str, str, str], ...] = ()
    is_stale: bool = False
    is_unclear: bool = False


class TimedSettings(msgspec.Struct, frozen=True):
    """`bound`: most messages of a channel. `rounds`: see `TimedRoles`."""

    late: LatePolicy = LatePolicy.ATTEMPTS
    fire: FirePolicy = FirePolicy.WAITS
    bound: int = 3
    rounds: int | None = None


class TimedSystem:
    """The transition system of one protocol with queues of a bound."""

    def __init__(
        self,
        protocol: TimedProtocol,
        settings: TimedSettings,
        places: TimedPlaces | None = None,
    ) -> None:
        self.protocol = protocol
        self.settings = settings
        keep = settings.late is LatePolicy.KEEP
        if places is None:
            places = (KeptPlaces if keep else TimedPlaces)(protocol, settings.fire)
        self.roles = TimedRoles(places, settings.rounds)
        number = places.role_number
        channels = {
            (number[node.sender], number[node.receiver])
            for node in protocol.nodes
            if isinstance(node, MessageNode)
        }
        self.channels = tuple(sorted(channels))
        self.channel = {pair: at for at, pair in enumerate(self.channels)}
        self.into = [
            [at for at, (_, receiver) in enumerate(self.channels) if receiver == role]
            for role in range(len(protocol.roles))
        ]
        self.numbers: CanonicalNumbers | KeptFires | None
        if keep:
            self.numbers = KeptFires(self.roles)
        else:
            self.numbers = CanonicalNumbers(self.roles) if settings.rounds is None else None
        self._failed: dict[int, frozenset[int]] = {}
        self._entries: dict[int, frozenset[int]] = {}

    def first(self) -> Configuration:
        """The configuration at the beginning."""
        local = self.roles.first()
        return (local,) * len(self.protocol.roles), ((),) * len(self.channels)

    def steps(self, configuration: Configuration) -> Iterator[TimedStep]:
        """Every event, also those that only the queue bound forbids."""
        for role, local in enumerate(configuration[0]):
            moves = self.roles.moves(role, local)
            for send in moves.sends:
                yield self._send(
                    configuration, role, send.receiver, send.message, send.target
                )._replace(is_unclear=send.is_unclear)
            for fire in moves.fires:
                names = self.protocol.scopes[fire.scope].alternatives
                event = TimedEvent(
                    TimedEventKind.FIRE,
                    self.protocol.roles[role],
                    scope=fire.scope,
                    alternative=names[fire.alternative][0],
                )
                yield self._step(configuration, role, event, fire.target, configuration[1])
            yield from self._receives(configuration, role, local)

    def _send(
        self, configuration: Configuration, role: int, receiver: int, message: int, target: int
    ) -> TimedStep:
        names = self.protocol.roles
        label = self.roles.messages.rows[message].label
        event = TimedEvent(TimedEventKind.SEND, names[role], names[receiver], label)
        local_numbers, queues = configuration
        channel = self.channel[role, receiver]
        queue, voided = self.voided(local_numbers[role], queues[channel])
        if len(queue) >= self.settings.bound:
            return TimedStep(role, event, BLOCKED)
        failed = self._failed_entries(local_numbers[receiver])
        if self._entries_of(message).isdisjoint(failed):
            queue = (*queue, message)
        else:
            voided = (*voided, message)
        queues = (*queues[:channel], queue, *queues[channel + 1 :])
        late = self._names(channel, voided)
        return self._step(configuration, role, event, target, queues, late)

    def voided(
        self, sender: int, queue: tuple[int, ...]
    ) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """What stays of a queue when its sender sends, and what vanishes."""
        return self._parted(queue, self._failed_entries(sender))

    def _receives(self, configuration: Configuration, role: int, local: int) -> Iterator[TimedStep]:
        queues = configuration[1]
        for channel in self.into[role]:
            queue = queues[channel]
            if not queue:
                continue
            sender = self.channels[channel][0]
            target = self.roles.taken(role, sender, local, queue[0])
            if target == NOT_TAKEN:
                continue
            left = (*queues[:channel], queue[1:], *queues[channel + 1 :])
            label = self.roles.messages.rows[queue[0]].label
            names = self.protocol.roles
            event = TimedEvent(TimedEventKind.RECEIVE, names[role], names[sender], label)
            step = self._step(configuration, role, event, target, left)
            yield step._replace(is_stale=self.roles.is_stale(local, queue[0]))

    def _step(
        self,
        configuration: Configuration,
        role: int,
        event: TimedEvent,
        target: int,
        queues: tuple[tuple[int, ...], ...],
        late: tuple[tuple[str, str, str], ...] = (),
    ) -> TimedStep:
        local_numbers = configuration[0]
        failed = self._failed_entries(target)
        if failed and failed != self._failed_entries(local_numbers[role]):
            kept = list(queues)
            for channel in self.into[role]:
                kept[channel], gone = self._parted(queues[channel], failed)
                late += self._names(channel, gone)
            queues = tuple(kept)
        new = (*local_numbers[:role], target, *local_numbers[role + 1 :]), queues
        return TimedStep(role, event, self.numbers.canonical(new) if self.numbers else new, late)

    def _parted(
        self, queue: tuple[int, ...], failed: frozenset[int]
    ) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Messages that belong to none of the failed entries, and the others."""
        if not queue or not failed:
            return queue, ()
        kept = tuple(m for m in queue if self._entries_of(m).isdisjoint(failed))
        if len(kept) == len(queue):
            return queue, ()
        return kept, tuple(m for m in queue if not self._entries_of(m).isdisjoint(failed))

    def _failed_entries(self, local: int) -> frozenset[int]:
        found = self._failed.get(local)
        if found is None:
            row = self.roles.locals.rows[local]
            found = self._failed[local] = frozenset(entry for entry, _ in row.failed)
        return found

    def _entries_of(self, message: int) -> frozenset[int]:
        found = self._entries.get(message)
        if found is None:
            row = self.roles.messages.rows[message]
            found = self._entries[message] = row.inside | row.unknown
        return found

    def _names(self, channel: int, messages: tuple[int, ...]) -> tuple[tuple[str, str, str], ...]:
        sender, receiver = (self.protocol.roles[role] for role in self.channels[channel])
        rows = self.roles.messages.rows
        return tuple((sender, receiver, rows[message].label) for message in messages)

    # What a configuration shows

    def may_stop(self, role: int, configuration: Configuration) -> bool:
        return self.roles.moves(role, configuration[0][role]).may_stop

    def faults(
        self, configuration: Configuration, steps: list[TimedStep]
    ) -> Iterator[TimedProperty]:
        """What `configuration`, with all its events, refutes."""
        stopping = [self.may_stop(role, configuration) for role in range(len(self.protocol.roles))]
        if not steps and not all(stopping):
            yield TimedProperty.NO_DEADLOCK
        if any(configuration[1]):
            complete = self._known_complete(configuration)
            moving = {step.role for step in steps}
            for role, stops in enumerate(stopping):
                if stops and self._is_orphaned(role, configuration, complete, not steps):
                    yield TimedProperty.NO_ORPHAN_MESSAGE
                waits = not stops and role not in moving
                if waits and self._is_spoilt(role, configuration, complete):
                    yield TimedProperty.NO_UNSPECIFIED_RECEPTION
        elif not steps and all(stopping) and self._disagrees(configuration):
            yield TimedProperty.TIMEOUT_AGREEMENT

    def _known_complete(self, configuration: Configuration) -> frozenset[int]:
        """Entries that their owners know to be complete; nobody else knows before."""
        rows = self.roles.locals.rows
        return frozenset().union(*(rows[local].complete for local in configuration[0]))

    def _is_orphaned(
        self, role: int, configuration: Configuration, complete: frozenset[int], idle: bool
    ) -> bool:
        """Whether a message is queued for `role`, which may stop and has no event left.

        It has none when there is no event at all, or when it waits for nothing, even if it is
        told of entries that may still fail.
        """
        if not any(configuration[1][channel] for channel in self.into[role]):
            return False
        local = configuration[0][role]
        moves = self.roles.moves(role, local)
        return idle or not (
            moves.sends or moves.awaits or self.roles.awaited_when_told(role, local, complete)
        )

    def _is_spoilt(self, role: int, configuration: Configuration, complete: frozenset[int]) -> bool:
        """Whether `role` waits, and finds a message that it will never take wherever it may."""
        local = configuration[0][role]
        awaited = self.roles.awaited_when_told(role, local)
        heads = [
            configuration[1][channel][:1]
            for channel in self.into[role]
            if self.channels[channel][0] in awaited
        ]
        return bool(heads) and all(head and self._entries_of(head[0]) <= complete for head in heads)

    def _disagrees(self, configuration: Configuration) -> bool:
        """Whether some role ends in the body of an entry that others know to have failed."""
        failed = frozenset().union(*(self._failed_entries(local) for local in configuration[0]))
        return bool(failed) and any(
            not failed.isdisjoint(self.roles.ends_unaware_of(role, local))
            for role, local in enumerate(configuration[0])
        )
