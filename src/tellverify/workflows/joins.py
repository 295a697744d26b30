"""Joins that may give sessions up: does every role of such a session end by itself?"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tellverify.diagnostics import workflows as say
from tellverify.diagnostics.limits import STEP_LIMIT
from tellverify.diagnostics.model import Annotation, Diagnostic, Mark, Where
from tellverify.diagnostics.wording import counted
from tellverify.model.roles import family_of
from tellverify.model.trace import Trace
from tellverify.obligations.options import Options
from tellverify.projection.availability import OutOfBudget
from tellverify.verdict.identity import Obligation, ObligationScope, obligation_name
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Outcome, Proved, Refuted, Unknown
from tellverify.verdict.properties import Property
from tellverify.workflows.abandonment import AbandonedSearch, abandoned_roles
from tellverify.workflows.composed_machines import composed_system
from tellverify.workflows.composed_runs import ShownRun
from tellverify.workflows.composition import joined_sessions, joining_agents
from tellverify.workflows.outcomes import PhaseGraph
from tellverify.workflows.plan import JoinRule, PlannedWorkflow
from tellverify.workflows.protocol_files import ProtocolFiles
from tellverify.workflows.sessions import ComposedSession, PhaseSession


class JoinQuestion(msgspec.Struct, frozen=True):
    """What decides the joins of the workflows in the file `path`; `shown` gets the runs."""

    path: str
    files: ProtocolFiles
    options: Options
    shown: list[ShownRun]


def abandoned_sessions(workflow: PlannedWorkflow, own: Sequence[ComposedSession]) -> set[int]:
    """The numbers of the sessions that a join of a workflow may give up."""
    return {one.number for _, group in joined_sessions(workflow, own) for one in group}


def abandoned_outcomes(
    question: JoinQuestion,
    workflow: PlannedWorkflow,
    own: Sequence[ComposedSession],
    outcomes: dict[Obligation, Outcome],
    said: list[Diagnostic],
) -> Outcome | None:
    """Decide `abandoned[R]` of all agents; what follows for the whole, None if all of them end."""
    found: Outcome | None = None
    for rule, group in joined_sessions(workflow, own):
        joining = joining_agents(group)
        if not joining:
            continue
        for session in group:
            if session.member > 0:
                continue  # the members do the same
            answer = _of_session(question, rule, session, joining[0], outcomes, said)
            if found is None or (isinstance(answer, Refuted) and not isinstance(found, Refuted)):
                found = answer or found
    return found


def _of_session(
    question: JoinQuestion,
    rule: JoinRule,
    session: PhaseSession,
    joining: str,
    outcomes: dict[Obligation, Outcome],
    said: list[Diagnostic],
) -> Outcome | None:
    step = session.step
    graph = question.files.graph(step.protocol, dict(session.sizes), step.go_on)
    each = session.member >= 0
    others = [
        (role, family_of(agent) if each else agent)
        for role, agent in session.agents
        if agent != joining
    ]
    if isinstance(graph, str):
        unknown = Unknown(graph)
        for _, agent in others:
            outcomes.setdefault(_obligation(agent), unknown)
        return unknown
    from tellverify.search.timed_rows import TooManyTimedPlaces

    try:
        answer = _searched(question, session, graph, joining)
    except (OutOfBudget, TooManyTimedPlaces):
        return Unknown("the limit of steps was reached", STEP_LIMIT.number)
    found: Outcome | None = None
    for role, agent in others:
        trace = answer.traces.get(role)
        outcome: Outcome
        if trace is not None:
            outcome = Refuted(say.ABANDONED_ROLE.number, trace, Method.SEARCH)
            if _obligation(agent) not in outcomes:
                said.append(_finding(question, rule, session, (role, agent), trace))
            found = found or outcome
        elif not answer.is_complete:
            outcome = Unknown("the limit of configurations was reached", STEP_LIMIT.number)
            found = found or outcome
        else:
            outcome = Proved(Method.SEARCH, "messages of a session that is given up are dropped")
        known = outcomes.get(_obligation(agent))
        if known is None or isinstance(known, Proved):
            outcomes[_obligation(agent)] = outcome
    return found


def _searched(
    question: JoinQuestion, session: PhaseSession, graph: PhaseGraph, joining: str
) -> AbandonedSearch:
    from tellverify.workflows.left_sessions import PlainLeftSession, TimedLeftSession

    options = question.options
    if not session.head.parts:
        system = composed_system([session], [graph], (), (), options.step_limit)
        plain = PlainLeftSession(system, joining)
        answer = abandoned_roles(plain, options.search_limit)
        question.shown.extend(plain.shown)
        return answer
    timed = question.files.timed(session.step.protocol, dict(session.sizes))
    if timed is None:
        return AbandonedSearch({}, False)
    leaver = next(role for role, agent in session.agents if agent == joining)
    left = TimedLeftSession(timed, session, leaver, options)
    answer = abandoned_roles(left, options.search_limit)
    return answer if left.is_exact else AbandonedSearch(answer.traces, False)


def _obligation(agent: str) -> Obligation:
    return Property.ABANDONED, ObligationScope(roles=(agent,))


def _finding(
    question: JoinQuestion,
    rule: JoinRule,
    session: PhaseSession,
    who: tuple[str, str],
    trace: Trace,
) -> Diagnostic:
    role, agent = who
    where = Where(question.path, session.workflow)
    key = "timeout" if rule.timeout else "join"
    complete = "one session is" if rule.join in ("first", 1) else f"{rule.join} sessions are"
    why = (
        f"after {rule.timeout} at the latest" if rule.timeout else f"as soon as {complete} complete"
    )
    count = counted(len(trace.steps), "event")
    others: list[Mark] = []
    if trace.place.path:
        text = f"`{role}` waits for this message"
        others.append(Annotation(trace.place.span, text, trace.place.path))
    return say.broken_workflow(
        where,
        say.ABANDONED_ROLE,
        (rule.step.places.key(key), f"the join continues {why}"),
        f"{trace.explanation}, after {count}",
        others=others,
        refutes=obligation_name(Property.ABANDONED, ObligationScope(roles=(agent,))),
    )
