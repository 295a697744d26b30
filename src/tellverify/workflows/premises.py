"""What phases rest on beside messages: results of earlier phases, capabilities and facts, bundles.

These are questions about sets and orders; no run is searched.
"""

from __future__ import annotations

import builtins
from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from tellverify.diagnostics import workflows as say
from tellverify.diagnostics.model import Annotation, Diagnostic, Mark, Where
from tellverify.model.roles import family_of
from tellverify.source.span import Span
from tellverify.verdict.identity import ObligationScope
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Conflict, Outcome, Proved, Refuted
from tellverify.verdict.properties import Property
from tellverify.workflows.composition import Composition, joined_sessions
from tellverify.workflows.interfaces import PhaseResult
from tellverify.workflows.order_graph import SessionOrder
from tellverify.workflows.plan import PlannedStep, PlannedWorkflow, result_of
from tellverify.workflows.sessions import ComposedSession, PhaseSession
from tellverify.workflows.workflow_text import LocalStep, ProtocolStep

_IN_TIME: Final = "of the sessions that are complete in time"


class PremiseOutcome(msgspec.Struct, frozen=True):
    """The outcome of one obligation, and the finding that reports it where it is refuted."""

    property: Property
    item: str
    outcome: Outcome
    diagnostic: Diagnostic | None = None

    @builtins.property
    def scope(self) -> ObligationScope:
        """What it is about."""
        return ObligationScope(item=self.item)


def premise_outcomes(
    whole: Composition, workflow: PlannedWorkflow
) -> tuple[list[PremiseOutcome], list[Diagnostic]]:
    """All obligations of a workflow on results, premises and bundles, and other findings."""
    said: list[Diagnostic] = []
    found = [
        *_results(whole, workflow, said),
        *_premises(whole, workflow),
        *_ownership(whole, workflow),
    ]
    said.extend(_delegations(whole, workflow))
    return found, said


def _refuted(path: str, span: Span, other: Span, diagnostic: Diagnostic) -> Refuted:
    conflict = Conflict(diagnostic.message, path, span, other)
    return Refuted(diagnostic.code.number, conflict, Method.SETS)


# Results


def _results(
    whole: Composition, workflow: PlannedWorkflow, said: list[Diagnostic]
) -> Iterator[PremiseOutcome]:
    path = whole.plan.document.path
    where = Where(path, workflow.name)
    steps = {one.placed.name: one for one in workflow.steps}
    own = whole.of(workflow.name)
    by_phase = _by_phase(own)
    loose = {one.number for _, group in joined_sessions(workflow, own) for one in group}
    for planned in workflow.steps:
        step = planned.placed.step
        if not isinstance(step, ProtocolStep):
            continue
        for index, text in enumerate(step.uses):
            phase, payload = result_of(text, steps)
            span = step.places.value("uses", index)
            is_before = phase in steps and _is_before(steps[phase], planned)
            givers = by_phase.get(phase, []) if is_before else []
            reason = _unknown_result(phase, payload, steps, givers)
            if reason:
                known = [
                    f"{name}.{carried}"
                    for name, sessions in by_phase.items()
                    if _is_before(steps[name], planned)
                    for one in sessions
                    if one.interface is not None
                    for carried in one.interface.payloads
                ]
                known = list(dict.fromkeys(known))
                said.append(say.unknown_result(where, span, text, reason, known))
                continue
            users = by_phase.get(planned.placed.name, ())
            in_time = givers[0].session.number in loose
            rows = [(one, _result_of(one, payload, in_time=in_time)) for one in givers]
            yield _result(path, where, (text, span), rows, users, _IN_TIME if in_time else "")


def _unknown_result(
    phase: str, payload: str, names: Container[str], givers: Sequence[ComposedSession]
) -> str:
    if phase not in names:
        return f"the workflow has no phase `{phase}`"
    if not givers:
        return f"`{phase}` does not come before"
    interface = givers[0].interface
    if interface is not None and payload not in interface.payloads:
        return f"no message of `{phase}` carries `{payload}`"
    return ""


