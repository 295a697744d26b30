"""The result of one simulated run, and how such a run ends."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from tellverify.model.failure import Outage
from tellverify.model.fault import Fault
from tellverify.model.scenario import Channel


class RunEnding(StrEnum):
    """How a simulated run ends."""

    COMPLETE = "complete"  # every role may stop, all queues are empty
    STOPPED = "stopped"  # every role that is left may stop, and messages are left
    WAITING = "waiting"  # no role can act and a role that is left waits
    LIMIT = "limit"  # the run continues


class SimulatedRun(msgspec.Struct, frozen=True):
    """A run: its events as numbers of moves, what failed, how it ended and what that shows.

    `longest` is the most messages that a channel held, `fullest` the channel. `fault` is None when
    nothing is wrong; `culprits` are the roles that it concerns and `decision`
    the number of the decision that is broken.
    """

    index: int
    moves: tuple[int, ...]
    outages: tuple[Outage, ...]
    ending: RunEnding
    longest: int
    fullest: Channel
    fault: Fault | None = None
    culprits: tuple[str, ...] = ()
    decision: int = -1
