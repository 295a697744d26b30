"""The moves of one role of a protocol with timeouts, as differences of configurations.

A part of a configuration is a local state with all that its moves depend on. Each of its moves
depends on less: a send on one queue and on what its receiver knows to have failed, a receive on
one queue. So sends and receives are computed once for what they depend on, and parts are put
together from them.
"""

from __future__ import annotations

from typing import NamedTuple

from tellverify.model.delivery import Delivery
from tellverify.model.outage import first_budget
from tellverify.model.timed_text import MessageNode, TimedProtocol
from tellverify.search.computed_table import ComputedTable
from tellverify.search.timed_events import (
    ChannelBudgets,
    Late,
    Move,
    MoveNote,
    PartMoves,
    TimedEvent,
    TimedEventKind,
    TimedSettings,
)
from tellverify.search.timed_layout import FAILED, LEDGER, LOCAL, QUEUE, TimedLayout, within
from tellverify.search.timed_roles import EMPTY, NOT_TAKEN, SendMove, TimedRoles
from tellverify.search.timed_rows import Interned


class PreparedSend(NamedTuple):
    """A send of a local state.

    `change` is what it makes of the local state, in configurations; `own_failed` the number of the
    entries that the role knows to have failed. `known` has its moves by what `mask` leaves of a
    configuration.
    """

    send: SendMove
    channel: int
    change: int
    own_failed: int
    mask: int
    known: dict[int, PartMoves]


class _Received(NamedTuple):
    """A receive: the move without what the role discards, and what it changes in the queue.

    `learns`: the role learns of failures, so it may discard messages.
    """

    move: Move
    taken: int
    target: int
    learns: bool


class Prepared(NamedTuple):
    """What a local state can do, and whether its role has acted.

    `received` has receives by channel and queue, None where the role does not take the head.
    """

    sends: tuple[PreparedSend, ...]
    fires: tuple[tuple[int, int], ...]  # event, local state behind it
    may_stop: bool
    is_waiting: bool  # a place in silence is one of an event
    has_acted: bool
    received: dict[tuple[int, int], _Received | None]