def _result(
    path: str,
    where: Where,
    use: tuple[str, Span],
    givers: Sequence[tuple[ComposedSession, PhaseResult | None]],
    users: Sequence[ComposedSession],
    detail: str,
) -> PremiseOutcome:
    text, span = use
    knowing: set[str] = set()
    for giver, result in givers:
        if result is None:
            continue
        if not result.is_sent:
            place = result.place
            others = (
                (Annotation(place.span, "the last message of that run", place.path),)
                if place.path
                else ()
            )
            phase = giver.session.phase
            finding = say.missing_result(where, span, (phase, text), result.branches, others)
            outcome = _refuted(path, span, span, finding)
            return PremiseOutcome(Property.RESULTS, text, outcome, finding)
        agent_of = giver.session.agent_of
        knowing |= {agent_of[role] for role in result.holders}
    if not any(agent in knowing for user in users for _, agent in user.session.agents):
        message = f"no agent of the phase knows `{text}` in every run"
        finding = say.unheld_result(where, span, text, message)
        outcome = _refuted(path, span, span, finding)
        return PremiseOutcome(Property.RESULTS, text, outcome, finding)
    return PremiseOutcome(Property.RESULTS, text, Proved(Method.REACHABILITY, detail))


def _result_of(giver: ComposedSession, payload: str, *, in_time: bool) -> PhaseResult | None:
    """A result of a session; `in_time`, of its runs in which no timer fires."""
    interface = giver.interface
    if interface is None:
        return None
    results = (interface.in_time or interface.results) if in_time else interface.results
    return next((one for one in results if one.name == payload), None)


def _by_phase(own: Sequence[ComposedSession]) -> dict[str, list[ComposedSession]]:
    found: dict[str, list[ComposedSession]] = {}
    for one in own:
        found.setdefault(one.session.phase, []).append(one)
    return found


def _is_before(one: PlannedStep, other: PlannedStep) -> bool:
    """Whether a step comes before another in every run of the workflow."""
    left, right = one.placed, other.placed
    if left.group != right.group:
        return left.group < right.group
    return left.thread == right.thread and left.position < right.position


# Capabilities and facts


def _premises(whole: Composition, workflow: PlannedWorkflow) -> Iterator[PremiseOutcome]:
    makers: dict[str, list[PlannedStep]] = {}
    for planned in workflow.steps:
        for made in planned.placed.step.makes:
            makers.setdefault(made, []).append(planned)
    path = whole.plan.document.path
    where = Where(path, workflow.name)
    if not makers and not any(planned.placed.step.needs for planned in workflow.steps):
        return
    by_phase = _by_phase(whole.of(workflow.name))
    for planned in workflow.steps:
        step = planned.placed.step
        agents = _agents_of(by_phase, planned)
        met: list[str] = []
        wrong: list[tuple[Span, Diagnostic]] = []
        needs = [(need, step.places.value("needs", n), "") for n, need in enumerate(step.needs)]
        needs += [
            (capability, step.places.value("protocol"), agent)
            for capability, agent in _guards(by_phase, planned)
            if capability in makers
        ]
        for need, span, at in needs:
            found = _maker(by_phase, planned, makers.get(need, ()), at, agents)
            if isinstance(found, str):
                met.append(f"`{need}` by `{found}`")
                continue
            marks: list[Mark] = [
                (maker.placed.step.places.step, "made here") for maker in makers.get(need, ())
            ]
            message = ""
            if marks:
                who = f"`{at}`" if at else "an agent of it"
                message = (
                    f"`{planned.placed.name}` needs `{need}` at {who}, made elsewhere or later"
                )
            finding = say.unmet_need(where, span, planned.placed.name, need, marks, message)
            wrong.append((span, finding))
        if wrong:
            span, finding = wrong[0]
            outcome: Outcome = _refuted(path, span, span, finding)
            yield PremiseOutcome(Property.PREMISES, planned.placed.name, outcome, finding)
        elif met:
            detail = ", ".join(dict.fromkeys(met))
            proved = Proved(Method.SETS, detail)
            yield PremiseOutcome(Property.PREMISES, planned.placed.name, proved)


def _maker(
    by_phase: Mapping[str, Sequence[ComposedSession]],
    planned: PlannedStep,
    makers: Sequence[PlannedStep],
    at: str,
    agents: set[str],
) -> str | None:
    """The name of a step before `planned` that makes something at the right agent."""
    for maker in makers:
        if not _is_before(maker, planned):
            continue
        own = _agents_of(by_phase, maker)
        wanted = {at} if at else agents
        if own & {*wanted, *map(family_of, wanted)}:  # every member takes the step of a family
            return maker.placed.name
    return None


