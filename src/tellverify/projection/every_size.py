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
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeAlias

import msgspec

from tellverify.model.graph import ProtocolGraph, leaves_class
from tellverify.model.sizes import SizeSymbol, family_of_member, sizes_text
from tellverify.projection.generic_member import expand, generic_fault, same_runs
from tellverify.projection.implementability import (
    Implementability,
    check_graph,
)

_MOST_POINTS: Final = 64
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
    """What is known of all sizes.

    `implementable` is claimed for all sizes from `least` on, by `generic` members, when `outside`
    is empty; `stuck` are the roles (families, not members) that wait for ever at one of them, and
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
    points = 1
    for symbol in symbols:
        points *= symbol.cutoff + 1
        if points > _MOST_POINTS:
            return EverySize(outside=f"there are more than {_MOST_POINTS} sizes to decide")
    return _Grid(symbols, graph_at, decide).run()


class _Grid:
    """All points of the grid, and what was found at them."""

    def __init__(self, symbols: Sequence[SizeSymbol], graph_at: GraphAt, decide: Decision) -> None:
        self.symbols = symbols
        self.graph_at = graph_at
        self.decide = decide
        self.top = tuple(symbol.cutoff + 1 for symbol in symbols)
        self.graphs: dict[Point, ProtocolGraph | None] = {}

    def run(self) -> EverySize:
        points = sorted(itertools.product(*(range(1, n + 1) for n in self.top)), key=_by_sum)
        found = {point: self._verdict(point) for point in points}
        grid = tuple(found.values())
        corner = found[self.top]
        refuted = next((one for one in grid if one.implementable is False), None)
        if refuted is not None:
            where = sizes_text(refuted.sizes)
            return EverySize(outside=f"it is not implementable at {where}", grid=grid)
        if corner.fault:
            return EverySize(outside=corner.fault, grid=grid)
        least = min(
            (point for point in points if self._good_from(point, found)), key=_by_sum, default=None
        )
        if least is None:
            return EverySize(outside="the step limit was reached", grid=grid)
        return EverySize(
            tuple((s.name, n) for s, n in zip(self.symbols, least, strict=True)),
            tuple(f"{f}[{s.cutoff}]" for s in self.symbols for f in s.families),
            _families(one.stuck for one in grid),
            _families(one.undecided for one in grid),
            "",
            grid,
        )

    @staticmethod
    def _good_from(least: Point, found: Mapping[Point, SizeVerdict]) -> bool:
        return all(
            one.implementable is True and not one.fault
            for point, one in found.items()
            if _covers(least, point)
        )

    def _sizes(self, point: Point) -> dict[str, int]:
        return {
            family: size
            for symbol, size in zip(self.symbols, point, strict=True)
            for family in symbol.families
        }

    def _graph(self, point: Point) -> ProtocolGraph | None:
        if point not in self.graphs:
            self.graphs[point] = self.graph_at(self._sizes(point))
        return self.graphs[point]

    def _verdict(self, point: Point) -> SizeVerdict:
        named = tuple((s.name, n) for s, n in zip(self.symbols, point, strict=True))
        graph = self._graph(point)
        if graph is None:
            return SizeVerdict(named, fault=f"there is no graph at {sizes_text(named)}")
        fault = leaves_class(graph)
        if fault is not None:
            where = sizes_text(named)
            return SizeVerdict(named, fault=f"outside of the theory at {where}: {fault.reason}")
        answer = self.decide(graph)
        stuck = {role for run in answer.stuck for role in run.roles}
        return SizeVerdict(
            named,
            answer.implementable,
            tuple(graph.roles[role] for role in sorted(stuck)),
            tuple(graph.roles[role] for role in answer.undecided if role not in stuck),
            self._not_generic(point, graph),
        )

    def _not_generic(self, point: Point, graph: ProtocolGraph) -> str:
        """Why the sizes of `point` at the end of the grid do not stand for all larger ones."""
        last = [i for i, top in enumerate(self.top) if point[i] == top]
        generic = {f: self.symbols[i].cutoff for i in last for f in self.symbols[i].families}
        fault = generic_fault(graph, generic)
        if fault:
            return fault
        for grown in {(i,) for i in last} | ({tuple(last)} if last else set()):
            larger = tuple(size + (i in grown) for i, size in enumerate(point))
            lowered = self._graph(larger)
            members = {f: 1 + (i in grown) for i in last for f in self.symbols[i].families}
            if lowered is None or not same_runs(lowered, expand(graph, generic, members)):
                names = tuple((s.name, n) for s, n in zip(self.symbols, larger, strict=True))
                return f"one more member is not one more of the same at {sizes_text(names)}"
        return ""


def claim_text(every: EverySize) -> str:
    """What is claimed: `every N >= 1, M >= 2, by generic member Devices[1], Guests[0]`."""
    least = ", ".join(f"{name} >= {size}" for name, size in every.least)
    members = ", ".join(every.generic)
    word = "member" if len(every.generic) == 1 else "members"
    return f"every {least}, by generic {word} {members}"


def _by_sum(point: Point) -> tuple[int, Point]:
    return sum(point), point


def _covers(least: Point, point: Point) -> bool:
    return all(low <= size for low, size in zip(least, point, strict=True))


def _families(roles: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """The families of all roles, each once, in the order given."""
    return tuple(dict.fromkeys(family_of_member(role) for some in roles for role in some))
