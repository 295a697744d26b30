"""How far a protocol is from its goal: the roles that cannot play their part, at every size."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Final, TypeAlias

import msgspec

from tellverify.diagnostics.model import Severity
from tellverify.language.linking.imports import NOT_LINKED, Linked
from tellverify.language.lowering.lower import lower
from tellverify.language.syntax import ast
from tellverify.model.graph import ClassFault, ProtocolGraph, leaves_class
from tellverify.projection.exact import Violation
from tellverify.projection.implementability import check_graph, violation_of
from tellverify.projection.liveness import StuckRun
from tellverify.projection.merge import strict_projections
from tellverify.projection.merge_results import MergeFailure
from tellverify.projection.queues import QueueBound, queue_bounds
from tellverify.source.text import SourceFile

_STEPS = 200_000
MOST_EVENTS: Final = 20_000  # of a graph that is judged
_MALFORMED = 1_000.0
Fault: TypeAlias = Violation | StuckRun | MergeFailure | QueueBound | ClassFault


class Goal(StrEnum):
    """What a repair has to reach."""

    REQUIRED = "required"
    PROJECTABLE = "projectable"
    BOUNDED_QUEUES = "bounded-queues"


class RepairJudgement(msgspec.Struct, frozen=True):
    """The first faults of a protocol with the graph they are of; none when it reaches the goal.

    `weight` is 0 then, and else smaller for fewer roles at fault: 2 for a role that cannot know
    what to do, 1 for one that waits forever.
    """

    weight: float
    faults: tuple[Fault, ...] = ()
    graph: ProtocolGraph | None = None

    @property
    def holds(self) -> bool:
        """True when the goal is reached."""
        return self.weight == 0


class Judge:
    """Judges trees of one text at given sizes of its families."""

    def __init__(
        self,
        file: ast.File,
        source: SourceFile,
        sizes: Sequence[Mapping[str, int]],
        goal: Goal = Goal.REQUIRED,
        linked: Linked = NOT_LINKED,
    ) -> None:
        self.file = file
        self.source = source
        self.sizes = sizes
        self.goal = goal
        self.linked = linked
        self.events = 0  # of the graphs of the last judgement
        self._suspect = ""  # the role that was at fault last

    def graphs(self, protocol: ast.Protocol) -> list[ProtocolGraph] | None:
        """The graphs at all sizes, None where one has no meaning."""
        found = []
        for sizes in self.sizes:
            graph = self.graph(protocol, sizes)
            if graph is None:
                return None
            found.append(graph)
        return found

    def graph(self, protocol: ast.Protocol, sizes: Mapping[str, int]) -> ProtocolGraph | None:
        """The graph at some sizes, None where it has no meaning or two branches begin alike."""
        lowered = lower(self.file, self.source, protocol, sizes, MOST_EVENTS, self.linked)
        wrong = any(one.severity is Severity.ERROR for one in lowered.diagnostics)
        return None if wrong else lowered.graph

    def judge(self, protocol: ast.Protocol, *, first_only: bool = False) -> RepairJudgement:
        """The judgement at the first size at which the goal is not reached.

        With `first_only` of the first role at fault alone; its weight is then a lower bound.
        """
        graphs = (self.graph(protocol, sizes) for sizes in self.sizes)
        return self.judge_graphs(graphs, first_only=first_only)

    def judge_graphs(
        self, graphs: Iterable[ProtocolGraph | None], *, first_only: bool = False
    ) -> RepairJudgement:
        """The same of graphs at all sizes, None where one has no meaning."""
        self.events = 0
        for graph in graphs:
            if graph is None:
                return RepairJudgement(_MALFORMED)
            self.events += graph.event_count
            found = self._again(graph) if first_only else None
            if found is None:
                found = judge_graph(graph, self.goal, first_only=first_only)
            if not found.holds:
                if found.faults and isinstance(found.faults[0], Violation):
                    self._suspect = graph.roles[found.faults[0].role]
                return found
        return RepairJudgement(0)

    def _again(self, graph: ProtocolGraph) -> RepairJudgement | None:
        """The judgement when the role that was at fault last is so again: the usual case."""
        if self._suspect not in graph.roles or leaves_class(graph) is not None:
            return None
        violation = violation_of(graph, graph.roles.index(self._suspect), _STEPS)
        return None if violation is None else RepairJudgement(2, (violation,), graph)


def are_projectable(graphs: Iterable[ProtocolGraph | None]) -> bool:
    """True when strict merge accepts all graphs; None is one without a meaning."""
    for graph in graphs:
        if graph is None:
            return False
        found = strict_projections(graph)
        if found.unsupported is not None or found.failures:
            return False
    return True


def judge_graph(graph: ProtocolGraph, goal: Goal, *, first_only: bool = False) -> RepairJudgement:
    """The judgement of one graph, or of its first role at fault alone."""
    fault = leaves_class(graph)
    if fault is not None:
        return RepairJudgement(_MALFORMED / 2, (fault,), graph)
    answer = check_graph(graph, _STEPS, first_only=first_only)
    if not answer.implementable:
        weight = 2 * len(answer.violations) + sum(len(run.roles) for run in answer.stuck)
        return RepairJudgement(weight or _MALFORMED / 4, answer.violations, graph)
    if answer.stuck or answer.undecided:
        weight = sum(len(run.roles) for run in answer.stuck) + len(answer.undecided)
        return RepairJudgement(weight, answer.stuck, graph)
    match goal:
        case Goal.REQUIRED:
            return RepairJudgement(0)
        case Goal.PROJECTABLE:
            merged = strict_projections(graph)
            if merged.unsupported is not None:
                return RepairJudgement(_MALFORMED / 4, (), graph)
            return RepairJudgement(len(merged.failures), merged.failures, graph)
        case Goal.BOUNDED_QUEUES:
            bounds = queue_bounds(graph, _STEPS)
            unbounded = tuple(one for one in bounds.bounds if one.longest is None)
            return RepairJudgement(len(unbounded) + len(bounds.undecided), unbounded, graph)
