"""The reference meaning of timeouts, second half: events, and what a configuration shows.

Asynchronous, one FIFO channel for each ordered pair of roles, no loss but discarded messages: under
`attempts` a message of an entry that its receiver knows to have failed vanishes, and a later
message whose sender knows of the failure voids the earlier ones of that entry in its channel.
Under scenarios with faults a message may be lost, so that it voids nothing, or arrive twice.
Every run of a protocol with timeouts is replayed here before it is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from tellverify.model.delivery import Delivery
from tellverify.model.step import Discarded
from tellverify.model.timed_knowledge import NOTHING, Attempt, Attempts, Knowledge, TextPlace, View
from tellverify.model.timed_places import PLAIN_ROUNDS, TimedRules
from tellverify.model.timed_state import (
    MessageQueue,
    PlainEvent,
    PlainMove,
    TaggedMessage,
    Tags,
    TimedChannel,
    TimedState,
)
from tellverify.model.timed_text import (
    ON_TIMEOUT,
    EndNode,
    FirePolicy,
    LatePolicy,
    MessageNode,
    TimedProtocol,
)
from tellverify.model.timer_steps import CANCEL, TIMEOUT

_COPIES = {Delivery.FIFO: 1, Delivery.LOST: 0, Delivery.DUPLICATED: 2}  # in the queue


class TimedSemantics(TimedRules):
    """The step relation of one protocol, and the properties of its configurations."""

    def __init__(
        self,
        protocol: TimedProtocol,
        *,
        late: LatePolicy = LatePolicy.ATTEMPTS,
        fire: FirePolicy = FirePolicy.WAITS,
        bound: int | None = None,
        rounds: int = PLAIN_ROUNDS,
    ) -> None:
        super().__init__(protocol, late=late, fire=fire, rounds=rounds)
        self.bound = bound

    def initial(self) -> TimedState:
        """The configuration at the beginning."""
        return TimedState((self.start(),) * len(self.roles))

    def local(self, role: str, state: TimedState) -> Knowledge:
        """The state of a role."""
        return state.locals[self.index[role]]

    # Events

    def moves(self, state: TimedState) -> Iterator[PlainMove]:
        """Every event of a configuration."""
        for role in self.roles:
            yield from self.moves_of(role, state)

    def moves_of(self, role: str, state: TimedState) -> Iterator[PlainMove]:
        """Every event of one role."""
        yield from self.sends(role, state)
        yield from self.receives(role, state)
        yield from self.fires(role, state)

    def _scopes_of(self, place: TextPlace) -> Tags:
        if self.keep:
            return NOTHING, NOTHING
        inside = frozenset(r.entry for r in place.records if r.inside)
        return inside, frozenset(r.entry for r in place.records if not r.inside)

    @staticmethod
    def path(entry: Attempt | None) -> tuple[tuple[int, int], ...]:
        """Scopes and numbers of an entry, from the outermost."""
        if entry is None:
            return ()
        return (*TimedSemantics.path(entry.around), (entry.scope, entry.number))

    def _order(self, tags: Tags) -> tuple[tuple[tuple[tuple[int, int], ...], ...], ...]:
        """Smallest numbers first, outer entries before inner ones."""
        return tuple(tuple(sorted(map(self.path, entries))) for entries in tags)

    def sends(
        self, role: str, state: TimedState, delivery: Delivery = Delivery.FIFO
    ) -> Iterator[PlainMove]:
        """Sends of a role, each from the places with the smallest numbers."""
        local = self.local(role, state)
        found: dict[tuple[str, str], dict[Tags, set[TextPlace]]] = {}
        for place in self.closure(role, local):
            node = self.nodes[place.node]
            if isinstance(node, MessageNode) and node.sender == role:
                tagged = found.setdefault((node.receiver, node.label), {})
                tagged.setdefault(self._scopes_of(place), set()).add(place)
        queues = dict(state.queues)
        failed = {entry for entry, _ in local.failed}
        for (receiver, label), places in sorted(found.items()):
            tags = min(places, key=self._order)
            event = PlainEvent("send", role, receiver, label, delivery=delivery)
            chosen = places[tags]
            message = self.tagged(self._message(label, local, tags, chosen), role, receiver, state)
            queue = queues.get((role, receiver), ())
            left = queue if delivery is Delivery.LOST else self.voided(queue, failed)
            copies = (message,) * _COPIES[delivery]
            node_number = min(place.node for place in chosen)
            if copies and self.bound is not None and len(left) + len(copies) > self.bound:
                lost = tuple(_gone((role, receiver), queue, left))
                yield PlainMove(event, None, node_number, lost, unclear=len(places) > 1)
                continue
            view = frozenset(self.behind(role, place) for place in chosen)
            new = self.after_event(role, local._replace(view=view))
            changed = {**queues, (role, receiver): (*queue, *copies)}
            kept = {(role, receiver): (*left, *copies)}
            target, gone = self._with_local(state, role, new, changed, kept)
            yield PlainMove(event, target, node_number, gone, unclear=len(places) > 1)

    def _message(
        self, label: str, local: Knowledge, tags: Tags, places: set[TextPlace]
    ) -> TaggedMessage:
        if not self.keep:
            return TaggedMessage(label, *tags, local.failed, local.complete)
        within = frozenset(r.entry.scope for p in places for r in p.records if r.inside)
        return TaggedMessage(label, fired=local.fired, within=within)

    def tagged(
        self, message: TaggedMessage, sender: str, receiver: str, state: TimedState
    ) -> TaggedMessage:
        """The message as it is sent: nothing in it depends on its receiver."""
        return message

    def voided(self, queue: MessageQueue, failed: set[Attempt]) -> MessageQueue:
        """What stays of a queue when its sender, who knows of `failed`, sends."""
        return tuple(message for message in queue if not message.entries & failed)

    def receives(self, role: str, state: TimedState) -> Iterator[PlainMove]:
        """Receives of a role."""
        local = self.local(role, state)
        for (sender, receiver), queue in state.queues:
            if receiver != role:
                continue
            head = queue[0]
            places = self.takes(role, local, sender, head)
            if not places:
                continue
            stale = any(f not in head.fired and f[0] in head.within for f in local.fired)
            complete = local.complete | head.complete
            view = frozenset(self.purged(self.behind(role, p), complete) for p in places)
            new = Knowledge(view, local.failed | head.failed, complete, local.fired | head.fired)
            queues = {**dict(state.queues), (sender, role): queue[1:]}
            target, gone = self._with_local(state, role, self.after_event(role, new), queues)
            event = PlainEvent("receive", role, sender, head.label)
            yield PlainMove(event, target, min(p.node for p in places), gone, stale=stale)

    def takes(self, role: str, local: Knowledge, sender: str, message: TaggedMessage) -> View:
        """The places at which the role receives `message`."""

        def step(place: TextPlace) -> Iterator[TextPlace]:
            yield from self.silent(role, place, local.complete)
            yield from self.told(
                role,
                place,
                local.complete,
                lambda entry, name: self.keep or (entry, name) in message.failed,
            )

        found = set()
        for place in self.spread(local.view, step):
            node = self.nodes[place.node]
            if (
                isinstance(node, MessageNode)
                and (node.sender, node.receiver, node.label) == (sender, role, message.label)
                and (self.keep or self.fits(role, local, place, message))
            ):
                found.add(place)
        return frozenset(found)

    def fits(self, role: str, local: Knowledge, place: TextPlace, message: TaggedMessage) -> bool:
        """Whether the round of a place is that of the message."""
        failed = {entry for entry, _ in message.failed}
        counts = dict(place.counts)
        inside = frozenset(r.entry for r in place.records if r.inside)
        return (
            message.inside == inside
            and not any(
                r.entry in failed and r.entry not in local.complete and not self.owns(role, r.entry)
                for r in place.records
            )
            and all(
                counts.get((scope, around), 0) >= number
                for scope, around, number in message.unknown
                if self.takes_part(role, scope)
            )
        )

    def fires(self, role: str, state: TimedState) -> Iterator[PlainMove]:
        """Firings of the timers of a role, each entry and alternative by itself."""
        local = self.local(role, state)
        places: dict[tuple[Attempt, str], set[TextPlace]] = {}
        at: dict[tuple[Attempt, str], int] = {}
        for place in self.closure(role, local):
            node = self.nodes[place.node]
            if not isinstance(node, MessageNode):
                continue
            if not (node.receiver == role or (self.fire_anywhere and node.sender == role)):
                continue
            for record in place.records:
                if record.inside and self.owns(role, record.entry):
                    for name, first in self.scopes[record.entry.scope].alternatives:
                        failure = record.entry, name
                        back = self.as_it_was(first, record, place)
                        places.setdefault(failure, set()).add(back)
                        at[failure] = min(place.node, at.get(failure, place.node))
        for failure in sorted(places, key=lambda pair: (self.path(pair[0]), pair[1])):
            entry, name = failure
            new = local._replace(view=frozenset(places[failure]))
            if self.own_timers:
                pass  # no attempt has a number
            elif self.keep:
                earlier = [number for scope, number in local.fired if scope == entry.scope]
                new = new._replace(fired=local.fired | {(entry.scope, len(earlier) + 1)})
            else:
                new = new._replace(failed=local.failed | {failure})
            new = self.after_event(role, new)
            target, gone = self._with_local(state, role, new, dict(state.queues))
            word = TIMEOUT if name == ON_TIMEOUT else CANCEL
            event = PlainEvent("fire", role, role, word, entry.scope)
            yield PlainMove(event, target, at[failure], gone)

    def _with_local(
        self,
        state: TimedState,
        role: str,
        local: Knowledge,
        queues: Mapping[TimedChannel, MessageQueue],
        left: Mapping[TimedChannel, MessageQueue] | None = None,
    ) -> tuple[TimedState, tuple[Discarded, ...]]:
        """The configuration with a new state of `role` and `queues`, and what vanishes.

        `left` are queues of which something is voided already.
        """
        at = self.index[role]
        every = (*state.locals[:at], local, *state.locals[at + 1 :])
        kept = {}
        gone: list[Discarded] = []
        for channel, queue in queues.items():
            failed = {entry for entry, _ in every[self.index[channel[1]]].failed}
            rest = queue if left is None else left.get(channel, queue)
            rest = tuple(message for message in rest if not message.entries & failed)
            gone += _gone(channel, queue, rest)
            if rest:
                kept[channel] = rest
        return TimedState(every, tuple(sorted(kept.items()))), tuple(sorted(gone, key=_place))

    # What a configuration shows

    def may_stop(self, role: str, state: TimedState) -> bool:
        """Whether a role may be at an end."""
        return bool(self.end_places(role, state))

    def end_places(self, role: str, state: TimedState) -> list[TextPlace]:
        """The places of a role at an end."""
        places = self.closure(role, self.local(role, state))
        return [place for place in places if isinstance(self.nodes[place.node], EndNode)]

    def own_messages(
        self, role: str, state: TimedState, possible: Callable[[Attempt], bool]
    ) -> set[MessageNode]:
        """Own messages in the closure, and receives in it once told of `possible` entries."""
        local = self.local(role, state)

        def step(place: TextPlace) -> Iterator[TextPlace]:
            yield from self.silent(role, place, local.complete)
            yield from self.told(role, place, local.complete, lambda entry, _: possible(entry))

        places = self.spread(local.view, step)
        own = {self.nodes[place.node] for place in self.closure(role, local)}
        received = {self.nodes[place.node] for place in places}
        return {
            node
            for node in own | received
            if isinstance(node, MessageNode)
            and (node.receiver == role or (node.sender == role and node in own))
        }

    def owner_knows_complete(self, entry: Attempt, state: TimedState) -> bool:
        """Whether the owner of an entry knows it to be complete."""
        return entry in self.local(self.scopes[entry.scope].owner, state).complete

    def has_terminated(self, role: str, state: TimedState, idle: bool) -> bool:
        """It may stop, and no event of it is left, whoever may still tell it of a failure.

        Without any event of the configuration, none is left.
        """
        return self.may_stop(role, state) and (
            idle
            or not self.own_messages(
                role, state, lambda entry: not self.owner_knows_complete(entry, state)
            )
        )

    def is_spoilt(self, role: str, state: TimedState) -> bool:
        """Whether a role waits, has no event, and never takes any message that is at hand.

        A message that it could take were its channel not cut is an event of it.
        """
        if self.may_stop(role, state) or any(self.moves_of(role, state)):
            return False
        nodes = self.own_messages(role, state, lambda _: True)
        if not nodes or any(node.sender == role for node in nodes):
            return False
        queues = dict(state.queues)
        heads = [queues.get((node.sender, role), (None,))[0] for node in nodes]
        return all(
            head is not None
            and all(self.owner_knows_complete(entry, state) for entry in head.entries)
            for head in heads
        )

    def unaware_of(self, role: str, state: TimedState) -> Attempts:
        """Failed entries in which the role acted, and that are open wherever it may stop."""
        failed = {entry for local in state.locals for entry, _ in local.failed}
        ends = self.end_places(role, state)
        return frozenset(
            entry
            for entry in failed
            if ends and all(any(r.entry == entry and r.acted for r in p.records) for p in ends)
        )


def _gone(channel: TimedChannel, queue: MessageQueue, left: MessageQueue) -> list[Discarded]:
    """The messages of `queue` that are not in `left`, which keeps their order."""
    found = []
    rest = list(left)
    for position, message in enumerate(queue):
        if rest and rest[0] is message:
            rest.pop(0)
        else:
            found.append(Discarded(*channel, message.label, position))
    return found


def _place(one: Discarded) -> tuple[str, str, int]:
    return one.sender, one.receiver, one.position