def _agents_of(by_phase: Mapping[str, Sequence[ComposedSession]], planned: PlannedStep) -> set[str]:
    step = planned.placed.step
    if isinstance(step, LocalStep):
        return {step.agent}
    own = by_phase.get(planned.placed.name, ())
    return {agent for one in own for _, agent in one.session.agents}


def _guards(
    by_phase: Mapping[str, Sequence[ComposedSession]], planned: PlannedStep
) -> Iterator[tuple[str, str]]:
    """The capabilities that guard messages of a phase, and the agents that send these."""
    for one in by_phase.get(planned.placed.name, ()):
        if one.interface is None:
            continue
        agent_of = one.session.agent_of
        for role, capability in one.interface.capabilities:
            yield capability, agent_of[role]


# Bundles


def _ownership(whole: Composition, workflow: PlannedWorkflow) -> Iterator[PremiseOutcome]:
    """No session gives away a fragment on which another runs, or which was given away before.

    As `runtime.ownership` has it: a fragment has one owner, a session claims its fragments when it
    begins, and who is no longer the owner may not act.
    """
    own = {one.session.number for one in whole.of(workflow.name)}
    held = {bundle for use in whole.uses if use.session in own for bundle in use.bundles}
    if not held:
        return
    order = SessionOrder(len(whole.sessions), whole.edges)
    for bundle in sorted(held):
        finding = _conflict(whole, workflow, bundle, order, own)
        if finding is None:
            yield PremiseOutcome(Property.OWNERSHIP, bundle, Proved(Method.SETS))
            continue
        diagnostic, left, right = finding
        outcome = _refuted(whole.plan.document.path, left, right, diagnostic)
        yield PremiseOutcome(Property.OWNERSHIP, bundle, outcome, diagnostic)


def _conflict(
    whole: Composition,
    workflow: PlannedWorkflow,
    bundle: str,
    order: SessionOrder,
    own: set[int],
) -> tuple[Diagnostic, Span, Span] | None:
    where = Where(whole.plan.document.path, workflow.name)
    uses = [use for use in whole.uses if bundle in use.bundles]
    givers: list[tuple[PhaseSession, str]] = []
    for use in uses:
        session = whole.sessions[use.session].session
        target = dict(session.step.delegates).get(bundle)
        if target is None:
            continue
        givers.append((session, target))
        span = session.step.places.value("delegates", bundle)
        for other in uses:
            second = whole.sessions[other.session].session
            if second.number == session.number or not own & {session.number, second.number}:
                continue
            if not order.is_ordered(session.number, second.number):
                place = second.step.places.key("holds")
                message = (
                    f"`{session.name}` gives `{bundle}` to `{target}` while `{second.name}` may"
                    " run on it"
                )
                mark: Mark = (place, f"`{second.name}` holds it")
                return say.fragment_in_use(where, span, message, mark, bundle), span, place
    for use in uses:
        giver = _last_giver(givers, use.session, order)
        if giver is None or not own & {giver[0].number, use.session} or giver[1] == use.agent:
            continue
        session, target = giver
        second = whole.sessions[use.session].session
        span = session.step.places.value("delegates", bundle)
        place = second.step.places.key("holds")
        message = (
            f"`{use.agent}` holds `{bundle}` in `{second.name}`, after `{session.name}`"
            f" gave it to `{target}`"
        )
        mark = (span, f"given to `{target}` here")
        return say.stale_holder(where, place, message, mark, bundle), place, span
    return None


def _last_giver(
    givers: Sequence[tuple[PhaseSession, str]], session: int, order: SessionOrder
) -> tuple[PhaseSession, str] | None:
    """The last session before this one that gives the bundle away, and to whom."""
    last: tuple[PhaseSession, str] | None = None
    for giver, target in givers:
        if order.leads(giver.number, session) and (
            last is None or order.leads(last[0].number, giver.number)
        ):
            last = giver, target
    return last


def _delegations(whole: Composition, workflow: PlannedWorkflow) -> Iterator[Diagnostic]:
    """Bundles that are given to an agent that no session has."""
    known = {agent for one in whole.sessions for _, agent in one.session.agents}
    where = Where(whole.plan.document.path, workflow.name)
    for planned in workflow.steps:
        step = planned.placed.step
        if not isinstance(step, ProtocolStep):
            continue
        for bundle, target in step.delegates:
            if target not in known:
                message = f"`{target}`, who is to get `{bundle}`, takes part in no session"
                yield say.unknown_bundle(where, step.places.value("delegates", bundle), message)
