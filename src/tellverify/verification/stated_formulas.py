"""Is the formula of a run that of the text? What `recheck` and `replay` ask of user properties.

A run shows something of the formula in its file. What the property of its name says is read from
the source, and where that states no such property, from the configuration of the working folder.
"""

from __future__ import annotations

from typing import Final

import msgspec

from tellverify.evidence.formula_run import filed
from tellverify.evidence.itf import TraceSubject
from tellverify.language.instances import instance_name, sizes_of
from tellverify.language.lowering.lower import Lowered
from tellverify.language.workspace import SourceProtocol
from tellverify.model.decision import DecisionError, is_decision, parse_decision
from tellverify.model.fault import Fault
from tellverify.obligations.context import Context, Instance
from tellverify.obligations.execution_trace import EXECUTION, execution_goals
from tellverify.obligations.formula_names import FormulaNames
from tellverify.obligations.options import Options
from tellverify.obligations.user_properties import written_properties
from tellverify.properties.formula_parser import parse, parse_event
from tellverify.properties.formula_tree import FormulaError, Tree, Unary
from tellverify.properties.resolve import formula_of
from tellverify.verdict.identity import SCENARIO_MARK, ObligationScope, obligation_name
from tellverify.verdict.properties import Property

_STATED: Final = (Property.PROPERTY, Property.AGREEMENT, Property.AT_MOST_ONCE)


def has_claim(subject: TraceSubject) -> bool:
    """Whether a run is about a formula or a decision."""
    return subject.formula is not msgspec.UNSET or subject.decision is not msgspec.UNSET


def other_formula(found: SourceProtocol, lowered: Lowered, subject: TraceSubject) -> str:
    """Why the formula or decision of a run is not what its source states, empty when it is.

    `lowered` is what the protocol means at the sizes of the run. A run that shows something else
    than a property of the user has neither.
    """
    if not has_claim(subject):
        return ""
    has_formula = subject.formula is not msgspec.UNSET
    sizes = sizes_of(subject.instance)
    instance = Instance(instance_name(sizes), sizes, lowered)
    context = Context(found.judged, found.protocol, found.name, (instance,), Options(), "")
    name = subject.obligation.partition(SCENARIO_MARK)[0]
    try:
        if subject.fault is Fault.WITNESS:
            return _other_event(context, name, subject)
        text = _stated(context, name)
        if text is None:
            options = _configured()
            if options is None:
                return f"the source does not state `{name}`, and the configuration here is broken"
            text = _stated(msgspec.structs.replace(context, options=options), name)
        if text is None:
            return f"neither the source nor the configuration here states `{name}`"
        if not has_formula or is_decision(text):
            rule = parse_decision(text)
            has_kind = rule is not None and name.startswith(f"{rule.kind}[")
            same = (
                has_kind and not has_formula and rule is not None and rule.text == subject.decision
            )
        else:
            same = _is_one_of(context, subject, parse(text))
    except (FormulaError, DecisionError) as error:
        return f"`{name}` cannot be read: {error}"
    return "" if same else f"`{name}` is now `{text}`, which is not the formula of the run"


def _other_event(context: Context, name: str, subject: TraceSubject) -> str:
    """Why the formula of a witness is not that of the event in the name of its obligation."""
    if name == EXECUTION:
        graph = context.instances[0].lowered.graph
        goals = () if graph is None else execution_goals(graph.roles)
        same = any(filed(goal) == subject.formula for goal in goals)
    else:
        event = name.removeprefix(f"{Property.REACHABLE}[").removesuffix("]")
        if obligation_name(Property.REACHABLE, ObligationScope(item=event)) != name:
            return f"`{name}` names no event"
        same = _is_one_of(context, subject, Unary("eventually", parse_event(event)))
    return "" if same else f"the formula of the run is not that of `{name}`"


def _is_one_of(context: Context, subject: TraceSubject, tree: Tree) -> bool:
    """Whether the formula of a run is that of `tree` at the sizes of the run."""
    names = FormulaNames(context)
    if names.unknown(tree):
        return False
    formulas = [None if scope is None else formula_of(tree, scope) for scope in names.scopes]
    return any(one is not None and filed(one) == subject.formula for one in formulas)


def _stated(context: Context, name: str) -> str | None:
    """The text of the property whose obligation has a name, None when there is none."""
    for written, _ in written_properties(context):
        scope = ObligationScope(item=written.name)
        if any(obligation_name(one, scope) == name for one in _STATED):
            return written.text
    return None


def _configured() -> Options | None:
    """The options of the configuration for the working folder, None where it cannot be used."""
    from tellverify.verification.settings import may_be_configured

    if not may_be_configured("."):
        return Options()
    from tellverify.verification.configuration_layers import load
    from tellverify.verification.refused import RefusedFile
    from tellverify.verification.resolved import settings_of

    try:
        return settings_of(load()).options
    except RefusedFile:
        return None
