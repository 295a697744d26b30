"""The obligations `acceptance`: every pack that a protocol carries meets the five conditions.

Only checks with a policy have them. A protocol without a pack that could carry one gets a note,
unless the policy has decided that it stays free; `tellverify accept` tells of that too.
"""

from __future__ import annotations

from collections.abc import Sequence

from tellverify.admission.convergence import Sourced
from tellverify.admission.manifest import derive
from tellverify.diagnostics import launch as say
from tellverify.diagnostics.launch import PACK_NOT_ACCEPTED
from tellverify.diagnostics.model import Diagnostic, Where
from tellverify.language.workspace import SourceProtocol
from tellverify.obligations.acceptance import acceptances
from tellverify.obligations.acceptance_files import evidence_files, graph_or_reason
from tellverify.obligations.acceptance_findings import Acceptance, State, Word
from tellverify.obligations.context import Context, Decision
from tellverify.obligations.policies import policy_at
from tellverify.projection.liveness import ending
from tellverify.verdict.identity import ObligationScope
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import (
    Bounded,
    Core,
    CorePremise,
    Outcome,
    Proved,
    Refuted,
    Unknown,
)
from tellverify.verdict.properties import Property
from tellverify.verdict.run import Verdict


def decide_acceptance(context: Context) -> Decision:
    """The verdicts on one protocol; none without a policy, or without a pack."""
    policy = policy_at(context.options.policy).policy if context.options.policy else None
    if policy is None or context.judged.is_part:
        return Decision()  # the obligation `admission` reports errors in a policy
    source = context.source
    derived = derive(context.judged, context.protocol, policy)
    sourced = Sourced(SourceProtocol(context.name, context.protocol, context.judged), derived)
    graphs = {instance.name: graph_or_reason(instance.lowered) for instance in context.instances}
    found = acceptances(sourced, policy, graphs)
    carried = [each for each in found if each.carried]
    where = Where(source.path, context.name)
    if not carried:
        return Decision(diagnostics=tuple(_note(where, sourced, found)))
    verdicts, said, files = [], [], []
    for each in carried:
        verdict = _verdict(context, sourced, each)
        verdicts.append(verdict)
        if each.word is Word.REFUSED:
            field = "required_theorem_packs"
            declared = each.pack not in derived.manifest.required_theorem_packs
            span = derived.span("theorem_packs" if declared else field, each.pack)
            said.append(say.pack_not_accepted(where, span, each.pack, against(each), verdict.name))
        elif each.word is Word.ACCEPTED and context.options.keep_graphs:
            files += evidence_files(each, sourced, policy)
    return Decision(tuple(verdicts), tuple(said), tuple(files))


def against(found: Acceptance) -> list[str]:
    """Why a pack is refused: the failing conditions, then what the policy says beyond them."""
    reasons = [
        f"condition {one.condition.number} fails, {one.reason}"
        for one in found.findings
        if one.state is State.FAILS
    ]
    return [*reasons, *([f"it is excluded, {found.barred}"] if found.barred else [])]


def _note(where: Where, sourced: Sourced, found: Sequence[Acceptance]) -> list[Diagnostic]:
    possible = [each for each in found if each.word is Word.POSSIBLE and not each.barred]
    if not possible:
        return []
    packs = [each.pack for each in possible]
    return [say.pack_possible(where, sourced.derived.name, packs, possible[0].wave)]


def _verdict(context: Context, sourced: Sourced, found: Acceptance) -> Verdict:
    subject = ObligationScope(item=found.pack)
    statistics = (
        ("refusals", len(found.refusals)),
        ("runs", sum(len(recorded.runs) for recorded in found.runs)),
    )
    outcome = _outcome(context, sourced, found)
    prop = Property.ACCEPTANCE
    return Verdict.of(prop, subject, outcome, context.place, statistics, "exercised")


def _outcome(context: Context, sourced: Sourced, found: Acceptance) -> Outcome:
    match found.word:
        case Word.ACCEPTED:
            detail = "; ".join(one.reason for one in found.findings[2:])
            sizes = ", ".join(instance.name for instance in context.instances if instance.name)
            if sizes and _ends_at_every_size(context):
                return context.claim.proved(detail, Method.EXECUTIONS)
            if sizes:
                return Bounded(sizes, Method.EXECUTIONS, detail, context.claim.outside)
            return Proved(Method.EXECUTIONS, detail)
        case Word.REFUSED:
            failing = sum(one.state is State.FAILS for one in found.findings)
            reason = (
                f"{failing} of the five conditions fail" if failing else "the policy excludes it"
            )
            return Refuted(
                PACK_NOT_ACCEPTED.number,
                core_of(sourced, found),
                Method.ACCEPTANCE_CONDITIONS,
                reason=reason,
            )
        case Word.UNKNOWN | Word.POSSIBLE | Word.UNMET:
            unknown = next(one for one in found.findings if one.state is State.UNKNOWN)
            return Unknown(f"condition {unknown.condition.number}: {unknown.reason}")


def _ends_at_every_size(context: Context) -> bool:
    """True when the runs of the sizes that were executed have their like at every other size.

    Four of the five conditions look at the source, the policy and the keys of a runtime. For the
    last one: with n members in the place of a generic one, a complete run that takes a branch
    becomes one in which each event of the generic member happens n times. The roles can make it,
    since the protocol is implementable at every size, and all these runs make all of their moves.
    """
    grid = context.claim.grid
    executed = {instance.name for instance in context.instances}
    return bool(grid) and all(
        point.name in executed
        and point.lowered.graph is not None
        and ending(point.lowered.graph, must_end=True).run is None
        for point in grid
    )


def core_of(sourced: Sourced, found: Acceptance) -> Core:
    """The premises that clash: the pack is carried, the rule, and the first thing against it."""
    derived = sourced.derived
    line = derived.source.position(derived.span("required_theorem_packs", found.pack).start)[0]
    name = derived.manifest.protocol_qualified_name
    carried = CorePremise(
        f"source: carries {found.pack}",
        f"`{name}` carries `{found.pack}`",
        derived.source.path,
        line,
    )
    failing = next((one for one in found.findings if one.state is State.FAILS), None)
    if failing is None:
        rule = CorePremise("rule: exclusions", "what the policy excludes carries no pack")
        fact = CorePremise("policy: excluded", found.barred, found.barred_path, found.barred_line)
        return Core("it is excluded by the policy", (carried, fact, rule))
    condition = failing.condition
    rule = CorePremise(
        f"rule: condition {condition.number}",
        f"a protocol carries a pack only if {condition.text}",
    )
    fact = CorePremise(f"fact: {condition.title}", failing.reason, failing.path, failing.line)
    return Core(f"condition {condition.number} fails: {failing.reason}", (carried, fact, rule))
