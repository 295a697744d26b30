"""The conditions between sessions: where all of them hold, no run of the whole can block.

Sequence: Theorem 4, and parallel sessions: Theorem 5 of docs/workflows.md. A condition is asked of
every session and every one behind it, and of agents rather than roles. One that fails is no
verdict: then the sessions in question are searched.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import msgspec

from tellverify.source.span import Span
from tellverify.verdict.identity import ObligationScope
from tellverify.verdict.properties import Property
from tellverify.workflows.composition import Composition, acting_agents
from tellverify.workflows.order_graph import WaitCycle, wait_cycles
from tellverify.workflows.orders import OrderEdge
from tellverify.workflows.sessions import ComposedSession, PhaseSession


class WeakCondition(msgspec.Struct, frozen=True):
    """A condition that fails: of what, at which sessions, and why.

    `others` are the places that belong to it beside `span`.
    """

    property: Property
    scope: ObligationScope
    sessions: tuple[int, ...]
    message: str
    span: Span
    others: tuple[tuple[Span, str], ...] = ()


class Conditions(msgspec.Struct, frozen=True):
    """The conditions that were asked of one workflow, and those that fail."""

    asked: tuple[tuple[Property, ObligationScope], ...]
    weak: tuple[WeakCondition, ...]


def conditions_of(whole: Composition, workflow: str, cycles: Sequence[WaitCycle]) -> Conditions:
    """All conditions of a workflow but those on what a join gives up."""
    own = whole.of(workflow)
    numbers = {one.session.number for one in own}
    behind: dict[int, set[str]] = {}
    for edge in whole.edges:
        if edge.before in numbers:
            behind.setdefault(edge.before, set()).add(edge.agent)
    asked: dict[tuple[Property, ObligationScope], None] = {}
    weak: list[WeakCondition] = []
    for found in (
        _termination(own, behind, asked),
        _ends(own, behind, asked),
        _outcomes(whole, own, _with_local_steps(whole, own, workflow), asked),
        _labels(whole, own, workflow, asked),
        _orders(whole, numbers, cycles, asked),
    ):
        weak.extend(found)
    return Conditions(tuple(asked), tuple(weak))


_Asked: TypeAlias = dict[tuple[Property, ObligationScope], None]


def _termination(
    own: Sequence[ComposedSession], behind: dict[int, set[str]], asked: _Asked
) -> Iterator[WeakCondition]:
    """Every session that another waits for can always come to its end."""
    scope = ObligationScope()
    for one in own:
        session, interface = one.session, one.interface
        if interface is None or session.number not in behind:
            continue
        asked[Property.CAN_TERMINATE, scope] = None
        if interface.has_end and not interface.can_terminate:
            message = f"`{session.title}` may reach a point from which it does not end"
            yield WeakCondition(
                Property.CAN_TERMINATE,
                scope,
                (session.number,),
                message,
                session.step.places.value("protocol"),
            )


def _ends(
    own: Sequence[ComposedSession], behind: dict[int, set[str]], asked: _Asked
) -> Iterator[WeakCondition]:
    """No local state of an agent holds an end of the session and also has moves."""
    for one in own:
        session, interface = one.session, one.interface
        if interface is None:
            continue
        open_ends = set(interface.open_ends)
        waiting = set(interface.waiting)
        goes_behind = behind.get(session.number, set())
        for role, agent in session.agents:
            scope = ObligationScope(roles=(agent,))
            if agent in goes_behind:
                asked[Property.KNOWS_END, scope] = None
            elif role not in open_ends and role not in waiting:
                continue
            if role in open_ends or (role in waiting and agent not in goes_behind):
                asked[Property.KNOWS_END, scope] = None
                message = f"`{agent}` cannot know that its part of `{session.title}` is over"
                yield WeakCondition(
                    Property.KNOWS_END,
                    scope,
                    (session.number,),
                    message,
                    session.step.places.value("agents", role),
                )


def _with_local_steps(
    whole: Composition, own: Sequence[ComposedSession], workflow: str
) -> list[ComposedSession]:
    """The sessions of a workflow with those of its `ext` steps, in the order of the steps."""
    local = [one for one in whole.local.sessions if one.session.workflow == workflow]
    return sorted((*own, *local), key=lambda one: (one.session.position, one.session.number))


def _outcomes(
    whole: Composition,
    own: Sequence[ComposedSession],
    steps: Sequence[ComposedSession],
    asked: _Asked,
) -> Iterator[WeakCondition]:
    """Every agent of a later phase or `ext` step knows which kind of end the session comes to."""
    later = _later_agents(steps, acting_agents(whole))
    for one in own:
        session, interface = one.session, one.interface
        if interface is None or not interface.has_stops:
            continue
        role_of = {agent: role for role, agent in session.agents}
        for agent, behind in later[session.number].items():
            scope = ObligationScope(roles=(agent,))
            asked[Property.KNOWS_OUTCOME, scope] = None
            role = role_of.get(agent)
            if role is not None and role not in interface.unsure:
                continue
            why = "takes no part in it" if role is None else "is not told the branch"
            message = (
                f"`{agent}` cannot know whether the workflow continues after `{session.title}`: it"
                f" {why}"
            )
            text = f"`{agent}` acts {'' if role is None else 'again '}in this"
            yield WeakCondition(
                Property.KNOWS_OUTCOME,
                scope,
                (session.number, *(one.number for one in behind)),
                message,
                session.step.places.value("go_on"),
                tuple(_acts(one, text) for one in behind),
            )


def _acts(session: PhaseSession, text: str) -> tuple[Span, str]:
    """Where an agent of a session is named, with the annotation for that place."""
    if not session.step.protocol:
        return session.step.places.value("agent"), f"{text} step"
    return session.step.places.value("agents"), f"{text} phase"


def _later_agents(
    own: Sequence[ComposedSession], acting: Sequence[set[str]]
) -> dict[int, dict[str, tuple[PhaseSession, ...]]]:
    """For each session that may stop the workflow, the agents that act in later phases and the
    sessions in which they do so next, one in each thread.
    """
    found: dict[int, dict[str, tuple[PhaseSession, ...]]] = {}
    groups: dict[int, dict[str, list[ComposedSession]]] = {}
    for one in own:
        threads = groups.setdefault(one.session.group, {})
        threads.setdefault(one.session.thread, []).append(one)
    behind: dict[str, tuple[PhaseSession, ...]] = {}
    for _, threads in sorted(groups.items(), reverse=True):
        nearest: dict[str, tuple[PhaseSession, ...]] = {}
        for sessions in threads.values():
            first: dict[str, PhaseSession] = {}
            for one in reversed(sessions):
                if one.interface is not None and one.interface.has_stops:
                    next_ones = {agent: (session,) for agent, session in first.items()}
                    found[one.session.number] = {**behind, **next_ones}
                first.update((agent, one.session) for agent in _acting(one.session, acting))
            for agent, session in first.items():
                nearest[agent] = (*nearest.get(agent, ()), session)
        behind = {**behind, **nearest}
    return found


def _acting(session: PhaseSession, acting: Sequence[set[str]]) -> list[str]:
    return [agent for _, agent in session.agents if agent in acting[session.number]]


def _labels(
    whole: Composition, own: Sequence[ComposedSession], workflow: str, asked: _Asked
) -> Iterator[WeakCondition]:
    """Where phases share channels, no message of one may be taken for one of another."""
    planned = next(one for one in whole.plan.workflows if one.name == workflow)
    if not planned.text.is_shared:
        return
    first: dict[tuple[str, str, str], PhaseSession] = {}
    used: dict[tuple[str, str], PhaseSession] = {}
    told: set[tuple[str, str]] = set()
    for one in own:
        session = one.session
        agent_of = session.agent_of
        rows = () if one.interface is None else one.interface.channels
        for sender, receiver, label in rows:
            channel = (agent_of[sender], agent_of[receiver])
            scope = ObligationScope(channel=channel)
            if used.setdefault(channel, session) is not session:
                asked[Property.LABELS_APART, scope] = None
            other = first.setdefault((*channel, label), session)
            if other is session or channel in told:
                continue
            told.add(channel)
            message = (
                f"`{channel[0]} -> {channel[1]} : {label}` is a message of `{other.title}` and of"
                f" `{session.title}`, on one channel"
            )
            place = (other.step.places.value("protocol"), "this phase has it too")
            yield WeakCondition(
                Property.LABELS_APART,
                scope,
                (other.number, session.number),
                message,
                session.step.places.value("protocol"),
                (place,),
            )


def _orders(
    whole: Composition, numbers: set[int], cycles: Sequence[WaitCycle], asked: _Asked
) -> Iterator[WeakCondition]:
    """The orders of all agents together have no cycle."""
    touched = any(e.before in numbers or e.after in numbers for e in whole.edges)
    if not touched and not any(use.session in numbers for use in whole.uses):
        return
    scope = ObligationScope()
    asked[Property.SESSION_ORDER, scope] = None
    for cycle in cycles:
        if not numbers & set(cycle.sessions):
            continue
        message, places = cycle_text(whole, cycle)
        yield WeakCondition(
            Property.SESSION_ORDER, scope, cycle.sessions, message, places[0][0], places[1:]
        )


def cycle_text(whole: Composition, cycle: WaitCycle) -> tuple[str, tuple[tuple[Span, str], ...]]:
    """Who orders the sessions of a cycle how, in words and places."""
    names = {number: whole.sessions[number].session.title for number in cycle.sessions}
    way = _way_round(cycle)
    parts: list[str] = []
    places: list[tuple[Span, str]] = []
    for edge in way:
        parts.append(f"`{edge.agent}` runs {names[edge.before]} before {names[edge.after]}")
        places.append((edge.span, f"`{edge.agent}`: {names[edge.before]} first"))
    for use in whole.uses:
        if use.session in names:
            held = ", ".join(f"`{one}`" for one in use.bundles)
            parts.append(f"`{use.agent}` holds {held} in {names[use.session]}")
            step = whole.sessions[use.session].session.step
            places.append((step.places.key("holds"), f"held in {names[use.session]}"))
    return ", ".join(parts), tuple(places)


def _way_round(cycle: WaitCycle) -> list[OrderEdge]:
    """Edges of a shortest cycle by the order of the file; all edges where bundles close it."""
    after: dict[int, list[OrderEdge]] = {}
    for edge in cycle.edges:
        after.setdefault(edge.before, []).append(edge)
    best: list[OrderEdge] = []
    for start in cycle.sessions:
        before: dict[int, OrderEdge] = {}
        order = [start]
        for number in order:
            for edge in after.get(number, ()):
                if edge.after == start:
                    found = [edge]
                    while found[-1].before != start:
                        found.append(before[found[-1].before])
                    if not best or len(found) < len(best):
                        best = found[::-1]
                    break
                if edge.after not in before:
                    before[edge.after] = edge
                    order.append(edge.after)
        if len(best) == 2:
            break
    return best or list(cycle.edges)


def cycles_of(whole: Composition) -> list[WaitCycle]:
    """The parts of all sessions that may wait for each other in a circle."""
    return wait_cycles(len(whole.sessions), whole.edges, whole.uses)
