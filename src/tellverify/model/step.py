"""Events of a run: one role sends, or takes a message from a channel."""

from __future__ import annotations

import msgspec

from tellverify.model.site import Site


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """One event of a run: `sender` sends, or `receiver` takes the head of the channel."""

    send: bool
    sender: str
    receiver: str
    label: str
    site: Site = msgspec.field(default_factory=Site)
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
        return f"{self.actor}{'!' if self.send else '?'}{self.peer}:{self.label}"
