"""Where roles may be in a protocol with timeouts: places, and what events make of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import assert_never

from tellverify.model.timed_text import (
    BranchNode,
    EndNode,
    EnterNode,
    ExitNode,
    MessageNode,
    TimedProtocol,
)
from tellverify.search.computed_table import ComputedTable
from tellverify.search.timed_rows import (
    NO_ENTRY,
    EntryRow,
    FirePolicy,
    Group,
    Interned,
    PlaceRow,
    RecordRow,
    ScopeRow,
)


class TimedPlaces:
    """Places, records and entries of one protocol under `attempts`."""

    keep = False
    own_timers = False

    def __init__(self, protocol: TimedProtocol, fire: FirePolicy = FirePolicy.WAITS) -> None:
        self.protocol = protocol
        self.nodes = protocol.nodes
        self._ends = {n for n, node in enumerate(protocol.nodes) if isinstance(node, EndNode)}
        number = {role: at for at, role in enumerate(protocol.roles)}
        self.role_number: Mapping[str, int] = number
        self.scopes = [
            ScopeRow(
                number[scope.owner],
                scope.around,
                scope.body,
                tuple(node for _, node in scope.alternatives),
                frozenset(number[role] for role in scope.participants),
            )
            for scope in protocol.scopes
        ]
        self.fires_at_sends = fire is FirePolicy.ANY
        self.entries: Interned[EntryRow] = Interned()
        self.records: Interned[RecordRow] = Interned()
        self.places: Interned[PlaceRow] = Interned()
        self._waits: dict[tuple[int, int], bool] = {}
        self._purged: dict[tuple[int, frozenset[int]], int] = {}
        self._purged_places: dict[tuple[int, frozenset[int]], int] = {}
        # Entries in whose bodies a place is, and open entries out of whose bodies it is.
        self.tags = ComputedTable(self._tags)
        self._own: dict[tuple[int, int], frozenset[int]] = {}
        # By place and entry: the entries that must be complete too, None when the owner waits.
        self._needed: dict[tuple[int, int], frozenset[int] | None] = {}
        self._back: dict[tuple[int, int, tuple[int, ...]], int] = {}

    def first(self) -> int:
        """The place at the beginning."""
        return self.places.number(PlaceRow(self.protocol.start, (), ()))

    def owner(self, entry: int) -> int:
        """The role whose timer the scope of an entry has."""
        return self.scopes[self.entries.rows[entry].scope].owner

    def owns(self, role: int, entry: int) -> bool:
        """Whether the timer of an entry is one of the role."""
        return self.owner(entry) == role

    def is_end(self, place: int) -> bool:
        """Whether nothing is left to do at a place."""
        return self.places.rows[place].node in self._ends

    def _tags(self, place: int) -> tuple[frozenset[int], frozenset[int]]:
        records = self.places.rows[place].records
        rows = self.records.rows
        outside = frozenset(rows[r].entry for r in records if not rows[r].inside)
        return self.inside(records), outside

    def inside(self, records: Iterable[int]) -> frozenset[int]:
        """Entries in whose bodies a place with these records is."""
        rows = self.records.rows
        return frozenset(rows[r].entry for r in records if rows[r].inside)

    def owner_waits(self, node: int, scope: int) -> bool:
        """Whether its owner may wait from `node` on before the exit of `scope`.

        Bodies and alternatives of scopes on the way are included.
        """
        key = node, scope
        found = self._waits.get(key)
        if found is None:
            found = self._waits[key] = self._find_wait(node, scope)
        return found

    def _find_wait(self, start: int, scope: int) -> bool:
        owner = self.protocol.scopes[scope].owner
        seen = {start}
        work = [start]
        while work:
            node = self.nodes[work.pop()]
            following: Iterable[int]
            match node:
                case MessageNode(sender, receiver, _, after):
                    if receiver == owner or (self.fires_at_sends and sender == owner):
                        return True
                    following = (after,)
                case BranchNode(branches):
                    following = branches
                case EnterNode(inner):
                    following = (self.scopes[inner].body, *self.scopes[inner].alternatives)
                case ExitNode(left, after):
                    following = () if left == scope else (after,)
                case EndNode():
                    following = ()
                case _:
                    assert_never(node)
            for successor in following:
                if successor not in seen:
                    seen.add(successor)
                    work.append(successor)
        return False

    # Silent steps

    def passed(self, role: int, row: PlaceRow, message: MessageNode) -> int:
        """The place behind a message, of the role itself or of others."""
        return self.places.number(row)

    def begun(self, place: int) -> tuple[Group, int]:
        """The group and number of the entry that begins at `place`."""
        node, counts, records = self.places.rows[place]
        entered = self.nodes[node]
        assert isinstance(entered, EnterNode)
        group = entered.scope, self.entry_around(records, entered.scope)
        return group, dict(counts).get(group, 0) + 1

    def entered(self, place: int) -> int:
        """The place in the body of the new entry that begins at `place`."""
        row = self.places.rows[place]
        group, number = self.begun(place)
        new = tuple(sorted({**dict(row.counts), group: number}.items()))
        record = self.records.number(
            RecordRow(
                self.entries.number(EntryRow(*group, number)), True, False, 0, new, row.records
            )
        )
        records = tuple(sorted((*row.records, record)))
        return self.places.number(PlaceRow(self.scopes[group[0]].body, new, records))

    def entry_around(self, records: tuple[int, ...], scope: int) -> int:
        """The entry whose body is around a new entry into `scope`."""
        around = self.scopes[scope].around
        if around < 0:
            return NO_ENTRY
        for record in records:
            row = self.records.rows[record]
            if row.inside and self.entries.rows[row.entry].scope == around:
                return row.entry
        raise AssertionError("a scope is entered outside the body around it")

    def entry_left(self, records: tuple[int, ...], scope: int) -> int:
        """The entry whose body the exit of `scope` leaves, -1 for none."""
        rows = self.records.rows
        inside = [rows[record].entry for record in records if rows[record].inside]
        return next((e for e in inside if self.entries.rows[e].scope == scope), -1)

    def left(
        self, records: tuple[int, ...], scope: int, role: int, complete: frozenset[int]
    ) -> tuple[int, ...]:
        """Records behind the exit of a body, for a role that knows entries to be complete."""
        found = []
        for record in records:
            row = self.records.rows[record]
            if row.inside and self.entries.rows[row.entry].scope == scope:
                if self.is_known_complete(row, role, complete):
                    continue
                record = self.records.number(row._replace(inside=False))
            found.append(record)
        return tuple(sorted(found))

    # What roles know

    def is_known_complete(self, row: RecordRow, role: int, complete: frozenset[int]) -> bool:
        """Whether a role knows that the entry of a record is complete."""
        return row.entry in complete

    def back(self, record: int, node: int, now: tuple[int, ...]) -> int:
        """The place at `node` with all as it was when the entry of `record` began."""
        key = record, node, now
        found = self._back.get(key)
        if found is None:
            found = self._back[key] = self._find_back(record, node, now)
        return found

    def _find_back(self, record: int, node: int, now: tuple[int, ...]) -> int:
        rows = self.records.rows
        acted = {rows[r].entry for r in now if rows[r].acted}
        row = rows[record]
        records = tuple(
            sorted({self._acted(r) if rows[r].entry in acted else r for r in row.records})
        )
        return self.places.number(PlaceRow(node, row.counts, records))

    def _acted(self, record: int) -> int:
        """The record of the same entry in which the role has acted."""
        row = self.records.rows[record]
        return record if row.acted else self.records.number(row._replace(acted=True))

    def act(self, role: int, place: int) -> int:
        """The place behind the message at `place`, which is one of the role."""
        node, counts, records = self.places.rows[place]
        message = self.nodes[node]
        assert isinstance(message, MessageNode)
        rows = self.records.rows
        acted = tuple(sorted(self._acted(r) if rows[r].inside else r for r in records))
        return self.passed(role, PlaceRow(message.after, counts, acted), message)

    def completes(self, place: PlaceRow, entry: int, known: Callable[[RecordRow], bool]) -> bool:
        """Whether at `place` the owner of `entry` has nothing to wait for in its body any more.

        `known` tells which entries of other owners it knows to be complete.
        """
        open_rows = self._may_lead_back(place, entry)
        return open_rows is not None and all(map(known, open_rows))

    def _may_lead_back(self, place: PlaceRow, entry: int) -> list[RecordRow] | None:
        """Records of open entries whose failure leads the owner of `entry` back into its body.

        They began there, and belong to other owners. None when the owner waits in the body anyway.
        """
        scope_number = self.entries.rows[entry].scope
        owner = self.scopes[scope_number].owner
        found = []
        for record in place.records:
            row = self.records.rows[record]
            if row.entry == entry:
                if row.inside and self.owner_waits(place.node, scope_number):
                    return None
                continue
            inner = self.scopes[self.entries.rows[row.entry].scope]
            if inner.owner == owner or entry not in self.inside(row.records):
                continue
            if any(self.owner_waits(node, scope_number) for node in inner.alternatives):
                found.append(row)
        return found

    def completed(self, role: int, view: Iterable[int], complete: frozenset[int]) -> frozenset[int]:
        """`complete` and the role's own entries that are complete after an event of the role."""
        own = frozenset().union(*(self._entries_of(role, place) for place in view))
        new = {
            entry
            for entry in own - complete
            if all(self._is_complete(place, entry, complete) for place in view)
        }
        return complete | new if new else complete

    def _entries_of(self, role: int, place: int) -> frozenset[int]:
        """Open entries of the timers of a role."""
        found = self._own.get((role, place))
        if found is None:
            rows = self.records.rows
            entries = [rows[record].entry for record in self.places.rows[place].records]
            own = frozenset(entry for entry in entries if self.owner(entry) == role)
            found = self._own[role, place] = own
        return found

    def _is_complete(self, place: int, entry: int, complete: frozenset[int]) -> bool:
        key = place, entry
        if key not in self._needed:
            open_rows = self._may_lead_back(self.places.rows[place], entry)
            self._needed[key] = (
                None if open_rows is None else frozenset(row.entry for row in open_rows)
            )
        needed = self._needed[key]
        return needed is not None and needed <= complete

    def purge(self, place: int, complete: frozenset[int]) -> int:
        """`place` without the records of complete entries whose bodies are left."""
        if not complete:
            return place
        key = place, complete
        found = self._purged_places.get(key)
        if found is None:
            row = self.places.rows[place]
            new = row._replace(records=self._purge_all(row.records, complete))
            found = self._purged_places[key] = self.places.number(new)
        return found

    def _purge_all(self, records: tuple[int, ...], complete: frozenset[int]) -> tuple[int, ...]:
        rows = self.records.rows
        left = [r for r in records if rows[r].inside or rows[r].entry not in complete]
        return tuple(sorted(self._purge_record(record, complete) for record in left))

    def _purge_record(self, record: int, complete: frozenset[int]) -> int:
        key = record, complete
        found = self._purged.get(key)
        if found is None:
            row = self.records.rows[record]
            new = row._replace(records=self._purge_all(row.records, complete))
            found = self._purged[key] = self.records.number(new)
        return found


