"""Configurations of a protocol with timeouts: events, and what a configuration shows by itself.

A configuration is the local state of every role and the messages of every channel. Discarded
messages vanish at once and are no events.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Final, NamedTuple, TypeAlias

import msgspec

from tellverify.model.components import strongly_connected
from tellverify.model.timed_text import (
    EnterNode,
    MessageNode,
    TimedProtocol,
    following_nodes,
)
from tellverify.search.timed_fires import KeptFires
from tellverify.search.timed_numbers import CanonicalNumbers
from tellverify.search.timed_places import KeptPlaces, TimedPlaces
from tellverify.search.timed_roles import EMPTY, NOT_TAKEN, TimedRoles
from tellverify.search.timed_rows import FirePolicy, Interned, LatePolicy

_MOST_NUMBERS: Final = 12  # of entries, beside two for each message of a queue


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


Configuration: TypeAlias = tuple[int, ...]
Late: TypeAlias = tuple[tuple[str, str, str], ...]


class TimedStep(NamedTuple):
    """An event with what it leads to, None where only the queue bound forbids it.

    `late`: senders, receivers and labels of messages that vanish. `is_unclear`: its role cannot
    tell which round the message belongs to. `is_stale`: the message is one of an earlier attempt.
    """

    role: int
    event: TimedEvent
    target: Configuration | None
    late: Late = ()
    is_stale: bool = False
    is_unclear: bool = False


class _Sent(NamedTuple):
    event: TimedEvent
    slot: int
    receiver: int
    message: int
    target: int
    is_unclear: bool


class _Prepared(NamedTuple):
    """The moves of a local state. `failed` numbers the set of entries known to have failed."""

    sends: tuple[_Sent, ...]
    fires: tuple[tuple[TimedEvent, int], ...]
    may_stop: bool
    is_waiting: bool  # a place in silence is one of an event
    failed: int


class TimedSettings(msgspec.Struct, frozen=True):
    """`bound`: most messages of a channel. `rounds`: see `RoundLimits`."""

    late: LatePolicy = LatePolicy.ATTEMPTS
    fire: FirePolicy = FirePolicy.WAITS
    bound: int = 3
    rounds: int | None = None


def _may_enter_again(protocol: TimedProtocol) -> bool:
    """Whether a scope stands in a loop."""
    first, target = following_nodes(protocol)
    return any(
        isinstance(protocol.nodes[node], EnterNode)
        for component in strongly_connected(first, target, [protocol.start])
        for node in component
        if len(component) > 1 or node in target[first[node] : first[node + 1]]
    )


class TimedSystem:
    """The transition system of one protocol with queues of a bound.

    A configuration is the local state of every role and the queue of every channel, as numbers of
    rows of the tables of `roles`.
    """

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
        self.size = len(protocol.roles)
        number = places.role_number
        channels = {
            (number[node.sender], number[node.receiver])
            for node in protocol.nodes
            if isinstance(node, MessageNode)
        }
        self.channels = tuple(sorted(channels))
        self.slot = {pair: self.size + at for at, pair in enumerate(self.channels)}
        self.into = [
            [(self.slot[pair], pair[0]) for pair in self.channels if pair[1] == role]
            for role in range(self.size)
        ]
        self.numbers: CanonicalNumbers | KeptFires | None = None
        if keep:
            self.numbers = KeptFires(self.roles)
        elif settings.rounds is None and _may_enter_again(protocol):
            self.numbers = CanonicalNumbers(self.roles)
        self._canonicals: set[Configuration] = set()
        self._failures: Interned[frozenset[int]] = Interned()
        self._prepared: list[dict[int, _Prepared]] = [{} for _ in protocol.roles]
        self._sent: dict[tuple[int, int, int, int], tuple[int, tuple[int, ...]]] = {}
        self._parts: dict[tuple[int, int], tuple[int, tuple[int, ...]]] = {}
        self._rests: dict[tuple[int, int, int], tuple[TimedEvent, int]] = {}

    def first(self) -> Configuration:
        """The configuration at the beginning."""
        return (self.roles.first(),) * self.size + (EMPTY,) * len(self.channels)

    def steps(self, configuration: Configuration) -> list[TimedStep]:
        """Every event, also those that only the queue bound forbids."""
        found: list[TimedStep] = []
        for role in range(self.size):
            prepared = self._prepare(role, configuration[role])
            found += [self._send(configuration, role, prepared.failed, s) for s in prepared.sends]
            for event, target in prepared.fires:
                new = list(configuration)
                late = self._change(new, role, prepared.failed, target)
                found.append(TimedStep(role, event, self._canonical(new), late))
            for slot, sender in self.into[role]:
                if configuration[slot] != EMPTY:
                    step = self._receive(configuration, role, prepared.failed, slot, sender)
                    if step is not None:
                        found.append(step)
        return found

    def _prepare(self, role: int, local: int) -> _Prepared:
        found = self._prepared[role].get(local)
        if found is not None:
            return found
        names = self.protocol.roles
        moves = self.roles.moves(role, local)
        sends = []
        for send in moves.sends:
            label = self.roles.messages.rows[send.message].label
            event = TimedEvent(TimedEventKind.SEND, names[role], names[send.receiver], label)
            slot = self.slot[role, send.receiver]
            sends.append(_Sent(event, slot, *send))
        fires = []
        for fire in moves.fires:
            alternative, _ = self.protocol.scopes[fire.scope].alternatives[fire.alternative]
            event = TimedEvent(
                TimedEventKind.FIRE, names[role], scope=fire.scope, alternative=alternative
            )
            fires.append((event, fire.target))
        failed = self._failures.number(
            frozenset(entry for entry, _ in self.roles.locals.rows[local].failed)
        )
        is_waiting = bool(sends or moves.awaits)
        found = _Prepared(tuple(sends), tuple(fires), moves.may_stop, is_waiting, failed)
        self._prepared[role][local] = found
        return found

    @property
    def numbers_grow(self) -> bool:
        """Whether numbers of entries are larger than any queue of the bound explains."""
        most = _MOST_NUMBERS + 2 * self.settings.bound
        return isinstance(self.numbers, CanonicalNumbers) and self.numbers.largest > most

    def _canonical(self, configuration: list[int]) -> Configuration:
        found = tuple(configuration)
        if self.numbers is None or found in self._canonicals:
            return found
        found = self.numbers.canonical(configuration)
        self._canonicals.add(found)
        return found

    def _send(self, configuration: Configuration, role: int, failed: int, send: _Sent) -> TimedStep:
        event, slot, receiver, message, target, is_unclear = send
        unwanted = self._prepare(receiver, configuration[receiver]).failed
        key = message, configuration[slot], failed, unwanted
        sent = self._sent.get(key)
        if sent is None:
            sent = self._sent[key] = self._pushed(*key)
        queue, vanished = sent
        late = self._names(slot, vanished) if vanished else ()
        if queue < 0:
            return TimedStep(role, event, None, (), is_unclear=is_unclear)
        new = list(configuration)
        new[role] = target
        new[slot] = queue
        return TimedStep(role, event, self._canonical(new), late, is_unclear=is_unclear)

    def _pushed(
        self, message: int, queue: int, failed: int, unwanted: int
    ) -> tuple[int, tuple[int, ...]]:
        """The queue behind a send, -1 when it is full, and the messages that vanish.

        The sender knows of `failed`, which voids earlier messages; the receiver of `unwanted`.
        """
        left, gone = self.voided(queue, failed)
        if len(self.roles.queues.rows[left]) >= self.settings.bound:
            return -1, gone
        pushed = self.roles.queues.number((*self.roles.queues.rows[left], message))
        kept, discarded = self._part(pushed, unwanted)
        return kept, gone + discarded

    def voided(self, queue: int, failed: int) -> tuple[int, tuple[int, ...]]:
        """What stays of a queue when its sender, who knows of `failed`, sends; what vanishes."""
        return self._part(queue, failed)

    def _part(self, queue: int, failed: int) -> tuple[int, tuple[int, ...]]:
        """The queue without messages of failed entries, and these messages."""
        key = queue, failed
        found = self._parts.get(key)
        if found is None:
            entries = self._failures.rows[failed]
            row = self.roles.queues.rows[queue]
            gone = tuple(m for m in row if not self._entries_of(m).isdisjoint(entries))
            left = tuple(m for m in row if self._entries_of(m).isdisjoint(entries))
            found = self._parts[key] = self.roles.queues.number(left), gone
        return found

    def _receive(
        self, configuration: Configuration, role: int, failed: int, slot: int, sender: int
    ) -> TimedStep | None:
        queue = configuration[slot]
        message = self.roles.queues.rows[queue][0]
        local = configuration[role]
        target = self.roles.taken(role, sender, local, message)
        if target == NOT_TAKEN:
            return None
        event, rest = self._rest(queue, role, sender)
        new = list(configuration)
        new[slot] = rest
        late = self._change(new, role, failed, target)
        is_stale = self.roles.is_stale(local, message)
        return TimedStep(role, event, self._canonical(new), late, is_stale)

    def _rest(self, queue: int, role: int, sender: int) -> tuple[TimedEvent, int]:
        """The receive of the first message of a queue, and the rest of it."""
        key = queue, role, sender
        found = self._rests.get(key)
        if found is None:
            row = self.roles.queues.rows[queue]
            names = self.protocol.roles
            label = self.roles.messages.rows[row[0]].label
            event = TimedEvent(TimedEventKind.RECEIVE, names[role], names[sender], label)
            found = self._rests[key] = event, self.roles.queues.number(row[1:])
        return found

    def _change(self, new: list[int], role: int, failed: int, target: int) -> Late:
        """Put the new local state of `role` into `new`; what it discards then vanishes."""
        new[role] = target
        now = self._prepare(role, target).failed
        if now == failed:
            return ()
        late: Late = ()
        for slot, _ in self.into[role]:
            new[slot], gone = self._part(new[slot], now)
            if gone:
                late += self._names(slot, gone)
        return late

    def _entries_of(self, message: int) -> frozenset[int]:
        row = self.roles.messages.rows[message]
        return row.inside | row.unknown

    def _names(self, slot: int, messages: tuple[int, ...]) -> Late:
        sender, receiver = (self.protocol.roles[role] for role in self.channels[slot - self.size])
        rows = self.roles.messages.rows
        return tuple((sender, receiver, rows[message].label) for message in messages)

    # What a configuration shows

    def may_stop(self, role: int, configuration: Configuration) -> bool:
        """Whether the role may stop where it is."""
        return self._prepare(role, configuration[role]).may_stop

    def has_terminated(self, role: int, configuration: Configuration) -> bool:
        """Whether a role may stop and has no event left, whoever may still tell it of failures."""
        prepared = self._prepare(role, configuration[role])
        if not prepared.may_stop or prepared.is_waiting or prepared.fires:
            return False
        complete = self._known_complete(configuration)
        return not self.roles.awaited_when_told(role, configuration[role], complete)

    def without_messages_of(self, role: int, configuration: Configuration) -> Configuration:
        """The configuration with all channels from and to a role empty."""
        new = list(configuration)
        for pair, slot in self.slot.items():
            if role in pair:
                new[slot] = EMPTY
        return self._canonical(new)

    def faults(
        self, configuration: Configuration, steps: list[TimedStep]
    ) -> Iterator[TimedProperty]:
        """What `configuration`, with all its events, refutes."""
        idle = not steps
        all_stop = idle and all(self.may_stop(r, configuration) for r in range(self.size))
        if idle and not all_stop:
            yield TimedProperty.NO_DEADLOCK
        if any(configuration[self.size :]):
            moving = {step.role for step in steps}
            for role in range(self.size):
                if role in moving or not any(configuration[slot] for slot, _ in self.into[role]):
                    continue
                prepared = self._prepare(role, configuration[role])
                if prepared.may_stop:
                    if self._is_orphaned(role, configuration, prepared, idle):
                        yield TimedProperty.NO_ORPHAN_MESSAGE
                elif self._is_spoilt(role, configuration):
                    yield TimedProperty.NO_UNSPECIFIED_RECEPTION
        elif all_stop and self._disagrees(configuration):
            yield TimedProperty.TIMEOUT_AGREEMENT

    def _known_complete(self, configuration: Configuration) -> frozenset[int]:
        """Entries that their owners know to be complete; no other role knows earlier."""
        rows = self.roles.locals.rows
        return frozenset().union(*(rows[local].complete for local in configuration[: self.size]))

    def _is_orphaned(
        self, role: int, configuration: Configuration, prepared: _Prepared, idle: bool
    ) -> bool:
        """Whether a message is queued for `role`, which may stop and has no event left.

        It has none when there is no event at all, or when it waits for nothing, even if it is
        told of entries that may still fail.
        """
        if idle:
            return True
        if prepared.is_waiting:
            return False
        complete = self._known_complete(configuration)
        return not self.roles.awaited_when_told(role, configuration[role], complete)

    def _is_spoilt(self, role: int, configuration: Configuration) -> bool:
        """Whether `role` waits, and finds a message that it will never take wherever it may."""
        heads = {sender: configuration[slot] for slot, sender in self.into[role]}
        awaited = self.roles.awaited_when_told(role, configuration[role])
        if not awaited or any(heads[sender] == EMPTY for sender in awaited):
            return False
        complete = self._known_complete(configuration)
        queues = self.roles.queues.rows
        return all(self._entries_of(queues[heads[sender]][0]) <= complete for sender in awaited)

    def _disagrees(self, configuration: Configuration) -> bool:
        """Whether some role ends in the body of an entry that others know to have failed."""
        entries = [
            self._failures.rows[self._prepare(role, configuration[role]).failed]
            for role in range(self.size)
        ]
        failed = frozenset().union(*entries)
        return bool(failed) and any(
            not failed.isdisjoint(self.roles.ends_unaware_of(role, configuration[role]))
            for role in range(self.size)
        )
