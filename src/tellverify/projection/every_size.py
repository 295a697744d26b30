"""What holds of a protocol at every size of its families, by generic members.

The protocol is decided at every point of the grid {1..m1+1} x .. x {1..mj+1}, where mi is the
cut-off of the i-th size symbol: the last size of each symbol stands for all larger ones. It is the
whole grid and not its diagonal, since sizes of different symbols are independent of each other.

The cut-offs come from the text. As a guard against a cut-off that is too small the graph is built
with one member more, of each generic family alone and of all of them, and compared with the
expansion of the generic one; where they differ, nothing is claimed.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from tellverify.model.graph import ProtocolGraph, leaves_class
from tellverify.model.sizes import (
    SizeSymbol,
    sizes_text,
)
from tellverify.projection.generic_member import expand, first_difference, generic_fault

_MOST_POINTS: Final = 64
_OUTSIDE: Final = {
    "mixed-senders": "different roles may act first at one point",
    "final-with-successors": "the protocol may end or continue, and no role decides",
    "partial-gather": "a receiver continues after some of the answers",
}
TOO_MANY_SIZES: Final = f"there are more than {_MOST_POINTS} sizes to decide"
Point: TypeAlias = tuple[int, ...]
GraphAt: TypeAlias = Callable[[Mapping[str, int]], ProtocolGraph | None]


class SizeGrid:
    """The points at which a protocol is decided, and which of them stand for all larger sizes.

    `graph_at` gives the graph at the sizes of all families, None where there is none.
    """

    def __init__(self, symbols: Sequence[SizeSymbol], graph_at: GraphAt) -> None:
        self.symbols = tuple(symbols)
        self.top = tuple(symbol.cutoff + 1 for symbol in symbols)
        self._graph_at = graph_at
        self._graphs: dict[Point, ProtocolGraph | None] = {}
        self._faults: dict[Point, str] = {}

    @property
    def is_too_large(self) -> bool:
        """True when there are more points than are decided."""
        return math.prod(self.top) > _MOST_POINTS

    @property
    def points(self) -> list[Point]:
        """All points, smallest first."""
        return sorted(itertools.product(*(range(1, n + 1) for n in self.top)), key=_by_sum)

    @property
    def generic(self) -> tuple[tuple[str, ...], ...]:
        """The generic members of each symbol."""
        return tuple(tuple(f"{f}[{s.cutoff}]" for f in s.families) for s in self.symbols)

    def sizes(self, point: Point) -> dict[str, int]:
        """The sizes of all families at a point."""
        return sizes_at(self.symbols, point)

    def named(self, point: Point) -> tuple[tuple[str, int], ...]:
        """A point as sizes of symbols."""
        return tuple((s.name, n) for s, n in zip(self.symbols, point, strict=True))

    def graph(self, point: Point) -> ProtocolGraph | None:
        """The graph at a point, None where there is none."""
        if point not in self._graphs:
            self._graphs[point] = self._graph_at(self.sizes(point))
        return self._graphs[point]

    def generic_at(self, point: Point) -> dict[str, int]:
        """By family the index of its generic member, of symbols that have their last size."""
        last = [s for s, n, top in zip(self.symbols, point, self.top, strict=True) if n == top]
        return {family: symbol.cutoff for symbol in last for family in symbol.families}

    def fault(self, point: Point) -> str:
        """Why what holds at a point says nothing of larger sizes; empty when it does.

        There is no graph of the class, its last members are no generic ones, or with one member
        more of a symbol, or of all, the text has another graph than that with one more of the same.
        """
        if point not in self._faults:
            self._faults[point] = self._fault(point)
        return self._faults[point]

    def _fault(self, point: Point) -> str:
        named = self.named(point)
        graph = self.graph(point)
        if graph is None:
            return f"there is no graph at {sizes_text(named)}"
        outside = leaves_class(graph)
        if outside is not None:
            line = graph.site_of(graph.first[outside.state]).line
            return f"{_OUTSIDE[outside.reason]} at {sizes_text(named)} (line {line})"
        generic = self.generic_at(point)
        return generic_fault(graph, generic) or self._not_more_of_the_same(point, graph, generic)

    def _not_more_of_the_same(
        self, point: Point, graph: ProtocolGraph, generic: Mapping[str, int]
    ) -> str:
        last = [i for i, top in enumerate(self.top) if point[i] == top]
        for grown in dict.fromkeys([*((i,) for i in last), tuple(last)] if last else []):
            larger = tuple(size + (i in grown) for i, size in enumerate(point))
            lowered = self.graph(larger)
            members = {f: 1 + (i in grown) for i in last for f in self.symbols[i].families}
            where = sizes_text(self.named(larger))
            if lowered is None:
                return f"there is no graph at {where}"
            state = first_difference(lowered, expand(graph, generic, members))
            if state is not None:
                line = lowered.site_of(min(lowered.first[state], lowered.event_count - 1)).line
                return f"at {where} another member is not like those before it (line {line})"
        return ""

    def least(self, good: Callable[[Point], bool]) -> Point | None:
        """The smallest point from which on all points of the grid are good."""
        points = self.points
        bad = [point for point in points if not good(point)]
        return next((p for p in points if not any(_covers(p, point) for point in bad)), None)


def sizes_at(symbols: Sequence[SizeSymbol], point: Sequence[int]) -> dict[str, int]:
    """The sizes of all families where each symbol has a size of `point`."""
    return {f: n for s, n in zip(symbols, point, strict=True) for f in s.families}


def _by_sum(point: Point) -> tuple[int, Point]:
    return sum(point), point


def _covers(least: Point, point: Point) -> bool:
    return all(low <= size for low, size in zip(least, point, strict=True))
