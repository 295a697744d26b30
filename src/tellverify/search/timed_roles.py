"""What one role of a protocol with timeouts can do: views, and how events change them.

A local state is a set of places (the view), the entries that the role knows to have failed, each
with the alternative that was taken, and those it knows to be complete. Messages carry the entries
that they belong to and what their sender knows. Everything is computed when it is first met, and
kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from tellverify.search.timed_places import TimedPlaces
from tellverify.search.timed_role_places import Limit, PlaceAction, RolePlaces
from tellverify.search.timed_rounds import RoundLimits
from tellverify.search.timed_rows import (
    Failure,
    Interned,
    LocalRow,
    MessageRow,
)

_NONE: frozenset[int] = frozenset()
NOT_TAKEN: Final = -1
EMPTY: Final = 0  # the number of the empty queue


class SendMove(NamedTuple):
    """`is_unclear`: the role cannot tell which round the message belongs to; the first is meant."""

    receiver: int
    message: int
    target: int
    is_unclear: bool


class FireMove(NamedTuple):
    """The timer of a scope fires, and the role continues in an alternative."""

    scope: int
    alternative: int
    target: int


class RoleMoves(NamedTuple):
    """`sends`, `awaits`: whether a place in silence sends, and from whom places receive."""

    sends: tuple[SendMove, ...]
    fires: tuple[FireMove, ...]
    may_stop: bool
    awaits: frozenset[int]


class TimedRoles:
    """Moves of the roles of one protocol, and the tables of local states, messages and queues.

    `rounds` is that of `RoundLimits`. `marks_acted`: local states tell whether their role has
    acted.
    """

    def __init__(
        self, places: TimedPlaces, rounds: int | None = None, *, marks_acted: bool = False
    ) -> None:
        self.places = places
        self.marks_acted = marks_acted
        self.of = [RolePlaces(places, role) for role in range(len(places.protocol.roles))]
        self.locals: Interned[LocalRow] = Interned()
        self.messages: Interned[MessageRow] = Interned()
        self.limits = RoundLimits(places, self.locals, self.messages, rounds)
        self.queues: Interned[tuple[int, ...]] = Interned()
        self.queues.number(())
        self._moves: list[dict[int, RoleMoves]] = [{} for _ in places.protocol.roles]
        self._taken: dict[tuple[int, int, int, int], int] = {}
        self._tellable: dict[tuple[int, int, frozenset[int]], frozenset[int]] = {}

    def first(self) -> int:
        """The local state of every role at the beginning."""
        return self.locals.number(LocalRow((self.places.first(),), frozenset(), _NONE, frozenset()))

    def moves(self, role: int, local: int) -> RoleMoves:
        """Sends, firings and what the role waits for."""
        found = self._moves[role].get(local)
        if found is None:
            found = self._moves[role][local] = self._find_moves(role, local)
        return found

    def taken(self, role: int, sender: int, local: int, message: int) -> int:
        """The local state behind the receive of `message`, `NOT_TAKEN` if there is none."""
        key = role, sender, local, message
        found = self._taken.get(key)
        if found is None:
            found = self._taken[key] = self._find_taken(role, sender, local, message)
        return found

    def is_stale(self, local: int, message: int) -> bool:
        """Under `keep`: whether `message` is one of an attempt that the role knows to have failed.

        Its sender did not know.
        """
        row = self.messages.rows[message]
        return any(
            firing not in row.fired and firing[0] in row.within
            for firing in self.locals.rows[local].fired
        )

    # Events

    def _local(self, role: int, row: LocalRow) -> int:
        """The local state behind an event: what an owner knows now, and records that go away."""
        complete = self.places.completed(role, row.view, row.complete)
        view = self._purged(row.view, complete)
        return self.locals.number(LocalRow(view, row.failed, complete, row.fired, self.marks_acted))

    def _purged(self, view: Iterable[int], complete: frozenset[int]) -> tuple[int, ...]:
        """A view without the records of complete entries whose bodies are left."""
        return tuple(sorted({self.places.purge(place, complete) for place in view}))

    def _find_moves(self, role: int, local: int) -> RoleMoves:
        row = self.locals.rows[local]
        limit = self.limits.limit(local)
        tables = self.of[role]
        closure = tables.reached(row.view, row.complete, limit)
        awaits = set()
        sending: dict[tuple[str, str], list[int]] = {}
        for place in closure:
            action = tables.actions[place]
            if action is None:
                continue
            if action.is_send:
                sending.setdefault((action.peer_name, action.label), []).append(place)
            else:
                awaits.add(action.peer)
        may_stop = any(map(self.places.is_end, closure))
        sends = self._sends(role, row, sending, limit) if sending else ()
        fires = self._fires(role, row, closure, limit)
        return RoleMoves(sends, fires, may_stop, frozenset(awaits))

    def _sends(
        self,
        role: int,
        row: LocalRow,
        sending: Mapping[tuple[str, str], list[int]],
        limit: Limit,
    ) -> tuple[SendMove, ...]:
        """The sends from places, which are given by receiver and label."""
        acted = self.of[role].acted
        found = []
        for (receiver, label), places in sorted(sending.items()):
            message, chosen, is_unclear = self._message(row, label, places)
            view = tuple({acted[place] for place in chosen})
            self.limits.note_drift(view, limit)
            target = self._local(role, row._replace(view=view))
            number = self.messages.number(message)
            found.append(SendMove(self.places.role_number[receiver], number, target, is_unclear))
        return tuple(found)

    def _message(
        self, row: LocalRow, label: str, places: list[int]
    ) -> tuple[MessageRow, list[int], bool]:
        """The messages sent from `places`, from which of them, and whether these were not all."""
        tags = self.places.tags
        if self.places.keep:
            entries = self.places.entries.rows
            within = {entries[e].scope for place in places for e in tags[place][0]}
            kept = MessageRow(label, _NONE, _NONE, row.failed, _NONE, row.fired, frozenset(within))
            return kept, places, False
        tagged: dict[tuple[frozenset[int], frozenset[int]], list[int]] = {}
        for place in places:
            tagged.setdefault(tags[place], []).append(place)
        inside, unknown = first = min(
            tagged, key=lambda tags: [sorted(map(self.limits.path, entries)) for entries in tags]
        )
        message = MessageRow(
            label, inside, unknown, row.failed, row.complete, row.fired, frozenset()
        )
        return message, tagged[first], len(tagged) > 1

    def _fires(
        self, role: int, row: LocalRow, closure: Iterable[int], limit: Limit
    ) -> tuple[FireMove, ...]:
        firings = self.of[role].firings
        views: dict[Failure, set[int]] = {}
        for place in closure:
            for failure, behind in firings[place]:
                views.setdefault(failure, set()).add(behind)
        found = []
        for failure in sorted(
            views, key=lambda failure: (self.limits.path(failure[0]), failure[1])
        ):
            view = tuple(views[failure])
            self.limits.note_drift(view, limit)
            scope_number = self.places.entries.rows[failure[0]].scope
            new = self._after_fire(row._replace(view=view), failure, scope_number)
            found.append(FireMove(scope_number, failure[1], self._local(role, new)))
        return tuple(found)

    def _after_fire(self, row: LocalRow, failure: Failure, scope: int) -> LocalRow:
        if not self.places.keep:
            return row._replace(failed=row.failed | {failure})
        if self.places.own_timers:
            return row
        last = max((number for s, number in row.fired if s == scope), default=0)
        return row._replace(fired=row.fired | {(scope, last + 1)})

    def _find_taken(self, role: int, sender: int, local: int, message_number: int) -> int:
        places, tables = self.places, self.of[role]
        row = self.locals.rows[local]
        message = self.messages.rows[message_number]
        limit = self.limits.limit(local, message_number)
        told = None if places.keep else message.failed
        taken = PlaceAction(False, sender, places.protocol.roles[sender], message.label)
        found = {
            tables.acted[place]
            for place in tables.reached(row.view, row.complete, limit, told)
            if tables.actions[place] == taken
            and (places.keep or self.fits(role, row, place, message))
        }
        if not found:
            return NOT_TAKEN
        complete = row.complete | message.complete
        view = self._purged(found, complete)
        self.limits.note_drift(view, limit)
        new = LocalRow(view, row.failed | message.failed, complete, row.fired | message.fired)
        return self._local(role, new)

    def fits(self, role: int, row: LocalRow, place: int, message: MessageRow) -> bool:
        """Whether the role can take `message` at `place`: the round is the sender's round."""
        places = self.places
        if places.tags[place][0] != message.inside:
            return False
        _, counts, records = places.places.rows[place]
        failed = {entry for entry, _ in message.failed}
        for record in records:
            entry = places.records.rows[record].entry
            if entry in failed and entry not in row.complete and places.owner(entry) != role:
                return False
        reached = dict(counts)
        for entry in message.unknown:
            scope, around, number = places.entries.rows[entry]
            takes_part = role in places.scopes[scope].participants
            if takes_part and reached.get((scope, around), 0) < number:
                return False
        return True

    def awaited_when_told(
        self, role: int, local: int, complete: frozenset[int] = _NONE
    ) -> frozenset[int]:
        """From whom it may receive, also after it learns of failures.

        Entries of `complete` do not fail.
        """
        key = role, local, complete
        found = self._tellable.get(key)
        if found is None:
            number = self.places.role_number
            messages = self.awaited_messages(role, local, complete)
            found = self._tellable[key] = frozenset(number[sender] for sender, _ in messages)
        return found

    def awaited_messages(
        self, role: int, local: int, complete: frozenset[int] = _NONE
    ) -> tuple[tuple[str, str], ...]:
        """What it may receive, with its sender, also after it learns of failures.

        Entries of `complete` do not fail.
        """
        row = self.locals.rows[local]
        tables = self.of[role]
        limit = self.limits.limit(local, None, complete)
        closure = tables.reached(row.view, row.complete | complete, limit, None)
        awaited = [action for place in closure if (action := tables.actions[place])]
        messages = [(action.peer_name, action.label) for action in awaited if not action.is_send]
        return tuple(dict.fromkeys(messages))

    def ends_unaware_of(self, role: int, local: int) -> frozenset[int]:
        """Entries in whose bodies it acted and that are open in all places where it may stop."""
        places = self.places
        row = self.locals.rows[local]
        found: frozenset[int] | None = None
        for place in self.of[role].reached(row.view, row.complete, self.limits.limit(local)):
            if places.is_end(place):
                rows = [places.records.rows[record] for record in places.places.rows[place].records]
                acted = frozenset(r.entry for r in rows if r.acted)
                found = acted if found is None else found & acted
        return found or _NONE
