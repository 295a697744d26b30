"""Obligations of protocols with parallel branches.

A role in several branches gets the shuffle of its views: its actions in different branches have
no order. The graph of all interleavings has more order than that, so a run that it lacks is no
fault; but its machines are those shuffles, and what goes wrong between them is real.
"""

from __future__ import annotations

from collections.abc import Sequence

from tellverify.diagnostics.limits import OUTSIDE_CLASS
from tellverify.language.lowering.lower import Lowered
from tellverify.model.graph import ProtocolGraph, leaves_class
from tellverify.obligations.instance_outcome import InstanceFinding
from tellverify.obligations.machines import GraphContext
from tellverify.obligations.options import Options
from tellverify.obligations.table import decide_graph
from tellverify.obligations.termination import decide_termination
from tellverify.projection.availability import AvailabilityBudget
from tellverify.projection.progress import ProgressOnGraph
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Outcome, Proved, Unknown
from tellverify.verdict.properties import PROPERTIES, Property, PropertyScope


def decide_parallel(lowered: Lowered, options: Options) -> list[InstanceFinding]:
    """Decide by coherence of all interleavings, else branch by branch, else by search."""
    graph = lowered.graph
    if graph is not None and leaves_class(graph) is None:
        findings = decide_graph(graph, options)
        if isinstance(findings[0].outcome, Proved):
            return findings
    if lowered.slices:
        findings = decide_slices(lowered.slices, options)
        if graph is None:
            return findings
        if isinstance(findings[0].outcome, Proved):
            findings = _with_termination(findings, graph, options)
            return _with_progress(findings, lowered, graph, options)
    if graph is None:
        return []
    return decide_graph(graph, options, outside="parallel", order=lowered.order)


def _with_termination(
    findings: list[InstanceFinding], graph: ProtocolGraph, options: Options
) -> list[InstanceFinding]:
    """Findings on branches, with termination decided by all interleavings where they do not tell.

    The roles keep to the protocol, so the rest of a run is the rest of some interleaving.
    """
    told = [f.outcome for f in findings if f.property is Property.CAN_TERMINATE]
    if all(isinstance(outcome, Proved) for outcome in told):
        return findings
    context = GraphContext(graph, options, "parallel")
    context.implementable = findings[0].outcome
    others = [f for f in findings if f.property is not Property.CAN_TERMINATE]
    return [*others, *decide_termination(context)]


def _with_progress(
    findings: list[InstanceFinding], lowered: Lowered, graph: ProtocolGraph, options: Options
) -> list[InstanceFinding]:
    """Findings on branches, with progress by a search of all of them where they do not tell."""
    told = [f for f in findings if f.property is Property.PROGRESS]
    if all(isinstance(f.outcome, Proved) for f in told):
        return findings
    from tellverify.obligations.progress import decide_progress

    searched = decide_progress(GraphContext(graph, options, "parallel", lowered.order))
    return [*(f for f in findings if f.property is not Property.PROGRESS), *searched]


def decide_slices(slices: Sequence[ProtocolGraph], options: Options) -> list[InstanceFinding]:
    """Obligations of parallel branches on channels of their own, checked one by one.

    Branches that share no channel cannot take each other's messages. When each is implementable
    and in each every role knows when its part is over, which is that none can wait forever, the
    same holds of all together. A slice that fails is no run of the protocol: then nothing is
    known.
    """
    decided = [decide_graph(graph, options) for graph in slices]
    said = [finding for found in decided for finding in found]
    holds = {
        prop: all(isinstance(f.outcome, Proved) for f in said if f.property is prop)
        for prop in Property
    }
    sound = holds[Property.IMPLEMENTABLE] and holds[Property.NO_STUCK_ROLE]
    budget = AvailabilityBudget(options.step_limit)
    if any(ProgressOnGraph(graph, budget).has_loops for graph in slices):
        holds[Property.PROGRESS] = False
    roles = slices[0].roles
    findings = []
    for prop in dict.fromkeys(finding.property for finding in said):
        about = roles if PROPERTIES[prop].scope is PropertyScope.ROLE else ()
        outcome: Outcome
        if sound and holds[prop]:
            outcome = Proved(Method.COMPOSITION, "parallel branches one by one")
        else:
            reason = "a parallel branch by itself is not proved"
            if prop is Property.PROGRESS and sound:
                reason = "progress of parallel branches with loops is not decided one by one"
            outcome = Unknown(reason, OUTSIDE_CLASS.number)
        findings.append(InstanceFinding(prop, outcome, about))
    return findings
