"""Decisions of roles where they are stated: `-- tell: property NAME: agreement(Commit, Abort)`."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tellverify.diagnostics import properties as say
from tellverify.diagnostics.model import Diagnostic
from tellverify.language.checks.suggest import closest
from tellverify.language.lowering.families import declared_roles
from tellverify.model.decision import DecisionError, DecisionRule, parse_decision
from tellverify.model.machine import Machine
from tellverify.model.roles import family_of
from tellverify.obligations.context import Context
from tellverify.obligations.options import Options
from tellverify.obligations.user_properties import written_properties
from tellverify.source.span import Span


class StatedDecision(msgspec.Struct, frozen=True):
    """A decision that was read: its name, and the line and column of its place."""

    name: str
    rule: DecisionRule
    place: tuple[int, int]


def stated_decisions(context: Context, said: list[Diagnostic]) -> list[StatedDecision]:
    """The decisions stated of a protocol; errors in others are reported.

    One of the configuration is of all protocols that have its names.
    """
    found: dict[str, StatedDecision] = {}
    first: dict[str, say.Written] = {}
    for written, general in written_properties(context):
        try:
            rule = parse_decision(written.text)
        except DecisionError as error:
            said.append(
                say.bad_formula(written, Span(error.start, error.end), error.message, error.help)
            )
            continue
        if rule is None:
            first.setdefault(written.name, written)
            continue
        strange = _strange(context, written, rule)
        if strange and general:
            continue
        if written.name in first:
            said.append(say.property_twice(written, first[written.name], context.name))
            continue
        first[written.name] = written
        said.extend(strange)
        if not strange:
            place = context.place
            if written.path == context.source.path and written.start >= 0:
                place = context.source.position(written.start)
            found[written.name] = StatedDecision(written.name, rule, place)
    return list(found.values())


def decisions_of_machines(
    options: Options, name: str, machines: Sequence[Machine]
) -> list[StatedDecision]:
    """The decisions of the configuration whose names a system of machines has."""
    labels = {action.label for m in machines for row in m.moves for action, _ in row}
    roles = {role for m in machines for role in (m.role, family_of(m.role))}
    found: dict[str, StatedDecision] = {}
    for user in options.user_properties:
        of, dot, short = user.name.rpartition(".")
        if dot and of != name:
            continue
        try:
            rule = parse_decision(user.formula)
        except DecisionError:
            continue  # said where the configuration is read
        known = rule is not None and labels.issuperset(rule.labels)
        if rule is not None and known and (not rule.role or rule.role in roles):
            found[short] = StatedDecision(short, rule, (1, 1))
    return list(found.values())


def _strange(context: Context, written: say.Written, rule: DecisionRule) -> list[Diagnostic]:
    """What there is to say about labels and roles that the protocol does not have."""
    graphs = [g for i in context.instances if (g := i.lowered.graph) is not None]
    if not graphs:
        return []
    labels = list(dict.fromkeys(label for graph in graphs for label in graph.labels))
    declared = [one.name.text for one in declared_roles(context.protocol)]
    members = {role for graph in graphs for role in graph.roles}
    names = [("message", one, one in labels, labels) for one in rule.labels]
    if rule.role:
        known = rule.role in declared or rule.role in members
        names.append(("role", rule.role, known, declared))
    return [
        say.unknown_name(
            written,
            Span(*place),
            kind,
            name,
            closest(family_of(name), list(others)),
            protocol=context.name,
            is_role=kind == "message" and name in declared,
        )
        for (kind, name, is_known, others), place in zip(names, rule.places, strict=True)
        if not is_known
    ]
