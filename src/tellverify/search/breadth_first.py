"""Breadth-first search through all configurations of communicating machines."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

from tellverify.search.encoding import Channel, CompiledSystem, EncodedMove
from tellverify.search.layering import is_graded
from tellverify.search.successor_tables import SuccessorViews
from tellverify.search.terminal import Shown, TerminalEnding, ending_of
from tellverify.source.activity import ACTIVITY

if TYPE_CHECKING:
    from tellverify.search.numpy_search import DenseSearch

Layers: TypeAlias = "LayeredSearch | DenseSearch"

DENSE_FROM: Final = 100_000  # configurations from which numpy is faster, start-up included
_SLICE: Final = 50_000  # successors computed at once, about; bounds the memory for duplicates
_FIRST_REGROUP: Final = 1_000


class LayeredSearch:
    """Search by layers; `advance` adds one; `endings`, `unspecified` and `orphaned` grow with them.

    `count` is the number of configurations visited. At most `budget` are kept, fewer if they are
    long: 1,024 bits count as one. When the next layer would not fit it is dropped and `overflow`
    set; the layers before are complete.
    """

    def __init__(self, system: CompiledSystem, budget: int) -> None:
        self.system = system
        self.overflow = False
        self.budget = budget
        self.may_be_dense = not system.has_faults
        weight = 1 + system.width // 1024
        self._room = budget // weight
        self._slice = max(1, _SLICE // (weight * (1 + len(system.machines) // 8)))
        self.views = SuccessorViews(system)
        self.levels: list[list[int]] = [[system.initial]]
        self.count = 1
        # Configurations that were met after even and odd numbers of moves, as far as is needed.
        graded = all(map(is_graded, system.machines))
        self._met: tuple[set[int], set[int]] | None = None if graded else ({system.initial}, set())
        if self._met is not None and system.has_faults:  # a lost message is no message more
            self._met = (self._met[0], self._met[0])
        self.endings: list[TerminalEnding] = []
        self.unspecified: dict[int, Shown] = {}
        self.orphaned: dict[int, Shown] = {}
        self._regroup_at = _FIRST_REGROUP
        self._successors: set[int] = set()
        self._expand()

    @property
    def depth(self) -> int:
        """The number of moves to the last layer."""
        return len(self.levels) - 1

    @property
    def exhausted(self) -> bool:
        """True when the last layer leads to nothing new."""
        return not self._successors and not self.overflow

    def advance(self) -> None:
        """Visit the next layer."""
        self.levels.append(sorted(self._successors))
        self.count += len(self._successors)
        if self._met is not None:
            self._met[self.depth % 2].update(self._successors)
        if self.count > self._regroup_at:
            self._regroup_at *= 8
            self.views.regroup(self.levels[-1])
        self._expand()

    def run_to(self, configuration: int, depth: int) -> list[EncodedMove]:
        """The moves of a shortest run to a configuration of the layer at `depth`."""
        return run_to(self.views, self.levels, configuration, depth)

    def longest(self) -> tuple[tuple[Channel, int], ...]:
        """For every channel the most messages it holds in a configuration that was visited."""
        found = []
        for channel, queue in self.system.queues.items():
            at, mask = queue.length, (1 << self.system.queue_bound.bit_length()) - 1
            lengths: set[int] = set()
            for level in self.levels:
                lengths.update([(c >> at) & mask for c in level])
            found.append((channel, max(lengths)))
        return tuple(found)

    def _expand(self) -> None:
        """Classify the last layer and compute what follows it."""
        layer, views = self.levels[-1], self.views
        following: set[int] = set()
        for start in range(0, len(layer), self._slice):
            part = layer[start : start + self._slice]
            found = views.successors(part)
            if not self.overflow:
                if self._met is not None:
                    found -= self._met[(self.depth + 1) % 2]
                following = following | found if following else found
                self.overflow = self.count + len(following) > self._room
            for configuration in views.idle(part):
                ending = ending_of(self.system, configuration, self.depth)
                if ending is not None:
                    self.endings.append(ending)
        self._successors = set() if self.overflow else following
        for role in sorted(self.system.unspecified - self.unspecified.keys()):
            first = next(c for c in layer if self.system.has_unspecified_reception(role, c))
            self.unspecified[role] = Shown(role, first, self.depth)
        for role in sorted(self.system.orphaned - self.orphaned.keys()):
            first = next(c for c in layer if self.system.has_orphan(role, c))
            self.orphaned[role] = Shown(role, first, self.depth)


def advanced(search: Layers) -> Layers:
    """`search` with one layer more; a large one continues by numpy where that is installed.

    Layers, counts and faults are the same. Numpy is an extra, and small searches never ask for it.
    """
    search.advance()
    ACTIVITY.search(search.count, search.depth, search.budget)
    if (
        not isinstance(search, LayeredSearch)
        or not search.may_be_dense
        or search.count < DENSE_FROM
        or search.exhausted
        or search.overflow
    ):
        return search
    search.may_be_dense = False
    dense = _dense(search.system, search.budget)
    while dense is not None and dense.depth < search.depth:
        dense.advance()
    return dense or search


def _dense(system: CompiledSystem, budget: int) -> DenseSearch | None:
    from importlib.util import find_spec

    if find_spec("numpy") is None:
        return None
    from tellverify.search.numpy_search import DenseSearch, NumpyLayout

    return DenseSearch(system, budget) if NumpyLayout(system).fits else None


def explored(system: CompiledSystem, budget: int, depth: int | None = None) -> Layers:
    """A search of all that `budget` allows, or of all runs of up to `depth` moves."""
    search: Layers = LayeredSearch(system, budget)
    while not search.exhausted and not search.overflow and search.depth != depth:
        search = advanced(search)
    return search


def _predecessors(views: SuccessorViews, level: Sequence[int], configuration: int) -> list[int]:
    """The configurations of a sorted layer with a move to `configuration`.

    Where few changes are possible they are undone one by one, else the layer is gone through.
    """
    system = views.system
    deltas = system.unit_deltas
    if not deltas or len(level) < len(deltas):
        return views.predecessors(level, configuration)
    found = []
    for delta in deltas:
        before = configuration - delta
        at = bisect_left(level, before)
        if (
            at < len(level)
            and level[at] == before
            and any(move.delta == delta for move in system.enabled(before))
        ):
            found.append(before)
    return found


def run_to(
    views: SuccessorViews, levels: Sequence[Sequence[int]], configuration: int, depth: int
) -> list[EncodedMove]:
    """The moves of a shortest run, found backwards: the least predecessor in each layer."""
    moves: list[EncodedMove] = []
    for level in range(depth - 1, -1, -1):
        before = min(_predecessors(views, levels[level], configuration))
        delta = configuration - before
        moves.append(next(m for m in views.system.enabled(before) if m.delta == delta))
        configuration = before
    moves.reverse()
    return moves
