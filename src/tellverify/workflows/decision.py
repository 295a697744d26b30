"""The verdict on every workflow of a composition: by the conditions, else exactly.

Proved by the conditions where all of them hold; else the sessions in question are decided exactly.
A condition that fails is no verdict by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from tellverify.diagnostics import workflows as say
from tellverify.diagnostics.limits import NOT_WELL_FORMED
from tellverify.diagnostics.model import Annotation, Diagnostic, Mark, Where
from tellverify.diagnostics.wording import counted
from tellverify.model.trace import Trace
from tellverify.obligations.options import Options
from tellverify.verdict.identity import Obligation, ObligationScope
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Bounded, Outcome, Proved, Refuted, Skipped, Unknown
from tellverify.verdict.properties import Property
from tellverify.workflows.composed_runs import ShownRun
from tellverify.workflows.composition import Composition
from tellverify.workflows.conditions import Conditions, WeakCondition, conditions_of
from tellverify.workflows.exact_decision import ExactAnswer, ExactDecisions
from tellverify.workflows.order_graph import WaitCycle
from tellverify.workflows.plan import PlannedWorkflow
from tellverify.workflows.protocol_files import ProtocolFiles
from tellverify.workflows.sessions import ComposedSession

_WHOLE: Final = ObligationScope()
_REFUTABLE: Final = (
    Property.SESSION_ORDER,
    Property.KNOWS_END,
    Property.KNOWS_OUTCOME,
    Property.LABELS_APART,
)
"""The conditions that a run across sessions may refute."""


class DecidedWorkflow(msgspec.Struct, frozen=True):
    """The outcomes of a workflow at one choice of sizes, with findings and how much was searched.

    `by_conditions` says that no run had to be searched; `shown` are the runs that refute something.
    """

    outcomes: Mapping[Obligation, Outcome]
    said: tuple[Diagnostic, ...] = ()
    configurations: int = 0
    by_conditions: bool = True
    shown: tuple[ShownRun, ...] = ()

    @property
    def composition(self) -> Outcome:
        """The outcome of the whole."""
        return self.outcomes[Property.COMPOSITION, _WHOLE]


class Deciding:
    """Decides the workflows of one composition."""

    def __init__(self, whole: Composition, files: ProtocolFiles, options: Options) -> None:
        from tellverify.workflows.conditions import cycles_of

        self.whole = whole
        self.files = files
        self.options = options
        self.cycles: list[WaitCycle] = cycles_of(whole)
        self.exact = ExactDecisions(whole, files, options)
        self.shown: list[ShownRun] = []  # of the workflow that is decided
        self._shown: list[Trace] = []  # runs that a finding on another workflow shows

    def decide(self, workflow: PlannedWorkflow) -> DecidedWorkflow:
        """The conditions of a workflow, and the verdict on it."""
        self.shown.clear()
        found = self._decided(workflow)
        return msgspec.structs.replace(found, shown=tuple(self.shown))

    def _decided(self, workflow: PlannedWorkflow) -> DecidedWorkflow:
        own = self.whole.of(workflow.name)
        conditions = conditions_of(self.whole, workflow.name, self.cycles)
        faulty = self._faulty_phases(workflow.name, own)
        if faulty is not None:
            return faulty
        blocked = next((one for one in own if one.interface is None), None)
        if blocked is not None:
            reason = f"`{blocked.session.title}` has no meaning here: {blocked.reason}"
            return _all_skipped(conditions, reason)
        if workflow.text.is_shared:
            return self._by_joined_graph(workflow, own, conditions)
        return self._by_parts(workflow, own, conditions)

    # Phases that do not hold by themselves

    def _faulty_phases(
        self, workflow: str, own: Sequence[ComposedSession]
    ) -> DecidedWorkflow | None:
        outcome: Outcome | None = None
        said: list[Diagnostic] = []
        told: set[str] = set()
        for one in own:
            session, interface = one.session, one.interface
            if interface is None or interface.safety != "refuted":
                continue
            if session.step.protocol in told:
                continue
            told.add(session.step.protocol)
            refuted = self.files.refutation(session.step.protocol, dict(session.sizes))
            if refuted is None:
                continue
            why = interface.reason
            if isinstance(refuted.evidence, Trace):
                why = refuted.evidence.explanation
            place = Annotation(session.head.span, "this protocol", session.head.path)
            where = Where(self.whole.plan.document.path, workflow)
            span = session.step.places.value("protocol")
            refutes = "" if outcome is not None else Property.COMPOSITION.value
            said.append(say.faulty_phase(where, span, session.title, why, (place,), refutes))
            if outcome is None:
                code = say.FAULTY_PHASE.number
                outcome = Refuted(code, refuted.evidence, refuted.method)
        if outcome is None:
            return None
        return DecidedWorkflow({(Property.COMPOSITION, _WHOLE): outcome}, tuple(said))

    # Sessions with channels of their own

    def _by_parts(
        self, workflow: PlannedWorkflow, own: Sequence[ComposedSession], conditions: Conditions
    ) -> DecidedWorkflow:
        from tellverify.workflows.joins import (
            JoinQuestion,
            abandoned_outcomes,
            abandoned_sessions,
        )

        outcomes: dict[Obligation, Outcome] = {}
        said: list[Diagnostic] = []
        question = JoinQuestion(self.whole.plan.document.path, self.files, self.options, self.shown)
        given_up = abandoned_outcomes(question, workflow, own, outcomes, said)
        loose = abandoned_sessions(workflow, own)
        stopping = next(
            (
                one.session.title
                for one in own
                if one.session.number in loose and one.interface and one.interface.has_stops
            ),
            None,
        )
        answers: dict[tuple[int, ...], tuple[ExactAnswer, list[WeakCondition]]] = {}
        for part, weak in self._parts(conditions.weak):
            if loose & set(part):
                reason = "sessions that a join may give up are not searched"
                unknown = Unknown(reason, say.APART_ONLY.number)
                answers[part] = (ExactAnswer(unknown=unknown), weak)
            else:
                answers[part] = (self.exact.search(part), weak)
        refuted = [(a, weak) for a, weak in answers.values() if a.trace is not None]
        refuted.sort(key=lambda one: len(one[0].trace.steps) if one[0].trace else 0)
        undecided = [a.unknown for a, _ in answers.values() if a.unknown is not None]
        count = sum(answer.configurations for answer, _ in answers.values())
        if refuted:
            shown, weak = refuted[0]
            outcomes[Property.COMPOSITION, _WHOLE] = self._refuted(
                workflow, shown, weak[0], shown.method, said
            )
        elif given_up is not None:
            outcomes[Property.COMPOSITION, _WHOLE] = given_up
        elif undecided:
            outcomes[Property.COMPOSITION, _WHOLE] = undecided[0]
        elif stopping is not None:
            reason = f"`go_on` of `{stopping}`, which a join may give up, is not decided"
            outcomes[Property.COMPOSITION, _WHOLE] = Unknown(reason, say.APART_ONLY.number)
        else:
            method = _method_of([answer for answer, _ in answers.values()])
            bound = next((answer.bound for answer, _ in answers.values() if answer.bound), "")
            outcomes[Property.COMPOSITION, _WHOLE] = _whole_outcome(own, method, bound)
        for answer, weak in answers.values():
            if answer.shown is not None and answer.shown not in self.shown:
                self.shown.append(answer.shown)
            for one in weak:
                key = (one.property, one.scope)
                outcomes.setdefault(key, _weak_outcome(one, answer, answer.method))
        _add_proved(conditions, outcomes)
        return DecidedWorkflow(outcomes, tuple(said), count, not answers)

    def _parts(
        self, weak: Sequence[WeakCondition]
    ) -> Iterator[tuple[tuple[int, ...], list[WeakCondition]]]:
        """The parts to search, those that overlap together, with their conditions."""
        parts: list[tuple[set[int], list[WeakCondition]]] = []
        for one in weak:
            sessions = set(self.exact.part(self._concerned(one)))
            for cycle in self.cycles:
                if sessions & set(cycle.sessions):
                    sessions = set(self.exact.part(sessions | set(cycle.sessions)))
            merged = [one]
            kept: list[tuple[set[int], list[WeakCondition]]] = []
            for known, conditions in parts:
                if known & sessions:
                    sessions = set(self.exact.part(known | sessions))
                    merged = [*conditions, *merged]
                else:
                    kept.append((known, conditions))
            parts = [*kept, (sessions, merged)]
        for sessions, conditions in parts:
            ordered = sorted(conditions, key=lambda one: one.property is not Property.SESSION_ORDER)
            yield tuple(sorted(sessions)), ordered

    def _concerned(self, weak: WeakCondition) -> list[int]:
        if weak.property is Property.CAN_TERMINATE:
            session = self.whole.sessions[weak.sessions[0]].session
            agents = [agent for _, agent in session.agents]
            return [*weak.sessions, *self.exact.behind(weak.sessions[0], agents)]
        if weak.property is Property.KNOWS_END:
            return [*weak.sessions, *self.exact.behind(weak.sessions[0], weak.scope.roles)]
        return list(weak.sessions)

    # Phases that share channels

    def _by_joined_graph(
        self, workflow: PlannedWorkflow, own: Sequence[ComposedSession], conditions: Conditions
    ) -> DecidedWorkflow:
        cyclic = [one for one in conditions.weak if one.property is Property.SESSION_ORDER]
        if cyclic:
            reason = "phases that share channels are decided without sessions beside them"
            return _all_skipped(conditions, reason)
        outcomes: dict[Obligation, Outcome] = {}
        said: list[Diagnostic] = []
        answer = ExactAnswer()
        if conditions.weak or any(one.session.head.parts for one in own):
            answer = self.exact.joined(workflow.name)
        local = [one for one in conditions.weak if one.sessions[-1] >= len(self.whole.sessions)]
        if local and answer.trace is None and answer.unknown is None:
            reason = "`ext` steps are not on the joined graph of phases that share channels"
            answer = ExactAnswer(unknown=Unknown(reason, say.APART_ONLY.number))
        if answer.trace is not None and conditions.weak:
            outcomes[Property.COMPOSITION, _WHOLE] = self._refuted(
                workflow, answer, conditions.weak[0], Method.JOINED_GRAPH, said
            )
        elif answer.unknown is not None:
            outcomes[Property.COMPOSITION, _WHOLE] = answer.unknown
        else:
            method = Method.JOINED_GRAPH if conditions.weak else Method.PHASE_CONDITIONS
            outcomes[Property.COMPOSITION, _WHOLE] = _whole_outcome(own, method, answer.bound)
        for one in conditions.weak:
            key = (one.property, one.scope)
            outcomes.setdefault(key, _weak_outcome(one, answer, Method.JOINED_GRAPH))
        _add_proved(conditions, outcomes)
        return DecidedWorkflow(outcomes, tuple(said), 0, not conditions.weak)

    def _refuted(
        self,
        workflow: PlannedWorkflow,
        answer: ExactAnswer,
        weak: WeakCondition,
        method: Method,
        said: list[Diagnostic],
    ) -> Outcome:
        trace = answer.trace
        if trace is None:
            return Unknown("no run is known")
        if answer.shown is not None:
            self.shown.append(answer.shown)
        code = say.CODE_OF_CONDITION.get(weak.property.value, say.UNFINISHED_WORKFLOW)
        where = Where(self.whole.plan.document.path, workflow.name)
        after = counted(len(trace.steps), "event")
        message = f"{weak.message}; after {after} {trace.explanation}"
        others: list[Mark] = [(span, text) for span, text in weak.others if span != weak.span]
        if trace.place.path:
            others.append(
                Annotation(trace.place.span, "the last message of the run", trace.place.path)
            )
        if trace in self._shown:
            return Refuted(code.number, trace, method)
        self._shown.append(trace)
        said.append(
            say.broken_workflow(
                where,
                code,
                (weak.span, _HERE.get(weak.property, "here")),
                message,
                others=others,
                refutes=Property.COMPOSITION.value,
                with_bundles=weak.property is Property.SESSION_ORDER
                and any(use.session in weak.sessions for use in self.whole.uses),
            )
        )
        return Refuted(code.number, trace, method)


_HERE: Final = {
    Property.SESSION_ORDER: "this order",
    Property.KNOWS_END: "this role is not told the end",
    Property.KNOWS_OUTCOME: "the workflow continues after these branches only",
    Property.LABELS_APART: "this phase",
    Property.CAN_TERMINATE: "this phase may not end",
}


def _method_of(answers: Sequence[ExactAnswer]) -> Method:
    """How a workflow is decided by searches of its parts, the conditions where there are none."""
    if not answers:
        return Method.PHASE_CONDITIONS
    every = all(one.method is Method.SEARCH for one in answers)
    return Method.SEARCH if every else Method.PERSISTENT_SETS


def _whole_outcome(own: Sequence[ComposedSession], method: Method, bound: str) -> Outcome:
    """The outcome for the whole when no run across sessions shows a fault."""
    bounded = False
    for one in own:
        interface = one.interface
        if interface is None or interface.safety == "unknown":
            reason = interface.reason if interface is not None else one.reason
            return Unknown(f"`{one.session.title}` is not decided by itself: {reason}")
        bounded = bounded or interface.safety == "bounded"
    if bound:
        return Bounded(bound, method)
    if bounded:
        return Bounded("as far as the protocols of the phases are searched", method)
    return Proved(method)


def _weak_outcome(weak: WeakCondition, answer: ExactAnswer, method: Method) -> Outcome:
    """The text about a condition that fails: the run, or that it decides nothing."""
    if answer.trace is not None and weak.property in _REFUTABLE:
        code = say.CODE_OF_CONDITION[weak.property.value]
        return Refuted(code.number, answer.trace, method)
    if answer.trace is not None:
        return Skipped(f"{weak.message}; `composition` has the run", say.WEAK_CONDITION.number)
    if answer.unknown is not None:
        return msgspec.structs.replace(answer.unknown, reason=weak.message)
    by = "the joined graph" if method is Method.JOINED_GRAPH else "search"
    reason = f"{weak.message}; by {by} this does no harm"
    return Skipped(reason, say.WEAK_CONDITION.number)


def _add_proved(conditions: Conditions, outcomes: dict[Obligation, Outcome]) -> None:
    for prop, scope in conditions.asked:
        orders = prop is Property.SESSION_ORDER
        method = Method.SESSION_ORDERS if orders else Method.PHASE_CONDITIONS
        outcomes.setdefault((prop, scope), Proved(method))


def _all_skipped(conditions: Conditions, reason: str) -> DecidedWorkflow:
    skipped = Skipped(reason, NOT_WELL_FORMED.number)
    outcomes: dict[Obligation, Outcome] = {(Property.COMPOSITION, _WHOLE): skipped}
    outcomes.update(dict.fromkeys(conditions.asked, skipped))
    return DecidedWorkflow(outcomes)
