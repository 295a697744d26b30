"""What the places of a protocol with timeouts mean for one of its roles, each computed once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple, TypeAlias, assert_never

from tellverify.model.timed_text import (
    BranchNode,
    EndNode,
    EnterNode,
    ExitNode,
    MessageNode,
)
from tellverify.search.computed_table import ComputedTable
from tellverify.search.timed_places import TimedPlaces
from tellverify.search.timed_rows import (
    MOST_PLACES,
    Failure,
    Group,
    PlaceRow,
    TooManyTimedPlaces,
)

Limit: TypeAlias = Callable[[Group], int]  # the largest number of an entry that a role may begin
_NONE: Final[frozenset[int]] = frozenset()
NOTHING_TOLD: Final[frozenset[Failure]] = frozenset()


class PlaceAction(NamedTuple):
    """The message of a place: whether the role sends it, and who is at the other end."""

    is_send: bool
    peer: int
    peer_name: str
    label: str


class RolePlaces:
    """Tables of one role, by place.

    `actions`: the message that is next there, None when the role has no part in what is next.
    `acted`: the place behind it. `firings`: what its timers may do while it waits there, with the
    places behind. `silent`: the places one step on that take no event of the role, None where that
    depends on the entries that it knows complete, or may begin. `news`: for every failure that it
    may be told of, the entry, and the place behind.
    """

    def __init__(self, places: TimedPlaces, role: int) -> None:
        self.places = places
        self.role = role
        self.actions = ComputedTable(self._action)
        self.acted = ComputedTable(lambda place: places.act(role, place))
        self.firings = ComputedTable(self._firings)
        self.silent = ComputedTable(self._silent)
        self.news = ComputedTable(self._news)
        self._begun: dict[int, tuple[Group, int]] = {}
        self._entered = ComputedTable(lambda place: (places.entered(place),))
        self._left: dict[int, int] = {}  # the entry that is left, -1 for none
        self._behind = ComputedTable(lambda place: (self._place_behind(place, _NONE),))
        self._behind_known = ComputedTable(
            lambda place: (self._place_behind(place, frozenset({self._left[place]})),)
        )
        self._reached: dict[
            tuple[tuple[int, ...], frozenset[int], frozenset[Failure] | None], list[int]
        ] = {}

    def reached(
        self,
        view: tuple[int, ...],
        complete: frozenset[int],
        limit: Limit,
        told: frozenset[Failure] | None = NOTHING_TOLD,
    ) -> list[int]:
        """All places that silent steps lead to, and learning of the failures `told`, None for any.

        Each place comes once, in the order in which they are met. Entries of `complete` do not
        fail. More than `MOST_PLACES` raise `TooManyTimedPlaces`.
        """
        key = view, complete, told
        known = self._reached.get(key)
        if known is not None:
            return known
        seen = dict.fromkeys(view)
        work = list(seen)
        is_limited = False  # whether the limit had a say
        learns = told is None or bool(told)
        for place in work:
            if len(work) > MOST_PLACES:
                raise TooManyTimedPlaces
            following = self.silent[place]
            if following is None:
                is_limited = is_limited or place in self._begun
                following = self._step(place, complete, limit)
            if learns:
                following = (*following, *self._told(place, complete, told))
            for successor in following:
                if successor not in seen:
                    seen[successor] = None
                    work.append(successor)
        if not is_limited:
            self._reached[key] = work
        return work

    def _told(
        self, place: int, complete: frozenset[int], told: frozenset[Failure] | None
    ) -> Iterable[int]:
        return [
            behind
            for failure, behind in self.news[place]
            if failure[0] not in complete and (told is None or failure in told)
        ]

    def _step(self, place: int, complete: frozenset[int], limit: Limit) -> tuple[int, ...]:
        """The silent step of a place that depends on the state of the role."""
        begun = self._begun.get(place)
        if begun is not None:
            return self._entered[place] if begun[1] <= limit(begun[0]) else ()
        is_known = self._left[place] in complete
        return self._behind_known[place] if is_known else self._behind[place]

    # Entries of the tables

    def _action(self, place: int) -> PlaceAction | None:
        node = self.places.nodes[self.places.places.rows[place].node]
        if not isinstance(node, MessageNode):
            return None
        number = self.places.role_number
        sender, receiver = number[node.sender], number[node.receiver]
        if sender == self.role:
            return PlaceAction(True, receiver, node.receiver, node.label)
        if receiver == self.role:
            return PlaceAction(False, sender, node.sender, node.label)
        return None

    def _firings(self, place: int) -> tuple[tuple[Failure, int], ...]:
        places = self.places
        action = self.actions[place]
        if action is None or (action.is_send and not places.fires_at_sends):
            return ()
        found = []
        records = places.places.rows[place].records
        for record in records:
            row = places.records.rows[record]
            if row.inside and places.owns(self.role, row.entry):
                scope = places.scopes[places.entries.rows[row.entry].scope]
                for alternative, first in enumerate(scope.alternatives):
                    behind = places.back(record, first, records)
                    found.append(((row.entry, alternative), behind))
        return tuple(found)

    def _news(self, place: int) -> tuple[tuple[Failure, int], ...]:
        places = self.places
        found = []
        records = places.places.rows[place].records
        for record in records:
            row = places.records.rows[record]
            if places.owns(self.role, row.entry) or places.is_known_complete(row, self.role, _NONE):
                continue
            alternatives = places.scopes[places.entries.rows[row.entry].scope].alternatives
            for alternative, node in enumerate(alternatives):
                found.append(((row.entry, alternative), places.back(record, node, records)))
        return tuple(found)

    def _silent(self, place: int) -> tuple[int, ...] | None:
        places = self.places
        number, counts, records = places.places.rows[place]
        node = places.nodes[number]
        match node:
            case MessageNode(sender, receiver, _, after):
                if self.role in (places.role_number[sender], places.role_number[receiver]):
                    return ()
                return (places.passed(self.role, PlaceRow(after, counts, records), node),)
            case BranchNode(branches):
                return tuple(places.places.number(PlaceRow(b, counts, records)) for b in branches)
            case EnterNode(scope):
                row = places.scopes[scope]
                if self.role in row.participants:
                    if places.keep:
                        return (places.entered(place),)
                    self._begun[place] = places.begun(place)
                    return None
                return tuple(
                    places.places.number(PlaceRow(first, counts, records))
                    for first in (row.body, *row.alternatives)
                )
            case ExitNode(scope, after):
                if self.role in places.scopes[scope].participants:
                    self._left[place] = places.entry_left(records, scope)
                    return None
                return (places.places.number(PlaceRow(after, counts, records)),)
            case EndNode():
                return ()
            case _:
                assert_never(node)

    def _place_behind(self, place: int, complete: frozenset[int]) -> int:
        """The place behind the exit of a body when the role knows these entries complete."""
        places = self.places
        number, counts, records = places.places.rows[place]
        node = places.nodes[number]
        assert isinstance(node, ExitNode)
        left = places.left(records, node.scope, self.role, complete)
        return places.places.number(PlaceRow(node.after, counts, left))
