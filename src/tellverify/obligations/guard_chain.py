"""All that the annotations of one protocol claim: the guard chain, budgets, ceremonies."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

import msgspec

from tellverify.annotations.encode import EncodedForm
from tellverify.annotations.guard_cases import is_protected
from tellverify.annotations.guard_proof import Breached, Protected, UndecidedGuard, form_of, judge
from tellverify.annotations.guard_steps import Breach, GuardKind
from tellverify.annotations.longest_paths import shortest_to
from tellverify.annotations.rules import Rules, default_rules, rules_of
from tellverify.annotations.sites import check_annotations, check_operations
from tellverify.diagnostics.chain import DECLARED_FRONTIER, UNGUARDED_SEND
from tellverify.diagnostics.limits import NOT_WELL_FORMED, STEP_LIMIT, UNSUPPORTED
from tellverify.diagnostics.model import Diagnostic, Severity, Where
from tellverify.language.linking.dialect import by_upstream
from tellverify.language.lowering.families import declared_roles
from tellverify.language.syntax.directives import directives
from tellverify.model.defect import Defect
from tellverify.model.fault import Fault
from tellverify.model.trace import Trace
from tellverify.obligations.budget_merge import decide_merging
from tellverify.obligations.budgets import decide_budgets
from tellverify.obligations.ceremonies import decide_ceremonies
from tellverify.obligations.context import Context, Decision
from tellverify.obligations.graph_runs import both, replayed
from tellverify.obligations.metering import MeteredInstance
from tellverify.obligations.options import Options
from tellverify.obligations.policies import policy_at
from tellverify.obligations.worst_cases import Meters
from tellverify.policy import rows
from tellverify.policy.model import Policy
from tellverify.solver.port import SolverBudget
from tellverify.verdict.identity import ObligationScope
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Outcome, Proved, Refuted, Skipped, Unknown
from tellverify.verdict.properties import Property
from tellverify.verdict.run import Vacuity, Verdict

_METHOD: Final = Method.SMT
_CASES: Final = Method.CASES
_known: list[tuple[Policy, Rules]] = []


def decide_annotations(context: Context) -> Decision:
    """Findings about annotations, and the verdicts of all properties that rest on them."""
    rules = rules_for(context.options)
    source, protocol = context.source, context.protocol
    where = Where(source.path, context.name)
    by_manifest = context.options.policy is not None
    found = check_annotations(where, protocol, rules, links=not by_manifest)
    found.extend(check_operations(where, context.judged.file.declarations))
    if context.options.dialect == "faithful":
        found = by_upstream(found)
    ceremonies = decide_ceremonies(context, rules)
    is_known = context.name in rules.protocols
    asked = bool(context.options.budgets or protocol.requires)  # packs: it is launched with guards
    stated = bool(directives(context.judged.file, source).of_kind("budget"))
    if not (context.is_annotated or is_known or asked or stated):
        return Decision(ceremonies.verdicts, (*found, *ceremonies.diagnostics))
    broken = [one for one in found if one.severity is Severity.ERROR]
    if broken:
        return _blocked(context, [*found, *ceremonies.diagnostics])
    meters = Meters(context, rules)
    budgets = decide_budgets(context, rules, meters)
    return Decision(
        (
            *_guard_chain(context, rules, meters),
            *budgets.verdicts,
            *decide_merging(context, rules, meters),
            *ceremonies.verdicts,
        ),
        (*found, *budgets.diagnostics, *ceremonies.diagnostics),
        (*budgets.files, *_scripts(context, rules, meters)),
    )


def rules_for(options: Options) -> Rules:
    """The rules of the policy that a check names; a policy with faults is reported elsewhere."""
    policy = None if options.policy is None else policy_at(options.policy).policy
    if policy is None:
        return default_rules()
    if not _known or _known[0][0] is not policy:
        _known[:] = [(policy, rules_of(policy))]
    return _known[0][1]


def _blocked(context: Context, found: Iterable[Diagnostic]) -> Decision:
    """No verdict on annotations that mean nothing."""
    roles = tuple(role.name.text for role in declared_roles(context.protocol))
    skipped = Skipped("the annotations have errors", NOT_WELL_FORMED.number)
    verdicts = tuple(
        Verdict.of(prop, ObligationScope(roles), skipped, context.place)
        for prop in (Property.GUARD_CHAIN, Property.BUDGET)
    )
    return Decision(verdicts, tuple(found))


# The guard chain


class _Sends(msgspec.Struct):
    """What a role sends: statements by the form of their annotations, and how many have none.

    A form has an event of it, or none where no instance has a graph.
    """

    forms: dict[EncodedForm, tuple[MeteredInstance, int] | None]
    guarded: int = 0
    bare: int = 0


def _guard_chain(context: Context, rules: Rules, meters: Meters) -> tuple[Verdict, ...]:
    """One verdict for roles that are alike, gravest first."""
    alike: dict[tuple[Outcome, Vacuity], list[str]] = {}
    counts: dict[tuple[Outcome, Vacuity], list[int]] = {}
    for declared in declared_roles(context.protocol):
        role = declared.name.text
        sends = _sends_of(role, meters)
        if not sends.guarded and not sends.bare:
            continue
        outcome = _judged(role, sends, rules)
        vacuity: Vacuity = "vacuous"
        if sends.guarded:
            vacuity = "exercised" if meters.instances else "not-checked"
        alike.setdefault((outcome, vacuity), []).append(role)
        count = counts.setdefault((outcome, vacuity), [0, 0])
        count[0] += sends.guarded
        count[1] += sends.bare
    return tuple(
        Verdict.of(
            Property.GUARD_CHAIN,
            ObligationScope(tuple(roles)),
            key[0],
            context.place,
            (("guarded-sends", counts[key][0]), ("unguarded-sends", counts[key][1])),
            key[1],
        )
        for key, roles in alike.items()
    )


def _sends_of(role: str, meters: Meters) -> _Sends:
    """The statements of a role in the largest instance that has any of them.

    Without graphs they are those of the text: a guard chain refers to each send by itself.
    """
    sends = _Sends({})
    if not meters.instances:
        for send in meters.sends:
            if send.sender == role:
                if send.metadata.annotated:
                    sends.forms.setdefault(form_of(send.metadata))
                sends.guarded += send.metadata.annotated
                sends.bare += not send.metadata.annotated
        return sends
    seen: set[tuple[str, int, int]] = set()
    for metered in meters.instances:
        graph = metered.graph
        for member in metered.members(role):
            for event in metered.by_sender.get(member, ()):
                site = graph.site_of(event)
                metadata = metered.metadata[graph.site[event]]
                if metadata.annotated:
                    sends.forms.setdefault(form_of(metadata), (metered, event))
                mark = (site.path, site.span.start, site.span.end)
                if mark not in seen:
                    seen.add(mark)
                    sends.guarded += metadata.annotated
                    sends.bare += not metadata.annotated
    return sends


def _judged(role: str, sends: _Sends, rules: Rules) -> Outcome:
    method = _CASES
    for form, shown in sends.forms.items():
        answer = answered(rules.chain, form)
        match answer:
            case Breached():
                if shown is None:
                    reason = f"a send may pass, and no run to it is searched: {answer.story()}"
                    return Unknown(reason, UNSUPPORTED.number)
                metered, event = shown
                trace = _breached_run(role, metered, event, answer)
                reason = f"{answer.story()}"
                is_grant = answer.breach is Breach.UNADMITTED
                code = DECLARED_FRONTIER if is_grant else UNGUARDED_SEND
                return Refuted(code.number, trace, _METHOD, metered.instance.name, reason)
            case UndecidedGuard(reason):
                return Unknown(reason, STEP_LIMIT.number, "steps")
            case Protected(queries):
                method = _METHOD if queries else method
    if not sends.forms:
        return Proved(_CASES, "no send has annotations")
    return Proved(method, "every run, for all costs and budgets")


def _scripts(context: Context, rules: Rules, meters: Meters) -> list[tuple[str, str, str]]:
    """The queries behind the verdicts on guard chains, where evidence is wanted."""
    if not context.options.keep_graphs or isinstance(answered(rules.chain, _BARE), UndecidedGuard):
        return []
    from tellverify.solver.smtlib import About, scripts_of

    forms: dict[EncodedForm, None] = {}
    for declared in declared_roles(context.protocol):
        forms.update(dict.fromkeys(_sends_of(declared.name.text, meters).forms))
    name = str(Property.GUARD_CHAIN)
    about = About(f"{context.name}/{name}", context.source.path, context.sha256)
    return scripts_of(
        (query for form in forms for query in _queries(rules.chain, form)), name, about
    )


_BARE: Final = EncodedForm(False, "none", False, False)


@lru_cache(maxsize=256)
def _queries(chain: rows.GuardChain, form: EncodedForm) -> tuple[str, ...]:
    """What the solver is asked about a form of sends; its answer must be that of the cases."""
    from tellverify.solver.smtlib import Recording
    from tellverify.solver.z3_backend import Z3Solver

    recording = Recording(Z3Solver())
    judged = judge(chain, form, recording, SolverBudget())
    if is_protected(chain, form) and isinstance(judged, Breached):
        raise Defect("the solver breaches a guard chain that protects in every case")
    return tuple(recording.queries())


@lru_cache(maxsize=256)
def answered(chain: rows.GuardChain, form: EncodedForm) -> Protected | Breached | UndecidedGuard:
    """The judgement on a form of sends; equal for equal chains.

    Most chains protect, which the cases tell without loading a solver; it is asked where something
    has to be shown.
    """
    if is_protected(chain, form):
        return Protected(0)
    try:
        from tellverify.solver.z3_backend import Z3Solver
    except ModuleNotFoundError as error:
        if error.name != "z3":
            raise
        return UndecidedGuard("the solver z3 is not installed")
    return judge(chain, form, Z3Solver(), SolverBudget())


def _breached_run(role: str, metered: MeteredInstance, event: int, answer: Breached) -> Trace:
    """The shortest run of the protocol to a send of the form that is not protected."""
    graph = metered.graph
    members = set(metered.members(role))
    wanted = form_of(metered.metadata[graph.site[event]])
    run = shortest_to(
        graph,
        lambda e: (
            graph.sender[e] in members
            and metered.metadata[graph.site[e]].annotated
            and form_of(metered.metadata[graph.site[e]]) == wanted
        ),
    )
    last, place = graph.event(run[-1]), graph.site_of(run[-1])
    if all(each.kind is not GuardKind.SENT for each in answer.events):
        run = run[:-1]
    explanation = f"`{last.label}` of `{last.sender}` {answer.words()}"
    trace = Trace(
        Fault.PROPERTY,
        both(graph, run),
        (last.sender,),
        explanation,
        True,
        place=place,
    )
    return replayed(metered.machines, trace, lambda: True)  # the attempt itself was replayed