class TimedMoves:
    """Moves by local states and queues; `events` are all events by number, `actors` their roles.

    `channels` are pairs of a sender and a receiver, `into` the channels to each role with their
    senders. `longest` is the longest queue of all that were met.
    """

    def __init__(self, protocol: TimedProtocol, settings: TimedSettings, roles: TimedRoles) -> None:
        self.protocol = protocol
        self.settings = settings
        self.roles = roles
        size = len(protocol.roles)
        number = roles.places.role_number
        self.channels = tuple(
            sorted(
                {
                    (number[node.sender], number[node.receiver])
                    for node in protocol.nodes
                    if isinstance(node, MessageNode)
                }
            )
        )
        self._channel = {pair: at for at, pair in enumerate(self.channels)}
        self.into = [
            [(at, pair[0]) for at, pair in enumerate(self.channels) if pair[1] == role]
            for role in range(size)
        ]
        budgets = (*settings.loss, *settings.duplicate)
        self._deliveries = [(Delivery.FIFO, 1)]
        if settings.loss:
            self._deliveries.append((Delivery.LOST, 0))
        if settings.duplicate:
            self._deliveries.append((Delivery.DUPLICATED, 2))
        self.layout = TimedLayout(
            size, self.channels, ledgers=any(most is not None for most, _ in budgets)
        )
        self._ledgers: Interned[tuple[int, ...]] = Interned()
        self._ledgers.number(tuple(-1 if most is None else most for most, _ in budgets))
        self._events: Interned[TimedEvent] = Interned()
        self.actors: list[int] = []
        self.longest = 0
        self._failures: Interned[frozenset[int]] = Interned()
        self._failures.number(frozenset())
        self._failed = ComputedTable(self._find_failed)
        self._prepared: list[dict[int, Prepared]] = [{} for _ in protocol.roles]
        self._left: dict[tuple[int, int], tuple[int, tuple[int, ...]]] = {}

    @property
    def events(self) -> list[TimedEvent]:
        """All events that were met, by number."""
        return self._events.rows

    def relevant(self, role: int, local: int) -> int:
        """What the moves of a role in a local state depend on, as a mask of configurations."""
        mask = LOCAL << self.layout.local[role]
        prepared = self.prepared(role, local)
        for send in prepared.sends:
            mask |= send.mask
        if prepared.fires or self.roles.awaited_when_told(role, local):
            mask |= self.layout.mail[role]
        return mask

    def prepared(self, role: int, local: int) -> Prepared:
        """What a local state can do by itself."""
        found = self._prepared[role].get(local)
        if found is None:
            found = self._prepared[role][local] = self._prepare(role, local)
        return found

    def _prepare(self, role: int, local: int) -> Prepared:
        moves = self.roles.moves(role, local)
        name = self.protocol.roles[role]
        fires = []
        for fire in moves.fires:
            alternative, _ = self.protocol.scopes[fire.scope].alternatives[fire.alternative]
            event = TimedEvent(TimedEventKind.FIRE, name, scope=fire.scope, alternative=alternative)
            fires.append((self._event(role, event), fire.target))
        return Prepared(
            tuple(self._prepare_send(role, local, send) for send in moves.sends),
            tuple(fires),
            moves.may_stop,
            bool(moves.sends or moves.awaits),
            self.roles.locals.rows[local].has_acted,
            {},
        )

    def _prepare_send(self, role: int, local: int, send: SendMove) -> PreparedSend:
        layout = self.layout
        channel = self._channel[role, send.receiver]
        mask = QUEUE << layout.queue[channel] | FAILED << layout.failed[send.receiver]
        if layout.ledger:
            mask |= LEDGER << layout.ledger[role]
        change = self.difference(role, local, send.target)
        return PreparedSend(send, channel, change, self._failed[local], mask, {})

    def _find_failed(self, local: int) -> int:
        """The number of the set of entries that a local state knows to have failed."""
        failed = self.roles.locals.rows[local].failed
        return within(self._failures.number(frozenset(entry for entry, _ in failed)), FAILED)

    def _event(self, role: int, event: TimedEvent) -> int:
        number = self._events.number(event)
        if number == len(self.actors):
            self.actors.append(role)
        return number

    def of(self, role: int, configuration: int) -> PartMoves:
        """The moves of a role in a configuration."""
        layout = self.layout
        local = (configuration >> layout.local[role]) & LOCAL
        prepared = self.prepared(role, local)
        moves: list[Move] = []
        blocked: list[tuple[int, MoveNote | None]] = []
        for send in prepared.sends:
            key = configuration & send.mask
            sent = send.known.get(key)
            if sent is None:
                sent = send.known[key] = self._sent(role, configuration, send)
            moves += sent.moves
            blocked += sent.blocked
        for event, target in prepared.fires:
            change = self.difference(role, local, target)
            late: Late = ()
            dropped = 0
            if self._failed[target] != self._failed[local]:
                dropped, late = self._discarded(role, configuration, target)
            moves.append((event, change + dropped, MoveNote(late) if late else None))
        mail = configuration & layout.mail[role]
        if mail:
            for channel, _ in self.into[role]:
                queue = (mail >> layout.queue[channel]) & QUEUE
                if queue != EMPTY:
                    moves += self._received(role, local, prepared, channel, queue, mail)
        return PartMoves(tuple(moves), tuple(blocked))

    # Sends

    def _sent(self, role: int, configuration: int, prepared: PreparedSend) -> PartMoves:
        """The move of a send, and those of the faults that may befall its message."""
        layout, names = self.layout, self.protocol.roles
        send, channel = prepared.send, prepared.channel
        moves: list[Move] = []
        blocked: list[tuple[int, MoveNote | None]] = []
        pair = names[role], names[send.receiver]
        label = self.roles.messages.rows[send.message].label
        queue = (configuration >> layout.queue[channel]) & QUEUE
        unwanted = (configuration >> layout.failed[send.receiver]) & FAILED
        for kind, copies in self._deliveries:
            charge = self._charge(role, configuration, pair, kind)
            if charge is None:
                continue
            left, gone = self._part(queue, prepared.own_failed) if copies else (queue, ())
            rest = self._pushed(left, send.message, copies)
            late = self._names(channel, gone)
            event = TimedEvent(TimedEventKind.SEND, *pair, label, delivery=kind)
            number = self._event(role, event)
            if rest < 0:
                if not kind:
                    note = MoveNote((), False, send.is_unclear) if send.is_unclear else None
                    blocked.append((number, note))
                continue
            kept, vanished = self._part(rest, unwanted)
            late += self._names(channel, vanished)
            note = MoveNote(late, False, send.is_unclear) if late or send.is_unclear else None
            self.longest = max(self.longest, len(self.roles.queues.rows[kept]))
            moved = (within(kept, QUEUE) - queue) << layout.queue[channel]
            moves.append((number, prepared.change + charge + moved, note))
        return PartMoves(tuple(moves), tuple(blocked))

    def _charge(
        self, role: int, configuration: int, pair: tuple[str, str], kind: Delivery
    ) -> int | None:
        """The difference that a fault makes to the ledger of a role, None if it may not happen."""
        if not kind:
            return 0
        loss: ChannelBudgets = self.settings.loss
        budgets = loss if kind is Delivery.LOST else self.settings.duplicate
        if not budgets:
            return None
        start = 0 if kind is Delivery.LOST else len(loss)
        shift = self.layout.ledger[role] if self.layout.ledger else 0
        number = (configuration >> shift) & LEDGER if self.layout.ledger else 0
        left = self._ledgers.rows[number]
        used = first_budget(budgets, left[start : start + len(budgets)], pair)
        if used < 0:
            return None
        if left[start + used] < 0:
            return 0
        spent = (*left[: start + used], left[start + used] - 1, *left[start + used + 1 :])
        return (within(self._ledgers.number(spent), LEDGER) - number) << shift

    def _pushed(self, queue: int, message: int, copies: int) -> int:
        """The queue with that number of copies of a message behind it, -1 when it is full."""
        row = self.roles.queues.rows[queue]
        if copies and len(row) + copies > self.settings.bound:
            return -1
        return self.roles.queues.number((*row, *(message,) * copies)) if copies else queue

    # Receives, and what is discarded

    def _received(
        self, role: int, local: int, prepared: Prepared, channel: int, queue: int, mail: int
    ) -> tuple[Move, ...]:
        """The move that takes the head of a queue, if the role takes it; `mail` has all queues."""
        key = channel, queue
        if key not in prepared.received:
            prepared.received[key] = self._receive(role, local, channel, queue)
        found = prepared.received[key]
        if found is None:
            return ()
        if not found.learns:
            return (found.move,)
        event, change, note = found.move
        dropped, late = self._discarded(role, mail + found.taken, found.target)
        is_stale = note is not None and note.is_stale
        note = MoveNote(late, is_stale) if late or is_stale else None
        return ((event, change + dropped, note),)

    def _receive(self, role: int, local: int, channel: int, queue: int) -> _Received | None:
        row = self.roles.queues.rows[queue]
        sender = self.channels[channel][0]
        target = self.roles.taken(role, sender, local, row[0])
        if target == NOT_TAKEN:
            return None
        names = self.protocol.roles
        label = self.roles.messages.rows[row[0]].label
        event = TimedEvent(TimedEventKind.RECEIVE, names[role], names[sender], label)
        rest = within(self.roles.queues.number(row[1:]), QUEUE)
        taken = (rest - queue) << self.layout.queue[channel]
        note = MoveNote((), True) if self.roles.is_stale(local, row[0]) else None
        move = self._event(role, event), taken + self.difference(role, local, target), note
        return _Received(move, taken, target, self._failed[target] != self._failed[local])

    def difference(self, role: int, local: int, target: int) -> int:
        """What a new local state of a role changes, its queues aside."""
        layout = self.layout
        found = (within(target, LOCAL) - local) << layout.local[role]
        return found + ((self._failed[target] - self._failed[local]) << layout.failed[role])

    def _discarded(self, role: int, mail: int, target: int) -> tuple[int, Late]:
        """The difference of what a role discards from its queues in a new local state."""
        layout = self.layout
        now = self._failed[target]
        delta = 0
        late: Late = ()
        for channel, _ in self.into[role]:
            queue = (mail >> layout.queue[channel]) & QUEUE
            if queue == EMPTY:
                continue
            left, gone = self._part(queue, now)
            if gone:
                delta += (within(left, QUEUE) - queue) << layout.queue[channel]
                late += self._names(channel, gone)
        return delta, late

    def _part(self, queue: int, failed: int) -> tuple[int, tuple[int, ...]]:
        """The queue without messages of failed entries, and these messages."""
        key = queue, failed
        found = self._left.get(key)
        if found is None:
            entries = self._failures.rows[failed]
            row = self.roles.queues.rows[queue]
            gone = tuple(m for m in row if not self.entries_of(m).isdisjoint(entries))
            left = tuple(m for m in row if self.entries_of(m).isdisjoint(entries))
            found = self._left[key] = self.roles.queues.number(left), gone
        return found

    def entries_of(self, message: int) -> frozenset[int]:
        """The entries that a message belongs to."""
        row = self.roles.messages.rows[message]
        return row.inside | row.unknown

    def _names(self, channel: int, messages: tuple[int, ...]) -> Late:
        if not messages:
            return ()
        sender, receiver = (self.protocol.roles[role] for role in self.channels[channel])
        rows = self.roles.messages.rows
        return tuple((sender, receiver, rows[message].label) for message in messages)

    def failed_entries(self, role: int, configuration: int) -> frozenset[int]:
        """The entries that a role knows to have failed."""
        return self._failures.rows[(configuration >> self.layout.failed[role]) & FAILED]
