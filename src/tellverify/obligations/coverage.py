"""How often the runs of a protocol take each branch, and the branches that none takes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

from tellverify.diagnostics import properties as say
from tellverify.diagnostics.model import Diagnostic
from tellverify.language.lowering.branches import TextBranch, begins, text_branches
from tellverify.language.syntax import ast
from tellverify.model.graph import ProtocolGraph
from tellverify.obligations.context import Context, Decision, Instance
from tellverify.source.text import SourceFile
from tellverify.verdict.run import Coverage, CoverageRow

MOST_RUNS: Final = 10**15
_MOST_WORK: Final = 4_000_000
_TIMEOUT: Final = "timeout"


def coverage_of(
    protocol: ast.Protocol, source: SourceFile, instances: Sequence[Instance]
) -> Coverage:
    """How often each branch is taken, at the largest sizes that have a graph.

    `places` counts the states of the protocol at which a branch begins. `runs` counts the runs
    that take it, up to the order of independent events: each ends where the protocol ends, or
    where it comes back to a state that it has been in. Both are exact; -1 says not counted.
    """
    branches = text_branches(protocol)
    chosen = next((one for one in reversed(instances) if one.lowered.graph is not None), None)
    graph = chosen.lowered.graph if chosen is not None else None
    if chosen is None or graph is None:
        rows = [row for branch in branches for row in _rows(branch, source, -1, -1)]
        return Coverage("", -1, -1, tuple(rows))
    runs = _Runs(graph)
    starts = begins(graph, source.path, branches)
    counts = len(branches) * graph.event_count <= _MOST_WORK
    total = runs.total() if counts else -1
    rows = []
    for branch, taken in zip(branches, starts, strict=True):
        if branch.kind == _TIMEOUT:
            rows += _rows(branch, source, -1, -1)
            continue
        number = -1 if total < 0 else total - runs.without(set(taken)) if taken else 0
        rows += _rows(branch, source, len(taken), number)
    return Coverage(chosen.name, graph.state_count, total, tuple(rows))


def _rows(branch: TextBranch, source: SourceFile, places: int, runs: int) -> Iterator[CoverageRow]:
    """The row of a branch, and one of its guard if it has one."""
    line, column = source.position(branch.span.start)
    kind = "timeout" if branch.kind == _TIMEOUT else "branch"
    yield CoverageRow(kind, branch.label, branch.decider, line, column, places, runs)
    if branch.guard is not None:
        line, column = source.position(branch.guard.start)
        text = " ".join(source.slice(branch.guard).split())
        yield CoverageRow("guard", text, branch.decider, line, column, places, runs)


class _Runs:
    """Runs of a graph without its back edges, those that lead to a state on the way to them."""

    def __init__(self, graph: ProtocolGraph) -> None:
        self._graph = graph
        self._order: list[int] = []  # states, each after all that follow it
        self._back: set[int] = set()
        self._walk()

    def _walk(self) -> None:
        """Depth first from the initial state, on an explicit stack."""
        first, target = self._graph.first, self._graph.target
        colour = bytearray(self._graph.state_count)
        colour[0] = 1
        path = [(0, first[0])]
        while path:
            state, edge = path.pop()
            if edge == first[state + 1]:
                colour[state] = 2
                self._order.append(state)
                continue
            path.append((state, edge + 1))
            below = target[edge]
            if colour[below] == 1:
                self._back.add(edge)
            elif not colour[below]:
                colour[below] = 1
                path.append((below, first[below]))

    def total(self) -> int:
        """How many runs there are, or -1 when there are more than `MOST_RUNS`."""
        return self.without(())

    def without(self, forbidden: Collection[int]) -> int:
        """How many runs take none of the transitions, or -1 when there are too many."""
        graph, back = self._graph, self._back
        count = [0] * graph.state_count
        for state in self._order:
            number = int(bool(graph.final[state]))
            for edge in range(graph.first[state], graph.first[state + 1]):
                if edge not in forbidden:
                    number += 1 if edge in back else count[graph.target[edge]]
            if number > MOST_RUNS:
                return -1
            count[state] = number
        return count[0]


def find_untaken_branches(context: Context) -> Decision:
    """The branches that are in no graph, unless another finding covers them.

    They refute nothing.
    """
    source, instances = context.source, context.instances
    said = [*context.judged.said, *(d for one in instances for d in one.lowered.diagnostics)]
    found = _never_taken(context.protocol, context.name, source, instances, said)
    return Decision((), tuple(found))


def _never_taken(
    protocol: ast.Protocol,
    name: str,
    source: SourceFile,
    instances: Sequence[Instance],
    said: Iterable[Diagnostic],
) -> list[Diagnostic]:
    graphs = [one.lowered.graph for one in instances]
    known = [graph for graph in graphs if graph is not None]
    branches = text_branches(protocol)
    if not branches or len(known) < len(graphs):
        return []
    written = {
        graph.sites[number].span
        for graph in known
        for number in set(graph.site)
        if graph.sites[number].path == source.path
    }
    lost = [one for one in branches if one.starts and written.isdisjoint(one.starts)]
    if not lost:
        return []
    covered = [one.primary.span for one in said if one.path == source.path]
    return [
        say.branch_never_taken(source.path, branch.span, branch.label, name)
        for branch in lost
        if branch.kind != _TIMEOUT
        and not any(s.start <= branch.span.start and branch.span.end <= s.end for s in covered)
    ]
