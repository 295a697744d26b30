"""Formulas decided on the machines of a protocol at every family size, with runs as evidence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from tellverify.diagnostics import properties as say
from tellverify.diagnostics.limits import STEP_LIMIT
from tellverify.diagnostics.model import Diagnostic
from tellverify.diagnostics.properties import PROPERTY_BROKEN
from tellverify.diagnostics.wording import counted
from tellverify.evidence.formula_run import (
    complaint,
    positions,
    unreached,
)
from tellverify.model.defect import Defect
from tellverify.model.fault import Fault
from tellverify.model.formula import Formula, evaluate
from tellverify.model.graph import ProtocolGraph, leaves_class
from tellverify.model.limits import MachineTooLarge
from tellverify.model.machine import Machine
from tellverify.model.scenario import Scenario
from tellverify.model.step import Step
from tellverify.model.trace import Trace
from tellverify.obligations.context import Context, Instance, without_graph
from tellverify.obligations.formula_names import FormulaNames
from tellverify.obligations.graph_runs import both, trimmed
from tellverify.obligations.machines import ALL_MACHINES, Machines
from tellverify.obligations.temporal_answers import FormulaOfInstance, TemporalAnswer
from tellverify.obligations.timed_formulas import TimedFormulas
from tellverify.projection.implementability import check_graph
from tellverify.properties.causal_order import decide_on_graph
from tellverify.properties.configurations import Configurations, all_configurations
from tellverify.properties.formula_tree import (
    FormulaError,
    Tree,
    Unary,
    cases,
    is_timeless,
)
from tellverify.properties.observations import COUNT_LIMIT
from tellverify.properties.product import ProductDecision, decide
from tellverify.properties.resolve import (
    NameScope,
    formula_of,
)
from tellverify.search.traces import build_trace, step_of
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Bounded, Outcome, Proved, Refuted
from tellverify.verdict.outcome import Unknown as Undecided
from tellverify.verdict.run import Vacuity

_MOST_ROLES: Final = 64
_MOST_EVENTS: Final = 20_000
_ON_GRAPH: Final = 1_000_000


class _ScopedInstance(msgspec.Struct):
    """A protocol at given sizes, with what was built for it once that was needed."""

    instance: Instance
    scope: NameScope | None
    machines: Machines | None = None
    configurations: Configurations | None = None
    steps: list[Step] = []
    implementable: bool | None = None
    timed: TimedFormulas | None = None


class _FoundRun(msgspec.Struct, frozen=True):
    """A run that breaks a formula, or what it means that there is none."""

    outcome: Outcome
    steps: tuple[Step, ...] | None = None
    loop: int = -1
    minimal: bool = False
    method: Method = Method.CAUSAL_ORDER
    cut: bool = False
    statistics: tuple[tuple[str, int], ...] = ()
    trace: Trace | None = None  # where it was made with the run


class Searcher:
    """The machines of one protocol at all sizes, searched once for all formulas."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.names = FormulaNames(context)
        self._instances = [
            _ScopedInstance(instance, scope)
            for instance, scope in zip(context.instances, self.names.scopes, strict=True)
        ]
        for found in self._instances:
            timed = found.instance.lowered.timed
            if timed is not None:
                found.timed = TimedFormulas(timed, context.options)

    def under_faults(self, tree: Tree) -> list[FormulaOfInstance]:
        """A property at all sizes that have the members it names.

        Raises FormulaError when it cannot be read there.
        """
        scoped = [(one, one.scope) for one in self._instances if one.scope is not None]
        formulas = [(one, formula_of(tree, scope)) for one, scope in scoped]
        return [
            FormulaOfInstance(one.instance, formula, one.timed)
            for one, formula in formulas
            if formula is not None
        ]

    def decide(
        self, tree: Tree, written: say.Written, said: list[Diagnostic]
    ) -> list[tuple[Instance, TemporalAnswer]]:
        """Whether all runs have a property, at all sizes that have the members it names."""
        answers = []
        for scoped in self._instances:
            try:
                formula = None if scoped.scope is None else formula_of(tree, scoped.scope)
            except FormulaError as error:
                said.append(say.bad_formula(written, error.span, error.message, error.help))
                return [
                    (scoped.instance, TemporalAnswer(Undecided(error.message, STEP_LIMIT.number)))
                ]
            if scoped.scope is None:
                answers.append((scoped.instance, TemporalAnswer(without_graph(scoped.instance))))
            elif formula is not None:
                answers.append((scoped.instance, self._answer(scoped, formula, written)))
        return answers

    def _answer(
        self, scoped: _ScopedInstance, formula: Formula, written: say.Written
    ) -> TemporalAnswer:
        found = self._found(scoped, formula, written.name)
        if found.steps is None or found.trace is not None:
            return TemporalAnswer(found.outcome, found.statistics)
        try:
            trace = self._trace(scoped, formula, found, written.name)
        except MachineTooLarge as error:
            reason = f"no run can be shown: {error}"
            return TemporalAnswer(Undecided(reason, STEP_LIMIT.number), found.statistics)
        if trace is None:
            reason = "a run that violates it cannot be replayed as a whole"
            return TemporalAnswer(Undecided(reason, STEP_LIMIT.number), found.statistics)
        refuted = Refuted(PROPERTY_BROKEN.number, trace, found.method)
        return TemporalAnswer(refuted, found.statistics)

    def _found(self, scoped: _ScopedInstance, formula: Formula, name: str = "") -> _FoundRun:
        """Search configurations; what that leaves open may be decided on the protocol graph.

        A run that is shown breaks the property `name`.
        """
        graph = scoped.instance.lowered.graph
        if scoped.timed is not None:
            return self._timed(scoped.timed, formula, name)
        if graph is None:
            return _FoundRun(without_graph(scoped.instance))
        found = _FoundRun(Undecided("too large to be searched", STEP_LIMIT.number))
        if len(graph.roles) <= _MOST_ROLES and graph.event_count <= _MOST_EVENTS:
            try:
                configurations = self._configurations(scoped, graph)
            except MachineTooLarge as error:
                return _FoundRun(Undecided(str(error), STEP_LIMIT.number))
            if configurations.overflow:
                ordered = self._ordered(scoped, graph, formula)
                if ordered is not None and ordered.steps is None:
                    return ordered
            found = self._searched(scoped, configurations, formula)
        if found.steps is not None or isinstance(found.outcome, Proved):
            return found
        return self._ordered(scoped, graph, formula) or found

    @staticmethod
    def _timed(timed: TimedFormulas, formula: Formula, name: str) -> _FoundRun:
        """The answer on a protocol with timeouts, with its run where there is one."""
        answer = timed.answer(formula, name, Scenario())
        if answer is None:
            raise Defect("no scenario names a member that is not there")
        outcome, evidence = answer.outcome, None
        if isinstance(outcome, Refuted) and isinstance(outcome.evidence, Trace):
            evidence = outcome.evidence
        steps = None if evidence is None else evidence.steps
        return _FoundRun(outcome, steps, statistics=answer.statistics, trace=evidence)

    def _configurations(self, scoped: _ScopedInstance, graph: ProtocolGraph) -> Configurations:
        if scoped.configurations is None:
            options = self._context.options
            machines = self._machines(scoped, graph).all()
            found = all_configurations(machines, options.queue_limit, options.search_limit)
            scoped.configurations = found
            scoped.steps = [
                step_of(machines[role], state, place, graph) for role, state, place in found.events
            ]
        return scoped.configurations

    @staticmethod
    def _machines(scoped: _ScopedInstance, graph: ProtocolGraph) -> Machines:
        if scoped.machines is None:
            scoped.machines = Machines(graph)
        return scoped.machines

    def _searched(
        self, scoped: _ScopedInstance, configurations: Configurations, formula: Formula
    ) -> _FoundRun:
        found = decide(formula, configurations, scoped.steps, self._context.options.search_limit)
        visited = len(configurations.codes)
        statistics = (("configurations", visited), ("pairs", found.pairs))
        outcome = self._unbroken(configurations, found)
        if found.broken is None:
            return _FoundRun(outcome, statistics=statistics)
        steps = tuple(scoped.steps[event] for event in found.broken.events)
        loop = found.broken.loop
        minimal = loop < 0 and configurations.has_all_runs(len(steps) - 1)
        return _FoundRun(outcome, steps, loop, minimal, Method.SEARCH, found.cut, statistics)

    @staticmethod
    def _unbroken(configurations: Configurations, found: ProductDecision) -> Outcome:
        """What it means that no run was found that breaks the formula."""
        if not found.finished:
            return Undecided(found.limit, STEP_LIMIT.number, "configurations")
        bounds = []
        if not configurations.complete:
            bounds.append(f"queues <= {configurations.queue_bound}")
        if found.cut:
            bounds.append(f"sums of counts within {COUNT_LIMIT}")
        if bounds:
            return Bounded(", ".join(bounds), Method.SEARCH)
        return Proved(Method.SEARCH, "all runs searched")

    def _ordered(
        self, scoped: _ScopedInstance, graph: ProtocolGraph, formula: Formula
    ) -> _FoundRun | None:
        """What the protocol graph alone decides; None when it does not."""
        if scoped.implementable is None:
            fits = not scoped.instance.lowered.parallel and leaves_class(graph) is None
            steps = self._context.options.step_limit
            scoped.implementable = fits and bool(check_graph(graph, steps).implementable)
        if not scoped.implementable:
            return None
        answer = decide_on_graph(formula, graph, _ON_GRAPH)
        if answer is None:
            return None
        statistics = (("states", answer.visited),)
        proved = Proved(Method.CAUSAL_ORDER, "in every order of independent events")
        if answer.broken is None:
            return _FoundRun(proved, statistics=statistics)
        run = both(graph, answer.broken)
        return _FoundRun(proved, trimmed(formula, run), statistics=statistics)

    def _trace(
        self, scoped: _ScopedInstance, formula: Formula, found: _FoundRun, name: str
    ) -> Trace | None:
        """The run as evidence, once another way of judging formulas agrees with it.

        None when it does not, which may be when counts were cut, or when there are so many roles
        that not all can be asked whether the run may end.
        """
        graph = scoped.instance.lowered.graph
        if graph is None or found.steps is None:
            return None
        machines = self._acting(scoped, graph, found.steps)
        wrong = complaint(formula, found.steps, found.loop, machines)
        if wrong:
            if found.cut or len(graph.roles) > ALL_MACHINES:
                return None
            raise Defect(f"a run does not break property `{name}`: {wrong}")
        how = self._how(formula, found, machines)
        if len(machines) < len(graph.roles) and "ends" in how:
            return None
        said = f"property `{name}` does not hold: {how}"
        return self._built(machines, found, Fault.PROPERTY, said, formula)

    def _acting(
        self, scoped: _ScopedInstance, graph: ProtocolGraph, steps: Sequence[Step]
    ) -> list[Machine]:
        """All machines of a small protocol, else those of the roles that act."""
        machines = self._machines(scoped, graph)
        if len(graph.roles) <= ALL_MACHINES:
            return machines.all()
        acting = {role for step in steps for role in (step.sender, step.receiver)}
        return [machines.of(role) for role in graph.roles if role in acting]

    @staticmethod
    def _how(formula: Formula, found: _FoundRun, machines: Sequence[Machine]) -> str:
        """In which way a run breaks a formula, in words."""
        steps = found.steps or ()
        if found.loop >= 0:
            return "a run that continues like this forever violates it"
        rows = positions(formula, steps, -1, machines).rows
        if evaluate(formula, rows, len(steps), ended=False).weak:
            return "a run that ends like this violates it"
        return "these events violate it, whatever follows"

    @staticmethod
    def _built(
        machines: Sequence[Machine],
        found: _FoundRun,
        fault: Fault,
        explanation: str,
        formula: Formula,
    ) -> Trace:
        trace = build_trace(
            fault,
            found.steps or (),
            {machine.role: machine for machine in machines}.__getitem__,
            [machine.role for machine in machines],
            minimal=found.minimal,
            culprits=(),
            explanation=explanation,
            loop=found.loop,
        )
        return msgspec.structs.replace(trace, formula=formula)

    def vacuity(self, tree: Tree, written: say.Written, said: list[Diagnostic]) -> Vacuity:
        """Whether what a property that holds refers to happens in some run, at some size."""
        needed = cases(tree)
        checked = bool(needed)
        for case in needed:
            if not is_timeless(case.tree):
                checked = False
                continue
            occurs = [self._occurs(scoped, case.tree) for scoped in self._instances]
            if True in occurs:
                continue
            if None in occurs:
                checked = False
                continue
            what = [written.text[span.start : span.end] for span in case.spans]
            said.append(say.vacuous(written, case.spans[0], what, self._context.name))
            return "vacuous"
        return "exercised" if checked else "not-checked"

    def _occurs(self, scoped: _ScopedInstance, subject: Tree) -> bool | None:
        """Whether some run has a position with `subject`; None when that is not known."""
        if scoped.scope is None:
            return None
        formula = formula_of(Unary("never", subject), scoped.scope)
        if formula is None:
            return False
        found = self._found(scoped, formula)
        if found.steps is not None:
            return True
        return False if isinstance(found.outcome, Proved) else None

    def witness(self, tree: Tree) -> list[tuple[Instance, TemporalAnswer]]:
        """At every size a shortest run to a position that has `tree`, or a proof of none."""
        answers = []
        for scoped in self._instances:
            if scoped.scope is None or scoped.timed is not None:
                answers.append((scoped.instance, TemporalAnswer(without_graph(scoped.instance))))
                continue
            formula = formula_of(Unary("never", tree), scoped.scope)
            goal = formula_of(Unary("eventually", tree), scoped.scope)
            if formula is None or goal is None:
                continue
            found = self._found(scoped, formula)
            if found.steps is None:
                answers.append((scoped.instance, TemporalAnswer(found.outcome, found.statistics)))
            else:
                answers.append((scoped.instance, self._reached(scoped, goal, found)))
        return answers

    def _reached(self, scoped: _ScopedInstance, goal: Formula, found: _FoundRun) -> TemporalAnswer:
        graph, steps = scoped.instance.lowered.graph, found.steps or ()
        machines = [] if graph is None else self._acting(scoped, graph, steps)
        if unreached(goal, steps, machines):
            if found.cut:
                reason = f"sums of counts leave {COUNT_LIMIT}"
                return TemporalAnswer(Undecided(reason, STEP_LIMIT.number), found.statistics)
            raise Defect("a run does not reach what it is a witness of")
        count = counted(len(steps), "event")
        trace = self._built(machines, found, Fault.WITNESS, f"reached in {count}", goal)
        outcome = Proved(Method.SEARCH, f"by a run of {count}")
        return TemporalAnswer(outcome, found.statistics, trace)
