"""Formulas decided on the machines of a protocol at every family size, with runs as evidence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from tellverify.core.defect import Defect
from tellverify.core.graph import ProtocolGraph
from tellverify.core.machine import Machine
from tellverify.core.step import Step
from tellverify.diagnostics.build import properties as say
from tellverify.diagnostics.codes import PROPERTY_BROKEN, STEP_LIMIT
from tellverify.diagnostics.model import Diagnostic
from tellverify.engine.further import Further, Sized
from tellverify.engine.machines import Machines
from tellverify.engine.properties import without_graph
from tellverify.evidence.formula import Formula, evaluate
from tellverify.evidence.formula_run import complaint, positions, unreached
from tellverify.evidence.trace import Fault, Trace
from tellverify.explore.traces import build_trace, step_of
from tellverify.lowering.branches import begins, text_branches
from tellverify.lowering.families import declared_roles
from tellverify.lowering.names import closest
from tellverify.lowering.walk import preorder
from tellverify.syntax import ast
from tellverify.temporal.configurations import Configurations, all_configurations
from tellverify.temporal.letters import COUNT_LIMIT
from tellverify.temporal.product import Broken, Decision, decide
from tellverify.temporal.resolve import Scope, Unknown, formula_of, scope_of, unknown_names
from tellverify.temporal.surface import FormulaError, Tree, Unary, extent, is_timeless, subjects
from tellverify.verdict.outcome import Bounded, Outcome, Proved, Refuted
from tellverify.verdict.outcome import Unknown as Undecided

_MOST_ROLES: Final = 64
_MOST_EVENTS: Final = 20_000


class Answer(msgspec.Struct, frozen=True):
    """What is found out at given sizes; `trace` is a witness where one was asked for."""

    outcome: Outcome
    statistics: tuple[tuple[str, int], ...] = ()
    trace: Trace | None = None


class _Instance(msgspec.Struct):
    """A protocol at given sizes, with its machines and configurations once they are needed."""

    sized: Sized
    scope: Scope | None
    machines: list[Machine] = []
    configurations: Configurations | None = None
    steps: list[Step] = []


class Searcher:
    """The machines of one protocol at all sizes, searched once for all formulas."""

    def __init__(self, further: Further) -> None:
        self._further = further
        protocol = further.protocol
        self._branches = text_branches(protocol)
        declared = declared_roles(protocol)
        self._roles = tuple(one.name.text for one in declared)
        families = [one.name.text for one in declared if one.size is not None]
        self._instances = []
        for sized in further.sized:
            graph = sized.lowered.graph
            scope = None if graph is None else scope_of(graph, families, self._taken(graph))
            self._instances.append(_Instance(sized, scope))
        self._labels = self._known_labels(protocol)

    def _taken(
        self, graph: ProtocolGraph
    ) -> dict[tuple[str, str], tuple[tuple[str, str, int], ...]]:
        """By role and label of a branch, the messages that begin it."""
        found: dict[tuple[str, str], dict[tuple[str, str, int], None]] = {}
        starts = begins(graph, self._further.judged.source.path, self._branches)
        for branch, transitions in zip(self._branches, starts, strict=True):
            for transition in transitions:
                event, line = graph.event(transition), graph.site_of(transition).line
                row = found.setdefault((event.sender, branch.label), {})
                row[event.receiver, event.label, line] = None
        return {key: tuple(row) for key, row in found.items()}

    def _known_labels(self, protocol: ast.Protocol) -> tuple[str, ...]:
        """The labels of the graphs, and those that are only written."""
        found: dict[str, None] = {}
        for instance in self._instances:
            if instance.scope is not None and instance.sized.lowered.graph is not None:
                found.update(dict.fromkeys(instance.sized.lowered.graph.labels))
        for body in (protocol.body, *(local.body for local in protocol.locals)):
            for statement in preorder(body):
                if isinstance(statement, ast.Send | ast.Broadcast):
                    found[statement.message.label.text] = None
        return tuple(found)

    def unknown(self, tree: Tree) -> list[Unknown]:
        """The names in a formula that the protocol does not have."""
        branches = [(branch.decider, branch.label) for branch in self._branches]
        return unknown_names(tree, self._roles, self._labels, branches)

    def strange(self, written: say.Written, found: Sequence[Unknown]) -> list[Diagnostic]:
        """What there is to say about names that the protocol does not have."""
        return [
            say.unknown_name(
                written,
                one.name.span,
                one.kind,
                one.name.text,
                closest(one.name.text, one.known),
                protocol=self._further.name,
                is_role=one.kind == "message" and one.name.text in self._roles,
            )
            for one in found
        ]

    def decide(
        self, tree: Tree, written: say.Written, said: list[Diagnostic]
    ) -> list[tuple[Sized, Answer]]:
        """Whether all runs have a property, at all sizes that have the members it names."""
        answers = []
        for instance in self._instances:
            try:
                formula = None if instance.scope is None else formula_of(tree, instance.scope)
            except FormulaError as error:
                said.append(say.bad_formula(written, error.span, error.message, error.help))
                return [(instance.sized, Answer(Undecided(error.message, STEP_LIMIT.number)))]
            if instance.scope is None:
                answers.append((instance.sized, Answer(without_graph(instance.sized))))
            elif formula is not None:
                answers.append((instance.sized, self._answer(instance, formula, written)))
        return answers

    def _answer(self, instance: _Instance, formula: Formula, written: say.Written) -> Answer:
        found = self._decision(instance, formula)
        if isinstance(found, str):
            return Answer(Undecided(found, STEP_LIMIT.number))
        statistics = self._statistics(instance, found)
        if found.broken is None:
            return Answer(self._unbroken(instance, found), statistics)
        trace = self._trace(instance, formula, found.broken, written.name, found.cut)
        if trace is None:  # counts went further than they are followed
            reason = f"sums of counts leave {COUNT_LIMIT} in both directions"
            return Answer(Undecided(reason, STEP_LIMIT.number), statistics)
        return Answer(Refuted(PROPERTY_BROKEN.number, trace, "search"), statistics)

    @staticmethod
    def _statistics(instance: _Instance, found: Decision) -> tuple[tuple[str, int], ...]:
        configurations = instance.configurations
        visited = 0 if configurations is None else len(configurations.codes)
        return (("configurations", visited), ("pairs", found.pairs))

    def _unbroken(self, instance: _Instance, found: Decision) -> Outcome:
        configurations = instance.configurations
        if not found.finished or configurations is None:
            return Undecided(found.limit, STEP_LIMIT.number)
        bounds = []
        if not configurations.complete:
            bounds.append(f"queues <= {configurations.queue_bound}")
        if found.cut:
            bounds.append(f"sums of counts within {COUNT_LIMIT}")
        if bounds:
            return Bounded(", ".join(bounds), "search")
        return Proved("search", "all runs searched")

    def _decision(self, instance: _Instance, formula: Formula) -> Decision | str:
        """What the search finds, or why there is none."""
        graph = instance.sized.lowered.graph
        if graph is None or len(graph.roles) > _MOST_ROLES or graph.event_count > _MOST_EVENTS:
            return "too large to be searched"
        budget = self._further.options.search_limit
        if instance.configurations is None:
            instance.machines = Machines(graph).all()
            found = all_configurations(instance.machines, self._further.options.queue_limit, budget)
            instance.configurations = found
            instance.steps = [
                step_of(instance.machines[role], state, place, graph)
                for role, state, place in found.events
            ]
        return decide(formula, instance.configurations, instance.steps, budget)

    def _trace(
        self, instance: _Instance, formula: Formula, broken: Broken, name: str, cut: bool
    ) -> Trace | None:
        """The run as evidence, once another way of judging formulas agrees with it.

        None when it does not, which may be when counts were `cut`.
        """
        steps = [instance.steps[event] for event in broken.events]
        wrong = complaint(formula, steps, broken.loop, instance.machines)
        if wrong:
            if cut:
                return None
            raise Defect(f"a run does not break property `{name}`: {wrong}")
        how = self._how(instance, formula, steps, broken.loop)
        return self._built(
            instance,
            steps,
            Fault.PROPERTY,
            f"property `{name}` does not hold: {how}",
            formula,
            broken.loop,
        )

    @staticmethod
    def _how(instance: _Instance, formula: Formula, steps: Sequence[Step], loop: int) -> str:
        """In which way a run breaks a formula, in words."""
        if loop >= 0:
            return "a run that goes on like this for ever breaks it"
        rows = positions(formula, steps, -1, instance.machines).rows
        if evaluate(formula, rows, len(steps), ended=False).weak:
            return "a run that ends like this breaks it"
        return "these events break it, whatever follows"

    @staticmethod
    def _built(
        instance: _Instance,
        steps: Sequence[Step],
        fault: Fault,
        explanation: str,
        formula: Formula,
        loop: int = -1,
    ) -> Trace:
        trace = build_trace(
            fault,
            steps,
            {machine.role: machine for machine in instance.machines}.__getitem__,
            [machine.role for machine in instance.machines],
            minimal=loop < 0,
            culprits=(),
            explanation=explanation,
            loop=loop,
        )
        return msgspec.structs.replace(trace, formula=formula)

    def vacuity(self, tree: Tree, written: say.Written, said: list[Diagnostic]) -> str:
        """Whether what a property that holds speaks of happens in some run, at some size."""
        checked = True
        for subject in subjects(tree):
            if not is_timeless(subject):
                checked = False
                continue
            occurs = [self._occurs(instance, subject) for instance in self._instances]
            if True in occurs:
                continue
            if None in occurs:
                checked = False
                continue
            said.append(self._never(subject, written))
            return "vacuous"
        return "exercised" if checked else "not-checked"

    def _occurs(self, instance: _Instance, subject: Tree) -> bool | None:
        """Whether some run has a position with `subject`; None when that is not known."""
        formula = None
        if instance.scope is not None:
            formula = formula_of(Unary("never", subject), instance.scope)
        if formula is None:
            return False if instance.scope is not None else None
        found = self._decision(instance, formula)
        if isinstance(found, str):
            return None
        if found.broken is not None:
            return True
        configurations = instance.configurations
        whole = found.finished and not found.cut
        return False if whole and configurations is not None and configurations.complete else None

    def _never(self, subject: Tree, written: say.Written) -> Diagnostic:
        span = extent(subject)
        what = written.text[span.start : span.end]
        return say.vacuous(written, span, what, self._further.name)

    def witness(self, tree: Tree) -> list[tuple[Sized, Answer]]:
        """At every size a shortest run to a position that has `tree`, or a proof of none."""
        answers = []
        for instance in self._instances:
            if instance.scope is None:
                answers.append((instance.sized, Answer(without_graph(instance.sized))))
                continue
            formula = formula_of(Unary("never", tree), instance.scope)
            if formula is None:
                continue
            found = self._decision(instance, formula)
            if isinstance(found, str):
                answers.append((instance.sized, Answer(Undecided(found, STEP_LIMIT.number))))
            elif found.broken is None:
                outcome = self._unbroken(instance, found)
                answers.append((instance.sized, Answer(outcome, self._statistics(instance, found))))
            else:
                goal = formula_of(Unary("eventually", tree), instance.scope)
                answers.append((instance.sized, self._reached(instance, goal, found)))
        return answers

    def _reached(self, instance: _Instance, goal: Formula | None, found: Decision) -> Answer:
        events = found.broken.events if found.broken is not None else []
        steps = [instance.steps[event] for event in events]
        if goal is None or unreached(goal, steps, instance.machines):
            raise Defect("a run does not reach what it is a witness of")
        count = f"{len(steps)} event{'' if len(steps) == 1 else 's'}"
        trace = self._built(instance, steps, Fault.WITNESS, f"reached in {count}", goal)
        outcome = Proved("search", f"by a run of {count}")
        return Answer(outcome, self._statistics(instance, found), trace)
