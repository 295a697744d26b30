"""The two kinds of ends of a phase: those after which the workflow continues, and the others.

A run continues when its last choice among branches of which some are named took a named
one. So the graph of a phase is doubled: a state remembers whether that is so.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tellverify.language.checks.walk import preorder
from tellverify.language.syntax import ast
from tellverify.model.graph import ProtocolGraph, graph_from_edges


class NestedBranch(msgspec.Struct, frozen=True):
    """A branch of a choice or case by its place in the text; `choice` numbers the choices."""

    choice: int
    label: str
    start: int
    end: int


class PhaseGraph(msgspec.Struct, frozen=True):
    """The graph of a phase; `goes_on[s]` is 1 where it may end and the workflow continues.

    The other final states end the workflow. All states are reachable.
    """

    graph: ProtocolGraph
    goes_on: bytearray

    @property
    def has_stops(self) -> bool:
        """Whether some end of the phase ends the workflow."""
        return any(
            final and not goes for final, goes in zip(self.graph.final, self.goes_on, strict=True)
        )


def silent_phase() -> PhaseGraph:
    """The graph of a phase in which nothing is sent, and after which the workflow continues."""
    return PhaseGraph(graph_from_edges([], final={0}, roles=()), bytearray([1]))


def nested_branches(protocol: ast.Protocol) -> tuple[NestedBranch, ...]:
    """The branches of all choices and cases of a protocol and what it declares locally."""
    found: list[NestedBranch] = []
    number = 0
    for block in (protocol.body, *(local.body for local in protocol.locals)):
        for statement in preorder(block):
            rows: Sequence[tuple[str, int, int]] = ()
            match statement:
                case ast.Choice(branches=branches):
                    rows = [
                        (one.label.text, one.label.span.start, _end(one.body, one.label.span.end))
                        for one in branches
                    ]
                case ast.Case(arms=arms):
                    rows = [
                        (
                            one.constructor.text,
                            one.constructor.span.start,
                            _end(one.body, one.constructor.span.end),
                        )
                        for one in arms
                    ]
                case ast.Send() | ast.Broadcast() | ast.Par() | ast.Loop() | ast.Rec():
                    continue
                case ast.Continue() | ast.Call() | ast.Let() | ast.Timeout():
                    continue
                case ast.OperationStatement():
                    continue
            found.extend(NestedBranch(number, *row) for row in rows)
            number += 1
    return tuple(found)


def _end(body: ast.Block, least: int) -> int:
    return max((statement.span.end for statement in body), default=least)


def phase_graph(
    graph: ProtocolGraph, branches: Sequence[NestedBranch], path: str, go_on: Sequence[str] | None
) -> PhaseGraph:
    """`graph` with its ends of two kinds. `branches` are those of the text at `path`."""
    if go_on is None:
        return PhaseGraph(graph, bytearray(graph.final))
    named = set(go_on)
    decisive = {one.choice for one in branches if one.label in named}
    rows = [one for one in branches if one.choice in decisive]
    said = [kind_at(site.span.start, rows, named) if site.path == path else None
            for site in graph.sites]  # fmt: skip
    return _doubled(graph, said)


def kind_at(at: int, rows: Sequence[NestedBranch], named: set[str]) -> bool | None:
    """Whether a message at `at` is in a named branch; None outside of all that decide it."""
    inner: NestedBranch | None = None
    for one in rows:
        if one.start <= at < one.end and (inner is None or one.start >= inner.start):
            inner = one
    return None if inner is None else inner.label in named


def _doubled(graph: ProtocolGraph, said: Sequence[bool | None]) -> PhaseGraph:
    """The states of `graph` with what was decided last, as far as they are reachable."""
    number = {(0, False): 0}
    order = [(0, False)]
    first, sender, receiver, label, target, site = [0], [], [], [], [], []
    for state, goes in order:
        for e in range(graph.first[state], graph.first[state + 1]):
            decided = said[graph.site[e]]
            below = (graph.target[e], goes if decided is None else decided)
            if below not in number:
                number[below] = len(order)
                order.append(below)
            sender.append(graph.sender[e])
            receiver.append(graph.receiver[e])
            label.append(graph.label[e])
            target.append(number[below])
            site.append(graph.site[e])
        first.append(len(target))
    doubled = ProtocolGraph(
        graph.name,
        graph.roles,
        graph.labels,
        first,
        sender,
        receiver,
        label,
        target,
        site,
        bytearray(graph.final[state] for state, _ in order),
        graph.sites,
    )
    return PhaseGraph(doubled, bytearray(graph.final[state] and goes for state, goes in order))
