"""Where communicating machines are: a state of each, and the queued messages."""

from __future__ import annotations

import msgspec


class Configuration(msgspec.Struct, frozen=True):
    """The state of every role and the contents of every channel that is not empty.

    `states` follows the order of the machines; `queues` is sorted by channel.
    """

    states: tuple[int, ...]
    queues: tuple[tuple[tuple[str, str], tuple[str, ...]], ...] = ()
