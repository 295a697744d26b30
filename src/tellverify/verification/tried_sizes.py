"""At which sizes of its families a protocol is decided, and the claims about all others.

A protocol of the class is decided at every point of a small grid of sizes, the last of which stand
for all larger ones. Every other protocol, and one whose sizes are given, is decided at these.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from tellverify.diagnostics.model import Diagnostic
from tellverify.language.instances import (
    MOST_COMBINATIONS,
    combinations,
    instance_name,
    left_out,
    smallest_sizes,
)
from tellverify.language.lowering.families import declared_roles, family_groups, size_symbol
from tellverify.language.lowering.lower import Lowered
from tellverify.language.syntax import ast
from tellverify.language.workspace import SourceProtocol, Workspace
from tellverify.model.graph import ProtocolGraph
from tellverify.model.sizes import sizes_text
from tellverify.model.timed_text import message_count
from tellverify.obligations.across_sizes import InstanceOutcomes
from tellverify.obligations.context import Instance
from tellverify.obligations.idle_members import with_idle_members
from tellverify.obligations.instance_outcome import InstanceFinding
from tellverify.obligations.options import DEFAULT_SIZES, MOST_DRAWN, Options
from tellverify.obligations.size_claims import NO_CLAIM, SizeClaim, claim_of
from tellverify.obligations.table import decide_instance
from tellverify.verdict.outcome import Outcome, Proved, Refuted
from tellverify.verdict.properties import Property
from tellverify.verdict.run import Family

if TYPE_CHECKING:
    from tellverify.projection.every_size import SizeGrid

SizeKey: TypeAlias = tuple[tuple[str, int], ...]
_REFUTED: Final = "it is refuted at {}, so nothing is claimed for larger sizes"
_UNDECIDED: Final = "it is not decided at {}"


class TriedSizes(msgspec.Struct, frozen=True):
    """What came out at every choice of sizes, and the largest number of events.

    `limit` says that not all choices were looked at; it is empty otherwise, and where all sizes are
    claimed.

    `instances` are the sizes that deciders of whole protocols look at, and `bound` names these.
    """

    outcomes: tuple[InstanceOutcomes, ...]
    instances: tuple[Instance, ...]
    families: tuple[Family, ...]
    bound: str
    diagnostics: tuple[Diagnostic, ...]
    events: int
    claim: SizeClaim
    limit: str


class DecidedSizes:
    """One protocol at sizes of its families, as it was lowered, and the findings where decided."""

    def __init__(self) -> None:
        self.lowered: dict[SizeKey, Lowered] = {}
        self.findings: dict[SizeKey, list[InstanceFinding]] = {}


def tried_sizes(
    workspace: Workspace,
    found: SourceProtocol,
    options: Options,
    graphs: dict[str, ProtocolGraph],
    decided: DecidedSizes,
) -> TriedSizes:
    """Decide a protocol at all sizes that are needed; graphs for later use go to `graphs`.

    What was found at single sizes goes to `decided`, in which nothing was decided before.
    """
    return _Sizes(workspace, found, options, graphs, decided).run()


class _Sizes:
    """The sizes of one protocol; each is lowered and decided once."""

    def __init__(
        self,
        workspace: Workspace,
        found: SourceProtocol,
        options: Options,
        graphs: dict[str, ProtocolGraph],
        decided: DecidedSizes,
    ) -> None:
        self._workspace = workspace
        self._found = found
        self._options = options
        self._graphs = graphs
        self._groups = family_groups(found.protocol)
        self._smallest = smallest_sizes(found.protocol)
        self._known = decided.lowered
        self._findings = decided.findings

    def run(self) -> TriedSizes:
        options, protocol = self._options, self._found.protocol
        wanted = dict(options.instances)
        given = list(combinations(protocol, wanted, DEFAULT_SIZES, self._smallest))
        claim = NO_CLAIM
        if self._groups and not any(family in wanted for family in self._found.families):
            claim = self._claim()
        needs_all = not claim.least or options.asks_for(Property.TERMINATES.value)
        instances = []
        for sizes in given:
            if needs_all:
                self._decide(sizes)
            lowered = self._at(sizes)
            instances.append(Instance(instance_name(sizes), sizes, lowered))
            self._keep(sizes, lowered)
        beyond = left_out(protocol, wanted, DEFAULT_SIZES)
        limit = _too_many_sizes(beyond) if beyond and needs_all else ""
        if limit:
            instances.append(Instance("", {}, Lowered(None, limit=limit)))
        used = sorted({*self._findings, *map(size_key, given)}, key=self._order)
        families, bound = _families(protocol, instances)
        return TriedSizes(
            tuple(
                InstanceOutcomes(instance_name(dict(key)), tuple(self._findings[key]))
                for key in used
                if key in self._findings
            ),
            tuple(instances),
            families,
            bound,
            tuple(one for key in used for one in self._known[key].diagnostics),
            max((_event_count(one.lowered) for one in instances), default=0),
            claim,
            limit,
        )

    def _order(self, key: SizeKey) -> tuple[int, tuple[int, ...]]:
        """Smallest first, families of one symbol counted once."""
        sizes = dict(key)
        point = tuple(sizes[group[0]] for group in self._groups)
        return sum(point), point

    def _at(self, sizes: Mapping[str, int]) -> Lowered:
        key = size_key(sizes)
        if key not in self._known:
            self._known[key] = self._workspace.graph(self._found, sizes)
        return self._known[key]

    def _decide(self, sizes: Mapping[str, int]) -> list[InstanceFinding]:
        key = size_key(sizes)
        if key not in self._findings:
            lowered = self._at(sizes)
            idle = self._without_last(sizes, lowered)
            self._findings[key] = decide_instance(lowered, self._options) if idle is None else idle
            self._keep(sizes, lowered)
        return self._findings[key]

    def _without_last(
        self, sizes: Mapping[str, int], lowered: Lowered
    ) -> list[InstanceFinding] | None:
        """The findings at sizes with one member less, where the last one takes no part."""
        if lowered.graph is None or lowered.parallel:
            return None
        for group in self._groups:
            key = tuple((family, n - (family in group)) for family, n in sizes.items())
            smaller = self._known[key].graph if key in self._findings else None
            if smaller is not None:
                found = with_idle_members(self._findings[key], smaller, lowered.graph)
                if found is not None:
                    return found
        return None

    def _keep(self, sizes: Mapping[str, int], lowered: Lowered) -> None:
        """Keep a graph that evidence or a picture may need."""
        if lowered.graph is None:
            return
        options, findings = self._options, self._findings.get(size_key(sizes), ())
        is_drawn = options.draw and lowered.graph.event_count <= MOST_DRAWN
        refutes = any(isinstance(one.outcome, Refuted) for one in findings)
        if options.keep_graphs or is_drawn or refutes:
            self._graphs[instance_name(sizes)] = lowered.graph

    # Every size

    def _claim(self) -> SizeClaim:
        """The claim about every size; decides the points of the grid where it may be."""
        from tellverify.language.lowering.cutoffs import size_faults, size_symbols
        from tellverify.projection.every_size import TOO_MANY_SIZES, SizeGrid

        judged, protocol = self._found.judged, self._found.protocol
        faults = size_faults(judged.source, protocol, judged.linked)
        if faults:
            return SizeClaim(outside=str(faults[0]))
        grid = SizeGrid(size_symbols(protocol, self._at, self._smallest), self._graph)
        if grid.is_too_large:
            return SizeClaim(outside=TOO_MANY_SIZES)
        outside = grid.fault(grid.top)
        if outside:
            return SizeClaim(outside=outside)
        points = [point for point in grid.points if grid.graph(point) is not None]
        weak = [point for point in points if not self._is_proved(grid, point)]
        least = grid.least(lambda p: p in points and p not in weak and not grid.fault(p))
        if least is None:
            words = _REFUTED if self._is_refuted(grid, weak[0]) else _UNDECIDED
            return SizeClaim(outside=words.format(sizes_text(grid.named(weak[0]))))
        lowered = [(point, self._at(self._in_order(grid.sizes(point)))) for point in points]
        return claim_of(grid, least, lowered)

    def _graph(self, sizes: Mapping[str, int]) -> ProtocolGraph | None:
        if any(size < self._smallest[family] for family, size in sizes.items()):
            return None  # the text names a member that is not there
        return self._at(self._in_order(sizes)).graph

    def _in_order(self, sizes: Mapping[str, int]) -> dict[str, int]:
        return {family: sizes[family] for group in self._groups for family in group}

    def _first(self, grid: SizeGrid, point: tuple[int, ...]) -> Outcome:
        """Whether the protocol is implementable at a point."""
        findings = self._decide(self._in_order(grid.sizes(point)))
        return next(one.outcome for one in findings if one.property is Property.IMPLEMENTABLE)

    def _is_proved(self, grid: SizeGrid, point: tuple[int, ...]) -> bool:
        return isinstance(self._first(grid, point), Proved)

    def _is_refuted(self, grid: SizeGrid, point: tuple[int, ...]) -> bool:
        return isinstance(self._first(grid, point), Refuted)


def _too_many_sizes(beyond: int) -> str:
    return (
        f"of {beyond + MOST_COMBINATIONS:,} combinations of family sizes only"
        f" {MOST_COMBINATIONS:,} were looked at; give fewer sizes with `--instances`"
    )


def _event_count(lowered: Lowered) -> int:
    """The events of a graph, or the messages of a timed text."""
    timed = message_count(lowered.timed) if lowered.timed is not None else 0
    return max(timed, lowered.graph.event_count if lowered.graph is not None else 0)


def size_key(sizes: Mapping[str, int]) -> SizeKey:
    """The sizes of families, to look up what was decided at them."""
    return tuple(sizes.items())


def _families(
    protocol: ast.Protocol, instances: Sequence[Instance]
) -> tuple[tuple[Family, ...], str]:
    """The sizes at which the protocol has a meaning (all, if there is none), and these in words."""
    looked_at = [one for one in instances if one.lowered.has_meaning]
    tried: dict[str, dict[int, None]] = {}
    for one in looked_at or instances:
        for family, size in one.sizes.items():
            tried.setdefault(family, {})[size] = None
    symbols = {one.name.text: size_symbol(one) for one in declared_roles(protocol)}
    families = tuple(Family(name, tuple(sizes), symbols[name]) for name, sizes in tried.items())
    whole = prod(len(family.sizes) for family in families)
    if len(looked_at) not in (0, len(instances), whole):
        return families, " or ".join(one.name for one in looked_at)
    words = (f"{family.name} = {', '.join(map(str, family.sizes))}" for family in families)
    return families, ", ".join(words)
