"""Runs of protocols with many roles and a loop: found and replayed without every machine."""

from __future__ import annotations

from benchmarks.families import GraphBuilder
from tellverify.model.fault import Fault
from tellverify.model.graph import ProtocolGraph
from tellverify.model.trace import Trace
from tellverify.obligations.machines import ALL_MACHINES, Machines
from tellverify.obligations.options import Options
from tellverify.obligations.table import decide_graph
from tellverify.verdict.outcome import Refuted
from tellverify.verdict.properties import Property

SIZE = 3 * ALL_MACHINES


def rounds(*, answers: bool) -> ProtocolGraph:
    """Rounds of proposals; the end is not told to the last member, which may have to answer."""
    graph = GraphBuilder("rounds", ["C", *(f"D[{i}]" for i in range(SIZE))])
    state = 0
    for member in range(1, SIZE + 1):
        state = graph.step(state, 0, member, "Propose")
    for member in range(1, SIZE + 1):
        state = graph.step(state, member, 0, "Ready")
    more = graph.step(state, 0, 1, "Commit")
    for member in range(2, SIZE):
        more = graph.step(more, 0, member, "Commit")
    graph.event(more, 0, SIZE, "Commit", 0)
    stop = graph.step(state, 0, 1, "Abort")
    for member in range(2, SIZE - 1):
        stop = graph.step(stop, 0, member, "Abort")
    last = graph.step(stop, 0, SIZE - 1, "Abort") if answers else graph.end()
    if answers:
        graph.event(last, SIZE, 0, "Late", graph.end())
    else:
        graph.event(stop, 0, SIZE - 1, "Abort", last)
    return graph.finish()


def trace_of(graph: ProtocolGraph, prop: Property) -> Trace:
    found = [f.outcome for f in decide_graph(graph, Options()) if f.property is prop]
    (refuted,) = [outcome for outcome in found if isinstance(outcome, Refuted)]
    assert isinstance(refuted.evidence, Trace)
    return refuted.evidence


def test_machines_are_not_cheap_here() -> None:
    assert not Machines(rounds(answers=True)).are_cheap


def test_a_member_that_is_not_told_acts_too_late() -> None:
    trace = trace_of(rounds(answers=True), Property.IMPLEMENTABLE)
    assert trace.fault is Fault.INFIDELITY
    assert f"D[{SIZE - 1}]" in trace.culprits


def test_a_member_that_is_not_told_waits_for_ever() -> None:
    trace = trace_of(rounds(answers=False), Property.NO_STUCK_ROLE)
    assert trace.culprits == (f"D[{SIZE - 1}]",)
    assert trace.steps[-1].label == "Abort"
