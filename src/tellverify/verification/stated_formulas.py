"""What a run of evidence breaks, held against what its protocol states under that name."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from tellverify.evidence.formula_run import filed
from tellverify.evidence.itf import TraceSubject
from tellverify.language.instances import instance_name, sizes_of
from tellverify.language.workspace import SourceProtocol, Workspace
from tellverify.model.decision import DecisionError, parse_decision
from tellverify.obligations.context import Context, Instance
from tellverify.obligations.formula_names import FormulaNames
from tellverify.obligations.options import Options
from tellverify.obligations.user_properties import written_properties
from tellverify.properties.formula_parser import parse, parse_event
from tellverify.properties.formula_tree import FormulaError, Tree, Unary
from tellverify.properties.resolve import formula_of
from tellverify.verdict.properties import Property

_KINDS: Final = "|".join(
    (Property.PROPERTY, Property.REACHABLE, Property.AGREEMENT, Property.AT_MOST_ONCE)
)
_NAMED: Final = re.compile(rf"(?P<kind>{_KINDS})\[(?P<name>.+?)\](?: @ .*)?")


class StatedFormula(msgspec.Struct, frozen=True):
    """Why what a run breaks is not what the source states, or why the source does not tell.

    Both are empty where the source states it, and for a run that breaks no stated formula.
    """

    differs: str = ""
    unstated: str = ""


def has_claim(subject: TraceSubject) -> bool:
    """Whether a run is about a formula or a decision."""
    return subject.formula is not msgspec.UNSET or subject.decision is not msgspec.UNSET


def stated_formula(
    workspace: Workspace, found: SourceProtocol, subject: TraceSubject
) -> StatedFormula:
    """Compare the formula, or the decision, of a run with the property of its name.

    A property that the source does not state may be one of a configuration, which is not read.
    """
    match = _NAMED.fullmatch(subject.obligation)
    if match is None:
        return StatedFormula(f"`{subject.obligation}` is no obligation that has a formula")
    kind, name = match["kind"], match["name"]
    sizes = sizes_of(subject.instance)
    if set(sizes) != set(found.families):
        return StatedFormula("its families are not those of the file")
    sizes = {family: sizes[family] for family in found.families}
    instance = Instance(instance_name(sizes), sizes, workspace.graph(found, sizes))
    context = Context(found.judged, found.protocol, found.name, (instance,), Options(), "")
    if kind == Property.REACHABLE:
        return _compared(context, subject, _event(name), f"`{subject.obligation}`")
    text = next((one.text for one, _ in written_properties(context) if one.name == name), None)
    if text is None:
        return StatedFormula("", f"the text states no property `{name}`")
    try:
        rule = parse_decision(text)
    except DecisionError as error:
        return StatedFormula(f"property `{name}` cannot be read: {error.message}")
    if rule is not None:
        if kind == rule.kind and subject.decision == rule.text:
            return StatedFormula()
        return StatedFormula(f"property `{name}` is now `{rule.text}`")
    try:
        return _compared(context, subject, parse(text), f"property `{name}`")
    except FormulaError as error:
        return StatedFormula(f"property `{name}` cannot be read: {error.message}")


def _event(name: str) -> Tree | None:
    try:
        return Unary("eventually", parse_event(name))
    except FormulaError:
        return None


def _compared(
    context: Context, subject: TraceSubject, tree: Tree | None, named: str
) -> StatedFormula:
    names = FormulaNames(context)
    (scope,) = names.scopes
    if tree is not None and scope is not None and not names.unknown(tree):
        formula = formula_of(tree, scope)
        if formula is not None and filed(formula) == subject.formula:
            return StatedFormula()
    return StatedFormula(f"the formula of the run is not that of {named} in the text")
