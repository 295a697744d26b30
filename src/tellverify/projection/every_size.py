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
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeAlias

import msgspec

from tellverify.model.graph import ProtocolGraph, leaves_class
from tellverify.model.sizes import (
    SizeSymbol,
    family_of_member,
    members_named,
    sizes_claimed,
    sizes_text,
)
from tellverify.projection.generic_member import expand, first_difference, generic_fault
from tellverify.projection.implementability import (
    Implementability,
    check_graph,
)

_MOST_POINTS: Final = 64
_OUTSIDE: Final = {
    "mixed-senders": "different roles may go on from one point",
    "final-with-successors": "the protocol may end or go on, and no role decides",
    "partial-gather": "a receiver goes on after some of the answers",
}
TOO_MANY_SIZES: Final = f"there are more than {_MOST_POINTS} sizes to decide"
Point: TypeAlias = tuple[int, ...]
GraphAt: TypeAlias = Callable[[Mapping[str, int]], ProtocolGraph | None]
Decision: TypeAlias = Callable[[ProtocolGraph], Implementability]


class SizeVerdict(msgspec.Struct, frozen=True):
    """The answer at one point of the grid; `fault` says why there is none to be used."""

    sizes: tuple[tuple[str, int], ...]
    implementable: bool | None = None
    stuck: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    fault: str = ""


class EverySize(msgspec.Struct, frozen=True):
    """The outcome for all sizes.

    `implementable` is claimed for all sizes from `least` on, by `generic` members, when `outside`
    is empty; `stuck` are the roles (families, not members) that wait forever at one of them, and
    all others never do. Otherwise `outside` says why nothing is claimed. `grid` are the points in
    the order of sizes; one of them that is refuted refutes the protocol.
    """

    least: tuple[tuple[str, int], ...] = ()
    generic: tuple[str, ...] = ()
    stuck: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    outside: str = ""
    grid: tuple[SizeVerdict, ...] = ()

    @property
    def claimed(self) -> bool:
        """True when implementability is known at all sizes from `least` on."""
        return not self.outside


def decide_every_size(
    symbols: Sequence[SizeSymbol],
    faults: Sequence[str],
    graph_at: GraphAt,
    decide: Decision = check_graph,
) -> EverySize:
    """Decide implementability and stuck roles for all sizes of the families of `symbols`.

    `faults` are the constructs of the text that leave the class, `graph_at` gives the graph at the
    sizes of all families, None where there is none. Sizes begin with 1.
    """
    if not symbols:
        return EverySize(outside="there is no family without a fixed size")
    if faults:
        return EverySize(outside=faults[0])
    grid = SizeGrid(symbols, graph_at)
    if grid.is_too_large:
        return EverySize(outside=TOO_MANY_SIZES)
    return _Decided(grid, decide).run()


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


class _Decided:
    """Implementability and stuck roles at all points of a grid."""

    def __init__(self, grid: SizeGrid, decide: Decision) -> None:
        self.grid = grid
        self.decide = decide

    def run(self) -> EverySize:
        grid = self.grid
        found = {point: self._verdict(point) for point in grid.points}
        rows = tuple(found.values())
        corner = found[grid.top]
        refuted = next((one for one in rows if one.implementable is False), None)
        if refuted is not None:
            where = sizes_text(refuted.sizes)
            return EverySize(outside=f"it is not implementable at {where}", grid=rows)
        if corner.fault:
            return EverySize(outside=corner.fault, grid=rows)
        least = grid.least(lambda p: found[p].implementable is True and not found[p].fault)
        if least is None:
            return EverySize(outside="the step limit was reached", grid=rows)
        return EverySize(
            grid.named(least),
            tuple(member for group in grid.generic for member in group),
            _families(one.stuck for one in rows),
            _families(one.undecided for one in rows),
            "",
            rows,
        )

    def _verdict(self, point: Point) -> SizeVerdict:
        graph = self.grid.graph(point)
        named = self.grid.named(point)
        fault = self.grid.fault(point)
        if graph is None or leaves_class(graph) is not None:
            return SizeVerdict(named, fault=fault)
        answer = self.decide(graph)
        stuck = {role for run in answer.stuck for role in run.roles}
        return SizeVerdict(
            named,
            answer.implementable,
            tuple(graph.roles[role] for role in sorted(stuck)),
            tuple(graph.roles[role] for role in answer.undecided if role not in stuck),
            fault,
        )


def sizes_at(symbols: Sequence[SizeSymbol], point: Sequence[int]) -> dict[str, int]:
    """The sizes of all families where each symbol has a size of `point`."""
    return {f: n for s, n in zip(symbols, point, strict=True) for f in s.families}


def claim_text(every: EverySize) -> str:
    """The claim: `every N >= 1, M >= 2, by generic members Devices[1], Guests[0]`."""
    return f"{sizes_claimed(every.least)}, {members_named(every.generic)}"


def _by_sum(point: Point) -> tuple[int, Point]:
    return sum(point), point


def _covers(least: Point, point: Point) -> bool:
    return all(low <= size for low, size in zip(least, point, strict=True))


def _families(roles: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """The families of all roles, each once, in the order given."""
    return tuple(dict.fromkeys(family_of_member(role) for some in roles for role in some))
