"""Events of a run: one role sends, or takes a message from a channel, or its timer fires."""

from __future__ import annotations

import msgspec

from tellverify.model.delivery import Delivery
from tellverify.model.site import Site


class Discarded(msgspec.Struct, frozen=True):
    """A message that vanishes with an event; `position` in its queue, all that vanish included."""

    sender: str
    receiver: str
    label: str
    position: int


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """One event of a run: `sender` sends, or `receiver` takes the head of the channel.

    That of a timer has its word in `timer`, the number of its `scope`, and its owner at both ends.
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
        """The other role of the message."""
        return self.receiver if self.send else self.sender

    def __str__(self) -> str:
        if self.timer:
            return f"{self.sender}: {self.timer}"
        if self.send:
            return f"{self.sender}!{self.receiver}:{self.label}"
        return f"{self.receiver}?{self.sender}:{self.label}"
