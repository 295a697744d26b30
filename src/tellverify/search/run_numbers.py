"""Random numbers of simulated runs, and the failures that are drawn with them.

The numbers of a run depend on the seed and the index of the run alone. They are BLAKE2b in counter
mode: block n is the hash of `seed:index:n`, as sixteen integers of 32 bits, low byte first. To seed
a generator of Python's `random` takes longer than to make a short run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from struct import Struct
from typing import Final, TypeVar

from tellverify.model.failure import Outage, OutageKind
from tellverify.model.scenario import ResolvedScenario

_T = TypeVar("_T")
_BLOCK: Final = Struct("<16I")
_UNIT: Final = 2.0**-32


class RunNumbers:
    """The random numbers of the run `index` of a simulation.

    `draw` gives the next one, at least 0 and less than 1.
    """

    __slots__ = ("draw",)

    def __init__(self, seed: int, index: int) -> None:
        self.draw: Callable[[], float] = _numbers(f"{seed}:{index}").__next__

    def one_of(self, some: Sequence[_T]) -> _T:
        """One element, each with the same probability."""
        return some[int(self.draw() * len(some))]

    def shuffle(self, some: list[_T]) -> None:
        """Permute a list in place, each order with the same probability (Fisher, Yates)."""
        draw = self.draw
        for last in range(len(some) - 1, 0, -1):
            at = int(draw() * (last + 1))
            some[last], some[at] = some[at], some[last]

    def sample(self, some: Sequence[_T], size: int) -> list[_T]:
        """Different elements, `size` of them."""
        left = list(some)
        return [left.pop(int(self.draw() * len(left))) for _ in range(size)]


def _numbers(name: str) -> Iterator[float]:
    block = 0
    while True:
        for value in _BLOCK.unpack(blake2b(f"{name}:{block}".encode()).digest()):
            yield value * _UNIT
        block += 1


def drawn_failures(
    scenario: ResolvedScenario,
    numbers: RunNumbers,
    length: int,
    spared: frozenset[str] = frozenset(),
) -> list[tuple[int, Outage]]:
    """Crashes of roles that are not `spared` and cuts, with their times within `length` events."""
    draw = numbers.draw
    pending: list[tuple[int, Outage]] = []
    crashed: set[str] = set()
    for most, roles in scenario.crash:
        left = sorted(roles - crashed - spared)
        size = len(left) if most is None else min(most, len(left))
        for role in numbers.sample(left, int(draw() * (size + 1))):
            crashed.add(role)
            pending.append((int(draw() * (length + 1)), Outage(0, role)))
    for channels in scenario.cuts:
        if draw() < 0.5:
            at = int(draw() * (length + 1))
            pending += [(at, Outage(0, p, q, OutageKind.CUT)) for p, q in sorted(channels)]
    return pending
