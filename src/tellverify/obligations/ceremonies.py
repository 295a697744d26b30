"""The category of a protocol, and whether its runs are the ceremonies that category C asks for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from tellverify.annotations.ceremony import CeremonyRun, Fact, Names, Offence, explored, offence_of
from tellverify.annotations.fact_schemas import FactSchema, SchemaRead
from tellverify.annotations.metadata import metadata_of, of_sites
from tellverify.annotations.reduction import faults_of_reduction
from tellverify.annotations.rules import Rules
from tellverify.annotations.schema_files import named_schema, records
from tellverify.annotations.status import unstable
from tellverify.diagnostics import ceremonies as say
from tellverify.diagnostics.ceremonies import (
    BROKEN_CEREMONY,
    OPEN_CEREMONY,
    UNREADABLE_SCHEMA,
    UNSTABLE_STATUS,
)
from tellverify.diagnostics.limits import UNSUPPORTED
from tellverify.diagnostics.model import Diagnostic, Where
from tellverify.language.syntax.directives import Directive, directives
from tellverify.model.defect import AmbiguousRun
from tellverify.model.fault import Fault
from tellverify.model.site import Site
from tellverify.model.trace import Trace
from tellverify.obligations.context import Context, Decision, sizes_of, without_graphs
from tellverify.obligations.metering import MeteredInstance
from tellverify.obligations.policies import policy_at
from tellverify.policy import rows
from tellverify.verdict.identity import ObligationScope
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Bounded, Outcome, Proved, Refuted, Skipped, Unknown
from tellverify.verdict.properties import Property
from tellverify.verdict.run import Verdict

_METHOD: Final = Method.SEARCH
_WORDS: Final = {
    Offence.NOT_FIRST: "records `{fact}` before the ceremony has begun",
    Offence.BEGUN_TWICE: "begins the ceremony a second time with `{fact}`",
    Offence.TWO_OUTCOMES: "records `{fact}` although the ceremony already has an outcome",
    Offence.AFTER_OUTCOME: "records `{fact}` after the outcome of the ceremony",
    Offence.NO_BEGINNING: "a complete run never begins the ceremony",
    Offence.NO_OUTCOME: "a complete run ends with neither a commit nor an abort",
}
_ABORT_ELSEWHERE: Final = "the abort path is not in the choreography"


def decide_ceremonies(context: Context, rules: Rules) -> Decision:
    """The verdicts for a protocol of category C; findings where its category is in doubt."""
    category, is_own, found = _category(context, rules)
    if category != "C":
        return Decision((), tuple(found))
    row = rules.names_of(context.name)
    schema = _schema_of(context, row) if row is not None and row.schema else None
    if row is not None and schema is not None:
        known = schema.schema or schema.unreduced
        if known is None:
            reason = f"the fact schema {schema.source.path} has faults: {_first_of(schema)}"
            unknown = Unknown(reason, UNREADABLE_SCHEMA.number)
            verdict = Verdict.of(Property.CEREMONY, ObligationScope(), unknown, context.place)
            return Decision((verdict,), tuple(found))
        found += _against_schema(context, row, schema, known)
    verdicts = _Ceremony(context, rules, is_own, schema).verdicts()
    return Decision(tuple(verdicts), tuple(found))


def _schema_of(context: Context, row: rows.CeremonyNames) -> SchemaRead:
    """The fact schema that the policy names for a ceremony."""
    policy = policy_at(context.options.policy).policy if context.options.policy else None
    path = row.schema if policy is None else policy.schema_path(row)
    return named_schema(path, row.schema_type)


def _first_of(read: SchemaRead) -> str:
    return read.diagnostics[0].message


def _against_schema(
    context: Context, row: rows.CeremonyNames, read: SchemaRead, schema: FactSchema
) -> Iterator[Diagnostic]:
    """The facts that the policy names and the schema lacks."""
    where = Where(context.source.path, context.name)
    known = {variant.fact or variant.name: variant.stands_for for variant in schema.variants}
    typed = {f"{schema.name}::{one.name}": one.stands_for for one in schema.variants}
    shown = ", ".join(f"`{name}`" for name in known)
    named = ((row.initiated, "initiated"), (row.committed, "committed"), (row.aborted, "aborted"))
    for facts, stands_for in named:
        for fact in facts:
            by_convention = any(
                one.stands_for == stands_for and records(read, fact, one.name)
                for one in schema.variants
            )
            if known.get(fact, typed.get(fact)) != stands_for and not by_convention:
                span = context.protocol.name.span
                yield say.unknown_fact(where, span, fact, schema.name, shown)


def _category(context: Context, rules: Rules) -> tuple[str, bool, list[Diagnostic]]:
    """The category, whether the source itself states it, and what contradicts it."""
    where = Where(context.source.path, context.name)
    row = rules.protocols.get(context.name)
    in_policy = row.category if row is not None else ""
    found: list[Diagnostic] = []
    stated: Directive | None = None
    for directive in directives(context.judged.file, context.source).of_kind("category"):
        span, text = directive.argument_span, directive.argument
        if text not in ("A", "B", "C"):
            message = f"there is no category `{text}`"
            found.append(say.category_conflict(where, span, message, "write `A`, `B` or `C`"))
        elif stated is not None and stated.argument != text:
            message = f"the category is `{stated.argument}` and `{text}` at once"
            found.append(say.category_conflict(where, span, message, "keep one of the comments"))
        elif in_policy and in_policy != text:
            message = f"the category is `{text}` here and `{in_policy}` in the policy"
            help_text = "correct the comment, or the row of the protocol in the policy"
            found.append(say.category_conflict(where, span, message, help_text))
        else:
            stated = directive
    if stated is not None:
        return stated.argument, True, found
    return in_policy, False, found


class _FoundCeremony(msgspec.Struct, frozen=True):
    """An offending run at some sizes, or what all runs record."""

    metered: MeteredInstance | None
    run: CeremonyRun | None
    outcomes: frozenset[str]


class _Ceremony:
    """The ceremony of one protocol."""

    def __init__(
        self, context: Context, rules: Rules, is_own: bool, schema: SchemaRead | None
    ) -> None:
        self._context = context
        self._schema = schema
        self._rules = rules
        self._row = rules.names_of(context.name)
        self._is_own = is_own
        self._place = context.place
        self._metered = _metered_of(context, rules)
        self._names = _names(self._row, self._metered)

    def verdicts(self) -> list[Verdict]:
        """On the facts of runs and, where these are known, on the status."""
        strict = self._is_own or self._row is not None
        open_ = self._undecided()
        if open_ is not None:
            return [self._told(Property.CEREMONY, open_, strict)]
        names = self._names
        if not strict and not (names.initiated or names.committed or names.aborted):
            reason = f"it records no facts of a ceremony: {_ABORT_ELSEWHERE}"
            return [self._told(Property.CEREMONY, Skipped(reason, OPEN_CEREMONY.number), False)]
        found = self._explored()
        outcome: Outcome
        if found.run is not None and found.metered is not None:
            try:
                outcome = self._refuted(found.metered, found.run)
            except AmbiguousRun as error:
                outcome = Unknown(str(error), UNSUPPORTED.number)
            return [self._told(Property.CEREMONY, outcome, strict), *self._status(strict)]
        missing = [name for name in ("committed", "aborted") if name not in found.outcomes]
        detail = "one beginning, one outcome on every run"
        if missing:
            what = _ABORT_ELSEWHERE if missing == ["aborted"] else "no run commits"
            reason = f"every run is correct as far as it goes, but {what}"
            skipped = Skipped(reason, OPEN_CEREMONY.number)
            return [self._told(Property.CEREMONY, skipped, False), *self._status(strict)]
        outcome = Proved(_METHOD, detail)
        bound = sizes_of([metered.instance for metered in self._metered])
        if bound:
            outcome = Bounded(bound, _METHOD, detail, self._context.claim.outside)
        if bound and self._holds_at_every_size():
            outcome = self._context.claim.proved(detail, _METHOD)
        return [self._told(Property.CEREMONY, outcome, strict), *self._status(strict)]

    def _undecided(self) -> Outcome | None:
        """Why not all runs are known, None when they are."""
        if len(self._metered) < len(self._context.instances):
            return without_graphs(self._context.instances)
        return next((why for one in self._metered if (why := one.open_facts()) is not None), None)

    def _told(self, prop: Property, outcome: Outcome, required: bool) -> Verdict:
        subject = ObligationScope()
        return Verdict(prop, subject, outcome, required, *self._place)

    def _explored(self) -> _FoundCeremony:
        outcomes: frozenset[str] = frozenset()
        for metered in self._metered:
            facts = [metadata.facts for metadata in metered.metadata]
            seen = explored(metered.graph, facts, self._names)
            if seen.run is not None:
                return _FoundCeremony(metered, seen.run, outcomes)
            outcomes |= seen.outcomes
        return _FoundCeremony(None, None, outcomes)

    def _holds_at_every_size(self) -> bool:
        """True when runs with any number of members in the place of generic ones record one too."""
        grid = self._context.claim.grid
        for point in grid:
            graph = point.lowered.graph
            if graph is None:
                return False
            facts = [metadata.facts for metadata in of_sites(graph.sites, self._rules)]
            if explored(graph, facts, self._names, point.generic).run is not None:
                return False
        return bool(grid)

    def _refuted(self, metered: MeteredInstance, run: CeremonyRun) -> Refuted:
        graph = metered.graph
        words = _WORDS[run.offence]
        sender = graph.event(run.events[-1]).sender if run.events else ""
        if "{fact}" in words and run.events:
            facts = metered.metadata[graph.site[run.events[-1]]].facts
            words = f"`{sender}` {words.replace('{fact}', ' and '.join(facts))}"
        shown = metered.shown(
            run.events, sender, words, lambda trace: self._offends(trace, run.offence)
        )
        culprits = (sender,) if sender else ()
        trace = msgspec.structs.replace(shown, culprits=culprits, place=Site())
        return Refuted(BROKEN_CEREMONY.number, trace, _METHOD, metered.instance.name)

    def _offends(self, trace: Trace, offence: Offence) -> bool:
        """Whether the facts of a trace, taken as a list, are wrong in this way."""
        recorded = [
            Fact(fact, step.sender)
            for step in trace.steps
            if step.send
            for fact in metadata_of(step.site.annotations, self._rules).facts
        ]
        complete = offence in (Offence.NO_BEGINNING, Offence.NO_OUTCOME)
        return offence_of(recorded, self._names.variant, complete=complete) is offence

    # The status

    def _status(self, strict: bool) -> list[Verdict]:
        """On how facts become a status: by the table of the schema, or as the policy says."""
        explanation, detail = self._reduced()
        if not explanation:
            proved = Proved(Method.ENUMERATION, detail)
            return [self._told(Property.CEREMONY_STATUS, proved, strict)]
        trace = Trace(Fault.PROPERTY, (), (), explanation, True)
        refuted = Refuted(UNSTABLE_STATUS.number, trace, Method.ENUMERATION)
        return [self._told(Property.CEREMONY_STATUS, refuted, strict)]

    def _reduced(self) -> tuple[str, str]:
        """Why the status is no function of the facts, or else by what it is one."""
        name = self._row.reduction if self._row is not None else "rank"
        schema = self._schema.schema or self._schema.unreduced if self._schema else None
        if name != "rank" or schema is None:
            wrong = unstable(name)
            if wrong is None:
                return "", f"by {name}: a function of the set of facts, and monotone"
            return (
                f"the facts {_listed(wrong.first)} give `{wrong.statuses[0]}`,"
                f" and {_listed(wrong.second)} give `{wrong.statuses[1]}`"
            ), ""
        listed = [variant.name for variant in schema.variants]
        for reason in faults_of_reduction(schema.status(), listed):
            return f"the reduction of `{schema.name}` fails: {reason}", ""
        by = f"the table of `{schema.name}`" if schema.reduction is not None else "rank"
        return "", f"by {by}, version {schema.version}: total, monotone, a function of the facts"


def _listed(facts: Sequence[str]) -> str:
    return ", ".join(f"`{fact}`" for fact in facts) or "none at all"


def _metered_of(context: Context, rules: Rules) -> list[MeteredInstance]:
    """What sends record at all sizes whose runs are those of a graph, or are searched."""
    found = []
    for instance in context.instances:
        graph, timed = instance.lowered.graph, instance.lowered.timed
        if graph is not None:
            found.append(MeteredInstance(instance, graph, rules))
        elif timed is not None:
            from tellverify.obligations.timed_worst_cases import TimedMetered

            found.append(TimedMetered(instance, timed, rules, context.options))
    return found


def _names(row: rows.CeremonyNames | None, instances: Sequence[MeteredInstance]) -> Names:
    """The facts of a ceremony: as the policy names them, else those of the standard variants."""
    if row is not None:
        return Names(row.initiated, row.committed, row.aborted)
    found: dict[str, dict[str, None]] = {"Initiated": {}, "Committed": {}, "Aborted": {}}
    for metered in instances:
        for metadata in metered.metadata:
            for fact in metadata.facts:
                for variant, names in found.items():
                    if fact.rpartition("::")[2] in (variant, f"Ceremony{variant}"):
                        names[fact] = None
    return Names(*(tuple(names) for names in found.values()))
