"""In which order each agent runs its sessions: by the phases of a workflow, and by its own list."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from tellverify.diagnostics import workflows as say
from tellverify.diagnostics.model import Diagnostic, Where
from tellverify.model.roles import family_of
from tellverify.source.span import Span
from tellverify.workflows.sessions import PhaseSession
from tellverify.workflows.workflow_text import AgentText, WorkflowDocument, WorkflowText


class OrderEdge(NamedTuple):
    """`agent` runs session `before` to its end and then `after`; `span` is where that is said."""

    before: int
    after: int
    agent: str
    span: Span


def order_edges(
    document: WorkflowDocument, sessions: Sequence[PhaseSession], left_out: Container[str] = ()
) -> tuple[list[OrderEdge], list[Diagnostic]]:
    """The orders of all agents, without those that follow from others.

    Of the workflows `left_out` some phases could not be read: what seems to be missing there is no
    fault of an order.
    """
    edges: dict[tuple[int, int, str], OrderEdge] = {}
    by_workflow: dict[str, list[PhaseSession]] = {}
    for session in sessions:
        by_workflow.setdefault(session.workflow, []).append(session)
    for own in by_workflow.values():
        for edge in _of_workflow(own):
            edges.setdefault(edge[:3], edge)
    said: list[Diagnostic] = []
    for agent in document.agents:
        for edge in _of_agent(document, agent, sessions, by_workflow, left_out, said):
            edges.setdefault(edge[:3], edge)
    ordered = list(edges.values())
    said.extend(_contradictions(document, sessions, ordered))
    return ordered, said


def _of_workflow(sessions: Sequence[PhaseSession]) -> Iterable[OrderEdge]:
    """Edges from the sessions that an agent ran last to the one that it runs next."""
    last: dict[str, list[PhaseSession]] = {}
    current: dict[str, list[PhaseSession]] = {}
    group: dict[str, int] = {}
    for session in sessions:
        for _, agent in session.agents:
            if group.get(agent) != session.group:
                last[agent] = current.get(agent, [])
                current[agent] = []
                group[agent] = session.group
            ahead = [one for one in current[agent] if one.thread == session.thread]
            for before in ahead or last[agent]:
                yield OrderEdge(before.number, session.number, agent, session.step.places.step)
            kept = [one for one in current[agent] if one.thread != session.thread]
            current[agent] = [*kept, session]


def _of_agent(
    document: WorkflowDocument,
    agent: AgentText,
    sessions: Sequence[PhaseSession],
    by_workflow: Mapping[str, Sequence[PhaseSession]],
    left_out: Container[str],
    said: list[Diagnostic],
) -> Iterable[OrderEdge]:
    """Edges of the list of one agent; of a family each member follows the list."""
    where = Where(document.path)
    members = sorted(
        {
            one
            for session in sessions
            for _, one in session.agents
            if agent.name in (one, family_of(one))
        }
    )
    missing = [one for one in document.workflows if one.name in left_out]
    if not members and agent.order and not missing:
        message = f"`{agent.name}` takes part in no session"
        said.append(say.wrong_order(where, agent.span, message))
        return
    entries: list[tuple[Sequence[PhaseSession], Span]] = []
    seen: dict[str, Span] = {}
    for entry, span in agent.order:
        if entry in seen:
            said.append(say.wrong_order(where, span, f"`{entry}` is in the order twice"))
            continue
        seen[entry] = span
        if _is_left_out(entry, document, by_workflow):
            continue  # the errors in the workflow are reported already
        found = _named(entry, by_workflow, sessions)
        own = [] if isinstance(found, str) else _sessions_of(found, members)
        if not own and any(_may_name(entry, one) for one in missing):
            continue
        if isinstance(found, str):
            said.append(say.wrong_order(where, span, found))
            continue
        if not own:
            said.append(
                say.wrong_order(
                    where, span, f"`{agent.name}` takes part in no session of `{entry}`"
                )
            )
            continue
        entries.append((own, span))
    for member in members:
        yield from _along(member, entries)


def _sessions_of(sessions: Sequence[PhaseSession], agents: Sequence[str]) -> list[PhaseSession]:
    return [one for one in sessions if {name for _, name in one.agents} & set(agents)]


def _may_name(entry: str, workflow: WorkflowText) -> bool:
    """Whether an entry of an order names a workflow or a phase of it."""
    phases = {step.name for step in workflow.steps}
    return entry == workflow.name or entry.startswith(f"{workflow.name}.") or entry in phases


def _along(
    agent: str, entries: Sequence[tuple[Sequence[PhaseSession], Span]]
) -> Iterable[OrderEdge]:
    own = [
        ([one for one in found if any(name == agent for _, name in one.agents)], span)
        for found, span in entries
    ]
    own = [(found, span) for found, span in own if found]
    for (before, _), (after, span) in pairwise(own):
        for left in _ends(before, last=True):
            for right in _ends(after, last=False):
                if left.number != right.number:
                    yield OrderEdge(left.number, right.number, agent, span)


def _ends(sessions: Sequence[PhaseSession], *, last: bool) -> list[PhaseSession]:
    """The sessions of one entry that no other of them follows, or precedes."""
    groups = [one.group for one in sessions]
    bound = max(groups) if last else min(groups)
    threads: dict[str, PhaseSession] = {}
    for session in sessions:
        if session.group == bound and (last or session.thread not in threads):
            threads[session.thread] = session
    return list(threads.values())


def _named(
    entry: str, by_workflow: Mapping[str, Sequence[PhaseSession]], sessions: Sequence[PhaseSession]
) -> Sequence[PhaseSession] | str:
    """The sessions that an entry of an order stands for, or its errors."""
    if entry in by_workflow:
        return by_workflow[entry]
    fitting = [
        one
        for one in sessions
        if entry in (f"{one.workflow}.{one.phase}", f"{one.workflow}.{one.name}")
    ]
    if not fitting:
        fitting = [one for one in sessions if entry in (one.phase, one.name)]
        if len({one.workflow for one in fitting}) > 1:
            return f"several workflows have a phase `{entry}`; write `workflow.{entry}`"
    if not fitting:
        names = ", ".join(f"`{name}`" for name in by_workflow)
        return f"there is no workflow or phase `{entry}`; there are {names} and their phases"
    return fitting


def _is_left_out(
    entry: str, document: WorkflowDocument, by_workflow: Mapping[str, Sequence[PhaseSession]]
) -> bool:
    """Whether an entry names a workflow, or a phase of one, of which nothing could be read."""
    return any(
        one.name not in by_workflow and (entry == one.name or entry.startswith(f"{one.name}."))
        for one in document.workflows
    )


def _contradictions(
    document: WorkflowDocument, sessions: Sequence[PhaseSession], edges: Sequence[OrderEdge]
) -> Iterable[Diagnostic]:
    """Orders that one agent cannot follow, since it would have to run a session before itself."""
    by_agent: dict[str, list[OrderEdge]] = {}
    lists = {agent.name for agent in document.agents if agent.order}
    for edge in edges:
        if {edge.agent, family_of(edge.agent)} & lists:
            by_agent.setdefault(edge.agent, []).append(edge)
    for agent, own in by_agent.items():
        cycle = _cycle(own)
        if cycle:
            names = [f"`{sessions[number].title}`" for number in cycle]
            span = next(edge.span for edge in own if edge.after == cycle[0])
            listed = next(one for one in document.agents if one.name in (agent, family_of(agent)))
            place = next((at for _, at in listed.order if at == span), listed.order[-1][1])
            message = f"`{agent}` cannot run {' before '.join([*names, names[0]])}"
            yield say.wrong_order(Where(document.path), place, message)
            return


def _cycle(edges: Sequence[OrderEdge]) -> list[int]:
    from tellverify.source.dependencies import circles

    needs: dict[int, list[int]] = {}
    for edge in edges:
        needs.setdefault(edge.before, []).append(edge.after)
        needs.setdefault(edge.after, [])
    return list(next(circles(needs), ()))
