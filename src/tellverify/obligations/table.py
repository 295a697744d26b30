"""The table of deciders: how a protocol becomes obligations, and what decides each of them.

A protocol is read (`language.syntax`), linked with what it imports (`language.linking`), and
checked for what its text alone shows (`language.checks`): the property `well-formed`. It is then
lowered to one protocol graph for each choice of family sizes (`language.lowering`), and the two
halves of the table below decide the other properties.

Of each instance, that is of one graph. `across_sizes` unites what the instances show into one
verdict for each property and role, which is bounded by the sizes tried as soon as there are
families.

=====================  =================  ==============================  =======================
property               subject            in the class                    outside
=====================  =================  ==============================  =======================
implementable          the protocol       coherence of the local types    search
no-deadlock,           the protocol       implied by `implementable`      search
no-orphan-message,
no-unspecified-...,
fidelity
no-stuck-role          roles              coherence                       search
progress               roles              loops, or search, when asked    search
bounded-queues         channels           causality of sends              skipped
can-terminate          the protocol       reachability                    reachability
no-late-message        channels           holds                           search
terminates             the protocol       search, when it is asked for    search
projectable            roles              strict merge                    skipped
=====================  =================  ==============================  =======================

The class is that of the complete theory: one role decides at every choice, and an end is an end.
What coherence refutes is shown by a run that a search finds. Parallel branches are outside the
class, but `parallel` first tries the coherence of all interleavings, and of each branch alone.
A protocol with timeouts has no graph: `timed` decides its obligations, by search.

Of each protocol, with all its instances at once. Every row that applies and that is asked for adds
its verdicts, in this order:

=====================  =================  ==============================  =======================
property               subject            decided by                      how
=====================  =================  ==============================  =======================
guards                 choices            `guards`                        a solver
guard-chain            roles              `guard_chain`                   cases, a solver
budget, leakage        roles, channels    `budgets`, `worst_cases`        longest paths
receipts               roles              `budgets`                       longest paths
budget-merge           roles              `budget_merge`                  longest paths, search
ceremony               the protocol       `ceremonies`                    search
ceremony-status        the protocol       `ceremonies`                    enumeration
admission              packs              `admission`                     sets, a solver
acceptance             packs              `accepted`                      executions
property               a formula          `user_properties`               search, causal order
agreement,             a decision         `scenarios`                     search
at-most-once,
no-deadlock @ ..       a scenario         `scenarios`                     search
reachable              an event           `user_properties`               search
late-messages          the protocol       `timeouts`                      search
=====================  =================  ==============================  =======================

The last rows refute nothing: they find branches that no run takes, the orders of gathers that the
verdicts presuppose, and payloads that are unclear.
The remaining properties have subjects of their own: a `law` that of a structure of data and a
`claim` that of a model. Those, and machines that a file gives instead of a protocol, are decided by
the package that reads their files.

A decider is named by its module and loaded when its row applies: a check pays only for what the
protocol has. A new property is a member of `Property`, its row in `verdict.properties`, its
decider, and a row here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Final

import msgspec

from tellverify.diagnostics.limits import EVENT_LIMIT, STEP_LIMIT, UNSUPPORTED
from tellverify.diagnostics.model import Diagnostic
from tellverify.language.checks.walk import guarded_choices
from tellverify.language.lowering.lower import Lowered
from tellverify.model.decision import is_decision
from tellverify.model.graph import ProtocolGraph, leaves_class
from tellverify.model.limits import MachineTooLarge
from tellverify.model.parallel_order import ParallelOrder
from tellverify.obligations.context import Context, Decision, Instance
from tellverify.obligations.instance_outcome import InstanceFinding
from tellverify.obligations.machines import GraphContext
from tellverify.obligations.options import Options
from tellverify.source.activity import ACTIVITY
from tellverify.verdict.outcome import Outcome, Skipped, Unknown
from tellverify.verdict.properties import (
    OF_EVERY_PROTOCOL,
    ON_REQUEST,
    PROPERTIES,
    Property,
    PropertyScope,
)
from tellverify.verdict.run import NamedScenario, Presupposition, Verdict

_PACKAGE: Final = "tellverify.obligations"
_STATES_PROPERTY: Final = re.compile(r"tell:[ \t]*property\b")
_STATES_FAULTS: Final = re.compile(r"tell:[ \t]*(faults\b|property\b.*(agreement|at-most-once))")


class GraphDecider(msgspec.Struct, frozen=True):
    """A row of the first half: what decides graphs in the class, and those `outside` it."""

    properties: tuple[Property, ...]
    decide: str
    outside: str


class ProtocolDecider(msgspec.Struct, frozen=True):
    """A row of the second half; `decide` is `module:function` in this package.

    Without `properties` it runs unless some are asked for.
    """

    properties: tuple[Property, ...]
    applies: Callable[[Context], bool]
    decide: str


def _has_guards(context: Context) -> bool:
    return bool(guarded_choices(context.protocol, context.source))


def _may_be_charged(context: Context) -> bool:
    """True when messages have annotations, or when something asks for what they would say."""
    options, text = context.options, context.source.text
    wished = options.budgets or options.policy is not None or context.protocol.requires
    return bool(wished) or any(mark in text for mark in ("tell:", "{", "[")) or context.is_annotated


def _has_policy(context: Context) -> bool:
    return context.options.policy is not None


def _states_properties(context: Context) -> bool:
    stated = _STATES_PROPERTY.search(context.source.text)
    return bool(context.options.user_properties) or stated is not None


def _has_timers(context: Context) -> bool:
    return any(instance.lowered.timed is not None for instance in context.instances)


def _states_faults(context: Context) -> bool:
    options, text = context.options, context.source.text
    stated = _STATES_FAULTS.search(text) is not None or bool(options.scenarios)
    asked = any(is_decision(user.formula) for user in options.user_properties)
    return stated or asked


def _asks_for_witnesses(context: Context) -> bool:
    return bool(context.options.witness)


def _has_branches(context: Context) -> bool:
    return any(word in context.source.text for word in ("choice", "case", "decide"))


def _has_families(context: Context) -> bool:
    return any("[" in role for one in context.instances for role in _roles_of(one))


def _roles_of(instance: Instance) -> tuple[str, ...]:
    graph = instance.lowered.graph
    return () if graph is None else graph.roles


def _carries_values(context: Context) -> bool:
    text = context.source.text
    return _has_branches(context) and ("when" in text or " of " in text)


GRAPH_DECIDERS: Final = (
    GraphDecider(
        (
            Property.IMPLEMENTABLE,
            Property.NO_DEADLOCK,
            Property.NO_ORPHAN_MESSAGE,
            Property.NO_UNSPECIFIED_RECEPTION,
            Property.FIDELITY,
            Property.NO_STUCK_ROLE,
            Property.NO_LATE_MESSAGE,
        ),
        "communication:decide_implementability",
        outside="by_search:decide_safety",
    ),
    GraphDecider(
        (Property.PROGRESS,), "progress:decide_progress", outside="progress:decide_progress"
    ),
    GraphDecider(
        (Property.BOUNDED_QUEUES,), "communication:decide_queues", outside="by_search:decide_queues"
    ),
    GraphDecider(
        (Property.CAN_TERMINATE,),
        "termination:decide_termination",
        outside="termination:decide_termination",
    ),
    GraphDecider(
        (Property.TERMINATES,),
        "termination:decide_fair_termination",
        outside="termination:decide_fair_termination",
    ),
    GraphDecider(
        (Property.PROJECTABLE,),
        "communication:decide_projection",
        outside="by_search:skip_projection",
    ),
)
PROTOCOL_DECIDERS: Final = (
    ProtocolDecider((Property.GUARDS,), _has_guards, "guards:check_guards"),
    ProtocolDecider(
        (
            Property.GUARD_CHAIN,
            Property.BUDGET,
            Property.LEAKAGE,
            Property.RECEIPTS,
            Property.BUDGET_MERGE,
            Property.CEREMONY,
            Property.CEREMONY_STATUS,
        ),
        _may_be_charged,
        "guard_chain:decide_annotations",
    ),
    ProtocolDecider((Property.ADMISSION,), _has_policy, "admission:decide_admission"),
    ProtocolDecider((Property.ACCEPTANCE,), _has_policy, "accepted:decide_acceptance"),
    ProtocolDecider((Property.PROPERTY,), _states_properties, "user_properties:decide_properties"),
    ProtocolDecider(
        (
            Property.AGREEMENT,
            Property.AT_MOST_ONCE,
            Property.NO_DEADLOCK,
            Property.NO_ORPHAN_MESSAGE,
            Property.NO_UNSPECIFIED_RECEPTION,
            Property.NO_STUCK_ROLE,
        ),
        _states_faults,
        "scenarios:decide_scenarios",
    ),
    ProtocolDecider((Property.REACHABLE,), _asks_for_witnesses, "user_properties:decide_witnesses"),
    ProtocolDecider((Property.LATE_MESSAGES,), _has_timers, "timeouts:decide_timeouts"),
    ProtocolDecider((), _has_branches, "coverage:find_untaken_branches"),
    ProtocolDecider((), _has_families, "gather_notes:decide_notes"),
    ProtocolDecider((), _carries_values, "payloads:find_payload_faults"),
)


def decide_instance(lowered: Lowered, options: Options) -> list[InstanceFinding]:
    """All obligations of one instance, or why there is nothing to decide them on."""
    if lowered.parallel and (lowered.graph is not None or lowered.slices):
        from tellverify.obligations.parallel import decide_parallel

        return decide_parallel(lowered, options)
    if lowered.graph is not None:
        return decide_graph(lowered.graph, options)
    if lowered.timed is not None:
        from tellverify.obligations.timed import decide_timed

        timers = "it is not decided for a protocol with timeouts"
        asked = [p for p in ON_REQUEST if options.asks_for(p.value)]
        undecided = [
            InstanceFinding(
                p,
                Unknown(timers, UNSUPPORTED.number),
                lowered.timed.roles if PROPERTIES[p].scope is PropertyScope.ROLE else (),
            )
            for p in asked
        ]
        return [*decide_timed(lowered.timed, options), *undecided]
    outcome: Outcome
    if lowered.skipped:
        skip = lowered.skipped[0]
        outcome = Skipped(skip.reason, UNSUPPORTED.number)
    else:
        outcome = Unknown(lowered.limit, EVENT_LIMIT.number, "events")
    asked = [p for p in ON_REQUEST if options.asks_for(p.value)]
    decided = [p for p in OF_EVERY_PROTOCOL if p is not Property.WELL_FORMED]
    return [InstanceFinding(p, outcome) for p in (*decided, *asked)]


def decide_graph(
    graph: ProtocolGraph,
    options: Options,
    outside: str | None = None,
    order: ParallelOrder | None = None,
) -> list[InstanceFinding]:
    """All obligations of `graph`, in the order of the table.

    `outside` is the reason to leave the complete theory, where it is not that of the graph, and
    `order` what its parallel branches mean.
    """
    if outside is None:
        fault = leaves_class(graph)
        outside = None if fault is None else fault.reason
    context = GraphContext(graph, options, outside, order)
    findings: list[InstanceFinding] = []
    for row in GRAPH_DECIDERS:
        named = row.decide if outside is None else row.outside
        decide: Callable[[GraphContext], list[InstanceFinding]] = getattr(*module_and_name(named))
        ACTIVITY.ask(row.properties[0].value)
        try:
            findings += decide(context)
        except MachineTooLarge as error:
            findings += _given_up(row, context, str(error))
        if context.implementable is None:
            context.implementable = findings[0].outcome
    return findings


def _given_up(row: GraphDecider, context: GraphContext, reason: str) -> list[InstanceFinding]:
    """The obligations of a row when the machine of a role is too large."""
    unknown = Unknown(reason, STEP_LIMIT.number)
    return [
        InstanceFinding(
            prop,
            unknown,
            context.graph.roles if PROPERTIES[prop].scope is PropertyScope.ROLE else (),
        )
        for prop in row.properties
        if prop is not Property.NO_LATE_MESSAGE
        and (prop not in ON_REQUEST or context.options.asks_for(prop.value))
    ]


def module_and_name(decider: str) -> tuple[ModuleType, str]:
    """The module of a decider, loaded, and the name of its function in it."""
    module, _, name = decider.partition(":")
    return import_module(f"{_PACKAGE}.{module}"), name


def decide_protocol(context: Context) -> Decision:
    """All obligations of one protocol that rest on more than one graph, in the order of the table.

    Only rows that decide a property that was asked for are run.
    """
    asked = set(context.options.properties)
    verdicts: list[Verdict] = []
    scenarios: list[NamedScenario] = []
    diagnostics: list[Diagnostic] = []
    presupposed: list[Presupposition] = []
    files: list[tuple[str, str, str]] = []
    for row in PROTOCOL_DECIDERS:
        if asked and not asked & {p.value for p in row.properties}:
            continue
        if not row.applies(context):
            continue
        decide: Callable[[Context], Decision] = getattr(*module_and_name(row.decide))
        ACTIVITY.ask(row.properties[0].value if row.properties else "")
        decision = decide(context)
        verdicts.extend(decision.verdicts)
        diagnostics.extend(decision.diagnostics)
        presupposed.extend(decision.presuppositions)
        files.extend(decision.files)
        scenarios.extend(decision.scenarios)
    coverage = None
    if context.options.coverage:
        from tellverify.obligations.coverage import coverage_of

        coverage = coverage_of(context.protocol, context.source, context.instances)
    return Decision(
        tuple(verdicts),
        tuple(diagnostics),
        tuple(dict.fromkeys(files)),
        coverage,
        tuple(presupposed),
        tuple(dict.fromkeys(scenarios)),
    )
