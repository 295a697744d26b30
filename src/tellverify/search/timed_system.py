"""The transition system of a protocol with timeouts: the moves of every configuration.

What a role can do depends on a part of the configuration: its local state, the queues that it may
receive from or send to, and the failures that its receivers know of. Moves are computed once for
each such part, as differences of configurations (`tellverify.search.timed_layout`). Discarded
messages vanish at once and are no events.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from tellverify.model.delivery import Delivery
from tellverify.model.outage import first_budget
from tellverify.model.timed_text import MessageNode, TimedProtocol
from tellverify.search.computed_table import ComputedTable
from tellverify.search.timed_canonical import CanonicalForm
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
from tellverify.search.timed_fires import KeptFires
from tellverify.search.timed_layout import (
    FAILED,
    LEDGER,
    LOCAL,
    QUEUE,
    TimedLayout,
    within,
)
from tellverify.search.timed_numbers import CanonicalNumbers, may_enter_again
from tellverify.search.timed_places import KeptPlaces, OwnTimers, TimedPlaces
from tellverify.search.timed_roles import EMPTY, NOT_TAKEN, SendMove, TimedRoles
from tellverify.search.timed_rows import Interned, LatePolicy

_PLACES: Final = {
    LatePolicy.ATTEMPTS: TimedPlaces,
    LatePolicy.KEEP: KeptPlaces,
    LatePolicy.OWN: OwnTimers,
}
_MOST_NUMBERS: Final = 12  # of entries, beside two for each message of a queue


class _Prepared(NamedTuple):
    """What a local state can do, and whether its role has acted."""

    sends: tuple[SendMove, ...]
    fires: tuple[tuple[int, int], ...]  # event, local state behind it
    may_stop: bool
    is_waiting: bool  # a place in silence is one of an event
    has_acted: bool


class TimedSystem:
    """The transition system of one protocol with queues of a bound.

    `parts[r]` has the moves of role r by part of the configuration, `masks[r]` by local state what
    is the part. `events` are all events by number, `actors` their roles. `longest` is the longest
    queue of all configurations that were met.
    """

    def __init__(
        self,
        protocol: TimedProtocol,
        settings: TimedSettings,
        places: TimedPlaces | None = None,
    ) -> None:
        self.protocol = protocol
        self.settings = settings
        keep = settings.late is not LatePolicy.ATTEMPTS
        if places is None:
            places = _PLACES[settings.late](protocol, settings.fire)
        self.roles = TimedRoles(places, settings.rounds, marks_acted=settings.marks_acted)
        self.size = len(protocol.roles)
        number = places.role_number
        channels = {
            (number[node.sender], number[node.receiver])
            for node in protocol.nodes
            if isinstance(node, MessageNode)
        }
        self.channels = tuple(sorted(channels))
        self._channel = {pair: at for at, pair in enumerate(self.channels)}
        budgets = (*settings.loss, *settings.duplicate)
        self.layout = TimedLayout(
            self.size, self.channels, ledgers=any(most is not None for most, _ in budgets)
        )
        self.into = [
            [(at, pair[0]) for at, pair in enumerate(self.channels) if pair[1] == role]
            for role in range(self.size)
        ]
        self.numbers: CanonicalNumbers | KeptFires | None = None
        if keep:
            self.numbers = KeptFires(self.roles, self.layout)
        elif settings.rounds is None and may_enter_again(protocol):
            self.numbers = CanonicalNumbers(self.roles, self.layout)
        self.parts: list[dict[int, PartMoves]] = [{} for _ in protocol.roles]
        self.masks: list[dict[int, int]] = [{} for _ in protocol.roles]
        self._events: Interned[TimedEvent] = Interned()
        self.actors: list[int] = []
        self.longest = 0
        self._failures: Interned[frozenset[int]] = Interned()
        self._failures.number(frozenset())
        self._failed = ComputedTable(self._find_failed)
        self._ledgers: Interned[tuple[int, ...]] = Interned()
        self._ledgers.number(tuple(-1 if most is None else most for most, _ in budgets))
        self._prepared: list[dict[int, _Prepared]] = [{} for _ in protocol.roles]
        self._left: dict[tuple[int, int], tuple[int, tuple[int, ...]]] = {}
        self._form = None
        if self.numbers is not None:
            self._form = CanonicalForm(self.numbers, self.layout, self._difference)

    @property
    def events(self) -> list[TimedEvent]:
        """All events that were met, by number."""
        return self._events.rows

    def first(self) -> int:
        """The configuration at the beginning."""
        local = self.roles.first()
        rows = [local] * self.size + [EMPTY] * len(self.channels)
        return self.layout.packed(rows, [0] * self.size)

    # Moves

    def part(self, role: int, configuration: int) -> PartMoves:
        """The moves of a role, where they were not computed yet."""
        local = (configuration >> self.layout.local[role]) & LOCAL
        mask = self.masks[role].get(local)
        if mask is None:
            mask = self.masks[role][local] = self._relevant(role, local)
        key = configuration & mask
        found = self.parts[role].get(key)
        if found is None:
            found = self.parts[role][key] = self._moves(role, configuration)
        return found

    def _relevant(self, role: int, local: int) -> int:
        """What the moves of a role in a local state depend on."""
        layout = self.layout
        mask = LOCAL << layout.local[role]
        prepared = self.prepared(role, local)
        for send in prepared.sends:
            mask |= QUEUE << layout.queue[self._channel[role, send.receiver]]
            mask |= FAILED << layout.failed[send.receiver]
        if prepared.sends and layout.ledger:
            mask |= LEDGER << layout.ledger[role]
        if prepared.fires or self.roles.awaited_when_told(role, local):
            mask |= layout.mail[role]
        return mask

    def prepared(self, role: int, local: int) -> _Prepared:
        """What a local state can do by itself."""
        found = self._prepared[role].get(local)
        if found is None:
            found = self._prepared[role][local] = self._prepare(role, local)
        return found

    def _prepare(self, role: int, local: int) -> _Prepared:
        moves = self.roles.moves(role, local)
        name = self.protocol.roles[role]
        fires = []
        for fire in moves.fires:
            alternative, _ = self.protocol.scopes[fire.scope].alternatives[fire.alternative]
            event = TimedEvent(TimedEventKind.FIRE, name, scope=fire.scope, alternative=alternative)
            fires.append((self._event(role, event), fire.target))
        return _Prepared(
            moves.sends,
            tuple(fires),
            moves.may_stop,
            bool(moves.sends or moves.awaits),
            self.roles.locals.rows[local].has_acted,
        )

    def _find_failed(self, local: int) -> int:
        """The number of the set of entries that a local state knows to have failed."""
        failed = self.roles.locals.rows[local].failed
        return within(self._failures.number(frozenset(entry for entry, _ in failed)), FAILED)

    def _event(self, role: int, event: TimedEvent) -> int:
        number = self._events.number(event)
        if number == len(self.actors):
            self.actors.append(role)
        return number

    def _moves(self, role: int, configuration: int) -> PartMoves:
        local = (configuration >> self.layout.local[role]) & LOCAL
        prepared = self.prepared(role, local)
        moves: list[Move] = []
        blocked: list[tuple[int, MoveNote | None]] = []
        for send in prepared.sends:
            self._send(role, configuration, send, moves, blocked)
        for event, target in prepared.fires:
            delta, late = self._changed(role, configuration, target)
            moves.append((event, delta, MoveNote(late) if late else None))
        for channel, sender in self.into[role]:
            queue = (configuration >> self.layout.queue[channel]) & QUEUE
            if queue == EMPTY:
                continue
            message = self.roles.queues.rows[queue][0]
            target = self.roles.taken(role, sender, local, message)
            if target != NOT_TAKEN:
                moves.append(self._received(role, configuration, channel, target))
        return PartMoves(tuple(moves), tuple(blocked))

    def _send(
        self,
        role: int,
        configuration: int,
        send: SendMove,
        moves: list[Move],
        blocked: list[tuple[int, MoveNote | None]],
    ) -> None:
        """Add the move of a send, and those of the faults that may befall its message."""
        layout, names = self.layout, self.protocol.roles
        channel = self._channel[role, send.receiver]
        pair = names[role], names[send.receiver]
        label = self.roles.messages.rows[send.message].label
        local = (configuration >> layout.local[role]) & LOCAL
        queue = (configuration >> layout.queue[channel]) & QUEUE
        failed = self._failed[local]
        unwanted = (configuration >> layout.failed[send.receiver]) & FAILED
        after = self._difference(role, local, send.target)
        for kind, copies in ((Delivery.FIFO, 1), (Delivery.LOST, 0), (Delivery.DUPLICATED, 2)):
            charge = self._charge(role, configuration, pair, kind)
            if charge is None:
                continue
            left, gone = self._part(queue, failed) if copies else (queue, ())
            rest = self._pushed(left, send.message, copies)
            late = self._names(channel, gone)
            note = MoveNote(late, False, send.is_unclear) if late or send.is_unclear else None
            event = TimedEvent(TimedEventKind.SEND, *pair, label, delivery=kind)
            number = self._event(role, event)
            if rest < 0:
                if not kind:
                    note = MoveNote((), False, send.is_unclear) if send.is_unclear else None
                    blocked.append((number, note))
                continue
            kept, vanished = self._part(rest, unwanted)
            if vanished:
                note = MoveNote(late + self._names(channel, vanished), False, send.is_unclear)
            self.longest = max(self.longest, len(self.roles.queues.rows[kept]))
            moved = (within(kept, QUEUE) - queue) << layout.queue[channel]
            moves.append((number, after + charge + moved, note))

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

    def _received(self, role: int, configuration: int, channel: int, target: int) -> Move:
        """The move that takes the head of a channel."""
        layout, names = self.layout, self.protocol.roles
        queue = (configuration >> layout.queue[channel]) & QUEUE
        row = self.roles.queues.rows[queue]
        sender = self.channels[channel][0]
        label = self.roles.messages.rows[row[0]].label
        number = self._event(
            role, TimedEvent(TimedEventKind.RECEIVE, names[role], names[sender], label)
        )
        rest = within(self.roles.queues.number(row[1:]), QUEUE)
        taken = (rest - queue) << layout.queue[channel]
        delta, late = self._changed(role, configuration + taken, target)
        local = (configuration >> layout.local[role]) & LOCAL
        is_stale = self.roles.is_stale(local, row[0])
        note = MoveNote(late, is_stale) if late or is_stale else None
        return number, taken + delta, note

    def _difference(self, role: int, local: int, target: int) -> int:
        """What a new local state of a role changes, its queues aside."""
        layout = self.layout
        found = (within(target, LOCAL) - local) << layout.local[role]
        return found + ((self._failed[target] - self._failed[local]) << layout.failed[role])

    def _changed(self, role: int, configuration: int, target: int) -> tuple[int, Late]:
        """The difference that a new local state makes with what the role discards then."""
        layout = self.layout
        local = (configuration >> layout.local[role]) & LOCAL
        delta = self._difference(role, local, target)
        now = self._failed[target]
        late: Late = ()
        if now != self._failed[local]:
            for channel, _ in self.into[role]:
                queue = (configuration >> layout.queue[channel]) & QUEUE
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
        sender, receiver = (self.protocol.roles[role] for role in self.channels[channel])
        rows = self.roles.messages.rows
        return tuple((sender, receiver, rows[message].label) for message in messages)

    # Numbers of entries

    @property
    def numbers_grow(self) -> bool:
        """Whether numbers of entries are larger than any queue of the bound explains."""
        most = _MOST_NUMBERS + 2 * self.settings.bound
        return isinstance(self.numbers, CanonicalNumbers) and self.numbers.largest > most

    def canonical(self, configuration: int) -> int:
        """The same configuration with canonical numbers of entries."""
        return configuration if self._form is None else self._form.of(configuration)

    def steps(self, configuration: int) -> Iterator[tuple[int, TimedEvent, int | None]]:
        """The role, event and target of each step, None where only a full queue forbids it."""
        for role in range(self.size):
            moves, blocked = self.part(role, configuration)
            for event, delta, _ in moves:
                yield role, self.events[event], self.canonical(configuration + delta)
            for event, _ in blocked:
                yield role, self.events[event], None

    def without_messages_of(self, role: int, configuration: int) -> int:
        """The configuration with all channels from and to a role empty."""
        for channel, pair in enumerate(self.channels):
            if role in pair:
                shift = self.layout.queue[channel]
                configuration += (EMPTY - self.queue(channel, configuration)) << shift
        return self.canonical(configuration)

    # What local states show

    def local(self, role: int, configuration: int) -> int:
        """The local state of a role."""
        return (configuration >> self.layout.local[role]) & LOCAL

    def queue(self, channel: int, configuration: int) -> int:
        """The queue of a channel."""
        return (configuration >> self.layout.queue[channel]) & QUEUE

    def may_stop(self, role: int, configuration: int) -> bool:
        """Whether the role may stop where it is."""
        return self.prepared(role, self.local(role, configuration)).may_stop

    def has_acted(self, role: int, configuration: int) -> bool:
        """Whether the role has acted; known only with `marks_acted`."""
        return self.prepared(role, self.local(role, configuration)).has_acted

    def has_mail(self, role: int, configuration: int) -> bool:
        """Whether a message is queued for the role."""
        return bool(configuration & self.layout.mail[role])

    def failed_entries(self, role: int, configuration: int) -> frozenset[int]:
        """The entries that a role knows to have failed."""
        return self._failures.rows[(configuration >> self.layout.failed[role]) & FAILED]
