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
from tellverify.obligations.options import Options
from tellverify.obligations.table import decide_graph
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
        if isinstance(findings[0].outcome, Proved) or graph is None:
            return findings
    if graph is None:
        return []
    return decide_graph(graph, options, outside="parallel", order=lowered.order)


def decide_slices(slices: Sequence[ProtocolGraph], options: Options) -> list[InstanceFinding]:
    """Obligations of parallel branches on channels of their own, checked one by one.

    Branches that share no channel cannot take each other's messages. When each is implementable
    and in each every role knows when its part is over, which is that none can wait for ever, the
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
    roles = slices[0].roles
    findings = []
    for prop in dict.fromkeys(finding.property for finding in said):
        about = roles if PROPERTIES[prop].scope is PropertyScope.ROLE else ()
        outcome: Outcome
        if sound and holds[prop]:
            outcome = Proved(Method.COMPOSITION, "parallel branches one by one")
        else:
            reason = "a parallel branch on its own is not proved"
            outcome = Unknown(reason, OUTSIDE_CLASS.number)
        findings.append(InstanceFinding(prop, outcome, about))
    return findings
