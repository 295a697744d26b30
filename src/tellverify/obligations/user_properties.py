"""Properties of the user: where they are stated, and their results at all sizes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from tellverify.diagnostics import properties as say
from tellverify.diagnostics.limits import NOT_WELL_FORMED, STEP_LIMIT
from tellverify.diagnostics.model import Diagnostic
from tellverify.diagnostics.properties import UNREACHABLE_EVENT
from tellverify.model.decision import is_decision
from tellverify.obligations.context import Context, Decision, Instance, sizes_of
from tellverify.obligations.formulas_under_faults import (
    named,
    scenarios_of_formulas,
    under_scenarios,
)
from tellverify.obligations.temporal_answers import TemporalAnswer, united
from tellverify.source.span import NOWHERE, Span
from tellverify.verdict.identity import ObligationScope
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Bounded, Conflict, Outcome, Proved, Refuted, Skipped, Unknown
from tellverify.verdict.properties import Property
from tellverify.verdict.run import Vacuity, Verdict, Witness

if TYPE_CHECKING:
    from tellverify.model.scenario import Scenario
    from tellverify.obligations.temporal_search import Searcher
    from tellverify.properties.formula_tree import Tree

_LONGEST_SHOWN: Final = 200


class Stated(msgspec.Struct, frozen=True):
    """A property that was read: where it is written and its tree, or None when it cannot be read.

    A `general` one is of the configuration and of all protocols that have its names.
    """

    written: say.Written
    tree: Tree | None
    general: bool = False


def decide_properties(context: Context) -> Decision:
    """Decide every property that is stated of a protocol."""
    from tellverify.obligations.temporal_search import Searcher

    said: list[Diagnostic] = []
    stated = _stated(context, said)
    if not stated:
        return Decision((), tuple(said))
    searcher = Searcher(context)
    scenarios = scenarios_of_formulas(context)
    verdicts = []
    seen: dict[str, say.Written] = {}
    for one in stated:
        written = one.written
        if one.tree is not None:
            strange = searcher.names.unknown(one.tree)
            if strange and one.general:
                continue
            said.extend(searcher.names.complaints(written, strange))
            if strange:
                one = msgspec.structs.replace(one, tree=None)
        if written.name in seen:
            said.append(say.property_twice(written, seen[written.name], context.name))
            continue
        seen[written.name] = written
        verdict = _verdict(context, searcher, one, said)
        verdicts.append(verdict)
        if scenarios and one.tree is not None:
            verdicts += _under_faults(context, searcher, one, verdict, scenarios)
    files: tuple[tuple[str, str, str], ...] = ()
    if context.options.keep_graphs:
        from tellverify.obligations.timed_evidence import evidence_of_verdicts

        files = evidence_of_verdicts(context, verdicts)
    return Decision(tuple(verdicts), tuple(said), files, scenarios=named(scenarios))


def _under_faults(
    context: Context,
    searcher: Searcher,
    stated: Stated,
    verdict: Verdict,
    scenarios: Sequence[Scenario],
) -> Iterator[Verdict]:
    """The verdicts under scenarios; a formula that cannot be read at some size has none."""
    from tellverify.properties.formula_tree import FormulaError

    if stated.tree is None:
        return
    try:
        formulas = searcher.under_faults(stated.tree)
    except FormulaError:
        return
    yield from under_scenarios(context, verdict, scenarios, formulas, _shown(stated.written))


def _stated(context: Context, said: list[Diagnostic]) -> list[Stated]:
    """The formulas of the source in its order, then those of the configuration."""
    return [
        _read(written, said, general=general)
        for written, general in written_properties(context)
        if not is_decision(written.text)
    ]


def written_properties(context: Context) -> Iterator[tuple[say.Written, bool]]:
    """Properties in the source in its order, then in the configuration of all protocols or of
    this one; True for those of all protocols that have its names.
    """
    from tellverify.language.syntax.directives import directives

    source, own = context.source, context.protocol.name.text
    for directive in directives(context.judged.file, source).of_kind("property"):
        start = directive.text_span.start if directive.text else directive.span.start
        written = say.Written(
            source.path, directive.argument, directive.text, start, directive.line
        )
        yield written, False
    for user in context.options.user_properties:
        of, dot, _ = user.name.rpartition(".")
        if dot and of not in (own, context.name):
            continue
        span = user.span
        start, end = (-1, -1) if span == NOWHERE else (span.start, span.end)
        written = say.Written(user.path, user.name, user.formula, start, user.line, end)
        yield written, not dot


def _read(written: say.Written, said: list[Diagnostic], *, general: bool) -> Stated:
    from tellverify.properties.formula_parser import parse
    from tellverify.properties.formula_tree import FormulaError

    try:
        return Stated(written, parse(written.text), general)
    except FormulaError as error:
        said.append(say.bad_formula(written, error.span, error.message, error.help))
        return Stated(written, None)


def _verdict(
    context: Context, searcher: Searcher, stated: Stated, said: list[Diagnostic]
) -> Verdict:
    """The verdict on one property, and what there is to say about it."""
    written = stated.written
    place = context.place
    if written.path == context.source.path and written.start >= 0:
        place = context.source.position(written.start)
    subject = ObligationScope(item=written.name)
    if stated.tree is None:
        skipped = Skipped("its formula cannot be read", NOT_WELL_FORMED.number)
        return Verdict.of(Property.PROPERTY, subject, skipped, place)
    answers = searcher.decide(stated.tree, written, said)
    outcome, statistics = united(context, answers)
    if isinstance(outcome, Refuted):
        outcome = msgspec.structs.replace(outcome, reason=_shown(written))
    vacuity: Vacuity = "exercised" if isinstance(outcome, Refuted) else "not-checked"
    if isinstance(outcome, Proved | Bounded):
        vacuity = searcher.vacuity(stated.tree, written, said)
    return Verdict.of(Property.PROPERTY, subject, outcome, place, statistics, vacuity)


def decide_witnesses(context: Context) -> Decision:
    """For every event that was asked for, a shortest run to it, or that there is none.

    A protocol that lacks a name of the event has no such obligation. Raises FormulaError when an
    event cannot be read; whoever takes it from a user reads it first.
    """
    from tellverify.obligations.temporal_search import Searcher
    from tellverify.properties.formula_parser import parse_event

    searcher = Searcher(context)
    verdicts, said = [], []
    for event in dict.fromkeys(context.options.witness):
        tree = parse_event(event)
        if searcher.names.unknown(tree):
            continue
        verdict, why = _reachable(context, event, searcher.witness(tree))
        verdicts.append(verdict)
        if why:
            name = context.protocol.name.span
            path = context.source.path
            said.append(
                say.unreachable_event(
                    path, name, event, why, protocol=context.name, refutes=verdict.name
                )
            )
    return Decision(tuple(verdicts), tuple(said))


def _reachable(
    context: Context, event: str, answers: Sequence[tuple[Instance, TemporalAnswer]]
) -> tuple[Verdict, str]:
    """One run at any sizes proves it; that there is none at the sizes tried says no more."""
    source, name = context.source, context.protocol.name.span
    witness = None
    for instance, answer in answers:
        if answer.trace is not None:
            witness = Witness(answer.trace, instance.name)
            outcome = answer.outcome
            break
    else:
        outcome = _unreached(source.path, name, answers)
    verdict = Verdict.of(
        Property.REACHABLE,
        ObligationScope(item=event),
        outcome,
        context.place,
        united(context, answers)[1],
        vacuity="exercised" if witness is not None else "not-checked",
        witness=witness,
    )
    return verdict, "all runs were searched" if isinstance(outcome, Refuted) else ""


def _unreached(
    path: str, name: Span, answers: Sequence[tuple[Instance, TemporalAnswer]]
) -> Outcome:
    """What it means that no witness was found; a search that holds has found that there is none."""
    for _, answer in answers:
        if isinstance(answer.outcome, Unknown | Skipped):
            return answer.outcome
    limits = [a.outcome.bound for _, a in answers if isinstance(a.outcome, Bounded)]
    if sizes := sizes_of([instance for instance, _ in answers]):
        limits.insert(0, sizes)
    if limits or not answers:
        within = ", ".join(dict.fromkeys(limits)) or "the sizes tried"
        reason = f"no run reaches it with {within}; more was not searched"
        return Unknown(reason, STEP_LIMIT.number, "queue" if limits else "")
    conflict = Conflict("no run reaches it", path, name, name)
    return Refuted(UNREACHABLE_EVENT.number, conflict, Method.SEARCH)


def _shown(written: say.Written) -> str:
    """The property as it is written, for whoever reads a run that breaks it."""
    text = written.text
    text = text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
    return f"the property is `{text}`, line {written.line}"
