"""Properties of the user: where they are stated, and what is found out about them at all sizes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from tellverify.diagnostics import properties as say
from tellverify.diagnostics.limits import EVENT_LIMIT, NOT_WELL_FORMED, STEP_LIMIT, UNSUPPORTED
from tellverify.diagnostics.model import Diagnostic
from tellverify.diagnostics.properties import UNREACHABLE_EVENT
from tellverify.source.span import Span
from tellverify.verdict.outcome import Bounded, Conflict, Outcome, Proved, Refuted, Skipped, Unknown
from tellverify.verdict.properties import STATEMENTS, Property
from tellverify.verdict.run import Subject, Verdict, Witness

if TYPE_CHECKING:
    from tellverify.obligations.context import Decided, Further, Sized
    from tellverify.obligations.temporal_search import Answer, Searcher
    from tellverify.properties.formula_tree import Tree

_STATES: Final = re.compile(r"tell:[ \t]*property\b")
_LONGEST_SHOWN: Final = 200


class Stated(msgspec.Struct, frozen=True):
    """A property that was read: where it is written and its tree, or None when it cannot be read.

    A `general` one is of the configuration and of all protocols that have its names.
    """

    written: say.Written
    tree: Tree | None
    general: bool = False


def decide_properties(further: Further) -> Decided:
    """Decide every property that is stated of a protocol."""
    from tellverify.obligations.context import Decided

    options, source = further.options, further.judged.source
    if not options.user_properties and not _STATES.search(source.text):
        return Decided()
    from tellverify.obligations.temporal_search import Searcher

    said: list[Diagnostic] = []
    stated = _stated(further, said)
    if not stated:
        return Decided((), tuple(said))
    searcher = Searcher(further)
    verdicts = []
    seen: dict[str, say.Written] = {}
    for one in stated:
        written = one.written
        if one.tree is not None:
            strange = searcher.unknown(one.tree)
            if strange and one.general:
                continue
            said.extend(searcher.strange(written, strange))
            if strange:
                one = msgspec.structs.replace(one, tree=None)
        if written.name in seen:
            said.append(say.property_twice(written, seen[written.name], further.name))
            continue
        seen[written.name] = written
        verdicts.append(_verdict(further, searcher, one, said))
    return Decided(tuple(verdicts), tuple(said))


def _stated(further: Further, said: list[Diagnostic]) -> list[Stated]:
    """The properties of the source in its order, then those of the configuration."""
    from tellverify.language.syntax.directives import directives

    source, own = further.judged.source, further.protocol.name.text
    read = []
    for directive in directives(further.judged.file, source).of_kind("property"):
        start = directive.text_span.start if directive.text else directive.span.start
        written = say.Written(
            source.path, directive.argument, directive.text, start, directive.line
        )
        read.append(_read(written, said, general=False))
    for user in further.options.user_properties:
        of, dot, _ = user.name.rpartition(".")
        if dot and of not in (own, further.name):
            continue
        written = say.Written(user.path, user.name, user.formula, -1, user.line)
        read.append(_read(written, said, general=not dot))
    return read


def _read(written: say.Written, said: list[Diagnostic], *, general: bool) -> Stated:
    from tellverify.properties.formula_parser import parse
    from tellverify.properties.formula_tree import FormulaError

    try:
        return Stated(written, parse(written.text), general)
    except FormulaError as error:
        said.append(say.bad_formula(written, error.span, error.message, error.help))
        return Stated(written, None)


def _verdict(
    further: Further, searcher: Searcher, stated: Stated, said: list[Diagnostic]
) -> Verdict:
    """The verdict on one property, and what there is to say about it."""
    written = stated.written
    place = further.judged.source.position(further.protocol.name.span.start)
    if written.start >= 0:
        place = further.judged.source.position(written.start)
    subject = Subject(further.name, item=written.name)
    required = STATEMENTS[Property.PROPERTY].required
    if stated.tree is None:
        skipped = Skipped("its formula cannot be read", NOT_WELL_FORMED.number)
        return Verdict(Property.PROPERTY, subject, skipped, required, *place)
    answers = searcher.decide(stated.tree, written, said)
    outcome, statistics = united(further, answers)
    if isinstance(outcome, Refuted):
        outcome = msgspec.structs.replace(outcome, reason=_shown(written))
    vacuity = "exercised" if isinstance(outcome, Refuted) else "not-checked"
    if isinstance(outcome, Proved | Bounded):
        vacuity = searcher.vacuity(stated.tree, written, said)
    return Verdict(
        Property.PROPERTY, subject, outcome, required, *place, statistics, vacuity=vacuity
    )


def decide_witnesses(further: Further) -> Decided:
    """For every event that was asked for, a shortest run to it, or that there is none.

    A protocol that lacks a name of the event has no such obligation. Raises FormulaError when an
    event cannot be read; whoever takes it from a user reads it first.
    """
    from tellverify.obligations.context import Decided

    if not further.options.witness:
        return Decided()
    from tellverify.obligations.temporal_search import Searcher
    from tellverify.properties.formula_parser import parse_event

    searcher = Searcher(further)
    verdicts, said = [], []
    for event in dict.fromkeys(further.options.witness):
        tree = parse_event(event)
        if searcher.unknown(tree):
            continue
        verdict, why = _reachable(further, event, searcher.witness(tree))
        verdicts.append(verdict)
        if why:
            name = further.protocol.name.span
            path = further.judged.source.path
            said.append(
                say.unreachable_event(
                    path, name, event, why, protocol=further.name, refutes=verdict.name
                )
            )
    return Decided(tuple(verdicts), tuple(said))


def _reachable(
    further: Further, event: str, answers: Sequence[tuple[Sized, Answer]]
) -> tuple[Verdict, str]:
    """One run at any sizes proves it; that there is none at the sizes tried says no more."""
    source, name = further.judged.source, further.protocol.name.span
    witness = None
    for sized, answer in answers:
        if answer.trace is not None:
            witness = Witness(answer.trace, sized.name)
            outcome = answer.outcome
            break
    else:
        outcome = _unreached(source.path, name, answers)
    verdict = Verdict(
        Property.REACHABLE,
        Subject(further.name, item=event),
        outcome,
        STATEMENTS[Property.REACHABLE].required,
        *source.position(name.start),
        united(further, answers)[1],
        vacuity="exercised" if witness is not None else "not-checked",
        witness=witness,
    )
    return verdict, "all runs were searched" if isinstance(outcome, Refuted) else ""


def _unreached(path: str, name: Span, answers: Sequence[tuple[Sized, Answer]]) -> Outcome:
    """What it means that no witness was found; a search that holds has found that there is none."""
    for _, answer in answers:
        if isinstance(answer.outcome, Unknown | Skipped):
            return answer.outcome
    limits = [a.outcome.bound for _, a in answers if isinstance(a.outcome, Bounded)]
    if sizes := sizes_of([sized for sized, _ in answers]):
        limits.insert(0, sizes)
    if limits or not answers:
        within = ", ".join(dict.fromkeys(limits)) or "the sizes tried"
        return Unknown(f"no run reaches it with {within}; more was not searched", STEP_LIMIT.number)
    conflict = Conflict("no run reaches it", path, name, name)
    return Refuted(UNREACHABLE_EVENT.number, conflict, "search")


def _shown(written: say.Written) -> str:
    """The property as it is written, for whoever reads a run that breaks it."""
    text = written.text
    text = text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
    return f"the property is `{text}`, line {written.line}"


def united(
    further: Further, answers: Sequence[tuple[Sized, Answer]]
) -> tuple[Outcome, tuple[tuple[str, int], ...]]:
    """One outcome from those at all sizes; a fault at the smallest sizes that show it refutes."""
    sums: dict[str, int] = {}
    for _, answer in answers:
        for name, value in answer.statistics:
            sums[name] = sums.get(name, 0) + value
    statistics = tuple(sums.items())
    if not answers:
        reason = "it names a member that no family has at the sizes tried"
        return Skipped(reason, UNSUPPORTED.number), ()
    for sized, answer in answers:
        if isinstance(answer.outcome, Refuted):
            return msgspec.structs.replace(answer.outcome, instance=sized.name), statistics
    for sized, answer in answers:
        outcome = answer.outcome
        if isinstance(outcome, Unknown | Skipped):
            reason = f"{outcome.reason} ({sized.name})" if sized.name else outcome.reason
            return msgspec.structs.replace(outcome, reason=reason), statistics
    limits = dict.fromkeys(a.outcome.bound for _, a in answers if isinstance(a.outcome, Bounded))
    if sizes := sizes_of([sized for sized, _ in answers]):
        limits = {sizes: None, **limits}
    first = answers[-1][1].outcome
    if not limits and isinstance(first, Proved):
        return first, statistics
    method = first.method if isinstance(first, Proved | Bounded) else "search"
    return Bounded(", ".join(limits), method), statistics


def sizes_of(sized: Sequence[Sized]) -> str:
    """The family sizes behind a bounded verdict in words."""
    tried: dict[str, dict[int, None]] = {}
    for one in sized:
        for family, size in one.sizes.items():
            tried.setdefault(family, {})[size] = None
    return ", ".join(f"{family} = {', '.join(map(str, one))}" for family, one in tried.items())


def without_graph(sized: Sized) -> Outcome:
    """Why nothing can be decided at sizes that have no graph."""
    if sized.lowered.skipped:
        skip = sized.lowered.skipped[0]
        return Skipped(f"{skip.reason}, line {skip.line}", UNSUPPORTED.number)
    reason = sized.lowered.limit or "parallel branches have too many interleavings"
    return Unknown(reason, EVENT_LIMIT.number)
