"""Scenarios with faults where they are stated: in comments of a source, in the configuration."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from tellverify.diagnostics import faults as say
from tellverify.diagnostics.model import Diagnostic
from tellverify.language.checks.names import closest
from tellverify.language.lowering.families import declared_roles
from tellverify.language.syntax.directives import directives
from tellverify.model.roles import family_of
from tellverify.model.scenario import (
    OF_ROLES,
    RuleKind,
    Scenario,
    ScenarioRule,
    resolved,
    sides_overlap,
)
from tellverify.model.scenario_text import ScenarioError, parse_scenario
from tellverify.obligations.context import Context
from tellverify.obligations.options import ConfiguredScenario
from tellverify.source.span import NOWHERE, Span
from tellverify.verdict.identity import NO_FAULTS

_FEW = 6


class StatedScenario(msgspec.Struct, frozen=True):
    """A scenario that was read, and where it stands; `start` is the offset of its text there.

    Without a `start`, what is wrong with a rule is said of the whole `span`. A `general` one is of
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
    """The scenarios of a protocol that are to be decided; what is wrong with others is said."""
    found: list[StatedScenario] = []
    chosen = context.options.faults
    known: dict[str, StatedScenario] = {}
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
        wrong = list(_faults(context, stated))
        if wrong and stated.general and any(d.code is say.UNKNOWN_IN_SCENARIO for d in wrong):
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
        if not one.reaches(context.protocol.span):
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
        found = _configured(given, said)
        if found is not None:
            yield found


def _configured(given: ConfiguredScenario, said: list[Diagnostic]) -> StatedScenario | None:
    """A scenario of the configuration, rule by rule, so that each has its place."""
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
        rules.extend(part.rules)
        scenario = msgspec.structs.replace(
            scenario,
            engaged_only=scenario.engaged_only and part.engaged_only,
            deduplicate=scenario.deduplicate or part.deduplicate,
        )
    scenario = msgspec.structs.replace(scenario, rules=tuple(rules))
    return StatedScenario(scenario, given.path, whole, general=True)


def _faults(context: Context, stated: StatedScenario) -> Iterator[Diagnostic]:
    """What is wrong with a scenario of this protocol."""
    declared = {one.name.text: one for one in declared_roles(context.protocol)}
    unknown = list(_unknown(context, stated, tuple(declared)))
    if unknown:
        yield from unknown
        return
    graphs = [g for i in context.instances if (g := i.lowered.graph) is not None]
    yield from _contradictions(context, stated)
    if not graphs:
        return
    largest = max(graphs, key=lambda graph: len(graph.roles))
    channels = {
        (largest.roles[p], largest.roles[q])
        for p, q in zip(largest.sender, largest.receiver, strict=True)
    }
    for rule in stated.scenario.rules:
        yield from _channel_faults(context, stated, rule, largest.roles, channels)
    yield from _nobody_left(context, stated, largest.roles, channels)


def _unknown(
    context: Context, stated: StatedScenario, declared: Sequence[str]
) -> Iterator[Diagnostic]:
    name = stated.scenario.name
    for rule in stated.scenario.rules:
        for role in (*rule.left, *rule.right):
            family, is_member = family_of(role), role != family_of(role)
            if family in declared and not is_member:
                continue
            members = {
                r for i in context.instances if i.lowered.graph for r in i.lowered.graph.roles
            }
            if family in declared and (role in members or not members):
                continue
            what = f"the role `{role}`"
            if is_member and family in declared:
                what = f"the member `{role}`, which no size that is tried has,"
            near = closest(family, list(declared)) if family not in declared else ""
            yield say.unknown_in_scenario(
                stated.path,
                name,
                stated.place(rule.start, rule.end),
                what,
                near,
                declared[:_FEW],
                context.name,
            )


def _contradictions(context: Context, stated: StatedScenario) -> Iterator[Diagnostic]:
    """Budgets of 0, rules that say two things of the same roles, settings without a rule."""
    seen: dict[tuple[RuleKind, tuple[str, ...], tuple[str, ...]], ScenarioRule] = {}
    scenario = stated.scenario

    def wrong(rule: ScenarioRule, message: str, help: str) -> Diagnostic:
        at = stated.place(rule.start, rule.end)
        return say.contradictory_scenario(
            stated.path, scenario.name, at, message, help, context.name
        )

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
    context: Context,
    stated: StatedScenario,
    rule: ScenarioRule,
    roles: Sequence[str],
    channels: set[tuple[str, str]],
) -> Iterator[Diagnostic]:
    """Channels without a message, and partitions with a role on both sides."""
    at, name = stated.place(rule.start, rule.end), stated.scenario.name
    alone = Scenario(name, (msgspec.structs.replace(rule, heals=False),))
    found = resolved(alone, roles, channels)
    if rule.kind in OF_ROLES or found is None:
        return
    if rule.kind is RuleKind.PARTITION:
        if sides_overlap(rule, roles):
            message = "has a partition with a role on both sides, or nobody on one of them"
            help = "write `partition {A} | *`: `*` is everybody else"
            yield say.contradictory_scenario(stated.path, name, at, message, help, context.name)
            return
        used = frozenset().union(*found.cuts)
    else:
        groups = (found.loss, found.duplicate, ((None, found.reorder),))
        used = frozenset(c for group in groups for _, some in group for c in some)
    if not used:
        known = [
            f"{p} -> {q}" for p, q in sorted({(family_of(p), family_of(q)) for p, q in channels})
        ]
        what = f"a channel with messages in `{rule}`"
        yield say.unknown_in_scenario(stated.path, name, at, what, "", known[:_FEW], context.name)


def _nobody_left(
    context: Context,
    stated: StatedScenario,
    roles: Sequence[str],
    channels: set[tuple[str, str]],
) -> Iterator[Diagnostic]:
    """Whether every role may fail at once, so that nobody is left to keep a property."""
    found = resolved(stated.scenario, roles, channels)
    if found is None:
        return
    for kind, allowed in (("crash", found.may_crash), ("be Byzantine", found.may_lie)):
        if allowed(roles):
            rule = next(r for r in stated.scenario.rules if r.kind in OF_ROLES)
            message = f"lets all {len(roles)} roles {kind}: nobody is left"
            help = "bound how many may fail, or name the roles that may"
            at = stated.place(rule.start, rule.end)
            yield say.contradictory_scenario(
                stated.path, stated.scenario.name, at, message, help, context.name
            )
