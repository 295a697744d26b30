"""Events of protocols with timeouts, what configurations refute, and what a search is asked."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple, TypeAlias

import msgspec

from tellverify.model.delivery import Delivery
from tellverify.model.scenario import Channel
from tellverify.model.site import Site
from tellverify.model.step import Step
from tellverify.model.timed_text import ON_TIMEOUT
from tellverify.model.timer_steps import CANCEL, TIMEOUT, timer_step
from tellverify.search.timed_rows import FirePolicy, LatePolicy

ChannelBudgets: TypeAlias = tuple[tuple[int | None, frozenset[Channel]], ...]


class TimedEventKind(StrEnum):
    """What happens: a message is sent, a message is received, a timer fires."""

    SEND = "send"
    RECEIVE = "receive"
    FIRE = "timeout"


class TimedEvent(msgspec.Struct, frozen=True):
    """An event of `role`; `peer` and `label` of a message, `scope` and `alternative` of a timer.

    A message that is sent may be lost, or queued twice.
    """

    kind: TimedEventKind
    role: str
    peer: str = ""
    label: str = ""
    scope: int = -1
    alternative: str = ""
    delivery: Delivery = Delivery.FIFO


def timed_step(event: TimedEvent) -> Step:
    """An event of the search as a step."""
    if event.kind is TimedEventKind.FIRE:
        word = TIMEOUT if event.alternative == ON_TIMEOUT else CANCEL
        return timer_step(event.role, word, event.scope, Site())
    if event.kind is TimedEventKind.SEND:
        return Step(True, event.role, event.peer, event.label, delivery=event.delivery)
    return Step(False, event.peer, event.role, event.label)


class TimedProperty(StrEnum):
    """Properties that a configuration or an event refutes by itself."""

    NO_DEADLOCK = "no-deadlock"
    NO_ORPHAN_MESSAGE = "no-orphan-message"
    NO_UNSPECIFIED_RECEPTION = "no-unspecified-reception"
    TIMEOUT_AGREEMENT = "timeout-agreement"
    FRESH_MESSAGES = "fresh-messages"


class TimedSettings(msgspec.Struct, frozen=True):
    """`bound`: most messages of a channel. `rounds`: see `RoundLimits`.

    `loss` and `duplicate` are budgets of messages that are lost or arrive twice, as in
    `tellverify.model.scenario`. `marks_acted`: local states tell whether their role has acted.
    """

    late: LatePolicy = LatePolicy.ATTEMPTS
    fire: FirePolicy = FirePolicy.WAITS
    bound: int = 3
    rounds: int | None = None
    loss: ChannelBudgets = ()
    duplicate: ChannelBudgets = ()
    marks_acted: bool = False


Late: TypeAlias = tuple[tuple[str, str, str], ...]


class MoveNote(NamedTuple):
    """The note on a move.

    `late`: senders, receivers and labels of messages that vanish. `is_unclear`: its role cannot
    tell which round the message belongs to. `is_stale`: the message is one of an earlier attempt.
    """

    late: Late = ()
    is_stale: bool = False
    is_unclear: bool = False


Move: TypeAlias = tuple[int, int, MoveNote | None]  # event, difference of configurations


class PartMoves(NamedTuple):
    """The moves of one part of a configuration, and the events that only the bound forbids."""

    moves: tuple[Move, ...]
    blocked: tuple[tuple[int, MoveNote | None], ...]
