"""The obligations `admission`: the runtime of a check admits the protocol, with each of its packs.

Only checks with a policy have them. `unlisted` in the policy says what becomes of other protocols.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tellverify.diagnostics.policy import POLICY_UNREADABLE
from tellverify.diagnostics.wording import counted
from tellverify.obligations.context import Context, Decision
from tellverify.verdict.identity import ObligationScope
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Outcome, Proved, Refuted, Unknown
from tellverify.verdict.properties import Property
from tellverify.verdict.run import Verdict

if TYPE_CHECKING:
    from tellverify.admission.explained import Explained, Reasoned


def decide_admission(context: Context) -> Decision:
    """The verdicts on one protocol, by the policy of the check."""
    import msgspec

    from tellverify.admission.explained import explain
    from tellverify.admission.findings import findings
    from tellverify.admission.manifest import derive
    from tellverify.admission.runtime import inventory_of
    from tellverify.obligations.policies import policy_at

    path = context.options.policy
    if path is None or context.judged.is_part:
        return Decision()
    policy = policy_at(path).policy
    if policy is None:
        outcome = Unknown(f"the policy {path} has faults", POLICY_UNREADABLE.number)
        return Decision((_verdict(context, "", outcome),))
    name = context.options.runtime or policy.admission.runtime
    runtime = inventory_of(policy, name)
    if runtime is None:
        outcome = Unknown(f"the policy has no runtime `{name}`", POLICY_UNREADABLE.number)
        return Decision((_verdict(context, "", outcome),))
    derived = derive(context.judged, context.protocol, policy)
    explained = explain(policy, derived, runtime, changes=False)
    said = findings(policy, derived, [one.objection for one in explained.objections], runtime)
    items = dict.fromkeys(("", *derived.manifest.required_theorem_packs))
    items.update(
        dict.fromkeys(
            one.objection.pack for one in explained.objections if one.objection.reason.refuses
        )
    )
    verdicts, found, files = [], list(derived.diagnostics), []
    for item in items:
        verdict = _verdict(context, item, _outcome(explained, item, name))
        told = next((one for one in _against(explained, item)), None)
        if context.options.keep_graphs and told is not None and told.clash is not None:
            script = _script(context, verdict, told)
            files.append((verdict.name, f"{_stem(verdict.name)}.smt2", script))
            verdict = _with_script(verdict, f"{_stem(verdict.name)}.smt2")
        verdicts.append(verdict)
    for one, finding in zip(explained.objections, said, strict=True):
        refutes = ""
        if one.objection.reason.refuses and not explained.unknown:
            pack = one.objection.pack
            refutes = _verdict(context, pack, Unknown("")).name
        found.append(msgspec.structs.replace(finding, refutes=refutes))
    return Decision(tuple(verdicts), tuple(found), tuple(files))


def _verdict(context: Context, item: str, outcome: Outcome) -> Verdict:
    subject = ObligationScope(item=item)
    return Verdict.of(Property.ADMISSION, subject, outcome, context.place, vacuity="exercised")


def _against(explained: Explained, item: str) -> list[Reasoned]:
    """The objections that refuse an item, in their order."""
    return [
        one
        for one in explained.objections
        if one.objection.reason.refuses and one.objection.pack == item
    ]


def _outcome(explained: Explained, item: str, runtime: str) -> Outcome:
    if explained.unknown:
        return Unknown(explained.unknown)
    against = _against(explained, item)
    if not against:
        found = explained.decision.requirements
        keys = found.plain
        for pack in found.packs:
            if pack.name == item:
                keys = pack.runtime
        count = counted(len(keys), "key")
        return Proved(Method.SETS, f"the runtime `{runtime}` has all that is needed: {count}")
    first = against[0]
    code = first.objection.reason.code
    if first.clash is None:
        return Unknown(f"{code.title}; {explained.how}", code.number)
    return Refuted(code.number, first.clash.core(code.title), explained.method, reason=code.title)


def _script(context: Context, verdict: Verdict, told: Reasoned) -> str:
    """The clash as a script: its premises, which no values satisfy together."""
    from tellverify.solver.port import Unsat
    from tellverify.solver.smtlib import About, write_script

    premises = [one.premise for one in told.clash.premises] if told.clash is not None else []
    about = About(f"{context.name}/{verdict.name}", context.source.path, context.sha256)
    return write_script(premises, Unsat(tuple(one.name for one in premises)), about)


def _with_script(verdict: Verdict, script: str) -> Verdict:
    import msgspec

    outcome = verdict.outcome
    if not isinstance(outcome, Refuted):
        return verdict
    evidence = msgspec.structs.replace(outcome.evidence, script=script)
    return msgspec.structs.replace(
        verdict, outcome=msgspec.structs.replace(outcome, evidence=evidence)
    )


def _stem(name: str) -> str:
    """A name of an obligation as the name of a file."""
    return "".join(char if char.isalnum() or char in "-_" else "-" for char in name).strip("-")
