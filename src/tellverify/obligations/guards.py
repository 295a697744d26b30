"""The property `guards` of a protocol, and what else there is to say about its guards.

The solver itself is loaded when a choice has guards to judge.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from tellverify.diagnostics import guards as say
from tellverify.diagnostics.guards import CONTRADICTORY_GUARD, INCOMPLETE_GUARDS, UNDECIDED_GUARD
from tellverify.diagnostics.limits import STEP_LIMIT
from tellverify.diagnostics.model import Diagnostic, Where
from tellverify.language.checks.walk import guarded_choices, role_text
from tellverify.language.syntax import ast
from tellverify.model.predicate import Predicate, Value
from tellverify.model.predicate_text import PredicateFault, read_predicate
from tellverify.obligations.context import Context, Decision
from tellverify.solver.encode import SortClash, Unmodelled
from tellverify.solver.guard_queries import (
    Contradictory,
    GuardConstant,
    GuardGap,
    GuardJudgement,
    Overlap,
    Remark,
    judge,
)
from tellverify.solver.port import Solver, SolverBudget
from tellverify.solver.smtlib import About, Recording
from tellverify.source.span import Span
from tellverify.verdict.identity import ObligationScope
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Conflict, Outcome, Proved, Refuted, Unknown
from tellverify.verdict.properties import Property
from tellverify.verdict.run import Verdict

MAX_QUERIES: Final = 2_000
_SHOWN: Final = 6
_METHOD: Final = Method.SMT
_DETAIL: Final = "each choice by itself, for independent values and integers of any size"
_NO_CHARACTER: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class Guarded(msgspec.Struct, frozen=True):
    """A branch whose guard is a predicate."""

    label: str
    predicate: Predicate
    span: Span


def check_guards(context: Context) -> Decision:
    """Judge the predicates that guard branches, choice by choice; without a solver it is unknown.

    Evidence guards are opaque: a choice that has one is not expected to be exhaustive. Where
    evidence is wanted the queries come as SMT-LIB scripts. No query takes more than
    `Options.rlimit`.
    """
    choices = guarded_choices(context.protocol, context.source)
    try:
        from tellverify.solver.z3_backend import Z3Solver
    except ModuleNotFoundError as error:
        if error.name != "z3":
            raise
        outcome = Unknown("the solver z3 is not installed", STEP_LIMIT.number)
        subject = ObligationScope()
        return Decision((Verdict.of(Property.GUARDS, subject, outcome, context.place),))
    recording = Recording(Z3Solver()) if context.options.keep_graphs else None
    check = _GuardCheck(context, recording or Z3Solver())
    for choice in choices:
        check.judge(choice)
    files: list[tuple[str, str, str]] = []
    if recording is not None:
        about = About(f"{context.name}/{Property.GUARDS}", context.source.path, context.sha256)
        files = recording.scripts(str(Property.GUARDS), about)
    return Decision(check.verdicts(len(choices)), tuple(check.found), tuple(files))


class _GuardCheck:
    def __init__(self, context: Context, solver: Solver) -> None:
        self.found: list[Diagnostic] = []
        self._where = Where(context.source.path, context.name)
        self._place = context.place
        self._source = context.source
        self._subject = ObligationScope()
        self._solver = solver
        self._budget = SolverBudget(context.options.rlimit)
        self._refuted: list[Refuted] = []
        self._unknown: Unknown | None = None
        self._queries = 0
        self._guards = 0

    def verdicts(self, choices: int) -> tuple[Verdict, ...]:
        """One for each contradictory guard and each gap; without any, the one on all guards."""
        statistics = (("choices", choices), ("guards", self._guards), ("queries", self._queries))
        outcomes: list[Outcome] = [*self._refuted]
        if self._unknown is not None:
            outcomes.append(self._unknown)
        if not outcomes:
            outcomes.append(Proved(_METHOD, _DETAIL))
        return tuple(
            Verdict.of(Property.GUARDS, self._subject, outcome, self._place, statistics)
            for outcome in outcomes
        )

    def judge(self, choice: ast.Choice) -> None:
        """Judge the guards of one choice."""
        guarded: list[Guarded] = []
        for branch in choice.branches:
            if isinstance(branch.guard, ast.WhenPredicate):
                reading = read_predicate(branch.guard.text, branch.guard.span.start)
                if isinstance(reading, PredicateFault):  # told by the checks of the text
                    self._give_up(reading.text, UNDECIDED_GUARD.number, reading.span)
                else:
                    guarded.append(Guarded(branch.label.text, reading, branch.guard.span))
        self._guards += len(guarded)
        decider = role_text(choice.decider)
        while guarded:
            complete = len(guarded) == len(choice.branches)
            predicates = [one.predicate for one in guarded]
            left = MAX_QUERIES - self._queries
            answer = judge(predicates, self._solver, self._budget, left, complete=complete)
            match answer:
                case SortClash(shown, spans, sorts):
                    found = say.guard_types(self._where, _one_line(shown), spans, sorts)
                    self.found.append(found)
                    self._give_up(found.message, found.code.number, spans[1])
                    return
                case Unmodelled(index, span, reason):
                    label = guarded.pop(index).label
                    why = _one_line(reason)
                    self.found.append(say.undecided_guard(self._where, label, span, why))
                    self._give_up(why, UNDECIDED_GUARD.number, span)
                case GuardJudgement():
                    self._queries += answer.queries
                    for remark in answer.remarks:
                        self._tell(remark, choice, decider, guarded)
                    if answer.unknown:
                        place = choice.decider.span
                        self._give_up(answer.unknown, STEP_LIMIT.number, place, "rlimit")
                    return

    def _give_up(self, reason: str, code: str, span: Span, knob: str = "") -> None:
        if self._unknown is None:
            line = self._source.position(span.start)[0]
            self._unknown = Unknown(f"{reason}, line {line}", code, knob)

    def _tell(
        self, remark: Remark, choice: ast.Choice, decider: str, guarded: Sequence[Guarded]
    ) -> None:
        match remark:
            case Contradictory(index, spans):
                one = guarded[index]
                found = say.contradictory_guard(
                    self._where, decider, one.label, one.span, spans, Property.GUARDS.value
                )
                self.found.append(found)
                conflict = Conflict(found.message, self._where.path, spans[0], spans[-1])
                self._refuted.append(Refuted(CONTRADICTORY_GUARD.number, conflict, _METHOD))
            case GuardConstant(index):
                one = guarded[index]
                self.found.append(say.constant_guard(self._where, decider, one.label, one.span))
            case Overlap(first, second, witness):
                pair = (guarded[first], guarded[second])
                self.found.append(
                    say.overlapping_guards(
                        self._where,
                        decider,
                        (pair[0].label, pair[1].label),
                        (pair[0].span, pair[1].span),
                        _listed(witness),
                    )
                )
            case GuardGap(witness):
                span = choice.decider.span
                found = say.incomplete_guards(
                    self._where, decider, span, _listed(witness), Property.GUARDS.value
                )
                self.found.append(found)
                conflict = Conflict(found.message, self._where.path, span, span)
                self._refuted.append(Refuted(INCOMPLETE_GUARDS.number, conflict, _METHOD))


def _listed(witness: Sequence[tuple[str, Value]]) -> str:
    """Values of names in words: `load = 3` and `ready = false`."""
    words = [_one_line(f"`{name} = {_literal(value)}`") for name, value in witness]
    if len(words) > _SHOWN:
        words = [*words[: _SHOWN - 1], f"{len(words) - _SHOWN + 1} more"]
    if len(words) < 2:
        return "".join(words) or "any data"
    return f"{', '.join(words[:-1])} and {words[-1]}"


def _literal(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return f'"{value}"'


def _one_line(text: str) -> str:
    shown = _NO_CHARACTER.sub("\N{REPLACEMENT CHARACTER}", text)
    return shown if len(shown) <= 80 else f"{shown[:77]}..."
