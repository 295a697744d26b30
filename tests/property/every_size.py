"""How tests decide a protocol at every point of the grid of sizes, without a whole check."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

import msgspec

from tellverify.evidence.certificate import InstancePart
from tellverify.model.graph import ProtocolGraph, leaves_class
from tellverify.model.roles import family_of
from tellverify.model.sizes import (
    SizeSymbol,
    members_named,
    sizes_claimed,
    sizes_text,
)
from tellverify.projection.certify import certify
from tellverify.projection.every_size import TOO_MANY_SIZES, GraphAt, Point, SizeGrid, sizes_at
from tellverify.projection.implementability import Implementability, check_graph

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


def certify_every(
    symbols: Sequence[SizeSymbol], every: EverySize, graph_at: GraphAt, steps: int
) -> tuple[tuple[tuple[str, ...], ...], list[InstancePart]]:
    """What `every` of a certificate names, and the instances of the grid from `every.least` on.

    Nothing when nothing is claimed. Raises OutOfBudget after `steps` for each instance.
    """
    if not every.claimed:
        return (), []
    least = [size for _, size in every.least]
    ranges = [range(low, symbol.cutoff + 2) for low, symbol in zip(least, symbols, strict=True)]
    parts = []
    for point in sorted(itertools.product(*ranges), key=lambda sizes: (sum(sizes), sizes)):
        sizes = sizes_at(symbols, point)
        graph = graph_at(sizes)
        if graph is not None:
            parts.append(certify(graph, sizes_text(sizes.items()), steps))
    generic = tuple(tuple(f"{f}[{s.cutoff}]" for f in s.families) for s in symbols)
    return generic, parts


def claim_text(every: EverySize) -> str:
    """The claim: `every N >= 1, M >= 2, by generic members Devices[1], Guests[0]`."""
    return f"{sizes_claimed(every.least)}, {members_named(every.generic)}"


def _families(roles: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """The families of all roles, each once, in the order given."""
    return tuple(dict.fromkeys(family_of(role) for some in roles for role in some))
