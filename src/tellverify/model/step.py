"""Events of a run: a role sends, takes a message from a channel, or one of its timers fires."""

from __future__ import annotations

from typing import Final

import msgspec

from tellverify.model.delivery import Delivery
from tellverify.model.site import Site

TIMEOUT: Final = "timeout"
CANCEL: Final = "cancel"


class Discarded(msgspec.Struct, frozen=True):
    """A queued message that vanishes with an event, since it belongs to a failed attempt.

    `position` is its place in the queue before anything vanishes, a message that is sent with the
    event included.
    """

    sender: str
    receiver: str
    label: str
    position: int


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """One event of a run: `sender` sends, or `receiver` takes the head of the channel.

    An event of a timer has `timer`, "timeout" or "cancel", and the number `scope` of the statement
    in the protocol at hand; both ends are then its owner, and `label` is the timer's word. Messages
    in `discards` vanish with the event.
    `delivery` says what a fault makes of the message, in runs of a scenario with faults.
    """

    send: bool
    sender: str
    receiver: str
    label: str
    site: Site = msgspec.field(default_factory=Site)
    timer: str = ""
    scope: int = -1
    discards: tuple[Discarded, ...] = ()
    delivery: Delivery = Delivery.FIFO
    session: str = ""  # of a run across sessions: the one whose channel it is

    @property
    def actor(self) -> str:
        """The role that acts."""
        return self.sender if self.send else self.receiver

    @property
    def peer(self) -> str:
        """The other role of the message; of a timer its owner."""
        return self.receiver if self.send else self.sender

    def __str__(self) -> str:
        if self.timer:
            return f"{self.sender}: {self.timer}"
        if self.send:
            return f"{self.sender}!{self.receiver}:{self.label}"
        return f"{self.receiver}?{self.sender}:{self.label}"


def timer_step(owner: str, word: str, scope: int, site: Site) -> Step:
    """The event that a timer of `owner` fires, or is cancelled."""
    return Step(False, owner, owner, word, site, word, scope)


def queue_after(queue: tuple[str, ...], step: Step) -> tuple[str, ...]:
    """The labels in the channel of `step` after it, nothing discarded."""
    if step.timer:
        return queue
    return (*queue, step.label) if step.send else queue[1:]


def without_discarded(
    queues: dict[tuple[str, str], tuple[str, ...]], step: Step
) -> dict[tuple[str, str], tuple[str, ...]]:
    """The queues without the messages that vanish with `step`; empty ones are left out."""
    found = dict(queues)
    for channel in {(one.sender, one.receiver) for one in step.discards}:
        gone = {one.position for one in step.discards if (one.sender, one.receiver) == channel}
        left = tuple(label for at, label in enumerate(queues.get(channel, ())) if at not in gone)
        if left:
            found[channel] = left
        else:
            found.pop(channel, None)
    return found
