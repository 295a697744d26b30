"""How tests search all configurations of some machines at once."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tellverify.model.machine import Machine
from tellverify.search.breadth_first import explored, run_to
from tellverify.search.encoding import Channel, CompiledSystem, EncodedMove
from tellverify.search.successor_tables import SuccessorViews
from tellverify.search.terminal import Shown, TerminalEnding


class Exploration(msgspec.Struct, frozen=True):
    """The result of an exhaustive search.

    `exhausted`: every configuration within the queue bound was visited. `complete`: moreover no
    send was ever blocked by the bound, so these are all configurations there are. `levels[n]`
    are the configurations first reached by n moves, ascending.
    """

    system: CompiledSystem
    configurations: int
    depth: int
    exhausted: bool
    complete: bool
    longest_queue: tuple[tuple[Channel, int], ...]
    endings: tuple[TerminalEnding, ...]
    unspecified: tuple[Shown, ...]
    orphaned: tuple[Shown, ...]
    levels: list[list[int]]

    def run_to(self, configuration: int, depth: int) -> list[EncodedMove]:
        """The moves of a shortest run to a configuration of `levels[depth]`."""
        return run_to(SuccessorViews(self.system), self.levels, configuration, depth)


def explore(machines: Sequence[Machine], *, queue_bound: int, budget: int) -> Exploration:
    """Visit every configuration with at most `queue_bound` messages in each channel.

    Stops before the layer that exceeds `budget` (see `LayeredSearch`); `exhausted` is false then.
    Raises ValueError when machines do not fit together (see `CompiledSystem`).
    """
    search = explored(CompiledSystem(machines, queue_bound), budget)
    system = search.system
    return Exploration(
        system=system,
        configurations=search.count,
        depth=search.depth,
        exhausted=search.exhausted,
        complete=search.exhausted and not system.blocked,
        longest_queue=search.longest(),
        endings=tuple(search.endings),
        unspecified=tuple(search.unspecified[role] for role in sorted(search.unspecified)),
        orphaned=tuple(search.orphaned[role] for role in sorted(search.orphaned)),
        levels=search.levels,
    )
