"""The transition system of a protocol with timeouts: the moves of every configuration.

What a role can do depends on a part of the configuration: its local state, the queues that it may
receive from or send to, and the failures that its receivers know of. Moves are computed once for
each such part, as differences of configurations (`tellverify.search.timed_layout`). Discarded
messages vanish at once and are no events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from tellverify.model.timed_text import TimedProtocol
from tellverify.search.timed_canonical import CanonicalForm
from tellverify.search.timed_events import (
    PartMoves,
    TimedEvent,
    TimedSettings,
)
from tellverify.search.timed_fires import KeptFires
from tellverify.search.timed_layout import FAILED, LEDGER, LOCAL, QUEUE
from tellverify.search.timed_moves import TimedMoves
from tellverify.search.timed_numbers import CanonicalNumbers, may_enter_again
from tellverify.search.timed_places import KeptPlaces, OwnTimers, TimedPlaces
from tellverify.search.timed_roles import EMPTY, TimedRoles
from tellverify.search.timed_rows import LatePolicy

_PLACES: Final = {
    LatePolicy.ATTEMPTS: TimedPlaces,
    LatePolicy.KEEP: KeptPlaces,
    LatePolicy.OWN: OwnTimers,
}
_FEW_CHANNELS: Final = 2
_MOST_NUMBERS: Final = 12  # of entries, beside two for each message of a queue


class TimedSystem:
    """The transition system of one protocol with queues of a bound.

    `parts[r]` has the moves of role r by part of the configuration, `masks[r]` by local state what
    is the part. `events` are all events by number, `actors` their roles.
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
        self.moves = TimedMoves(protocol, settings, self.roles)
        self.layout = self.moves.layout
        self.channels, self.into = self.moves.channels, self.moves.into
        self.numbers: CanonicalNumbers | KeptFires | None = None
        if keep:
            self.numbers = KeptFires(self.roles, self.layout)
        elif settings.rounds is None and may_enter_again(protocol):
            self.numbers = CanonicalNumbers(self.roles, self.layout)
        self.parts: list[dict[int, PartMoves]] = [{} for _ in protocol.roles]
        self.masks: list[dict[int, int]] = [{} for _ in protocol.roles]
        self.events, self.actors = self.moves.events, self.moves.actors
        self.prepared, self.entries_of = self.moves.prepared, self.moves.entries_of
        self.failed_entries = self.moves.failed_entries
        # The same configuration with canonical numbers of entries.
        self.canonical: Callable[[int], int] = lambda configuration: configuration
        if self.numbers is not None:
            self.canonical = CanonicalForm(self.numbers, self.layout, self.moves.difference).of

    @property
    def longest(self) -> int:
        """The longest queue of all configurations that were met."""
        return self.moves.longest

    def first(self) -> int:
        """The configuration at the beginning."""
        local = self.roles.first()
        rows = [local] * self.size + [EMPTY] * len(self.channels)
        return self.layout.packed(rows, [0] * self.size)

    # Moves

    def mask(self, role: int, local: int) -> int:
        """What the moves of a role in a local state depend on, as a mask of configurations."""
        found = self.masks[role].get(local)
        if found is None:
            found = self.masks[role][local] = self.moves.relevant(role, local)
        return found

    def part(self, role: int, configuration: int) -> PartMoves:
        """The moves of a role, which are kept."""
        key = configuration & self.mask(role, self.local(role, configuration))
        found = self.parts[role].get(key)
        if found is None:
            found = self.parts[role][key] = self.moves.of(role, configuration)
        return found

    def wide_mask(self, role: int) -> int:
        """What all moves of a role depend on together, 0 for a role of many channels.

        With few channels there are hardly more such parts than those of `masks`.
        """
        layout = self.layout
        mask = LOCAL << layout.local[role]
        channels = [(at, pair) for at, pair in enumerate(self.channels) if role in pair]
        for at, (_, receiver) in channels:
            mask |= QUEUE << layout.queue[at]
            if receiver != role:
                mask |= FAILED << layout.failed[receiver]
        if layout.ledger:
            mask |= LEDGER << layout.ledger[role]
        return mask if len(channels) <= _FEW_CHANNELS else 0

    # Numbers of entries

    @property
    def numbers_grow(self) -> bool:
        """Whether numbers of entries are larger than any queue of the bound explains."""
        most = _MOST_NUMBERS + 2 * self.settings.bound
        return isinstance(self.numbers, CanonicalNumbers) and self.numbers.largest > most

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
