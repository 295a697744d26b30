"""Scenarios with faults where they are stated: in comments of a source, in the configuration."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from tellverify.diagnostics import faults as say
from tellverify.diagnostics.model import Diagnostic
from tellverify.language.checks.suggest import closest
from tellverify.language.lowering.families import declared_roles
from tellverify.language.syntax.directives import directives
from tellverify.model.graph import ProtocolGraph
from tellverify.model.machine import Machine
from tellverify.model.outage import channels_of
from tellverify.model.roles import family_of
from tellverify.model.scenario import (
    OF_ROLES,
    Channel,
    RuleKind,
    Scenario,
    ScenarioRule,
    resolved,
    sides_overlap,
)
from tellverify.model.scenario_text import ScenarioError, parse_scenario
from tellverify.model.timed_text import TimedProtocol, timed_channels
from tellverify.obligations.context import Context
from tellverify.obligations.options import ConfiguredScenario
from tellverify.source.span import NOWHERE, Span
from tellverify.verdict.identity import NO_FAULTS

_FEW = 6


class StatedScenario(msgspec.Struct, frozen=True):
    """A scenario that was read, and where it stands; `start` is the offset of its text there.

    Without a `start`, an error in a rule is reported for the whole `span`. A `general` one is of
    the configuration, and of all protocols that have its names.
    """

    scenario: Scenario
    path: str
    span: Span
    start: int = -1
    general: bool = False

    def place(self, start: int, end: int) -> Span:
        """A part of the text as a part of the file."""
        if self.start < 0:
            return self.span
        return Span(self.start + start, self.start + max(end, start + 1))


def stated_scenarios(context: Context, said: list[Diagnostic]) -> list[StatedScenario]:
    """The scenarios of a protocol that are to be decided; errors in others are reported."""
    found: list[StatedScenario] = []
    chosen = context.options.faults
    known: dict[str, StatedScenario] = {}
    subject = _subject(context)
    for stated in _read(context, said):
        name = stated.scenario.name
        if name in known:
            first = known[name]
            if not stated.general:
                said.append(
                    say.scenario_twice(
                        stated.path, name, stated.span, (first.path, first.span), context.name
                    )
                )
            continue
        wrong = list(scenario_faults(stated, subject))
        if stated.general and any(d.code is say.UNKNOWN_IN_SCENARIO for d in wrong):
            if chosen is None or name in chosen:
                said.extend(say.left_out_scenario(name, one) for one in wrong)
            continue
        known[name] = stated
        said.extend(wrong)
        if not wrong and (chosen is None or name in chosen):
            found.append(stated)
    return found


def _read(context: Context, said: list[Diagnostic]) -> Iterator[StatedScenario]:
    """The scenarios in the source in its order, then those of the configuration."""
    source = context.source
    for one in directives(context.judged.file, source).of_kind("faults"):
        if not one.speaks_of(context.protocol.span):
            continue
        name, path, start = one.argument, source.path, one.text_span.start
        if name == NO_FAULTS:
            message, help = "has a name that selects no scenario", "give it another name"
            said.append(say.contradictory_scenario(path, name, one.argument_span, message, help))
            continue
        try:
            scenario = parse_scenario(name, one.text)
        except ScenarioError as error:
            at = Span(start + error.start, start + max(error.end, error.start + 1))
            if error.end == error.start:
                at = one.span
            said.append(say.bad_scenario(path, name, at, error.message, error.help))
            continue
        yield StatedScenario(scenario, path, one.span, start)
    for given in context.options.scenarios:
        found = configured_scenario(given, said)
        if found is not None:
            yield found


def configured_scenario(given: ConfiguredScenario, said: list[Diagnostic]) -> StatedScenario | None:
    """A scenario of the configuration, rule by rule, so that each has its place.

    None for one that cannot be read, whose errors are added to `said`.
    """
    rules: list[ScenarioRule] = []
    scenario = Scenario(given.name, (), given.engaged_only, given.deduplicate)
    whole = given.spans[0] if given.spans else NOWHERE
    for text, span in zip(given.rules, given.spans, strict=True):
        try:
            part = parse_scenario(given.name, text)
        except ScenarioError as error:
            message = f"{error.message}, in `{text[:200]}`"
            said.append(say.bad_scenario(given.path, given.name, span, message, error.help))
            return None
        is_verbatim = span.end - span.start == len(text)
        for rule in part.rules:
            low, high = (rule.start, rule.end) if is_verbatim else (0, span.end - span.start)
            ends = {"start": span.start + low, "end": span.start + high}
            rules.append(msgspec.structs.replace(rule, **ends))
        scenario = msgspec.structs.replace(
            scenario,
            engaged_only=scenario.engaged_only and part.engaged_only,
            deduplicate=scenario.deduplicate or part.deduplicate,
        )
    scenario = msgspec.structs.replace(scenario, rules=tuple(rules))
    start = -1 if whole == NOWHERE else 0
    return StatedScenario(scenario, given.path, whole, start, general=True)


class ScenarioSubject(msgspec.Struct, frozen=True):
    """What a scenario may refer to: declared names, members at any size, and the largest system."""

    name: str
    declared: tuple[str, ...]
    members: frozenset[str]
    roles: tuple[str, ...]
    channels: frozenset[tuple[str, str]]


def _subject(context: Context) -> ScenarioSubject:
    declared = tuple(one.name.text for one in declared_roles(context.protocol))
    graphs = [g for one in context.instances if (g := one.lowered.graph or one.lowered.timed)]
    members = frozenset(role for graph in graphs for role in graph.roles)
    if not graphs:
        return ScenarioSubject(context.name, declared, members, (), frozenset())
    largest = max(graphs, key=lambda graph: len(graph.roles))
    return ScenarioSubject(context.name, declared, members, largest.roles, _channels(largest))


def _channels(graph: ProtocolGraph | TimedProtocol) -> frozenset[Channel]:
    if isinstance(graph, TimedProtocol):
        return frozenset(timed_channels(graph))
    pairs = zip(graph.sender, graph.receiver, strict=True)
    return frozenset((graph.roles[p], graph.roles[q]) for p, q in pairs)


def subject_of_machines(name: str, machines: Sequence[Machine]) -> ScenarioSubject:
    """What a scenario may refer to in a system of machines."""
    roles = tuple(machine.role for machine in machines)
    declared = tuple(dict.fromkeys([*map(family_of, roles), *roles]))
    channels = frozenset(channels_of(machines))
    return ScenarioSubject(name, declared, frozenset(roles), roles, channels)


def scenarios_of_machines(
    given: Sequence[ConfiguredScenario],
    subject: ScenarioSubject,
    chosen: tuple[str, ...] | None,
    said: list[Diagnostic],
) -> list[StatedScenario]:
    """The scenarios of the configuration for a system of machines, as `stated_scenarios` has it."""
    found = []
    for one in given:
        stated = configured_scenario(one, said)
        if stated is None:
            continue
        wrong = list(scenario_faults(stated, subject))
        is_chosen = chosen is None or one.name in chosen
        if any(d.code is say.UNKNOWN_IN_SCENARIO for d in wrong):
            said.extend(say.left_out_scenario(one.name, d) for d in wrong if is_chosen)
            continue
        said.extend(wrong)
        if not wrong and is_chosen:
            found.append(stated)
    return found


def scenario_faults(stated: StatedScenario, subject: ScenarioSubject) -> Iterator[Diagnostic]:
    """The errors in a scenario of a protocol or of machines."""
    unknown = list(_unknown(stated, subject))
    if unknown:
        yield from unknown
        return
    yield from _contradictions(stated, subject)
    if not subject.roles:
        return
    for rule in stated.scenario.rules:
        yield from _channel_faults(stated, subject, rule)
    yield from _nobody_left(stated, subject)


def _unknown(stated: StatedScenario, subject: ScenarioSubject) -> Iterator[Diagnostic]:
    name, declared = stated.scenario.name, subject.declared
    for rule in stated.scenario.rules:
        for role in (*rule.left, *rule.right):
            family, is_member = family_of(role), role != family_of(role)
            if family in declared and not is_member:
                continue
            if family in declared and (role in subject.members or not subject.members):
                continue
            what = f"the role `{role}`"
            near = closest(family, list(declared)) if family not in declared else ""
            at = stated.place(rule.start, rule.end)
            known = declared[:_FEW]
            yield say.unknown_in_scenario(stated.path, name, at, what, near, known, subject.name)


def _contradictions(stated: StatedScenario, subject: ScenarioSubject) -> Iterator[Diagnostic]:
    """Budgets of 0, rules that say two things of the same roles, settings without a rule."""
    seen: dict[tuple[RuleKind, tuple[str, ...], tuple[str, ...]], ScenarioRule] = {}
    scenario = stated.scenario

    def wrong(rule: ScenarioRule, message: str, help: str) -> Diagnostic:
        at = stated.place(rule.start, rule.end)
        name = scenario.name
        return say.contradictory_scenario(stated.path, name, at, message, help, subject.name)

    for rule in scenario.rules:
        if rule.most == 0:
            yield wrong(rule, f"allows no {rule.kind}: its budget is 0", "remove the rule")
        key = (rule.kind, rule.left, rule.right)
        first = seen.setdefault(key, rule)
        if first is not rule:
            yield wrong(rule, f"has the rule `{first}` already", "keep one of the two")
    if scenario.deduplicate and not any(r.kind is RuleKind.DUPLICATE for r in scenario.rules):
        last = scenario.rules[-1]
        yield wrong(last, "sets `deduplicate`, and no rule duplicates messages", "remove it")


def _channel_faults(
    stated: StatedScenario, subject: ScenarioSubject, rule: ScenarioRule
) -> Iterator[Diagnostic]:
    """Channels without a message, and partitions with a role on both sides."""
    at, name = stated.place(rule.start, rule.end), stated.scenario.name
    alone = Scenario(name, (msgspec.structs.replace(rule, heals=False),))
    found = resolved(alone, subject.roles, subject.channels)
    if rule.kind in OF_ROLES or found is None:
        return
    if rule.kind is RuleKind.PARTITION:
        if sides_overlap(rule, subject.roles):
            message = "has a partition with a role on both sides, or no role on one of them"
            help = "write `partition {A} | *`: `*` is every other role"
            yield say.contradictory_scenario(stated.path, name, at, message, help, subject.name)
            return
        used = frozenset(channel for cut in found.cuts for channel in cut)
    else:
        groups = (found.loss, found.duplicate, ((None, found.reorder),))
        used = frozenset(c for group in groups for _, some in group for c in some)
    if not used:
        pairs = sorted({(family_of(p), family_of(q)) for p, q in subject.channels})
        known = [f"{p} -> {q}" for p, q in pairs[:_FEW]]
        what = f"a channel with messages in `{rule}`"
        yield say.unknown_in_scenario(stated.path, name, at, what, "", known, subject.name)


def _nobody_left(stated: StatedScenario, subject: ScenarioSubject) -> Iterator[Diagnostic]:
    """Whether every role may fail at once, so that no role is left to keep a property."""
    found = resolved(stated.scenario, subject.roles, subject.channels)
    if found is None:
        return
    ways = (
        ("crash", found.may_crash),
        ("be Byzantine", found.may_lie),
        ("crash or be Byzantine", found.may_fail),
    )
    kind = next((kind for kind, allowed in ways if allowed(subject.roles)), None)
    if kind is None:
        return
    rule = next(r for r in stated.scenario.rules if r.kind in OF_ROLES)
    count = len(subject.roles)
    who = "the only role" if count == 1 else f"all {count} roles"
    message = f"lets {who} {kind}: no role is left"
    help = "bound how many may fail, or name the roles that may"
    at, name = stated.place(rule.start, rule.end), stated.scenario.name
    yield say.contradictory_scenario(stated.path, name, at, message, help, subject.name)
