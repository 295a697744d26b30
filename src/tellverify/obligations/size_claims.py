"""Claims about every size of the role families: which verdicts they cover, and their words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from tellverify.language.lowering.lower import Lowered
from tellverify.model.sizes import sizes_claimed
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Proved
from tellverify.verdict.properties import AT_EVERY_SIZE, Property

if TYPE_CHECKING:
    from tellverify.projection.every_size import SizeGrid


class GridInstance(msgspec.Struct, frozen=True):
    """A point of the grid from the least claimed on; `generic` maps families to generic members.

    Those are the families whose size here stands for all larger ones.
    """

    name: str
    generic: dict[str, int]
    lowered: Lowered


class SizeClaim(msgspec.Struct, frozen=True):
    """What holds at every size of the families from `least` on when it holds at all of `grid`.

    `generic` has the generic members of each size symbol. Where nothing is claimed, `outside` says
    why and all else is empty.
    """

    least: tuple[tuple[str, int], ...] = ()
    generic: tuple[tuple[str, ...], ...] = ()
    grid: tuple[GridInstance, ...] = ()
    outside: str = ""

    @property
    def sizes(self) -> str:
        """`every N >= 1`; empty where nothing is claimed."""
        return sizes_claimed(self.least) if self.least else ""

    @property
    def members(self) -> tuple[str, ...]:
        """The generic members of all families."""
        return tuple(member for group in self.generic for member in group)

    def covers(self, prop: Property) -> bool:
        """True when what holds of a property at all of the grid holds at every claimed size."""
        return bool(self.least) and prop in AT_EVERY_SIZE

    def proved(self, detail: str = "", method: Method = Method.GENERIC_MEMBER) -> Proved:
        """The outcome of an obligation that is claimed for every size."""
        return Proved(method, detail, self.sizes, self.members)


NO_CLAIM: Final = SizeClaim()


def claim_of(
    grid: SizeGrid, least: Sequence[int], lowered: Iterable[tuple[tuple[int, ...], Lowered]]
) -> SizeClaim:
    """The claim that rests on the points from `least` on, each with what was lowered there."""
    instances = []
    for point, one in lowered:
        graph = one.graph
        if graph is None or any(n < low for n, low in zip(point, least, strict=True)):
            continue
        generic = grid.generic_at(point)
        name = ", ".join(f"{family} = {size}" for family, size in grid.sizes(point).items())
        instances.append(GridInstance(name, generic, one))
    return SizeClaim(grid.named(tuple(least)), grid.generic, tuple(instances))
