"""Events of protocols with timeouts, what configurations refute, and what a search is asked."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

import msgspec

from tellverify.model.delivery import Delivery
from tellverify.model.scenario import Channel
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