def _knows(role: int) -> Callable[[RecordRow], bool]:
    return lambda row: bool(row.knows >> role & 1)


class KeptPlaces(TimedPlaces):
    """Places under `keep`: no numbers; records say which roles know that the entry is complete.

    An entry holds no record of an earlier entry into the same scope, so places are finitely many.
    """

    keep = True

    def passed(self, role: int, row: PlaceRow, message: MessageNode) -> int:
        """The place behind a message, of which sender and receiver know what the other knew."""
        sender, receiver = self.role_number[message.sender], self.role_number[message.receiver]
        found = set()
        for record in row.records:
            kept = self.records.rows[record]
            knows = kept.knows
            if knows >> sender & 1:
                knows |= 1 << receiver
            owner = self.owner(kept.entry)
            if owner in (sender, receiver) and self.completes(row, kept.entry, _knows(owner)):
                knows |= 1 << owner
            if kept.inside or not knows >> role & 1:
                found.add(self.records.number(kept._replace(knows=knows)))
        return self.places.number(row._replace(records=tuple(sorted(found))))

    def entered(self, place: int) -> int:
        """The one place inside a scope: a new entry has no number."""
        number, _, records = self.places.rows[place]
        node = self.nodes[number]
        assert isinstance(node, EnterNode)
        scope = node.scope
        entry = self.entries.number(EntryRow(scope, NO_ENTRY, 0))
        before = tuple(r for r in records if self.records.rows[r].entry != entry)
        record = self.records.number(RecordRow(entry, True, False, 0, (), before))
        new = tuple(sorted({*records, record}))
        return self.places.number(PlaceRow(self.scopes[scope].body, (), new))

    def left(
        self, records: tuple[int, ...], scope: int, role: int, complete: frozenset[int]
    ) -> tuple[int, ...]:
        """The records behind the end of a scope, each once."""
        return tuple(sorted(set(super().left(records, scope, role, complete))))

    def is_known_complete(self, row: RecordRow, role: int, complete: frozenset[int]) -> bool:
        """Whether a role knows that the entry of a record is complete: the record says it."""
        return bool(row.knows >> role & 1)

    def completed(self, role: int, view: Iterable[int], complete: frozenset[int]) -> frozenset[int]:
        """The complete entries are those from before: records keep what roles know."""
        return complete

    def purge(self, place: int, complete: frozenset[int]) -> int:
        """The place is unchanged: no number can be dropped from it."""
        return place


class OwnTimers(KeptPlaces):
    """Places where every role that takes part has its own timer, and informs no other role."""

    own_timers = True

    def owns(self, role: int, entry: int) -> bool:
        """Whether the role takes part in the scope of an entry, and so has a timer of its own."""
        return role in self.scopes[self.entries.rows[entry].scope].participants
