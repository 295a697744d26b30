"""Faults and repairs as sentences for people."""

from __future__ import annotations

from typing import assert_never

from tellverify.diagnostics.wording import counted, listed, series
from tellverify.model.graph import ClassFault, ProtocolGraph
from tellverify.projection.exact import Violation
from tellverify.projection.liveness import StuckRun
from tellverify.projection.merge_results import MergeFailure
from tellverify.projection.queues import QueueBound
from tellverify.repair.edits import Edit, Insert
from tellverify.repair.judgement import RepairJudgement

_MOST_NAMED = 3


def fault_text(judgement: RepairJudgement) -> str:
    """The first fault of a judgement as a sentence without full stop, empty when there is none."""
    graph = judgement.graph
    if graph is None or not judgement.faults:
        return ""
    fault = judgement.faults[0]
    match fault:
        case Violation():
            return _violation(fault, graph)
        case StuckRun(roles=roles):
            names = [f"`{graph.roles[role]}`" for role in roles]
            few = series(names) if len(names) <= _MOST_NAMED else listed(names, _MOST_NAMED)
            return f"{few} may wait for a message that never comes"
        case MergeFailure(role=role):
            return f"the branches of `{role}` do not merge strictly"
        case QueueBound(sender=sender, receiver=receiver):
            one, other = graph.roles[sender], graph.roles[receiver]
            return f"`{one}` may keep sending to `{other}` without bound"
        case ClassFault(reason="mixed-senders"):
            return "several roles may send first at one point"
        case ClassFault():
            return "no role decides whether the protocol ends or continues at one point"
        case _:
            assert_never(fault)


def _violation(fault: Violation, graph: ProtocolGraph) -> str:
    event = graph.event(fault.transition)
    label = event.label.rpartition(".")[2]
    role = graph.roles[fault.role]
    if event.sender == role:
        return f"`{role}` cannot know whether to send `{label}` to `{event.receiver}`"
    return f"`{role}` may receive `{label}` from `{event.sender}` too early"


def size_of_change(edits: tuple[Edit, ...]) -> str:
    """How much a repair changes: `1 message more, 2 other changes`."""
    more = sum(isinstance(edit, Insert) for edit in edits)
    rest = len(edits) - more
    parts = [f"{counted(more, 'message')} more"] if more else []
    if rest:
        parts.append(counted(rest, "other change" if more else "change"))
    return ", ".join(parts)
