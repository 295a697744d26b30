"""Wrong drafts of the rules of timeouts, as changes of the plain implementation."""

from __future__ import annotations

from plain_timed import PlainTimed

from tellverify.model.timed_knowledge import TextPlace
from tellverify.model.timed_state import TaggedMessage, TimedState


def scopes_of(entries) -> frozenset:
    return frozenset(entry.scope for entry in entries)


class NoNumberInBody(PlainTimed):
    """A message of a body does not say which entry it belongs to, only which scope."""

    def fits(self, role, local, place, message):
        inside = frozenset(r.entry for r in place.records if r.inside)
        if scopes_of(inside) != scopes_of(message.inside):
            return False
        return super().fits(role, local, place, message._replace(inside=inside))


class ChannelPerAttempt(PlainTimed):
    """Messages of different entries overtake each other."""

    def receives(self, role, configuration):
        for channel, queue in configuration.queues:
            seen = set()
            for at, message in enumerate(queue):
                if message.inside in seen:
                    continue
                seen.add(message.inside)
                first = (message, *queue[:at], *queue[at + 1 :])
                queues = {**dict(configuration.queues), channel: first}
                tried = TimedState(configuration.locals, tuple(sorted(queues.items())))
                for move in super().receives(role, tried):
                    if (move.event.peer, move.event.role) == channel:
                        yield move


class NoVoiding(PlainTimed):
    """A later message whose sender knows of a failure does not void earlier ones."""

    def voided(self, queue, failed):
        return queue


class CountsFailures(PlainTimed):
    """An entry has the number of failures before it: one after a completed one has its number."""

    def number_of(self, place: TextPlace, scope: int, around) -> int:
        return max(dict(place.counts).get((scope, around), 0), 1)

    def entered(self, role, place, scope):
        number = self.number_of(place, scope, None)
        records = frozenset(r for r in place.records if r.entry != (scope, None, number))
        yield from super().entered(role, place._replace(records=records), scope)

    def as_it_was(self, node, then, now):
        place = super().as_it_was(node, then, now)
        scope, around, number = then.entry
        kept = {pair for pair in place.counts if pair[0] != (scope, around)}
        return place._replace(counts=frozenset(kept | {((scope, around), number + 1)}))


class NextReplaces(PlainTimed):
    """An entry that is still open is forgotten when the next one begins."""

    def entered(self, role, place, scope):
        records = frozenset(r for r in place.records if r.entry.scope != scope)
        yield from super().entered(role, place._replace(records=records), scope)


class OuterAsItIsNow(PlainTimed):
    """Scopes around stay as they are when a role is told, not as they were at the beginning."""

    def as_it_was(self, node, then, now):
        place = super().as_it_was(node, then, now)
        current = {r.entry: r for r in now.records}
        records = frozenset(current.get(r.entry, r) for r in place.records)
        return place._replace(records=records)


class TagByReceiver(PlainTimed):
    """A message says nothing of entries that its receiver does not know to be incomplete."""

    def tagged(
        self, message: TaggedMessage, sender: str, receiver: str, configuration
    ) -> TaggedMessage:
        known = self.local(receiver, configuration).complete
        return message._replace(unknown=message.unknown - known, inside=message.inside - known)


class OneCountPerScope(PlainTimed):
    """The count of a scope never starts again, whatever is around it and whoever fails."""

    def entry_around(self, place, scope):
        return None

    def as_it_was(self, node, then, now):
        return super().as_it_was(node, then, now)._replace(counts=now.counts)


MUTANTS = (
    NoNumberInBody,
    ChannelPerAttempt,
    NoVoiding,
    CountsFailures,
    NextReplaces,
    OuterAsItIsNow,
    TagByReceiver,
    OneCountPerScope,
)
