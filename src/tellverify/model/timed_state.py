"""Configurations of protocols with timeouts: messages in queues, local states, and events."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from tellverify.model.delivery import Delivery
from tellverify.model.step import Discarded
from tellverify.model.timed_knowledge import NOTHING, Attempts, Failed, Knowledge

TimedChannel: TypeAlias = tuple[str, str]
Tags: TypeAlias = tuple[Attempts, Attempts]


class TaggedMessage(NamedTuple):
    """`inside` and `unknown`: entries that it belongs to, in whose bodies its sender was, or not.

    `fired` and `within` are for `keep`: the firings that the sender knows of, and the scopes in
    whose bodies it may be.
    """

    label: str
    inside: Attempts = NOTHING
    unknown: Attempts = NOTHING
    failed: Failed = frozenset()
    complete: Attempts = NOTHING
    fired: frozenset[tuple[int, int]] = frozenset()
    within: frozenset[int] = frozenset()

    @property
    def entries(self) -> Attempts:
        """All entries that it belongs to."""
        return self.inside | self.unknown


MessageQueue: TypeAlias = tuple[TaggedMessage, ...]


class TimedState(NamedTuple):
    """The state of every role, and the channels that are not empty, sorted."""

    locals: tuple[Knowledge, ...]
    queues: tuple[tuple[TimedChannel, MessageQueue], ...] = ()


class PlainEvent(NamedTuple):
    """`kind` is "send", "receive" or "fire"; of a timer `label` is its word, `scope` its number.

    `role` acts, `peer` is the other end of the message. `delivery` is for messages that are lost
    or arrive twice.
    """

    kind: str
    role: str
    peer: str
    label: str
    scope: int = -1
    delivery: Delivery = Delivery.FIFO


class PlainMove(NamedTuple):
    """An event and what it leads to, None where only the queue bound forbids it.

    `node` is the first place of the text that the event may be at. `stale`: the message is one of
    an earlier attempt. `unclear`: the role cannot tell which round its message is in.
    """

    event: PlainEvent
    target: TimedState | None
    node: int
    discards: tuple[Discarded, ...] = ()
    stale: bool = False
    unclear: bool = False
