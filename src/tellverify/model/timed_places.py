"""The reference meaning of timeouts, first half: where a role may be in the text, what it knows.

Written for reading, not for speed. Entries into the body of a timeout have plain numbers that never
change: the search, which renumbers them, is compared with this. A *place* is a node of the text
with the count of entries and a record of every entry that is still open; a role is at a set of
places, its *view*.

A role that goes round a loop without its own event may be in any round: its closure ends
at round `rounds`, which must be more than the number of events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, assert_never

from tellverify.model.timed_knowledge import (
    NO_COUNTS,
    NO_ROLES,
    Attempt,
    Attempts,
    EntryCounts,
    Knowledge,
    OpenEntry,
    Records,
    TextPlace,
    View,
    known_by,
)
from tellverify.model.timed_text import (
    BranchNode,
    EndNode,
    EnterNode,
    ExitNode,
    FirePolicy,
    LatePolicy,
    MessageNode,
    TimedProtocol,
)

PLAIN_ROUNDS: Final = 16


class TimedRules:
    """Places and knowledge of the roles of one protocol."""

    def __init__(
        self,
        protocol: TimedProtocol,
        *,
        late: LatePolicy = LatePolicy.ATTEMPTS,
        fire: FirePolicy = FirePolicy.WAITS,
        rounds: int = PLAIN_ROUNDS,
    ) -> None:
        self.protocol = protocol
        self.roles = protocol.roles
        self.nodes = protocol.nodes
        self.scopes = protocol.scopes
        self.keep = late is not LatePolicy.ATTEMPTS
        self.own_timers = late is LatePolicy.OWN
        self.fire_anywhere = fire is FirePolicy.ANY
        self.rounds = rounds
        self.index: Mapping[str, int] = {role: at for at, role in enumerate(protocol.roles)}
        self._records: dict[tuple[object, ...], OpenEntry] = {}
        self._closures: dict[tuple[str, View, Attempts], View] = {}
        self._purged: dict[tuple[OpenEntry, Attempts], OpenEntry] = {}
        self._reach: dict[tuple[int, int], bool] = {}

    # The text

    def takes_part(self, role: str, scope: int) -> bool:
        """Whether the role owns the scope or acts in its body or an alternative."""
        return role in self.scopes[scope].participants

    def owns(self, role: str, entry: Attempt) -> bool:
        """Whether the timer of the entry is the role's."""
        if self.own_timers:
            return self.takes_part(role, entry.scope)
        return self.scopes[entry.scope].owner == role

    def owner_receives(self, node: int, scope: int) -> bool:
        """Whether the owner of `scope` receives from `node` on, before the exit of `scope`."""
        key = node, scope
        if key not in self._reach:
            self._reach[key] = self._search_receive(node, scope)
        return self._reach[key]

    def _search_receive(self, start: int, scope: int) -> bool:
        owner = self.scopes[scope].owner
        seen, work = {start}, [start]
        while work:
            node = self.nodes[work.pop()]
            following: list[int]
            match node:
                case MessageNode(sender, receiver, _, after):
                    if receiver == owner or (self.fire_anywhere and sender == owner):
                        return True
                    following = [after]
                case BranchNode(branches):
                    following = list(branches)
                case EnterNode(inner):
                    entered = self.scopes[inner]
                    following = [entered.body, *(first for _, first in entered.alternatives)]
                case ExitNode(left, after):
                    following = [] if left == scope else [after]
                case EndNode():
                    following = []
                case _:
                    assert_never(node)
            for successor in following:
                if successor not in seen:
                    seen.add(successor)
                    work.append(successor)
        return False

    # Places

    def record(
        self,
        entry: Attempt,
        inside: bool,
        acted: bool,
        counts: EntryCounts,
        records: Records,
        knows: frozenset[str] = NO_ROLES,
    ) -> OpenEntry:
        """The one record with these parts."""
        key = (entry, inside, acted, counts, records, knows)
        found = self._records.get(key)
        if found is None:
            found = self._records[key] = OpenEntry(entry, inside, acted, counts)
            found.records, found.knows = records, knows
        return found

    def _moved(
        self,
        old: OpenEntry,
        *,
        inside: bool | None = None,
        acted: bool | None = None,
        records: Records | None = None,
        knows: frozenset[str] | None = None,
    ) -> OpenEntry:
        return self.record(
            old.entry,
            old.inside if inside is None else inside,
            old.acted if acted is None else acted,
            old.counts,
            old.records if records is None else records,
            old.knows if knows is None else knows,
        )

    def start(self) -> Knowledge:
        """The state of every role at the beginning."""
        place = TextPlace(self.protocol.start, NO_COUNTS, frozenset())
        return Knowledge(frozenset({place}))

    def entry_around(self, place: TextPlace, scope: int) -> Attempt | None:
        """The entry whose body is around a new entry into `scope`."""
        around = self.scopes[scope].around
        if around < 0 or self.keep:
            return None
        (found,) = (r.entry for r in place.records if r.inside and r.entry.scope == around)
        return found

    def number_of(self, place: TextPlace, scope: int, around: Attempt | None) -> int:
        """The number of the next entry."""
        return dict(place.counts).get((scope, around), 0) + 1

    def entered(self, role: str, place: TextPlace, scope: int) -> Iterator[TextPlace]:
        """Behind the beginning of a timeout: in a new entry, or anywhere for who has no part."""
        if not self.takes_part(role, scope):
            body = self.scopes[scope].body
            for node in (body, *(first for _, first in self.scopes[scope].alternatives)):
                yield place._replace(node=node)
            return
        around = self.entry_around(place, scope)
        counts: EntryCounts
        if self.keep:
            counts, number = NO_COUNTS, 0
            before = frozenset(r for r in place.records if r.entry.scope != scope)
        else:
            number = self.number_of(place, scope, around)
            if number > self.rounds:
                return
            kept = {pair for pair in place.counts if pair[0] != (scope, around)}
            counts = frozenset(kept | {((scope, around), number)})
            before = place.records
        new = self.record(Attempt(scope, around, number), True, False, counts, before)
        yield TextPlace(self.scopes[scope].body, counts, place.records | {new})

    def left(
        self, role: str, place: TextPlace, scope: int, after: int, complete: Attempts
    ) -> TextPlace:
        """Behind the exit of a body."""
        if not self.takes_part(role, scope):
            return place._replace(node=after)
        (old,) = (r for r in place.records if r.inside and r.entry.scope == scope)
        records = place.records - {old}
        if not (old.entry in complete or role in old.knows):
            records |= {self._moved(old, inside=False)}
        return TextPlace(after, place.counts, records)

    def silent(self, role: str, place: TextPlace, complete: Attempts) -> list[TextPlace]:
        """The places one step on without an event of the role."""
        node = self.nodes[place.node]
        match node:
            case MessageNode(sender, receiver, _, after):
                if role in (sender, receiver):
                    return []
                return [self.overheard(role, place._replace(node=after), sender, receiver)]
            case BranchNode(branches):
                return [place._replace(node=first) for first in branches]
            case EnterNode(scope):
                return list(self.entered(role, place, scope))
            case ExitNode(scope, after):
                return [self.left(role, place, scope, after, complete)]
            case EndNode():
                return []
            case _:
                assert_never(node)

    def overheard(self, role: str, place: TextPlace, sender: str, receiver: str) -> TextPlace:
        """Under `keep`: who knows of completed entries after a message in the order of the text."""
        if not self.keep:
            return place
        records = set()
        for record in place.records:
            knows = set(record.knows)
            if sender in knows:
                knows.add(receiver)
            owner = self.scopes[record.entry.scope].owner
            acts = owner in (sender, receiver)
            if acts and self.place_completes(place, record.entry, known_by(owner)):
                knows.add(owner)
            if record.inside or role not in knows:
                records.add(self._moved(record, knows=frozenset(knows)))
        return place._replace(records=frozenset(records))

    def place_completes(
        self, place: TextPlace, entry: Attempt, known: Callable[[OpenEntry], bool]
    ) -> bool:
        """Whether the owner of `entry` has nothing to wait for in its body at one place.

        `known` says of a record whether the owner knows its entry to be complete.
        """
        scope = entry.scope
        owner = self.scopes[scope].owner
        for record in place.records:
            if record.entry == entry:
                if record.inside and self.owner_receives(place.node, scope):
                    return False
            elif (
                self.scopes[record.entry.scope].owner != owner
                and not known(record)
                and any(around.inside and around.entry == entry for around in record.records)
                and any(
                    self.owner_receives(first, scope)
                    for _, first in self.scopes[record.entry.scope].alternatives
                )
            ):
                return False
        return True

    def closure(self, role: str, state: Knowledge) -> View:
        """All places by silent steps."""
        key = role, state.view, state.complete
        found = self._closures.get(key)
        if found is None:
            found = self._closures[key] = frozenset(
                self.spread(state.view, lambda place: self.silent(role, place, state.complete))
            )
        return found

    def spread(
        self, start: Iterable[TextPlace], step: Callable[[TextPlace], Iterable[TextPlace]]
    ) -> set[TextPlace]:
        """All places that steps lead to."""
        seen = set(start)
        work = list(seen)
        while work:
            for place in step(work.pop()):
                if place not in seen:
                    seen.add(place)
                    work.append(place)
        return seen

    # What roles know

    def as_it_was(self, node: int, then: OpenEntry, now: TextPlace) -> TextPlace:
        """The place at `node` with counts and records as when the entry of `then` began."""
        acted = {record.entry for record in now.records if record.acted}
        records = frozenset(
            self._moved(record, acted=True) if record.entry in acted else record
            for record in then.records
        )
        return TextPlace(node, then.counts, records)

    def tellable(self, role: str, place: TextPlace, complete: Attempts) -> list[OpenEntry]:
        """Records of entries whose failure the role can be told of."""
        return [
            record
            for record in place.records
            if record.entry not in complete
            and role not in record.knows
            and not self.owns(role, record.entry)
        ]

    def told(
        self,
        role: str,
        place: TextPlace,
        complete: Attempts,
        allowed: Callable[[Attempt, str], bool],
    ) -> Iterator[TextPlace]:
        """Places behind being told of an entry and its alternative, of the ones `allowed`."""
        for record in self.tellable(role, place, complete):
            for name, first in self.scopes[record.entry.scope].alternatives:
                if allowed(record.entry, name):
                    yield self.as_it_was(first, record, place)

    def purged(self, place: TextPlace, complete: Attempts) -> TextPlace:
        """The place without records of complete entries whose bodies are left."""
        return place._replace(records=self._purged_records(place.records, complete))

    def _purged_records(self, records: Records, complete: Attempts) -> Records:
        left = [r for r in records if r.inside or r.entry not in complete]
        return frozenset(self._purged_record(r, complete) for r in left)

    def _purged_record(self, record: OpenEntry, complete: Attempts) -> OpenEntry:
        key = record, complete
        found = self._purged.get(key)
        if found is None:
            inner = self._purged_records(record.records, complete)
            found = self._purged[key] = self._moved(record, records=inner)
        return found

    def after_event(self, role: str, state: Knowledge) -> Knowledge:
        """What an owner knows after its event, and records that go away."""
        if self.keep:
            return state
        complete = set(state.complete)
        entries = {r.entry for p in state.view for r in p.records if self.owns(role, r.entry)}
        for entry in entries:
            if all(
                self.place_completes(place, entry, lambda r: r.entry in state.complete)
                for place in state.view
            ):
                complete.add(entry)
        now = frozenset(complete)
        view = frozenset(self.purged(place, now) for place in state.view)
        return Knowledge(view, state.failed, now)

    def behind(self, role: str, place: TextPlace) -> TextPlace:
        """The place behind the message at `place`, which is one of the role."""
        node = self.nodes[place.node]
        assert isinstance(node, MessageNode)
        records = frozenset(
            self._moved(record, acted=True) if record.inside else record for record in place.records
        )
        moved = TextPlace(node.after, place.counts, records)
        return self.overheard(role, moved, node.sender, node.receiver)
