"""Findings at sizes at which the last members of a family take no part.

A role without an event changes nothing for others, is never stuck, and its type is the end. So
what holds without such members holds with them, and nothing has to be decided again.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tellverify.model.graph import ProtocolGraph
from tellverify.obligations.instance_outcome import InstanceFinding
from tellverify.projection.generic_member import first_difference
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Proved, Skipped


def with_idle_members(
    findings: Sequence[InstanceFinding], graph: ProtocolGraph, larger: ProtocolGraph
) -> list[InstanceFinding] | None:
    """The findings about `larger`, which has idle roles more than `graph`, from those about that.

    None when a role more has an event, when the runs differ, or when not all was proved by the
    conditions of the complete theory: runs and machines name every role.
    """
    if graph.event_count != larger.event_count:
        return None
    if not findings or not all(_holds(one, graph) for one in findings):
        return None
    first = findings[0].outcome
    if not isinstance(first, Proved) or first.method is not Method.COHERENCE:
        return None
    known = set(graph.roles)
    idle = {number for number, role in enumerate(larger.roles) if role not in known}
    if len(idle) + len(known) != len(larger.roles):
        return None
    if not (idle.isdisjoint(larger.sender) and idle.isdisjoint(larger.receiver)):
        return None
    if first_difference(graph, larger) is not None:
        return None
    return [_of_all(one, larger) for one in findings]


def _holds(finding: InstanceFinding, graph: ProtocolGraph) -> bool:
    if finding.channel is not None or finding.roles not in ((), graph.roles):
        return False
    return isinstance(finding.outcome, Proved | Skipped)


def _of_all(finding: InstanceFinding, larger: ProtocolGraph) -> InstanceFinding:
    counts = dict(finding.statistics)
    if "roles" in counts:
        counts["roles"] = len(larger.roles)
    roles = larger.roles if finding.roles else ()
    return msgspec.structs.replace(finding, roles=roles, statistics=tuple(counts.items()))
