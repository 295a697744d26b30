"""Events of a run: one role sends, or takes a message from a channel."""

from __future__ import annotations

import msgspec

from tellverify.model.delivery import Delivery
from tellverify.model.site import Site


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """One event of a run: `sender` sends, or `receiver` takes the head of the channel.

    `delivery` says what a fault makes of the message, in runs of a scenario with faults.
    """

    send: bool
    sender: str
    receiver: str
    label: str
    site: Site = msgspec.field(default_factory=Site)
    delivery: Delivery = Delivery.FIFO

    @property
    def actor(self) -> str:
        """The role that acts."""
        return self.sender if self.send else self.receiver

    @property
    def peer(self) -> str:
        """The other role of the message."""
        return self.receiver if self.send else self.sender

    def __str__(self) -> str:
        if self.send:
            return f"{self.sender}!{self.receiver}:{self.label}"
        return f"{self.receiver}?{self.sender}:{self.label}"
