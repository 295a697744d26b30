"""The `ext` steps of a file as sessions of one agent, for the search of runs across sessions.

An `ext` step exchanges no message. Its one move is to take a bundle that no other session has, so
that the gates of its agent decide when it may begin, as for every session.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from tellverify.obligations.options import Options
from tellverify.source.span import NOWHERE
from tellverify.workflows.interfaces import session_interface
from tellverify.workflows.order_graph import BundleUse
from tellverify.workflows.orders import OrderEdge
from tellverify.workflows.outcomes import silent_phase
from tellverify.workflows.plan import FilePlan
from tellverify.workflows.protocol_heads import ProtocolHead, ProtocolRole
from tellverify.workflows.sessions import LOCAL_TITLE, ComposedSession, PhaseSession
from tellverify.workflows.workflow_text import LocalStep, ProtocolStep


class LocalSessions(msgspec.Struct, frozen=True):
    """The sessions of `ext` steps, numbered behind all others, with their orders and bundles."""

    sessions: tuple[ComposedSession, ...] = ()
    edges: tuple[OrderEdge, ...] = ()
    uses: tuple[BundleUse, ...] = ()


def local_sessions(
    plan: FilePlan, sizes: Mapping[str, int], sessions: Sequence[PhaseSession], options: Options
) -> LocalSessions:
    """A session for each `ext` step and member of its agent, behind those of the same agent."""
    found: list[ComposedSession] = []
    edges: list[OrderEdge] = []
    uses: list[BundleUse] = []
    interface = None
    for one in _expanded(plan, sizes, len(sessions)):
        interface = interface or session_interface(silent_phase(), (), options)
        found.append(ComposedSession(one, interface))
        agent = one.agents[0][1]
        uses.append(BundleUse(one.number, agent, (one.title,)))
        edges.extend(
            OrderEdge(before.number, one.number, agent, one.step.places.step)
            for before in sessions
            if before.precedes(one) and any(name == agent for _, name in before.agents)
        )
    return LocalSessions(tuple(found), tuple(edges), tuple(uses))


def _expanded(plan: FilePlan, sizes: Mapping[str, int], first: int) -> Iterator[PhaseSession]:
    number = first
    for workflow in plan.workflows:
        prefix = f"{workflow.name}." if len(plan.workflows) > 1 else ""
        for planned in workflow.steps:
            placed = planned.placed
            step = placed.step
            if not isinstance(step, LocalStep):
                continue
            several = range(sizes[step.agent]) if step.agent in sizes else (-1,)
            for member in several:
                index = "" if member < 0 else f"[{member}]"
                agent = step.agent + index
                yield PhaseSession(
                    number,
                    workflow.name,
                    placed.name + index,
                    ProtocolStep(placed.name, "", step.places),
                    ProtocolHead("", "", NOWHERE, (ProtocolRole(agent),)),
                    ((agent, agent),),
                    (),
                    placed.group,
                    placed.thread,
                    member,
                    f"{LOCAL_TITLE}{prefix}{placed.name}{index}",
                    placed.position,
                )
                number += 1
